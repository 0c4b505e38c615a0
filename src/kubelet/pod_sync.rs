//! One sync of a pod: publish what is seen, then bring containers towards what the spec asks for.
//! Upstream: kubelet `SyncPod`, kuberuntime `SyncPod`.

use super::actions;
use super::status;
use super::volumes;
use super::worker::{Flags, Slot, Stage};
use super::{Hubs, KubeletEvent, Kubelets};
use crate::engine::{SimDuration, SimTime};
use crate::machines::Machines;
use crate::model::latency::Latency;
use crate::model::object::PodId;
use crate::model::pod::PodConditionType;
use crate::model::pod_spec::PodSpec;

pub(super) const DEADLINE_REASON: &str = "DeadlineExceeded";
const DEADLINE_MESSAGE: &str = "Pod was active on the node longer than the specified deadline";

impl Kubelets {
    /// A sync begins. Its status is written in the same instant, so it began that delay ago.
    pub(super) fn sync(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let shown = self.settings.latencies.fixed(Latency::StatusUpdate);
        let began = SimTime(hubs.now.0.saturating_sub(shown.0));
        let node = self.workers.row(pod).node;
        let looked = self.node_state(node).relist_before(began);
        let worker = self.workers.row(pod);
        worker.snapshot = if worker.relisted <= began { worker.relisted.max(looked) } else { looked };
        let pending = worker.flags.contains(Flags::PENDING);
        let of_last_sync = Flags::ACTED | Flags::FAILED | Flags::BACKING_OFF | Flags::PENDING | Flags::KILL_POD;
        worker.flags.remove(of_last_sync | Flags::VOLUME_IMAGES);
        worker.flags.set(Flags::AGAIN, pending);
        worker.to_start.clear();
        if let Some(extra) = &mut worker.extra {
            extra.backoff_until = SimTime::NEVER;
        }
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let spec = &template.spec;
        if worker.slots.len() < spec.containers.len() {
            // Ephemeral containers have come.
            worker.slots.resize(spec.containers.len(), Slot::EMPTY);
        }
        self.refresh_volumes(hubs, pod);
        self.note_deadline(hubs, pod, spec);
        self.note_resize(hubs, pod);
        let ended = self.publish(hubs, pod, spec, false);
        self.book_deadline(hubs, pod, spec);
        if ended {
            self.begin_natural_end(hubs, pod, spec);
            return;
        }
        let mounted = self.workers.row(pod).flags.contains(Flags::MOUNTED);
        if mounted || volumes::used(spec).next().is_none() {
            self.volumes_ready(hubs, pod, spec, began);
        } else {
            self.wait_for_volumes(hubs, pod, spec, began);
        }
    }

    /// Writes the status that follows from the worker's look. A terminal phase stays hidden while containers may run.
    /// Returns whether the pod has ended.
    pub(super) fn publish(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec, terminal: bool) -> bool {
        let Some(worker) = self.workers.get(pod) else { return false };
        let row = hubs.cluster.pod(pod);
        // Without a way to the API the status waits until the kubelet has one again and computes it anew.
        let gone = row.deleted || worker.flags.contains(Flags::REJECTED) || !hubs.machines.is_reachable(worker.node);
        let is_apart = worker.extra.as_ref().is_some_and(|extra| extra.mirrored.is_some() || extra.resize.is_some());
        let (ended, initialized) = if gone || is_apart {
            self.publish_apart(hubs, pod, spec, terminal, gone)
        } else {
            let (now, machines, words) = (hubs.now, &*hubs.machines, &self.words);
            let mut ended = false;
            hubs.cluster.refresh_pod_status(now, pod, |status| {
                let refreshed = status::refresh(now, spec, worker, machines, status, terminal, words);
                ended = refreshed.ended;
                refreshed.fields
            });
            (ended, hubs.cluster.pod(pod).status.is_condition_true(PodConditionType::Initialized))
        };
        if initialized && spec.init_count > 0 {
            self.workers.row(pod).flags.insert(Flags::INITIALIZED);
        }
        if !terminal {
            self.probes_after_look(hubs, pod, spec);
        }
        ended
    }

    /// `publish` of a status that is not simply the one that the API has, or that cannot be written. Returns whether the pod
    /// has ended, and whether it is initialized.
    fn publish_apart(
        &mut self,
        hubs: &mut Hubs<'_>,
        pod: PodId,
        spec: &PodSpec,
        terminal: bool,
        gone: bool,
    ) -> (bool, bool) {
        let worker = self.workers.row(pod);
        let mirrored = worker.extra.as_ref().and_then(|extra| extra.mirrored.as_deref());
        let mut new = mirrored.unwrap_or(&hubs.cluster.pod(pod).status).clone();
        let refreshed = status::refresh(hubs.now, spec, worker, hubs.machines, &mut new, terminal, &self.words);
        let initialized = new.is_condition_true(PodConditionType::Initialized);
        if !gone {
            self.show_resize(hubs, pod, &mut new, terminal);
            hubs.cluster.set_pod_status(hubs.now, pod, new);
            if let Some(extra) = &mut self.workers.row(pod).extra {
                extra.mirrored = None;
            }
        }
        (refreshed.ended, initialized)
    }

    /// All containers are done for good: what is left of the pod is ended after the next look.
    fn begin_natural_end(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec) {
        let grace = u32::try_from(spec.termination_grace_period_seconds.max(1)).unwrap_or(u32::MAX);
        let node = self.workers.row(pod).node;
        let next_relist = self.node_state(node).relist_after(hubs.now);
        let worker = self.workers.row(pod);
        worker.ready_at = next_relist;
        self.end_pod(hubs, pod, grace, Flags::empty());
    }

    /// The first tick after the pod was active for as long as it may: a sync finds that out.
    pub(super) fn deadline_due(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        if self.workers.get(pod).is_some_and(|worker| hubs.machines.kubelet_up(worker.node)) {
            let at = hubs.now;
            self.wake(hubs, pod, at);
        }
    }

    /// The deadline counts from the start time, and an update may set it or bring it nearer.
    pub(super) fn book_deadline(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec) {
        let Some(seconds) = spec.active_deadline_seconds else { return };
        let started = hubs.cluster.pod(pod).status.start_time.get().unwrap_or(hubs.now);
        let at = (started + SimDuration::from_secs(seconds.max(0) as u64)).max(hubs.now);
        let node = self.workers.row(pod).node;
        let tick = self.node_state(node).tick_from(at);
        let booked = &mut self.workers.row(pod).extra_mut().deadline;
        if at > hubs.now && std::mem::replace(booked, tick) != tick {
            hubs.outbox.send(tick, KubeletEvent::Deadline { pod });
        }
    }

    /// Asked whenever a status is made; each time that the deadline is over it is an Event.
    /// Upstream: kubelet active_deadline `ShouldEvict`.
    pub(super) fn note_deadline(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec) -> bool {
        let Some(seconds) = spec.active_deadline_seconds else { return false };
        let started = hubs.cluster.pod(pod).status.start_time.get();
        let over = started.is_some_and(|at| at + SimDuration::from_secs(seconds.max(0) as u64) <= hubs.now);
        if over {
            let extra = self.workers.row(pod).extra_mut();
            if extra.end.is_none() {
                extra.set_end(DEADLINE_REASON, DEADLINE_MESSAGE, false);
            }
            self.normal(hubs, pod, None, DEADLINE_REASON, DEADLINE_MESSAGE);
        }
        over
    }

    /// The volumes are there (`since` when): on with sandbox and containers.
    pub(super) fn volumes_ready(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec, since: SimTime) {
        let worker = self.workers.row(pod);
        worker.flags.insert(Flags::MOUNTED);
        self.check_pull_secrets(hubs, pod, spec);
        self.add_probes(hubs, pod, spec, since);
        let worker = self.workers.row(pod);
        let mut todo = actions::compute(spec, worker, hubs.machines);
        self.resize_running(hubs, pod, &mut todo);
        let worker = self.workers.row(pod);
        if todo.restart_all {
            self.restart_all(hubs, pod);
            return;
        }
        worker.to_start.extend(todo.start.iter().rev().copied());
        if todo.kill_pod {
            worker.to_start.clear();
            self.kill_rest(hubs, pod, spec);
            return;
        }
        if !worker.flags.contains(Flags::SANDBOX) {
            let again = worker.flags.contains(Flags::HAD_SANDBOX);
            worker.stage = Stage::Sandbox;
            if again && spec.init_count > 0 {
                self.purge_init_containers(hubs, pod, spec);
            }
            if again {
                self.normal(
                    hubs,
                    pod,
                    None,
                    "SandboxChanged",
                    "Pod sandbox changed, it will be killed and re-created.",
                );
            }
            if let Err(why) = hubs.cluster.kernel_hostname(pod) {
                // Upstream: kuberuntime `createPodSandbox`.
                let message = format!("Failed to create pod sandbox: {why}");
                self.warning(hubs, pod, None, "FailedCreatePodSandBox", message);
                self.workers.row(pod).to_start.clear();
                self.workers.row(pod).flags.insert(Flags::FAILED);
                self.finish_sync(hubs, pod);
                return;
            }
            let at = since + self.settings.latencies.sample(Latency::Sandbox, &mut self.runtime);
            self.schedule(hubs, pod, at);
            return;
        }
        if todo.kill.is_empty() {
            self.start_next(hubs, pod);
        } else {
            self.kill_containers(hubs, pod, spec, &todo.kill);
        }
    }

    /// Nothing is left that the pod exists for: what still runs (its sidecars) is stopped within this sync; the next
    /// one finds that the pod has ended.
    fn kill_rest(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec) {
        let grace = u32::try_from(spec.termination_grace_period_seconds.max(1)).unwrap_or(u32::MAX);
        let worker = self.workers.row(pod);
        worker.stage = Stage::Killing;
        worker.flags.insert(Flags::ACTED | Flags::KILL_POD);
        let running = running_slots(hubs.machines, worker);
        for slot in running.iter().rev() {
            let name = &spec.containers[usize::from(*slot)].name;
            self.start_kill(hubs, pod, *slot, grace, format!("Stopping container {name}"));
        }
        self.continue_after_kills(hubs, pod);
    }

    /// The sandbox exists: the pod has its address, and its first containers start.
    pub(super) fn sandbox_ready(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let worker = self.workers.row(pod);
        worker.flags.insert(Flags::SANDBOX | Flags::HAD_SANDBOX | Flags::ACTED);
        worker.address =
            if template.spec.host_network { 0 } else { hubs.machines.machine_mut(worker.node).take_address() };
        // Upstream: `OnPodSandboxReady`: this condition alone is written at once.
        let node = self.workers.row(pod).node;
        let gone = hubs.cluster.pod(pod).deleted || !hubs.machines.is_reachable(node);
        if !gone {
            let kind = PodConditionType::PodReadyToStartContainers;
            hubs.cluster.turn_pod_condition(hubs.now, pod, kind, true);
        }
        self.start_next(hubs, pod);
    }
}

/// The containers of a pod that run right now, whatever the kubelet has seen.
pub(super) fn running_slots(machines: &Machines, worker: &super::worker::Worker) -> Vec<u8> {
    worker
        .slots
        .iter()
        .enumerate()
        .filter(|(_, slot)| {
            slot.current.is_some() && machines.container(slot.current).state == crate::machines::RunState::Running
        })
        .map(|(index, _)| index as u8)
        .collect()
}
