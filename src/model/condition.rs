//! Status conditions of workloads and nodes.

use super::Text;
use crate::engine::SimTime;

/// `status` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConditionStatus {
    /// `True`.
    True,
    /// `False`.
    False,
    /// `Unknown`.
    Unknown,
}

impl ConditionStatus {
    /// `True`, `False`, `Unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::True, Self::False, Self::Unknown].into_iter().find(|status| status.name() == name)
    }

    /// Is it `True`?
    pub fn is_true(self) -> bool {
        self == Self::True
    }
}

impl From<bool> for ConditionStatus {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// A condition of a Deployment, Job, node and the like (pods have their own, smaller form).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `type`.
    pub kind: Text,
    /// `status`.
    pub status: ConditionStatus,
    /// `reason`, may be empty.
    pub reason: Text,
    /// `message`, may be empty.
    pub message: Text,
    /// `lastTransitionTime`.
    pub last_transition: SimTime,
    /// `lastUpdateTime`, `lastProbeTime` or `lastHeartbeatTime`, where the kind has one.
    pub last_update: SimTime,
}

/// The condition of this type.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.kind == kind)
}
