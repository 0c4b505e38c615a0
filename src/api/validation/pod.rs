//! Pods and pod templates. Upstream: pkg/apis/core/validation `ValidatePodCreate`, `ValidatePodSpec`.

use serde_json::Value;

use super::super::value::{flag, int, is_nil, items, text};
use super::{Errors, affinity, container, names, resources, scheduling, security, volume};

const DNS_POLICIES: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const HIGHEST_ID: i64 = 2_147_483_647;

/// A whole pod.
pub(super) fn pod(pod: &Value, errors: &mut Errors) {
    let owner = volume::Owner { pod: text(&pod["metadata"]["name"]), is_pod: true };
    let spec = &pod["spec"];
    spec_of(spec, owner, "spec", errors);
    container::only_of_pods(spec, errors);
    if !text(&spec["nodeName"]).is_empty() && !items(&spec["schedulingGates"]).is_empty() {
        errors.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared");
    }
}

/// What a new pod may not have. Upstream: `ValidatePodCreate`.
pub(super) fn new_pod(pod: &Value, errors: &mut Errors) {
    if !is_nil(&pod["spec"]["ephemeralContainers"]) {
        errors.forbidden("spec.ephemeralContainers", "cannot be set on create");
    }
}

/// `{metadata, spec}` inside another object. Upstream: `ValidatePodTemplateSpec`.
pub(super) fn template(template: &Value, path: &str, errors: &mut Errors) {
    let metadata = &template["metadata"];
    super::meta::labels(&metadata["labels"], &format!("{path}.labels"), errors);
    super::meta::annotations(&metadata["annotations"], &format!("{path}.annotations"), errors);
    let owner = volume::Owner { pod: "", is_pod: false };
    spec_of(&template["spec"], owner, &format!("{path}.spec"), errors);
    if !is_nil(&template["spec"]["ephemeralContainers"]) {
        errors
            .forbidden(format!("{path}.spec.ephemeralContainers"), "ephemeral containers not allowed in pod template");
    }
}

/// A pod's specification.
fn spec_of(spec: &Value, owner: volume::Owner<'_>, path: &str, errors: &mut Errors) {
    let volumes = volume::volumes(&spec["volumes"], owner, &format!("{path}.volumes"), errors);
    resource_claims(&spec["resourceClaims"], &format!("{path}.resourceClaims"), errors);
    container::containers(spec, &volumes, path, errors);
    if !is_nil(&spec["resources"]) {
        resources::of_pod(spec, &format!("{path}.resources"), errors);
    }
    let restart = text(&spec["restartPolicy"]);
    errors.one_of(format!("{path}.restartPolicy"), restart, &["Always", "OnFailure", "Never"]);
    errors.one_of(format!("{path}.dnsPolicy"), text(&spec["dnsPolicy"]), &DNS_POLICIES);
    super::meta::labels(&spec["nodeSelector"], &format!("{path}.nodeSelector"), errors);
    host_network(spec, path, errors);
    security::of_pod(spec, path, errors);
    affinity::affinity(&spec["affinity"], &format!("{path}.affinity"), errors);
    dns_config(spec, path, errors);
    for (index, gate) in items(&spec["readinessGates"]).iter().enumerate() {
        let condition = text(&gate["conditionType"]);
        let path = format!("{path}.readinessGates[{index}].conditionType");
        errors.invalid_texts(path, condition, names::qualified(condition));
    }
    scheduling::gates(&spec["schedulingGates"], &format!("{path}.schedulingGates"), errors);
    scheduling::spread(&spec["topologySpreadConstraints"], &format!("{path}.topologySpreadConstraints"), errors);
    host_users(spec, path, errors);
    // What admission looks up it refuses before anybody looks at the name.
    let of_templates = |field: &&str| !owner.is_pod || matches!(*field, "nodeName" | "runtimeClassName");
    for field in ["serviceAccountName", "nodeName"].into_iter().filter(of_templates) {
        let name = text(&spec[field]);
        if !name.is_empty() {
            errors.invalid_texts(format!("{path}.{field}"), name, names::subdomain(name));
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
        for (place, name) in items(&alias["hostnames"]).iter().enumerate() {
            let path = format!("{path}.hostAliases[{index}].hostnames[{place}]");
            errors.invalid_texts(path, text(name), names::subdomain(text(name)));
        }
    }
    for field in ["priorityClassName", "runtimeClassName"].into_iter().filter(of_templates) {
        let name = text(&spec[field]);
        if !name.is_empty() {
            errors.invalid_texts(format!("{path}.{field}"), name, names::subdomain(name));
        }
    }
    if let Some(policy) = spec["preemptionPolicy"].as_str().filter(|_| !owner.is_pod) {
        preemption_policy(policy, &format!("{path}.preemptionPolicy"), errors);
    }
    operating_system(spec, &format!("{path}.os"), errors);
}

/// Upstream: `ValidatePreemptionPolicy`.
pub(super) fn preemption_policy(policy: &str, path: &str, errors: &mut Errors) {
    if policy.is_empty() {
        errors.required(path, "");
    } else {
        errors.one_of(path, policy, &["PreemptLowerPriority", "Never"]);
    }
}

/// Upstream: `validateOS`.
fn operating_system(spec: &Value, path: &str, errors: &mut Errors) {
    let Some(name) = spec["os"].as_object().map(|_| text(&spec["os"]["name"])) else { return };
    if name.is_empty() {
        errors.required(format!("{path}.name"), "");
    } else {
        errors.one_of(path, name, &["linux", "windows"]);
    }
}

/// Upstream: `validateHostUsers`.
fn host_users(spec: &Value, path: &str, errors: &mut Errors) {
    const DETAIL: &str = "when `hostUsers` is false";
    if spec["hostUsers"] != false {
        return;
    }
    for (field, shown) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if flag(&spec[field]) {
            errors.forbidden(format!("{path}.{shown}"), DETAIL);
        }
    }
    for list in ["initContainers", "containers"] {
        for (index, container) in items(&spec[list]).iter().enumerate() {
            if !items(&container["volumeDevices"]).is_empty() {
                errors.forbidden(format!("{path}.{list}[{index}].volumeDevices"), DETAIL);
            }
        }
    }
}

/// Upstream: `validatePodResourceClaims`.
fn resource_claims(claims: &Value, path: &str, errors: &mut Errors) {
    let claims = items(claims);
    for (index, claim) in claims.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let name = text(&claim["name"]);
        if name.is_empty() {
            errors.required(format!("{path}.name"), "");
        } else if claims[..index].iter().any(|other| text(&other["name"]) == name) {
            errors.duplicate(format!("{path}.name"), name);
        } else {
            errors.invalid_texts(format!("{path}.name"), name, names::label(name));
        }
        let (own, template) = (&claim["resourceClaimName"], &claim["resourceClaimTemplateName"]);
        let whole =
            format!("{{\"Name\":{name:?},\"ResourceClaimName\":{own},\"ResourceClaimTemplateName\":{template}}}");
        if !is_nil(own) && !is_nil(template) {
            let detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
            errors.invalid_raw(&path, &whole, detail);
        }
        if is_nil(own) && is_nil(template) {
            let detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
            errors.invalid_raw(&path, &whole, detail);
        }
        for (field, value) in [("resourceClaimName", own), ("resourceClaimTemplateName", template)] {
            if let Some(name) = value.as_str() {
                errors.invalid_texts(format!("{path}.{field}"), name, names::subdomain(name));
            }
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
    for (index, search) in items(&config["searches"]).iter().enumerate() {
        let search = text(search);
        if search != "." {
            let bare = search.strip_suffix('.').unwrap_or(search);
            errors.invalid_texts(format!("{path}.searches[{index}]"), search, names::subdomain_with_underscore(bare));
        }
    }
    for (index, option) in items(&config["options"]).iter().enumerate() {
        if text(&option["name"]).is_empty() {
            errors.required(format!("{path}.options[{index}]"), "must not be empty");
        }
    }
}
