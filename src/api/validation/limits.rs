//! Quotas and limit ranges. Upstream: pkg/apis/core/validation `ValidateResourceQuotaSpec`, `ValidateLimitRange`.

use serde_json::Value;

use super::super::convert;
use super::super::value::{is_nil, items, members, text};
use super::{Errors, names, resources};
use crate::model::quantity::Quantity;
use crate::model::resources::ResourceList;

/// Upstream: `ValidateResourceQuotaSpec`.
pub(super) fn quota(spec: &Value, errors: &mut Errors) {
    for (name, quantity) in members(&spec["hard"]) {
        let path = format!("spec.hard[{name}]");
        resources::resource_name(name, &path, errors);
        if !name.contains('/') && !resources::is_standard(name) {
            errors.invalid_text(&path, name, "must be a standard resource for quota");
        }
        if let Some(quantity) = convert::quantity(quantity) {
            let countable = resources::is_standard(name)
                && !["cpu", "memory", "storage"].iter().any(|part| name.ends_with(part))
                || name.contains('/') && !name.contains("kubernetes.io/");
            if quantity.nano < 0 {
                errors.invalid_text(&path, &quantity.to_string(), "must be greater than or equal to 0");
            }
            if (countable || name.starts_with("count/") || name.ends_with(STORAGE_CLASS))
                && quantity.nano % 1_000_000_000 != 0
            {
                errors.invalid_text(&path, &quantity.to_string(), "must be an integer");
            }
        }
    }
    scopes(spec, errors);
    if !is_nil(&spec["scopeSelector"]) {
        scope_selector(spec, errors);
    }
}

/// What a quota of a storage class ends with; its quantities have to be whole.
const STORAGE_CLASS: &str = ".storageclass.storage.k8s.io/requests.storage";
const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];

/// Can a quota of this resource have that scope? Upstream: pkg/apis/core/helper `IsResourceQuotaScopeValidForResource`.
fn fits(scope: &str, resource: &str) -> bool {
    let of_pods = matches!(
        resource,
        "pods"
            | "cpu"
            | "memory"
            | "ephemeral-storage"
            | "limits.cpu"
            | "limits.memory"
            | "requests.cpu"
            | "requests.memory"
            | "limits.ephemeral-storage"
            | "requests.ephemeral-storage"
    ) || resource.starts_with("hugepages-")
        || resource.starts_with("requests.hugepages-");
    match scope {
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => of_pods,
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => resource == "persistentvolumeclaims" || resource == "requests.storage",
        _ => true,
    }
}

/// Upstream: `validateResourceQuotaScopes`.
fn scopes(spec: &Value, errors: &mut Errors) {
    let path = "spec.scopes";
    let scopes = items(&spec["scopes"]);
    for scope in scopes.iter().map(text) {
        if !SCOPES.contains(&scope) {
            errors.invalid(path, &spec["scopes"], "unsupported scope");
        }
        for (name, _) in members(&spec["hard"]) {
            if resources::is_standard(name) && !fits(scope, name) {
                errors.invalid(path, &spec["scopes"], "unsupported scope applied to resource");
            }
        }
    }
    let has = |name: &str| scopes.iter().any(|scope| text(scope) == name);
    for (one, other) in [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")] {
        if has(one) && has(other) {
            errors.invalid(path, &spec["scopes"], "conflicting scopes");
        }
    }
}

/// Upstream: `validateScopedResourceSelectorRequirement`.
fn scope_selector(spec: &Value, errors: &mut Errors) {
    let path = "spec.scopeSelector.matchExpressions";
    let expressions = items(&spec["scopeSelector"]["matchExpressions"]);
    let printed: Vec<String> = expressions
        .iter()
        .map(|expression| {
            format!(
                "{{\"ScopeName\":{:?},\"Operator\":{:?},\"Values\":{}}}",
                text(&expression["scopeName"]),
                text(&expression["operator"]),
                expression["values"]
            )
        })
        .collect();
    let whole = format!("{{\"MatchExpressions\":[{}]}}", printed.join(","));
    for expression in expressions {
        let (scope, operator) = (text(&expression["scopeName"]), text(&expression["operator"]));
        if !SCOPES.contains(&scope) {
            errors.invalid_text(format!("{path}.scopeName"), scope, "unsupported scope");
        }
        for (name, _) in members(&spec["hard"]) {
            if resources::is_standard(name) && !fits(scope, name) {
                errors.invalid_raw(path, &whole, "unsupported scope applied to resource");
            }
        }
        let is_fixed = SCOPES[..4].contains(&scope) || scope == "CrossNamespacePodAffinity";
        if is_fixed && operator != "Exists" {
            let detail = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
            errors.invalid_text(format!("{path}.operator"), operator, detail);
        }
        let values = &expression["values"];
        match operator {
            "In" | "NotIn" => {
                if items(values).is_empty() {
                    let detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                    errors.required(format!("{path}.values"), detail);
                }
            }
            "Exists" | "DoesNotExist" => {
                if !items(values).is_empty() {
                    let detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                    errors.invalid(format!("{path}.values"), values, detail);
                }
            }
            _ => errors.invalid_text(format!("{path}.operator"), operator, "not a valid selector operator"),
        }
    }
}

/// Upstream: `ValidateLimitRange`.
pub(super) fn limit_range(spec: &Value, errors: &mut Errors) {
    let limits = items(&spec["limits"]);
    for (index, item) in limits.iter().enumerate() {
        let path = format!("spec.limits[{index}]");
        type_name(text(&item["type"]), &format!("{path}.type"), errors);
        if limits[..index].iter().any(|other| other["type"] == item["type"]) {
            errors.duplicate(format!("{path}.type"), text(&item["type"]));
        }
        resource_names(item, &path, errors);
        bounds(item, &path, errors);
    }
}

/// Upstream: `validateLimitRangeTypeName`.
fn type_name(name: &str, path: &str, errors: &mut Errors) {
    let wrong = names::qualified(name);
    let is_qualified = wrong.is_empty();
    errors.invalid_texts(path, name, wrong);
    let standard = ["Pod", "Container", "PersistentVolumeClaim"].contains(&name);
    if is_qualified && !name.contains('/') && !standard {
        errors.invalid_text(path, name, "must be a standard limit type or fully qualified");
    }
}

/// Upstream: `validateLimitRangeResourceName`.
fn resource_names(item: &Value, path: &str, errors: &mut Errors) {
    let is_pod = text(&item["type"]) == "Pod";
    for field in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        let is_default = field.starts_with("default");
        if is_pod && is_default {
            if members(&item[field]).next().is_some() {
                errors.forbidden(format!("{path}.{field}"), "may not be specified when `type` is 'Pod'");
            }
            continue;
        }
        for (name, _) in members(&item[field]) {
            let path = format!("{path}.{field}[{name}]");
            if matches!(text(&item["type"]), "Pod" | "Container") {
                resources::container_name(name, &path, errors);
            } else {
                resources::resource_name(name, &path, errors);
            }
        }
    }
    if text(&item["type"]) == "PersistentVolumeClaim"
        && is_nil(&item["min"]["storage"])
        && is_nil(&item["max"]["storage"])
    {
        let detail = "either minimum or maximum storage value is required, but neither was provided";
        errors.required(format!("{path}.limits"), detail);
    }
}

/// Upstream: the checks of `maxLimitRequestRatio` in `ValidateLimitRange`.
fn ratio(name: &str, ratio: Quantity, bounds: Option<(Quantity, Quantity)>, path: &str, errors: &mut Errors) {
    let path = format!("{path}.maxLimitRequestRatio[{name}]");
    if ratio.nano < 1_000_000_000 {
        errors.invalid_text(&path, &ratio.to_string(), &format!("ratio {ratio} is less than 1"));
    }
    if let Some((min, max)) = bounds {
        let most = max.nano as f64 / min.nano as f64;
        if ratio.nano as f64 / 1e9 > most {
            let detail = format!("ratio {ratio} is greater than max/min = {most:.6}");
            errors.invalid_text(&path, &ratio.to_string(), &detail);
        }
    }
}

fn bounds(item: &Value, path: &str, errors: &mut Errors) {
    let list = |key: &str| -> ResourceList { convert::resource_list(&item[key]) };
    let (max, min) = (list("max"), list("min"));
    let (default, request) = (list("default"), list("defaultRequest"));
    let ratios = list("maxLimitRequestRatio");
    let mut names: Vec<&str> = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"]
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
        if let Some(own) = ratios.get(name) {
            ratio(name, own, min.zip(max), path, errors);
        }
    }
}
