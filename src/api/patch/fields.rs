//! Which fields a manifest sets: what a field manager of server-side apply owns.
//! Upstream: structured-merge-diff fieldpath `SetFromValue`, `Path.String`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Place;
use super::merge_keys::{ListStrategy, of_list};
use crate::model::kind::Kind;

/// Members of `metadata` that nobody owns. Upstream: managedfields `stripMeta`.
const IDENTITY: [&str; 9] = [
    "name",
    "namespace",
    "generateName",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
    "selfLink",
];

/// The leaves of an object by path (`.spec.template.spec.containers[name="app"].image`), each with its value.
pub fn fields(kind: Kind, object: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let place = Place { kind: Some(kind), parent: "" };
    walk(object, place, "", &mut |path, value| {
        found.insert(path.to_owned(), value.clone());
    });
    found
}

/// The object without the leaves at these paths.
pub fn without(kind: Kind, object: &Value, paths: &BTreeSet<String>) -> Value {
    let mut object = object.clone();
    cut(&mut object, Place { kind: Some(kind), parent: "" }, ("", ""), paths);
    object
}

fn is_owned(path: &str, key: &str) -> bool {
    match path {
        "" => !["apiVersion", "kind", "status"].contains(&key),
        ".metadata" => !IDENTITY.contains(&key),
        _ => true,
    }
}

/// `[name="app"]`; ports are also told apart by their protocol.
fn item(key: &str, value: &Value) -> String {
    let protocol = match key {
        "containerPort" | "port" => {
            format!(",protocol={}", value.get("protocol").unwrap_or(&Value::from("TCP")))
        }
        _ => String::new(),
    };
    format!("[{key}={}{protocol}]", value[key])
}

fn walk(value: &Value, place: Place<'_>, path: &str, leaf: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) if !members.is_empty() || path.is_empty() => {
            for (key, member) in members.iter().filter(|(key, _)| is_owned(path, key)) {
                let inner = format!("{path}.{key}");
                match (member, of_list(place, key)) {
                    (Value::Array(items), ListStrategy::ByKey(by)) => {
                        for one in items {
                            walk(one, Place { parent: key, ..place }, &format!("{inner}{}", item(by, one)), leaf);
                        }
                    }
                    (Value::Array(items), ListStrategy::Set) => {
                        for one in items {
                            leaf(&format!("{inner}[={one}]"), one);
                        }
                    }
                    (Value::Array(_), ListStrategy::Atomic) => leaf(&inner, member),
                    _ => walk(member, Place { parent: key, ..place }, &inner, leaf),
                }
            }
        }
        other => leaf(path, other),
    }
}

/// `name` is the member by which an item is known: that one stays.
fn cut(value: &mut Value, place: Place<'_>, (path, name): (&str, &str), paths: &BTreeSet<String>) {
    let Value::Object(members) = value else { return };
    members.retain(|key, member| {
        let inner = format!("{path}.{key}");
        if paths.contains(&inner) {
            return key == name;
        }
        let below = Place { kind: place.kind, parent: key };
        match (&mut *member, of_list(place, key)) {
            (Value::Array(items), ListStrategy::ByKey(by)) => {
                for one in items {
                    let path = format!("{inner}{}", item(by, one));
                    cut(one, below, (&path, by), paths);
                }
            }
            (Value::Object(_), _) => cut(member, below, (&inner, ""), paths),
            _ => {}
        }
        true
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_named_by_path_and_key() {
        let container = json!({"name": "app", "image": "x", "args": ["a"], "ports": [{"containerPort": 80}]});
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"a": "b"}},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [container]}}},
        });
        let found: Vec<String> = fields(Kind::DEPLOYMENT, &object).into_keys().collect();
        let inside = ".spec.template.spec.containers[name=\"app\"]";
        assert_eq!(
            found,
            [
                ".metadata.labels.a".to_owned(),
                ".spec.replicas".to_owned(),
                format!("{inside}.args"),
                format!("{inside}.image"),
                format!("{inside}.name"),
                format!("{inside}.ports[containerPort=80,protocol=\"TCP\"].containerPort"),
            ]
        );
        let image = BTreeSet::from([format!("{inside}.image")]);
        let rest = without(Kind::DEPLOYMENT, &object, &image);
        assert_eq!(fields(Kind::DEPLOYMENT, &rest).len(), found.len() - 1);
        // An item stays known by its key.
        let all = without(Kind::DEPLOYMENT, &object, &found.iter().cloned().collect());
        assert_eq!(all["spec"]["template"]["spec"]["containers"][0]["name"], "app");
    }
}
