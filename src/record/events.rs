//! Kubernetes Events, scheduling attempts and image pulls, as rows.

use serde::{Deserialize, Serialize};

use super::{Moment, NodeIndex, PodIndex, TextId};

/// One emission of a Kubernetes Event (a new one, or a higher count of an old one): a row of `events.csv`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct EventRow {
    /// When it was written.
    pub time: Moment,
    /// `Warning`, else `Normal`.
    pub is_warning: bool,
    /// `reason`.
    pub reason: TextId,
    /// Kind of the object it is about.
    pub kind: TextId,
    /// Namespace of that object; none for nodes.
    pub namespace: TextId,
    /// Name of that object.
    pub name: TextId,
    /// The component that says so.
    pub source: TextId,
    /// `count` from then on.
    pub count: u32,
    /// By how much this row raised the count.
    pub raised: u32,
    /// `message`.
    pub message: TextId,
}

/// How an attempt to schedule a pod ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptResult {
    /// A node was found.
    Scheduled,
    /// No node fits.
    Unschedulable,
    /// Something failed: the pod is tried again.
    Error,
}

impl AttemptResult {
    /// As files show it: the label of upstream's `scheduler_schedule_attempts_total`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Unschedulable => "unschedulable",
            Self::Error => "error",
        }
    }
}

/// One attempt of the scheduler: a row of `scheduling.csv`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AttemptRow {
    /// When it ended.
    pub time: Moment,
    /// The pod.
    pub pod: PodIndex,
    /// 1 for the pod's first.
    pub attempt: u32,
    /// How it ended.
    pub result: AttemptResult,
    /// The node found.
    pub node: NodeIndex,
    /// Nodes that passed all filters.
    pub feasible: u32,
    /// Nodes that were looked at.
    pub evaluated: u32,
    /// Why not, in the scheduler's words.
    pub reason: TextId,
}

/// An image that a kubelet pulled.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PullRow {
    /// When the pull ended; for one that never did, when the record ended.
    pub time: Moment,
    /// The pod it was for.
    pub pod: PodIndex,
    /// How long it took, in nanoseconds, its wait for other pulls included.
    pub nanos: u64,
    /// Did it end well?
    pub is_complete: bool,
}
