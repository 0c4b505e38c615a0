//! A ReplicaSet's status. Upstream: replicaset `calculateStatus`.

use crate::cluster::Cluster;
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition::{Condition, ConditionStatus};
use crate::model::object::ObjectRef;
use crate::model::pod::PodConditionType;
use crate::model::replica_set::{ReplicaSet, ReplicaSetStatus};

use super::super::pod_census::Counts;

const REPLICA_FAILURE: &str = "ReplicaFailure";

/// Pods that are available, and when the next one becomes so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Available {
    pub(super) count: i32,
    pub(super) next: Option<SimDuration>,
}

/// Without minReadySeconds every Ready pod is available; with it the pods have to be looked at.
/// Upstream: controller `FindMinNextPodAvailabilityCheck`.
pub(super) fn available(
    now: SimTime,
    key: ObjectRef,
    ready: i32,
    min_ready_seconds: i32,
    cluster: &Cluster,
) -> Available {
    if min_ready_seconds <= 0 || ready == 0 {
        return Available { count: ready, next: None };
    }
    let wait = SimDuration::from_secs(min_ready_seconds as u64);
    let mut available = Available { count: 0, next: None };
    for pod in cluster.pods_of(key).map(|pod| cluster.pod(pod)).filter(|pod| pod.is_active() && pod.is_ready()) {
        let since = pod.status.condition(PodConditionType::Ready).map_or(now, |ready| ready.last_transition);
        let left = (since + wait).since(now);
        if left == SimDuration::ZERO {
            available.count += 1;
        } else {
            available.next = Some(available.next.map_or(left, |next| next.min(left)));
        }
    }
    available
}

/// The counts as a status; conditions as they were.
pub(super) fn of(
    counts: &Counts,
    available: i32,
    set: &ReplicaSet,
    generation: i64,
    has_terminating: bool,
) -> ReplicaSetStatus {
    ReplicaSetStatus {
        replicas: counts.active,
        fully_labeled: counts.labelled,
        ready: counts.ready,
        available,
        terminating: has_terminating.then_some(counts.terminating),
        observed_generation: generation,
        conditions: set.status.conditions.clone(),
    }
}

/// Sets or removes ReplicaFailure; its message is that of the first refusal.
pub(super) fn set_failure(now: SimTime, status: &mut ReplicaSetStatus, difference: i32, message: Option<Text>) {
    let known = status.conditions.iter().position(|condition| condition.kind == REPLICA_FAILURE);
    match (message, known) {
        (None, Some(index)) => {
            status.conditions.remove(index);
        }
        (Some(message), None) => status.conditions.push(Condition {
            kind: Text::const_new(REPLICA_FAILURE),
            status: ConditionStatus::True,
            reason: Text::const_new(if difference < 0 { "FailedCreate" } else { "FailedDelete" }),
            message,
            last_transition: SimTime::from_secs(now.as_secs()),
            last_update: SimTime::from_secs(now.as_secs()),
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_its_first_message_and_goes_with_the_first_success() {
        let mut status = ReplicaSetStatus::default();
        set_failure(SimTime::from_millis(1500), &mut status, -1, Some(Text::const_new("quota")));
        set_failure(SimTime::from_secs(9), &mut status, -1, Some(Text::const_new("other")));
        assert_eq!(status.conditions.len(), 1);
        assert_eq!((&*status.conditions[0].reason, &*status.conditions[0].message), ("FailedCreate", "quota"));
        assert_eq!(status.conditions[0].last_transition, SimTime::from_secs(1));
        set_failure(SimTime::from_secs(9), &mut status, 0, None);
        assert_eq!(status.conditions, []);
    }
}
