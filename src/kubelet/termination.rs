//! The end of a pod: containers, then the sandbox, the final status, volumes, and the deletion of its object.
//! Upstream: kubelet `SyncTerminatingPod`, `SyncTerminatedPod`, status manager `TerminatePod`.

use super::pod_sync::running_slots;
use super::pod_worker::confirm_deletion;
use super::worker::{Flags, Slot, Stage};
use super::{Hubs, Kubelets};
use crate::model::latency::Latency;
use crate::model::object::PodId;

impl Kubelets {
    /// Stops all running containers at once, each with the effective grace period.
    pub(super) fn terminate(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let worker = self.workers.row(pod);
        worker.stage = Stage::Terminating;
        worker.to_start.clear();
        let grace = worker.grace;
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        self.note_deadline(hubs, pod, &template.spec);
        let worker = self.workers.row(pod);
        let has_reason = worker.extra.as_ref().is_some_and(|extra| extra.end.is_some());
        let has_errors = worker.extra.as_ref().is_some_and(|extra| !extra.reasons.is_empty());
        if has_reason || has_errors || self.has_unseen_change(hubs, pod) {
            // The reason is known and shown in the conditions; the phase waits for the containers. Of a pod in which nothing
            // has happened since its last sync the status says it all already.
            let node = self.workers.row(pod).node;
            let looked = self.node_state(node).relist_before(hubs.now);
            let worker = self.workers.row(pod);
            worker.snapshot = worker.snapshot.max(worker.relisted.min(hubs.now)).max(looked);
            self.publish(hubs, pod, &template.spec, false);
        }
        let worker = self.workers.row(pod);
        let running = running_slots(hubs.machines, worker);
        self.stop_probes(hubs, pod, false);
        // Later containers first: a sidecar must know of all it waits for before its turn is decided.
        for slot in running.iter().rev() {
            let name = &template.spec.containers[usize::from(*slot)].name;
            self.start_kill(hubs, pod, *slot, grace, format!("Stopping container {name}"));
        }
        if self.workers.get(pod).is_some_and(|worker| worker.stage == Stage::Terminating) {
            self.continue_after_kills(hubs, pod);
        }
    }

    /// All containers have ended.
    pub(super) fn stop_sandbox(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let takes = self.settings.latencies.sample(Latency::SandboxStop, &mut self.runtime);
        let worker = self.workers.row(pod);
        worker.stage = Stage::StoppingSandbox;
        let had_sandbox = worker.flags.contains(Flags::SANDBOX);
        let at = if had_sandbox { hubs.now + takes } else { hubs.now };
        self.schedule(hubs, pod, at);
    }

    /// The sandbox is gone: the final status.
    pub(super) fn sandbox_stopped(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let now = hubs.now;
        self.stop_probes(hubs, pod, true);
        self.release_sandbox(hubs, pod);
        let worker = self.workers.row(pod);
        worker.snapshot = now;
        let (node, gone) = (worker.node, worker.flags.intersects(Flags::DELETED | Flags::REMOVED));
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let late = self.note_deadline(hubs, pod, &template.spec);
        self.publish(hubs, pod, &template.spec, true);
        self.delete_evicted(hubs, pod);
        self.release(hubs, pod);
        hubs.machines.unmount(pod);
        self.victim_is_gone(hubs, node, pod);
        self.admit_waiting(hubs, node);
        self.retry_resizes(hubs, node);
        let unmount = self.settings.latencies.sample(Latency::Unmount, &mut self.runtime);
        let done = self.node_state(node).relist_after(now) + unmount;
        let worker = self.workers.row(pod);
        worker.ready_at = done;
        let is_open = !worker.flags.contains(Flags::STATIC) && super::status::is_open(&hubs.cluster.pod(pod).status);
        if gone || late || is_open {
            worker.stage = Stage::Unmounting;
            self.schedule(hubs, pod, done);
        } else {
            // Nothing more is seen of it until somebody deletes the object.
            worker.stage = Stage::Finished;
            if hubs.machines.is_reachable(node) {
                worker.extra = None;
            }
        }
        self.shutdown_goes_on(hubs, node);
    }

    /// Nothing is kept of the containers of a pod that failed for being evicted. Upstream: kubelet `HandlePodReconcile`.
    fn delete_evicted(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let is_evicted = hubs.cluster.pod(pod).status.reason.as_ref().is_some_and(|why| why.0 == "Evicted");
        if !is_evicted || !hubs.machines.is_reachable(self.workers.row(pod).node) {
            return;
        }
        for slot in &mut self.workers.row(pod).slots {
            for run in [slot.previous, slot.current].into_iter().filter(|run| run.is_some()) {
                hubs.machines.remove_container(run);
            }
            *slot = Slot::EMPTY;
        }
    }

    /// The network of the sandbox is torn down, and its address is free.
    pub(super) fn release_sandbox(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let worker = self.workers.row(pod);
        worker.flags.remove(Flags::SANDBOX);
        let address = std::mem::take(&mut worker.address);
        if address != 0 {
            hubs.machines.machine_mut(worker.node).release_address(address);
        }
    }

    /// The volumes are unmounted: nothing of the pod is left on the node.
    pub(super) fn terminated(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        self.note_deadline(hubs, pod, &template.spec);
        let worker = self.workers.row(pod);
        worker.stage = Stage::Finished;
        let is_static = worker.flags.contains(Flags::STATIC);
        if hubs.machines.is_reachable(worker.node) {
            worker.extra = None;
            let is_rejected = worker.flags.contains(Flags::REJECTED);
            if !is_static && !is_rejected && !hubs.cluster.pod(pod).deleted {
                hubs.cluster.modify_pod_status(hubs.now, pod, |status| {
                    super::status::close(&template.spec, status);
                });
            }
        }
        let worker = self.workers.row(pod);
        if worker.flags.contains(Flags::STATIC | Flags::REMOVED) {
            self.static_pod_over(hubs, pod);
        } else if worker.flags.contains(Flags::REMOVED) {
            self.clean_up(hubs, pod);
        } else if worker.flags.contains(Flags::DELETED) {
            confirm_deletion(hubs, pod);
        }
    }
}
