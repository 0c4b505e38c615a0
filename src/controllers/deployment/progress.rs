//! A Deployment's status: the counts, and the conditions Available, Progressing and ReplicaFailure.
//! Upstream: deployment `calculateStatus`, `syncRolloutStatus`, `checkPausedConditions`, `requeueStuckDeployment`.

use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition::{self, Condition, ConditionStatus};
use crate::model::deployment::{Deployment, DeploymentStatus};

use super::view::View;

pub(super) const PROGRESSING: &str = "Progressing";
const AVAILABLE: &str = "Available";
const REPLICA_FAILURE: &str = "ReplicaFailure";
const COMPLETED: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";
/// A stuck rollout is looked at this long after its deadline.
const AFTER_DEADLINE: SimDuration = SimDuration::from_secs(1);
/// With less than a second left upstream asks again every 5 ms; only the first time after the deadline can differ.
const LAST_RETRY: SimDuration = SimDuration::from_millis(5);

/// A condition of now.
pub(super) fn new_condition(
    now: SimTime,
    kind: &'static str,
    status: ConditionStatus,
    why: &'static str,
    message: impl Into<Text>,
) -> Condition {
    // The API keeps whole seconds.
    let now = SimTime::from_secs(now.as_secs());
    Condition {
        kind: Text::const_new(kind),
        status,
        reason: Text::const_new(why),
        message: message.into(),
        last_transition: now,
        last_update: now,
    }
}

/// Upstream: deployment/util `SetDeploymentCondition`: an equal status and reason change nothing, an equal status keeps
/// the transition time.
pub(super) fn set_condition(conditions: &mut Vec<Condition>, mut condition: Condition) {
    if let Some(known) = condition::find(conditions, &condition.kind) {
        if known.status == condition.status && known.reason == condition.reason {
            return;
        }
        if known.status == condition.status {
            condition.last_transition = known.last_transition;
        }
    }
    remove_condition(conditions, &condition.kind);
    conditions.push(condition);
}

fn remove_condition(conditions: &mut Vec<Condition>, kind: &str) {
    conditions.retain(|candidate| candidate.kind != kind);
}

/// Does the Deployment have a deadline? Upstream: deployment/util `HasProgressDeadline`.
pub(super) fn has_deadline(deployment: &Deployment) -> bool {
    deployment.progress_deadline_seconds != i32::MAX
}

/// Upstream: deployment/util `DeploymentComplete`.
pub(super) fn is_complete(deployment: &Deployment, status: &DeploymentStatus, generation: i64) -> bool {
    let desired = deployment.replicas;
    [status.updated, status.replicas, status.available] == [desired; 3] && status.observed_generation >= generation
}

/// Upstream: deployment/util `DeploymentProgressing`.
fn is_progressing(before: &DeploymentStatus, after: &DeploymentStatus) -> bool {
    after.updated > before.updated
        || after.replicas - after.updated < before.replicas - before.updated
        || after.ready > before.ready
        || after.available > before.available
}

fn deadline(deployment: &Deployment, progressing: &Condition) -> SimTime {
    progressing.last_update + SimDuration::from_secs(deployment.progress_deadline_seconds.max(0) as u64)
}

/// Upstream: deployment/util `DeploymentTimedOut`.
fn is_timed_out(now: SimTime, deployment: &Deployment, status: &DeploymentStatus) -> bool {
    condition::find(&status.conditions, PROGRESSING).is_some_and(|progressing| match progressing.reason.as_str() {
        COMPLETED => false,
        TIMED_OUT => true,
        _ => deadline(deployment, progressing) < now,
    })
}

/// Counts and Available; other conditions as they are. Upstream: deployment `calculateStatus`.
pub(super) fn base_status(now: SimTime, view: &View) -> DeploymentStatus {
    let deployment = &view.deployment;
    let available: i32 = view.all().map(|set| set.available).sum();
    let mut status = DeploymentStatus {
        observed_generation: view.generation,
        replicas: view.all().map(|set| set.replicas).sum(),
        updated: view.new.as_ref().map_or(0, |set| set.replicas),
        ready: view.all().map(|set| set.ready).sum(),
        available,
        unavailable: (view.total_spec() - available).max(0),
        terminating: terminating(view),
        conditions: deployment.status.conditions.clone(),
        collision_count: deployment.status.collision_count,
    };
    let enough = available >= deployment.replicas - view.limits().unavailable;
    let (why, message) = if enough {
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    set_condition(&mut status.conditions, new_condition(now, AVAILABLE, enough.into(), why, message));
    status
}

/// Upstream: deployment/util `GetTerminatingReplicaCountForReplicaSets`.
fn terminating(view: &View) -> Option<i32> {
    view.all().filter(|set| set.observed_generation > 0).map(|set| set.terminating).sum()
}

/// The status at the end of a sync that may have rolled. Upstream: deployment `syncRolloutStatus`.
pub(super) fn rollout_status(now: SimTime, view: &View) -> DeploymentStatus {
    let deployment = &view.deployment;
    let mut status = base_status(now, view);
    if !has_deadline(deployment) {
        remove_condition(&mut status.conditions, PROGRESSING);
    }
    let current = condition::find(&deployment.status.conditions, PROGRESSING);
    let was_complete = status.replicas == status.updated && current.is_some_and(|known| known.reason == COMPLETED);
    if has_deadline(deployment) && !was_complete {
        evaluate_progress(now, view, &mut status);
    }
    let failure = view.new.iter().chain(&view.old).find_map(|set| set.failure.clone());
    match failure {
        Some(failure) => set_condition(&mut status.conditions, failure),
        None => remove_condition(&mut status.conditions, REPLICA_FAILURE),
    }
    status
}

fn evaluate_progress(now: SimTime, view: &View, status: &mut DeploymentStatus) {
    let deployment = &view.deployment;
    let subject = match &view.new {
        Some(set) => format!("ReplicaSet {:?}", set.name.as_str()),
        None => "Deployment".to_owned(),
    };
    if is_complete(deployment, status, view.generation) {
        let message = format!("{subject} has successfully progressed.");
        let condition = new_condition(now, PROGRESSING, ConditionStatus::True, COMPLETED, message);
        set_condition(&mut status.conditions, condition);
    } else if is_progressing(&deployment.status, status) {
        let message = format!("{subject} is progressing.");
        let mut condition = new_condition(now, PROGRESSING, ConditionStatus::True, "ReplicaSetUpdated", message);
        if let Some(known) = condition::find(&deployment.status.conditions, PROGRESSING) {
            if known.status.is_true() {
                condition.last_transition = known.last_transition;
            }
            remove_condition(&mut status.conditions, PROGRESSING);
        }
        set_condition(&mut status.conditions, condition);
    } else if is_timed_out(now, deployment, status) {
        let message = format!("{subject} has timed out progressing.");
        let condition = new_condition(now, PROGRESSING, ConditionStatus::False, TIMED_OUT, message);
        set_condition(&mut status.conditions, condition);
    }
}

/// When a rollout that does not move is looked at again. Upstream: deployment `requeueStuckDeployment`.
pub(super) fn look_again(now: SimTime, view: &View, status: &DeploymentStatus) -> Option<SimDuration> {
    let deployment = &view.deployment;
    let progressing = condition::find(&deployment.status.conditions, PROGRESSING)?;
    if !has_deadline(deployment) || is_complete(deployment, status, view.generation) || progressing.reason == TIMED_OUT
    {
        return None;
    }
    // `was_complete` above: pods that turn unready after the rollout do not bring the deadline back.
    if progressing.reason == COMPLETED && status.replicas == status.updated {
        return None;
    }
    let left = deadline(deployment, progressing).since(now);
    Some(left + if left < AFTER_DEADLINE { LAST_RETRY } else { AFTER_DEADLINE })
}

/// Could the deadline still pass?
pub(super) fn is_deadline_pending(deployment: &Deployment, generation: i64) -> bool {
    let status = &deployment.status;
    let counts = condition::find(&status.conditions, PROGRESSING).is_some_and(|progressing| {
        progressing.reason != TIMED_OUT && !(progressing.reason == COMPLETED && status.replicas == status.updated)
    });
    has_deadline(deployment) && counts && !is_complete(deployment, status, generation)
}

/// The condition that pausing or resuming asks for. Upstream: deployment `checkPausedConditions`.
pub(super) fn paused_condition(now: SimTime, deployment: &Deployment) -> Option<Condition> {
    let current = condition::find(&deployment.status.conditions, PROGRESSING);
    if !has_deadline(deployment) || current.is_some_and(|known| known.reason == TIMED_OUT) {
        return None;
    }
    let is_marked = current.is_some_and(|known| known.reason == PAUSED);
    let unknown = ConditionStatus::Unknown;
    match (deployment.paused, is_marked) {
        (true, false) => Some(new_condition(now, PROGRESSING, unknown, PAUSED, "Deployment is paused")),
        (false, true) => Some(new_condition(now, PROGRESSING, unknown, "DeploymentResumed", "Deployment is resumed")),
        _ => None,
    }
}
