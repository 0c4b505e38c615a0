//! Which pods wait for which node after a preemption. Upstream: backend/queue `nominator`.

use rustc_hash::FxHashMap;

use crate::cluster::Cluster;
use crate::model::object::{NodeId, PodId};
use crate::scheduler::cache::{NodeInfo, PodEntry};

/// Nominated pods by node, in order of nomination.
#[derive(Debug, Default)]
pub struct Nominator {
    by_node: FxHashMap<NodeId, Vec<PodId>>,
    by_pod: FxHashMap<PodId, NodeId>,
}

impl Nominator {
    /// Is there any nomination?
    pub fn has_pods(&self) -> bool {
        !self.by_pod.is_empty()
    }

    /// The node a pod is nominated to.
    pub fn node_of(&self, pod: PodId) -> Option<NodeId> {
        self.by_pod.get(&pod).copied()
    }

    /// The pods nominated to a node.
    pub fn pods_on(&self, node: NodeId) -> &[PodId] {
        self.by_node.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Nominates a pod to a node, and to no other any more.
    pub fn set(&mut self, pod: PodId, node: NodeId) {
        self.remove(pod);
        self.by_pod.insert(pod, node);
        self.by_node.entry(node).or_default().push(pod);
    }

    /// Ends a pod's nomination.
    pub fn remove(&mut self, pod: PodId) {
        if self.by_pod.is_empty() {
            return;
        }
        let Some(node) = self.by_pod.remove(&pod) else { return };
        if let Some(pods) = self.by_node.get_mut(&node) {
            pods.retain(|candidate| *candidate != pod);
            if pods.is_empty() {
                self.by_node.remove(&node);
            }
        }
    }

    /// The pods nominated to a node that one of this priority has to respect, itself left out.
    pub fn respected<'a>(
        &'a self,
        cluster: &'a Cluster,
        node: NodeId,
        pod: PodId,
        priority: i32,
    ) -> impl Iterator<Item = PodEntry> + 'a {
        let others = self.pods_on(node).iter().copied().filter(move |nominated| *nominated != pod);
        others.map(|nominated| entry(cluster, nominated)).filter(move |nominated| nominated.priority >= priority)
    }

    /// A copy of the node with the respected pods on it; `None` if there are none.
    pub fn with_nominated(&self, cluster: &Cluster, node: &NodeInfo, pod: PodId, priority: i32) -> Option<NodeInfo> {
        let mut copy = None;
        for nominated in self.respected(cluster, node.node, pod, priority) {
            let copy = copy.get_or_insert_with(|| node.clone());
            copy.add_pod(nominated, cluster.template(nominated.template));
        }
        copy
    }
}

/// A pod as it would be on a node.
pub fn entry(cluster: &Cluster, pod: PodId) -> PodEntry {
    let row = cluster.pod(pod);
    PodEntry {
        pod,
        namespace: row.namespace,
        template: row.template,
        priority: cluster.template(row.template).spec.priority,
        terminating: row.deletion.is_some(),
    }
}
