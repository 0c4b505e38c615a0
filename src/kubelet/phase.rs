//! A pod's phase from its container statuses: pure. Upstream: kubelet_pods `getPhase`.

use super::restart_all;
use super::view::{Restart, restart_after};
use crate::model::pod::{ContainerState, ContainerStatus, PodPhase};
use crate::model::pod_spec::{ContainerKind, PodSpec};

#[derive(Default)]
struct Counts {
    pending_init: u32,
    failed_init: bool,
    pending_sidecars: u32,
    unknown: u32,
    running: u32,
    waiting: u32,
    stopped: u32,
    stopped_for_good: u32,
    succeeded: u32,
}

/// The phase. `terminal`: the containers have been stopped for good. `mains_exist`: some main container has been
/// created in the present sandbox.
pub(super) fn phase(spec: &PodSpec, statuses: &[ContainerStatus], terminal: bool, mains_exist: bool) -> PodPhase {
    let mut counts = Counts::default();
    for (index, status) in statuses.iter().enumerate() {
        match spec.container_kind(index) {
            ContainerKind::Init => count_init(spec, index, status, &mut counts),
            ContainerKind::Sidecar => count_sidecar(status, &mut counts),
            ContainerKind::Main => count_main(spec, index, status, &mut counts),
            ContainerKind::Ephemeral => {}
        }
    }
    if counts.failed_init {
        return PodPhase::Failed;
    }
    let initializing = counts.pending_init > 0 || counts.pending_sidecars > 0 && !mains_exist;
    if initializing || counts.waiting > 0 {
        return PodPhase::Pending;
    }
    if counts.running > 0 && counts.unknown == 0 {
        return PodPhase::Running;
    }
    if counts.stopped > 0 && counts.unknown == 0 {
        let outcome = if counts.stopped == counts.succeeded { PodPhase::Succeeded } else { PodPhase::Failed };
        return if terminal || counts.stopped == counts.stopped_for_good { outcome } else { PodPhase::Running };
    }
    PodPhase::Pending
}

fn count_init(spec: &PodSpec, index: usize, status: &ContainerStatus, counts: &mut Counts) {
    let exit_code = match (&status.state, &status.last) {
        (ContainerState::Waiting { reason, .. }, _) if reason == restart_all::REASON => None,
        (ContainerState::Terminated(termination), _) => Some(termination.exit_code),
        // It counts as one that is started again, neither done nor pending.
        (ContainerState::Waiting { .. }, Some(last)) if last.reason == restart_all::REASON => return,
        (ContainerState::Waiting { .. }, Some(last)) => Some(last.exit_code),
        _ => None,
    };
    match exit_code {
        Some(0) => {}
        Some(code) => {
            if restart_after(spec, index, code) == Restart::No {
                counts.failed_init = true;
            } else {
                counts.pending_init += 1;
            }
        }
        None => counts.pending_init += 1,
    }
}

fn count_sidecar(status: &ContainerStatus, counts: &mut Counts) {
    match &status.state {
        ContainerState::Running { .. } => {
            counts.running += 1;
            if status.started != Some(true) {
                counts.pending_sidecars += 1;
            }
        }
        ContainerState::Waiting { .. } if status.last.is_none() => {
            counts.waiting += 1;
            counts.pending_sidecars += 1;
        }
        _ => {}
    }
}

fn count_main(spec: &PodSpec, index: usize, status: &ContainerStatus, counts: &mut Counts) {
    let exit_code = match (&status.state, &status.last) {
        (ContainerState::Running { .. }, _) => {
            counts.running += 1;
            return;
        }
        (ContainerState::Waiting { reason, .. }, _) if reason == restart_all::REASON => {
            counts.stopped += 1;
            return;
        }
        (ContainerState::Waiting { .. }, Some(last)) if last.reason == restart_all::REASON => {
            counts.stopped += 1;
            return;
        }
        (ContainerState::Waiting { .. }, None) => {
            counts.waiting += 1;
            return;
        }
        (ContainerState::Terminated(termination), _) => {
            if termination.exit_code == 0 {
                counts.succeeded += 1;
            }
            termination.exit_code
        }
        (ContainerState::Waiting { .. }, Some(last)) => last.exit_code,
    };
    counts.stopped += 1;
    if restart_after(spec, index, exit_code) == Restart::No {
        counts.stopped_for_good += 1;
    }
}
