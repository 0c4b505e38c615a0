//! What each metric of an autoscaler proposes, and the greatest of them, with upstream's words for what fails.
//! Upstream: podautoscaler/horizontal.go `computeReplicasForMetrics`, `computeStatusFor…Metric`.

use std::sync::Arc;

use crate::model::autoscaling::{AutoscalerSpec, MetricSpec, MetricStatus, ResourceTarget, ValueTarget};

use super::decision::{Metric, Note};
use super::observations::{Observations, Scale};
use super::replica_calculator::{self, Calculator, Estimate, Tolerances, thousandths};

/// The outcome of all metrics together.
#[derive(Debug, Default)]
pub(super) struct Proposal {
    /// The replicas asked for; `None` where nothing can be said.
    pub replicas: Option<i32>,
    /// The name of the metric that asked for them.
    pub metric: String,
    /// `status.currentMetrics`; `None` if no metric was asked.
    pub statuses: Option<Vec<Option<MetricStatus>>>,
    /// ScalingActive: its status, reason and message.
    pub active: (bool, &'static str, String),
    /// The error of the metrics that cannot be read.
    pub error: Option<String>,
    /// Events, in order.
    pub notes: Vec<Note>,
    /// For the record.
    pub metrics: Vec<Metric>,
}

/// Why a metric proposes nothing.
struct Failure {
    /// Reason of Event and condition.
    reason: &'static str,
    /// Text of Event and condition.
    text: String,
    /// How it is quoted in the error of the whole.
    quoted: String,
}

/// What one metric says.
struct Single {
    name: String,
    estimate: Estimate,
    status: MetricStatus,
}

/// Asks every metric.
pub(super) fn propose(
    now: i64,
    spec: &AutoscalerSpec,
    namespace: &str,
    scale: Scale,
    (calculator, tolerances): (Calculator, Tolerances),
    world: &dyn Observations,
) -> Proposal {
    let mut proposal = Proposal::default();
    if let Some(problem) = world.problem() {
        proposal.notes.push(Note::warning(problem.event, problem.error.clone()));
        proposal.active = (false, problem.condition, problem.message.clone());
        proposal.error = Some(problem.error.clone());
        return proposal;
    }
    let (mut replicas, mut invalid, mut first): (i32, usize, Option<Failure>) = (0, 0, None);
    let mut statuses = Vec::new();
    let asker = Asker { now, namespace, scale, calculator, tolerances, world };
    for metric in &spec.metrics {
        let target = target_words(metric);
        match asker.ask(metric) {
            Ok(single) => {
                // Upstream lets the first proposal stand for what is not known yet by its zero.
                if replicas == 0 || single.estimate.replicas > replicas {
                    replicas = single.estimate.replicas;
                    proposal.metric.clone_from(&single.name);
                }
                proposal.metrics.push(Metric::read(single.name, &single.status, target, &single.estimate));
                statuses.push(Some(single.status));
            }
            Err(failure) => {
                invalid += 1;
                proposal.notes.push(Note::warning(failure.reason, failure.text.clone()));
                proposal.metrics.push(Metric::unread(short_name(metric), target, failure.text.clone()));
                statuses.push(None);
                first.get_or_insert(failure);
            }
        }
    }
    proposal.statuses = Some(statuses);
    proposal.error = first.as_ref().map(|failure| {
        let all = spec.metrics.len();
        format!("invalid metrics ({invalid} invalid out of {all}), first error is: {}", failure.quoted)
    });
    match first {
        Some(failure) if invalid >= spec.metrics.len() || replicas < scale.spec_replicas => {
            let message = format!("the HPA was unable to compute the replica count: {}", failure.text);
            proposal.active = (false, failure.reason, message);
        }
        _ => {
            let message =
                format!("the HPA was able to successfully calculate a replica count from {}", proposal.metric);
            proposal.active = (true, "ValidMetricFound", message);
            proposal.replicas = Some(replicas);
        }
    }
    proposal
}

/// What every metric is asked with.
struct Asker<'a> {
    now: i64,
    namespace: &'a str,
    scale: Scale,
    calculator: Calculator,
    tolerances: Tolerances,
    world: &'a dyn Observations,
}

impl Asker<'_> {
    fn ask(&self, metric: &Arc<MetricSpec>) -> Result<Single, Failure> {
        match &**metric {
            MetricSpec::Resource { .. } => self.ask_resource(metric),
            MetricSpec::Pods { metric: identifier, average } => {
                let estimate = self
                    .calculator
                    .pods_metric(
                        self.now,
                        self.scale.spec_replicas,
                        (identifier, *average),
                        self.tolerances,
                        self.world,
                    )
                    .map_err(|error| Failure {
                        reason: "FailedGetPodsMetric",
                        quoted: format!("failed to get pods metric value: {error}"),
                        text: error,
                    })?;
                Ok(single(format!("pods metric {}", identifier.name), estimate, metric, true))
            }
            MetricSpec::Object { .. } => self.ask_object(metric),
            MetricSpec::External { .. } => self.ask_external(metric),
        }
    }

    fn ask_resource(&self, metric: &Arc<MetricSpec>) -> Result<Single, Failure> {
        let MetricSpec::Resource { name, container, target } = &**metric else { unreachable!("a resource metric") };
        let reason = match container {
            Some(_) => "FailedGetContainerResourceMetric",
            None => "FailedGetResourceMetric",
        };
        let of = (name.as_str(), container.as_deref());
        let current = self.scale.spec_replicas;
        let (result, what, measured) = match target {
            ResourceTarget::Utilization(target) => (
                self.calculator.resource_utilization(self.now, current, of, *target, self.tolerances, self.world),
                "utilization",
                match container {
                    Some(_) => "container resource utilization (percentage of request)",
                    None => "resource utilization (percentage of request)",
                },
            ),
            ResourceTarget::AverageValue(target) => (
                self.calculator.resource_average(self.now, current, of, *target, self.tolerances, self.world),
                "usage",
                // Also of a single container. Upstream: `computeStatusForResourceMetricGeneric`.
                "resource",
            ),
        };
        let estimate = result.map_err(|error| {
            let text = format!("failed to get {name} {what}: {error}");
            let quoted = match container {
                Some(container) => format!("failed to get {container} container metric value: {text}"),
                None => format!("failed to get {name} resource metric value: {text}"),
            };
            Failure { reason, text, quoted }
        })?;
        Ok(single(format!("{name} {measured}"), estimate, metric, true))
    }

    fn ask_object(&self, metric: &Arc<MetricSpec>) -> Result<Single, Failure> {
        let MetricSpec::Object { described, metric: identifier, target } = &**metric else {
            unreachable!("an object metric")
        };
        let of = (identifier, described, self.namespace);
        let failure = |error: String, quoted: String| Failure {
            reason: "FailedGetObjectMetric",
            text: error,
            quoted: format!("failed to get object metric value: {quoted}"),
        };
        match target {
            ValueTarget::Value(target) => {
                let current = self.scale.spec_replicas;
                let result = replica_calculator::object_value(current, of, *target, self.tolerances, self.world);
                let estimate = result.map_err(|error| failure(error.clone(), error))?;
                Ok(single(format!("{} metric {}", described.kind, identifier.name), estimate, metric, false))
            }
            ValueTarget::AverageValue(target) => {
                let result = replica_calculator::object_average(self.scale, of, *target, self.tolerances, self.world);
                let estimate = result.map_err(|error| {
                    let quoted = format!("failed to get {} object metric: {error}", identifier.name);
                    failure(error, quoted)
                })?;
                Ok(single(external_name(metric), estimate, metric, true))
            }
        }
    }

    fn ask_external(&self, metric: &Arc<MetricSpec>) -> Result<Single, Failure> {
        let MetricSpec::External { metric: identifier, target } = &**metric else { unreachable!("an external metric") };
        let of = (identifier, self.namespace);
        let name = &identifier.name;
        let failure = |error: String, quoted: String| Failure {
            reason: "FailedGetExternalMetric",
            text: error,
            quoted: format!("failed to get {name} external metric value: {quoted}"),
        };
        let (result, averaged) = match target {
            ValueTarget::Value(target) => {
                let current = self.scale.spec_replicas;
                (replica_calculator::external_value(current, of, *target, self.tolerances, self.world), false)
            }
            ValueTarget::AverageValue(target) => {
                (replica_calculator::external_average(self.scale, of, *target, self.tolerances, self.world), true)
            }
        };
        let estimate = result.map_err(|error| {
            let quoted = if averaged {
                format!("failed to get {name} external metric: {error}")
            } else {
                format!("failed to get external metric {name}: {error}")
            };
            failure(error, quoted)
        })?;
        Ok(single(external_name(metric), estimate, metric, averaged))
    }
}

fn single(name: String, estimate: Estimate, metric: &Arc<MetricSpec>, averaged: bool) -> Single {
    let status = MetricStatus {
        spec: metric.clone(),
        value: (!averaged).then_some(estimate.usage),
        average_value: averaged.then_some(estimate.usage),
        average_utilization: estimate.utilization,
    };
    Single { name, estimate, status }
}

/// Upstream calls object metrics with an average target external ones, too.
fn external_name(metric: &MetricSpec) -> String {
    match metric {
        MetricSpec::Object { metric, .. } | MetricSpec::External { metric, .. } => {
            format!("external metric {}({metric})", metric.name)
        }
        _ => String::new(),
    }
}

/// The name of a metric in results.
fn short_name(metric: &MetricSpec) -> String {
    match metric {
        MetricSpec::Resource { name, container: None, .. } => name.to_string(),
        MetricSpec::Resource { name, container: Some(container), .. } => format!("{name} of {container}"),
        MetricSpec::Pods { metric, .. } | MetricSpec::External { metric, .. } => metric.name.to_string(),
        MetricSpec::Object { metric, described, .. } => format!("{} of {}", metric.name, described.name),
    }
}

fn target_words(metric: &MetricSpec) -> String {
    match metric {
        MetricSpec::Resource { target: ResourceTarget::Utilization(percent), .. } => format!("{percent}%"),
        MetricSpec::Resource { target: ResourceTarget::AverageValue(amount), .. }
        | MetricSpec::Pods { average: amount, .. }
        | MetricSpec::Object { target: ValueTarget::AverageValue(amount), .. }
        | MetricSpec::External { target: ValueTarget::AverageValue(amount), .. } => {
            format!("{} on average", thousandths(*amount))
        }
        MetricSpec::Object { target: ValueTarget::Value(amount), .. }
        | MetricSpec::External { target: ValueTarget::Value(amount), .. } => thousandths(*amount),
    }
}
