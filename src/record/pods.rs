//! Pods and their observable changes, as rows.
//! Holds no reference to the cluster: what a reader needs is here or in the record's texts.

use bitflags::bitflags;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Moment, NodeIndex, TextId, Uid, UsageIndex, WorkloadIndex};
use crate::engine::typed_id;

typed_id!(
    /// A pod of a record, in the order of creation.
    PodIndex
);

/// `status.phase`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Phase {
    /// Accepted; not all containers have been created.
    #[default]
    Pending,
    /// Bound, all containers created, one at least running or restarting.
    Running,
    /// All containers ended with exit code 0 and stay so.
    Succeeded,
    /// All containers ended, one at least in failure.
    Failed,
    /// Never set by today's components.
    Unknown,
}

impl Phase {
    /// As the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
        }
    }

    /// Over for good?
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// Where a pod is in its life, as charts colour it: the phase, told apart where kubectl's STATUS does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Stage {
    /// Waits for the scheduler.
    #[default]
    Unscheduled,
    /// Was tried by the scheduler and fits nowhere, or is gated.
    Unschedulable,
    /// Has a node; images, volumes, sandbox, init containers.
    Starting,
    /// Waits for a next try after an error: `CrashLoopBackOff`, `ErrImagePull`, `Error`, ….
    BackingOff,
    /// Runs, not ready.
    NotReady,
    /// Runs and is ready.
    Ready,
    /// Is being deleted.
    Terminating,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Is no more.
    Deleted,
}

impl Stage {
    /// All of them, in the order in which a pod may pass through them.
    pub const ALL: [Self; 10] = [
        Self::Unscheduled,
        Self::Unschedulable,
        Self::Starting,
        Self::BackingOff,
        Self::NotReady,
        Self::Ready,
        Self::Terminating,
        Self::Succeeded,
        Self::Failed,
        Self::Deleted,
    ];
}

bitflags! {
    /// What happened to a pod at least once.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct PodMarks: u8 {
        /// Evicted through the API, by a taint or by its kubelet.
        const EVICTED = 1;
        /// Deleted to make room for a pod of higher priority.
        const PREEMPTED = 1 << 1;
        /// A container was killed for its memory.
        const OOM_KILLED = 1 << 2;
        /// Created before t=0: left out of counts and latencies.
        const WARM_UP = 1 << 3;
    }
}

impl Serialize for PodMarks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.bits())
    }
}

impl<'de> Deserialize<'de> for PodMarks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer).map(Self::from_bits_retain)
    }
}

/// What can be seen of a pod at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PodState {
    /// kubectl's STATUS column.
    pub status: TextId,
    /// The cause as a word: `status.reason`, or why it is not scheduled.
    pub reason: TextId,
    /// Where it is bound.
    pub node: NodeIndex,
    /// The number of kubectl's RESTARTS column.
    pub restarts: u32,
    /// Containers ready: the first number of kubectl's READY column.
    pub ready: u16,
    /// Containers in all: the second one.
    pub containers: u16,
    /// `status.phase`.
    pub phase: Phase,
    /// Where it is in its life.
    pub stage: Stage,
}

/// A pod's life as far as it is known at the end of the record.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Pod {
    /// `metadata.name`.
    pub name: TextId,
    /// `metadata.namespace`.
    pub namespace: TextId,
    /// `metadata.uid`.
    pub uid: Uid,
    /// The workload that controls it: a ReplicaSet, say.
    pub owner: WorkloadIndex,
    /// The workload at the top of its owners.
    pub workload: WorkloadIndex,
    /// `spec.priority`.
    pub priority: i32,
    /// CPU that the scheduler counts for it, in millicores.
    pub cpu_milli: u64,
    /// Memory that the scheduler counts for it, in bytes.
    pub memory_bytes: u64,
    /// With whose use its own is counted since it holds a place on a node.
    pub usage: UsageIndex,
    /// Creation.
    pub created: Moment,
    /// Binding to its node.
    pub bound: Moment,
    /// First seen in phase Running.
    pub ran: Moment,
    /// First seen ready.
    pub became_ready: Moment,
    /// Reached a terminal phase.
    pub finished: Moment,
    /// Left the API server.
    pub deleted: Moment,
    /// The last state seen.
    pub last: PodState,
    /// What happened to it.
    pub marks: PodMarks,
}

impl Pod {
    /// When it counts as started: ready for the first time or, if it ended without that, running.
    pub fn started(&self) -> Moment {
        if self.became_ready.is_some() || !self.finished.is_some() { self.became_ready } else { self.ran }
    }

    /// When it ceased to wait or run: its end or its deletion, whichever came first.
    pub fn ended(&self) -> Moment {
        self.finished.min(self.deleted)
    }

    /// Does it exist at the end of the record?
    pub fn exists(&self) -> bool {
        !self.deleted.is_some()
    }
}

// There may be a million of them.
const _: () = assert!(size_of::<Pod>() <= 136);

/// One observable change of a pod: a row of `timeline.csv`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PodRow {
    /// When.
    pub time: Moment,
    /// Which pod.
    pub pod: PodIndex,
    /// What it looked like from then on.
    pub state: PodState,
}

// A million pods have four million rows.
const _: () = assert!(size_of::<PodRow>() <= 40);
