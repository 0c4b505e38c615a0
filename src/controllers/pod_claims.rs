//! Adoption of matching orphans and release of pods that match no more.
//! Upstream: controller `PodControllerRefManager.ClaimPods`.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::cluster::{Change, Cluster, Fields, Verb};
use crate::model::object::{ObjectRef, PodId};
use crate::model::selector::LabelSelector;

use super::plan::Call;
use super::selector_index::SelectorIndex;
use super::work_queue::WorkQueue;

/// Pods that a controller's objects may have to adopt or to release.
#[derive(Debug, Default)]
pub(super) struct PodClaims {
    selectors: SelectorIndex,
    /// Pods without a controller that were seen to match.
    orphans: FxHashMap<ObjectRef, BTreeSet<PodId>>,
    /// Own pods whose labels changed: perhaps to be released.
    relabelled: FxHashMap<ObjectRef, BTreeSet<PodId>>,
}

impl PodClaims {
    /// A pod without a controller of any kind: whoever selects it may adopt it.
    pub(super) fn observe_orphan(&mut self, pod: PodId, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let row = cluster.pod(pod);
        let relevant = change.fields.intersects(Fields::LABELS | Fields::OWNERSHIP) && change.verb != Verb::Deleted;
        if !relevant || row.controller.is_some() || row.deleted || row.deletion.is_some() {
            return;
        }
        for set in self.selectors.matching(row.namespace, &cluster.template(row.template).labels) {
            self.orphans.entry(set).or_default().insert(pod);
            queue.add(set);
        }
    }

    /// A pod of `owner` changed.
    pub(super) fn observe_owned(&mut self, owner: ObjectRef, pod: PodId, change: &Change) {
        if change.verb == Verb::Modified && change.fields.contains(Fields::LABELS) {
            self.relabelled.entry(owner).or_default().insert(pod);
        }
    }

    /// An object came, changed or went.
    pub(super) fn observe_set(&mut self, key: ObjectRef, selector: &LabelSelector, change: &Change, cluster: &Cluster) {
        let namespace = cluster.meta(key).namespace;
        if !cluster.is_live(key) {
            self.selectors.set(namespace, key, None);
            self.orphans.remove(&key);
            self.relabelled.remove(&key);
            return;
        }
        if change.fields.contains(Fields::SPEC) {
            self.selectors.set(namespace, key, Some(selector));
        }
        if change.verb == Verb::Added {
            let matching = cluster.pods_matching(namespace, selector).into_iter();
            let found: Vec<PodId> = matching.filter(|pod| !cluster.pod(*pod).controller.is_some()).collect();
            if !found.is_empty() {
                self.orphans.entry(key).or_default().extend(found);
            }
        }
    }

    /// What a sync has to write before it counts. `is_member` is the filter of a kind beside its selector.
    pub(super) fn take(
        &mut self,
        key: ObjectRef,
        selector: &LabelSelector,
        is_member: impl Fn(PodId) -> bool,
        cluster: &Cluster,
    ) -> Vec<Call> {
        let (orphans, relabelled) = (self.orphans.remove(&key), self.relabelled.remove(&key));
        if cluster.meta(key).deletion.is_some() {
            return Vec::new();
        }
        let matches = |pod: PodId| selector.matches(&cluster.template_of(pod).labels) && is_member(pod);
        let is_free = |pod: &PodId| {
            let row = cluster.pod(*pod);
            !row.deleted && row.deletion.is_none() && !row.controller.is_some()
        };
        let adopted = orphans.into_iter().flatten().filter(is_free).filter(|pod| matches(*pod));
        let adopted = adopted.map(|pod| Call::SetPodController { pod, controller: key });
        let is_own = |pod: &PodId| cluster.pod(*pod).controller == key && !cluster.pod(*pod).deleted;
        let released = relabelled.into_iter().flatten().filter(is_own).filter(|pod| !matches(*pod));
        let released = released.map(|pod| Call::SetPodController { pod, controller: ObjectRef::NONE });
        adopted.chain(released).collect()
    }
}
