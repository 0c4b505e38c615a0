//! HorizontalPodAutoscalers. Upstream: pkg/apis/autoscaling/validation.

use serde_json::Value;

use super::super::convert;
use super::super::value::{int, is_nil, items, text};
use super::{Errors, names, resources};

const TYPES: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];

/// Upstream: `validateHorizontalPodAutoscalerSpec`.
pub(super) fn horizontal_pod_autoscaler(spec: &Value, scale_to_zero: bool, errors: &mut Errors) {
    let (least, most) = (int(&spec["minReplicas"]), int(&spec["maxReplicas"]));
    let scales_to_zero =
        items(&spec["metrics"]).iter().any(|metric| matches!(text(&metric["type"]), "Object" | "External"));
    let lowest = i64::from(!scale_to_zero);
    if least < lowest {
        let detail = format!("must be greater than or equal to {lowest}");
        errors.invalid("spec.minReplicas", &spec["minReplicas"], &detail);
    }
    match most {
        0 => errors.required("spec.maxReplicas", "must be set and greater than 0"),
        1.. => {}
        _ => errors.invalid("spec.maxReplicas", &spec["maxReplicas"], "must be greater than or equal to 1"),
    }
    if most < least {
        let detail = "must be greater than or equal to `minReplicas`";
        errors.invalid("spec.maxReplicas", &Value::from(most), detail);
    }
    let target = &spec["scaleTargetRef"];
    reference(target, "spec.scaleTargetRef", errors);
    let version = text(&target["apiVersion"]);
    // Of the kinds that scale only this one is of the core group.
    if !version.contains('/') && text(&target["kind"]) != "ReplicationController" {
        errors.invalid_text("spec.scaleTargetRef.apiVersion", version, "apiVersion must specify API group");
    }
    if least == 0 && !scales_to_zero {
        let detail = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.forbidden("spec.metrics", detail);
    }
    for (index, metric) in items(&spec["metrics"]).iter().enumerate() {
        self::metric(metric, &format!("spec.metrics[{index}]"), errors);
    }
    for direction in ["scaleUp", "scaleDown"] {
        rules(&spec["behavior"][direction], &format!("spec.behavior.{direction}"), errors);
    }
}

/// Upstream: `ValidateCrossVersionObjectReference`.
fn reference(target: &Value, path: &str, errors: &mut Errors) {
    for field in ["kind", "name"] {
        let name = text(&target[field]);
        if name.is_empty() {
            errors.required(format!("{path}.{field}"), "");
        } else {
            errors.invalid_texts(format!("{path}.{field}"), name, super::meta::path_segment(name));
        }
    }
}

/// Upstream: `validateMetricSpec`.
fn metric(metric: &Value, path: &str, errors: &mut Errors) {
    let kind = text(&metric["type"]);
    if kind.is_empty() {
        errors.required(format!("{path}.type"), "must specify a metric source type");
    }
    errors.one_of(format!("{path}.type"), kind, &TYPES);
    let field = match kind {
        "ContainerResource" => "containerResource",
        "External" => "external",
        "Object" => "object",
        "Pods" => "pods",
        "Resource" => "resource",
        _ => return,
    };
    let path = format!("{path}.{field}");
    let source = &metric[field];
    if is_nil(source) {
        errors.required(path, "must populate information for the given metric source");
        return;
    }
    match field {
        "resource" | "containerResource" => {
            let name = text(&source["name"]);
            if name.is_empty() {
                errors.required(format!("{path}.name"), "must specify a resource name");
            } else if field == "containerResource" {
                resources::container_name(name, &format!("{path}.name"), errors);
            }
            if field == "containerResource" {
                let container = text(&source["container"]);
                if container.is_empty() {
                    errors.required(format!("{path}.container"), "must specify a container");
                } else {
                    errors.invalid_texts(format!("{path}.container"), container, names::label(container));
                }
            }
        }
        _ => {
            if field == "object" {
                reference(&source["describedObject"], &format!("{path}.describedObject"), errors);
            }
            let name = text(&source["metric"]["name"]);
            if name.is_empty() {
                errors.required(format!("{path}.metric.name"), "must specify a metric name");
            } else {
                errors.invalid_texts(format!("{path}.metric.name"), name, super::meta::path_segment(name));
            }
        }
    }
    target(&source["target"], field, &path, errors);
}

/// Upstream: `validateMetricTarget` and the rules of each source.
fn target(target: &Value, field: &str, source: &str, errors: &mut Errors) {
    let path = format!("{source}.target");
    let kind = text(&target["type"]);
    if kind.is_empty() {
        errors.required(format!("{path}.type"), "must specify a metric target type");
    }
    if !matches!(kind, "Utilization" | "Value" | "AverageValue") {
        errors.invalid_text(format!("{path}.type"), kind, "must be either Utilization, Value, or AverageValue");
    }
    for amount in ["value", "averageValue"] {
        if let Some(quantity) = convert::quantity(&target[amount]).filter(|quantity| quantity.nano <= 0) {
            errors.invalid_text(format!("{path}.{amount}"), &quantity.to_string(), "must be positive");
        }
    }
    let utilization = &target["averageUtilization"];
    if !is_nil(utilization) && int(utilization) < 1 {
        errors.invalid(format!("{path}.averageUtilization"), utilization, "must be greater than 0");
    }
    let average = !is_nil(&target["averageValue"]);
    match field {
        "resource" | "containerResource" => {
            if is_nil(utilization) && !average {
                let detail = "must set either a target raw value or a target utilization";
                errors.required(format!("{path}.averageUtilization"), detail);
            }
            if !is_nil(utilization) && average {
                let detail = "may not set both a target raw value and a target utilization";
                errors.forbidden(format!("{path}.averageValue"), detail);
            }
        }
        "pods" if !average => {
            errors.required(format!("{path}.averageValue"), "must specify a positive target averageValue");
        }
        "object" | "external" if is_nil(&target["value"]) && !average => {
            let detail = if field == "object" {
                "must set either a target value or averageValue"
            } else {
                "must set either a target value for metric or a per-pod target"
            };
            errors.required(format!("{path}.averageValue"), detail);
        }
        _ => {}
    }
}

/// Upstream: `validateScalingRules`.
fn rules(rules: &Value, path: &str, errors: &mut Errors) {
    if is_nil(rules) {
        return;
    }
    if let Some(window) = rules["stabilizationWindowSeconds"].as_i64() {
        let path = format!("{path}.stabilizationWindowSeconds");
        if window < 0 {
            errors.invalid(&path, &rules["stabilizationWindowSeconds"], "must be greater than or equal to zero");
        }
        if window > 3600 {
            errors.invalid(&path, &rules["stabilizationWindowSeconds"], "must be less than or equal to 3600");
        }
    }
    if let Some(policy) = rules["selectPolicy"].as_str() {
        errors.one_of(format!("{path}.selectPolicy"), policy, &["Disabled", "Max", "Min"]);
    }
    if let Some(tolerance) = convert::quantity(&rules["tolerance"]).filter(|tolerance| tolerance.nano < 0) {
        let detail = "must be greater than or equal to 0";
        errors.invalid_text(format!("{path}.tolerance"), &tolerance.to_string(), detail);
    }
    let policies = items(&rules["policies"]);
    if policies.is_empty() {
        errors.required(format!("{path}.policies"), "must specify at least one Policy");
    }
    for (index, policy) in policies.iter().enumerate() {
        let path = format!("{path}.policies[{index}]");
        errors.one_of(format!("{path}.type"), text(&policy["type"]), &["Percent", "Pods"]);
        if int(&policy["value"]) <= 0 {
            let value = Value::from(int(&policy["value"]));
            errors.invalid(format!("{path}.value"), &value, "must be greater than zero");
        }
        let period = int(&policy["periodSeconds"]);
        if period <= 0 {
            errors.invalid(format!("{path}.periodSeconds"), &Value::from(period), "must be greater than zero");
        }
        if period > 1800 {
            let detail = "must be less than or equal to 1800";
            errors.invalid(format!("{path}.periodSeconds"), &policy["periodSeconds"], detail);
        }
    }
}
