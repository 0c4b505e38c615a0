//! Affinity. Upstream: pkg/apis/core/validation `validateAffinity`.

use serde_json::Value;

use super::super::value::{int, is_nil, items, text};
use super::{Errors, names, selector};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn affinity(affinity: &Value, path: &str, errors: &mut Errors) {
    let node = &affinity["nodeAffinity"];
    if !is_nil(node) {
        node_affinity(node, &format!("{path}.nodeAffinity"), errors);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let path = format!("{path}.{kind}");
        for (index, term) in items(&affinity[kind][REQUIRED]).iter().enumerate() {
            pod_term(term, &format!("{path}.{REQUIRED}[{index}]"), errors);
        }
        for (index, term) in items(&affinity[kind][PREFERRED]).iter().enumerate() {
            weight(term, &format!("{path}.{PREFERRED}[{index}]"), errors);
            pod_term(&term["podAffinityTerm"], &format!("{path}.{PREFERRED}[{index}].podAffinityTerm"), errors);
        }
    }
}

fn weight(term: &Value, path: &str, errors: &mut Errors) {
    if !(1..=100).contains(&int(&term["weight"])) {
        errors.invalid(format!("{path}.weight"), &Value::from(int(&term["weight"])), "must be in the range 1-100");
    }
}

fn node_affinity(affinity: &Value, path: &str, errors: &mut Errors) {
    let required = &affinity[REQUIRED];
    if !is_nil(required) {
        let path = format!("{path}.{REQUIRED}");
        node_selector(required, &path, errors);
    }
    for (index, term) in items(&affinity[PREFERRED]).iter().enumerate() {
        let path = format!("{path}.{PREFERRED}[{index}]");
        weight(term, &path, errors);
        node_term(&term["preference"], &format!("{path}.preference"), errors);
    }
}

/// Upstream: `ValidateNodeSelector`.
pub(super) fn node_selector(node_selector: &Value, path: &str, errors: &mut Errors) {
    let terms = items(&node_selector["nodeSelectorTerms"]);
    let path = format!("{path}.nodeSelectorTerms");
    if terms.is_empty() {
        errors.required(&path, "must have at least one node selector term");
    }
    for (index, term) in terms.iter().enumerate() {
        node_term(term, &format!("{path}[{index}]"), errors);
    }
}

fn node_term(term: &Value, path: &str, errors: &mut Errors) {
    for (index, expression) in items(&term["matchExpressions"]).iter().enumerate() {
        selector::node_requirement(expression, &format!("{path}.matchExpressions[{index}]"), errors);
    }
    for (index, field) in items(&term["matchFields"]).iter().enumerate() {
        selector::node_field(field, &format!("{path}.matchFields[{index}]"), errors);
    }
}

/// Upstream: `validatePodAffinityTerm`.
fn pod_term(term: &Value, path: &str, errors: &mut Errors) {
    for field in ["labelSelector", "namespaceSelector"] {
        selector::label_selector(&term[field], &format!("{path}.{field}"), errors);
    }
    for namespace in items(&term["namespaces"]) {
        errors.invalid_texts(format!("{path}.namespace"), text(namespace), names::label(text(namespace)));
    }
    super::scheduling::label_keys(term, path, errors);
    let key = text(&term["topologyKey"]);
    if key.is_empty() {
        errors.required(format!("{path}.topologyKey"), "can not be empty");
    }
    errors.invalid_texts(format!("{path}.topologyKey"), key, names::qualified(key));
}
