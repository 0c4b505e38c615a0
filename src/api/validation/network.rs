//! Ingresses, their classes, and network policies. Upstream: pkg/apis/networking/validation.

use serde_json::Value;

use super::super::value::{int, is_nil, items, text};
use super::meta::path_segment;
use super::{Errors, batch, names, selector};

/// Parts of paths that could be read as another path.
const PATH_PARTS: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
const PATH_ENDS: [&str; 2] = ["/..", "/."];

/// Upstream: `ValidateIngressSpec`.
pub(super) fn ingress(spec: &Value, errors: &mut Errors) {
    let rules = items(&spec["rules"]);
    let default = &spec["defaultBackend"];
    if rules.is_empty() && is_nil(default) {
        errors.invalid_raw("spec", "null", "either `defaultBackend` or `rules` must be specified");
    }
    if !is_nil(default) {
        backend(default, "spec.defaultBackend", errors);
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("spec.rules[{index}]");
        let host = text(&rule["host"]);
        if !host.is_empty() {
            if names::is_ip(host) {
                errors.invalid_text(format!("{path}.host"), host, "must be a DNS name, not an IP address");
            }
            host_name(host, &format!("{path}.host"), errors);
        }
        if !is_nil(&rule["http"]) {
            paths(&rule["http"], &format!("{path}.http.paths"), errors);
        }
    }
    for (index, tls) in items(&spec["tls"]).iter().enumerate() {
        let path = format!("spec.tls[{index}]");
        for (place, host) in items(&tls["hosts"]).iter().enumerate() {
            host_name(text(host), &format!("{path}.hosts[{place}]"), errors);
        }
        let secret = text(&tls["secretName"]);
        if !secret.is_empty() {
            errors.invalid_texts(format!("{path}.secretName"), secret, names::subdomain(secret));
        }
    }
    if let Some(class) = spec["ingressClassName"].as_str() {
        errors.invalid_texts("spec.ingressClassName", class, names::subdomain(class));
    }
}

fn host_name(host: &str, path: &str, errors: &mut Errors) {
    let wrong = if host.contains('*') { names::wildcard_subdomain(host) } else { names::subdomain(host) };
    errors.invalid_texts(path, host, wrong);
}

/// Upstream: `validateHTTPIngressRuleValue`, `validateHTTPIngressPath`.
fn paths(http: &Value, path: &str, errors: &mut Errors) {
    let paths = items(&http["paths"]);
    if paths.is_empty() {
        errors.required(path, "");
    }
    for (index, entry) in paths.iter().enumerate() {
        let own = format!("{path}[{index}]");
        let target = text(&entry["path"]);
        let kind = text(&entry["pathType"]);
        if is_nil(&entry["pathType"]) {
            errors.required(format!("{own}.pathType"), "pathType must be specified");
            continue;
        }
        let strict = kind == "Exact" || kind == "Prefix";
        if !strict && kind != "ImplementationSpecific" {
            let supported = ["Exact", "ImplementationSpecific", "Prefix"];
            errors.unsupported(format!("{own}.pathType"), kind, &supported);
        } else if !target.starts_with('/') && (strict || !target.is_empty()) {
            errors.invalid_text(format!("{own}.path"), target, "must be an absolute path");
        }
        if strict {
            for part in PATH_PARTS.into_iter().filter(|part| target.contains(part)) {
                errors.invalid_text(format!("{own}.path"), target, &format!("must not contain '{part}'"));
            }
            for end in PATH_ENDS.into_iter().filter(|end| target.ends_with(end)) {
                errors.invalid_text(format!("{own}.path"), target, &format!("cannot end with '{end}'"));
            }
        }
        backend(&entry["backend"], &format!("{own}.backend"), errors);
    }
}

/// Upstream: `validateIngressBackend`.
fn backend(backend: &Value, path: &str, errors: &mut Errors) {
    let (resource, service) = (&backend["resource"], &backend["service"]);
    match (is_nil(resource), is_nil(service)) {
        (false, false) => errors.invalid_text(path, "", "cannot set both resource and service backends"),
        (false, true) => reference(resource, &format!("{path}.resource"), errors),
        (true, true) => errors.invalid_text(path, "", "resource or service backend is required"),
        (true, false) => {
            let own = format!("{path}.service");
            let name = text(&service["name"]);
            if name.is_empty() {
                errors.required(format!("{own}.name"), "");
            } else {
                errors.invalid_texts(format!("{own}.name"), name, names::label(name));
            }
            let (port, number) = (text(&service["port"]["name"]), int(&service["port"]["number"]));
            match (port.is_empty(), number) {
                (true, 0) => errors.required(path, "port name or number is required"),
                (true, 1..=65_535) => {}
                (true, _) => {
                    errors.invalid(format!("{own}.port.number"), &service["port"]["number"], names::PORT);
                }
                (false, 0) => errors.invalid_texts(format!("{own}.port.name"), port, names::port_name(port)),
                (false, _) => errors.invalid_text(path, "", "cannot set both port name & port number"),
            }
        }
    }
}

/// Upstream: `validateIngressTypedLocalObjectReference`.
fn reference(target: &Value, path: &str, errors: &mut Errors) {
    if let Some(group) = target["apiGroup"].as_str() {
        errors.invalid_texts(format!("{path}.apiGroup"), group, names::subdomain(group));
    }
    for field in ["kind", "name"] {
        let name = text(&target[field]);
        if name.is_empty() {
            errors.required(format!("{path}.{field}"), "");
        } else {
            errors.invalid_texts(format!("{path}.{field}"), name, path_segment(name));
        }
    }
}

/// Upstream: `validateIngressClassSpec`, `validateIngressClassParametersReference`.
pub(super) fn ingress_class(spec: &Value, errors: &mut Errors) {
    const CONTROLLER_BYTES_MAX: usize = 250;
    let controller = text(&spec["controller"]);
    if controller.len() > CONTROLLER_BYTES_MAX {
        errors.too_long("spec.controller", CONTROLLER_BYTES_MAX);
    }
    batch::domain_prefixed_path(controller, "spec.controller", errors);
    let parameters = &spec["parameters"];
    if is_nil(parameters) {
        return;
    }
    let path = "spec.parameters";
    reference(parameters, path, errors);
    let namespace = &parameters["namespace"];
    let Some(scope) = parameters["scope"].as_str() else {
        errors.required(format!("{path}.scope"), "");
        return;
    };
    errors.one_of(format!("{path}.scope"), scope, &["Cluster", "Namespace"]);
    if scope == "Namespace" {
        match namespace.as_str() {
            None => {
                let detail = "`parameters.scope` is set to 'Namespace'";
                errors.required(format!("{path}.namespace"), detail);
            }
            Some(name) => errors.invalid_texts(format!("{path}.namespace"), name, names::label(name)),
        }
    }
    if scope == "Cluster" && !is_nil(namespace) {
        errors.forbidden(format!("{path}.namespace"), "`parameters.scope` is set to 'Cluster'");
    }
}

/// Upstream: `ValidateNetworkPolicySpec`.
pub(super) fn policy(spec: &Value, errors: &mut Errors) {
    selector::label_selector(&spec["podSelector"], "spec.podSelector", errors);
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for (index, rule) in items(&spec[direction]).iter().enumerate() {
            let path = format!("spec.{direction}[{index}]");
            for (place, port) in items(&rule["ports"]).iter().enumerate() {
                self::port(port, &format!("{path}.ports[{place}]"), errors);
            }
            for (place, peer) in items(&rule[peers]).iter().enumerate() {
                self::peer(peer, &format!("{path}.{peers}[{place}]"), errors);
            }
        }
    }
    let types = items(&spec["policyTypes"]);
    if types.len() > 2 {
        errors.invalid("spec.policyTypes", &spec["policyTypes"], "may not specify more than two policyTypes");
        return;
    }
    for (index, kind) in types.iter().enumerate() {
        errors.one_of(format!("spec.policyTypes[{index}]"), text(kind), &["Ingress", "Egress"]);
    }
}

/// Upstream: `ValidateNetworkPolicyPort`.
fn port(port: &Value, path: &str, errors: &mut Errors) {
    if let Some(protocol) = port["protocol"].as_str() {
        errors.one_of(format!("{path}.protocol"), protocol, &["TCP", "UDP", "SCTP"]);
    }
    let (first, end) = (&port["port"], &port["endPort"]);
    let own = format!("{path}.endPort");
    if is_nil(first) {
        if !is_nil(end) {
            errors.invalid(own, end, "may not be specified when `port` is not specified");
        }
        return;
    }
    if let Some(name) = first.as_str() {
        if !is_nil(end) {
            errors.invalid(own, end, "may not be specified when `port` is non-numeric");
        }
        errors.invalid_texts(format!("{path}.port"), name, names::port_name(name));
        return;
    }
    let valid = |number: &Value| (1..=65_535).contains(&int(number));
    if !valid(first) {
        errors.invalid(format!("{path}.port"), first, names::PORT);
    }
    if !is_nil(end) {
        if int(end) < int(first) {
            errors.invalid(&own, first, "must be greater than or equal to `port`");
        }
        if !valid(end) {
            errors.invalid(&own, end, names::PORT);
        }
    }
}

/// Upstream: `ValidateNetworkPolicyPeer`, `ValidateIPBlock`.
fn peer(peer: &Value, path: &str, errors: &mut Errors) {
    let mut count = 0;
    for field in ["podSelector", "namespaceSelector"].into_iter().filter(|field| !is_nil(&peer[*field])) {
        count += 1;
        selector::label_selector(&peer[field], &format!("{path}.{field}"), errors);
    }
    let block = &peer["ipBlock"];
    if !is_nil(block) {
        ip_block(block, &format!("{path}.ipBlock"), errors);
        if count > 0 {
            errors.forbidden(path, "may not specify both ipBlock and another peer");
        }
        count += 1;
    }
    if count == 0 {
        errors.required(path, "must specify a peer");
    }
}

fn ip_block(block: &Value, path: &str, errors: &mut Errors) {
    let range = text(&block["cidr"]);
    if range.is_empty() {
        errors.required(format!("{path}.cidr"), "");
        return;
    }
    if !names::is_cidr(range) {
        errors.invalid_text(format!("{path}.cidr"), range, names::CIDR);
        return;
    }
    for (index, except) in items(&block["except"]).iter().enumerate() {
        let path = format!("{path}.except[{index}]");
        let except = text(except);
        if !names::is_cidr(except) {
            errors.invalid_text(path, except, names::CIDR);
        } else if !contains(range, except) {
            errors.invalid_text(path, except, "must be a strict subset of `cidr`");
        }
    }
}

/// Is the second range inside of the first, and smaller?
fn contains(outer: &str, inner: &str) -> bool {
    let parse = |range: &str| -> Option<(std::net::IpAddr, u32)> {
        let (ip, bits) = range.split_once('/')?;
        Some((ip.parse().ok()?, bits.parse().ok()?))
    };
    let Some(((outer, wide), (inner, narrow))) = parse(outer).zip(parse(inner)) else { return false };
    let (bits, outer, inner) = match (outer, inner) {
        (std::net::IpAddr::V4(outer), std::net::IpAddr::V4(inner)) => {
            (32, u128::from(u32::from(outer)), u128::from(u32::from(inner)))
        }
        (std::net::IpAddr::V6(outer), std::net::IpAddr::V6(inner)) => (128, u128::from(outer), u128::from(inner)),
        _ => return false,
    };
    let same = (outer ^ inner).checked_shr(bits - wide).unwrap_or(0) == 0;
    same && wide < narrow
}
