//! Schemas of CustomResourceDefinitions: that they are structural, and that defaults fit.
//! Upstream: apiextensions-apiserver pkg/apiserver/schema `ValidateStructural`.

use serde_json::Value;

use super::super::custom;
use super::super::value::{flag, is_nil, items, members, text};
use super::{Errors, definition_open_api};

pub(super) const EMBEDDED: &str = "x-kubernetes-embedded-resource";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";
pub(super) const LIST_KEYS: &str = "x-kubernetes-list-map-keys";
pub(super) const LIST_TYPE: &str = "x-kubernetes-list-type";
pub(super) const MAP_TYPE: &str = "x-kubernetes-map-type";
pub(super) const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";
pub(super) const RULES: &str = "x-kubernetes-validations";

/// Where a schema stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// A whole schema.
pub(super) fn schema(root: &Value, has_status: bool, path: &str, errors: &mut Errors) {
    if has_status && text(&root["type"]) != "object" && !is_nil(&root["type"]) {
        let detail =
            "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        errors.invalid_text(format!("{path}.type"), text(&root["type"]), detail);
    }
    if flag(&root["nullable"]) {
        errors.forbidden(format!("{path}.nullable"), "nullable cannot be true at the root");
    }
    if is_structural(root) {
        let mut structure = Errors::default();
        invariants(root, Level::Root, path, &mut structure);
        complete(root, root, (path, path), &mut structure);
        let mut found = structure.into_list();
        // Go walks its maps in any order, and sorts what it has found.
        found.sort();
        if found.is_empty() {
            let mut wrong = Errors::default();
            defaults(root, path, &mut wrong);
            found = wrong.into_list();
        }
        errors.extend(found);
    }
    definition_open_api::root(root, path, errors);
}

/// Can it be read as a structural schema at all? Upstream: `NewStructural`.
fn is_structural(schema: &Value) -> bool {
    let foreign = ["id", "$ref", "additionalItems", "patternProperties", "definitions", "dependencies"];
    foreign.iter().all(|field| is_nil(&schema[*field]))
        && !schema["items"].is_array()
        && children(schema).iter().all(|(_, child)| is_structural(child))
}

/// The schemas right inside of a schema, each with its path from there.
pub(super) fn children(schema: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    if schema["items"].is_object() {
        found.push(("items".to_owned(), &schema["items"]));
    }
    for (key, child) in members(&schema["properties"]) {
        found.push((format!("properties[{key}]"), child));
    }
    if schema["additionalProperties"].is_object() {
        found.push(("additionalProperties".to_owned(), &schema["additionalProperties"]));
    }
    if schema["not"].is_object() {
        found.push(("not".to_owned(), &schema["not"]));
    }
    for junctor in ["allOf", "oneOf", "anyOf"] {
        for (index, child) in items(&schema[junctor]).iter().enumerate() {
            found.push((format!("{junctor}[{index}]"), child));
        }
    }
    found
}

/// Upstream: `validateStructuralInvariants`.
fn invariants(schema: &Value, level: Level, path: &str, errors: &mut Errors) {
    let kind = text(&schema["type"]);
    if kind == "array" && is_nil(&schema["items"]) {
        errors.required(format!("{path}.items"), "must be specified");
    }
    if schema["items"].is_object() {
        invariants(&schema["items"], Level::Item, &format!("{path}.items"), errors);
    }
    for (key, child) in members(&schema["properties"]) {
        invariants(child, Level::Field, &format!("{path}.properties[{key}]"), errors);
    }
    let additional = &schema["additionalProperties"];
    if !is_nil(additional) && level == Level::Root {
        errors.forbidden(format!("{path}.additionalProperties"), "must not be used at the root");
    }
    if additional.is_object() {
        invariants(additional, Level::Field, &format!("{path}.additionalProperties"), errors);
    }
    let (either, embedded, preserves) =
        (flag(&schema[INT_OR_STRING]), flag(&schema[EMBEDDED]), flag(&schema[PRESERVE]));
    for field in [(preserves, PRESERVE), (embedded, EMBEDDED)].into_iter().filter(|(on, _)| either && *on) {
        errors.invalid(
            format!("{path}.{}", field.1),
            &Value::Bool(true),
            "must be false if x-kubernetes-int-or-string is true",
        );
    }
    let usual = |any: &Value| {
        let kinds: Vec<&str> = items(any).iter().map(|one| text(&one["type"])).collect();
        kinds == ["integer", "string"] && items(any).iter().all(|one| members(one).count() == 1)
    };
    let skips = (usual(&schema["anyOf"]), usual(&items(&schema["allOf"]).first().unwrap_or(&Value::Null)["anyOf"]));
    value_validation(schema, skips, path, errors);
    if embedded && kind != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        if kind.is_empty() {
            errors.required(format!("{path}.type"), detail);
        } else {
            errors.invalid_text(format!("{path}.type"), kind, detail);
        }
    } else if kind.is_empty() && !either && !preserves {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.required(format!("{path}.type"), detail);
    }
    if embedded && !is_nil(additional) {
        let detail = "must not be used if x-kubernetes-embedded-resource is set";
        errors.forbidden(format!("{path}.additionalProperties"), detail);
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        errors.invalid_text(format!("{path}.type"), kind, "must be object at the root");
    }
    metadata(schema, level, path, errors);
    let properties = members(&schema["properties"]).count();
    if embedded && !preserves && properties == 0 {
        let detail =
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        errors.required(format!("{path}.properties"), detail);
    }
}

/// What every object has cannot be said otherwise. Upstream: `validateStructuralMetadataInvariants`.
fn metadata(schema: &Value, level: Level, path: &str, errors: &mut Errors) {
    let checks = level == Level::Root || flag(&schema[EMBEDDED]);
    for field in ["kind", "apiVersion"] {
        let given = &schema["properties"][field];
        if checks && !is_nil(given) && text(&given["type"]) != "string" {
            errors.invalid_text(format!("{path}.properties[{field}].type"), text(&given["type"]), "must be string");
        }
    }
    let given = &schema["properties"]["metadata"];
    if is_nil(given) {
        return;
    }
    let path = format!("{path}.properties[metadata]");
    if checks && text(&given["type"]) != "object" {
        errors.invalid_text(format!("{path}.type"), text(&given["type"]), "must be object");
    }
    let is_name = |key: &str| ["name", "generateName"].contains(&key);
    let others = members(given).filter(|(key, _)| !["type", "properties", "default"].contains(key));
    let only_names = members(&given["properties"]).all(|(key, _)| is_name(key));
    if level == Level::Root && (!only_names || others.count() > 0) {
        let detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        errors.forbidden(path, detail);
    }
}

/// Upstream: `validateValueValidation`.
fn value_validation(schema: &Value, (skips_any, skips_first_all): (bool, bool), path: &str, errors: &mut Errors) {
    if !skips_any {
        for (index, one) in items(&schema["anyOf"]).iter().enumerate() {
            nested(one, false, &format!("{path}.anyOf[{index}]"), errors);
        }
    }
    for (index, one) in items(&schema["allOf"]).iter().enumerate() {
        nested(one, skips_first_all && index == 0, &format!("{path}.allOf[{index}]"), errors);
    }
    for (index, one) in items(&schema["oneOf"]).iter().enumerate() {
        nested(one, false, &format!("{path}.oneOf[{index}]"), errors);
    }
    if schema["not"].is_object() {
        nested(&schema["not"], false, &format!("{path}.not"), errors);
    }
    let pattern = text(&schema["pattern"]);
    if let Some(wrong) = pattern_error(pattern) {
        let detail = format!("must be a valid regular expression, but isn't: {wrong}");
        errors.invalid_text(format!("{path}.pattern"), pattern, &detail);
    }
}

/// Why Go would not compile a pattern; unbalanced parentheses in its words.
fn pattern_error(pattern: &str) -> Option<String> {
    let error = regex::Regex::new(pattern).err()?.to_string();
    let why = if error.contains("unclosed group") {
        "missing closing )"
    } else if error.contains("unopened group") {
        "unexpected )"
    } else if error.contains("unclosed character class") {
        "missing closing ]"
    } else if error.contains("repetition operator missing expression") {
        "missing argument to repetition operator"
    } else {
        "invalid or unsupported Perl syntax"
    };
    Some(format!("error parsing regexp: {why}: `{pattern}`"))
}

/// Upstream: `validateNestedValueValidation`.
fn nested(schema: &Value, skips_any: bool, path: &str, errors: &mut Errors) {
    value_validation(schema, (skips_any, false), path, errors);
    if schema["items"].is_object() {
        nested(&schema["items"], false, &format!("{path}.items"), errors);
    }
    for (key, child) in members(&schema["properties"]) {
        nested(child, false, &format!("{path}.properties[{key}]"), errors);
    }
    let is_set = |field: &str| match &schema[field] {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    let (empty, undefined, off) =
        ("must be empty to be structural", "must be undefined to be structural", "must be false to be structural");
    let fields = [
        ("type", empty),
        ("additionalProperties", undefined),
        ("default", undefined),
        ("title", empty),
        ("description", empty),
        ("nullable", off),
        (PRESERVE, off),
        (EMBEDDED, off),
        (INT_OR_STRING, off),
        (LIST_KEYS, empty),
        (LIST_TYPE, undefined),
        (MAP_TYPE, undefined),
        (RULES, empty),
    ];
    for (field, detail) in fields.into_iter().filter(|(field, _)| is_set(field)) {
        errors.forbidden(format!("{path}.{field}"), detail);
    }
    if !is_nil(&schema["properties"]["metadata"]) {
        errors.forbidden(format!("{path}.properties[metadata]"), "must not be specified in a nested context");
    }
}

/// What a junctor speaks of must be in the schema too. Upstream: `validateStructuralCompleteness`.
fn complete(junction: &Value, schema: &Value, (path, from): (&str, &str), errors: &mut Errors) {
    let mut inner: Vec<(String, &Value)> = Vec::new();
    if junction["not"].is_object() {
        inner.push((format!("{from}.not"), &junction["not"]));
    }
    for junctor in ["allOf", "anyOf", "oneOf"] {
        for (index, one) in items(&junction[junctor]).iter().enumerate() {
            inner.push((format!("{from}.{junctor}[{index}]"), one));
        }
    }
    for (from, one) in inner {
        complete_nested(one, schema, (path, &from), errors);
    }
}

fn complete_nested(one: &Value, schema: &Value, (path, from): (&str, &str), errors: &mut Errors) {
    if is_nil(schema) {
        errors.required(path, &format!("because it is defined in {from}"));
        return;
    }
    complete(one, schema, (path, from), errors);
    if one["items"].is_object() {
        complete_nested(&one["items"], &schema["items"], (&format!("{path}.items"), &format!("{from}.items")), errors);
    }
    for (key, child) in members(&one["properties"]) {
        let (path, from) = (format!("{path}.properties[{key}]"), format!("{from}.properties[{key}]"));
        complete_nested(child, &schema["properties"][key], (&path, &from), errors);
    }
}

/// Defaults must fit their schema. Upstream: apiserver/schema/defaulting `ValidateDefaults`.
fn defaults(schema: &Value, path: &str, errors: &mut Errors) {
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        errors.extend(custom::default_errors(schema, default, &format!("{path}.default")));
    }
    for (below, child) in children(schema) {
        defaults(child, &format!("{path}.{below}"), errors);
    }
}
