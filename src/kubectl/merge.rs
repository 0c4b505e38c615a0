//! Strategic merges of JSON objects: maps by key, lists by their merge key where the API has one.
//! Upstream: apimachinery util/strategicpatch.

use serde_json::{Map, Value};

/// The merge key of a list, by the name of its field; `None` for lists that are replaced.
fn merge_keys(field: &str) -> &'static [&'static str] {
    match field {
        "containers" | "initContainers" | "ephemeralContainers" | "volumes" | "env" | "imagePullSecrets" => &["name"],
        "ports" => &["containerPort", "port"],
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "hostAliases" => &["ip"],
        "topologySpreadConstraints" => &["topologyKey"],
        "ownerReferences" => &["uid"],
        "conditions" | "addresses" => &["type"],
        _ => &[],
    }
}

/// What an object becomes when `modified` is applied: what `original` had and `modified` has no longer goes, what
/// `modified` has comes, everything else of `current` stays.
pub(crate) fn three_way(original: &Value, modified: &Value, current: &Value) -> Value {
    merge("", original, modified, current)
}

fn merge(field: &str, original: &Value, modified: &Value, current: &Value) -> Value {
    match (modified, current) {
        (Value::Object(modified), Value::Object(current)) => {
            Value::Object(merge_maps(original.as_object(), modified, current))
        }
        (Value::Array(modified), Value::Array(current)) => {
            let key = merge_keys(field).iter().find(|key| {
                modified.iter().chain(current).all(|item| item.get(**key).is_some())
                    && !(modified.is_empty() && current.is_empty())
            });
            match key {
                Some(key) => Value::Array(merge_lists(key, original.as_array(), modified, current)),
                None => Value::Array(modified.clone()),
            }
        }
        _ => modified.clone(),
    }
}

fn merge_maps(
    original: Option<&Map<String, Value>>,
    modified: &Map<String, Value>,
    current: &Map<String, Value>,
) -> Map<String, Value> {
    let mut merged = current.clone();
    for key in original.into_iter().flat_map(Map::keys) {
        if !modified.contains_key(key) {
            merged.remove(key);
        }
    }
    for (key, value) in modified {
        let before = original.and_then(|original| original.get(key)).unwrap_or(&Value::Null);
        match current.get(key) {
            _ if value.is_null() => {
                merged.remove(key);
            }
            Some(current) => {
                merged.insert(key.clone(), merge(key, before, value, current));
            }
            None => {
                merged.insert(key.clone(), value.clone());
            }
        }
    }
    merged
}

fn merge_lists(key: &str, original: Option<&Vec<Value>>, modified: &[Value], current: &[Value]) -> Vec<Value> {
    let find = |list: &[Value], wanted: &Value| list.iter().find(|item| item.get(key) == Some(wanted)).cloned();
    let removed = |item: &Value| {
        let wanted = item.get(key).unwrap_or(&Value::Null);
        original.is_some_and(|original| find(original, wanted).is_some()) && find(modified, wanted).is_none()
    };
    // The order is the new manifest's; what only the server has comes after it.
    let mut merged: Vec<Value> = Vec::new();
    for item in modified {
        let wanted = item.get(key).unwrap_or(&Value::Null);
        let before = original.and_then(|original| find(original, wanted)).unwrap_or(Value::Null);
        merged.push(match find(current, wanted) {
            Some(current) => merge("", &before, item, &current),
            None => item.clone(),
        });
    }
    let others = current.iter().filter(|item| {
        let wanted = item.get(key).unwrap_or(&Value::Null);
        find(modified, wanted).is_none() && !removed(item)
    });
    merged.extend(others.cloned());
    merged
}

/// A JSON merge patch (RFC 7386): maps merge, null removes, everything else replaces.
pub(crate) fn json_merge(current: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut merged = current.as_object().cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            merged.remove(key);
        } else {
            let before = merged.get(key).unwrap_or(&Value::Null);
            let after = json_merge(before, value);
            merged.insert(key.clone(), after);
        }
    }
    Value::Object(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_others_set_survives_unless_the_manifest_names_it() {
        let original = json!({"spec": {"replicas": 2, "paused": true}});
        let modified = json!({"spec": {"replicas": 3}});
        let current = json!({"spec": {"replicas": 5, "paused": true, "minReadySeconds": 1}});
        assert_eq!(three_way(&original, &modified, &current), json!({"spec": {"replicas": 3, "minReadySeconds": 1}}));
    }

    #[test]
    fn lists_merge_by_their_key() {
        let original = json!({"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y"}]});
        let modified = json!({"containers": [{"name": "a", "image": "x:2"}]});
        let current = json!({"containers": [
            {"name": "a", "image": "x:1", "imagePullPolicy": "IfNotPresent"},
            {"name": "b", "image": "y"}, {"name": "injected", "image": "z"},
        ]});
        let merged = json!({"containers": [
            {"name": "a", "image": "x:2", "imagePullPolicy": "IfNotPresent"}, {"name": "injected", "image": "z"},
        ]});
        assert_eq!(three_way(&original, &modified, &current), merged);
    }
}
