//! What pods hold on their node's disk: writable layers and logs of containers, and volumes that live on the node.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::Machines;
use super::change::MachineChange;
use super::container::ContainerId;
use crate::model::object::{NodeId, PodId};

/// Bytes of each volume of a pod that lives on its node's disk, by the volume's index.
#[derive(Clone, Debug, Default)]
pub(super) struct PodVolumes {
    node: NodeId,
    bytes: SmallVec<[(u8, u64); 1]>,
}

/// Of all pods that have any.
pub(super) type Volumes = BTreeMap<PodId, PodVolumes>;

impl Machines {
    /// Bytes of a container's writable layer and logs from now on.
    pub fn set_disk(&mut self, container: ContainerId, bytes: u64) {
        let row = self.containers.row_mut(container);
        let before = std::mem::replace(&mut row.disk, bytes);
        if before == bytes {
            return;
        }
        let (node, pod) = (row.node, row.pod);
        self.change_disk(node, pod, before, bytes);
    }

    /// Bytes of a pod's volumes on its node's disk from now on, by the volume's index.
    pub fn set_volumes_disk(&mut self, node: NodeId, pod: PodId, bytes: SmallVec<[(u8, u64); 1]>) {
        let sum = |list: &[(u8, u64)]| list.iter().map(|(_, bytes)| bytes).sum::<u64>();
        let entry = self.volumes.entry(pod).or_default();
        let before = sum(&entry.bytes);
        let after = sum(&bytes);
        *entry = PodVolumes { node, bytes };
        if before != after {
            self.change_disk(node, pod, before, after);
        }
    }

    /// A pod's volumes are gone.
    pub(super) fn forget_volumes_disk(&mut self, pod: PodId) {
        let Some(entry) = self.volumes.remove(&pod) else { return };
        let sum = entry.bytes.iter().map(|(_, bytes)| bytes).sum();
        if sum > 0 {
            self.change_disk(entry.node, pod, sum, 0);
        }
    }

    fn change_disk(&mut self, node: NodeId, pod: PodId, before: u64, after: u64) {
        let used = &mut self.by_node[node.index()].pods_disk;
        *used = used.saturating_sub(before) + after;
        self.log.append(MachineChange::DiskChanged { pod });
    }

    /// Bytes of each volume of a pod on its node's disk.
    pub fn volumes_disk(&self, pod: PodId) -> &[(u8, u64)] {
        self.volumes.get(&pod).map_or(&[], |entry| &entry.bytes)
    }

    /// Bytes that a pod holds on its node's disk.
    pub fn pod_disk(&self, pod: PodId) -> u64 {
        let volumes: u64 = self.volumes_disk(pod).iter().map(|(_, bytes)| bytes).sum();
        volumes + self.runs_of_pod(pod).map(|run| self.container(run).disk).sum::<u64>()
    }
}
