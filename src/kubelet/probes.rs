//! Probes: evaluated on their ticks, but only on those at which the answer can differ from the last.
//! Upstream: kubelet prober `worker.doProbe`.

use std::net::Ipv4Addr;

use super::conditions;
use super::probe_answer::{Answer, Target, ask_port, is_of_node};
use super::probe_worker::{ProbeKind, ProbeWorker, Verdict};
use super::status::first_bytes;
use super::view::{effective_policy, seen_by};
use super::worker::{Flags, Stage};
use super::{Hubs, KubeletEvent, Kubelets};
use crate::engine::significance::Significance;
use crate::engine::{SimDuration, SimTime};
use crate::machines::{ContainerId, ExecId, ExecPurpose, RunState};
use crate::model::object::PodId;
use crate::model::pod_spec::{ContainerKind, PodSpec, RestartPolicy};
use crate::model::probe::{Handler, Probe};

impl Kubelets {
    /// Makes the probe workers of a pod, whose ticks count from `since`. Upstream: prober `AddPod`.
    pub(super) fn add_probes(&mut self, hubs: &Hubs<'_>, pod: PodId, spec: &PodSpec, since: SimTime) {
        let begin = self.settings.begin;
        let worker = self.workers.row(pod);
        // Machines that are there from the start have been up for long.
        let started = hubs.machines.machine(worker.node).kubelet_started();
        let young = (started > begin).then(|| since.since(started));
        for (index, container) in spec.containers.iter().enumerate() {
            if spec.container_kind(index) == ContainerKind::Init {
                continue;
            }
            for kind in ProbeKind::ALL.into_iter().filter(|kind| kind.of(container).is_some()) {
                let slot = index as u8;
                let probes = &mut worker.extra_mut().probes;
                if probes.iter().any(|probe| probe.slot == slot && probe.kind == kind) {
                    continue;
                }
                let period = kind.of(container).map_or(1, |probe| probe.period_seconds.max(1) as u64);
                let period = SimDuration::from_secs(period);
                let mut phase = since;
                if young.is_some_and(|age| age < period) {
                    // Upstream: prober `worker.run`: a kubelet that has just started does not probe everything at once.
                    phase += SimDuration((period.0 as f64 * self.jitter.unit()) as u64);
                }
                probes.push(ProbeWorker::new(slot, kind, phase));
            }
        }
    }

    /// The pod ends: liveness and startup probes of main containers stop at once, all others with `all`.
    pub(super) fn stop_probes(&mut self, hubs: &mut Hubs<'_>, pod: PodId, all: bool) {
        let spec = &hubs.cluster.template_of(pod).spec;
        let Some(extra) = &mut self.workers.row(pod).extra else { return };
        extra.probes.retain(|probe| {
            let is_main = spec.container_kind(usize::from(probe.slot)) == ContainerKind::Main;
            !all && (probe.kind == ProbeKind::Readiness || !is_main)
        });
    }

    fn probe_count(&self, pod: PodId) -> usize {
        self.workers.get(pod).and_then(|worker| worker.extra.as_ref()).map_or(0, |extra| extra.probes.len())
    }

    fn probe_mut(&mut self, pod: PodId, at: usize) -> &mut ProbeWorker {
        &mut self.workers.row(pod).extra_mut().probes[at]
    }

    /// After each look at the containers: probes turn to new runs; readiness is asked at once where it is missing.
    pub(super) fn probes_after_look(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec) {
        for at in 0..self.probe_count(pod) {
            let worker = self.workers.row(pod);
            let slot = usize::from(worker.extra_mut().probes[at].slot);
            let seen = seen_by(hubs.machines, worker, slot);
            let (running, serial) = (seen.is_running(), seen.newest.map_or(0, |row| row.serial));
            let now = hubs.now;
            let node = worker.node;
            let probe = self.probe_mut(pod, at);
            let is_new = running && probe.serial != serial;
            if is_new {
                let relist = self.node_state(node).relist_after(now);
                let probe = self.probe_mut(pod, at);
                probe.turn_to(serial);
                probe.asked_again = relist;
                let shown = hubs.cluster.pod(pod).status.containers.get(slot);
                let is_startup = self.probe_mut(pod, at).kind == ProbeKind::Startup;
                self.probe_mut(pod, at).carried = is_startup && shown.is_some_and(|shown| shown.started == Some(true));
            }
            let probe = self.probe_mut(pod, at);
            let ask_now = running && probe.kind == ProbeKind::Readiness && probe.verdict != Verdict::Success;
            if ask_now && self.has_started(pod, spec, slot) {
                // A server that is not listening yet refuses this one. Upstream: prober `UpdatePodStatus`.
                let probe = self.probe_mut(pod, at);
                probe.phase = now;
                probe.settled = false;
                self.send_probe(hubs, pod, at, now);
            } else {
                self.book_probe(hubs, pod, spec, at);
            }
        }
    }

    /// Has the container passed its startup probe, or has none?
    fn has_started(&self, pod: PodId, spec: &PodSpec, slot: usize) -> bool {
        spec.containers[slot].startup_probe.is_none()
            || self.workers.get(pod).and_then(|worker| worker.extra.as_ref()).is_some_and(|extra| {
                extra.probes.iter().any(|probe| {
                    usize::from(probe.slot) == slot
                        && probe.kind == ProbeKind::Startup
                        && (probe.verdict == Verdict::Success || probe.carried)
                })
            })
    }

    /// Books the next tick at which a probe can find something new, if there is one.
    fn book_probe(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec, at: usize) {
        let started = {
            let slot = usize::from(self.probe_mut(pod, at).slot);
            self.has_started(pod, spec, slot)
        };
        let worker = self.workers.row(pod);
        let probe = &worker.extra_mut().probes[at].clone();
        let slot = usize::from(probe.slot);
        let seen = seen_by(hubs.machines, worker, slot);
        if probe.due != SimTime::NEVER
            || probe.exec.is_some()
            || seen.newest.map_or(0, |row| row.serial) != probe.serial
        {
            return;
        }
        let Some(settings) = probe.kind.of(&spec.containers[slot]) else { return };
        let (wanted, earliest) = if seen.is_running() {
            let idle = match probe.kind {
                ProbeKind::Startup => started && !probe.carried,
                _ => !started,
            };
            let started_at = seen.newest.map_or(SimTime::ZERO, |row| row.started);
            let delay = SimDuration::from_secs(settings.initial_delay_seconds.max(0) as u64);
            // The status shows whole seconds, and the delay counts from what it shows.
            (!(idle || probe.on_hold || probe.settled), SimTime::from_secs(started_at.as_secs()) + delay)
        } else {
            // That a restartable container does not run is found out at the next tick.
            let restartable = effective_policy(spec, slot) != RestartPolicy::Never;
            (restartable && probe.kind != ProbeKind::Startup && probe.verdict == Verdict::Success, hubs.now)
        };
        if !wanted {
            return;
        }
        let period = SimDuration::from_secs(settings.period_seconds.max(1) as u64);
        let asked_again = probe.asked_again;
        let is_asked =
            probe.kind == ProbeKind::Readiness && probe.verdict != Verdict::Success && hubs.now < asked_again;
        let from = if is_asked {
            // The relist that sees that the container runs syncs the pod, which asks once more.
            self.probe_mut(pod, at).phase = asked_again;
            asked_again
        } else {
            hubs.now + SimDuration(1)
        };
        let phase = self.probe_mut(pod, at).phase;
        let tick = from.max(earliest).next_on_grid(phase, period);
        self.send_probe(hubs, pod, at, tick);
    }

    fn send_probe(&mut self, hubs: &mut Hubs<'_>, pod: PodId, at: usize, when: SimTime) {
        let probe = self.probe_mut(pod, at);
        probe.generation = probe.generation.wrapping_add(1);
        probe.due = when;
        let (slot, kind, generation) = (probe.slot, probe.kind as u8, probe.generation);
        hubs.outbox.send(when, KubeletEvent::Probe { pod, slot, kind, generation });
    }

    /// What a container answers may differ from before: its probes look again at their next tick.
    /// Of its end its own probes learn before the kubelet does, and others of the pod may ask its ports too.
    pub(super) fn answers_changed(&mut self, hubs: &mut Hubs<'_>, container: ContainerId) {
        let row = hubs.machines.container(container);
        let (pod, slot) = (row.pod, row.index);
        if self.probe_count(pod) == 0 {
            return;
        }
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        for at in 0..self.probe_count(pod) {
            let probe = self.probe_mut(pod, at);
            let settings = probe.kind.of(&template.spec.containers[usize::from(probe.slot)]);
            let asks_port = settings.is_some_and(|settings| !matches!(settings.handler, Handler::Exec { .. }));
            if (probe.slot == slot || asks_port) && probe.settled {
                probe.settled = false;
                self.book_probe(hubs, pod, &template.spec, at);
            }
        }
    }

    fn find_probe(&self, pod: PodId, slot: u8, kind: u8) -> Option<usize> {
        let extra = self.workers.get(pod)?.extra.as_ref()?;
        extra.probes.iter().position(|probe| probe.slot == slot && probe.kind as u8 == kind)
    }

    /// A tick: upstream's `doProbe`, or the timeout of a command that a tick has started.
    pub(super) fn probe_due(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8, kind: u8, generation: u8) {
        let Some(at) = self.find_probe(pod, slot, kind) else { return };
        let worker = self.workers.row(pod);
        let node = worker.node;
        let probe = &mut worker.extra_mut().probes[at];
        if probe.generation != generation || probe.due == SimTime::NEVER || !hubs.machines.kubelet_up(node) {
            return;
        }
        probe.due = SimTime::NEVER;
        let (kind, exec, serial) = (probe.kind, probe.exec, probe.serial);
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let spec = &template.spec;
        let container = &spec.containers[usize::from(slot)];
        let Some(settings) = kind.of(container) else { return };
        if exec.is_some() {
            hubs.machines.forget_exec(exec);
            self.probe_mut(pod, at).exec = ExecId::NONE;
            let output = timeout_text(settings);
            self.answered(hubs, pod, spec, at, Answer::Failed(output), true);
            return;
        }
        let seen = seen_by(hubs.machines, self.workers.row(pod), usize::from(slot));
        let Some(row) = seen.newest.filter(|row| row.serial == serial) else { return };
        if !seen.is_running() {
            self.verdict(hubs, pod, spec, at, Verdict::Failure);
            return;
        }
        if std::mem::replace(&mut self.probe_mut(pod, at).carried, false) {
            // Only now does the startup probe see that this is another run: it has not started yet.
            self.show_readiness(hubs, pod, spec, slot);
            self.book_probe(hubs, pod, spec, at);
            return;
        }
        if kind != ProbeKind::Startup && !self.has_started(pod, spec, usize::from(slot)) {
            return;
        }
        let delay = settings.initial_delay_seconds.max(0) as u64;
        let has_ended = row.state != RunState::Running;
        if (hubs.now.as_secs() - row.started.as_secs().min(hubs.now.as_secs())) < delay {
            self.book_probe(hubs, pod, spec, at);
            return;
        }
        if has_ended && self.workers.row(pod).stage == Stage::StoppingSandbox {
            // All have ended, and within milliseconds the probes go too. Upstream: `SyncTerminatingPod`, `RemovePod`.
            return;
        }
        if has_ended && matches!(settings.handler, Handler::Exec { .. }) {
            // The kubelet does not know yet.
            self.answered(hubs, pod, spec, at, Answer::Errored(ENDED.to_owned()), true);
            return;
        }
        if matches!(settings.handler, Handler::Exec { .. }) {
            self.run_probe_command(hubs, pod, at, kind, settings);
            return;
        }
        let run = self.workers.row(pod).slots[usize::from(slot)].current;
        let of_node = self.servers_of_node(hubs, pod, &settings.handler);
        let target = self.target(hubs, pod, run, of_node.as_deref());
        let answer = ask_port(container, settings, kind, target);
        self.answered(hubs, pod, spec, at, answer, of_node.is_some());
    }

    /// Where a probe or hook of a run goes.
    pub(super) fn target<'a>(
        &self,
        hubs: &'a Hubs<'_>,
        pod: PodId,
        run: ContainerId,
        of_node: Option<&'a [ContainerId]>,
    ) -> Target<'a> {
        let own = hubs.machines.container(run);
        let address = self.workers.get(pod).map_or(0, |worker| worker.address);
        // Without an address of its own it shares the node's.
        let address = if address == 0 { hubs.machines.machine(own.node).internal_ip() } else { address };
        Target { machines: hubs.machines, own, of_node, address: Ipv4Addr::from_bits(address) }
    }

    /// Where a probe or hook is sent to the node's own addresses: the containers that answer there, which are those of pods
    /// that share its network. The kubelet asks from the node, not from the pod.
    pub(super) fn servers_of_node(&self, hubs: &Hubs<'_>, pod: PodId, handler: &Handler) -> Option<Vec<ContainerId>> {
        let (Handler::HttpGet { host, .. } | Handler::TcpSocket { host, .. }) = handler else { return None };
        let node = self.workers.get(pod)?.node;
        let shares_network = |pod: PodId| hubs.cluster.template_of(pod).spec.host_network;
        let address = Ipv4Addr::from_bits(hubs.machines.machine(node).internal_ip());
        if host.is_empty() || shares_network(pod) || !is_of_node(host, address) {
            return None;
        }
        let pods = self.workers.on_node(node).filter(|other| shares_network(*other));
        Some(pods.flat_map(|other| hubs.machines.runs_of_pod(other)).collect())
    }

    fn run_probe_command(&mut self, hubs: &mut Hubs<'_>, pod: PodId, at: usize, kind: ProbeKind, settings: &Probe) {
        let slot = usize::from(self.probe_mut(pod, at).slot);
        let container = self.workers.row(pod).slots[slot].current;
        let purpose = match kind {
            ProbeKind::Startup => ExecPurpose::StartupProbe,
            ProbeKind::Readiness => ExecPurpose::ReadinessProbe,
            ProbeKind::Liveness => ExecPurpose::LivenessProbe,
        };
        let exec = hubs.machines.request_exec(hubs.now, container, purpose);
        let timeout = SimDuration::from_secs(settings.timeout_seconds.max(1) as u64);
        let when = hubs.now + timeout;
        self.probe_mut(pod, at).exec = exec;
        self.send_probe(hubs, pod, at, when);
    }

    /// An answer counts. `varies`: it may be another one next time although nothing in the container changes.
    fn answered(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec, at: usize, answer: Answer, varies: bool) {
        let (slot, kind) = {
            let probe = self.probe_mut(pod, at);
            (probe.slot, probe.kind)
        };
        let Some(settings) = kind.of(&spec.containers[usize::from(slot)]) else { return };
        let success = match answer {
            Answer::Well => true,
            Answer::Failed(output) => {
                self.warning(hubs, pod, Some(slot), "Unhealthy", format!("{} probe failed: {output}", kind.name()));
                false
            }
            Answer::Errored(why) => {
                let message = format!("{} probe errored and resulted in unknown state: {why}", kind.name());
                self.warning(hubs, pod, Some(slot), "Unhealthy", message);
                self.probe_mut(pod, at).errored = true;
                self.book_probe(hubs, pod, spec, at);
                return;
            }
        };
        let probe = self.probe_mut(pod, at);
        let threshold = if success { settings.success_threshold } else { settings.failure_threshold };
        if probe.count(success) < u16::try_from(threshold.max(1)).unwrap_or(u16::MAX) {
            self.book_probe(hubs, pod, spec, at);
            return;
        }
        // A failure goes on being counted in its Event.
        probe.settled = success && !varies;
        let verdict = if success { Verdict::Success } else { Verdict::Failure };
        if kind == ProbeKind::Startup || kind == ProbeKind::Liveness && !success {
            probe.on_hold = true;
            probe.streak = 0;
        }
        self.verdict(hubs, pod, spec, at, verdict);
        if let Some(at) = self.find_probe(pod, slot, kind as u8) {
            self.book_probe(hubs, pod, spec, at);
        }
    }

    /// A verdict stands; if it is a new one, status and worker hear of it.
    fn verdict(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec, at: usize, verdict: Verdict) {
        let probe = self.probe_mut(pod, at);
        if std::mem::replace(&mut probe.verdict, verdict) == verdict {
            return;
        }
        let (slot, kind) = (probe.slot, probe.kind);
        match (kind, verdict) {
            (ProbeKind::Readiness, _) => self.show_readiness(hubs, pod, spec, slot),
            (ProbeKind::Startup, Verdict::Success) => {
                self.show_readiness(hubs, pod, spec, slot);
                self.probes_after_look(hubs, pod, spec);
            }
            _ => {}
        }
        let alone = spec.containers.len() == 1
            && self.workers.get(pod).is_some_and(|worker| {
                worker.extra.as_ref().is_none_or(|extra| extra.reasons.is_empty())
                    && seen_by(hubs.machines, worker, 0).is_running()
            });
        let failed = verdict == Verdict::Failure && kind != ProbeKind::Readiness;
        if failed || !alone {
            // A sync of a pod whose only container runs on would find nothing to do.
            let at = hubs.now;
            self.wake(hubs, pod, at);
        }
    }

    /// Writes `ready`, `started` and the Ready conditions at once. Upstream: status `SetContainerReadiness`,
    /// `SetContainerStartup`.
    fn show_readiness(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec, slot: u8) {
        let worker = self.workers.row(pod);
        let index = usize::from(slot);
        let (ready, started) =
            super::status::readiness(spec, worker, index, &seen_by(hubs.machines, worker, index), false);
        if hubs.cluster.pod(pod).deleted || !hubs.machines.is_reachable(self.workers.row(pod).node) {
            return;
        }
        let (now, words) = (hubs.now, &self.words);
        hubs.cluster.modify_pod_status(now, pod, |status| {
            let Some(container) = status.containers.get_mut(index) else { return };
            container.ready = ready;
            container.started = Some(started);
            conditions::refresh_ready(spec, status, now, words);
        });
    }

    pub(super) fn probe_significance(&self, pod: PodId, slot: u8, kind: u8, generation: u8) -> Significance {
        let Some(at) = self.find_probe(pod, slot, kind) else { return Significance::Stale };
        let Some(extra) = self.workers.get(pod).and_then(|worker| worker.extra.as_ref()) else {
            return Significance::Stale;
        };
        let probe = &extra.probes[at];
        if probe.generation != generation || probe.due == SimTime::NEVER {
            return Significance::Stale;
        }
        let repeats = probe.errored
            || match probe.verdict {
                Verdict::Success => probe.last,
                Verdict::Failure => !probe.last && probe.streak > 0,
                Verdict::Unknown => false,
            };
        if repeats { Significance::Background } else { Significance::Live }
    }

    /// A command that the kubelet asked for has ended.
    pub(super) fn exec_done(&mut self, hubs: &mut Hubs<'_>, exec: ExecId) {
        let Some(row) = hubs.machines.exec(exec) else { return };
        let Some(outcome) = row.outcome.clone() else { return };
        let (purpose, container) = (row.purpose.clone(), row.container);
        if matches!(purpose, ExecPurpose::Command(_)) {
            return;
        }
        let (pod, slot) = {
            let container = hubs.machines.container(container);
            (container.pod, container.index)
        };
        hubs.machines.forget_exec(exec);
        let Some(worker) = self.workers.get(pod) else { return };
        let kind = match purpose {
            ExecPurpose::PostStart => {
                if worker.extra.as_ref().is_some_and(|extra| extra.hook == exec) {
                    self.post_start_done(hubs, pod, &outcome);
                }
                return;
            }
            ExecPurpose::PreStop => return self.pre_stop_done(hubs, pod, slot, outcome.code),
            ExecPurpose::StartupProbe => ProbeKind::Startup,
            ExecPurpose::ReadinessProbe => ProbeKind::Readiness,
            ExecPurpose::LivenessProbe => ProbeKind::Liveness,
            ExecPurpose::Command(_) => return,
        };
        let Some(at) = self.find_probe(pod, slot, kind as u8) else { return };
        let probe = self.probe_mut(pod, at);
        if probe.exec != exec {
            return;
        }
        probe.exec = ExecId::NONE;
        probe.due = SimTime::NEVER;
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        if hubs.machines.container(container).state != RunState::Running
            || self.workers.get(pod).is_some_and(|worker| worker.flags.contains(Flags::REMOVED))
        {
            // Cut off by the container's end: that is no answer.
            return;
        }
        let answer = match outcome.refused {
            Some(why) => Answer::Errored(why),
            None if outcome.code == 0 => Answer::Well,
            None => Answer::Failed(first_bytes(&outcome.output, OUTPUT_BYTES).to_owned()),
        };
        self.answered(hubs, pod, &template.spec, at, answer, outcome.varies);
    }
}

/// Upstream: pkg/probe/exec `maxReadLength`.
const OUTPUT_BYTES: usize = 10 << 10;

/// The runtime's answer to a probe of a container that has ended meanwhile. containerd: internal/cri/server
/// `execInContainer`.
const ENDED: &str =
    "rpc error: code = Unknown desc = failed to exec in container: container is in CONTAINER_EXITED state";

/// What a command that did not end in time shows. Upstream: pkg/probe/exec.
fn timeout_text(probe: &Probe) -> String {
    match &probe.handler {
        Handler::Exec { command } => {
            let timeout = SimDuration::from_secs(probe.timeout_seconds.max(1) as u64);
            format!("command timed out: {:?} timed out after {timeout}", command.join(" "))
        }
        _ => String::new(),
    }
}
