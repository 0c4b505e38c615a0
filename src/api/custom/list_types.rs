//! Lists that are sets or maps (`x-kubernetes-list-type`) hold nothing twice.
//! Upstream: apiextensions-apiserver `pkg/apiserver/schema/listtype`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::validation::Errors;
use super::super::value::{items, text};
use super::schema::join;

/// Checks the lists within a value.
pub(super) fn check(schema: &Value, value: &Value, path: &str, errors: &mut Errors) {
    match value {
        Value::Array(list) => {
            match text(&schema["x-kubernetes-list-type"]) {
                "set" => {
                    for (place, item) in twice(list.iter()) {
                        errors.duplicate_raw(format!("{path}[{place}]"), &item.to_string());
                    }
                }
                "map" => check_keys(schema, list, path, errors),
                _ => {}
            }
            for (place, item) in list.iter().enumerate() {
                check(&schema["items"], item, &format!("{path}[{place}]"), errors);
            }
        }
        Value::Object(object) => {
            let additional = &schema["additionalProperties"];
            if additional.is_object() {
                for (key, member) in object {
                    check(additional, member, &format!("{path}[{key}]"), errors);
                }
            }
            for (key, member) in object {
                let declared = &schema["properties"][key];
                if declared.is_object() {
                    check(declared, member, &join(path, key), errors);
                }
            }
        }
        _ => {}
    }
}

/// Upstream: `validateListMap`.
fn check_keys(schema: &Value, list: &[Value], path: &str, errors: &mut Errors) {
    if let Some(place) = list.iter().position(|item| !item.is_object() && !item.is_null()) {
        let detail = "must be an object for an array of list-type map";
        errors.invalid(format!("{path}[{place}]"), &list[place], detail);
        return;
    }
    let names = items(&schema["x-kubernetes-list-map-keys"]);
    let keys_of = |item: &Value| {
        let known = names.iter().filter_map(|name| Some((text(name).to_owned(), item.get(text(name))?.clone())));
        Value::Object(known.collect::<Map<String, Value>>())
    };
    let keys: Vec<Value> = list.iter().map(keys_of).collect();
    for (place, keys) in twice(keys.iter()) {
        errors.duplicate_raw(format!("{path}[{place}]"), &keys.to_string());
    }
}

/// The second of equal values, each with its place. Upstream: `validateListSet`.
fn twice<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<(usize, &'a Value)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (place, value) in values.enumerate() {
        let times = seen.entry(value.to_string()).or_default();
        *times += 1;
        if *times == 2 {
            found.push((place, value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(schema: &Value, value: &Value) -> Vec<String> {
        let mut errors = Errors::default();
        check(schema, value, "", &mut errors);
        errors.into_list()
    }

    /// Upstream: listtype `TestValidateListSetsAndMaps`.
    #[test]
    fn sets_and_maps_hold_nothing_twice() {
        let schema = json!({"properties": {
            "tags": {"x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "ports": {
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
                "items": {"properties": {"hosts": {"x-kubernetes-list-type": "set"}}},
            },
            "free": {"items": {}},
            "groups": {"additionalProperties": {"x-kubernetes-list-type": "set"}},
        }});
        let good = json!({
            "tags": ["a", "b"], "free": [1, 1], "groups": {"x": [1, 2]},
            "ports": [{"port": 1, "protocol": "TCP"}, {"port": 1, "protocol": "UDP"}],
        });
        assert_eq!(found(&schema, &good), Vec::<String>::new());
        let bad = json!({
            "tags": ["a", "b", "a", "a"], "groups": {"x": [1, 1]},
            "ports": [{"port": 1, "hosts": ["h", "h"]}, {"port": 1}],
        });
        let mut errors = found(&schema, &bad);
        errors.sort();
        assert_eq!(
            errors,
            [
                r"groups[x][1]: Duplicate value: 1",
                r#"ports[0].hosts[1]: Duplicate value: "h""#,
                r#"ports[1]: Duplicate value: {"port":1}"#,
                r#"tags[2]: Duplicate value: "a""#,
            ]
        );
        let scalar = found(&schema, &json!({"ports": [1]}));
        assert_eq!(scalar, ["ports[0]: Invalid value: 1: must be an object for an array of list-type map"]);
    }
}
