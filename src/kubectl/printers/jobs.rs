//! Jobs and CronJobs. Upstream: `printJob`, `printCronJob`.

use crate::engine::SimTime;
use crate::model::condition::find;
use crate::model::job::Job;
use crate::model::object::ObjectRef;
use crate::model::pod_columns::human_duration;

use super::super::ages;
use super::{Context, Printer, field, or, selector, text};

pub(super) static JOB: Printer = Printer {
    columns: &["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"],
    wide: &["CONTAINERS", "IMAGES", "SELECTOR"],
    row: job,
};

pub(super) static CRON_JOB: Printer = Printer {
    columns: &["NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST SCHEDULE", "AGE"],
    wide: &["CONTAINERS", "IMAGES", "SELECTOR"],
    row: cron_job,
};

fn job(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let job = context.cluster.body(object).as_job().expect("a Job's printer");
    let completions = match job.completions {
        Some(completions) => format!("{}/{completions}", job.status.succeeded),
        None if job.parallelism > 1 => format!("{}/1 of {}", job.status.succeeded, job.parallelism),
        None => format!("{}/1", job.status.succeeded),
    };
    let deleting = context.cluster.meta(object).deletion.is_some();
    let mut cells = vec![
        context.name(object),
        job_status(job, deleting).to_owned(),
        completions,
        job_duration(job, context.now),
        context.age(object),
    ];
    if context.wide {
        cells.extend(context.containers_and_images(job.template));
        cells.push(selector(&job.selector));
    }
    cells
}

fn job_status(job: &Job, deleting: bool) -> &'static str {
    let is = |kind: &str| find(&job.status.conditions, kind).is_some_and(|condition| condition.status.is_true());
    if is("Complete") {
        "Complete"
    } else if is("Failed") {
        "Failed"
    } else if deleting {
        "Terminating"
    } else if is("Suspended") {
        "Suspended"
    } else if is("FailureTarget") {
        "FailureTarget"
    } else if is("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

/// A Job that failed never completed: its duration goes on.
fn job_duration(job: &Job, now: SimTime) -> String {
    let Some(start) = job.status.start_time else { return String::new() };
    let end = job.status.completion_time.unwrap_or(now);
    human_duration(end.since(start).as_secs() as i64)
}

fn cron_job(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let (raw, status) = (context.raw(object), context.status(object));
    let suspended = field(raw, "spec.suspend").as_bool().unwrap_or(false);
    let last = field(status, "lastScheduleTime");
    let mut cells = vec![
        context.name(object),
        text(raw, "spec.schedule"),
        or(text(raw, "spec.timeZone"), "<none>"),
        if suspended { "True" } else { "False" }.to_owned(),
        field(status, "active").as_array().map_or(0, Vec::len).to_string(),
        if last.is_null() { "<none>".to_owned() } else { ages::age_of(context.cluster.clock(), context.now, last) },
        context.age(object),
    ];
    if context.wide {
        let containers = field(raw, "spec.jobTemplate.spec.template.spec.containers");
        let join = |key: &str| {
            let words: Vec<String> =
                containers.as_array().into_iter().flatten().map(|container| text(container, key)).collect();
            words.join(",")
        };
        cells.extend([join("name"), join("image"), super::pairs(field(raw, "spec.jobTemplate.spec.selector"))]);
    }
    cells
}
