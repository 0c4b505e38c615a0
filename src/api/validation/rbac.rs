//! Roles and bindings. Upstream: pkg/apis/rbac/validation.

use serde_json::Value;

use super::super::value::{is_nil, is_zero, items, text};
use super::{Errors, meta, names, selector};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Upstream: `ValidateRole`, `ValidateClusterRole`.
pub(super) fn role(object: &Value, of_cluster: bool, errors: &mut Errors) {
    for (index, rule) in items(&object["rules"]).iter().enumerate() {
        self::rule(rule, of_cluster, &format!("rules[{index}]"), errors);
    }
    let aggregation = &object["aggregationRule"];
    if !of_cluster || is_nil(aggregation) {
        return;
    }
    let selectors = items(&aggregation["clusterRoleSelectors"]);
    let path = "aggregationRule.clusterRoleSelectors";
    if selectors.is_empty() {
        errors.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
    }
    for (index, chosen) in selectors.iter().enumerate() {
        let path = format!("{path}[{index}]");
        selector::label_selector(chosen, &path, errors);
        if !selector::is_usable(chosen) {
            errors.invalid_raw(path, "null", "invalid label selector.");
        }
    }
}

/// Upstream: `ValidatePolicyRule`.
fn rule(rule: &Value, of_cluster: bool, path: &str, errors: &mut Errors) {
    if is_zero(&rule["verbs"]) {
        errors.required(format!("{path}.verbs"), "verbs must contain at least one value");
    }
    if !is_zero(&rule["nonResourceURLs"]) {
        if !of_cluster {
            let detail = "namespaced rules cannot apply to non-resource URLs";
            errors.invalid(format!("{path}.nonResourceURLs"), &rule["nonResourceURLs"], detail);
        }
        if ["apiGroups", "resources", "resourceNames"].iter().any(|field| !is_zero(&rule[*field])) {
            let detail = "rules cannot apply to both regular resources and non-resource URLs";
            errors.invalid(format!("{path}.nonResourceURLs"), &rule["nonResourceURLs"], detail);
        }
        return;
    }
    if is_zero(&rule["apiGroups"]) {
        errors.required(format!("{path}.apiGroups"), "resource rules must supply at least one api group");
    }
    if is_zero(&rule["resources"]) {
        errors.required(format!("{path}.resources"), "resource rules must supply at least one resource");
    }
}

/// Upstream: `ValidateRoleBinding`, `ValidateClusterRoleBinding`.
pub(super) fn binding(object: &Value, of_cluster: bool, errors: &mut Errors) {
    let target = &object["roleRef"];
    errors.one_of("roleRef.apiGroup", text(&target["apiGroup"]), &[GROUP]);
    let kinds: &[&str] = if of_cluster { &["ClusterRole"] } else { &["Role", "ClusterRole"] };
    errors.one_of("roleRef.kind", text(&target["kind"]), kinds);
    let name = text(&target["name"]);
    if name.is_empty() {
        errors.required("roleRef.name", "");
    } else {
        errors.invalid_texts("roleRef.name", name, meta::path_segment(name));
    }
    for (index, subject) in items(&object["subjects"]).iter().enumerate() {
        self::subject(subject, of_cluster, &format!("subjects[{index}]"), errors);
    }
}

/// Upstream: `ValidateRoleBindingSubject`, `ValidateClusterRoleBindingSubject`.
fn subject(subject: &Value, of_cluster: bool, path: &str, errors: &mut Errors) {
    let (kind, name, group) = (text(&subject["kind"]), text(&subject["name"]), text(&subject["apiGroup"]));
    if name.is_empty() {
        errors.required(format!("{path}.name"), "");
    }
    match kind {
        "ServiceAccount" => {
            if !name.is_empty() {
                errors.invalid_texts(format!("{path}.name"), name, names::subdomain(name));
            }
            if !group.is_empty() {
                errors.unsupported(format!("{path}.apiGroup"), group, &[""]);
            }
            if of_cluster && text(&subject["namespace"]).is_empty() {
                errors.required(format!("{path}.namespace"), "");
            }
        }
        "User" | "Group" => errors.one_of(format!("{path}.apiGroup"), group, &[GROUP]),
        _ => errors.unsupported(format!("{path}.kind"), kind, &["ServiceAccount", "User", "Group"]),
    }
}
