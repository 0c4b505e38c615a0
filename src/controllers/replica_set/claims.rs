//! Adoption of matching orphans and release of pods that match no more.
//! Upstream: controller `PodControllerRefManager.ClaimPods`.

use crate::cluster::{Change, Cluster, Fields, Verb};
use crate::model::object::{ObjectRef, PodId};

use super::super::plan::Call;
use super::super::work_queue::WorkQueue;
use super::ReplicaSetController;

impl<const REPLICATION: bool> ReplicaSetController<REPLICATION> {
    /// A pod without a controller of any kind: whoever selects it may adopt it.
    pub(super) fn observe_orphan(&mut self, pod: PodId, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let row = cluster.pod(pod);
        let relevant = change.fields.intersects(Fields::LABELS | Fields::OWNERSHIP) && change.verb != Verb::Deleted;
        if !relevant || row.controller.is_some() || !is_adoptable(pod, cluster) {
            return;
        }
        for set in self.selectors.matching(row.namespace, &cluster.template(row.template).labels) {
            self.orphans.entry(set).or_default().insert(pod);
            queue.add(set);
        }
    }

    /// The orphans that a new set finds.
    pub(super) fn find_orphans(&mut self, key: ObjectRef, cluster: &Cluster) {
        let Some(set) = cluster.body(key).as_replica_set() else { return };
        let found: Vec<PodId> = cluster
            .pods_matching(cluster.meta(key).namespace, &set.selector)
            .into_iter()
            .filter(|pod| !cluster.pod(*pod).controller.is_some())
            .collect();
        if !found.is_empty() {
            self.orphans.entry(key).or_default().extend(found);
        }
    }

    /// What a sync has to write before it counts.
    pub(super) fn claims(&mut self, key: ObjectRef, cluster: &Cluster) -> Vec<Call> {
        let (orphans, relabelled) = (self.orphans.remove(&key), self.relabelled.remove(&key));
        let Some(set) = cluster.body(key).as_replica_set() else { return Vec::new() };
        if cluster.meta(key).deletion.is_some() {
            return Vec::new();
        }
        let selects = |pod: &PodId| set.selector.matches(&cluster.template_of(*pod).labels);
        let adopted = orphans
            .into_iter()
            .flatten()
            .filter(|pod| !cluster.pod(*pod).controller.is_some() && is_adoptable(*pod, cluster) && selects(pod))
            .map(|pod| Call::SetPodController { pod, controller: key });
        let released = relabelled
            .into_iter()
            .flatten()
            .filter(|pod| cluster.pod(*pod).controller == key && !selects(pod))
            .map(|pod| Call::SetPodController { pod, controller: ObjectRef::NONE });
        adopted.chain(released).filter(|call| concerns_live_pod(call, cluster)).collect()
    }
}

/// Neither deleted nor ended: upstream's claim filter asks for active pods.
fn is_adoptable(pod: PodId, cluster: &Cluster) -> bool {
    let row = cluster.pod(pod);
    row.deleted.is_none() && row.is_active()
}

fn concerns_live_pod(call: &Call, cluster: &Cluster) -> bool {
    matches!(call, Call::SetPodController { pod, .. } if cluster.pod(*pod).deleted.is_none())
}
