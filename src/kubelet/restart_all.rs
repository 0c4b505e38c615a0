//! `RestartAllContainers`: the exit of one container that a rule of its answers with a restart of the whole pod in place.
//! Upstream: kuberuntime `computePodActions`, `getContainersToReset`.

use super::pod_sync::running_slots;
use super::worker::{Flags, Slot, Stage};
use super::{Hubs, Kubelets};
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::object::PodId;
use crate::model::pod::{ContainerState, Termination};

/// What is shown of a container that was removed for a restart of all.
pub(super) const REASON: &str = "RestartingAllContainers";
const MESSAGE: &str = "The container is removed because RestartAllContainers in place";

/// A run that was removed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Removed {
    pub slot: u8,
    pub attempt: u32,
    serial: u32,
    started: SimTime,
    finished: SimTime,
}

impl Removed {
    /// The state of a container that is to be made anew.
    pub fn waiting() -> ContainerState {
        ContainerState::Waiting { reason: Text::const_new(REASON), message: Text::const_new(MESSAGE) }
    }

    /// The run before the new one.
    pub fn termination(&self) -> Termination {
        Termination {
            exit_code: 137,
            reason: Text::const_new(REASON),
            message: Text::const_new(MESSAGE),
            started_at: self.started,
            finished_at: self.finished,
            container_id: u64::from(self.serial),
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
            let removed = Removed {
                slot: index as u8,
                attempt: row.attempt,
                serial: row.serial,
                started: row.started.min(now),
                finished: row.finished.min(now),
            };
            hubs.machines.remove_container(slot.current);
            worker.clear_start_error(index as u8);
            let known = &mut worker.extra_mut().removed;
            known.retain(|other| other.slot != removed.slot);
            known.push(removed);
        }
        self.finish_sync(hubs, pod);
    }
}
