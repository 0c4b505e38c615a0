//! Stopping one container: preStop hook, its turn, TERM, the grace period, KILL.
//! Upstream: kuberuntime `killContainer`.

use super::actions::KillCause;
use super::probe_worker::ProbeKind;
use super::view;
use super::worker::{Flags, Stage};
use super::{Hubs, KubeletEvent, Kubelets};
use crate::engine::{SimDuration, SimTime};
use crate::machines::{ExecId, ExecPurpose, Signal};
use crate::model::latency::Latency;
use crate::model::object::PodId;
use crate::model::pod_spec::{ContainerKind, PodSpec, RestartPolicy};
use crate::model::probe::Handler;

/// Upstream: kuberuntime `minimumGracePeriodInSeconds`.
const MINIMUM_GRACE_SECONDS: u32 = 2;

/// How far a stop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KillStage {
    /// The preStop hook runs.
    PreStop,
    /// A sidecar waits until its turn comes.
    Turn,
    /// TERM is sent.
    Term,
}

/// A stop under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kill {
    pub slot: u8,
    /// Of the pending timer; older ones are stale.
    pub generation: u8,
    pub stage: KillStage,
    /// Seconds left of the grace period when the stage began.
    pub left: u32,
    pub since: SimTime,
    /// The preStop command.
    pub hook: ExecId,
}

impl Kubelets {
    /// Stops containers whose probes failed or whose definition changed; the sync goes on when they have ended.
    pub(super) fn kill_containers(
        &mut self,
        hubs: &mut Hubs<'_>,
        pod: PodId,
        spec: &PodSpec,
        kills: &[(u8, KillCause)],
    ) {
        self.workers.row(pod).stage = Stage::Killing;
        self.workers.row(pod).flags.insert(Flags::ACTED);
        for (slot, cause) in kills {
            let container = &spec.containers[usize::from(*slot)];
            let KillCause::Probe(kind) = cause else {
                let grace = u32::try_from(spec.termination_grace_period_seconds.max(0)).unwrap_or(u32::MAX);
                let message = match spec.container_kind(usize::from(*slot)) {
                    _ if *cause == KillCause::Resized => {
                        format!("Container {} resize requires restart", container.name)
                    }
                    ContainerKind::Main => {
                        format!("Container {} definition changed, will be restarted", container.name)
                    }
                    _ => format!("Init container {} definition changed", container.name),
                };
                self.start_kill(hubs, pod, *slot, grace, message);
                continue;
            };
            let probe = kind.of(container);
            let own = probe.and_then(|probe| probe.termination_grace_period_seconds);
            let grace = own.unwrap_or(spec.termination_grace_period_seconds).max(0);
            let which = if *kind == ProbeKind::Startup { "startup" } else { "liveness" };
            let message = match spec.container_kind(usize::from(*slot)) {
                ContainerKind::Main if view::effective_policy(spec, usize::from(*slot)) == RestartPolicy::Never => {
                    format!("Container {} failed {which} probe", container.name)
                }
                ContainerKind::Main => format!("Container {} failed {which} probe, will be restarted", container.name),
                _ => format!("Init container {} failed {which} probe", container.name),
            };
            self.start_kill(hubs, pod, *slot, u32::try_from(grace).unwrap_or(u32::MAX), message);
        }
        self.continue_after_kills(hubs, pod);
    }

    /// Begins to stop a running container.
    pub(super) fn start_kill(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8, grace: u32, message: String) {
        let container = self.workers.row(pod).slots[usize::from(slot)].current;
        if container.is_none() || hubs.machines.container(container).state != crate::machines::RunState::Running {
            return;
        }
        self.normal(hubs, pod, Some(slot), "Killing", message);
        let now = hubs.now;
        let mut kill =
            Kill { slot, generation: 0, stage: KillStage::PreStop, left: grace, since: now, hook: ExecId::NONE };
        let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
        let hook = template.spec.containers[usize::from(slot)].lifecycle.pre_stop.as_ref().filter(|_| grace > 0);
        let slept = match hook {
            Some(Handler::Exec { .. }) => {
                kill.hook = hubs.machines.request_exec(now, container, ExecPurpose::PreStop);
                Some(grace)
            }
            Some(Handler::Sleep { seconds }) => Some(u32::try_from((*seconds).max(0)).unwrap_or(u32::MAX).min(grace)),
            Some(handler) => {
                let definition = &template.spec.containers[usize::from(slot)];
                if self.hook_error(hubs, pod, container, definition, handler).is_some() {
                    self.warning(hubs, pod, Some(slot), "FailedPreStopHook", "PreStopHook failed");
                }
                None
            }
            None => None,
        };
        self.workers.row(pod).extra_mut().kills.push(kill);
        match slept {
            Some(seconds) => self.kill_timer(hubs, pod, slot, seconds),
            None => self.after_pre_stop(hubs, pod, slot),
        }
    }

    fn kill_mut(&mut self, pod: PodId, slot: u8) -> Option<&mut Kill> {
        let extra = self.workers.get_mut(pod)?.extra.as_mut()?;
        extra.kills.iter_mut().find(|kill| kill.slot == slot)
    }

    fn kill_timer(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8, seconds: u32) {
        let Some(kill) = self.kill_mut(pod, slot) else { return };
        kill.generation = kill.generation.wrapping_add(1);
        let generation = kill.generation;
        let at = hubs.now + SimDuration::from_secs(u64::from(seconds));
        hubs.outbox.send(at, KubeletEvent::Kill { pod, slot, generation });
    }

    /// The time of a stage is over.
    pub(super) fn kill_due(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8, generation: u8) {
        let Some(kill) = self.kill_mut(pod, slot).copied() else { return };
        if kill.generation != generation {
            return;
        }
        match kill.stage {
            KillStage::PreStop => self.after_pre_stop(hubs, pod, slot),
            KillStage::Turn => self.send_term(hubs, pod, slot),
            KillStage::Term => {
                let container = self.workers.row(pod).slots[usize::from(slot)].current;
                hubs.machines.signal(hubs.now, container, Signal::Kill);
            }
        }
    }

    /// The preStop command ended by itself.
    pub(super) fn pre_stop_done(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8, code: i32) {
        if code != 0 {
            self.warning(hubs, pod, Some(slot), "FailedPreStopHook", "PreStopHook failed");
        }
        let waiting = self.kill_mut(pod, slot).filter(|kill| kill.stage == KillStage::PreStop);
        if waiting.is_some() {
            self.after_pre_stop(hubs, pod, slot);
        }
    }

    fn after_pre_stop(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8) {
        let now = hubs.now;
        let Some(kill) = self.kill_mut(pod, slot) else { return };
        kill.left = kill.left.saturating_sub(u32::try_from((now - kill.since).as_secs()).unwrap_or(u32::MAX));
        kill.since = now;
        kill.stage = KillStage::Turn;
        let left = kill.left;
        if left > 0 && self.has_to_wait(hubs, pod, slot) {
            self.kill_timer(hubs, pod, slot, left);
        } else {
            self.send_term(hubs, pod, slot);
        }
    }

    /// A sidecar of a terminating pod waits for all main containers and every later sidecar.
    fn has_to_wait(&self, hubs: &Hubs<'_>, pod: PodId, slot: u8) -> bool {
        let Some(worker) = self.workers.get(pod) else { return false };
        if !worker.flags.intersects(Flags::TERMINATING | Flags::KILL_POD) {
            return false;
        }
        let spec = &hubs.cluster.template_of(pod).spec;
        let own = usize::from(slot);
        spec.container_kind(own) == ContainerKind::Sidecar
            && worker.extra.as_ref().is_some_and(|extra| {
                extra.kills.iter().any(|other| {
                    let index = usize::from(other.slot);
                    index > own && spec.own().contains(&index) && spec.container_kind(index) != ContainerKind::Init
                })
            })
    }

    fn send_term(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8) {
        let now = hubs.now;
        let Some(kill) = self.kill_mut(pod, slot) else { return };
        let waited = u32::try_from((now - kill.since).as_secs()).unwrap_or(u32::MAX);
        kill.left = kill.left.saturating_sub(waited).max(MINIMUM_GRACE_SECONDS);
        kill.since = now;
        kill.stage = KillStage::Term;
        let left = kill.left;
        let container = self.workers.row(pod).slots[usize::from(slot)].current;
        self.kill_timer(hubs, pod, slot, left);
        hubs.machines.signal(now, container, Signal::Term);
    }

    /// A container that was being stopped has ended.
    pub(super) fn kill_done(&mut self, hubs: &mut Hubs<'_>, pod: PodId, slot: u8) {
        let extra = self.workers.row(pod).extra_mut();
        extra.kills.retain(|kill| kill.slot != slot);
        let waiting: Vec<u8> =
            extra.kills.iter().filter(|kill| kill.stage == KillStage::Turn).map(|kill| kill.slot).collect();
        for other in waiting {
            if !self.has_to_wait(hubs, pod, other) {
                self.send_term(hubs, pod, other);
            }
        }
        self.continue_after_kills(hubs, pod);
    }

    /// When all stops are done, the worker goes on with what it stopped them for.
    pub(super) fn continue_after_kills(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let worker = self.workers.row(pod);
        if worker.extra.as_ref().is_some_and(|extra| !extra.kills.is_empty()) {
            return;
        }
        match worker.stage {
            Stage::Killing if worker.flags.contains(Flags::KILL_POD) => {
                // Upstream: `killPod` stops the sandbox too.
                worker.stage = Stage::KillingSandbox;
                let at = hubs.now + self.settings.latencies.sample(Latency::SandboxStop, &mut self.runtime);
                self.schedule(hubs, pod, at);
            }
            Stage::Killing if worker.flags.contains(Flags::RESTART_ALL) => self.reset_containers(hubs, pod),
            Stage::Killing => self.start_next(hubs, pod),
            Stage::Terminating => self.stop_sandbox(hubs, pod),
            _ => {}
        }
    }
}
