//! What a sync of an autoscaler may ask: pods, requests, and the metrics APIs. Times are nanoseconds of the run, which
//! may lie before its start (recordings have pods that are older).

use crate::model::autoscaling::{MetricIdentifier, ObjectReference};
use crate::model::condition::ConditionStatus;
use crate::model::pod::PodPhase;
use crate::model::pod_spec::{Container, ContainerKind, PodSpec};

/// A pod that the target's selector selects.
#[derive(Clone, Debug)]
pub struct PodFacts {
    /// `status.phase`.
    pub phase: PodPhase,
    /// Has it a deletion timestamp?
    pub is_deleting: bool,
    /// `status.startTime`.
    pub start_time: Option<i64>,
    /// Its Ready condition: status and last transition.
    pub ready: Option<(ConditionStatus, i64)>,
}

/// A pod's metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// In thousandths.
    pub value: i64,
    /// When it was taken.
    pub timestamp: i64,
    /// The time before that which it tells of.
    pub window: i64,
}

/// The target's scale subresource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// `spec.replicas`.
    pub spec_replicas: i32,
    /// `status.replicas`.
    pub status_replicas: i32,
}

/// Why no metric is asked at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Reason of the Event.
    pub event: &'static str,
    /// Reason of the condition.
    pub condition: &'static str,
    /// Message of the condition.
    pub message: String,
    /// Message of the Event, and the error.
    pub error: String,
}

/// The world as one sync sees it. Samples are in the order of `pods`, `None` where the API has none for a pod; errors
/// are the texts of the metrics APIs.
pub trait Observations {
    /// The pods.
    fn pods(&self) -> &[PodFacts];

    /// What is wrong with the target's selector.
    fn problem(&self) -> Option<&Problem> {
        None
    }

    /// The request of a pod (or of one of its containers) for a resource, in thousandths.
    ///
    /// # Errors
    /// There is none.
    fn request(&self, pod: usize, resource: &str, container: Option<&str>) -> Result<i64, String>;

    /// The resource metrics API.
    ///
    /// # Errors
    /// The API fails, or knows no pod of the selector.
    fn resource(&self, resource: &str, container: Option<&str>) -> Result<Vec<Option<Sample>>, String>;

    /// The custom metrics API, about pods.
    ///
    /// # Errors
    /// As above.
    fn pods_metric(&self, metric: &MetricIdentifier) -> Result<Vec<Option<Sample>>, String>;

    /// The custom metrics API, about an object; in thousandths.
    ///
    /// # Errors
    /// As above.
    fn object_metric(&self, metric: &MetricIdentifier, described: &ObjectReference) -> Result<i64, String>;

    /// The external metrics API: one number a series, in thousandths.
    ///
    /// # Errors
    /// As above.
    fn external_metric(&self, metric: &MetricIdentifier) -> Result<Vec<i64>, String>;
}

/// Upstream: podautoscaler `calculateRequests`, `calculatePodLevelRequests`, `calculatePodRequestsFromContainers`.
///
/// # Errors
/// There is no request, in upstream's words.
pub fn request_of(spec: &PodSpec, pod: &str, resource: &str, container: Option<&str>) -> Result<i64, String> {
    if container.is_none() && !spec.pod_requests.entries.is_empty() {
        let request = spec.pod_requests.get(resource);
        return request
            .map(|request| request.milli())
            .ok_or_else(|| format!("missing pod-level request for {resource} in Pod {pod}"));
    }
    let counts = |(index, _): &(usize, &Container)| {
        spec.own().contains(index) && spec.container_kind(*index) != ContainerKind::Init
    };
    let (mut sum, mut found) = (0, false);
    for (_, candidate) in spec.containers.iter().enumerate().filter(counts) {
        if container.is_some_and(|wanted| candidate.name != wanted) {
            continue;
        }
        found = true;
        let Some(request) = candidate.requests.get(resource) else {
            return Err(format!("missing request for {resource} in container {} of Pod {pod}", candidate.name));
        };
        sum += request.milli();
    }
    match container {
        Some(name) if !found => Err(format!("container {name} not found in Pod {pod}")),
        _ => Ok(sum),
    }
}
