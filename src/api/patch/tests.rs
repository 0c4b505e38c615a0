//! Patches of every type, and the three-way apply.

use serde_json::json;

use super::*;

#[test]
fn a_merge_patch_removes_by_null() {
    let found = merge_patch(&json!({"a": 1, "b": {"c": 2, "d": 3}}), &json!({"a": null, "b": {"c": 5}}));
    assert_eq!(found, json!({"b": {"c": 5, "d": 3}}));
}

#[test]
fn a_json_patch_adds_at_the_end_of_a_list() {
    let patch = [json!({"op": "add", "path": "/a/-", "value": 3}), json!({"op": "remove", "path": "/a/0"})];
    assert_eq!(json_patch(&json!({"a": [1, 2]}), &patch).unwrap(), json!({"a": [2, 3]}));
    assert!(json_patch(&json!({}), &[json!({"op": "replace", "path": "/x/y", "value": 1})]).is_err());
}

fn deployment(containers: &Value) -> Value {
    json!({"spec": {"template": {"spec": {"containers": containers}}}})
}

#[test]
fn a_strategic_patch_merges_containers_by_name() {
    let current = deployment(&json!([{"name": "a", "image": "x:1", "args": ["1"]}, {"name": "b", "image": "y"}]));
    let patch = deployment(&json!([{"name": "a", "image": "x:2"}, {"name": "b", "$patch": "delete"}, {"name": "c"}]));
    let found = strategic_merge_patch(Some(Kind::DEPLOYMENT), &current, &patch).unwrap();
    assert_eq!(found, deployment(&json!([{"name": "a", "image": "x:2", "args": ["1"]}, {"name": "c"}])));
}

#[test]
fn apply_removes_what_it_set_before_and_keeps_what_others_set() {
    let original = json!({"spec": {"replicas": 2, "paused": true}});
    let modified = json!({"spec": {"replicas": 3}});
    let current = json!({"spec": {"replicas": 5, "paused": true, "other": 1}, "status": {}});
    let applied = three_way(Some(Kind::DEPLOYMENT), Some(&original), &modified, &current);
    assert_eq!(applied, Applied { object: json!({"spec": {"replicas": 3, "other": 1}, "status": {}}), changed: true });
}

#[test]
fn apply_of_the_same_manifest_changes_nothing() {
    let manifest = with_last_applied(
        &deployment(&json!([{"name": "a", "image": "x", "ports": [{"containerPort": 80}]}])),
        "default",
    );
    let mut current = manifest.clone();
    current["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = json!("Always");
    current["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = json!("TCP");
    let original = last_applied(&current);
    assert!(!three_way(Some(Kind::DEPLOYMENT), original.as_ref(), &manifest, &current).changed);
}

#[test]
fn a_changed_service_port_leaves_the_old_one_without_history() {
    let current = json!({"spec": {"ports": [{"port": 80, "protocol": "TCP"}]}});
    let applied = three_way(Some(Kind::SERVICE), None, &json!({"spec": {"ports": [{"port": 81}]}}), &current);
    assert_eq!(applied.object["spec"]["ports"].as_array().unwrap().len(), 2);
}

#[test]
fn a_new_strategy_drops_the_settings_of_the_old_one() {
    let current = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let modified = json!({"spec": {"strategy": {"type": "Recreate"}}});
    let applied = three_way(Some(Kind::DEPLOYMENT), None, &modified, &current);
    assert_eq!(applied.object["spec"]["strategy"], json!({"type": "Recreate"}));
}

#[test]
fn the_annotation_is_the_manifest_with_its_namespace() {
    let manifest = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"x": "<"}});
    let found = with_last_applied(&manifest, "default");
    assert_eq!(
        found["metadata"]["annotations"][LAST_APPLIED],
        "{\"apiVersion\":\"v1\",\"data\":{\"x\":\"\\u003c\"},\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"a\",\"namespace\":\"default\"}}\n"
    );
}
