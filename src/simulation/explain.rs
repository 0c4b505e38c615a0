//! What people ask about a run at this instant.

use super::Simulation;
use super::asked::{Asked, AutoscalerAnswer, MetricAnswer, find_pod};
use super::dump::DumpedCluster;
use crate::api::dump::Dump;
use crate::model::kind::Kind;
use crate::model::object::PodId;

impl Simulation {
    /// For questions. Whoever asks does not run on: trials leave rows behind.
    pub fn ask(&mut self) -> Asked<'_> {
        Asked { cluster: &mut self.cluster, scheduler: &mut self.scheduler, now: self.now }
    }

    /// A pod by namespace and name.
    ///
    /// # Errors
    /// There is none.
    pub fn find_pod(&self, namespace: &str, name: &str) -> Result<PodId, String> {
        find_pod(&self.cluster, namespace, name)
    }

    /// Explains an autoscaler: its last decision, with the numbers that it had.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn explain_autoscaler(&mut self, namespace: &str, name: &str) -> Result<AutoscalerAnswer, String> {
        let mut answer = self.ask().autoscaler(namespace, name)?;
        let record = self.recording.collector.record();
        let is_it = |row: &&crate::record::AutoscalerRow| {
            let autoscaler = &record.autoscalers[row.autoscaler.index()];
            record.text(autoscaler.namespace) == namespace && record.text(autoscaler.name) == name
        };
        let Some(row) = record.autoscaler_rows.iter().rev().find(is_it) else { return Ok(answer) };
        let metrics = row.metrics.iter().map(|metric| MetricAnswer {
            name: metric.name.clone(),
            current: metric.value.clone(),
            target: metric.target.clone(),
            replicas: metric.replicas.map(i64::from),
            formula: metric.formula.clone(),
        });
        answer.metrics = metrics.collect();
        (answer.current, answer.desired) = (i64::from(row.current), i64::from(row.desired));
        let numbers = [("the metrics ask for", row.recommended), ("after stabilisation", row.stabilized)];
        let steps = numbers.into_iter().filter_map(|(what, number)| Some(format!("{what} {}", number?)));
        let limit = record.text(row.limit);
        let held = (!limit.is_empty()).then(|| format!("held back by {limit}"));
        answer.limits = steps.chain(held).collect();
        Ok(answer)
    }

    /// The cluster of this instant, apart from the run, with a scheduler of the same configuration that has seen all of
    /// it: to place pods in it that the run knows nothing of.
    ///
    /// # Errors
    /// A scheduler's configuration that is refused.
    pub fn copy_for_scheduler(&self) -> Result<DumpedCluster, String> {
        let settings = self.settings.scheduler.settings().map_err(|error| error.to_string())?;
        let kinds = Kind::all().filter(|kind| !matches!(*kind, Kind::EVENT | Kind::LEASE));
        let objects = kinds.flat_map(|kind| self.cluster.list(kind)).map(|object| self.cluster.view(object));
        DumpedCluster::new(Dump::of(objects), settings.configuration)
    }
}
