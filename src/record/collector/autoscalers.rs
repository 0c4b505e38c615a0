//! What autoscalers decided, in the record's words.

use super::super::{Autoscaler, AutoscalerIndex, AutoscalerMetric, AutoscalerRow};
use super::Collector;
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::object::ObjectRef;

/// One decision of an autoscaler.
#[derive(Clone, Debug)]
pub struct AutoscalerDecision {
    /// When.
    pub at: SimTime,
    /// The autoscaler.
    pub object: ObjectRef,
    /// What it scales, or `ObjectRef::NONE`.
    pub target: ObjectRef,
    /// Replicas before.
    pub current: i32,
    /// What the metrics asked for.
    pub recommended: Option<i32>,
    /// After stabilisation.
    pub stabilized: Option<i32>,
    /// Replicas after.
    pub desired: i32,
    /// Was the scale written?
    pub rescaled: bool,
    /// What held the change back.
    pub limit: &'static str,
    /// Why.
    pub reason: String,
    /// The metrics.
    pub metrics: Vec<AutoscalerMetric>,
}

impl Collector {
    /// An autoscaler decided something else than the last time.
    pub fn autoscaler_decision(&mut self, decision: AutoscalerDecision, cluster: &Cluster) {
        let target = self.workloads.get(&decision.target).copied().unwrap_or_default();
        let record = &mut self.record;
        let index = *self.autoscalers.entry(decision.object).or_insert_with(|| {
            let (namespace, name) = cluster.identity(decision.object);
            let namespace = record.texts.intern(cluster.namespace_name(namespace));
            let name = record.texts.intern(name);
            record.autoscalers.push(Autoscaler { namespace, name, target });
            AutoscalerIndex::from_index(record.autoscalers.len() - 1)
        });
        record.autoscalers[index.index()].target = target;
        let number = |value: i32| value.max(0) as u32;
        let row = AutoscalerRow {
            time: super::Moment(decision.at.0 as i64 - self.origin.0 as i64),
            autoscaler: index,
            current: number(decision.current),
            recommended: decision.recommended.map(number),
            stabilized: decision.stabilized.map(number),
            desired: number(decision.desired),
            rescaled: decision.rescaled,
            limit: record.texts.intern(decision.limit),
            reason: record.texts.intern(&decision.reason),
            metrics: decision.metrics.into(),
        };
        record.autoscaler_rows.push(row);
    }
}
