//! What a kubelet sees of a pod's containers: the machine's rows as of its last look at the runtime.

use super::worker::{Slot, Worker};
use crate::engine::SimTime;
use crate::machines::{ContainerId, ContainerRow, ExitReason, Machines, RunState};
use crate::model::pod_spec::{Container, ContainerKind, PodSpec, RestartPolicy};

/// A container as it was at the look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// The newest run, if there was one.
    pub newest: Option<&'a ContainerRow>,
    /// What it did then.
    pub state: RunState,
    /// The run before it.
    pub before: Option<&'a ContainerRow>,
}

impl Seen<'_> {
    pub fn is_running(&self) -> bool {
        self.newest.is_some() && self.state == RunState::Running
    }

    pub fn is_missing(&self) -> bool {
        self.newest.is_none()
    }

    pub fn is_created(&self) -> bool {
        self.newest.is_some() && self.state == RunState::Created
    }

    /// Exit code and reason, if it had ended.
    pub fn exit(&self) -> Option<(i32, ExitReason)> {
        match self.state {
            RunState::Exited { code, reason } if self.newest.is_some() => Some((code, reason)),
            _ => None,
        }
    }
}

/// One container as of `snapshot`.
pub(super) fn seen(machines: &Machines, slot: Slot, snapshot: SimTime) -> Seen<'_> {
    let row = |id: ContainerId| id.is_some().then(|| machines.container(id));
    match row(slot.current) {
        Some(current) if current.created <= snapshot => {
            let state = if current.finished <= snapshot {
                current.state
            } else if current.started <= snapshot {
                RunState::Running
            } else {
                RunState::Created
            };
            Seen { newest: Some(current), state, before: row(slot.previous) }
        }
        _ => {
            let previous = row(slot.previous);
            Seen { newest: previous, state: previous.map_or(RunState::Created, |row| row.state), before: None }
        }
    }
}

/// The container at `index` as the worker's last look showed it.
pub(super) fn seen_by<'a>(machines: &'a Machines, worker: &Worker, index: usize) -> Seen<'a> {
    // Of an ephemeral container that the worker has not heard of yet nothing is seen.
    seen(machines, worker.slots.get(index).copied().unwrap_or(Slot::EMPTY), worker.snapshot)
}

/// What a restart rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restart {
    /// The container stays as it is.
    No,
    /// It is started again.
    Container,
    /// All containers of the pod are started again.
    AllContainers,
}

/// Is a container that ended with `code` started again? Upstream: pkg/api/v1/pod `ContainerShouldRestart`.
pub(super) fn restart_after(spec: &PodSpec, index: usize, code: i32) -> Restart {
    let container = &spec.containers[index];
    for rule in &container.restart_rules {
        if rule.exit_codes.contains(&code) == rule.listed {
            return if rule.action == "RestartAllContainers" { Restart::AllContainers } else { Restart::Container };
        }
    }
    let again = match effective_policy(spec, index) {
        RestartPolicy::Always => true,
        RestartPolicy::OnFailure => code != 0,
        RestartPolicy::Never => false,
    };
    if again { Restart::Container } else { Restart::No }
}

/// The container's own restart policy, or the pod's; an init container that must finish is never restarted after
/// success.
pub(super) fn effective_policy(spec: &PodSpec, index: usize) -> RestartPolicy {
    let container: &Container = &spec.containers[index];
    match (container.restart_policy.unwrap_or(spec.restart_policy), spec.container_kind(index)) {
        (RestartPolicy::Always, ContainerKind::Init) => RestartPolicy::OnFailure,
        (_, ContainerKind::Ephemeral) => RestartPolicy::Never,
        (policy, _) => policy,
    }
}
