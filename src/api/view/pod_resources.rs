//! What a pod's status says of CPU and memory. Upstream: kubelet_pods `convertToAPIContainerStatuses`,
//! `convertToAPIPodLevelResourcesStatus`.

use serde_json::{Value, json};

use crate::model::pod::{ContainerState, ContainerStatus, Pod, PodPhase};
use crate::model::pod_spec::{Container, PodSpec};
use crate::model::pod_template::{PodTemplate, pod_requests};
use crate::model::resources::ResourceList;

use super::Object;

/// What a pod has that is being resized.
#[derive(Clone, Debug)]
pub struct GrantedView<'a> {
    /// What it was promised.
    pub allocated: &'a PodTemplate,
    /// What each of its containers has.
    pub actual: Vec<&'a PodTemplate>,
}

/// `allocatedResources` and `resources` of a container that the container runtime knows.
pub(super) fn of_container(
    out: &mut Object,
    index: usize,
    template: &PodTemplate,
    status: &ContainerStatus,
    granted: Option<&GrantedView<'_>>,
) {
    if status.container_id == 0 || !template.spec.own().contains(&index) {
        return;
    }
    let allocated = granted.map_or(template, |granted| granted.allocated);
    let runs = matches!(status.state, ContainerState::Running { .. });
    let actual = granted.filter(|_| runs).map_or(allocated, |granted| granted.actual[index]);
    let promised = &allocated.spec.containers[index];
    put_list(out, "allocatedResources", &promised.requests);
    let Container { requests, limits, .. } = &actual.spec.containers[index];
    out.insert("resources".to_owned(), requirements(requests, limits));
}

/// `allocatedResources` and `resources` of the whole pod.
pub(super) fn of_pod(out: &mut Object, pod: &Pod, template: &PodTemplate, granted: Option<&GrantedView<'_>>) {
    let spec = &granted.map_or(template, |granted| granted.allocated).spec;
    let requests = pod_requests(spec);
    put_list(out, "allocatedResources", &requests);
    let mut limits = limits(spec, pod.status.phase == PodPhase::Running);
    for (name, limit) in &spec.pod_limits.entries {
        limits.set(name, *limit);
    }
    let shown = |list: &ResourceList| {
        let entries = list
            .entries
            .iter()
            .filter(|(name, _)| pod.status.phase != PodPhase::Running || matches!(name.as_str(), "cpu" | "memory"));
        ResourceList { entries: entries.cloned().collect() }
    };
    out.insert("resources".to_owned(), requirements(&shown(&requests), &shown(&limits)));
}

/// The sum of all containers' limits; of a running pod, whose cgroup tells them, only where every container has one.
fn limits(spec: &PodSpec, of_cgroup: bool) -> ResourceList {
    let mut total = ResourceList::default();
    spec.main_containers().iter().for_each(|container| total.add(&container.limits));
    if of_cgroup {
        let everywhere = |name: &str| spec.main_containers().iter().all(|one| one.limits.get(name).is_some());
        total.entries.retain(|(name, _)| everywhere(name));
    }
    total
}

fn requirements(requests: &ResourceList, limits: &ResourceList) -> Value {
    let mut out = Object::new();
    put_list(&mut out, "requests", requests);
    put_list(&mut out, "limits", limits);
    json!(out)
}

fn put_list(out: &mut Object, member: &str, list: &ResourceList) {
    if !list.entries.is_empty() {
        let amounts = list.entries.iter().map(|(name, amount)| (name.to_string(), Value::from(amount.to_string())));
        out.insert(member.to_owned(), amounts.collect());
    }
}
