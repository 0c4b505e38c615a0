//! What differs between two sets of manifests: objects that only one has, and fields that changed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::sides::identity;

/// An object that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObjectChange {
    /// `Deployment default/web`.
    pub object: String,
    /// What became of it.
    pub what: What,
    /// Its fields that changed, in the order of their names.
    pub fields: Vec<Change>,
}

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Only the head has it.
    Added,
    /// Only the base has it.
    Removed,
    /// Both have it.
    Changed,
}

/// A field that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Its path.
    pub path: String,
    /// Its value in the base; null where it is not there.
    pub base: Value,
    /// Its value in the head.
    pub head: Value,
}

/// The differences, in the order of the base's objects, then of those that only the head has.
pub(super) fn between(base: &[Value], head: &[Value]) -> Vec<ObjectChange> {
    let of_head: BTreeMap<_, &Value> = head.iter().map(|object| (identity(object), object)).collect();
    let of_base: BTreeMap<_, &Value> = base.iter().map(|object| (identity(object), object)).collect();
    let mut changes = Vec::new();
    for object in base {
        let Some(other) = of_head.get(&identity(object)) else {
            changes.push(ObjectChange { object: shown(object), what: What::Removed, fields: Vec::new() });
            continue;
        };
        let mut fields = Vec::new();
        compare(object, other, String::new(), &mut fields);
        if !fields.is_empty() {
            changes.push(ObjectChange { object: shown(object), what: What::Changed, fields });
        }
    }
    let added = head.iter().filter(|object| !of_base.contains_key(&identity(object)));
    changes.extend(added.map(|object| ObjectChange { object: shown(object), what: What::Added, fields: Vec::new() }));
    changes
}

fn shown(object: &Value) -> String {
    let (_, namespace, name) = identity(object);
    format!("{} {namespace}/{name}", object["kind"].as_str().unwrap_or_default())
}

fn compare(base: &Value, head: &Value, path: String, changes: &mut Vec<Change>) {
    match (base, head) {
        (Value::Object(of_base), Value::Object(of_head)) => {
            let names = of_base.keys().chain(of_head.keys().filter(|name| !of_base.contains_key(*name)));
            for name in names {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&base[name], &head[name], inner, changes);
            }
        }
        (Value::Array(of_base), Value::Array(of_head)) if is_named(of_base) && is_named(of_head) => {
            let name = |item: &Value| item["name"].as_str().unwrap_or_default().to_owned();
            let find = |items: &[Value], wanted: &str| items.iter().find(|item| name(item) == wanted).cloned();
            let mut names: Vec<String> = of_base.iter().chain(of_head).map(name).collect();
            let mut seen = Vec::new();
            names.retain(|name| {
                !seen.contains(name) && {
                    seen.push(name.clone());
                    true
                }
            });
            for wanted in names {
                let sides = [find(of_base, &wanted), find(of_head, &wanted)].map(Option::unwrap_or_default);
                compare(&sides[0], &sides[1], format!("{path}[{wanted}]"), changes);
            }
        }
        _ if base != head => changes.push(Change { path, base: base.clone(), head: head.clone() }),
        _ => {}
    }
}

/// Do the items of a list have names, as containers and ports do?
fn is_named(items: &[Value]) -> bool {
    items.iter().all(|item| item["name"].is_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_told_by_their_path_and_items_by_their_name() {
        let web = |image: &str, replicas: u32| {
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
                "spec": { "replicas": replicas, "template": { "spec": { "containers": [{ "name": "web", "image": image }] } } },
            })
        };
        let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" } });
        let changes = between(
            &[web("nginx:1", 3), service.clone()],
            &[
                web("nginx:2", 3),
                json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c", "namespace": "x" } }),
            ],
        );
        let field = Change {
            path: "spec.template.spec.containers[web].image".to_owned(),
            base: json!("nginx:1"),
            head: json!("nginx:2"),
        };
        assert_eq!(
            changes,
            [
                ObjectChange { object: "Deployment default/web".to_owned(), what: What::Changed, fields: vec![field] },
                ObjectChange { object: "Service default/web".to_owned(), what: What::Removed, fields: Vec::new() },
                ObjectChange { object: "ConfigMap x/c".to_owned(), what: What::Added, fields: Vec::new() },
            ]
        );
        assert!(between(&[web("nginx:1", 3)], &[web("nginx:1", 3)]).is_empty());
    }
}
