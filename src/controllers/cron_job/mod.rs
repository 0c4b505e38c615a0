//! The CronJob controller: makes Jobs on a schedule. It is woken at activations only.
//! Upstream: pkg/controller/cronjob `ControllerV2.syncCronJob`.

mod schedule;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::api::{Clock, DecodeCache, FieldValidation, OwnerClaim, Reason, decode};
use crate::cluster::{Change, Cluster, DeleteOptions, EventType, Fields};
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition;
use crate::model::job::Job;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef};

use super::calls::event;
use super::plan::{Call, Outcome, Plan, Status};
use super::runner::Controller;
use super::work_queue::WorkQueue;
use schedule::Schedule;

/// A key comes back this long after its activation. Upstream: cronjob `nextScheduleDelta`.
const AFTER_ACTIVATION: SimDuration = SimDuration::from_millis(100);
/// More missed activations than this are worth a warning.
const MISSED_MAX: i64 = 100;
const SCHEDULED_AT: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// The controller.
#[derive(Debug, Default)]
pub(super) struct CronJobController {
    states: BTreeMap<ObjectRef, State>,
    /// `spec.schedule` and `spec.timeZone`, as they were when last heard of.
    timings: BTreeMap<ObjectRef, (Value, Value)>,
}

/// A CronJob's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    active: Vec<ObjectRef>,
    /// Unix seconds.
    last_schedule: Option<i64>,
    last_success: Option<SimTime>,
}

/// What a sync waits for: a Job that is being made for the activation at this Unix second.
#[derive(Debug)]
pub(super) struct Draft {
    scheduled: i64,
    again: Option<SimDuration>,
}

impl State {
    /// The status that a CronJob came with: one of an imported cluster has some.
    fn read(key: ObjectRef, cluster: &Cluster) -> Self {
        let Body::Plain { status } = cluster.body(key) else { return Self::default() };
        let second = |field: &str| status[field].as_str()?.parse::<Timestamp>().ok().map(Timestamp::as_second);
        let active = status["active"].as_array().into_iter().flatten();
        Self {
            active: active.filter_map(|job| cluster.object_of_uid(job["uid"].as_str()?)).collect(),
            last_schedule: second("lastScheduleTime"),
            last_success: second("lastSuccessfulTime").map(|second| instant(second, *cluster.clock())),
        }
    }
}

impl Controller for CronJobController {
    type Draft = Draft;

    const COMPONENT: &'static str = "cronjob-controller";

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let key = change.object;
        if key.kind == Kind::JOB {
            let owner = cluster.meta(key).controller();
            if owner.is_some() && owner.kind == Kind::CRON_JOB && change.fields.contains(Fields::STATUS) {
                queue.add(owner);
            }
        } else if change.fields.intersects(Fields::SPEC | Fields::DELETION) {
            match self.retimed(now, key, cluster) {
                Some(delay) => queue.add_after(now, key, delay),
                None => queue.add(key),
            }
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Draft> {
        if !cluster.is_live(key) {
            self.states.remove(&key);
            return Plan::done();
        }
        let spec = cluster.object(key).raw.get("spec").cloned().unwrap_or_default();
        let mut plan = Plan::done();
        let jobs: Vec<ObjectRef> = cluster.owned(key, Kind::JOB).collect();
        let state = self.states.entry(key).or_insert_with(|| State::read(key, cluster));
        let before = state.clone();
        clean_history(key, &spec, &jobs, state, &mut plan, cluster);
        note_finished(key, &jobs, state, &mut plan, cluster);
        let draft =
            if cluster.meta(key).deletion.is_none() { start(now, key, &spec, state, &mut plan, cluster) } else { None };
        match draft {
            // The status is written once, with the new Job in it.
            Some(Draft { scheduled, again }) if scheduled != 0 => return plan.resume_with(Draft { scheduled, again }),
            Some(Draft { again, .. }) => plan = plan.again_after(again),
            None => {}
        }
        if before != *state {
            plan.push(status_call(key, state, cluster));
        }
        plan
    }

    fn resume(
        &mut self,
        _now: SimTime,
        key: ObjectRef,
        draft: Draft,
        outcome: &Outcome,
        cluster: &mut Cluster,
    ) -> Plan<Draft> {
        let plan = Plan::done().again_after(draft.again);
        if let Some(refusal) = &outcome.refusal {
            if outcome.is_namespace_terminating() || refusal.reason == Reason::AlreadyExists {
                return plan;
            }
            let message = format!("Error creating job: {refusal}");
            let warning = event(key, EventType::Warning, "FailedCreate", message, Self::COMPONENT);
            return plan.then(Call::Event(Box::new(warning))).fail();
        }
        let Some(job) = outcome.object.filter(|object| object.kind == Kind::JOB) else { return plan };
        let state = self.states.entry(key).or_default();
        state.active.push(job);
        state.last_schedule = Some(draft.scheduled);
        let message = format!("Created job {}", cluster.meta(job).name);
        let made = event(key, EventType::Normal, "SuccessfulCreate", message, Self::COMPONENT);
        let status = status_call(key, state, cluster);
        plan.then(Call::Event(Box::new(made))).then(status)
    }
}

impl CronJobController {
    /// A change of the schedule only moves the next look at it: how long that is away.
    /// Upstream: cronjob `updateCronJob`.
    fn retimed(&mut self, now: SimTime, key: ObjectRef, cluster: &Cluster) -> Option<SimDuration> {
        if !cluster.is_live(key) {
            self.timings.remove(&key);
            return None;
        }
        let spec = &cluster.object(key).raw["spec"];
        let timing = (spec["schedule"].clone(), spec["timeZone"].clone());
        let before = self.timings.insert(key, timing.clone());
        if before.is_none_or(|before| before == timing) {
            return None;
        }
        let zone = spec["timeZone"].as_str().map_or(Ok(TimeZone::UTC), TimeZone::get).ok()?;
        let schedule = Schedule::parse(spec["schedule"].as_str()?).ok()?;
        let earliest = earliest(key, self.states.get(&key)?, cluster);
        next_look(now, schedule, earliest, &zone, *cluster.clock())
    }
}

/// The activation from which on those that were missed count.
fn earliest(key: ObjectRef, state: &State, cluster: &Cluster) -> i64 {
    state.last_schedule.unwrap_or_else(|| cluster.clock().unix_seconds(cluster.meta(key).created))
}

/// How long it is to the next look at a CronJob, a moment after its next activation.
/// Upstream: cronjob/utils `nextScheduleTimeDuration`.
fn next_look(now: SimTime, schedule: Schedule, earliest: i64, zone: &TimeZone, clock: Clock) -> Option<SimDuration> {
    let second = clock.unix_seconds(now);
    let is_none_missed = schedule.next(earliest, zone).is_some_and(|first| first > second);
    let from = match latest_missed(schedule, earliest, second, zone) {
        Some((latest, _)) => latest,
        None if is_none_missed => earliest,
        None => second,
    };
    Some(instant(schedule.next(from, zone)?, clock).since(now) + AFTER_ACTIVATION)
}

/// How a Job ended, if it has: Complete or Failed. Upstream: cronjob/utils `getFinishedStatus`.
fn finished(job: &Job) -> Option<&'static str> {
    ["Complete", "Failed"]
        .into_iter()
        .find(|kind| condition::find(&job.status.conditions, kind).is_some_and(|known| known.status.is_true()))
}

/// Finished Jobs beyond the limits go, the earliest started first. Upstream: cronjob `cleanupFinishedJobs`.
fn clean_history(
    key: ObjectRef,
    spec: &Value,
    jobs: &[ObjectRef],
    state: &mut State,
    plan: &mut Plan<Draft>,
    cluster: &Cluster,
) {
    for (kind, limit) in [("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")] {
        let Some(limit) = spec[limit].as_u64() else { continue };
        let mut ended: Vec<(Option<SimTime>, &Text, ObjectRef)> = jobs
            .iter()
            .filter_map(|job| Some((*job, cluster.body(*job).as_job()?)))
            .filter(|(job, body)| finished(body) == Some(kind) && cluster.meta(*job).deletion.is_none())
            .map(|(job, body)| (body.status.start_time, &cluster.meta(job).name, job))
            .collect();
        ended.sort_by_key(|(start, name, _)| (start.is_none(), *start, *name));
        let excess = ended.len().saturating_sub(limit as usize);
        for (_, name, job) in &ended[..excess] {
            plan.push(Call::Delete { object: *job, options: DeleteOptions::default() });
            push_event(key, EventType::Normal, "SuccessfulDelete", format!("Deleted job {name}"), plan);
            if state.active.contains(job) {
                // Nobody saw it end; the sync that its deletion wakes still reads it in the list of active Jobs.
                state.active.retain(|active| active != job);
                push_event(key, EventType::Normal, "MissingJob", format!("Active job went missing: {name}"), plan);
            }
        }
    }
}

/// Jobs that ended, or went missing, are active no longer.
fn note_finished(key: ObjectRef, jobs: &[ObjectRef], state: &mut State, plan: &mut Plan<Draft>, cluster: &Cluster) {
    for job in jobs {
        let Some(body) = cluster.body(*job).as_job() else { continue };
        let name = &cluster.meta(*job).name;
        let is_known = state.active.contains(job);
        let ended = finished(body);
        if ended == Some("Complete") {
            // Also of one that somebody else made of the template.
            state.last_success = state.last_success.max(body.status.completion_time);
        }
        match ended {
            Some(end) if is_known => {
                state.active.retain(|active| active != job);
                let message = format!("Saw completed job: {name}, condition: {end}");
                push_event(key, EventType::Normal, "SawCompletedJob", message, plan);
            }
            None if !is_known => {
                let message = format!("Saw a job that the controller did not create or forgot: {name}");
                push_event(key, EventType::Warning, "UnexpectedJob", message, plan);
            }
            _ => {}
        }
    }
    state.active.retain(|job| {
        let is_there = cluster.is_live(*job);
        if !is_there {
            let message = format!("Active job went missing: {}", cluster.meta(*job).name);
            push_event(key, EventType::Normal, "MissingJob", message, plan);
        }
        is_there
    });
}

fn push_event(key: ObjectRef, kind: EventType, why: &'static str, message: String, plan: &mut Plan<Draft>) {
    plan.push(Call::Event(Box::new(event(key, kind, why, message, CronJobController::COMPONENT))));
}

/// Starts the latest activation that was not started yet, if it may. The draft's `scheduled` is 0 without one.
fn start(
    now: SimTime,
    key: ObjectRef,
    spec: &Value,
    state: &mut State,
    plan: &mut Plan<Draft>,
    cluster: &Cluster,
) -> Option<Draft> {
    let clock = *cluster.clock();
    let zone_name = spec["timeZone"].as_str();
    let zone = match zone_name.map_or(Ok(TimeZone::UTC), TimeZone::get) {
        Ok(zone) => zone,
        Err(error) => {
            let message = format!("invalid timeZone: {:?}: {error}", zone_name.unwrap_or_default());
            push_event(key, EventType::Warning, "UnknownTimeZone", message, plan);
            return None;
        }
    };
    if spec["suspend"] == true {
        return None;
    }
    let text = spec["schedule"].as_str().unwrap_or_default();
    let schedule = match Schedule::parse(text) {
        Ok(schedule) => schedule,
        Err(error) => {
            let message = format!("unparseable schedule: {text:?} : {error}");
            push_event(key, EventType::Warning, "UnparseableSchedule", message, plan);
            return None;
        }
    };
    let second = clock.unix_seconds(now);
    let earliest = earliest(key, state, cluster);
    let Some(again) = next_look(now, schedule, earliest, &zone, clock) else {
        // A day that no month has. Upstream: cronjob/utils `mostRecentScheduleTime`.
        let message = format!("invalid schedule: {text} : time difference between two schedules is less than 1 second");
        push_event(key, EventType::Warning, "InvalidSchedule", message, plan);
        return None;
    };
    let again = Some(again);
    let idle = Some(Draft { scheduled: 0, again });
    let deadline = spec["startingDeadlineSeconds"].as_i64();
    let earliest = deadline.map_or(earliest, |deadline| earliest.max(second - deadline));
    let Some((scheduled, missed)) = latest_missed(schedule, earliest, second, &zone) else { return idle };
    if missed > MISSED_MAX {
        let message =
            "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew".to_owned();
        push_event(key, EventType::Warning, "TooManyMissedTimes", message, plan);
    }
    if deadline.is_some_and(|deadline| scheduled + deadline < second) {
        let message = format!("Missed scheduled time to start a job: {}", rfc1123(scheduled));
        push_event(key, EventType::Warning, "MissSchedule", message, plan);
        return idle;
    }
    if state.last_schedule == Some(scheduled) {
        return idle;
    }
    if spec["concurrencyPolicy"] == "Forbid" && !state.active.is_empty() {
        let message = "Not starting job because prior execution is running and concurrency policy is Forbid".to_owned();
        push_event(key, EventType::Normal, "JobAlreadyActive", message, plan);
        return idle;
    }
    if spec["concurrencyPolicy"] == "Replace" {
        for job in std::mem::take(&mut state.active) {
            plan.push(Call::Delete { object: job, options: DeleteOptions::default() });
            let message = format!("Deleted job {}", cluster.meta(job).name);
            push_event(key, EventType::Normal, "SuccessfulDelete", message, plan);
        }
    }
    plan.push(Call::Create(Box::new(new_job(key, spec, scheduled, &zone, cluster)?)));
    Some(Draft { scheduled, again })
}

fn instant(second: i64, clock: Clock) -> SimTime {
    SimTime::from_secs(u64::try_from(second - clock.epoch_seconds).unwrap_or(0))
}

/// The last activation after `earliest` up to now, and how many there were. Upstream takes the first interval for all:
/// where a longer one follows, it may look too late and find none.
/// Upstream: cronjob/utils `mostRecentScheduleTime`.
fn latest_missed(schedule: Schedule, earliest: i64, now: i64, zone: &TimeZone) -> Option<(i64, i64)> {
    let first = schedule.next(earliest, zone).filter(|first| *first <= now)?;
    let Some(second) = schedule.next(first, zone).filter(|second| *second <= now) else { return Some((first, 1)) };
    let interval = (second - first).max(1);
    let missed = (now - first) / interval + 1;
    let mut last = None;
    let mut candidate = schedule.next(first + (missed - 2) * interval, zone);
    // Schedules with uneven intervals are walked to the last activation.
    while let Some(found) = candidate.filter(|found| *found <= now) {
        last = Some(found);
        candidate = schedule.next(found, zone);
    }
    last.map(|last| (last, missed))
}

fn rfc1123(second: i64) -> String {
    Timestamp::from_second(second)
        .map_or_else(|_| String::new(), |instant| instant.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
}

/// Upstream: cronjob/utils `getJobFromTemplate2`.
fn new_job(
    key: ObjectRef,
    spec: &Value,
    scheduled: i64,
    zone: &TimeZone,
    cluster: &Cluster,
) -> Option<crate::api::Decoded> {
    let meta = cluster.meta(key);
    let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": spec["jobTemplate"]["spec"]});
    let mut metadata = json!({"name": format!("{}-{}", meta.name, scheduled / 60)});
    for field in ["labels", "annotations"] {
        if spec["jobTemplate"]["metadata"][field].is_object() {
            metadata[field] = spec["jobTemplate"]["metadata"][field].clone();
        }
    }
    let instant = Timestamp::from_second(scheduled).ok()?.to_zoned(zone.clone());
    let offset = if instant.offset().is_zero() { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%:z" };
    if !metadata["annotations"].is_object() {
        metadata["annotations"] = json!({});
    }
    metadata["annotations"][SCHEDULED_AT] = json!(instant.strftime(offset).to_string());
    job["metadata"] = metadata;
    let namespace = cluster.namespace_name(meta.namespace);
    let mut decoded = decode(job, namespace, FieldValidation::Warn, &mut DecodeCache::default()).ok()?;
    decoded.owners = vec![OwnerClaim { uid: cluster.uid(key).into(), controller: true, block_owner_deletion: true }];
    Some(decoded)
}

fn status_call(key: ObjectRef, state: &State, cluster: &Cluster) -> Call {
    let clock = cluster.clock();
    let mut status = json!({});
    if !state.active.is_empty() {
        let reference = |job: &ObjectRef| {
            let meta = cluster.meta(*job);
            json!({
                "apiVersion": "batch/v1", "kind": "Job", "name": meta.name,
                "namespace": cluster.namespace_name(meta.namespace),
                "resourceVersion": meta.resource_version.to_string(), "uid": cluster.uid(*job),
            })
        };
        status["active"] = state.active.iter().map(reference).collect();
    }
    if let Some(second) = state.last_schedule {
        status["lastScheduleTime"] = json!(clock.timestamp(instant(second, *clock)));
    }
    if let Some(time) = state.last_success {
        status["lastSuccessfulTime"] = json!(clock.timestamp(time));
    }
    Call::Status { object: key, status: Status::Plain(Arc::new(status)) }
}
