//! What is seen of a node after a write, as `kubectl get nodes` would show it.

use super::super::{Amounts, Moment, NodeFacts, NodeIndex};
use super::{Collector, is_gone};
use crate::cluster::{Change, Cluster, Fields};
use crate::model::condition;
use crate::model::node::Node;
use crate::model::object::NodeId;

impl Collector {
    pub(super) fn node(&mut self, now: Moment, id: NodeId, change: &Change, cluster: &Cluster) {
        let object = cluster.node(id);
        let Some(node) = object.body.as_node() else { return };
        let index = NodeIndex(id.0);
        let allocatable = Amounts {
            cpu_milli: node.allocatable_resources.cpu_milli.max(0) as u64,
            memory_bytes: node.allocatable_resources.memory.max(0) as u64,
        };
        if self.record.nodes.len() <= index.index() {
            let tags = self.tags.get(object.meta.name.as_str());
            let facts = NodeFacts {
                name: &object.meta.name,
                group: tags.map_or_else(|| group_of(&object.meta.name), |tags| &tags.group),
                zone: object.meta.labels.get("topology.kubernetes.io/zone").unwrap_or_default(),
                price: tags.map_or(0.0, |tags| tags.price),
                allocatable,
                allocatable_pods: u32::try_from(node.allowed_pods()).unwrap_or_default(),
            };
            let met = self.record.node_created(now, facts);
            // Nodes are created in the order of their ids, so that both tables have the same rows.
            assert_eq!(met, index, "a node's Added entry precedes all others of it");
        }
        if is_gone(change.verb) {
            self.record.node_deleted(now, index);
            return;
        }
        if change.fields.contains(Fields::ALLOCATABLE) {
            self.record.node_resized(now, index, allocatable);
        }
        self.record.node_changed(now, index, status(node), node.is_ready());
    }
}

/// The STATUS column. Upstream: pkg/printers/internalversion `printNode`.
fn status(node: &Node) -> &'static str {
    let ready = condition::find(&node.conditions, "Ready").map(|ready| ready.status.is_true());
    match (ready, node.unschedulable) {
        (Some(true), false) => "Ready",
        (Some(true), true) => "Ready,SchedulingDisabled",
        (Some(false), false) => "NotReady",
        (Some(false), true) => "NotReady,SchedulingDisabled",
        (None, false) => "Unknown",
        (None, true) => "Unknown,SchedulingDisabled",
    }
}

/// A node that no group of the scenario made: its name without a number at its end.
pub(super) fn group_of(name: &str) -> &str {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    match stem.strip_suffix('-') {
        Some(stem) if stem.len() + 1 < name.len() && !stem.is_empty() => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_a_name_without_its_number() {
        for (name, group) in [("node-1", "node"), ("worker-a-12", "worker-a"), ("control", "control"), ("-1", "-1")] {
            assert_eq!(group_of(name), group);
        }
    }
}
