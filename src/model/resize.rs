//! CPU and memory of pods that are resized in place: what differs between two templates, and what counts meanwhile.

use std::sync::Arc;

use serde_json::{Value, json};

use super::pod_spec::{ContainerKind, PodSpec};
use super::pod_template::PodTemplate;
use super::resources::ResourceList;

/// Do two specifications of a pod give the container at `index` the same? Limits of the whole pod bind it too.
pub fn gives_same(left: &PodSpec, right: &PodSpec, index: usize) -> bool {
    let (Some(one), Some(other)) = (left.containers.get(index), right.containers.get(index)) else { return true };
    one.requests == other.requests
        && one.limits == other.limits
        && left.pod_requests == right.pod_requests
        && left.pod_limits == right.pod_limits
}

/// Do two specifications of a pod ask for the same?
pub fn asks_same(left: &PodSpec, right: &PodSpec) -> bool {
    (0..left.containers.len()).all(|index| gives_same(left, right, index))
}

/// A template that asks for the most that a pod's specification, its kubelet's promise or its containers name; `None` if
/// that is what the specification names. Upstream: component-helpers resource `determineEffectiveRequests`,
/// `determineEffectiveLimits`.
pub fn most_of(wanted: &PodTemplate, allocated: &PodSpec, actual: &[&PodSpec]) -> Option<PodTemplate> {
    let mut spec = wanted.spec.clone();
    for index in spec.own() {
        if spec.container_kind(index) == ContainerKind::Init {
            continue;
        }
        let granted = actual.get(index).copied().unwrap_or(allocated);
        let container = &mut spec.containers[index];
        let (promised, has) = (&allocated.containers[index], &granted.containers[index]);
        container.requests.max(&promised.requests);
        container.requests.max(&has.requests);
        container.limits.max(&has.limits);
    }
    for granted in actual {
        spec.pod_requests.max(&granted.pod_requests);
        spec.pod_limits.max(&granted.pod_limits);
    }
    spec.pod_requests.max(&allocated.pod_requests);
    if asks_same(&spec, &wanted.spec) {
        return None;
    }
    let mut raw = (*wanted.raw).clone();
    for (index, container) in spec.containers[spec.own()].iter().enumerate() {
        let (list, place) =
            if index < spec.init_count { ("initContainers", index) } else { ("containers", index - spec.init_count) };
        raw["spec"][list][place]["resources"] =
            json!({"requests": as_json(&container.requests), "limits": as_json(&container.limits)});
    }
    if !spec.pod_requests.entries.is_empty() || !spec.pod_limits.entries.is_empty() {
        raw["spec"]["resources"] =
            json!({"requests": as_json(&spec.pod_requests), "limits": as_json(&spec.pod_limits)});
    }
    let (labels, annotations) = (Arc::clone(&wanted.labels), Arc::clone(&wanted.annotations));
    Some(PodTemplate::new(labels, annotations, spec, Arc::new(raw)))
}

fn as_json(list: &ResourceList) -> Value {
    list.entries.iter().map(|(name, amount)| (name.to_string(), Value::from(amount.to_string()))).collect()
}
