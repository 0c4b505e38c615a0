//! What one sync decided, and why: for the API (Events, conditions, the scale) and for the record.

use crate::cluster::EventType;
use crate::model::autoscaling::MetricStatus;

use super::replica_calculator::{Estimate, thousandths};

/// An Event to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `type`.
    pub kind: EventType,
    /// `reason`.
    pub reason: &'static str,
    /// `message`.
    pub message: String,
}

impl Note {
    pub(super) fn warning(reason: &'static str, message: String) -> Self {
        Self { kind: EventType::Warning, reason, message }
    }
}

/// What one metric said, for the record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metric {
    /// As upstream calls it.
    pub name: String,
    /// Its value as shown; empty if it could not be read.
    pub value: String,
    /// Its target as shown.
    pub target: String,
    /// Value by target; absent if it could not be read.
    pub ratio: Option<f64>,
    /// The load in replicas that would be at target under it.
    pub load: Option<f64>,
    /// The replicas it asks for.
    pub replicas: Option<i32>,
    /// The calculation with its numbers, or why it could not be read.
    pub formula: String,
}

impl Metric {
    pub(super) fn read(name: String, status: &MetricStatus, target: String, estimate: &Estimate) -> Self {
        let value = match status.average_utilization {
            Some(percent) => format!("{percent}%"),
            None => thousandths(estimate.usage),
        };
        Self {
            name,
            value,
            target,
            ratio: Some(estimate.ratio),
            load: Some(estimate.load),
            replicas: Some(estimate.replicas),
            formula: estimate.formula.clone(),
        }
    }

    pub(super) fn unread(name: String, target: String, why: String) -> Self {
        Self { name, target, formula: why, ..Self::default() }
    }
}

/// A sync's decision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Replicas before (`spec.replicas` of the scale).
    pub current: i32,
    /// What the metrics ask for, where they were asked and could say.
    pub recommended: Option<i32>,
    /// After stabilisation.
    pub stabilized: Option<i32>,
    /// What the replicas are to be.
    pub desired: i32,
    /// Is the scale to be written?
    pub rescale: bool,
    /// Why, as the Event SuccessfulRescale says it; may be empty.
    pub reason: String,
    /// What held the change back or stopped it, as the conditions' reason; empty for nothing.
    pub limit: &'static str,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// Events, in order.
    pub notes: Vec<Note>,
    /// The error with which the sync ends.
    pub error: Option<String>,
}
