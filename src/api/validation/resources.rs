//! Resource requirements and names.

use serde_json::Value;

use super::super::convert;
use super::super::value::members;
use super::{Errors, names};
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
    let (limits, requests) = (&resources["limits"], &resources["requests"]);
    let mut huge_pages = false;
    let mut basics = false;
    for (list, field) in [(limits, "limits"), (requests, "requests")] {
        for (name, quantity) in members(list) {
            let entry = format!("{path}.{field}[{name}]");
            container_name(name, &entry, errors);
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
fn container_name(name: &str, path: &str, errors: &mut Errors) {
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
