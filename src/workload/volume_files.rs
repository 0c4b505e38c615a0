//! The volumes of pods while containers write into them: what they hold on disk and in memory, and what they show anew;
//! and the messages that containers leave.

use super::files::{View, Volumes};
use super::shell::{FileSystem, Links};
use super::{Workload, WorkloadEvent};
use crate::cluster::Cluster;
use crate::engine::{Outbox, SimTime};
use crate::machines::{ContainerId, Machines};
use crate::model::object::PodId;

/// Upstream: kubelet container `MaxContainerTerminationMessageLength`.
const MESSAGE_BYTES: u64 = 4096;

impl Workload {
    /// A pod's volumes stand under another row.
    pub(super) fn rename_volumes(&mut self, from: PodId, to: PodId) {
        if let Some(volumes) = self.processes.volumes.remove(&from) {
            self.processes.volumes.insert(to, volumes);
        }
        self.processes.shared.rename(from, to);
    }

    /// Files in volumes that live in memory count as memory of the container that wrote them.
    pub(super) fn charge_volumes(&mut self, container: ContainerId, pod: PodId, cluster: &Cluster) {
        let Some(volumes) = self.processes.volumes.get_mut(&pod) else { return };
        let growth = volumes.growth_in_memory(cluster, pod);
        let charged = &mut self.runs[container.index()].in_memory_volumes;
        *charged = charged.saturating_add_signed(growth);
    }

    /// Tells the machine what a pod's containers and volumes hold on its disk.
    pub(super) fn measure_disk(&self, pod: PodId, runs: &[ContainerId], cluster: &Cluster, machines: &mut Machines) {
        for run in runs {
            let Some(files) = self.processes.files.get(run) else { continue };
            let [disk_is_stated, files_are_stated, _] = self.states_held(*run);
            let row = machines.container(*run);
            let disk = if disk_is_stated { row.disk } else { files.written() };
            let count = if files_are_stated { row.files } else { files.count() };
            machines.set_disk(*run, disk, count);
        }
        if let (Some(volumes), Some(run)) = (self.processes.volumes.get(&pod), runs.first()) {
            let node = machines.container(*run).node;
            machines.set_volumes_disk(node, pod, volumes.on_disk(cluster, pod));
        }
    }

    /// Tells the machine what files hold that variables of the pod's containers come from.
    pub(super) fn note_env_files(&self, pod: PodId, cluster: &Cluster, machines: &mut Machines) {
        let spec = &cluster.template_of(pod).spec;
        for (volume, path) in &spec.env_files {
            let index = spec.volumes.iter().position(|candidate| candidate.name == *volume);
            let volumes = self.processes.volumes.get(&pod);
            let text = volumes.zip(index).and_then(|(volumes, index)| volumes.text(index, path));
            machines.set_env_file(pod, volume, path, text);
        }
    }

    /// A pod's volumes show API objects as they are now.
    pub(super) fn refresh_volumes(
        &mut self,
        now: SimTime,
        pod: PodId,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let Some(volumes) = self.processes.volumes.get_mut(&pod) else { return };
        if volumes.fill(cluster, pod, now, true) {
            self.files_changed(now, pod, ContainerId::NONE, cluster, machines, outbox);
        }
    }

    /// A pod's volumes are gone.
    pub(super) fn forget_volumes(&mut self, pod: PodId) {
        if self.processes.volumes.remove(&pod).is_some() {
            self.processes.shared.forget(pod);
        }
    }

    /// The end of the termination message file, read when the container has ended.
    /// Upstream: kuberuntime `getTerminationMessage`, pkg/util/tail `ReadAtMost`.
    pub(super) fn leave_message(&mut self, container: ContainerId, cluster: &Cluster, machines: &mut Machines) {
        let row = machines.container(container);
        let (pod, index) = (row.pod, usize::from(row.index));
        let path = &cluster.template_of(pod).spec.containers[index].termination_message_path;
        let Some(own) = self.processes.files.get_mut(&container) else { return };
        let volumes = self.processes.volumes.entry(pod).or_default();
        let volumes = Volumes { own: volumes, shared: &mut self.processes.shared };
        let view = View { own, volumes, changed: false };
        let Ok(size) = view.stat(path, Links::Follow).map(|file| file.size) else { return };
        if let Ok(bytes) = view.read(path, size.saturating_sub(MESSAGE_BYTES), MESSAGE_BYTES as usize)
            && !bytes.is_empty()
        {
            machines.set_termination_message(container, &String::from_utf8_lossy(&bytes));
        }
    }
}
