//! Defaults of pods and pod templates.

use serde_json::{Value, json};

use super::super::value::{
    Object, default_nil, default_zero, find_mut, flag, get, int, is_nil, items_mut, object_mut, text,
};
use super::{container, volume};

/// A pod's specification. Upstream: pkg/apis/core/v1 `SetDefaults_Pod`, `SetDefaults_PodSpec`.
pub fn pod(spec: &mut Object) {
    for list in ["containers", "initContainers"] {
        for container in items_mut(spec.get_mut(list)).filter_map(Value::as_object_mut) {
            container::requests_from_limits(container);
        }
    }
    pod_level_requests(spec);
    default_nil(spec, "enableServiceLinks", true);
    if flag(get(spec, "hostNetwork")) {
        host_ports(spec);
    }
    pod_spec(spec);
    // Upstream: pkg/registry/core/pod: a negative grace period is stored as 1.
    if int(get(spec, "terminationGracePeriodSeconds")) < 0 {
        spec.insert("terminationGracePeriodSeconds".to_owned(), json!(1));
    }
}

/// A template inside a workload: `{metadata, spec}`.
pub fn pod_template(template: &mut Object) {
    let spec = object_mut(template, "spec");
    if flag(get(spec, "hostNetwork")) {
        host_ports(spec);
    }
    pod_spec(spec);
    if int(get(spec, "terminationGracePeriodSeconds")) < 0 {
        spec.insert("terminationGracePeriodSeconds".to_owned(), json!(1));
    }
}

/// Upstream: pkg/apis/core/v1 `SetDefaults_PodSpec` and the generated `SetObjectDefaults_Pod`.
fn pod_spec(spec: &mut Object) {
    for list in ["containers", "initContainers", "volumes"] {
        // Go reads null as an empty structure.
        for item in items_mut(spec.get_mut(list)).filter(|item| item.is_null()) {
            *item = json!({});
        }
    }
    default_zero(spec, "dnsPolicy", "ClusterFirst");
    default_zero(spec, "restartPolicy", "Always");
    default_nil(spec, "securityContext", json!({}));
    default_nil(spec, "terminationGracePeriodSeconds", 30);
    default_zero(spec, "schedulerName", "default-scheduler");
    service_account(spec);
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in items_mut(spec.get_mut(list)).filter_map(Value::as_object_mut) {
            container::container(container);
        }
    }
    for volume in items_mut(spec.get_mut("volumes")).filter_map(Value::as_object_mut) {
        volume::volume(volume);
    }
}

/// The old and the new name of the field always agree. Upstream: conversion of `v1.PodSpec`.
fn service_account(spec: &mut Object) {
    let written = ["serviceAccountName", "serviceAccount"].into_iter().find(|key| !text(get(spec, key)).is_empty());
    if let Some(name) = written.map(|key| get(spec, key).clone()) {
        spec.insert("serviceAccountName".to_owned(), name.clone());
        spec.insert("serviceAccount".to_owned(), name);
    }
}

/// With the node's network each port is the node's. Upstream: `defaultHostNetworkPorts`.
fn host_ports(spec: &mut Object) {
    for list in ["containers", "initContainers"] {
        for container in items_mut(spec.get_mut(list)).filter_map(Value::as_object_mut) {
            for port in items_mut(container.get_mut("ports")).filter_map(Value::as_object_mut) {
                let number = get(port, "containerPort").clone();
                default_zero(port, "hostPort", number);
            }
        }
    }
}

/// Pod-level requests from pod-level limits and from the containers. Upstream: `defaultPodRequests`.
fn pod_level_requests(spec: &mut Object) {
    let sums = container_sums(spec);
    let Some(resources) = find_mut(spec, "resources") else { return };
    let limits = get(resources, "limits").clone();
    if is_nil(&limits) && is_nil(get(resources, "requests")) {
        return;
    }
    let requests = object_mut(resources, "requests");
    for (name, sum) in sums {
        if !requests.contains_key(&name) && (name == "cpu" || name == "memory" || name.starts_with("hugepages-")) {
            requests.insert(name, Value::from(sum));
        }
    }
    for (name, limit) in limits.as_object().into_iter().flatten() {
        requests.entry(name).or_insert_with(|| limit.clone());
    }
}

/// What the containers request together, where any of them requests it.
fn container_sums(spec: &Object) -> Vec<(String, String)> {
    use crate::model::resources::ResourceList;
    let mut total = ResourceList::default();
    for container in super::super::value::items(get(spec, "containers")) {
        total.add(&super::super::convert::resource_list(&container["resources"]["requests"]));
    }
    total.entries.into_iter().map(|(name, quantity)| (name.to_string(), quantity.to_string())).collect()
}
