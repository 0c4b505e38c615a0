//! When a Job is over, and the conditions that say so.
//! Upstream: job `syncJob` (finishedCondition), `newCondition`, `ensureJobConditionStatus`, `enactJobFinished`.

use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition::{self, Condition, ConditionStatus};
use crate::model::job::Job;

pub(super) const COMPLETE: &str = "Complete";
pub(super) const FAILED: &str = "Failed";
pub(super) const FAILURE_TARGET: &str = "FailureTarget";
pub(super) const SUCCESS_CRITERIA_MET: &str = "SuccessCriteriaMet";
const SUSPENDED: &str = "Suspended";

/// What a sync found that may end the Job.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// Counted failures, the new ones too.
    pub(super) failed: i32,
    /// Restarts of containers, with restart policy OnFailure.
    pub(super) restarts: Option<i32>,
    /// Message of the pod that matched a FailJob rule.
    pub(super) fail_job: Option<String>,
    pub(super) failed_indexes: u32,
    pub(super) succeeded_indexes: u32,
    /// The success rule that is met.
    pub(super) success_rule: Option<usize>,
}

/// A condition of now.
pub(super) fn new_condition(
    now: SimTime,
    kind: &'static str,
    status: ConditionStatus,
    why: impl Into<Text>,
    message: impl Into<Text>,
) -> Condition {
    let now = SimTime::from_secs(now.as_secs());
    Condition {
        kind: Text::const_new(kind),
        status,
        reason: why.into(),
        message: message.into(),
        last_transition: now,
        last_update: now,
    }
}

fn is_true(job: &Job, kind: &str) -> bool {
    condition::find(&job.status.conditions, kind).is_some_and(|known| known.status.is_true())
}

/// Is the Job over? Upstream: job/util `IsJobFinished`.
pub(super) fn is_finished(job: &Job) -> bool {
    is_true(job, COMPLETE) || is_true(job, FAILED)
}

/// Has the Job been found to fail or succeed, but still has pods?
pub(super) fn interim(job: &Job) -> Option<&Condition> {
    [SUCCESS_CRITERIA_MET, FAILURE_TARGET]
        .into_iter()
        .find_map(|kind| condition::find(&job.status.conditions, kind).filter(|known| known.status.is_true()))
}

/// The condition that ends the Job, if there is one; the first that applies.
pub(super) fn verdict(now: SimTime, job: &Job, findings: &Findings) -> Option<Condition> {
    if let Some(known) = interim(job) {
        return Some(known.clone());
    }
    let fail = |why: &'static str, message: &str| {
        Some(new_condition(now, FAILURE_TARGET, ConditionStatus::True, why, message))
    };
    if let Some(message) = &findings.fail_job {
        return fail("PodFailurePolicy", message);
    }
    let too_many_restarts = findings
        .restarts
        .is_some_and(|restarts| if job.backoff_limit == 0 { restarts > 0 } else { restarts >= job.backoff_limit });
    if findings.failed > job.backoff_limit || too_many_restarts {
        return fail("BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }
    if deadline_left(now, job, job.status.start_time).is_some_and(|left| left == SimDuration::ZERO) {
        return fail("DeadlineExceeded", "Job was active longer than specified deadline");
    }
    if job.indexed && job.backoff_limit_per_index.is_some() {
        if job.max_failed_indexes.is_some_and(|most| findings.failed_indexes as i32 > most) {
            let message = "Job has exceeded the specified maximal number of failed indexes";
            return fail("MaxFailedIndexesExceeded", message);
        }
        let all = findings.failed_indexes + findings.succeeded_indexes;
        if findings.failed_indexes > 0 && all as i32 >= job.completions.unwrap_or(0) {
            return fail("FailedIndexes", "Job has failed indexes");
        }
    }
    findings.success_rule.map(|rule| {
        let message = format!("Matched rules at index {rule}");
        new_condition(now, SUCCESS_CRITERIA_MET, ConditionStatus::True, "SuccessPolicy", message)
    })
}

/// What is left of activeDeadlineSeconds; `None` without one.
pub(super) fn deadline_left(now: SimTime, job: &Job, start: Option<SimTime>) -> Option<SimDuration> {
    let seconds = job.active_deadline_seconds.filter(|_| !job.suspend)?;
    let deadline = start? + SimDuration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Some(deadline.since(now))
}

/// Sets a condition in its place. A False one that is not there is not added. Returns whether anything changed.
pub(super) fn ensure(conditions: &mut Vec<Condition>, condition: Condition) -> bool {
    let Some(known) = conditions.iter_mut().find(|known| known.kind == condition.kind) else {
        if condition.status == ConditionStatus::False {
            return false;
        }
        conditions.push(condition);
        return true;
    };
    let same =
        (known.status, &known.reason, &known.message) == (condition.status, &condition.reason, &condition.message);
    if !same {
        *known = condition;
    }
    !same
}

/// Suspended True or False, as the specification asks.
pub(super) fn suspension(now: SimTime, suspend: bool) -> Condition {
    if suspend {
        new_condition(now, SUSPENDED, ConditionStatus::True, "JobSuspended", "Job suspended")
    } else {
        new_condition(now, SUSPENDED, ConditionStatus::False, "JobResumed", "Job resumed")
    }
}

/// The last condition of a Job, from the one that announced it.
pub(super) fn last_condition(now: SimTime, interim: &Condition) -> Condition {
    let kind = if interim.kind == SUCCESS_CRITERIA_MET { COMPLETE } else { FAILED };
    new_condition(now, kind, ConditionStatus::True, interim.reason.clone(), interim.message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::job::JobStatus;
    use crate::model::object::TemplateId;
    use crate::model::selector::LabelSelector;

    fn job() -> Job {
        Job {
            parallelism: 1,
            completions: Some(1),
            indexed: false,
            backoff_limit: 2,
            backoff_limit_per_index: None,
            max_failed_indexes: None,
            active_deadline_seconds: Some(30),
            ttl_seconds_after_finished: None,
            suspend: false,
            is_foreign: false,
            replace_only_failed: false,
            selector: LabelSelector::default(),
            template: TemplateId::NONE,
            status: JobStatus { start_time: Some(SimTime::ZERO), ..JobStatus::default() },
        }
    }

    #[test]
    fn one_failure_more_than_the_limit_ends_a_job() {
        let findings = |failed| Findings { failed, ..Findings::default() };
        assert!(verdict(SimTime::ZERO, &job(), &findings(2)).is_none());
        assert_eq!(verdict(SimTime::ZERO, &job(), &findings(3)).unwrap().reason, "BackoffLimitExceeded");
    }

    #[test]
    fn as_many_restarts_as_the_limit_end_a_job() {
        let findings = |restarts| Findings { restarts: Some(restarts), ..Findings::default() };
        assert!(verdict(SimTime::ZERO, &job(), &findings(1)).is_none());
        assert!(verdict(SimTime::ZERO, &job(), &findings(2)).is_some());
        let none = Job { backoff_limit: 0, ..job() };
        assert!(verdict(SimTime::ZERO, &none, &findings(0)).is_none());
        assert!(verdict(SimTime::ZERO, &none, &findings(1)).is_some());
    }

    #[test]
    fn the_deadline_counts_from_the_start_and_not_while_suspended() {
        let findings = Findings::default();
        assert!(verdict(SimTime::from_secs(29), &job(), &findings).is_none());
        assert_eq!(verdict(SimTime::from_secs(30), &job(), &findings).unwrap().reason, "DeadlineExceeded");
        let suspended = Job { suspend: true, ..job() };
        assert!(verdict(SimTime::from_secs(99), &suspended, &findings).is_none());
    }
}
