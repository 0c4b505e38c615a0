//! Taints and tolerations.

use super::Text;

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaintEffect {
    /// The scheduler and the kubelet refuse the pod.
    NoSchedule,
    /// The scheduler avoids the node.
    PreferNoSchedule,
    /// As NoSchedule, and running pods are evicted.
    NoExecute,
}

impl TaintEffect {
    /// `NoSchedule`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }

    /// The effect of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::NoSchedule, Self::PreferNoSchedule, Self::NoExecute].into_iter().find(|effect| effect.name() == name)
    }
}

/// A node's taint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Taint {
    /// Key.
    pub key: Text,
    /// Value, may be empty.
    pub value: Text,
    /// Effect.
    pub effect: TaintEffect,
}

/// How a toleration compares values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TolerationOperator {
    /// Key and value are equal.
    Equal,
    /// The key is equal, or the toleration's key is empty.
    Exists,
    /// The taint's value is an integer less than the toleration's (gate TaintTolerationComparisonOperators).
    Lt,
    /// The taint's value is an integer greater than the toleration's.
    Gt,
}

/// A pod's toleration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Toleration {
    /// Key; empty with `Exists` tolerates every key.
    pub key: Text,
    /// Operator.
    pub operator: TolerationOperator,
    /// Value.
    pub value: Text,
    /// Effect; `None` tolerates all effects.
    pub effect: Option<TaintEffect>,
    /// For NoExecute: how long the pod may stay, in seconds; `None` is for ever.
    pub seconds: Option<i64>,
}

impl Toleration {
    /// Upstream: core/v1 `Toleration.ToleratesTaint`.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        if self.effect.is_some_and(|effect| effect != taint.effect) || !self.key.is_empty() && self.key != taint.key {
            return false;
        }
        match self.operator {
            TolerationOperator::Equal => self.value == taint.value,
            TolerationOperator::Exists => true,
            TolerationOperator::Lt | TolerationOperator::Gt => {
                match (taint.value.parse::<i64>(), self.value.parse::<i64>()) {
                    (Ok(taint), Ok(own)) if self.operator == TolerationOperator::Lt => taint < own,
                    (Ok(taint), Ok(own)) => taint > own,
                    _ => false,
                }
            }
        }
    }
}

/// The first taint, in the node's order, with one of `effects` that no toleration tolerates.
/// Upstream: component-helpers `FindMatchingUntoleratedTaint`.
pub fn first_untolerated<'a>(
    taints: &'a [Taint],
    tolerations: &[Toleration],
    effects: &[TaintEffect],
) -> Option<&'a Taint> {
    taints
        .iter()
        .filter(|taint| effects.contains(&taint.effect))
        .find(|taint| !tolerations.iter().any(|toleration| toleration.tolerates(taint)))
}
