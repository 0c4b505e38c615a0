//! Nodes, claims, quotas, limit ranges, classes, budgets, Ingresses, network policies.
//! Upstream: pkg/apis/core/validation, pkg/apis/{policy,scheduling,networking}/validation.

use serde_json::Value;

use super::super::convert;
use super::super::value::{int, is_nil, is_zero, items, members, text};
use super::{Errors, names, resources, scheduling, selector, workload};
use crate::model::kind::Kind;
use crate::model::resources::ResourceList;

/// The rules of one of these kinds.
pub(super) fn validate(kind: Kind, object: &Value, errors: &mut Errors) {
    let spec = &object["spec"];
    match kind {
        Kind::NODE => node(object, errors),
        Kind::PERSISTENT_VOLUME_CLAIM => claim(spec, errors),
        Kind::RESOURCE_QUOTA => quota(spec, errors),
        Kind::LIMIT_RANGE => limit_range(spec, errors),
        Kind::PRIORITY_CLASS => priority_class(object, errors),
        Kind::POD_DISRUPTION_BUDGET => disruption_budget(spec, errors),
        Kind::INGRESS if is_zero(&spec["rules"]) && is_nil(&spec["defaultBackend"]) => {
            errors.invalid_raw("spec", "null", "either `defaultBackend` or `rules` must be specified");
        }
        Kind::NETWORK_POLICY => network_policy(spec, errors),
        _ => {}
    }
}

fn node(object: &Value, errors: &mut Errors) {
    let spec = &object["spec"];
    let taints = items(&spec["taints"]);
    for (index, taint) in taints.iter().enumerate() {
        // Upstream names the wrong parent here.
        let path = format!("metadata.taints[{index}]");
        let (key, value) = (text(&taint["key"]), text(&taint["value"]));
        errors.invalid_texts(format!("{path}.key"), key, names::qualified(key));
        errors.invalid_texts(format!("{path}.value"), value, names::label_value(value));
        scheduling::effect_name(text(&taint["effect"]), &format!("{path}.effect"), errors);
        let same = |other: &Value| other["key"] == taint["key"] && other["effect"] == taint["effect"];
        if taints[..index].iter().any(same) {
            errors.duplicate_raw(&path, &taint.to_string());
        }
    }
    let ranges: Vec<&str> = match items(&spec["podCIDRs"]) {
        [] => spec["podCIDR"].as_str().into_iter().collect(),
        list => list.iter().map(text).collect(),
    };
    for (index, range) in ranges.into_iter().enumerate() {
        if !range.is_empty() && !names::is_cidr(range) {
            let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
            errors.invalid_text(format!("spec.podCIDRs[{index}]"), range, detail);
        }
    }
}

/// Upstream: `ValidatePersistentVolumeClaimSpec`.
fn claim(spec: &Value, errors: &mut Errors) {
    let supported = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
    if is_zero(&spec["accessModes"]) {
        errors.required("spec.accessModes", "at least 1 access mode is required");
    }
    selector::label_selector(&spec["selector"], "spec.selector", errors);
    for mode in items(&spec["accessModes"]) {
        errors.one_of("spec.accessModes", text(mode), &supported);
    }
    let storage = &spec["resources"]["requests"]["storage"];
    match convert::quantity(storage) {
        None => errors.required("spec.resources[storage]", ""),
        Some(size) if size.nano <= 0 => {
            errors.invalid_text("spec.resources[storage]", &size.to_string(), "must be greater than zero");
        }
        Some(_) => {}
    }
}

/// Upstream: `ValidateResourceQuotaSpec`.
fn quota(spec: &Value, errors: &mut Errors) {
    for (name, quantity) in members(&spec["hard"]) {
        let path = format!("spec.hard[{name}]");
        resources::resource_name(name, &path, errors);
        if !name.contains('/') && !resources::is_standard(name) {
            errors.invalid_text(&path, name, "must be a standard resource for quota");
        }
        if let Some(quantity) = convert::quantity(quantity) {
            let countable = resources::is_standard(name)
                && !["cpu", "memory", "storage"].iter().any(|part| name.ends_with(part))
                || name.starts_with("count/");
            if quantity.nano < 0 {
                errors.invalid_text(&path, &quantity.to_string(), "must be greater than or equal to 0");
            }
            if countable && quantity.nano % 1_000_000_000 != 0 {
                errors.invalid_text(&path, &quantity.to_string(), "must be an integer");
            }
        }
    }
    let known = [
        "Terminating",
        "NotTerminating",
        "BestEffort",
        "NotBestEffort",
        "PriorityClass",
        "CrossNamespacePodAffinity",
        "VolumeAttributesClass",
    ];
    for scope in items(&spec["scopes"]) {
        if !known.contains(&text(scope)) {
            errors.invalid("spec.scopes", &spec["scopes"], "unsupported scope");
        }
    }
}

/// Upstream: `ValidateLimitRange`.
fn limit_range(spec: &Value, errors: &mut Errors) {
    let limits = items(&spec["limits"]);
    for (index, item) in limits.iter().enumerate() {
        let path = format!("spec.limits[{index}]");
        if limits[..index].iter().any(|other| other["type"] == item["type"]) {
            errors.duplicate(format!("{path}.type"), text(&item["type"]));
        }
        bounds(item, &path, errors);
    }
}

fn bounds(item: &Value, path: &str, errors: &mut Errors) {
    let list = |key: &str| -> ResourceList { convert::resource_list(&item[key]) };
    let (max, min) = (list("max"), list("min"));
    let (default, request) = (list("default"), list("defaultRequest"));
    let mut names: Vec<&str> = ["max", "min", "default", "defaultRequest"]
        .iter()
        .flat_map(|key| members(&item[*key]).map(|(name, _)| name))
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (max, min) = (max.get(name), min.get(name));
        let (default, request) = (default.get(name), request.get(name));
        let mut complain = |field: &str, value: String, detail: String| {
            errors.invalid_text(format!("{path}.{field}[{name}]"), &value, &detail);
        };
        if let (Some(min), Some(max)) = (min, max)
            && min.nano > max.nano
        {
            complain("min", min.to_string(), format!("min value {min} is greater than max value {max}"));
        }
        if let (Some(min), Some(request)) = (min, request)
            && min.nano > request.nano
        {
            let detail = format!("min value {min} is greater than default request value {request}");
            complain("defaultRequest", request.to_string(), detail);
        }
        if let (Some(max), Some(request)) = (max, request)
            && request.nano > max.nano
        {
            let detail = format!("default request value {request} is greater than max value {max}");
            complain("defaultRequest", request.to_string(), detail);
        }
        if let (Some(request), Some(default)) = (request, default)
            && request.nano > default.nano
        {
            let detail = format!("default request value {request} is greater than default limit value {default}");
            complain("defaultRequest", request.to_string(), detail);
        }
        if let (Some(min), Some(default)) = (min, default)
            && min.nano > default.nano
        {
            // Upstream prints the bound, not the default, as the value.
            complain("default", min.to_string(), format!("min value {min} is greater than default value {default}"));
        }
        if let (Some(max), Some(default)) = (max, default)
            && default.nano > max.nano
        {
            let detail = format!("default value {default} is greater than max value {max}");
            complain("default", max.to_string(), detail);
        }
    }
}

/// Upstream: pkg/apis/scheduling/validation `ValidatePriorityClass`.
fn priority_class(object: &Value, errors: &mut Errors) {
    let name = text(&object["metadata"]["name"]);
    if name.starts_with("system-") {
        let detail = format!(
            "priority class names with 'system-' prefix are reserved for system use only. error: {name} is not a known system priority class"
        );
        errors.forbidden("metadata.name", &detail);
    } else if int(&object["value"]) > 1_000_000_000 {
        errors.forbidden("value", "maximum allowed value of a user defined priority is 1000000000");
    }
    if let Some(policy) = object["preemptionPolicy"].as_str() {
        errors.one_of("preemptionPolicy", policy, &["Never", "PreemptLowerPriority"]);
    }
}

/// Upstream: pkg/apis/policy/validation `ValidatePodDisruptionBudgetSpec`.
fn disruption_budget(spec: &Value, errors: &mut Errors) {
    let (min, max) = (&spec["minAvailable"], &spec["maxUnavailable"]);
    if !is_nil(min) && !is_nil(max) {
        let value = format!(
            "{{\"MinAvailable\":{min},\"Selector\":{},\"MaxUnavailable\":{max},\"UnhealthyPodEvictionPolicy\":{}}}",
            spec["selector"], spec["unhealthyPodEvictionPolicy"]
        );
        errors.invalid_raw("spec", &value, "minAvailable and maxUnavailable cannot be both set");
    }
    for (field, value) in [("minAvailable", min), ("maxUnavailable", max)] {
        let path = format!("spec.{field}");
        workload::int_or_percent(value, &path, errors);
        workload::at_most_100(value, &path, errors);
    }
    if let Some(policy) = spec["unhealthyPodEvictionPolicy"].as_str() {
        errors.one_of("spec.unhealthyPodEvictionPolicy", policy, &["AlwaysAllow", "IfHealthyBudget"]);
    }
    selector::label_selector(&spec["selector"], "spec.selector", errors);
}

/// Upstream: pkg/apis/networking/validation `ValidateNetworkPolicySpec`.
fn network_policy(spec: &Value, errors: &mut Errors) {
    selector::label_selector(&spec["podSelector"], "spec.podSelector", errors);
    for (index, policy) in items(&spec["policyTypes"]).iter().enumerate() {
        errors.one_of(format!("spec.policyTypes[{index}]"), text(policy), &["Ingress", "Egress"]);
    }
}
