//! Probes: evaluated on their ticks, but only on those at which the answer can differ from the last.
//! Upstream: kubelet prober `worker.doProbe`.

use super::probe_worker::{ProbeKind, ProbeWorker};
use super::{Hubs, Kubelets};
use crate::engine::SimTime;
use crate::engine::significance::Significance;
use crate::machines::{ContainerId, ExecId, ExecPurpose};
use crate::model::object::PodId;
use crate::model::pod_spec::{ContainerKind, PodSpec};

impl Kubelets {
    /// Makes the probe workers of a pod, whose ticks count from `since`. Upstream: prober `AddPod`.
    pub(super) fn add_probes(&mut self, _hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec, since: SimTime) {
        let worker = self.workers.row(pod);
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
                probes.push(ProbeWorker {
                    slot,
                    kind,
                    generation: 0,
                    on_hold: false,
                    verdict: kind.initial_verdict(),
                    last: false,
                    streak: 0,
                    serial: 0,
                    phase: since,
                    due: SimTime::NEVER,
                    exec: ExecId::NONE,
                });
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

    pub(super) fn answers_changed(&mut self, _hubs: &mut Hubs<'_>, _container: ContainerId) {}

    pub(super) fn probe_due(&mut self, _hubs: &mut Hubs<'_>, _pod: PodId, _slot: u8, _kind: u8, _generation: u8) {}

    pub(super) fn probe_significance(&self, _pod: PodId, _slot: u8, _kind: u8, _generation: u8) -> Significance {
        Significance::Stale
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
        match purpose {
            ExecPurpose::PostStart if worker.extra.as_ref().is_some_and(|extra| extra.hook == exec) => {
                self.post_start_done(hubs, pod, outcome.code, &outcome.output);
            }
            ExecPurpose::PreStop => self.pre_stop_done(hubs, pod, slot, outcome.code),
            _ => {}
        }
    }
}
