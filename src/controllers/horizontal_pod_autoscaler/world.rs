//! The cluster as a sync of an autoscaler sees it: the target's pods through the informer, requests of their templates,
//! samples of the metrics APIs. Times of objects and samples are whole seconds, as the API carries them.

use serde_json::Value;

use crate::api::selector::ParsedSelector;
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::engine::time::NANOS_PER_SECOND;
use crate::model::autoscaling::{AutoscalerSpec, MetricIdentifier, MetricSpec, ObjectReference};
use crate::model::kind::Kind;
use crate::model::object::{Body, NamespaceId, ObjectRef, PodId};
use crate::model::pod::{Pod, PodConditionType};
use crate::model::selector::{LabelSelector, Operator};

use super::observations::{Observations, PodFacts, Problem, Sample, Scale, request_of};

/// A target with its scale.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub object: ObjectRef,
    pub scale: Scale,
    pub selector: LabelSelector,
    /// Why the selector cannot be read.
    pub invalid: Option<String>,
}

/// The kind of a reference; any version of a built-in kind's group will do.
fn kind_of(reference: &ObjectReference, cluster: &Cluster) -> Option<Kind> {
    let group = reference.api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let built_in = Kind::SCALABLE.into_iter().find(|kind| kind.name() == reference.kind && kind.info().group == group);
    built_in.or_else(|| cluster.custom.of_manifest(&reference.api_version, &reference.kind))
}

/// The scale of an object whose definition says where it stands.
/// Upstream: apiextensions-apiserver registry/customresource `ScaleREST.Get`, `scaleFromCustomResource`; podautoscaler
/// `validateAndParseSelector`.
fn custom_target(object: ObjectRef, cluster: &Cluster) -> Result<Target, String> {
    let Some(paths) = cluster.custom.get(object.kind).and_then(|kind| kind.scale()) else {
        return Err("the server could not find the requested resource".to_owned());
    };
    let view = cluster.view(object);
    let number = |path: &str| view.pointer(path).and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok());
    let Some(spec_replicas) = number(&paths.spec) else {
        let path = paths.spec.replace('/', ".");
        return Err(format!("Internal error occurred: the spec replicas field {path:?} does not exist"));
    };
    let status_replicas = number(&paths.status).unwrap_or(0);
    let text = paths.selector.as_ref().and_then(|path| view.pointer(path)).and_then(Value::as_str).unwrap_or_default();
    let (selector, invalid) = match ParsedSelector::parse(text) {
        Ok(parsed) => (parsed.to_selector(), None),
        Err(error) => {
            let error = format!("couldn't convert selector into a corresponding internal selector object: {error}");
            (LabelSelector::default(), Some(error))
        }
    };
    Ok(Target { object, scale: Scale { spec_replicas, status_replicas }, selector, invalid })
}

/// Reads the target's scale.
///
/// # Errors
/// The server's words. Upstream: registry/apps `ScaleREST.Get`, client-go scale.
pub(super) fn target(spec: &AutoscalerSpec, namespace: NamespaceId, cluster: &Cluster) -> Result<Target, String> {
    let reference = &spec.target;
    let Some(kind) = kind_of(reference, cluster) else {
        let group = reference.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let known = Kind::all().any(|kind| kind.name() == reference.kind && kind.info().group == group);
        return Err(if known {
            "the server could not find the requested resource".to_owned()
        } else {
            format!("no matches for kind \"{}\" in group \"{group}\"", reference.kind)
        });
    };
    let Some(object) = cluster.find(kind, namespace, &reference.name) else {
        let info = kind.info();
        let group = if info.group.is_empty() { String::new() } else { format!(".{}", info.group) };
        return Err(format!("{}{group} \"{}\" not found", info.plural, reference.name));
    };
    if kind.is_custom() {
        return custom_target(object, cluster);
    }
    let (spec_replicas, status_replicas, selector) = match cluster.body(object) {
        Body::Deployment(deployment) => (deployment.replicas, deployment.status.replicas, &deployment.selector),
        Body::ReplicaSet(set) => (set.replicas, set.status.replicas, &set.selector),
        Body::StatefulSet(set) => (set.replicas, set.status.replicas, &set.selector),
        other => unreachable!("a scalable kind: {other:?}"),
    };
    Ok(Target { object, scale: Scale { spec_replicas, status_replicas }, selector: selector.clone(), invalid: None })
}

/// What a sync sees.
pub(super) struct World<'a> {
    pub now: SimTime,
    pub namespace: NamespaceId,
    pub cluster: &'a Cluster,
    pub ids: Vec<PodId>,
    pub pods: Vec<PodFacts>,
    pub problem: Option<Problem>,
}

impl<'a> World<'a> {
    pub(super) fn new(now: SimTime, namespace: NamespaceId, selector: &LabelSelector, cluster: &'a Cluster) -> Self {
        let ids = cluster.pods_matching(namespace, selector);
        let pods = ids.iter().map(|pod| facts(cluster.pod(*pod))).collect();
        Self { now, namespace, cluster, ids, pods, problem: None }
    }

    fn namespace_name(&self) -> &str {
        self.cluster.namespace_name(self.namespace)
    }
}

/// Whole seconds, as `metav1.Time` carries them.
pub(super) fn seconds(at: SimTime) -> i64 {
    (at.0 / NANOS_PER_SECOND * NANOS_PER_SECOND) as i64
}

fn facts(row: &Pod) -> PodFacts {
    let ready = row.status.condition(PodConditionType::Ready);
    PodFacts {
        phase: row.status.phase,
        is_deleting: row.deletion.is_some(),
        start_time: row.status.start_time.get().map(seconds),
        ready: ready.map(|condition| (condition.status, seconds(condition.last_transition))),
    }
}

impl Observations for World<'_> {
    fn pods(&self) -> &[PodFacts] {
        &self.pods
    }

    fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    fn request(&self, pod: usize, resource: &str, container: Option<&str>) -> Result<i64, String> {
        let pod = self.ids[pod];
        request_of(&self.cluster.template_of(pod).spec, &self.cluster.pod(pod).name, resource, container)
    }

    /// Upstream: metrics/client.go `GetResourceMetric`, `getContainerMetrics`, `getPodMetrics`.
    fn resource(&self, resource: &str, container: Option<&str>) -> Result<Vec<Option<Sample>>, String> {
        let mut any = false;
        let samples = self.ids.iter().map(|pod| {
            let served = self.cluster.metrics.sample(self.now, *pod)?;
            any = true;
            let containers = &self.cluster.template_of(*pod).spec.containers;
            let mut sum = None;
            for sample in &served.containers {
                if container.is_some_and(|name| containers[usize::from(sample.container)].name != name) {
                    continue;
                }
                let value = match resource {
                    "cpu" => sample.cpu_milli()?,
                    "memory" => sample.memory?.saturating_mul(1000),
                    _ => return None,
                };
                *sum.get_or_insert(0) += i64::try_from(value).unwrap_or(i64::MAX);
            }
            Some(Sample { value: sum?, timestamp: seconds(served.timestamp), window: served.window.0 as i64 })
        });
        let samples: Vec<Option<Sample>> = samples.collect();
        if any { Ok(samples) } else { Err("no metrics returned from resource metrics API".to_owned()) }
    }

    /// Upstream: metrics/client.go `GetRawMetric`; custom-metrics-apiserver `NewMetricNotFoundError`.
    fn pods_metric(&self, metric: &MetricIdentifier) -> Result<Vec<Option<Sample>>, String> {
        let (namespace, served) = (self.namespace_name(), &self.cluster.metrics.series);
        if !served.has_pods_metric(namespace, &metric.name) {
            let name = &metric.name;
            return Err(format!(
                "unable to fetch metrics from custom metrics API: the server could not find the metric {name} for pods"
            ));
        }
        // Custom metrics without a window of their own tell of the last minute. Upstream:
        // `metricServerDefaultMetricWindow`.
        let window = 60 * NANOS_PER_SECOND as i64;
        let samples: Vec<Option<Sample>> = self
            .ids
            .iter()
            .map(|pod| {
                let labels = &self.cluster.template_of(*pod).labels;
                let value = served.of_pod(self.now, namespace, &metric.name, labels)?;
                Some(Sample { value, timestamp: seconds(self.now), window })
            })
            .collect();
        if samples.iter().all(Option::is_none) {
            return Err("no metrics returned from custom metrics API".to_owned());
        }
        Ok(samples)
    }

    /// Upstream: metrics/client.go `GetObjectMetric`; custom-metrics-apiserver `NewMetricNotFoundForError`.
    fn object_metric(&self, metric: &MetricIdentifier, described: &ObjectReference) -> Result<i64, String> {
        let of = (described.kind.as_str(), described.name.as_str());
        let served = &self.cluster.metrics.series;
        served.of_object(self.now, self.namespace_name(), &metric.name, of).ok_or_else(|| {
            let resource = Kind::from_argument(&described.kind).map_or_else(|| described.kind.to_string(), Kind::resource);
            let (metric, name) = (&metric.name, &described.name);
            format!("unable to fetch metrics from custom metrics API: the server could not find the metric {metric} for {resource} {name}")
        })
    }

    /// Upstream: metrics/client.go `GetExternalMetric`.
    fn external_metric(&self, metric: &MetricIdentifier) -> Result<Vec<i64>, String> {
        let served = &self.cluster.metrics.series;
        let selector = metric.selector.as_ref().map(|(selector, _)| selector);
        match served.external(self.now, self.namespace_name(), &metric.name, selector) {
            None => Err(format!(
                "unable to fetch metrics from external metrics API: the server could not find the metric {} for ",
                metric.name
            )),
            Some(values) if values.is_empty() => Err("no metrics returned from external metrics API".to_owned()),
            Some(values) => Ok(values),
        }
    }
}

/// As upstream prints a `labels.Selector`: requirements sorted by key.
pub(super) fn selector_text(selector: &LabelSelector) -> String {
    let mut words: Vec<(&str, String)> = selector
        .requirements
        .iter()
        .map(|one| {
            let (key, values) = (&one.key, one.values.join(","));
            let text = match one.operator {
                Operator::In if one.values.len() == 1 => format!("{key}={values}"),
                Operator::In => format!("{key} in ({values})"),
                Operator::NotIn if one.values.len() == 1 => format!("{key}!={values}"),
                Operator::NotIn => format!("{key} notin ({values})"),
                Operator::Exists => key.to_string(),
                Operator::DoesNotExist => format!("!{key}"),
                Operator::Gt => format!("{key}>{values}"),
                Operator::Lt => format!("{key}<{values}"),
            };
            (key.as_str(), text)
        })
        .collect();
    words.sort();
    words.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(",")
}

/// Names of the metrics that are served by adapters.
pub(super) fn adapter_metrics(spec: &AutoscalerSpec) -> impl Iterator<Item = &str> {
    spec.metrics.iter().filter_map(|metric| match &**metric {
        MetricSpec::Pods { metric, .. } | MetricSpec::Object { metric, .. } | MetricSpec::External { metric, .. } => {
            Some(metric.name.as_str())
        }
        MetricSpec::Resource { .. } => None,
    })
}
