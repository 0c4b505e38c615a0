//! Jobs and CronJobs.

use serde_json::Value;

use super::super::ages::{rfc1123, seconds_of};
use super::super::printers::{field, or, text};
use super::text::{Page, selector};
use super::workloads::controlled_by;
use super::{Related, template};
use crate::model::pod_columns::human_duration;

pub(super) fn job(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    page.field(0, "Selector", selector(field(view, "spec.selector")));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    controlled_by(page, view);
    page.field(0, "Parallelism", or(text(view, "spec.parallelism"), "<unset>"));
    page.field(0, "Completions", or(text(view, "spec.completions"), "<unset>"));
    page.field_if(0, "Completion Mode", text(view, "spec.completionMode"));
    page.field_if(0, "Suspend", text(view, "spec.suspend"));
    page.field_if(0, "Backoff Limit", text(view, "spec.backoffLimit"));
    page.field_if(0, "TTL Seconds After Finished", text(view, "spec.ttlSecondsAfterFinished"));
    let (start, end) = (field(view, "status.startTime"), field(view, "status.completionTime"));
    page.field_if(0, "Start Time", rfc1123(start));
    page.field_if(0, "Completed At", rfc1123(end));
    if let Some((started, ended)) = seconds_of(start).zip(seconds_of(end)) {
        page.field(0, "Duration", human_duration(ended - started));
    }
    let deadline = text(view, "spec.activeDeadlineSeconds");
    if !deadline.is_empty() {
        page.field(0, "Active Deadline Seconds", format!("{deadline}s"));
    }
    let number = |path: &str| or(text(view, path), "0");
    let ready = text(view, "status.ready");
    let active = if ready.is_empty() {
        format!("{} Active", number("status.active"))
    } else {
        format!("{} Active ({ready} Ready)", number("status.active"))
    };
    let rest = format!("{} Succeeded / {} Failed", number("status.succeeded"), number("status.failed"));
    page.field(0, "Pods Statuses", format!("{active} / {rest}"));
    if text(view, "spec.completionMode") == "Indexed" {
        page.field(0, "Completed Indexes", first_indexes(&text(view, "status.completedIndexes")));
    }
    template::pod_template(page, field(view, "spec.template"));
    related.events(page);
}

/// A long list ends after the index that goes beyond fifty characters. Upstream: describe `capIndexesListOrNone`.
fn first_indexes(indexes: &str) -> String {
    const ENOUGH: usize = 50;
    match indexes.get(ENOUGH..).and_then(|rest| rest.find(',')) {
        _ if indexes.is_empty() => "<none>".to_owned(),
        Some(comma) => format!("{}...", &indexes[..=ENOUGH + comma]),
        None => indexes.to_owned(),
    }
}

pub(super) fn cron_job(page: &mut Page, view: &Value, related: &Related<'_>) {
    page.field(0, "Name", text(view, "metadata.name"));
    page.field(0, "Namespace", text(view, "metadata.namespace"));
    page.labels("", "Labels", field(view, "metadata.labels"));
    page.annotations("", "Annotations", field(view, "metadata.annotations"));
    page.field(0, "Schedule", text(view, "spec.schedule"));
    page.field(0, "Concurrency Policy", text(view, "spec.concurrencyPolicy"));
    let suspended = field(view, "spec.suspend").as_bool() == Some(true);
    page.field(0, "Suspend", if suspended { "True" } else { "False" });
    let unset = |path: &str| or(text(view, path), "<unset>");
    page.field(0, "Successful Job History Limit", unset("spec.successfulJobsHistoryLimit"));
    page.field(0, "Failed Job History Limit", unset("spec.failedJobsHistoryLimit"));
    let deadline = text(view, "spec.startingDeadlineSeconds");
    page.field(
        0,
        "Starting Deadline Seconds",
        if deadline.is_empty() { "<unset>".to_owned() } else { format!("{deadline}s") },
    );
    let job = field(view, "spec.jobTemplate.spec");
    let own = &job["selector"];
    page.field(0, "Selector", if own.is_object() { selector(own) } else { "<unset>".to_owned() });
    page.field(0, "Parallelism", or(text(job, "parallelism"), "<unset>"));
    page.field(0, "Completions", or(text(job, "completions"), "<unset>"));
    let deadline = text(job, "activeDeadlineSeconds");
    if !deadline.is_empty() {
        page.field(0, "Active Deadline Seconds", format!("{deadline}s"));
    }
    template::pod_template(page, &job["template"]);
    page.field(0, "Last Schedule Time", or(rfc1123(field(view, "status.lastScheduleTime")), "<unset>"));
    let active: Vec<String> =
        field(view, "status.active").as_array().into_iter().flatten().map(|job| text(job, "name")).collect();
    page.field(0, "Active Jobs", or(active.join(", "), "<none>"));
    related.events(page);
}

#[cfg(test)]
mod tests {
    use super::first_indexes;

    #[test]
    fn long_lists_of_indexes_are_cut_at_a_comma() {
        assert_eq!(first_indexes(""), "<none>");
        assert_eq!(first_indexes("1,3-5"), "1,3-5");
        let many: Vec<String> = (100..130).map(|index| index.to_string()).collect();
        assert_eq!(first_indexes(&many.join(",")), format!("{},...", many[..13].join(",")));
    }
}
