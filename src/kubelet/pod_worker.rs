//! When a pod's worker takes its next step, and which: news from the API, from the machine and from timers meet here.
//! Upstream: kubelet `pod_workers` (UpdatePod, podWorkerLoop, completeWork) and the sync loop.

use super::worker::{Flags, Stage, Worker};
use super::{Hubs, KubeletEvent, Kubelets};
use crate::cluster::{DeleteOptions, Fields};
use crate::engine::significance::Significance;
use crate::engine::{SimDuration, SimTime};
use crate::machines::{ContainerId, ContainerRow};
use crate::model::latency::Latency;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::PodConditionType;

/// Upstream: `backOffPeriod`, the requeue of a sync that failed.
pub(super) const ERROR_REQUEUE: SimDuration = SimDuration::from_secs(10);
/// Upstream: status manager `syncPeriod`.
const STATUS_SYNC: SimDuration = SimDuration::from_secs(10);
/// Longest single wait for a crash back-off.
const BACKOFF_REQUEUE_MAX: SimDuration = SimDuration::from_secs(60);

impl Kubelets {
    /// A pod that is bound to a node was made or changed.
    pub(super) fn pod_changed(&mut self, hubs: &mut Hubs<'_>, pod: PodId, fields: Fields) {
        let row = hubs.cluster.pod(pod);
        let node = row.node;
        if node.is_none() || row.deleted || !hubs.machines.has_machine(node) {
            return;
        }
        if !hubs.machines.machine(node).is_reachable() {
            return;
        }
        let (deletion, terminal) = (row.deletion, row.status.phase.is_terminal());
        let is_static = row.extra.as_ref().is_some_and(|extra| extra.mirror);
        let ran_before = row.status.start_time.get().is_some() && !terminal;
        if ran_before && self.workers.get(pod).is_none() {
            self.adopt(hubs, pod, node, is_static);
        }
        if is_static {
            // A mirror asks for nothing; whoever deletes it only makes the kubelet make it anew.
            if deletion.is_some() && self.workers.get(pod).is_some() {
                self.mirror_changed(hubs, pod);
            }
            return;
        }
        if self.workers.get(pod).is_none() {
            self.pod_added(hubs, pod, terminal);
        }
        let Some(worker) = self.workers.get_mut(pod) else { return };
        if let Some(deletion) = deletion {
            let grace = deletion.grace_seconds.max(1);
            self.end_pod(hubs, pod, grace, Flags::DELETED);
            return;
        }
        // Somebody else has written that a pod is not ready whose containers are: the status manager writes it anew at its
        // next pass. Upstream: status `syncBatch`, `needsReconcile`.
        let is_overruled = || {
            let status = &hubs.cluster.pod(pod).status;
            status.is_condition_true(PodConditionType::ContainersReady)
                && !status.is_condition_true(PodConditionType::Ready)
                && hubs.cluster.template_of(pod).spec.readiness_gates.is_empty()
        };
        if fields.contains(Fields::CONDITIONS) && worker.due == SimTime::NEVER && is_overruled() {
            let phase = self.node_state(node).status_phase;
            let at = SimTime(hubs.now.0 + 1).next_on_grid(phase, STATUS_SYNC);
            self.wake(hubs, pod, at);
            return;
        }
        let spec_changed = fields.intersects(Fields::SPEC | Fields::LABELS | Fields::ANNOTATIONS);
        let gates = fields.contains(Fields::CONDITIONS)
            && !hubs.cluster.template(hubs.cluster.pod(pod).template).spec.readiness_gates.is_empty();
        if spec_changed {
            worker.flags.insert(Flags::STALE_VOLUMES);
            self.resize_asked(hubs, pod);
        }
        if spec_changed && fields != Fields::all() || gates {
            // An update does not wait for the retry of a sync that failed. Upstream: `HandlePodUpdates`, `UpdatePod`.
            let at = hubs.now + self.settings.latencies.fixed(Latency::PodSync);
            self.wake(hubs, pod, at);
        }
    }

    fn pod_added(&mut self, hubs: &mut Hubs<'_>, pod: PodId, terminal: bool) {
        let row = hubs.cluster.pod(pod);
        let (node, being_deleted) = (row.node, row.deletion.is_some());
        if terminal || being_deleted {
            // It has ended, or is to end before it began: a worker that only has to see it off.
            let containers = hubs.cluster.template_of(pod).spec.containers.len();
            let mut worker = Worker::new(pod, node, containers);
            if terminal {
                worker.stage = Stage::Finished;
                worker.flags.insert(Flags::TERMINATING);
            }
            self.workers.insert(worker);
            return;
        }
        if self.admit(hubs, pod, node, false) {
            let at = hubs.now + self.settings.latencies.fixed(Latency::PodSync);
            self.wake(hubs, pod, at);
        }
    }

    /// The pod's object is gone.
    pub(super) fn pod_removed(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let Some(worker) = self.workers.get(pod) else { return };
        if !hubs.machines.is_reachable(worker.node) {
            // Nobody tells it; it will see what is gone when it looks again.
            return;
        }
        if worker.flags.contains(Flags::STATIC) {
            self.mirror_changed(hubs, pod);
            return;
        }
        if worker.stage == Stage::Finished {
            self.clean_up(hubs, pod);
            return;
        }
        // Upstream saw a deletion with period 0 just before, for which one second counts.
        self.end_pod(hubs, pod, 1, Flags::REMOVED);
    }

    /// The worker is to end its pod, within `grace` seconds from TERM to KILL.
    pub(super) fn end_pod(&mut self, hubs: &mut Hubs<'_>, pod: PodId, grace: u32, why: Flags) {
        let worker = self.workers.row(pod);
        let news = !worker.flags.contains(Flags::TERMINATING);
        worker.flags.insert(why | Flags::TERMINATING);
        worker.grace = if worker.grace == 0 { grace } else { worker.grace.min(grace) };
        let cancelled = worker.stage == Stage::Volumes;
        if cancelled {
            worker.stage = Stage::Idle;
            worker.due = SimTime::NEVER;
        }
        match worker.stage {
            Stage::Idle if news => {
                worker.due = SimTime::NEVER;
                let at = hubs.now.max(worker.ready_at);
                self.schedule(hubs, pod, at);
            }
            Stage::Finished => {
                let at = hubs.now.max(worker.ready_at);
                worker.stage = Stage::Unmounting;
                self.schedule(hubs, pod, at);
            }
            _ => {}
        }
    }

    /// A container ended by itself or by a signal.
    pub(super) fn container_exited(&mut self, hubs: &mut Hubs<'_>, container: ContainerId) {
        let row = hubs.machines.container(container);
        let (pod, slot, node) = (row.pod, row.index, row.node);
        let Some(worker) = self.workers.get(pod) else { return };
        if worker.extra.as_ref().is_some_and(|extra| extra.kills.iter().any(|kill| kill.slot == slot)) {
            self.kill_done(hubs, pod, slot);
            return;
        }
        if worker.stage == Stage::Idle && hubs.machines.kubelet_up(node) {
            let at = self.node_state(node).relist_after(hubs.now);
            self.wake(hubs, pod, at);
        }
    }

    /// Asks for a sync at `at`, or as soon after it as the worker can. While it is in a sync, another one follows it.
    pub(super) fn wake(&mut self, hubs: &mut Hubs<'_>, pod: PodId, at: SimTime) {
        let shown = self.settings.latencies.fixed(Latency::StatusUpdate);
        let worker = self.workers.row(pod);
        if worker.flags.contains(Flags::TERMINATING) {
            return;
        }
        if worker.is_syncing() {
            worker.flags.insert(Flags::AGAIN);
            return;
        }
        // The step is booked for the instant at which its status is written: one event for both.
        let at = at.max(worker.ready_at) + shown;
        if worker.stage == Stage::Idle && at < worker.due {
            self.schedule(hubs, pod, at);
        }
    }

    /// Books the worker's next event; an earlier booking is void.
    pub(super) fn schedule(&mut self, hubs: &mut Hubs<'_>, pod: PodId, at: SimTime) {
        let worker = self.workers.row(pod);
        worker.generation = worker.generation.wrapping_add(1);
        worker.due = at;
        hubs.outbox.send(at.max(hubs.now), KubeletEvent::Step { pod, generation: worker.generation });
    }

    /// The worker's booked event is due.
    pub(super) fn step(&mut self, hubs: &mut Hubs<'_>, pod: PodId, generation: u32) {
        let Some(worker) = self.workers.get_mut(pod) else { return };
        if worker.generation != generation || worker.due == SimTime::NEVER {
            return;
        }
        worker.due = SimTime::NEVER;
        let (stage, node) = (worker.stage, worker.node);
        if !hubs.machines.kubelet_up(node) {
            // Nobody is there to act; the kubelet looks at everything anew when it is back.
            return;
        }
        if hubs.machines.machine(node).health().disk_dead {
            // The container runtime does not answer; the step goes on when it does.
            self.node_state(node).stalled.push(pod);
            return;
        }
        match stage {
            Stage::Idle if worker.flags.contains(Flags::TERMINATING) => self.terminate(hubs, pod),
            Stage::Idle => self.sync(hubs, pod),
            Stage::Volumes => self.look_for_volumes(hubs, pod),
            Stage::Sandbox => self.sandbox_ready(hubs, pod),
            Stage::Pulling => self.pull_ended(hubs, pod),
            Stage::Creating => self.container_created(hubs, pod),
            Stage::PostStart => self.post_start_over(hubs, pod),
            Stage::KillingSandbox => {
                self.release_sandbox(hubs, pod);
                self.finish_sync(hubs, pod);
            }
            Stage::StoppingSandbox => self.sandbox_stopped(hubs, pod),
            Stage::Unmounting => self.terminated(hubs, pod),
            Stage::Killing | Stage::Terminating | Stage::Finished => {}
        }
    }

    /// The end of a sync: when the pod is looked at and synced again. Upstream: `completeWork`.
    pub(super) fn finish_sync(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let now = hubs.now;
        let relist = self.settings.latencies.fixed(Latency::PodRelist);
        let node = self.workers.row(pod).node;
        let next_relist = self.node_state(node).relist_after(now);
        let looked = self.node_state(node).relist_before(now);
        let unseen_exit = self.has_unseen_exit(hubs, pod);
        let worker = self.workers.row(pod);
        worker.stage = Stage::Idle;
        worker.due = SimTime::NEVER;
        worker.synced = now;
        let failed = worker.flags.intersects(Flags::FAILED | Flags::BACKING_OFF);
        let acted = worker.flags.contains(Flags::ACTED);
        worker.ready_at = next_relist;
        if acted && !failed {
            // The look comes a few milliseconds after the sync's end (in the recordings four after a container's start: those
            // that end sooner are never seen running); what it shows is written the relist's and the status's delay later.
            worker.relisted = now + SimDuration(relist.0 / 2);
            worker.ready_at = now + relist;
        }
        if worker.flags.contains(Flags::TERMINATING) {
            let at = worker.ready_at.max(now);
            self.schedule(hubs, pod, at);
            return;
        }
        // A look during a long sync has seen a container that it started: an update waits already.
        let seen_meanwhile = failed
            && worker.slots.iter().any(|slot| {
                slot.current.is_some() && {
                    let started = hubs.machines.container(slot.current).started;
                    started > worker.snapshot && started <= looked
                }
            });
        if !failed {
            worker.drop_idle_extra();
        }
        let again = worker.flags.contains(Flags::AGAIN) || seen_meanwhile;
        worker.flags.remove(Flags::AGAIN);
        worker.flags.set(Flags::PENDING, again && failed && unseen_exit);
        let ready_at = worker.ready_at;
        if acted || again {
            self.wake(hubs, pod, ready_at);
        } else if unseen_exit {
            self.wake(hubs, pod, next_relist);
        }
        if failed {
            let at = self.requeue_at(now, pod);
            let due = self.node_state(node).tick_from(at);
            let worker = self.workers.row(pod);
            if worker.due == SimTime::NEVER {
                self.wake(hubs, pod, due);
            } else {
                // The look that follows comes first; this sync's requeue is replaced by that one's.
            }
        }
    }

    /// When a sync that failed is tried again.
    fn requeue_at(&mut self, now: SimTime, pod: PodId) -> SimTime {
        let worker = self.workers.row(pod);
        let backing_off = worker.flags.contains(Flags::BACKING_OFF);
        let until = worker.extra.as_ref().map_or(SimTime::NEVER, |extra| extra.backoff_until);
        let delay = if backing_off && until != SimTime::NEVER {
            SimDuration(until.since(now).0.min(BACKOFF_REQUEUE_MAX.0))
        } else {
            ERROR_REQUEUE
        };
        now + self.jittered(delay)
    }

    /// `delay` to one and a half times `delay`. Upstream: apimachinery wait `Jitter` with factor 0.5.
    pub(super) fn jittered(&mut self, delay: SimDuration) -> SimDuration {
        delay + SimDuration((delay.0 as f64 * 0.5 * self.jitter.unit()) as u64)
    }

    /// Has a container ended since the worker's last look?
    pub(super) fn has_unseen_exit(&self, hubs: &Hubs<'_>, pod: PodId) -> bool {
        self.has_unseen(hubs, pod, |row| row.finished)
    }

    /// Has a container started or ended since the worker's last look?
    pub(super) fn has_unseen_change(&self, hubs: &Hubs<'_>, pod: PodId) -> bool {
        self.has_unseen_exit(hubs, pod) || self.has_unseen(hubs, pod, |row| row.started)
    }

    fn has_unseen(&self, hubs: &Hubs<'_>, pod: PodId, when: impl Fn(&ContainerRow) -> SimTime) -> bool {
        let Some(worker) = self.workers.get(pod) else { return false };
        worker.slots.iter().filter(|slot| slot.current.is_some()).any(|slot| {
            let at = when(hubs.machines.container(slot.current));
            at != SimTime::NEVER && at > worker.snapshot
        })
    }

    /// Nothing of the pod is left to do: its dead containers go, and what the kubelet knew of it.
    pub(super) fn clean_up(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        self.release(hubs, pod);
        let runs: Vec<ContainerId> = hubs.machines.runs_of_pod(pod).collect();
        for run in runs {
            hubs.machines.remove_container(run);
        }
        self.workers.remove(pod);
    }

    /// A kubelet that starts has lost its back-offs, probe results and steps under way; after a boot (`booted`) the
    /// pod's sandbox and mounts are gone too.
    pub(super) fn forget_for_restart(&mut self, hubs: &mut Hubs<'_>, pod: PodId, booted: bool) {
        let jitter = self.jitter.unit();
        let worker = self.workers.row(pod);
        if booted {
            worker.flags.remove(Flags::SANDBOX | Flags::MOUNTED);
            let address = std::mem::take(&mut worker.address);
            if address != 0 {
                hubs.machines.machine_mut(worker.node).release_address(address);
            }
        }
        if let Some(extra) = &mut worker.extra {
            // Workers of probes are new, and begin somewhere within their period. Upstream: prober `worker.run`.
            let spec = &hubs.cluster.template_of(pod).spec;
            for probe in &mut extra.probes {
                let period = probe.kind.of(&spec.containers[usize::from(probe.slot)]);
                let period = period.map_or(1.0, |settings| f64::from(settings.period_seconds.max(1)));
                probe.begin_anew(hubs.now + SimDuration::from_secs_f64(period * jitter));
            }
            extra.restarts.clear();
            extra.pulls.clear();
            extra.kills.clear();
            extra.reasons.clear();
        }
        worker.to_start.clear();
        // A kubelet begins with a look at the runtime.
        worker.relisted = hubs.now;
        if worker.stage == Stage::Unmounting {
            let at = hubs.now;
            self.schedule(hubs, pod, at);
            return;
        }
        if worker.is_syncing() || matches!(worker.stage, Stage::Terminating | Stage::StoppingSandbox) {
            worker.stage = Stage::Idle;
            worker.due = SimTime::NEVER;
        }
        if worker.flags.contains(Flags::TERMINATING) && worker.stage == Stage::Idle {
            let at = hubs.now;
            self.schedule(hubs, pod, at);
        }
    }
}

/// The kubelet confirms the end of a pod: the object goes, unless finalizers hold it.
pub(super) fn confirm_deletion(hubs: &mut Hubs<'_>, pod: PodId) {
    let object = ObjectRef::pod(pod);
    let node = hubs.cluster.pod(pod).node;
    if hubs.cluster.is_live(object) && hubs.machines.is_reachable(node) {
        // Somebody else may have removed it in the same instant; then there is nothing to confirm.
        let _ = hubs.cluster.delete(hubs.now, object, DeleteOptions::NOW);
    }
}

/// What a pending step of a worker would still do.
pub(super) fn step_significance(worker: &Worker) -> Significance {
    // A retry of something that has failed before shows nothing new; what would heal it is somebody else's change.
    let retry = worker.stage == Stage::Idle
        && worker.flags.contains(Flags::FAILED)
        && !worker.flags.intersects(Flags::BACKING_OFF | Flags::TERMINATING);
    let volumes = worker.extra.as_ref().and_then(|extra| extra.volumes.as_ref());
    let mounting = worker.stage == Stage::Volumes && volumes.is_some_and(|volumes| volumes.failures > 1);
    if retry || mounting { Significance::Background } else { Significance::Live }
}
