//! A node as the scheduler sees it: its facts, the pods on it and what they use. Upstream: framework.NodeInfo.

use std::sync::Arc;

use super::images::{ImageId, Images};
use super::node_tree::zone_key;
use crate::model::Text;
use crate::model::labels::Labels;
use crate::model::object::{NamespaceId, NodeId, Object, PodId, TemplateId};
use crate::model::pod_template::{HostPort, PodTemplate};
use crate::model::resources::Resources;
use crate::model::taint::Taint;
use crate::scheduler::plugins::volume_restrictions::Disk;

/// What the node object says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeFacts {
    /// Name.
    pub name: Text,
    /// Labels.
    pub labels: Arc<Labels>,
    /// Taints in order.
    pub taints: Vec<Taint>,
    /// Cordoned?
    pub unschedulable: bool,
    /// Allocatable.
    pub allocatable: Resources,
    /// How many pods it takes.
    pub allowed_pods: i64,
    /// Region and zone in one.
    pub zone: Text,
    /// `status.declaredFeatures`.
    pub features: Vec<Text>,
}

impl NodeFacts {
    /// The facts of a node object.
    pub fn of(object: &Object) -> Self {
        let Some(node) = object.body.as_node() else { return Self::default() };
        Self {
            name: object.meta.name.clone(),
            labels: Arc::clone(&object.meta.labels),
            taints: node.taints.clone(),
            unschedulable: node.unschedulable,
            allocatable: node.allocatable_resources.clone(),
            allowed_pods: node.allowed_pods(),
            zone: zone_key(&object.meta.labels),
            features: node.declared_features.clone(),
        }
    }
}

/// A pod on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodEntry {
    /// The pod.
    pub pod: PodId,
    /// Its namespace.
    pub namespace: NamespaceId,
    /// Its template.
    pub template: TemplateId,
    /// Its priority.
    pub priority: i32,
    /// Is it being deleted?
    pub terminating: bool,
}

/// A node with what is on it.
#[derive(Clone, Debug, Default)]
pub struct NodeInfo {
    /// The node.
    pub node: NodeId,
    /// What the object says.
    pub facts: Arc<NodeFacts>,
    /// Pods bound or assumed, in order of arrival; a removal puts the last into the gap.
    pub pods: Vec<PodEntry>,
    /// Sum of requests.
    pub requested: Resources,
    /// Sum of CPU requests with 100m for containers that state none, in thousandths.
    pub nonzero_cpu_milli: i64,
    /// Sum of memory requests with 200Mi for containers that state none, in bytes.
    pub nonzero_memory: i64,
    /// Host ports in use, each once.
    pub used_ports: Vec<HostPort>,
    /// Disks that exclude others, one for each use.
    pub disks: Vec<Disk>,
    /// Images, sorted, with the number of nodes that had them when this node was last copied into the snapshot.
    pub images: Vec<(ImageId, u32)>,
}

impl NodeInfo {
    /// Puts a pod on it.
    pub fn add_pod(&mut self, entry: PodEntry, template: &PodTemplate) {
        self.pods.push(entry);
        self.requested.add(&template.requests);
        self.nonzero_cpu_milli += template.nonzero_requests.cpu_milli;
        self.nonzero_memory += template.nonzero_requests.memory;
        for port in &template.host_ports {
            if !self.used_ports.contains(port) {
                self.used_ports.push(port.clone());
            }
        }
        self.disks.extend(Disk::of(&template.spec.volumes));
    }

    /// Takes a pod off it; `None` if it was not there.
    pub fn remove_pod(&mut self, pod: PodId, template: &PodTemplate) -> Option<PodEntry> {
        let place = self.pods.iter().position(|entry| entry.pod == pod)?;
        let entry = self.pods.swap_remove(place);
        self.requested.subtract(&template.requests);
        self.nonzero_cpu_milli -= template.nonzero_requests.cpu_milli;
        self.nonzero_memory -= template.nonzero_requests.memory;
        // A port used by two pods is counted once, so it is free again when one of them goes.
        self.used_ports.retain(|port| !template.host_ports.contains(port));
        for disk in Disk::of(&template.spec.volumes) {
            if let Some(place) = self.disks.iter().position(|used| *used == disk) {
                self.disks.swap_remove(place);
            }
        }
        Some(entry)
    }

    /// Copies how many nodes have its images. Upstream: `ImageStateSummary` is taken when a node is copied.
    pub(super) fn freeze_images(&mut self, images: &Images) {
        for (image, nodes) in &mut self.images {
            *nodes = images.nodes(*image);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{pod_template, requests};

    #[test]
    fn removing_a_pod_moves_the_last_into_its_place() {
        let template = pod_template(requests("500m", "1Gi"));
        let mut node = NodeInfo::default();
        for pod in 0..3 {
            let entry = PodEntry {
                pod: PodId(pod),
                namespace: NamespaceId(0),
                template: TemplateId(0),
                priority: 0,
                terminating: false,
            };
            node.add_pod(entry, &template);
        }
        node.remove_pod(PodId(0), &template);
        assert_eq!(node.pods.iter().map(|entry| entry.pod.0).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((node.requested.cpu_milli, node.requested.memory), (1000, 2 << 30));
        assert!(node.remove_pod(PodId(7), &template).is_none());
    }
}
