//! What Kubernetes allows of OpenAPI in the schemas of CustomResourceDefinitions.
//! Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation `ValidateCustomResourceDefinitionOpenAPISchema`.

use serde_json::Value;

use super::super::value::{flag, is_nil, items, members, text};
use super::Errors;
use super::definition_schema::{EMBEDDED, LIST_KEYS, LIST_TYPE, MAP_TYPE, PRESERVE, RULES, children};

/// A whole schema.
pub(super) fn root(schema: &Value, path: &str, errors: &mut Errors) {
    open_api(schema, (path, Place { is_root: true, ..Place::default() }), errors);
}

/// Where a schema of OpenAPI stands.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    is_root: bool,
    /// Inside of `metadata`, `kind` or `apiVersion`.
    in_meta: bool,
    /// Why there may be no defaults.
    no_defaults: &'static str,
}

/// Upstream: `ValidateCustomResourceDefinitionOpenAPISchema`, `specStandardValidatorV3.validate`.
fn open_api(schema: &Value, (path, place): (&str, Place), errors: &mut Errors) {
    standard(schema, path, place, errors);
    if flag(&schema["uniqueItems"]) {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.forbidden(format!("{path}.uniqueItems"), detail);
    }
    let additional = &schema["additionalProperties"];
    let has_properties = members(&schema["properties"]).count() > 0;
    if has_properties && (additional.is_object() || *additional == Value::Bool(false)) {
        let detail = "additionalProperties and properties are mutual exclusive";
        errors.forbidden(format!("{path}.additionalProperties"), detail);
    }
    for (below, child) in children(schema) {
        let mut inner = Place { is_root: false, ..place };
        let key = below.strip_prefix("properties[").and_then(|rest| rest.strip_suffix(']'));
        let is_meta = key.is_some_and(|key| ["metadata", "kind", "apiVersion"].contains(&key));
        if is_meta && (place.is_root || flag(&schema[EMBEDDED])) {
            inner.in_meta = true;
            if place.is_root {
                inner.no_defaults = match key {
                    Some("metadata") => "in top-level metadata",
                    Some("kind") => "in top-level kind",
                    _ => "in top-level apiVersion",
                };
            }
        }
        if below == "additionalProperties" && place.in_meta {
            inner.no_defaults = "inside additionalProperties applying to object metadata";
        }
        open_api(child, (&format!("{path}.{below}"), inner), errors);
    }
    extensions(schema, path, errors);
    rules(schema, path, errors);
}

fn standard(schema: &Value, path: &str, place: Place, errors: &mut Errors) {
    let kind = text(&schema["type"]);
    let kinds = ["array", "boolean", "integer", "number", "object", "string"];
    if !kind.is_empty() && !kinds.contains(&kind) {
        errors.unsupported(format!("{path}.type"), kind, &kinds);
    }
    if !is_nil(&schema["default"]) && !place.no_defaults.is_empty() {
        errors.forbidden(format!("{path}.default"), &format!("must not be set {}", place.no_defaults));
    }
    for field in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
        if !is_nil(&schema[field]) {
            errors.forbidden(format!("{path}.{field}"), &format!("{field} is not supported"));
        }
    }
    if kind == "null" {
        let detail = "type cannot be set to null, use nullable as an alternative";
        errors.forbidden(format!("{path}.type"), detail);
    }
    if schema["items"].is_array() {
        errors.forbidden(format!("{path}.items"), "items must be a schema object and not an array");
    }
    if place.in_meta && flag(&schema[EMBEDDED]) {
        errors.forbidden(format!("{path}.{EMBEDDED}"), "must not be used inside of resource meta");
    }
}

fn extensions(schema: &Value, path: &str, errors: &mut Errors) {
    let kind = text(&schema["type"]);
    if schema[PRESERVE] == Value::Bool(false) {
        errors.invalid(format!("{path}.{PRESERVE}"), &Value::Bool(false), "must be true or undefined");
    }
    let typed = |wanted: &str, field: &str, errors: &mut Errors| {
        let detail = format!("must be {wanted} if {field} is specified");
        if kind.is_empty() {
            errors.required(format!("{path}.type"), &detail);
        } else {
            errors.invalid_text(format!("{path}.type"), kind, &detail);
        }
    };
    let map_type = text(&schema[MAP_TYPE]);
    if !map_type.is_empty() && kind != "object" {
        typed("object", MAP_TYPE, errors);
    }
    if !map_type.is_empty() && !["atomic", "granular"].contains(&map_type) {
        errors.unsupported(format!("{path}.{MAP_TYPE}"), map_type, &["atomic", "granular"]);
    }
    let list_type = text(&schema[LIST_TYPE]);
    let item = &schema["items"];
    if !list_type.is_empty() && kind != "array" {
        typed("array", LIST_TYPE, errors);
    } else if list_type == "set" && item.is_object() {
        let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        let (list, map) = (text(&item[LIST_TYPE]), text(&item[MAP_TYPE]));
        if text(&item["type"]) == "array" && !["", "atomic"].contains(&list) {
            errors.invalid_text(format!("{path}.items.{LIST_TYPE}"), list, detail);
        }
        if text(&item["type"]) == "object" && map != "atomic" {
            errors.invalid(format!("{path}.items.{MAP_TYPE}"), &item[LIST_TYPE], detail);
        }
    }
    if !["", "atomic", "set", "map"].contains(&list_type) {
        errors.unsupported(format!("{path}.{LIST_TYPE}"), list_type, &["atomic", "set", "map"]);
    }
    let keys = items(&schema[LIST_KEYS]);
    if !keys.is_empty() && list_type != "map" {
        let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
        if list_type.is_empty() {
            errors.required(format!("{path}.{LIST_TYPE}"), detail);
        } else {
            errors.invalid_text(format!("{path}.{LIST_TYPE}"), list_type, detail);
        }
    }
    if list_type == "map" {
        list_map(schema, path, errors);
    }
    if ["map", "set"].contains(&list_type) && flag(&item["nullable"]) {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        errors.forbidden(format!("{path}.items.nullable"), &detail);
    }
    if list_type == "map" {
        let required: Vec<&str> = items(&item["required"]).iter().map(text).collect();
        for key in keys.iter().map(text) {
            let property = &item["properties"][key];
            let path = format!("{path}.items.properties[{key}]");
            if !is_nil(property) && !required.contains(&key) && is_nil(&property["default"]) {
                let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
                errors.required(format!("{path}.default"), detail);
            }
            if flag(&property["nullable"]) {
                let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
                errors.forbidden(format!("{path}.nullable"), detail);
            }
        }
    }
}

fn list_map(schema: &Value, path: &str, errors: &mut Errors) {
    let (keys, item) = (items(&schema[LIST_KEYS]), &schema["items"]);
    if keys.is_empty() {
        errors.required(format!("{path}.{LIST_KEYS}"), "must not be empty if x-kubernetes-list-type is map");
    }
    if is_nil(item) {
        errors.required(format!("{path}.items"), "must have a schema if x-kubernetes-list-type is map");
        return;
    }
    let kind = text(&item["type"]);
    if kind != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        errors.invalid_text(format!("{path}.items.type"), kind, detail);
        return;
    }
    let shown = || Value::Array(keys.to_vec());
    for (index, key) in keys.iter().map(text).enumerate() {
        let property = &item["properties"][key];
        if is_nil(property) {
            let detail = "entries must all be names of item properties";
            errors.invalid(format!("{path}.{LIST_KEYS}"), &shown(), detail);
        } else if ["array", "object"].contains(&text(&property["type"])) {
            let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
            errors.invalid_text(format!("{path}.items.properties[{key}].type"), kind, detail);
        }
        if keys[..index].iter().any(|other| text(other) == key) {
            errors.invalid(format!("{path}.{LIST_KEYS}"), &shown(), "must not contain duplicate entries");
        }
    }
}

/// Rules in CEL: all but what only their compiler finds.
fn rules(schema: &Value, path: &str, errors: &mut Errors) {
    let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
    let breaks = |text: &str| text.contains(['\n', '\r']);
    for (index, rule) in items(&schema[RULES]).iter().enumerate() {
        let path = format!("{path}.{RULES}[{index}]");
        let (expression, message) = (text(&rule["rule"]).trim(), text(&rule["message"]));
        if expression.is_empty() {
            errors.required(format!("{path}.rule"), "rule is not specified");
        } else if !message.is_empty() && message.trim().is_empty() {
            errors.invalid_text(format!("{path}.message"), message, "must be non-empty if specified");
        } else if breaks(message.trim()) {
            errors.invalid_text(format!("{path}.message"), message, "must not contain line breaks");
        } else if breaks(expression) && message.is_empty() {
            let detail = "message must be specified if rule contains line breaks";
            errors.required(format!("{path}.message"), detail);
        }
        let by_expression = text(&rule["messageExpression"]);
        if !by_expression.is_empty() && by_expression.trim().is_empty() {
            let detail = "messageExpression must be non-empty if specified";
            errors.required(format!("{path}.messageExpression"), detail);
        }
        let reason = text(&rule["reason"]);
        if !reason.is_empty() && !reasons.contains(&reason) {
            errors.unsupported(format!("{path}.reason"), reason, &reasons);
        }
        let field = text(&rule["fieldPath"]);
        if !field.is_empty() && field.trim().is_empty() {
            errors.invalid_text(format!("{path}.fieldPath"), field, "must be non-empty if specified");
        }
        if breaks(field) {
            errors.invalid_text(format!("{path}.fieldPath"), field, "must not contain line breaks");
        }
        if !field.is_empty() && !leads_somewhere(schema, field) {
            errors.invalid_text(format!("{path}.fieldPath"), field, "must be a valid path");
        }
    }
}

/// Does a path lead to a field of the schema? Upstream: cel `ValidFieldPath`.
fn leads_somewhere(schema: &Value, path: &str) -> bool {
    let parts = path.replace("['", ".").replace("']", "");
    let Some(parts) = parts.strip_prefix('.') else { return false };
    parts
        .split('.')
        .try_fold(schema, |schema, part| {
            let property = &schema["properties"][part];
            let next = if is_nil(property) { &schema["additionalProperties"] } else { property };
            next.is_object().then_some(next)
        })
        .is_some()
}
