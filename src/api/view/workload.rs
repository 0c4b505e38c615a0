//! Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs.

use serde_json::{Value, json};

use super::super::clock::Clock;
use super::super::value::{Object, object_mut};
use super::{UncountedView, object_of, put_nonzero, put_some, put_text};
use crate::model::condition::Condition;
use crate::model::deployment::{Deployment, DeploymentStatus};
use crate::model::job::{Job, JobStatus};
use crate::model::replica_set::ReplicaSetStatus;
use crate::model::workload::{DaemonSetStatus, StatefulSetStatus};

pub(super) fn deployment_spec(spec: &mut Object, deployment: &Deployment) {
    spec.insert("replicas".to_owned(), json!(deployment.replicas));
    spec.remove("paused");
    if deployment.paused {
        spec.insert("paused".to_owned(), json!(true));
    }
}

pub(super) fn job_spec(spec: &mut Object, job: &Job) {
    spec.insert("parallelism".to_owned(), json!(job.parallelism));
    put_some(spec, "completions", job.completions);
    spec.insert("suspend".to_owned(), json!(job.suspend));
    if !spec.contains_key("selector") && !job.selector.is_empty() {
        let labels = object_mut(object_mut(spec, "selector"), "matchLabels");
        for requirement in &job.selector.requirements {
            if let [value] = &*requirement.values {
                labels.insert(requirement.key.to_string(), json!(value.as_str()));
            }
        }
    }
}

/// `lastUpdateTime`, `lastProbeTime` or none beside the transition.
fn conditions(out: &mut Object, conditions: &[Condition], update: Option<&str>, clock: Clock) {
    if conditions.is_empty() {
        return;
    }
    let views = conditions.iter().map(|condition| {
        let mut view = object_of(json!({
            "type": condition.kind.as_str(), "status": condition.status.name(),
            "lastTransitionTime": clock.timestamp(condition.last_transition),
        }));
        put_some(&mut view, update.unwrap_or_default(), update.map(|_| clock.timestamp(condition.last_update)));
        put_text(&mut view, "reason", &condition.reason);
        put_text(&mut view, "message", &condition.message);
        Value::Object(view)
    });
    out.insert("conditions".to_owned(), views.collect());
}

fn put_generation(out: &mut Object, observed: i64) {
    if observed != 0 {
        out.insert("observedGeneration".to_owned(), json!(observed));
    }
}

pub(super) fn deployment_status(status: &DeploymentStatus, clock: Clock) -> Value {
    let mut out = Object::new();
    put_generation(&mut out, status.observed_generation);
    put_nonzero(&mut out, "replicas", status.replicas);
    put_nonzero(&mut out, "updatedReplicas", status.updated);
    put_nonzero(&mut out, "readyReplicas", status.ready);
    put_nonzero(&mut out, "availableReplicas", status.available);
    put_nonzero(&mut out, "unavailableReplicas", status.unavailable);
    put_some(&mut out, "terminatingReplicas", status.terminating);
    put_some(&mut out, "collisionCount", status.collision_count);
    conditions(&mut out, &status.conditions, Some("lastUpdateTime"), clock);
    Value::Object(out)
}

pub(super) fn replica_set_status(status: &ReplicaSetStatus, clock: Clock) -> Value {
    let mut out = object_of(json!({"replicas": status.replicas}));
    put_generation(&mut out, status.observed_generation);
    put_nonzero(&mut out, "fullyLabeledReplicas", status.fully_labeled);
    put_nonzero(&mut out, "readyReplicas", status.ready);
    put_nonzero(&mut out, "availableReplicas", status.available);
    put_some(&mut out, "terminatingReplicas", status.terminating);
    conditions(&mut out, &status.conditions, None, clock);
    Value::Object(out)
}

pub(super) fn stateful_set_status(status: &StatefulSetStatus, clock: Clock) -> Value {
    let mut out = object_of(json!({"replicas": status.replicas, "availableReplicas": status.available}));
    put_generation(&mut out, status.observed_generation);
    put_nonzero(&mut out, "readyReplicas", status.ready);
    put_nonzero(&mut out, "currentReplicas", status.current);
    put_nonzero(&mut out, "updatedReplicas", status.updated);
    put_text(&mut out, "currentRevision", &status.current_revision);
    put_text(&mut out, "updateRevision", &status.update_revision);
    put_some(&mut out, "collisionCount", status.collision_count);
    conditions(&mut out, &status.conditions, None, clock);
    Value::Object(out)
}

pub(super) fn daemon_set_status(status: &DaemonSetStatus, clock: Clock) -> Value {
    let mut out = object_of(json!({
        "currentNumberScheduled": status.current, "desiredNumberScheduled": status.desired,
        "numberMisscheduled": status.misscheduled, "numberReady": status.ready,
    }));
    put_generation(&mut out, status.observed_generation);
    put_nonzero(&mut out, "updatedNumberScheduled", status.updated);
    put_nonzero(&mut out, "numberAvailable", status.available);
    put_nonzero(&mut out, "numberUnavailable", status.unavailable);
    put_some(&mut out, "collisionCount", status.collision_count);
    conditions(&mut out, &status.conditions, None, clock);
    Value::Object(out)
}

pub(super) fn namespace_status(terminating: bool, known: &[Condition], clock: Clock) -> Value {
    let mut out = Object::new();
    conditions(&mut out, known, None, clock);
    out.insert("phase".to_owned(), json!(if terminating { "Terminating" } else { "Active" }));
    Value::Object(out)
}

pub(super) fn job_status(status: &JobStatus, uncounted: &UncountedView, clock: Clock) -> Value {
    let mut out = Object::new();
    put_nonzero(&mut out, "active", status.active);
    put_nonzero(&mut out, "succeeded", status.succeeded);
    put_nonzero(&mut out, "failed", status.failed);
    put_some(&mut out, "ready", status.ready);
    put_some(&mut out, "terminating", status.terminating);
    put_some(&mut out, "startTime", status.start_time.map(|time| clock.timestamp(time)));
    put_some(&mut out, "completionTime", status.completion_time.map(|time| clock.timestamp(time)));
    put_text(&mut out, "completedIndexes", &status.completed_indexes);
    put_some(&mut out, "failedIndexes", status.failed_indexes.as_deref());
    if status.start_time.is_some() {
        // The controller accounts for ended pods here and empties it at once.
        let mut pods = Object::new();
        for (name, uids) in [("failed", &uncounted.failed), ("succeeded", &uncounted.succeeded)] {
            if !uids.is_empty() {
                pods.insert(name.to_owned(), uids.iter().map(|uid| Value::from(uid.as_str())).collect());
            }
        }
        out.insert("uncountedTerminatedPods".to_owned(), Value::Object(pods));
    }
    conditions(&mut out, &status.conditions, Some("lastProbeTime"), clock);
    Value::Object(out)
}
