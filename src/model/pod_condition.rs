//! Conditions of pods: five of each pod, so that a condition is three words.

use std::sync::Arc;

use super::Text;
use super::condition::ConditionStatus;
use crate::engine::SimTime;

/// `type` of a pod condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PodConditionType<'a> {
    /// Bound, or why not.
    PodScheduled,
    /// The sandbox exists.
    PodReadyToStartContainers,
    /// All init containers are done.
    Initialized,
    /// All containers are ready.
    ContainersReady,
    /// The pod serves.
    Ready,
    /// It is about to be ended from outside.
    DisruptionTarget,
    /// It was asked to be resized, and its kubelet has not taken that up.
    PodResizePending,
    /// Its kubelet is resizing it.
    PodResizeInProgress,
    /// All its containers are stopped, to be started anew.
    AllContainersRestarting,
    /// Any other.
    Other(&'a str),
}

impl<'a> PodConditionType<'a> {
    /// Those that have a name here, and so no text of their own in a condition.
    const NAMED: [PodConditionType<'static>; 9] = [
        PodConditionType::PodScheduled,
        PodConditionType::PodReadyToStartContainers,
        PodConditionType::Initialized,
        PodConditionType::ContainersReady,
        PodConditionType::Ready,
        PodConditionType::DisruptionTarget,
        PodConditionType::PodResizePending,
        PodConditionType::PodResizeInProgress,
        PodConditionType::AllContainersRestarting,
    ];
    /// The number of all others.
    const OTHER: u8 = Self::NAMED.len() as u8;

    /// `PodScheduled`, …
    pub fn name(self) -> &'a str {
        match self {
            Self::PodScheduled => "PodScheduled",
            Self::PodReadyToStartContainers => "PodReadyToStartContainers",
            Self::Initialized => "Initialized",
            Self::ContainersReady => "ContainersReady",
            Self::Ready => "Ready",
            Self::DisruptionTarget => "DisruptionTarget",
            Self::PodResizePending => "PodResizePending",
            Self::PodResizeInProgress => "PodResizeInProgress",
            Self::AllContainersRestarting => "AllContainersRestarting",
            Self::Other(name) => name,
        }
    }

    /// The type of this name.
    pub fn from_name(name: &'a str) -> Self {
        Self::NAMED.into_iter().find(|kind| kind.name() == name).unwrap_or(Self::Other(name))
    }

    /// Its place among those that have a name here, and one number for all others: a pod's conditions are looked at often,
    /// and a million pods have five each.
    const fn number(self) -> u8 {
        match self {
            Self::PodScheduled => 0,
            Self::PodReadyToStartContainers => 1,
            Self::Initialized => 2,
            Self::ContainersReady => 3,
            Self::Ready => 4,
            Self::DisruptionTarget => 5,
            Self::PodResizePending => 6,
            Self::PodResizeInProgress => 7,
            Self::AllContainersRestarting => 8,
            Self::Other(_) => Self::OTHER,
        }
    }
}

/// A condition of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodCondition {
    /// Number of its type; the name of one that has no name here stands beside reason and message.
    kind: u8,
    /// `status`.
    pub status: ConditionStatus,
    why: Why,
    /// `lastTransitionTime`.
    pub last_transition: SimTime,
}

const _: () = assert!(size_of::<PodCondition>() <= 24);

impl PodCondition {
    /// A condition that has this status since.
    pub fn new(kind: PodConditionType<'_>, status: ConditionStatus, why: Why, since: SimTime) -> Self {
        let why = match kind {
            PodConditionType::Other(name) => why.with_other_type(name),
            _ => why,
        };
        Self { kind: kind.number(), status, why, last_transition: since }
    }

    /// `type`.
    pub fn kind(&self) -> PodConditionType<'_> {
        match PodConditionType::NAMED.get(usize::from(self.kind)) {
            Some(kind) => *kind,
            None => PodConditionType::Other(self.why.other_type()),
        }
    }

    /// Is it of this type?
    #[inline]
    pub fn is(&self, kind: PodConditionType<'_>) -> bool {
        self.kind == kind.number() && (self.kind != PodConditionType::OTHER || self.kind() == kind)
    }

    /// `reason`, may be empty.
    pub fn reason(&self) -> &str {
        self.why.reason()
    }

    /// `message`, may be empty.
    pub fn message(&self) -> &str {
        self.why.message()
    }

    /// Reason and message, of one whose type has a name here.
    pub fn why(&self) -> &Why {
        &self.why
    }

    /// Gives one whose type has a name here another reason and message.
    pub fn set_why(&mut self, why: Why) {
        debug_assert!(self.kind != PodConditionType::OTHER, "the type would be lost");
        self.why = why;
    }
}

/// Reason and message of a condition: shared, because several conditions, and pods of one template, say the same, and
/// nothing for the many that have neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why(Option<Arc<Words>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Words {
    reason: Text,
    message: Text,
    /// `type` of a condition of others.
    other_type: Text,
}

impl Why {
    /// Neither reason nor message.
    pub const NONE: Self = Self(None);

    /// A reason and a message, both may be empty.
    pub fn new(reason: impl Into<Text>, message: impl Into<Text>) -> Self {
        let words = Words { reason: reason.into(), message: message.into(), other_type: Text::default() };
        if words == Words::default() { Self::NONE } else { Self(Some(Arc::new(words))) }
    }

    /// The same for a condition of others.
    fn with_other_type(&self, name: &str) -> Self {
        let words = self.0.as_deref().cloned().unwrap_or_default();
        Self(Some(Arc::new(Words { other_type: name.into(), ..words })))
    }

    fn other_type(&self) -> &str {
        self.0.as_ref().map_or("", |words| &words.other_type)
    }

    /// The reason, may be empty.
    pub fn reason(&self) -> &str {
        self.0.as_ref().map_or("", |words| &words.reason)
    }

    /// The message, may be empty.
    pub fn message(&self) -> &str {
        self.0.as_ref().map_or("", |words| &words.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pod::PodStatus;

    fn new(kind: PodConditionType<'_>, reason: &'static str) -> PodCondition {
        PodCondition::new(kind, ConditionStatus::True, Why::new(reason, ""), SimTime::ZERO)
    }

    #[test]
    fn types_are_told_apart_by_number_and_those_of_others_by_name() {
        let named = PodConditionType::NAMED.map(PodConditionType::name);
        for name in named.into_iter().chain(["example.com/a", "example.com/b"]) {
            let condition = new(PodConditionType::from_name(name), "Because");
            assert_eq!((condition.kind().name(), condition.reason()), (name, "Because"));
            for other in named.into_iter().chain(["example.com/a", "example.com/b"]) {
                assert_eq!(condition.is(PodConditionType::from_name(other)), name == other, "{name} {other}");
            }
        }
    }

    #[test]
    fn a_condition_of_others_takes_the_place_of_its_like_only() {
        let mut status = PodStatus::default();
        let (a, b) = (PodConditionType::from_name("a"), PodConditionType::from_name("b"));
        assert!(status.set_condition(new(a, "")) && status.set_condition(new(b, "")));
        assert!(status.set_condition(new(b, "Again")) && !status.set_condition(new(b, "Again")));
        let shown: Vec<_> = status.conditions.iter().map(|one| (one.kind(), one.reason())).collect();
        assert_eq!(shown, [(a, ""), (b, "Again")]);
    }

    #[test]
    fn neither_reason_nor_message_is_kept_as_nothing() {
        assert_eq!(Why::new("", ""), Why::NONE);
        assert_ne!(new(PodConditionType::from_name("a"), ""), new(PodConditionType::from_name("b"), ""));
    }
}
