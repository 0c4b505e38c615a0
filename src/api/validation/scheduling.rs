//! Tolerations, spread constraints, gates.

use serde_json::{Value, json};

use super::super::value::{int, is_nil, items, members, text};
use super::{Errors, names, selector};

/// Upstream: pkg/apis/core/validation `ValidateTolerations`.
pub(super) fn tolerations(tolerations: &Value, path: &str, errors: &mut Errors) {
    for (index, toleration) in items(tolerations).iter().enumerate() {
        let path = format!("{path}[{index}]");
        let (key, operator) = (text(&toleration["key"]), text(&toleration["operator"]));
        let (value, effect) = (text(&toleration["value"]), text(&toleration["effect"]));
        if !key.is_empty() {
            errors.invalid_texts(format!("{path}.key"), key, names::qualified(key));
        } else if operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.invalid_text(format!("{path}.operator"), operator, detail);
        }
        if !is_nil(&toleration["tolerationSeconds"]) && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.invalid_text(format!("{path}.effect"), effect, detail);
        }
        match operator {
            "" | "Equal" => errors.invalid_texts(format!("{path}.operator"), value, names::label_value(value)),
            "Exists" => {
                if !value.is_empty() {
                    let detail = "value must be empty when `operator` is 'Exists'";
                    errors.invalid_text(format!("{path}.operator"), value, detail);
                }
            }
            _ => errors.unsupported(format!("{path}.operator"), operator, &["Equal", "Exists"]),
        }
        if !effect.is_empty() {
            effect_name(effect, &format!("{path}.effect"), errors);
        }
    }
}

/// Upstream: `validateTaintEffect`.
pub(super) fn effect_name(effect: &str, path: &str, errors: &mut Errors) {
    if effect.is_empty() {
        errors.required(path, "");
        return;
    }
    errors.one_of(path, effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
}

/// Upstream: `validateTopologySpreadConstraints`.
pub(super) fn spread(constraints: &Value, path: &str, errors: &mut Errors) {
    let constraints = items(constraints);
    for (index, constraint) in constraints.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let key = text(&constraint["topologyKey"]);
        let action = text(&constraint["whenUnsatisfiable"]);
        if int(&constraint["maxSkew"]) <= 0 {
            errors.invalid(format!("{path}.maxSkew"), &json!(int(&constraint["maxSkew"])), "must be greater than zero");
        }
        if key.is_empty() {
            errors.required(format!("{path}.topologyKey"), "can not be empty");
        }
        errors.one_of(format!("{path}.whenUnsatisfiable"), action, &["DoNotSchedule", "ScheduleAnyway"]);
        let same = |other: &Value| {
            other["topologyKey"] == constraint["topologyKey"]
                && other["whenUnsatisfiable"] == constraint["whenUnsatisfiable"]
        };
        if constraints[index + 1..].iter().any(same) {
            errors.duplicate(format!("{path}.{{topologyKey, whenUnsatisfiable}}"), &format!("{{{key}, {action}}}"));
        }
        if let Some(domains) = constraint["minDomains"].as_i64() {
            if domains <= 0 {
                errors.invalid(format!("{path}.minDomains"), &json!(domains), "must be greater than zero");
            }
            if action != "DoNotSchedule" {
                let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                errors.invalid(format!("{path}.minDomains"), &json!(domains), &detail);
            }
        }
        for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            if let Some(policy) = constraint[field].as_str() {
                errors.one_of(format!("{path}.{field}"), policy, &["Honor", "Ignore"]);
            }
        }
        label_keys(constraint, &path, errors);
        selector::label_selector(&constraint["labelSelector"], &format!("{path}.labelSelector"), errors);
    }
}

/// Upstream: `ValidateMatchLabelKeysAndMismatchLabelKeys`.
pub(super) fn label_keys(term: &Value, path: &str, errors: &mut Errors) {
    let selector = &term["labelSelector"];
    let (matching, others) = (items(&term["matchLabelKeys"]), items(&term["mismatchLabelKeys"]));
    for (field, keys) in [("matchLabelKeys", matching), ("mismatchLabelKeys", others)] {
        if keys.is_empty() {
            continue;
        }
        if is_nil(selector) {
            errors.forbidden(format!("{path}.{field}"), "must not be specified when labelSelector is not set");
        }
        for (index, key) in keys.iter().enumerate() {
            errors.invalid_texts(format!("{path}.{field}[{index}]"), text(key), names::qualified(text(key)));
        }
    }
    let mut selected: Vec<&str> = members(&selector["matchLabels"]).map(|(key, _)| key).collect();
    for expression in items(&selector["matchExpressions"]) {
        let key = text(&expression["key"]);
        let place = matching.iter().rposition(|other| text(other) == key);
        if let Some(index) = place.filter(|_| selected.contains(&key)) {
            errors.invalid_text(format!("{path}[{index}]"), key, "exists in both matchLabelKeys and labelSelector");
        }
        selected.push(key);
    }
    for (index, key) in matching.iter().enumerate().filter(|(_, key)| others.contains(key)) {
        let path = format!("{path}.matchLabelKeys[{index}]");
        errors.invalid_text(path, text(key), "exists in both matchLabelKeys and mismatchLabelKeys");
    }
}

/// Upstream: `validateSchedulingGates`.
pub(super) fn gates(gates: &Value, path: &str, errors: &mut Errors) {
    let gates = items(gates);
    for (index, gate) in gates.iter().enumerate() {
        let name = text(&gate["name"]);
        errors.invalid_texts(format!("{path}[{index}]"), name, names::qualified(name));
        if gates[..index].iter().any(|other| other["name"] == gate["name"]) {
            errors.duplicate(format!("{path}[{index}]"), name);
        }
    }
}
