//! Pods and pod templates. Upstream: pkg/apis/core/validation `ValidatePodCreate`, `ValidatePodSpec`.

use serde_json::Value;

use super::super::value::{flag, int, is_nil, items, text};
use super::{Errors, affinity, container, names, scheduling, volume};

const DNS_POLICIES: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const HIGHEST_ID: i64 = 2_147_483_647;

/// A whole pod.
pub(super) fn pod(pod: &Value, errors: &mut Errors) {
    spec(&pod["spec"], "spec", errors);
    if !is_nil(&pod["spec"]["ephemeralContainers"]) {
        errors.forbidden("spec.ephemeralContainers", "cannot be set on create");
    }
}

/// `{metadata, spec}` inside another object. Upstream: `ValidatePodTemplateSpec`.
pub(super) fn template(template: &Value, path: &str, errors: &mut Errors) {
    let metadata = &template["metadata"];
    super::meta::labels(&metadata["labels"], &format!("{path}.labels"), errors);
    super::meta::annotations(&metadata["annotations"], &format!("{path}.annotations"), errors);
    spec(&template["spec"], &format!("{path}.spec"), errors);
    if !is_nil(&template["spec"]["ephemeralContainers"]) {
        errors
            .forbidden(format!("{path}.spec.ephemeralContainers"), "ephemeral containers not allowed in pod template");
    }
}

/// A pod's specification.
pub(super) fn spec(spec: &Value, path: &str, errors: &mut Errors) {
    let volumes = volume::volumes(&spec["volumes"], &format!("{path}.volumes"), errors);
    container::containers(spec, &volumes, path, errors);
    let restart = text(&spec["restartPolicy"]);
    errors.one_of(format!("{path}.restartPolicy"), restart, &["Always", "OnFailure", "Never"]);
    errors.one_of(format!("{path}.dnsPolicy"), text(&spec["dnsPolicy"]), &DNS_POLICIES);
    super::meta::labels(&spec["nodeSelector"], &format!("{path}.nodeSelector"), errors);
    host_network(spec, path, errors);
    security_context(&spec["securityContext"], &format!("{path}.securityContext"), errors);
    affinity::affinity(&spec["affinity"], &format!("{path}.affinity"), errors);
    dns_config(spec, path, errors);
    scheduling::gates(&spec["schedulingGates"], &format!("{path}.schedulingGates"), errors);
    scheduling::spread(&spec["topologySpreadConstraints"], &format!("{path}.topologySpreadConstraints"), errors);
    for (field, rule) in
        [("serviceAccountName", names::subdomain as fn(&str) -> Vec<String>), ("nodeName", names::subdomain)]
    {
        let name = text(&spec[field]);
        if !name.is_empty() {
            errors.invalid_texts(format!("{path}.{field}"), name, rule(name));
        }
    }
    if let Some(deadline) = spec["activeDeadlineSeconds"].as_i64()
        && !(1..=HIGHEST_ID).contains(&deadline)
    {
        let path = format!("{path}.activeDeadlineSeconds");
        errors.invalid(path, &spec["activeDeadlineSeconds"], "must be between 1 and 2147483647, inclusive");
    }
    for field in ["hostname", "subdomain"] {
        let name = text(&spec[field]);
        if !name.is_empty() {
            errors.invalid_texts(format!("{path}.{field}"), name, names::label(name));
        }
    }
    scheduling::tolerations(&spec["tolerations"], &format!("{path}.tolerations"), errors);
    for (index, alias) in items(&spec["hostAliases"]).iter().enumerate() {
        let ip = text(&alias["ip"]);
        if !names::is_ip(ip) {
            errors.invalid_text(format!("{path}.hostAliases[{index}].ip"), ip, names::IP);
        }
    }
    for field in ["priorityClassName", "runtimeClassName"] {
        let name = text(&spec[field]);
        if !name.is_empty() {
            errors.invalid_texts(format!("{path}.{field}"), name, names::subdomain(name));
        }
    }
}

/// Upstream: `validateHostNetwork`.
fn host_network(spec: &Value, path: &str, errors: &mut Errors) {
    if !flag(&spec["hostNetwork"]) {
        return;
    }
    for (index, container) in items(&spec["containers"]).iter().enumerate() {
        for (place, port) in items(&container["ports"]).iter().enumerate() {
            if port["hostPort"] != port["containerPort"] {
                let path = format!("{path}.containers[{index}].ports[{place}].hostPort");
                let value = Value::from(int(&port["hostPort"]));
                errors.invalid(path, &value, "must match `containerPort` when `hostNetwork` is true");
            }
        }
    }
}

/// Upstream: `ValidatePodSecurityContext`.
fn security_context(context: &Value, path: &str, errors: &mut Errors) {
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        user_id(&context[field], &format!("{path}.{field}"), errors);
    }
    for (index, group) in items(&context["supplementalGroups"]).iter().enumerate() {
        user_id(group, &format!("{path}.supplementalGroups[{index}]"), errors);
    }
}

/// Upstream: util/validation `IsValidUserID`.
pub(super) fn user_id(id: &Value, path: &str, errors: &mut Errors) {
    if id.as_i64().is_some_and(|number| !(0..=HIGHEST_ID).contains(&number)) {
        errors.invalid(path, id, "must be between 0 and 2147483647, inclusive");
    }
}

/// Upstream: `validatePodDNSConfig`.
fn dns_config(spec: &Value, path: &str, errors: &mut Errors) {
    let config = &spec["dnsConfig"];
    let path = format!("{path}.dnsConfig");
    if text(&spec["dnsPolicy"]) == "None" {
        if is_nil(config) {
            errors.required(&path, "must provide `dnsConfig` when `dnsPolicy` is None");
        } else if items(&config["nameservers"]).is_empty() {
            let path = format!("{path}.nameservers");
            errors.required(path, "must provide at least one DNS nameserver when `dnsPolicy` is None");
        }
    }
    let servers = items(&config["nameservers"]);
    if servers.len() > 3 {
        errors.invalid(format!("{path}.nameservers"), &config["nameservers"], "must not have more than 3 nameservers");
    }
    for (index, server) in servers.iter().enumerate() {
        if !names::is_ip(text(server)) {
            errors.invalid_text(format!("{path}.nameservers[{index}]"), text(server), names::IP);
        }
    }
    if items(&config["searches"]).len() > 32 {
        errors.invalid(format!("{path}.searches"), &config["searches"], "must not have more than 32 search paths");
    }
    for (index, option) in items(&config["options"]).iter().enumerate() {
        if text(&option["name"]).is_empty() {
            errors.required(format!("{path}.options[{index}]"), "must not be empty");
        }
    }
}
