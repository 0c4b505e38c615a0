//! Services. Upstream: pkg/apis/core/validation `ValidateService`.

use serde_json::Value;

use super::super::value::{int, is_nil, is_zero, items, text};
use super::{Errors, container_fields, names, probe, selector};

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

/// A Service's specification.
pub(super) fn service(spec: &Value, errors: &mut Errors) {
    let kind = text(&spec["type"]);
    let headless = text(&spec["clusterIP"]) == "None";
    let ports = items(&spec["ports"]);
    if ports.is_empty() && !headless && kind != "ExternalName" {
        errors.required("spec.ports", "");
    }
    if kind == "ExternalName" {
        let name = text(&spec["externalName"]);
        if !is_zero(&spec["clusterIPs"]) {
            errors.forbidden("spec.clusterIPs[0]", "may not be set for ExternalName services");
        }
        if name.is_empty() {
            errors.required("spec.externalName", "");
        } else {
            let bare = name.strip_suffix('.').unwrap_or(name);
            errors.invalid_texts("spec.externalName", name, names::subdomain(bare));
        }
    }
    self::ports(ports, kind, errors);
    selector::map_selector(&spec["selector"], "spec.selector", errors);
    let affinity = text(&spec["sessionAffinity"]);
    if affinity.is_empty() {
        errors.required("spec.sessionAffinity", "");
    } else {
        errors.one_of("spec.sessionAffinity", affinity, &["ClientIP", "None"]);
    }
    session_timeout(spec, errors);
    addresses(spec, kind, errors);
    for (index, ip) in items(&spec["externalIPs"]).iter().enumerate() {
        if !names::is_ip(text(ip)) {
            errors.invalid_text(format!("spec.externalIPs[{index}]"), text(ip), names::IP);
        }
    }
    if kind.is_empty() {
        errors.required("spec.type", "");
    } else {
        errors.one_of("spec.type", kind, &TYPES);
    }
    duplicate_ports(ports, errors);
    for (index, range) in items(&spec["loadBalancerSourceRanges"]).iter().enumerate() {
        if !names::is_cidr(text(range).trim()) {
            // Upstream names the field as Go does.
            errors.invalid_text(format!("spec.LoadBalancerSourceRanges[{index}]"), text(range), names::CIDR);
        }
    }
    load_balancer(spec, kind, errors);
    external_traffic(spec, kind, errors);
    let health = int(&spec["healthCheckNodePort"]);
    if health != 0 {
        let path = "spec.healthCheckNodePort";
        if kind != "LoadBalancer" || text(&spec["externalTrafficPolicy"]) != "Local" {
            let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            errors.invalid(path, &spec["healthCheckNodePort"], detail);
        } else if !(1..=65_535).contains(&health) {
            errors.invalid(path, &spec["healthCheckNodePort"], names::PORT);
        }
    }
    if let Some(policy) = spec["internalTrafficPolicy"].as_str() {
        errors.one_of("spec.internalTrafficPolicy", policy, &["Cluster", "Local"]);
    }
}

/// What only load balancers may say. Upstream: `validateLoadBalancer…` in `ValidateService`.
fn load_balancer(spec: &Value, kind: &str, errors: &mut Errors) {
    const DETAIL: &str = "may only be used when `type` is 'LoadBalancer'";
    let is_balancer = kind == "LoadBalancer";
    if !is_balancer && !is_zero(&spec["loadBalancerSourceRanges"]) {
        errors.forbidden("spec.LoadBalancerSourceRanges", DETAIL);
    }
    if !is_balancer && !is_nil(&spec["allocateLoadBalancerNodePorts"]) {
        errors.forbidden("spec.allocateLoadBalancerNodePorts", DETAIL);
    }
    if let Some(class) = spec["loadBalancerClass"].as_str() {
        if is_balancer {
            errors.invalid_texts("spec.loadBalancerClass", class, names::qualified(class));
        } else {
            errors.forbidden("spec.loadBalancerClass", DETAIL);
        }
    }
}

/// Upstream: `validateServicePort`, and the node ports of a ClusterIP service.
fn ports(ports: &[Value], kind: &str, errors: &mut Errors) {
    let named = ports.len() > 1;
    for (index, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        let name = text(&port["name"]);
        if named && name.is_empty() {
            errors.required(format!("{path}.name"), "");
        } else if !name.is_empty() {
            errors.invalid_texts(format!("{path}.name"), name, names::label(name));
            if ports[..index].iter().any(|other| text(&other["name"]) == name) {
                errors.duplicate(format!("{path}.name"), name);
            }
        }
        if !(1..=65_535).contains(&int(&port["port"])) {
            errors.invalid(format!("{path}.port"), &Value::from(int(&port["port"])), names::PORT);
        }
        container_fields::protocol(text(&port["protocol"]), &format!("{path}.protocol"), errors);
        probe::port(&port["targetPort"], &format!("{path}.targetPort"), errors);
        if let Some(protocol) = port["appProtocol"].as_str() {
            errors.invalid_texts(format!("{path}.appProtocol"), protocol, names::qualified(protocol));
        }
        let node_port = int(&port["nodePort"]);
        let taken = |other: &Value| int(&other["nodePort"]) == node_port && other["protocol"] == port["protocol"];
        if node_port != 0 && kind != "ClusterIP" && ports[..index].iter().any(taken) {
            errors.duplicate_raw(format!("{path}.nodePort"), &node_port.to_string());
        }
        if node_port != 0 && kind == "ClusterIP" {
            errors.forbidden(format!("{path}.nodePort"), "may not be used when `type` is 'ClusterIP'");
        }
    }
}

fn duplicate_ports(ports: &[Value], errors: &mut Errors) {
    for (index, port) in ports.iter().enumerate() {
        let same = |other: &Value| other["protocol"] == port["protocol"] && other["port"] == port["port"];
        if ports[..index].iter().any(same) {
            // The value names only what identifies the port.
            let (protocol, number) = (&port["protocol"], &port["port"]);
            let value = format!(
                "{{\"Name\":\"\",\"Protocol\":{protocol},\"AppProtocol\":null,\"Port\":{number},\"TargetPort\":0,\"NodePort\":0}}"
            );
            errors.duplicate_raw(format!("spec.ports[{index}]"), &value);
        }
    }
}

fn session_timeout(spec: &Value, errors: &mut Errors) {
    let timeout = &spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"];
    if text(&spec["sessionAffinity"]) == "ClientIP" && !(1..=86_400).contains(&int(timeout)) {
        let path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
        errors.invalid(path, timeout, "must be greater than 0 and less than 86400");
    }
}

/// Upstream: `ValidateServiceClusterIPsRelatedFields`.
fn addresses(spec: &Value, kind: &str, errors: &mut Errors) {
    let all = items(&spec["clusterIPs"]);
    let first = text(&spec["clusterIP"]);
    if first.is_empty() && !all.is_empty() && kind != "ExternalName" {
        errors.invalid("spec.clusterIPs", &spec["clusterIPs"], "must be empty when `clusterIP` is not specified");
    } else if all.first().is_some_and(|ip| text(ip) != first) && kind != "ExternalName" {
        errors.invalid("spec.clusterIPs", &spec["clusterIPs"], "first value must match `clusterIP`");
    }
    let of_four = all.iter().filter(|ip| !text(ip).contains(':')).count();
    if all.len() == 2 && of_four != 1 && all.iter().all(|ip| names::is_ip(text(ip))) {
        errors.invalid("spec.clusterIPs", &spec["clusterIPs"], "may specify no more than one IP for each IP family");
    }
    for (index, ip) in all.iter().enumerate() {
        let path = format!("spec.clusterIPs[{index}]");
        let ip = text(ip);
        if ip == "None" {
            if kind == "NodePort" || kind == "LoadBalancer" {
                errors.invalid_text(path, ip, &format!("may not be set to 'None' for {kind} services"));
            }
        } else if !ip.is_empty() && !names::is_ip(ip) {
            errors.invalid_text(path, ip, names::IP);
        }
    }
    let ipv4_only = !is_zero(&spec["selector"]) || text(&spec["clusterIP"]) != "None";
    for (index, family) in items(&spec["ipFamilies"]).iter().enumerate() {
        let path = format!("spec.ipFamilies[{index}]");
        match text(family) {
            "IPv4" => {}
            "IPv6" if ipv4_only => errors.invalid_text(path, "IPv6", "not configured on this cluster"),
            "IPv6" => {}
            other => errors.unsupported(path, other, &["IPv4", "IPv6"]),
        }
    }
}

/// Upstream: `validateServiceExternalTrafficPolicy`.
fn external_traffic(spec: &Value, kind: &str, errors: &mut Errors) {
    let policy = &spec["externalTrafficPolicy"];
    if is_nil(policy) || text(policy).is_empty() {
        return;
    }
    let reachable =
        kind == "NodePort" || kind == "LoadBalancer" || kind == "ClusterIP" && !is_zero(&spec["externalIPs"]);
    if reachable {
        errors.one_of("spec.externalTrafficPolicy", text(policy), &["Cluster", "Local"]);
    } else {
        let detail = "may only be set for externally-accessible services";
        errors.invalid("spec.externalTrafficPolicy", policy, detail);
    }
}
