//! Objects against the structural schema of their CustomResourceDefinition: unknown fields, defaults, validation.
//! What a schema is composed of is in `composed`, rules in CEL are in `rules`.
//! Upstream: apiextensions-apiserver `pkg/apiserver/schema/{pruning,defaulting}`, `pkg/apiserver/validation`.

use serde_json::Value;

use super::super::validation::Errors;
use super::super::value::{flag, items, members, text};
use super::{composed, list_types, rules};

/// What every object has, whatever its schema says.
const OF_ALL_OBJECTS: [&str; 3] = ["apiVersion", "kind", "metadata"];
const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";
const EMBEDDED: &str = "x-kubernetes-embedded-resource";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";

/// Paths of fields that a schema does not know.
pub(super) fn unknown_fields(schema: &Value, object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    find_unknown(schema, object, "", true, &mut found);
    found
}

fn find_unknown(schema: &Value, value: &Value, path: &str, is_resource: bool, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                let is_resource = flag(&schema["items"][EMBEDDED]);
                find_unknown(&schema["items"], item, &format!("{path}[{index}]"), is_resource, found);
            }
        }
        Value::Object(object) => {
            for (key, member) in object {
                let path = join(path, key);
                let declared = &schema["properties"][key];
                let additional = &schema["additionalProperties"];
                if is_resource && OF_ALL_OBJECTS.contains(&key.as_str()) {
                    // Checked like the metadata of any object.
                } else if declared.is_object() {
                    find_unknown(declared, member, &path, flag(&declared[EMBEDDED]), found);
                } else if additional.is_object() {
                    find_unknown(additional, member, &path, flag(&additional[EMBEDDED]), found);
                } else if !flag(&schema[PRESERVE]) && additional != &Value::Bool(true) {
                    found.push(path);
                }
            }
        }
        _ => {}
    }
}

/// Fills in defaults, and takes out nulls that nothing allows.
pub(super) fn apply_defaults(schema: &Value, value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|item| apply_defaults(&schema["items"], item)),
        Value::Object(object) => {
            for (key, declared) in members(&schema["properties"]) {
                let is_absent = match object.get(key) {
                    None => true,
                    Some(member) => member.is_null() && !flag(&declared["nullable"]),
                };
                match declared.get("default").filter(|_| is_absent) {
                    Some(default) => drop(object.insert(key.to_owned(), default.clone())),
                    None if is_absent => drop(object.remove(key)),
                    None => {}
                }
            }
            let additional = &schema["additionalProperties"];
            for (key, member) in object.iter_mut() {
                let declared = &schema["properties"][key];
                apply_defaults(if declared.is_object() { declared } else { additional }, member);
            }
        }
        _ => {}
    }
}

/// What is wrong with an object, which was `old` before an update.
pub(super) fn validate(schema: &Value, object: &Value, old: Option<&Value>) -> Vec<String> {
    let mut errors = Errors::default();
    check_members(schema, (object, old), "", true, &mut errors);
    composed::check(schema, object, "", &mut errors);
    // What was twice in a list before may stay so. Upstream: registry/customresource `ValidateUpdate`.
    let mut before = Errors::default();
    if let Some(old) = old {
        list_types::check(schema, old, "", &mut before);
    }
    if before.is_empty() {
        list_types::check(schema, object, "", &mut errors);
    }
    let mut found = errors.into_list();
    // Upstream: apiextensions-apiserver registry/customresource `hasBlockingErr`.
    let blocks = ["Unsupported value:", "Required value", "Too long:", "Too many:", "must be of type"];
    if found.iter().any(|error| blocks.iter().any(|block| error.contains(block))) {
        if rules::are_there(schema) {
            found.push("<nil>: Invalid value: \"null\": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation".to_owned());
        }
        return found;
    }
    let mut broken = Errors::default();
    rules::check(schema, object, old, "", &mut broken);
    found.extend(broken.into_list());
    found
}

/// What is wrong with a value; nothing if `old`, which it was before an update, is the same.
/// Upstream: apiextensions-apiserver validation `RatchetingSchemaValidator` (gate CRDValidationRatcheting).
pub(super) fn check(schema: &Value, value: &Value, old: Option<&Value>, path: &str, errors: &mut Errors) {
    if old == Some(value) {
        return;
    }
    if value.is_null() && flag(&schema["nullable"]) || !schema.is_object() {
        return;
    }
    if !has_type(schema, value) {
        let (wanted, actual) = (text(&schema["type"]), type_name(value));
        errors.invalid_text(path, actual, &format!("{path} in body must be of type {wanted}: {actual:?}"));
        return;
    }
    let allowed = items(&schema["enum"]);
    if !allowed.is_empty() && !allowed.contains(value) {
        let names: Vec<String> =
            allowed.iter().map(|name| name.as_str().map_or(name.to_string(), str::to_owned)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        errors.unsupported_raw(path, &value.to_string(), &names);
    }
    match value {
        Value::Number(_) => check_number(schema, value, path, errors),
        Value::String(text) => check_text(schema, text, path, errors),
        Value::Array(list) => {
            check_count(schema, list.len(), ["minItems", "maxItems"], "items", path, errors);
            for (index, item) in list.iter().enumerate() {
                let old = old.and_then(|old| correlated(schema, item, old));
                check(&schema["items"], item, old, &format!("{path}[{index}]"), errors);
            }
        }
        Value::Object(_) => check_members(schema, (value, old), path, flag(&schema[EMBEDDED]), errors),
        _ => {}
    }
    composed::check(schema, value, path, errors);
}

/// The item that had the same keys, in a list that is a map; those of other lists cannot be told apart.
/// Upstream: apiserver cel/common `CorrelatedObject.Index`.
pub(super) fn correlated<'a>(schema: &Value, item: &Value, old: &'a Value) -> Option<&'a Value> {
    if text(&schema["x-kubernetes-list-type"]) != "map" {
        return None;
    }
    let keys = items(&schema["x-kubernetes-list-map-keys"]);
    items(old).iter().find(|old| keys.iter().map(text).all(|key| old[key] == item[key]))
}

fn check_members(
    schema: &Value,
    (value, old): (&Value, Option<&Value>),
    path: &str,
    is_resource: bool,
    errors: &mut Errors,
) {
    let Some(object) = value.as_object() else { return };
    for name in items(&schema["required"]).iter().map(text).filter(|name| !object.contains_key(*name)) {
        errors.required(join(path, name), "");
    }
    check_count(schema, object.len(), ["minProperties", "maxProperties"], "properties", path, errors);
    for (key, member) in object {
        let declared = &schema["properties"][key];
        if is_resource && OF_ALL_OBJECTS.contains(&key.as_str()) {
            continue;
        }
        let path = join(path, key);
        let declared = if declared.is_object() { declared } else { &schema["additionalProperties"] };
        check(declared, member, old.and_then(|old| old.get(key)), &path, errors);
    }
}

fn check_number(schema: &Value, value: &Value, path: &str, errors: &mut Errors) {
    let number = value.as_f64().unwrap_or_default();
    let bound = |name: &str| schema[name].as_f64();
    let mut wrong = |what: String| errors.invalid(path, value, &format!("{path} in body should be {what}"));
    if let Some(least) = bound("minimum") {
        let exclusive = flag(&schema["exclusiveMinimum"]);
        if number < least || exclusive && number <= least {
            wrong(format!("greater than {}{}", if exclusive { "" } else { "or equal to " }, schema["minimum"]));
        }
    }
    if let Some(most) = bound("maximum") {
        let exclusive = flag(&schema["exclusiveMaximum"]);
        if number > most || exclusive && number >= most {
            wrong(format!("less than {}{}", if exclusive { "" } else { "or equal to " }, schema["maximum"]));
        }
    }
    if let Some(step) = bound("multipleOf").filter(|step| *step != 0.0) {
        let times = number / step;
        if times.fract().abs() > 0.0 {
            wrong(format!("a multiple of {}", schema["multipleOf"]));
        }
    }
}

fn check_text(schema: &Value, value: &str, path: &str, errors: &mut Errors) {
    let length = value.chars().count() as u64;
    if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
        errors.too_long(path, most as usize);
    }
    if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
        errors.invalid_text(path, value, &format!("{path} in body should be at least {least} chars long"));
    }
    let pattern = text(&schema["pattern"]);
    // A pattern that Rust's expressions cannot say is not looked at.
    if !pattern.is_empty() && regex::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(value)) {
        errors.invalid_text(path, value, &format!("{path} in body should match '{pattern}'"));
    }
    if !composed::has_format(schema, value) {
        let format = text(&schema["format"]);
        errors.invalid_text(path, value, &format!("{path} in body must be of type {format}: {value:?}"));
    }
}

fn check_count(schema: &Value, count: usize, [least, most]: [&str; 2], what: &str, path: &str, errors: &mut Errors) {
    if let Some(least) = schema[least].as_u64().filter(|least| (count as u64) < *least) {
        let detail = format!("{path} in body should have at least {least} {what}");
        errors.invalid_raw(path, &count.to_string(), &detail);
    }
    if let Some(most) = schema[most].as_u64().filter(|most| count as u64 > *most) {
        errors.extend(vec![format!("{path}: Too many: {count}: must have at most {most} items")]);
    }
}

fn has_type(schema: &Value, value: &Value) -> bool {
    if flag(&schema[INT_OR_STRING]) {
        return value.is_string() || value.is_i64() || value.is_u64();
    }
    match text(&schema["type"]) {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract().abs() <= 0.0)
        }
        "number" => value.is_number(),
        _ => true,
    }
}

pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({"type": "object", "properties": {
            "spec": {"type": "object", "required": ["size"], "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 9},
                "color": {"type": "string", "enum": ["red", "green"], "default": "red"},
                "port": {"x-kubernetes-int-or-string": true},
                "labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 3}},
                "list": {"type": "array", "maxItems": 1, "items": {"type": "object", "properties": {
                    "name": {"type": "string", "pattern": "^[a-z]+$"}, "on": {"type": "boolean", "default": true},
                }}},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            }},
        }})
    }

    #[test]
    fn unknown_fields_are_found_unless_the_schema_lets_them_be() {
        let object = json!({"apiVersion": "a/v1", "kind": "A", "metadata": {"name": "a"}, "extra": 1, "spec": {
            "sise": 1, "labels": {"a": "b"}, "list": [{"nam": "x"}], "free": {"what": {"ever": 1}},
        }});
        assert_eq!(unknown_fields(&schema(), &object), ["extra", "spec.list[0].nam", "spec.sise"]);
    }

    #[test]
    fn defaults_are_filled_in_where_their_parent_is() {
        let mut object = json!({"spec": {"size": 1, "color": null, "list": [{"name": "x"}]}});
        apply_defaults(&schema(), &mut object);
        assert_eq!(object, json!({"spec": {"size": 1, "color": "red", "list": [{"name": "x", "on": true}]}}));
    }

    #[test]
    fn errors_have_the_servers_words() {
        let object = json!({"spec": {
            "color": "blue", "port": true, "labels": {"a": "long"}, "list": [{"name": "X"}, {}], "size": "1",
        }});
        let mut found = validate(&schema(), &object, None);
        found.sort();
        assert_eq!(
            found,
            [
                r#"spec.color: Unsupported value: "blue": supported values: "red", "green""#,
                "spec.labels.a: Too long: may not be more than 3 bytes",
                "spec.list: Too many: 2: must have at most 1 items",
                r#"spec.list[0].name: Invalid value: "X": spec.list[0].name in body should match '^[a-z]+$'"#,
                r#"spec.port: Invalid value: "boolean": spec.port in body must be of type : "boolean""#,
                r#"spec.size: Invalid value: "string": spec.size in body must be of type integer: "string""#,
            ]
        );
        let small = validate(&schema(), &json!({"spec": {"size": 0}}), None);
        assert_eq!(small, ["spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"]);
        assert_eq!(validate(&schema(), &json!({"spec": {}}), None), ["spec.size: Required value"]);
    }

    #[test]
    fn what_an_update_leaves_alone_may_stay_wrong() {
        let old = json!({"spec": {"size": 0, "color": "blue"}});
        let same = json!({"spec": {"size": 0, "color": "blue"}, "metadata": {"labels": {"a": "b"}}});
        assert_eq!(validate(&schema(), &same, Some(&old)), Vec::<String>::new());
        let changed = validate(&schema(), &json!({"spec": {"size": 0, "color": "pink"}}), Some(&old));
        assert_eq!(changed, [r#"spec.color: Unsupported value: "pink": supported values: "red", "green""#]);
    }
}
