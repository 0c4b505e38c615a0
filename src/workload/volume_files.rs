//! The volumes of pods while containers write into them: what they hold on disk and in memory, and what they show anew.

use super::{Workload, WorkloadEvent};
use crate::cluster::Cluster;
use crate::engine::{Outbox, SimTime};
use crate::machines::{ContainerId, Machines};
use crate::model::object::PodId;

impl Workload {
    /// A pod's volumes stand under another row.
    pub(super) fn rename_volumes(&mut self, from: PodId, to: PodId) {
        if let Some(volumes) = self.processes.volumes.remove(&from) {
            self.processes.volumes.insert(to, volumes);
        }
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
        self.processes.volumes.remove(&pod);
    }
}
