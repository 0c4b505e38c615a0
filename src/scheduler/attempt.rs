//! One row for each scheduling attempt, for `scheduling.csv`.

use crate::engine::SimTime;
use crate::model::object::{NodeId, PodId};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptResult {
    /// A node was found; the binding is under way.
    Scheduled,
    /// No node is feasible.
    Unschedulable,
    /// It failed for another reason.
    Error,
}

impl AttemptResult {
    /// `scheduled`, `unschedulable`, `error`: the label of `scheduler_schedule_attempts_total`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Unschedulable => "unschedulable",
            Self::Error => "error",
        }
    }
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended.
    pub at: SimTime,
    /// The pod.
    pub pod: PodId,
    /// The how many-th of this pod, from 1.
    pub attempt: u32,
    /// How it ended.
    pub result: AttemptResult,
    /// Where the pod goes, or `NodeId::NONE`.
    pub node: NodeId,
    /// Nodes looked at.
    pub evaluated: u32,
    /// Nodes that passed the filters.
    pub feasible: u32,
    /// Why not; empty where it was scheduled.
    pub message: Box<str>,
}
