//! Pods of an imported cluster: their containers ran before the model began, and their kubelet takes them over as a
//! kubelet does that was restarted. Statuses tell what the container runtime would: runs with their starts and ends,
//! addresses, and what waits for a next try.
//! Upstream: kubelet `HandlePodAdditions` for pods that run, kuberuntime `GetPodStatus`, prober `AddPod`.

use super::probe_worker::{ProbeKind, Verdict};
use super::restart_backoff::Backoff;
use super::worker::{Flags, Slot, Worker};
use super::{Hubs, Kubelets};
use crate::engine::SimDuration;
use crate::machines::{ContainerId, ExitReason, Placement};
use crate::model::latency::Latency;
use crate::model::object::{NodeId, PodId};
use crate::model::pod::{ContainerState, ContainerStatus, PodConditionType, PodStatus, Termination};
use crate::model::pod_spec::PodSpec;

/// Upstream: kubelet `initialCrashLoopBackOff`; it doubles with each restart.
const FIRST_BACKOFF_SECONDS: u64 = 10;

impl Kubelets {
    /// Makes the worker of a pod whose status says what it has done so far.
    pub(super) fn adopt(&mut self, hubs: &mut Hubs<'_>, pod: PodId, node: NodeId, is_static: bool) {
        let row = hubs.cluster.pod(pod);
        let status = row.status.clone();
        let template = hubs.cluster.shared_template(row.template);
        let spec = &template.spec;
        let mut worker = Worker::new(pod, node, spec.containers.len());
        worker.flags.insert(Flags::ADMITTED);
        worker.flags.set(Flags::STATIC, is_static);
        // A kubelet that takes over begins with a look at the runtime.
        worker.relisted = hubs.now;
        if has_sandbox(&status) {
            worker.flags.insert(Flags::SANDBOX | Flags::HAD_SANDBOX | Flags::MOUNTED);
            worker.address = if spec.host_network { 0 } else { status.pod_ip };
            hubs.machines.machine_mut(node).keep_address(worker.address);
        }
        let initialized = status.is_condition_true(PodConditionType::Initialized);
        worker.flags.set(Flags::INITIALIZED, initialized && spec.init_count > 0);
        let address = if worker.address == 0 { hubs.machines.machine(node).internal_ip() } else { worker.address };
        let place = Placement { node, pod, address };
        for (index, container) in status.containers.iter().enumerate().take(spec.containers.len()) {
            self.adopt_container(hubs, &mut worker, place, index as u8, spec, container);
        }
        self.workers.insert(worker);
        let state = self.node_state(node);
        state.pods += 1;
        state.admitted.add(&hubs.cluster.template(hubs.cluster.pod(pod).allocated()).requests);
        if !template.host_ports.is_empty() {
            state.with_host_ports.push(pod);
        }
        self.candidates_changed(hubs, node);
        let since = status.start_time.get().unwrap_or(hubs.now);
        self.add_probes(hubs, pod, spec, since);
        self.adopt_verdicts(hubs, pod, &status);
        self.book_deadline(hubs, pod, spec);
        let at = hubs.now + self.settings.latencies.fixed(Latency::PodSync);
        self.wake(hubs, pod, at);
    }

    fn adopt_container(
        &mut self,
        hubs: &mut Hubs<'_>,
        worker: &mut Worker,
        place: Placement,
        slot: u8,
        spec: &PodSpec,
        status: &ContainerStatus,
    ) {
        let restarts = status.restart_count;
        let last = status.last.as_deref();
        let before = |hubs: &mut Hubs<'_>| {
            last.map_or(ContainerId::NONE, |run| ended(hubs, place, slot, restarts.saturating_sub(1), run))
        };
        let (previous, current) = match &status.state {
            ContainerState::Running { started_at } => {
                let previous = before(hubs);
                let started = (*started_at).min(hubs.now);
                (previous, hubs.machines.adopt_container(place, (slot, restarts), started, None))
            }
            ContainerState::Terminated(run) => {
                let previous = before(hubs);
                (previous, ended(hubs, place, slot, restarts, run))
            }
            ContainerState::Waiting { reason, message } => {
                if !matches!(reason.as_str(), "" | "ContainerCreating" | "PodInitializing") {
                    worker.set_start_error(slot, reason.clone(), message.clone());
                }
                // A container that waits for its next start shows the run before it as the last.
                (ContainerId::NONE, last.map_or(ContainerId::NONE, |run| ended(hubs, place, slot, restarts, run)))
            }
        };
        if current.is_none() {
            return;
        }
        let image = hubs.machines.registry.id(&spec.containers[usize::from(slot)].image);
        let size = hubs.machines.registry.image(image).size;
        if !hubs.machines.machine(place.node).has_image(image) {
            hubs.machines.machine_mut(place.node).store_image(hubs.now, image, size);
        }
        worker.slots[usize::from(slot)] = Slot { current, previous, image };
        if restarts > 0 {
            let max = self.settings.configuration.max_container_restart_period;
            let doubled = FIRST_BACKOFF_SECONDS << (restarts - 1).min(8);
            let delay = stated_backoff(status).unwrap_or(SimDuration::from_secs(doubled));
            let row = hubs.machines.container(current);
            worker.set_restart_backoff(slot, Backoff { delay: delay.min(max), updated: row.started });
        }
    }

    /// What probes have found so far is what the status shows.
    fn adopt_verdicts(&mut self, hubs: &Hubs<'_>, pod: PodId, status: &PodStatus) {
        let worker = self.workers.row(pod);
        let slots = worker.slots.clone();
        let Some(extra) = &mut worker.extra else { return };
        for probe in &mut extra.probes {
            let slot = usize::from(probe.slot);
            let Some(shown) = status.containers.get(slot) else { continue };
            if !matches!(shown.state, ContainerState::Running { .. }) {
                continue;
            }
            probe.serial = hubs.machines.container(slots[slot].current).serial;
            let holds = match probe.kind {
                ProbeKind::Startup => shown.started.unwrap_or(false),
                ProbeKind::Readiness => shown.ready,
                ProbeKind::Liveness => true,
            };
            if holds {
                probe.verdict = Verdict::Success;
                (probe.last, probe.streak) = (true, 1);
                probe.on_hold = probe.kind == ProbeKind::Startup;
            }
        }
    }
}

/// Has the pod's sandbox been made? Dumps of old clusters lack the condition.
fn has_sandbox(status: &PodStatus) -> bool {
    let ran = |container: &ContainerStatus| {
        !matches!(container.state, ContainerState::Waiting { .. }) || container.last.is_some()
    };
    status.is_condition_true(PodConditionType::PodReadyToStartContainers) || status.containers.iter().any(ran)
}

fn ended(hubs: &mut Hubs<'_>, place: Placement, slot: u8, attempt: u32, run: &Termination) -> ContainerId {
    let reason = ExitReason::from_name(&run.reason, run.exit_code);
    let finished = run.finished_at.min(hubs.now);
    let end = (finished, run.exit_code, reason);
    let container = hubs.machines.adopt_container(place, (slot, attempt), run.started_at.min(finished), Some(end));
    if !run.message.is_empty() {
        hubs.machines.set_termination_message(container, &run.message);
    }
    container
}

/// `back-off 40s restarting failed container=…`: how long the next start waits.
fn stated_backoff(status: &ContainerStatus) -> Option<SimDuration> {
    let ContainerState::Waiting { message, .. } = &status.state else { return None };
    let words = message.strip_prefix("back-off ")?;
    SimDuration::parse(words.split_once(' ')?.0).ok().filter(|delay| *delay > SimDuration::ZERO)
}
