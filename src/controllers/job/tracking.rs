//! Counting ended pods: status first, then the finalizers, then the counters, and at last Complete or Failed.
//! Upstream: job `trackJobStatusAndRemoveFinalizers`, `flushUncountedAndRemoveFinalizers`, `enactJobFinished`.

use crate::cluster::{Cluster, EventType};
use crate::engine::SimTime;
use crate::model::condition::{Condition, ConditionStatus};
use crate::model::job::{JobStatus, Uncounted};
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::PodPhase;

use super::super::calls::event;
use super::super::plan::{Call, Plan, Status};
use super::super::runner::Controller;
use super::conditions::{self, SUCCESS_CRITERIA_MET};
use super::sync::{Situation, finish_event};
use super::tally::{FINALIZER, is_failed};
use super::{Draft, JobController};

impl JobController {
    /// The rest of a sync, after its pods were made or deleted. A Job that is over, for the reason `finished`, has cut
    /// short the pods in `cut`.
    pub(super) fn track(
        &mut self,
        now: SimTime,
        key: ObjectRef,
        (finished, cut): (Option<Condition>, &[PodId]),
        backing_off: bool,
        cluster: &Cluster,
    ) -> Plan<Draft> {
        let Some(situation) = self.situation(key, cut, cluster) else { return Plan::done() };
        if backing_off && situation.tally.ready > 0 {
            // The server refuses a status with more ready than active pods: the sync fails and counts nobody until the
            // backoff is over. Upstream: job `manageJob` of v1.36.2, kubernetes/kubernetes#139428.
            return Plan::done().fail();
        }
        let stored = situation.job.status.clone();
        let mut status = stored.clone();
        let mut plan = Plan::done();
        if status.start_time.is_none() && !situation.job.suspend {
            status.start_time = Some(SimTime::from_secs(now.as_secs()));
        }
        let finished = finished.or_else(|| completion(now, &situation));
        if finished.is_none() {
            note_suspension(now, key, &situation, &mut status, &mut plan);
        }
        status.active = if backing_off { 0 } else { situation.tally.active_count() as i32 };
        status.ready = Some(situation.tally.ready);
        status.terminating = Some(situation.tally.terminating);
        if situation.job.indexed {
            status.completed_indexes = situation.completed.text();
            status.succeeded = situation.completed.len() as i32;
            if situation.job.backoff_limit_per_index.is_some() {
                status.failed_indexes = Some(situation.failed_indexes.text());
            }
        }
        if let Some(condition) = &finished {
            conditions::ensure(&mut status.conditions, condition.clone());
        }
        let removable = removable(&situation, finished.as_ref(), cluster.meta(key).deletion.is_some(), cluster);
        let uncounted = uncounted(&situation, &removable, (finished.as_ref(), cut), cluster);
        let interim = JobStatus { uncounted: uncounted.clone(), ..status.clone() };
        if interim != stored {
            plan.push(status_call(key, interim));
        }
        status.succeeded += uncounted.succeeded.len() as i32;
        status.failed += uncounted.failed.len() as i32;
        let counted = uncounted != Uncounted::default();
        plan.push_together(
            removable.iter().map(|pod| Call::RemovePodFinalizer { pod: *pod, finalizer: FINALIZER }).collect(),
        );
        let left = situation.tally.tracked_count() - removable.len();
        if let Some(interim) = finished.filter(|_| left == 0 && situation.tally.terminating == 0) {
            enact(now, key, &situation, &interim, &mut status, &mut plan);
        } else if counted {
            plan.push(status_call(key, status));
        }
        if let Some(known) = self.jobs.get(&key) {
            let backoff = self.backoff(key, &situation.tally, cluster);
            if known.backoff != backoff && !removable.is_empty() {
                self.jobs.entry(key).or_default().backoff = backoff;
            }
        }
        plan
    }
}

/// Complete or Failed, with its Event.
fn enact(
    now: SimTime,
    key: ObjectRef,
    situation: &Situation,
    interim: &Condition,
    status: &mut JobStatus,
    plan: &mut Plan<Draft>,
) {
    let complete = interim.kind == SUCCESS_CRITERIA_MET;
    conditions::ensure(&mut status.conditions, conditions::last_condition(now, interim));
    if complete {
        status.completion_time = Some(SimTime::from_secs(now.as_secs()));
    }
    plan.push(status_call(key, status.clone()));
    let too_many = situation.job.completions.is_some_and(|completions| status.succeeded > completions);
    if complete && too_many {
        let message = "Too many succeeded pods running after completion count reached";
        let draft = event(key, EventType::Warning, "TooManySucceededPods", message, JobController::COMPONENT);
        plan.push(Call::Event(Box::new(draft)));
    }
    plan.push(finish_event(key, complete, &interim.reason, &interim.message));
}

fn status_call(key: ObjectRef, status: JobStatus) -> Call {
    Call::Status { object: key, status: Status::Job(Box::new(status)) }
}

/// Enough pods have succeeded, and none is active.
fn completion(now: SimTime, situation: &Situation) -> Option<Condition> {
    let succeeded = situation.succeeded();
    let idle = situation.tally.active_count() == 0;
    let enough = match situation.job.completions {
        None => succeeded > 0 && idle,
        Some(completions) => succeeded >= completions && idle,
    };
    enough.then(|| {
        let message = "Reached expected number of succeeded pods";
        conditions::new_condition(now, SUCCESS_CRITERIA_MET, ConditionStatus::True, "CompletionsReached", message)
    })
}

/// Suspended or resumed: condition, start time, Event.
fn note_suspension(
    now: SimTime,
    key: ObjectRef,
    situation: &Situation,
    status: &mut JobStatus,
    plan: &mut Plan<Draft>,
) {
    let suspend = situation.job.suspend;
    if !conditions::ensure(&mut status.conditions, conditions::suspension(now, suspend)) {
        return;
    }
    status.start_time = (!suspend).then_some(SimTime::from_secs(now.as_secs()));
    let (why, message) = if suspend { ("Suspended", "Job suspended") } else { ("Resumed", "Job resumed") };
    plan.push(Call::Event(Box::new(event(key, EventType::Normal, why, message, JobController::COMPONENT))));
}

/// Pods that lose their finalizer now. Upstream: job `canRemoveFinalizer`.
fn removable(situation: &Situation, finished: Option<&Condition>, deleting: bool, cluster: &Cluster) -> Vec<PodId> {
    let is_delayed = |pod: PodId| situation.delayed.iter().any(|(_, delayed)| *delayed == pod);
    if deleting || finished.is_some() {
        return situation.tally.tracked();
    }
    let may_go = |pod: &PodId| {
        let row = cluster.pod(*pod);
        row.status.phase == PodPhase::Succeeded || is_failed(row, &situation.job) && !is_delayed(*pod)
    };
    situation.tally.held.iter().copied().filter(may_go).collect()
}

/// The pods that are to be counted; of an Indexed Job the succeeded ones are counted by index. Pods that a
/// success cuts short have not failed.
fn uncounted(
    situation: &Situation,
    removable: &[PodId],
    (finished, cut): (Option<&Condition>, &[PodId]),
    cluster: &Cluster,
) -> Uncounted {
    let failing = finished.is_some_and(|condition| condition.kind != SUCCESS_CRITERIA_MET);
    let mut uncounted = Uncounted::default();
    for pod in removable {
        let row = cluster.pod(*pod);
        if row.status.phase == PodPhase::Succeeded {
            if !situation.job.indexed {
                uncounted.succeeded.push(*pod);
            }
            continue;
        }
        let ignored = situation.tally.failed.contains(pod) && !situation.tally.counted_failed.contains(pod);
        // Upstream looks at its pods as they were before it deleted them.
        let is_cut = cut.contains(pod) && row.status.phase != PodPhase::Failed;
        let failed = is_failed(row, &situation.job) && !is_cut;
        if failed && !ignored || !failed && failing {
            uncounted.failed.push(*pod);
        }
    }
    uncounted
}
