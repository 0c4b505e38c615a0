//! Resource requirements and names.

use serde_json::Value;

use super::super::convert;
use super::super::value::{is_nil, items, members, text};
use super::{Errors, names};
use crate::model::pod_template::pod_requests;
use crate::model::quantity::Quantity;

const STANDARD_CONTAINER: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Upstream: pkg/apis/core/helper `IsStandardResourceName`.
pub(super) fn is_standard(name: &str) -> bool {
    let quota = [
        "cpu",
        "memory",
        "ephemeral-storage",
        "storage",
        "pods",
        "services",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "requests.cpu",
        "requests.memory",
        "requests.storage",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "services.nodeports",
        "services.loadbalancers",
    ];
    quota.contains(&name) || name.starts_with("hugepages-") || name.starts_with("requests.hugepages-")
}

/// Upstream: pkg/apis/core/helper `IsExtendedResourceName`.
pub(super) fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
}

/// Upstream: pkg/apis/core/validation `ValidateResourceRequirements`.
pub(super) fn requirements(resources: &Value, path: &str, errors: &mut Errors) {
    requirements_of(resources, container_name, path, errors);
}

/// Those of a whole pod. Upstream: `validatePodResources`, `validatePodResourceConsistency`.
pub(super) fn of_pod(spec: &Value, path: &str, errors: &mut Errors) {
    let resources = &spec["resources"];
    if !is_nil(&resources["claims"]) {
        errors.forbidden(format!("{path}.claims"), "claims may not be set for Resources at pod-level");
    }
    requirements_of(resources, pod_level_name, path, errors);
    let own = |list: &str, name: &str| convert::quantity(&resources[list][name]);
    let mut without = spec.clone();
    if let Some(members) = without.as_object_mut() {
        members.remove("resources");
        members.remove("overhead");
    }
    let whole = pod_requests(&convert::pod_spec(&without));
    for (name, wanted) in &whole.entries {
        if let Some(request) = own("requests", name).filter(|request| wanted.nano > request.nano) {
            let detail = format!("must be greater than or equal to aggregate container requests of {wanted}");
            errors.invalid_text(format!("{path}.requests[{name}]"), &request.to_string(), &detail);
        }
    }
    for (index, container) in items(&spec["containers"]).iter().enumerate() {
        for (name, limit) in members(&container["resources"]["limits"]) {
            let Some((limit, most)) = convert::quantity(limit).zip(own("limits", name)) else { continue };
            if limit.nano > most.nano {
                let path = format!("{path}.containers[{index}][{name}].limits");
                errors.invalid_text(
                    path,
                    &limit.to_string(),
                    &format!("must be less than or equal to pod limits of {most}"),
                );
            }
        }
    }
}

/// Upstream: `validatePodResourceName`.
fn pod_level_name(name: &str, path: &str, errors: &mut Errors) {
    let before = errors.len();
    resource_name(name, path, errors);
    if errors.len() == before && name != "cpu" && name != "memory" && !name.starts_with("hugepages-") {
        errors.unsupported(path, name, &["cpu", "hugepages-", "memory"]);
    }
}

/// Upstream: `validateResourceClaimNames`.
pub(super) fn claims(claims: &Value, known: &[&str], path: &str, errors: &mut Errors) {
    let claims = items(claims);
    for (index, claim) in claims.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let name = text(&claim["name"]);
        if name.is_empty() {
            errors.required(path, "");
            continue;
        }
        if claims[..index].iter().any(|other| text(&other["name"]) == name && other["request"] == claim["request"]) {
            errors.duplicate(&path, name);
        }
        if !known.contains(&name) {
            let detail = match known {
                [] => "must be one of the names in pod.spec.resourceClaims which is empty".to_owned(),
                known => format!("must be one of the names in pod.spec.resourceClaims: {}", known.join(", ")),
            };
            errors.not_found_because(&path, name, &detail);
        }
    }
}

fn requirements_of(resources: &Value, check_name: fn(&str, &str, &mut Errors), path: &str, errors: &mut Errors) {
    let (limits, requests) = (&resources["limits"], &resources["requests"]);
    let mut huge_pages = false;
    let mut basics = false;
    for (list, field) in [(limits, "limits"), (requests, "requests")] {
        for (name, quantity) in members(list) {
            let entry = format!("{path}.{field}[{name}]");
            check_name(name, &entry, errors);
            if let Some(quantity) = convert::quantity(quantity) {
                amount(name, quantity, &entry, errors);
            }
            if field == "requests"
                && let Some(request) = convert::quantity(quantity)
            {
                against_limit(name, request, &limits[name], path, errors);
            }
            huge_pages |= name.starts_with("hugepages-");
            basics |= name == "cpu" || name == "memory";
        }
    }
    if huge_pages && !basics {
        errors.forbidden(path, "HugePages require cpu or memory");
    }
}

fn against_limit(name: &str, request: Quantity, limit: &Value, path: &str, errors: &mut Errors) {
    let overcommit = !is_extended(name) && !name.starts_with("hugepages-");
    let text = request.to_string();
    match convert::quantity(limit) {
        Some(limit) if !overcommit && request.nano != limit.nano => {
            errors.invalid_text(
                format!("{path}.requests"),
                &text,
                &format!("must be equal to {name} limit of {limit}"),
            );
        }
        Some(limit) if overcommit && request.nano > limit.nano => {
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            errors.invalid_text(format!("{path}.requests"), &text, &detail);
        }
        None if !overcommit => {
            errors.required(format!("{path}.limits"), "Limit must be set for non overcommitable resources");
        }
        _ => {}
    }
}

/// Upstream: `validateContainerResourceName`.
pub(super) fn container_name(name: &str, path: &str, errors: &mut Errors) {
    resource_name(name, path, errors);
    if !name.contains('/') && !STANDARD_CONTAINER.contains(&name) && !name.starts_with("hugepages-") {
        errors.invalid_text(path, name, "must be a standard resource for containers");
    }
}

/// Upstream: `ValidateResourceName`.
pub(super) fn resource_name(name: &str, path: &str, errors: &mut Errors) {
    let wrong = names::qualified(name);
    let bad = !wrong.is_empty();
    errors.invalid_texts(path, name, wrong);
    if !bad && !name.contains('/') && !is_standard(name) {
        errors.invalid_text(path, name, "must be a standard resource type or fully qualified");
    }
}

/// Upstream: `ValidateResourceQuantityValue`.
pub(super) fn amount(name: &str, quantity: Quantity, path: &str, errors: &mut Errors) {
    if quantity.nano < 0 {
        errors.invalid_text(path, &quantity.to_string(), "must be greater than or equal to 0");
    }
    let integer = is_extended(name) || ["pods", "services", "secrets", "configmaps"].contains(&name);
    if integer && quantity.nano % 1_000_000_000 != 0 {
        errors.invalid_text(path, &quantity.to_string(), "must be an integer");
    }
}
