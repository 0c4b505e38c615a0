//! Which pods of a StatefulSet are made and deleted in one sync: a pure function of what is there.
//! Upstream: statefulset `updateStatefulSet`, `processReplica`, `processCondemned`, `performUpdate`.

use crate::model::Text;
use crate::model::object::PodId;
use crate::model::workload::StatefulSet;

/// A pod with its ordinal, or the place of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Replica {
    pub(super) ordinal: i32,
    /// `None` where the pod does not exist.
    pub(super) pod: Option<PodId>,
    /// Succeeded or Failed.
    pub(super) ended: bool,
    /// Phase Running and Ready.
    pub(super) running_ready: bool,
    /// Ready for minReadySeconds.
    pub(super) available: bool,
    pub(super) deleting: bool,
    /// Phase Pending.
    pub(super) pending: bool,
    /// The pod is missing, and a claim of its predecessor is still to be collected.
    pub(super) stale_claims: bool,
    /// Its revision label.
    pub(super) revision: Text,
    /// The pod does not have the label with its name.
    pub(super) lost_identity: bool,
}

impl Replica {
    /// Upstream: statefulset `isUnavailable`.
    fn is_unavailable(&self) -> bool {
        !self.available || self.deleting
    }
}

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Makes the pod of this ordinal.
    Create(i32),
    /// Deletes a pod.
    Delete(PodId),
    /// Deletes a pod so that it comes back with the new template.
    Replace(PodId),
    /// Makes the claims that the pod of this ordinal lacks.
    MakeClaims(i32),
    /// Gives a pod its labels back.
    Identify(PodId),
    /// Gives the claims of a pod the owners that the retention policy asks for.
    OwnClaims {
        /// The pod.
        pod: PodId,
        /// Is it one of too many?
        condemned: bool,
    },
}

/// Decides. `replicas` are the wanted ordinals in order, `condemned` the others, highest first. `many` says whether
/// `maxUnavailable` counts (feature gate MaxUnavailableStatefulSet).
pub(super) fn steps(
    set: &StatefulSet,
    update_revision: &str,
    replicas: &[Replica],
    condemned: &[Replica],
    many: bool,
) -> Vec<Step> {
    let mut steps = Vec::new();
    if !grow(set, replicas, &mut steps) {
        return steps;
    }
    if !set.claim_templates.is_empty() {
        steps.extend(condemned.iter().filter_map(|one| Some(Step::OwnClaims { pod: one.pod?, condemned: true })));
    }
    if shrink(set, replicas, condemned, &mut steps) && !set.on_delete {
        if many {
            roll_many(set, update_revision, replicas, &mut steps);
        } else {
            steps.extend(roll(set, update_revision, replicas));
        }
    }
    steps
}

/// Makes what is missing. False where the sync ends here: a Parallel set goes on whatever it finds (`runForAll`).
fn grow(set: &StatefulSet, replicas: &[Replica], steps: &mut Vec<Step>) -> bool {
    for replica in replicas {
        let Some(pod) = replica.pod else {
            if replica.stale_claims {
                if set.parallel {
                    continue;
                }
                return false;
            }
            steps.push(Step::Create(replica.ordinal));
            if set.parallel {
                continue;
            }
            return false;
        };
        if replica.ended {
            if !replica.deleting {
                steps.push(Step::Delete(pod));
            }
            if set.parallel {
                continue;
            }
            return false;
        }
        if replica.pending && !set.claim_templates.is_empty() {
            steps.push(Step::MakeClaims(replica.ordinal));
        }
        if !set.parallel && (replica.deleting || !replica.running_ready || !replica.available) {
            return false;
        }
        if !set.claim_templates.is_empty() {
            steps.push(Step::OwnClaims { pod, condemned: false });
        }
        if replica.lost_identity {
            steps.push(Step::Identify(pod));
        }
    }
    true
}

/// Deletes what is too much. False where the sync ends here.
fn shrink(set: &StatefulSet, replicas: &[Replica], condemned: &[Replica], steps: &mut Vec<Step>) -> bool {
    let first_unavailable = replicas.iter().chain(condemned.iter().rev()).find(|replica| replica.is_unavailable());
    for replica in condemned {
        let Some(pod) = replica.pod else { continue };
        if replica.deleting {
            if set.parallel {
                continue;
            }
            return false;
        }
        let waits = !(replica.running_ready && replica.available) && first_unavailable != Some(replica);
        if !set.parallel && waits {
            return false;
        }
        steps.push(Step::Delete(pod));
        if !set.parallel {
            return false;
        }
    }
    true
}

/// From the highest ordinal down to the partition: the first old pod goes, unless one above it is unavailable.
fn roll(set: &StatefulSet, update_revision: &str, replicas: &[Replica]) -> Option<Step> {
    let partition = set.partition.max(0) as usize;
    for replica in replicas.iter().skip(partition).rev() {
        match replica.pod {
            Some(pod) if replica.revision != update_revision && !replica.deleting => return Some(Step::Replace(pod)),
            _ if replica.is_unavailable() => return None,
            _ => {}
        }
    }
    None
}

/// As many old pods as may be unavailable, from the highest ordinal down to the partition.
/// Upstream: statefulset `updateStatefulSetAfterInvariantEstablished`, `getStatefulSetMaxUnavailable`.
fn roll_many(set: &StatefulSet, update_revision: &str, replicas: &[Replica], steps: &mut Vec<Step>) {
    let most = set.max_unavailable.map_or(1, |most| most.scaled(set.replicas, false)).max(1);
    let unavailable = replicas.iter().filter(|replica| replica.is_unavailable()).count();
    let left = (most as usize).saturating_sub(unavailable);
    let old = replicas.iter().skip(set.partition.max(0) as usize).rev();
    let old = old.filter(|replica| replica.revision != update_revision && !replica.deleting);
    steps.extend(old.filter_map(|replica| replica.pod).take(left).map(Step::Replace));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::int_or_percent::IntOrPercent;
    use crate::model::object::TemplateId;
    use crate::model::selector::LabelSelector;
    use crate::model::workload::StatefulSetStatus;

    fn set(parallel: bool) -> StatefulSet {
        StatefulSet {
            replicas: 3,
            selector: LabelSelector::default(),
            template: TemplateId::NONE,
            service_name: Text::default(),
            parallel,
            on_delete: false,
            partition: 0,
            max_unavailable: None,
            min_ready_seconds: 0,
            revision_history_limit: 10,
            first_ordinal: 0,
            claim_templates: Vec::new(),
            delete_claims_with_set: false,
            delete_claims_with_pod: false,
            status: StatefulSetStatus::default(),
        }
    }

    fn missing(ordinal: i32) -> Replica {
        Replica { ordinal, ..Replica::default() }
    }

    fn pod(ordinal: i32, revision: &'static str) -> Replica {
        Replica {
            ordinal,
            pod: Some(PodId(ordinal as u32)),
            running_ready: true,
            available: true,
            revision: Text::const_new(revision),
            ..Replica::default()
        }
    }

    fn unready(replica: Replica) -> Replica {
        Replica { running_ready: false, available: false, ..replica }
    }

    #[test]
    fn in_order_one_pod_is_made_when_the_one_before_is_ready() {
        let all = [pod(0, "b"), missing(1), missing(2)];
        assert_eq!(steps(&set(false), "b", &all, &[], false), [Step::Create(1)]);
        let waiting = [unready(pod(0, "b")), missing(1), missing(2)];
        assert_eq!(steps(&set(false), "b", &waiting, &[], false), []);
        assert_eq!(steps(&set(true), "b", &waiting, &[], false), [Step::Create(1), Step::Create(2)]);
    }

    #[test]
    fn the_highest_old_pod_is_replaced_once_all_above_are_available() {
        let all = [pod(0, "a"), pod(1, "a"), pod(2, "b")];
        assert_eq!(steps(&set(false), "b", &all, &[], false), [Step::Replace(PodId(1))]);
        let waiting = [pod(0, "a"), pod(1, "a"), unready(pod(2, "b"))];
        assert_eq!(steps(&set(true), "b", &waiting, &[], false), []);
        let partitioned = StatefulSet { partition: 2, ..set(false) };
        assert_eq!(steps(&partitioned, "b", &all, &[], false), []);
    }

    #[test]
    fn a_broken_new_pod_blocks_an_ordered_set_even_after_the_template_is_reverted() {
        let all = [pod(0, "a"), pod(1, "a"), unready(pod(2, "b"))];
        assert_eq!(steps(&set(false), "a", &all, &[], false), []);
        assert_eq!(steps(&set(true), "a", &all, &[], false), [Step::Replace(PodId(2))]);
    }

    #[test]
    fn shrinking_goes_from_the_top_one_at_a_time() {
        let kept = [pod(0, "a")];
        let condemned = [pod(2, "a"), pod(1, "a")];
        assert_eq!(steps(&set(false), "a", &kept, &condemned, false), [Step::Delete(PodId(2))]);
        let leaving = [Replica { deleting: true, ..pod(2, "a") }, pod(1, "a")];
        assert_eq!(steps(&set(false), "a", &kept, &leaving, false), []);
        assert_eq!(steps(&set(true), "a", &kept, &condemned, false), [Step::Delete(PodId(2)), Step::Delete(PodId(1))]);
    }

    #[test]
    fn a_pod_that_lost_its_labels_gets_them_back_once_it_is_its_turn() {
        let all = [Replica { lost_identity: true, ..pod(0, "a") }, pod(1, "a"), pod(2, "a")];
        assert_eq!(steps(&set(false), "a", &all, &[], false), [Step::Identify(PodId(0))]);
        let waiting = [Replica { lost_identity: true, ..unready(pod(0, "a")) }, pod(1, "a"), pod(2, "a")];
        assert_eq!(steps(&set(false), "a", &waiting, &[], false), []);
    }

    #[test]
    fn an_ended_pod_is_deleted_first() {
        let all = [Replica { ended: true, ..unready(pod(0, "a")) }, pod(1, "a"), pod(2, "a")];
        assert_eq!(steps(&set(false), "a", &all, &[], false), [Step::Delete(PodId(0))]);
    }

    #[test]
    fn a_parallel_set_shrinks_beside_an_ended_pod() {
        let all = [Replica { ended: true, ..unready(pod(0, "a")) }, pod(1, "a"), pod(2, "a")];
        let condemned = [pod(3, "a")];
        let expected = [Step::Delete(PodId(0)), Step::Delete(PodId(3))];
        assert_eq!(steps(&set(true), "a", &all, &condemned, false), expected);
        assert_eq!(steps(&set(false), "a", &all, &condemned, false), [Step::Delete(PodId(0))]);
    }

    #[test]
    fn with_the_gate_as_many_go_as_may_be_unavailable() {
        let all = [pod(0, "a"), pod(1, "a"), pod(2, "a")];
        let two = StatefulSet { max_unavailable: Some(IntOrPercent::Int(2)), ..set(false) };
        assert_eq!(steps(&two, "b", &all, &[], true), [Step::Replace(PodId(2)), Step::Replace(PodId(1))]);
        let percent = StatefulSet { max_unavailable: Some(IntOrPercent::Percent(50)), ..set(true) };
        assert_eq!(steps(&percent, "b", &all, &[], true), [Step::Replace(PodId(2))]);
        let waiting = [pod(0, "a"), pod(1, "a"), unready(pod(2, "b"))];
        assert_eq!(steps(&two, "b", &waiting, &[], true), []);
        let parallel = StatefulSet { parallel: true, ..two };
        assert_eq!(steps(&parallel, "b", &waiting, &[], true), [Step::Replace(PodId(1))]);
    }

    #[test]
    fn a_claim_that_is_still_to_be_collected_holds_its_pod_back() {
        let all = [pod(0, "a"), Replica { stale_claims: true, ..missing(1) }, missing(2)];
        assert_eq!(steps(&set(false), "a", &all, &[], false), []);
        assert_eq!(steps(&set(true), "a", &all, &[], false), [Step::Create(2)]);
    }
}
