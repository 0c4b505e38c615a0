//! Which pods of a ReplicaSet die first when it shrinks.
//! Upstream: replicaset `getPodsToDelete`, controller `ActivePodsWithRanks.Less`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::pod::{Pod, PodConditionType, PodPhase};
use crate::model::pod_spec::ContainerKind;
use crate::model::pod_template::PodTemplate;

const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// What the order looks at.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) pod: PodId,
    pub(super) uid: String,
    pub(super) bound: bool,
    pub(super) phase: PodPhase,
    /// Since when it is Ready, if it is.
    pub(super) ready_since: Option<SimTime>,
    /// The lowest UID of those that are Ready since the same instant.
    pub(super) ready_uid: String,
    pub(super) cost: i32,
    /// Active pods of the set and its siblings on the same node.
    pub(super) rank: i32,
    /// Most restarts of a main container, and of a sidecar.
    pub(super) restarts: (u32, u32),
    pub(super) created: SimTime,
}

/// The `count` active pods of `key` that go first.
pub(super) fn pods_to_delete(now: SimTime, key: ObjectRef, count: usize, cluster: &Cluster) -> Vec<PodId> {
    let active: Vec<PodId> = cluster.pods_of(key).filter(|pod| cluster.pod(*pod).is_active()).collect();
    if count >= active.len() {
        return active;
    }
    let on_node = active_by_node(key, cluster);
    let mut candidates: Vec<Candidate> = active.into_iter().map(|pod| candidate(pod, &on_node, cluster)).collect();
    share_uids(&mut candidates);
    candidates.sort_by(|left, right| compare(now, left, right));
    candidates[..count].iter().map(|candidate| candidate.pod).collect()
}

/// Upstream's order is none where some of several pods are Ready since the same instant (restarts decide between them,
/// chance between the others). Here those stay together, at the place of the first of them.
fn share_uids(candidates: &mut [Candidate]) {
    let mut lowest: BTreeMap<SimTime, String> = BTreeMap::new();
    for candidate in &*candidates {
        let since = candidate.ready_since.unwrap_or_default();
        let known = lowest.entry(since).or_insert_with(|| candidate.uid.clone());
        if candidate.uid < *known {
            known.clone_from(&candidate.uid);
        }
    }
    for candidate in candidates {
        candidate.ready_uid.clone_from(&lowest[&candidate.ready_since.unwrap_or_default()]);
    }
}

/// Active pods by node, over all sets of the same controller. Upstream: replicaset `getIndirectlyRelatedPods`.
fn active_by_node(key: ObjectRef, cluster: &Cluster) -> FxHashMap<NodeId, i32> {
    let mut on_node = FxHashMap::default();
    let controller = cluster.meta(key).controller();
    if !controller.is_some() {
        return on_node;
    }
    for set in cluster.owned(controller, Kind::REPLICA_SET) {
        for pod in cluster.pods_of(set).map(|pod| cluster.pod(pod)).filter(|pod| pod.is_active()) {
            *on_node.entry(pod.node).or_default() += 1;
        }
    }
    on_node
}

fn candidate(pod: PodId, on_node: &FxHashMap<NodeId, i32>, cluster: &Cluster) -> Candidate {
    let row = cluster.pod(pod);
    let template = cluster.template(row.template);
    let ready = row.status.condition(PodConditionType::Ready).filter(|ready| ready.status.is_true());
    Candidate {
        pod,
        uid: cluster.uid(ObjectRef::pod(pod)),
        bound: row.node.is_some(),
        phase: row.status.phase,
        ready_since: ready.map(|ready| ready.last_transition),
        ready_uid: String::new(),
        cost: deletion_cost(template.annotations.get(DELETION_COST)),
        rank: on_node.get(&row.node).copied().unwrap_or(0),
        restarts: restarts(row, template),
        created: row.created,
    }
}

/// Upstream: apis/core/helper `GetDeletionCostFromPodAnnotations`: what cannot be read costs 0.
fn deletion_cost(annotation: Option<&str>) -> i32 {
    let Some(text) = annotation else { return 0 };
    let digits = text.strip_prefix('-').unwrap_or(text);
    let odd = text.starts_with('+') || digits.len() > 1 && digits.starts_with('0');
    if odd { 0 } else { text.parse().unwrap_or(0) }
}

/// Upstream: controller `maxContainerRestarts`.
fn restarts(row: &Pod, template: &PodTemplate) -> (u32, u32) {
    let most = |kind: ContainerKind| {
        let of_kind = row.status.containers.iter().enumerate();
        let of_kind = of_kind.filter(|(index, _)| template.spec.container_kind(*index) == kind);
        of_kind.map(|(_, container)| container.restart_count).max().unwrap_or(0)
    };
    (most(ContainerKind::Main), most(ContainerKind::Sidecar))
}

/// `Less` is deleted first.
pub(super) fn compare(now: SimTime, left: &Candidate, right: &Candidate) -> Ordering {
    let phase = |candidate: &Candidate| match candidate.phase {
        PodPhase::Pending => 0,
        PodPhase::Unknown => 1,
        _ => 2,
    };
    left.bound
        .cmp(&right.bound)
        .then_with(|| phase(left).cmp(&phase(right)))
        .then_with(|| left.ready_since.is_some().cmp(&right.ready_since.is_some()))
        .then_with(|| left.cost.cmp(&right.cost))
        .then_with(|| right.rank.cmp(&left.rank))
        .then_with(|| match (left.ready_since, right.ready_since) {
            (Some(one), Some(other)) if one != other => {
                bucket(now, one).cmp(&bucket(now, other)).then_with(|| left.ready_uid.cmp(&right.ready_uid))
            }
            _ => Ordering::Equal,
        })
        .then_with(|| right.restarts.cmp(&left.restarts))
        .then_with(|| bucket(now, left.created).cmp(&bucket(now, right.created)))
        .then_with(|| left.uid.cmp(&right.uid))
}

/// Ages count on a logarithmic scale; within a step of it chance decides, by UID: trunc(log2(age in ns)), -1 for no age.
/// Upstream: controller `afterOrZero` with gate LogarithmicScaleDown.
fn bucket(now: SimTime, since: SimTime) -> i32 {
    // Objects keep whole seconds.
    let since = SimTime::from_secs(since.as_secs());
    now.since(since).0.checked_ilog2().map_or(-1, |power| power as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(id: u32) -> Candidate {
        Candidate {
            pod: PodId(id),
            uid: format!("{id:04}"),
            bound: true,
            phase: PodPhase::Running,
            ready_since: Some(SimTime::from_secs(10)),
            ready_uid: format!("{id:04}"),
            cost: 0,
            rank: 1,
            restarts: (0, 0),
            created: SimTime::ZERO,
        }
    }

    /// Each row differs from the base in one criterion that makes it go first, the most important one first.
    fn ladder() -> Vec<Candidate> {
        let unbound = Candidate { bound: false, phase: PodPhase::Pending, ready_since: None, ..base(9) };
        let pending = Candidate { phase: PodPhase::Pending, ready_since: None, ..base(8) };
        let unready = Candidate { ready_since: None, ..base(7) };
        let cheap = Candidate { cost: -1, ..base(6) };
        let crowded = Candidate { rank: 2, ..base(5) };
        let younger = Candidate { ready_since: Some(SimTime::from_secs(90)), ..base(4) };
        let restarted = Candidate { restarts: (1, 0), ..base(3) };
        let sidecar = Candidate { restarts: (0, 1), ..base(2) };
        let newer = Candidate { created: SimTime::from_secs(95), ..base(1) };
        vec![unbound, pending, unready, cheap, crowded, younger, restarted, sidecar, newer, base(0)]
    }

    #[test]
    fn the_first_criterion_that_differs_decides() {
        let now = SimTime::from_secs(100);
        let ladder = ladder();
        for (index, one) in ladder.iter().enumerate() {
            for other in &ladder[index + 1..] {
                assert_eq!(compare(now, one, other), Ordering::Less, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn equal_steps_of_age_are_decided_by_uid() {
        let now = SimTime::from_secs(100);
        // 100 s and 90 s old: both between 2^36 and 2^37 ns.
        let (old, young) = (Candidate { ready_since: Some(SimTime::ZERO), ..base(1) }, base(2));
        assert_eq!(compare(now, &old, &young), Ordering::Less);
        assert_eq!(bucket(SimTime::from_secs(9), SimTime::ZERO), 33);
        assert_eq!(bucket(SimTime::from_secs(17), SimTime::ZERO), 33);
        assert_eq!(bucket(SimTime::from_secs(18), SimTime::ZERO), 34);
        assert_eq!(bucket(SimTime::ZERO, SimTime::ZERO), -1);
    }

    #[test]
    fn a_cost_that_cannot_be_read_is_none() {
        for (text, cost) in [("5", 5), ("-7", -7), ("+5", 0), ("05", 0), ("x", 0), ("0", 0), ("9999999999", 0)] {
            assert_eq!(deletion_cost(Some(text)), cost, "{text}");
        }
    }
}
