//! HorizontalPodAutoscalers and their decisions, as rows.

use serde::{Deserialize, Serialize};

use super::{Moment, TextId, WorkloadIndex};
use crate::engine::typed_id;

typed_id!(
    /// An autoscaler of a record, in the order of its first decision.
    AutoscalerIndex
);

/// An autoscaler.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Autoscaler {
    /// Its namespace.
    pub namespace: TextId,
    /// Its name.
    pub name: TextId,
    /// What it scales, as its last decision found it; none if that was not there.
    pub target: WorkloadIndex,
}

/// What a metric said in a decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AutoscalerMetric {
    /// Its name, as the Events have it.
    pub name: String,
    /// Its value as shown; empty if it could not be read.
    pub value: String,
    /// Its target as shown.
    pub target: String,
    /// Value by target.
    pub ratio: Option<f64>,
    /// The load in replicas that would be at target under it.
    pub load: Option<f64>,
    /// The replicas it asks for.
    pub replicas: Option<u32>,
    /// The calculation with its numbers, or why it could not be read.
    pub formula: String,
}

/// A decision: a row of `hpa.csv`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AutoscalerRow {
    /// When.
    pub time: Moment,
    /// Whose.
    pub autoscaler: AutoscalerIndex,
    /// Replicas before.
    pub current: u32,
    /// What the metrics asked for, where they could say.
    pub recommended: Option<u32>,
    /// After stabilisation.
    pub stabilized: Option<u32>,
    /// Replicas after.
    pub desired: u32,
    /// Was the scale written?
    pub rescaled: bool,
    /// What held the change back, as the conditions' reason; empty for nothing.
    pub limit: TextId,
    /// Why, as the Event says it; may be empty.
    pub reason: TextId,
    /// The metrics.
    pub metrics: Box<[AutoscalerMetric]>,
}

impl AutoscalerRow {
    /// The metric that decided: the one that asks for the most replicas.
    pub fn deciding(&self) -> Option<&AutoscalerMetric> {
        let mut best: Option<&AutoscalerMetric> = None;
        for metric in &*self.metrics {
            if metric.replicas.is_some() && best.is_none_or(|best| metric.replicas > best.replicas) {
                best = Some(metric);
            }
        }
        best
    }
}
