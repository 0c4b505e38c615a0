//! Validation in the server's words.

use serde_json::json;

use super::*;

fn errors(kind: Kind, object: &Value) -> Vec<String> {
    validate(kind, object)
}

#[test]
fn names_and_labels_are_checked_first() {
    let object = json!({"metadata": {"name": "Web", "labels": {"a": "b c"}}, "data": {"my key": ""}});
    let found = errors(Kind::CONFIG_MAP, &object);
    assert_eq!(found.len(), 3);
    assert!(found[0].starts_with("metadata.name: Invalid value: \"Web\": a lowercase RFC 1123 subdomain"));
    assert!(found[1].starts_with("metadata.labels: Invalid value: \"b c\": a valid label must be"));
    assert!(found[2].starts_with("data[my key]: Invalid value: \"my key\": a valid config key"));
}

#[test]
fn a_service_without_ports_is_refused() {
    let object = json!({"metadata": {"name": "a"}, "spec": {"type": "ClusterIP", "sessionAffinity": "None"}});
    assert_eq!(errors(Kind::SERVICE, &object), ["spec.ports: Required value"]);
}

#[test]
fn both_bounds_of_a_budget_exclude_each_other() {
    let object = json!({"metadata": {"name": "a"}, "spec": {"minAvailable": 1, "maxUnavailable": 1}});
    let found = errors(Kind::POD_DISRUPTION_BUDGET, &object);
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("minAvailable and maxUnavailable cannot be both set"));
}
