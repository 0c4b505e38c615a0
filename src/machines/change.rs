//! The machines' own change log: what kubelet, workload and faults have to hear of one another, at once.

use std::collections::VecDeque;

use super::container::ContainerId;
use super::exec::ExecId;
use crate::model::object::{NodeId, PodId, TemplateId};

/// A signal to a container's first process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// TERM, or the image's stop signal.
    Term,
    /// KILL.
    Kill,
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineChange {
    /// A container runs.
    ContainerStarted {
        /// Which.
        container: ContainerId,
    },
    /// A container ended; its row tells how.
    ContainerExited {
        /// Which.
        container: ContainerId,
    },
    /// A process got a signal that it may handle.
    SignalSent {
        /// Which.
        container: ContainerId,
        /// What.
        signal: Signal,
    },
    /// A container's ports answer otherwise than before.
    ServingChanged {
        /// Which.
        container: ContainerId,
    },
    /// Files that commands in a container may look at have changed.
    FilesChanged {
        /// Which.
        container: ContainerId,
    },
    /// A running container has other CPU and memory than before.
    ContainerResized {
        /// Which.
        container: ContainerId,
        /// A template with what it has now.
        resources: TemplateId,
    },
    /// A container uses more or less than before.
    UsageChanged {
        /// Which.
        container: ContainerId,
    },
    /// Its limit keeps more or less CPU from a container than before, which uses as much as before.
    ThrottlingChanged {
        /// Which.
        container: ContainerId,
    },
    /// Its node had no memory left, and the kernel chose this container.
    SystemOom {
        /// Which.
        container: ContainerId,
    },
    /// A pod holds more or less of its node's disk than before.
    DiskChanged {
        /// Which.
        pod: PodId,
    },
    /// A command is to be run in a container.
    ExecRequested {
        /// Which.
        exec: ExecId,
    },
    /// A command has ended; its row tells how.
    ExecDone {
        /// Which.
        exec: ExecId,
    },
    /// A pod's volumes show their sources anew.
    VolumesRefreshed {
        /// Which pod.
        pod: PodId,
    },
    /// A pod's volumes are gone.
    Unmounted {
        /// Which pod.
        pod: PodId,
    },
    /// Power, kubelet or network of a machine changed.
    MachineChanged {
        /// Which.
        node: NodeId,
    },
    /// A part of a machine that runs broke or works again: its disk, a resource that is eaten.
    HealthChanged {
        /// Which.
        node: NodeId,
    },
    /// The operating system is about to shut down: the kubelet may end pods first, and then lets go of it.
    ShutdownRequested {
        /// Which.
        node: NodeId,
    },
    /// The kubelet's folder of static pods holds other files than before.
    ManifestsChanged {
        /// Which.
        node: NodeId,
    },
    /// All that stood under one pod now stands under another: the mirror of a static pod was made anew.
    PodRenamed {
        /// Its row so far.
        from: PodId,
        /// Its row from now on.
        to: PodId,
    },
}

/// A reader's place in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MachineCursor(u64);

/// What happened, in order, as far as somebody still has to read it.
#[derive(Debug, Default)]
pub struct MachineLog {
    entries: VecDeque<MachineChange>,
    first: u64,
}

impl MachineLog {
    /// The next entry of a reader; moves its cursor.
    pub fn next(&self, cursor: &mut MachineCursor) -> Option<MachineChange> {
        let change = *self.entries.get((cursor.0 - self.first) as usize)?;
        cursor.0 += 1;
        Some(change)
    }

    /// Has everything been taken out?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Forgets what lies before `cursor`: everybody has read it.
    pub fn trim(&mut self, cursor: MachineCursor) {
        let count = (cursor.0.saturating_sub(self.first) as usize).min(self.entries.len());
        self.entries.drain(..count);
        self.first += count as u64;
    }

    /// Takes the oldest entry out: for a loop that hands each entry to all readers at once.
    pub fn pop(&mut self) -> Option<MachineChange> {
        let change = self.entries.pop_front()?;
        self.first += 1;
        Some(change)
    }

    pub(super) fn append(&mut self, change: MachineChange) {
        self.entries.push_back(change);
    }
}
