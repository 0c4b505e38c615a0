//! What pods hold on their node's disk: bytes and files of writable layers and logs of containers, and of volumes that live
//! on the node.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::Machines;
use super::change::MachineChange;
use super::container::{ContainerId, RunState};
use crate::model::Text;
use crate::model::object::{NodeId, PodId};

/// What a volume holds on its node's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeUse {
    /// Index of the volume.
    pub volume: u8,
    /// Bytes.
    pub bytes: u64,
    /// Files and directories.
    pub files: u32,
}

/// Each volume of a pod that lives on its node's disk.
#[derive(Clone, Debug, Default)]
pub(super) struct PodVolumes {
    node: NodeId,
    uses: SmallVec<[VolumeUse; 1]>,
}

/// A file that variables of a pod's containers come from.
#[derive(Clone, Debug)]
pub(super) struct EnvFile {
    volume: Text,
    path: Text,
    text: Option<String>,
}

/// Of all pods that have any.
pub(super) type EnvFiles = BTreeMap<PodId, Vec<EnvFile>>;

/// Bytes and files together.
type Held = (u64, u64);

/// Of all pods that have any.
pub(super) type Volumes = BTreeMap<PodId, PodVolumes>;

impl Machines {
    /// Bytes and files of a container's writable layer and logs from now on.
    pub fn set_disk(&mut self, container: ContainerId, bytes: u64, files: u32) {
        let row = self.containers.row_mut(container);
        let before = (std::mem::replace(&mut row.disk, bytes), u64::from(std::mem::replace(&mut row.files, files)));
        let (node, pod) = (row.node, row.pod);
        self.change_disk(node, pod, before, (bytes, u64::from(files)));
    }

    /// What a pod's volumes hold on its node's disk from now on.
    pub fn set_volumes_disk(&mut self, node: NodeId, pod: PodId, uses: SmallVec<[VolumeUse; 1]>) {
        let entry = self.volumes.entry(pod).or_default();
        let (before, after) = (sum(&entry.uses), sum(&uses));
        *entry = PodVolumes { node, uses };
        self.change_disk(node, pod, before, after);
    }

    /// A pod's volumes are gone.
    pub(super) fn forget_volumes_disk(&mut self, pod: PodId) {
        let Some(entry) = self.volumes.remove(&pod) else { return };
        self.change_disk(entry.node, pod, sum(&entry.uses), (0, 0));
    }

    fn change_disk(&mut self, node: NodeId, pod: PodId, before: Held, after: Held) {
        if before == after {
            return;
        }
        let machine = &mut self.by_node[node.index()];
        machine.pods_disk = machine.pods_disk.saturating_sub(before.0) + after.0;
        machine.pods_files = machine.pods_files.saturating_sub(before.1) + after.1;
        self.log.append(MachineChange::DiskChanged { pod });
    }

    /// What a file of a pod's volume holds that variables of its containers come from; `None`: there is no such file.
    pub fn set_env_file(&mut self, pod: PodId, volume: &Text, path: &Text, text: Option<String>) {
        let files = self.env_files.entry(pod).or_default();
        match files.iter_mut().find(|file| file.volume == *volume && file.path == *path) {
            Some(file) => file.text = text,
            None => files.push(EnvFile { volume: volume.clone(), path: path.clone(), text }),
        }
    }

    /// What is known of such a file; `None` while nobody has looked.
    pub fn env_file(&self, pod: PodId, volume: &str, path: &str) -> Option<Option<&str>> {
        let files = self.env_files.get(&pod)?;
        let file = files.iter().find(|file| file.volume == volume && file.path == path)?;
        Some(file.text.as_deref())
    }

    /// Each volume of a pod on its node's disk.
    pub fn volumes_disk(&self, pod: PodId) -> &[VolumeUse] {
        self.volumes.get(&pod).map_or(&[], |entry| &entry.uses)
    }

    /// Bytes that a pod holds on its node's disk.
    pub fn pod_disk(&self, pod: PodId) -> u64 {
        sum(self.volumes_disk(pod)).0 + self.runs_of_pod(pod).map(|run| self.container(run).disk).sum::<u64>()
    }

    /// Files and directories that a pod holds on its node's disk.
    pub fn pod_files(&self, pod: PodId) -> u64 {
        let own = self.runs_of_pod(pod).map(|run| u64::from(self.container(run).files));
        sum(self.volumes_disk(pod)).1 + own.sum::<u64>()
    }

    /// Processes (and threads) of a running container from now on, at least its first.
    pub fn set_processes(&mut self, container: ContainerId, processes: u32) {
        let row = self.containers.row_mut(container);
        let processes = processes.max(1);
        if row.state != RunState::Running || row.processes == processes {
            return;
        }
        let before = std::mem::replace(&mut row.processes, processes);
        let used = &mut self.by_node[row.node.index()].processes;
        *used = used.saturating_sub(u64::from(before)) + u64::from(processes);
        self.log.append(MachineChange::UsageChanged { container });
    }
}

fn sum(uses: &[VolumeUse]) -> Held {
    uses.iter().fold((0, 0), |(bytes, files), one| (bytes + one.bytes, files + u64::from(one.files)))
}
