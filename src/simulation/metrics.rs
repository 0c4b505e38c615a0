//! The metrics APIs in a run: what the plan says of them, and how they hear of what containers use.

use crate::cluster::Cluster;
use crate::cluster::metrics::{KnownUsage, MetricApi, MetricSeries, MetricSource, Metrics, MetricsSettings, Sampling};
use crate::controllers::horizontal_pod_autoscaler::RecordedDecision;
use crate::engine::random::Streams;
use crate::engine::{SimDuration, SimTime};
use crate::machines::{ContainerId, MachineChange, Machines};
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::latency::{Latencies, Latency};
use crate::model::object::Body;
use crate::record::collector::{AutoscalerDecision, Collector};
use crate::record::{Amounts, AutoscalerMetric};
use crate::scenario::plan::metrics::{Metric, MetricApi as PlanApi};
use crate::scenario::plan::{Plan, Usage};
use crate::scenario::schema::amounts::Since;

use super::Simulation;

/// The metrics APIs of a plan.
pub(super) fn metrics(plan: &Plan, latencies: &Latencies, streams: Streams, origin: SimTime) -> Metrics {
    let mut stream = streams.stream("metrics-server", 0);
    let defaults = MetricsSettings::default();
    let flags = plan.cluster.components.as_ref().and_then(|components| components.metrics_server.as_ref());
    let resolution = flags.and_then(|flags| flags.get("metric-resolution")).and_then(|value| value.as_str());
    let resolution = resolution.and_then(|text| SimDuration::parse(text).ok()).unwrap_or(defaults.resolution);
    let phase = latencies.sample(Latency::MetricsPhase, &mut stream);
    let mut metrics = Metrics::new(MetricsSettings {
        resolution,
        phase: SimDuration(phase.0 % resolution.0.max(1)),
        age: latencies.fixed(Latency::MetricsAge),
        sampling: if plan.cluster.latency_preset == "recorded" { Sampling::Instant } else { Sampling::Rate },
    });
    for (index, metric) in plan.metrics.iter().enumerate() {
        metrics.series.add(series(metric, index, streams, origin));
    }
    metrics
}

pub(super) fn series(metric: &Metric, index: usize, streams: Streams, origin: SimTime) -> MetricSeries {
    let labels = |pairs: &std::collections::BTreeMap<String, String>| {
        Labels::from_pairs(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    };
    MetricSeries {
        name: metric.name.clone(),
        namespace: metric.namespace.clone(),
        api: match &metric.api {
            PlanApi::Pods(pairs) => MetricApi::Pods(labels(pairs)),
            PlanApi::External(pairs) => MetricApi::External(labels(pairs)),
            PlanApi::Object(kind, name) => MetricApi::Object { kind: kind.clone(), name: name.clone() },
        },
        source: match &metric.value {
            Usage::Drawn(amount) => {
                MetricSource::Number(amount.sample(&mut streams.stream("metrics/value", index as u64)))
            }
            Usage::Curve(curve) => {
                debug_assert!(matches!(curve.since, Since::Start | Since::Container));
                MetricSource::Curve(curve.curve.clone(), origin)
            }
        },
    }
}

/// A decision in the recorder's words: controllers and recorder do not know one another.
pub(super) fn decision_row(recorded: RecordedDecision) -> AutoscalerDecision {
    let RecordedDecision { at, object, target, decision } = recorded;
    let metrics = decision.metrics.into_iter().map(|metric| AutoscalerMetric {
        name: metric.name,
        value: metric.value,
        target: metric.target,
        ratio: metric.ratio,
        load: metric.load,
        replicas: metric.replicas.map(|replicas| replicas.max(0) as u32),
        formula: metric.formula,
    });
    AutoscalerDecision {
        at,
        object,
        target,
        current: decision.current,
        recommended: decision.recommended,
        stabilized: decision.stabilized,
        desired: decision.desired,
        rescaled: decision.rescale,
        limit: decision.limit,
        reason: decision.reason,
        metrics: metrics.collect(),
    }
}

/// Tells the metrics of what a machine did. The workload has heard of it before.
pub(super) fn note(now: SimTime, change: MachineChange, machines: &Machines, cluster: &mut Cluster) {
    match change {
        MachineChange::ContainerStarted { container } | MachineChange::UsageChanged { container } => {
            let row = machines.container(container);
            if !cluster.pod(row.pod).deleted {
                cluster.metrics.container_uses(now, row.pod, row.index, row.started, known(machines, container));
            }
        }
        MachineChange::ContainerExited { container } => {
            let row = machines.container(container);
            cluster.metrics.container_ended(now, row.pod, row.index);
        }
        _ => {}
    }
}

fn known(machines: &Machines, container: ContainerId) -> KnownUsage {
    let row = machines.container(container);
    KnownUsage {
        cpu_milli: row.measured.cpu.then_some(row.usage.cpu_milli),
        memory: row.measured.memory.then_some(row.usage.memory),
    }
}

/// The recorder hears of what a container uses now.
pub(super) fn record_use(now: SimTime, container: ContainerId, machines: &Machines, collector: &mut Collector) {
    let row = machines.container(container);
    collector.usage_changed(row.node);
    if row.measured.cpu || row.measured.memory {
        let used = Amounts { cpu_milli: row.usage.cpu_milli, memory_bytes: row.usage.memory };
        let throttled = if row.measured.cpu { row.cpu_throttled() } else { 0 };
        collector.container_uses(now, container.index(), row.pod, used, throttled);
    }
}

impl Simulation {
    /// Autoscalers hear of what changed in the metrics.
    pub(super) fn tell_of_metrics(&mut self) {
        if !self.cluster.metrics.has_changed() {
            return;
        }
        let pods = self.cluster.metrics.take_changed();
        let names = self.cluster.metrics.series.take_changed();
        if !pods.is_empty() || !names.is_empty() {
            let news = (pods.as_slice(), names.as_slice());
            self.controllers.hear_of_metrics(self.now, news, &self.cluster, &mut self.outboxes.controllers);
        }
        self.cluster.metrics.give_back(pods);
    }

    /// Metrics that nobody read, and autoscalers that ask for what nobody knows.
    pub(super) fn metric_warnings(&self, plan: &Plan) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut named = std::collections::BTreeSet::new();
        for key in self.cluster.list(Kind::HORIZONTAL_POD_AUTOSCALER) {
            let object = self.cluster.object(key);
            let spec = crate::api::convert::autoscaler(&object.raw["spec"]);
            let name = format!("{}/{}", self.cluster.namespace_name(object.meta.namespace), object.meta.name);
            for metric in &spec.metrics {
                use crate::model::autoscaling::MetricSpec;
                match &**metric {
                    MetricSpec::Resource { name: resource, .. } => {
                        let containers = self.unmeasured(&spec.target, object.meta.namespace, resource);
                        if !containers.is_empty() {
                            let containers = containers.join(", ");
                            warnings.push(format!(
                                "hpa {name} has no {resource} metric of {containers}: nothing says how much it uses (`behaviors` can)"
                            ));
                        }
                    }
                    MetricSpec::Pods { metric, .. }
                    | MetricSpec::Object { metric, .. }
                    | MetricSpec::External { metric, .. } => {
                        named.insert(metric.name.to_string());
                    }
                }
            }
        }
        for (index, metric) in plan.metrics.iter().enumerate() {
            if !named.contains(&metric.name) {
                warnings
                    .push(format!("spec.metrics[{index}] (`{}`): no HorizontalPodAutoscaler names it", metric.name));
            }
        }
        warnings
    }

    /// Containers of a target's running pods of which a resource's use is not known, by name.
    fn unmeasured(
        &self,
        target: &crate::model::autoscaling::ObjectReference,
        namespace: crate::model::object::NamespaceId,
        resource: &str,
    ) -> Vec<String> {
        let Some(kind) = Kind::from_argument(&target.kind) else { return Vec::new() };
        let Some(object) = self.cluster.find(kind, namespace, &target.name) else { return Vec::new() };
        let selector = match self.cluster.body(object) {
            Body::Deployment(deployment) => &deployment.selector,
            Body::ReplicaSet(set) => &set.selector,
            Body::StatefulSet(set) => &set.selector,
            _ => return Vec::new(),
        };
        let mut names: Vec<String> = self
            .cluster
            .pods_matching(namespace, selector)
            .into_iter()
            .flat_map(|pod| self.machines.runs_of_pod(pod).map(move |run| (pod, run)))
            .filter_map(|(pod, run)| {
                let row = self.machines.container(run);
                let known = if resource == "memory" { row.measured.memory } else { row.measured.cpu };
                let containers = &self.cluster.template_of(pod).spec.containers;
                (!known).then(|| format!("container {}", containers[usize::from(row.index)].name))
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }
}
