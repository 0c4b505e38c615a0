//! Label selectors and node selector requirements.

use serde_json::Value;

use super::super::convert;
use super::super::value::{is_nil, is_zero, items, text};
use super::{Errors, names};

pub(super) const MISMATCH: &str = "`selector` does not match template `labels`";

/// Upstream: apis/meta/v1/validation `ValidateLabelSelector`.
pub(super) fn label_selector(selector: &Value, path: &str, errors: &mut Errors) {
    let labels = format!("{path}.matchLabels");
    super::meta::labels(&selector["matchLabels"], &labels, errors);
    for (index, expression) in items(&selector["matchExpressions"]).iter().enumerate() {
        let path = format!("{path}.matchExpressions[{index}]");
        let operator = text(&expression["operator"]);
        let empty = items(&expression["values"]).is_empty();
        match operator {
            "In" | "NotIn" => {
                if empty {
                    errors.required(format!("{path}.values"), "must be specified when `operator` is 'In' or 'NotIn'");
                }
            }
            "Exists" | "DoesNotExist" => {
                if !empty {
                    let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                    errors.forbidden(format!("{path}.values"), detail);
                }
            }
            _ => errors.invalid_text(format!("{path}.operator"), operator, "not a valid selector operator"),
        }
        let key = text(&expression["key"]);
        errors.invalid_texts(format!("{path}.key"), key, names::qualified(key));
        for (index, value) in items(&expression["values"]).iter().enumerate() {
            errors.invalid_texts(format!("{path}.values[{index}]"), text(value), names::label_value(text(value)));
        }
    }
}

/// Can the selector be used at all? Upstream: apis/meta/v1 `LabelSelectorAsSelector`.
pub(super) fn is_usable(selector: &Value) -> bool {
    let mut errors = Errors::default();
    label_selector(selector, "", &mut errors);
    errors.is_empty()
}

/// Does a workload's selector select the pods of its template? Upstream: `ValidatePodTemplateSpecForReplicaSet`,
/// `ValidateJobSpec`.
pub(super) fn of_template(spec: &Value, path: &str, errors: &mut Errors) {
    let chosen = &spec["selector"];
    let labels = &spec["template"]["metadata"]["labels"];
    if !is_nil(chosen) && !is_usable(chosen) {
        return;
    }
    // A nil selector matches nothing, an empty one is reported apart.
    let matches = convert::label_selector(chosen)
        .is_some_and(|selector| selector.is_empty() || selector.matches(&convert::labels(labels)));
    if !matches {
        errors.invalid(format!("{path}.metadata.labels"), labels, MISMATCH);
    }
}

/// Upstream: pkg/apis/core/validation `ValidateNodeSelectorRequirement`.
pub(super) fn node_requirement(requirement: &Value, path: &str, errors: &mut Errors) {
    let values = items(&requirement["values"]).len();
    let operator = text(&requirement["operator"]);
    match operator {
        "In" | "NotIn" if values == 0 => {
            errors.required(format!("{path}.values"), "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if values > 0 => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.forbidden(format!("{path}.values"), detail);
        }
        "Gt" | "Lt" if values != 1 => {
            let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            errors.required(format!("{path}.values"), detail);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        _ => errors.invalid_text(format!("{path}.operator"), operator, "not a valid selector operator"),
    }
    let key = text(&requirement["key"]);
    errors.invalid_texts(format!("{path}.key"), key, names::qualified(key));
    for (index, value) in items(&requirement["values"]).iter().enumerate() {
        let path = format!("{path}.values[{index}]");
        errors.invalid_texts(path, text(value), names::label_value(text(value)));
    }
}

/// A label selector as Go prints it: fields in the order of the structure. Upstream: `metav1.LabelSelector`.
pub(super) fn printed(selector: &Value) -> String {
    let mut parts = Vec::new();
    if !is_zero(&selector["matchLabels"]) {
        parts.push(format!("\"matchLabels\":{}", selector["matchLabels"]));
    }
    let expressions: Vec<String> = items(&selector["matchExpressions"])
        .iter()
        .map(|expression| {
            let (key, operator) = (text(&expression["key"]), text(&expression["operator"]));
            let values = &expression["values"];
            let values = if is_zero(values) { String::new() } else { format!(",\"values\":{values}") };
            format!("{{\"key\":{key:?},\"operator\":{operator:?}{values}}}")
        })
        .collect();
    if !expressions.is_empty() {
        parts.push(format!("\"matchExpressions\":[{}]", expressions.join(",")));
    }
    format!("{{{}}}", parts.join(","))
}

/// Upstream: pkg/apis/core/validation `ValidateNodeFieldSelectorRequirement`.
pub(super) fn node_field(requirement: &Value, path: &str, errors: &mut Errors) {
    let operator = text(&requirement["operator"]);
    let values = items(&requirement["values"]);
    match operator {
        "In" | "NotIn" => {
            if values.len() != 1 {
                let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                errors.required(format!("{path}.values"), detail);
            }
        }
        _ => errors.invalid_text(format!("{path}.operator"), operator, "not a valid selector operator"),
    }
    let key = text(&requirement["key"]);
    if key == "metadata.name" {
        for (index, value) in values.iter().enumerate() {
            errors.invalid_texts(format!("{path}.values[{index}]"), text(value), names::subdomain(text(value)));
        }
    } else {
        errors.invalid_text(format!("{path}.key"), key, "not a valid field selector key");
    }
}

/// A plain map used as a selector.
pub(super) fn map_selector(selector: &Value, path: &str, errors: &mut Errors) {
    super::meta::labels(selector, path, errors);
}
