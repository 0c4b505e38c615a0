//! Defaults of Services and endpoints. Addresses and ports are allocated by `cluster`.

use serde_json::{Value, json};

use super::super::value::{Object, default_nil, default_zero, get, is_nil, is_zero, items_mut, object_mut, text};

/// Upstream: pkg/apis/core/v1 `SetDefaults_Service` and pkg/registry/core/service `defaultOnRead`, `initIPFamilyFields`.
pub(super) fn service(object: &mut Object) {
    let spec = object_mut(object, "spec");
    default_zero(spec, "sessionAffinity", "None");
    if text(get(spec, "sessionAffinity")) == "None" {
        spec.remove("sessionAffinityConfig");
    } else if text(get(spec, "sessionAffinity")) == "ClientIP" {
        let config = object_mut(object_mut(spec, "sessionAffinityConfig"), "clientIP");
        default_nil(config, "timeoutSeconds", 10_800);
    }
    default_zero(spec, "type", "ClusterIP");
    for port in items_mut(spec.get_mut("ports")).filter_map(Value::as_object_mut) {
        default_zero(port, "protocol", "TCP");
        let number = get(port, "port").clone();
        let target = get(port, "targetPort");
        if (target == &json!(0) || is_nil(target) || target == &json!("")) && !is_nil(&number) {
            port.insert("targetPort".to_owned(), number);
        }
    }
    let kind = text(get(spec, "type")).to_owned();
    let external = kind == "NodePort" || kind == "LoadBalancer";
    if external || !is_zero(get(spec, "externalIPs")) {
        default_zero(spec, "externalTrafficPolicy", "Cluster");
    }
    if external || kind == "ClusterIP" {
        default_nil(spec, "internalTrafficPolicy", "Cluster");
        addresses(spec);
    }
    if kind == "LoadBalancer" {
        default_nil(spec, "allocateLoadBalancerNodePorts", true);
    }
}

/// The family fields, on a cluster of one family.
fn addresses(spec: &mut Object) {
    if text(get(spec, "clusterIP")).is_empty()
        && let Some(first) = get(spec, "clusterIPs").get(0).cloned()
    {
        spec.insert("clusterIP".to_owned(), first);
    }
    let cluster_ip = get(spec, "clusterIP").clone();
    if !text(&cluster_ip).is_empty() {
        default_zero(spec, "clusterIPs", json!([cluster_ip]));
    }
    let selectorless_headless = text(&cluster_ip) == "None" && is_zero(get(spec, "selector"));
    if selectorless_headless && is_zero(get(spec, "ipFamilies")) {
        default_nil(spec, "ipFamilyPolicy", "RequireDualStack");
        let families =
            if text(get(spec, "ipFamilyPolicy")) == "SingleStack" { json!(["IPv4"]) } else { json!(["IPv4", "IPv6"]) };
        default_zero(spec, "ipFamilies", families);
    }
    default_nil(spec, "ipFamilyPolicy", "SingleStack");
    default_zero(spec, "ipFamilies", json!(["IPv4"]));
}

/// Upstream: pkg/apis/core/v1 `SetDefaults_Endpoints`.
pub(super) fn endpoints(object: &mut Object) {
    for subset in items_mut(object.get_mut("subsets")).filter_map(Value::as_object_mut) {
        for port in items_mut(subset.get_mut("ports")).filter_map(Value::as_object_mut) {
            default_zero(port, "protocol", "TCP");
        }
    }
}

/// Upstream: pkg/apis/discovery/v1 `SetDefaults_EndpointPort`.
pub(super) fn endpoint_slice(object: &mut Object) {
    for port in items_mut(object.get_mut("ports")).filter_map(Value::as_object_mut) {
        default_nil(port, "name", "");
        default_nil(port, "protocol", "TCP");
    }
}
