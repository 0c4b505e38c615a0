//! `RestartAllContainers`: the exit of one container that a rule of its answers with a restart of the whole pod in place.
//! Upstream: kuberuntime `computePodActions`, `getContainersToReset`.

use super::pod_sync::running_slots;
use super::worker::{Flags, Slot, Stage};
use super::{Hubs, Kubelets};
use crate::model::Text;
use crate::model::object::PodId;
use crate::model::pod::{ContainerState, Termination};
use crate::model::pod_spec::PodSpec;

/// What is shown of a container that was removed for a restart of all.
pub(super) const REASON: &str = "RestartingAllContainers";
const MESSAGE: &str = "The container is removed because RestartAllContainers in place";

/// A run that was removed, and what is shown of its container until there is another one.
#[derive(Clone, Debug)]
pub(super) struct Removed {
    pub slot: u8,
    pub attempt: u32,
    /// The state until then.
    pub state: ContainerState,
    /// The state before it, until then.
    pub last: Option<Box<Termination>>,
    /// The last state of the next run.
    pub termination: Termination,
    /// Restarts shown until then.
    pub restart_count: u32,
}

impl Removed {
    /// Removed for a restart of all containers: `run` says when it ran.
    fn for_restart(slot: u8, attempt: u32, mut termination: Termination) -> Self {
        termination.exit_code = 137;
        termination.reason = Text::const_new(REASON);
        termination.message = Text::const_new(MESSAGE);
        Self {
            slot,
            attempt,
            state: ContainerState::Waiting { reason: Text::const_new(REASON), message: Text::const_new(MESSAGE) },
            last: Some(Box::new(termination.clone())),
            termination,
            restart_count: attempt + 1,
        }
    }
}

impl Kubelets {
    /// Stops what runs, without hooks and within two seconds; then all runs are removed.
    pub(super) fn restart_all(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let worker = self.workers.row(pod);
        worker.to_start.clear();
        worker.stage = Stage::Killing;
        worker.flags.insert(Flags::ACTED | Flags::RESTART_ALL);
        for slot in running_slots(hubs.machines, worker) {
            self.start_kill(hubs, pod, slot, 0, "killing".to_owned());
        }
        self.continue_after_kills(hubs, pod);
    }

    /// Nothing runs any more: the runs go, sandbox and volumes stay, and the next sync starts from the first init
    /// container on. No crash back-off applies, since no run is left that has ended.
    pub(super) fn reset_containers(&mut self, hubs: &mut Hubs<'_>, pod: PodId) {
        let now = hubs.now;
        let worker = self.workers.row(pod);
        worker.flags.remove(Flags::RESTART_ALL);
        worker.flags.insert(Flags::AGAIN | Flags::RERUN_INITS);
        for index in 0..worker.slots.len() {
            let slot = std::mem::replace(&mut worker.slots[index], Slot::EMPTY);
            if slot.previous.is_some() {
                hubs.machines.remove_container(slot.previous);
            }
            if slot.current.is_none() {
                continue;
            }
            let row = hubs.machines.container(slot.current);
            let run = Termination {
                exit_code: 0,
                reason: Text::default(),
                message: Text::default(),
                started_at: row.started.min(now),
                finished_at: row.finished.min(now),
                container_id: u64::from(row.serial),
            };
            let removed = Removed::for_restart(index as u8, row.attempt, run);
            hubs.machines.remove_container(slot.current);
            worker.clear_start_error(index as u8);
            let known = &mut worker.extra_mut().removed;
            known.retain(|other| other.slot != removed.slot);
            known.push(removed);
        }
        self.finish_sync(hubs, pod);
    }

    /// A new sandbox begins with the first init container, and nothing is left of the init containers of the one before.
    /// Upstream: kuberuntime `purgeInitContainers`.
    pub(super) fn purge_init_containers(&mut self, hubs: &mut Hubs<'_>, pod: PodId, spec: &PodSpec) {
        for index in 0..spec.init_count {
            let worker = self.workers.row(pod);
            let slot = std::mem::replace(&mut worker.slots[index], Slot::EMPTY);
            if slot.current.is_none() {
                continue;
            }
            let shown = &hubs.cluster.pod(pod).status.containers;
            let row = hubs.machines.container(slot.current);
            if let Some(status) = shown.get(index)
                && let ContainerState::Terminated(ended) = &status.state
            {
                let removed = Removed {
                    slot: index as u8,
                    attempt: row.attempt,
                    state: status.state.clone(),
                    last: status.last.clone(),
                    termination: (**ended).clone(),
                    restart_count: status.restart_count,
                };
                let known = &mut worker.extra_mut().removed;
                known.retain(|other| other.slot != removed.slot);
                known.push(removed);
            }
            worker.clear_start_error(index as u8);
            hubs.machines.remove_container(slot.current);
            if slot.previous.is_some() {
                hubs.machines.remove_container(slot.previous);
            }
        }
        self.workers.row(pod).flags.insert(Flags::RERUN_INITS);
    }
}
