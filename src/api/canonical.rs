//! Which fields the API server prints: Go leaves out empty fields that are marked so, never pointers to something
//! empty; structures by value are always there; quantities are rewritten.
//! Upstream: encoding/json with the tags of k8s.io/api.

use serde_json::Value;

use super::go_types::{GoStruct, GoType};
use super::value::{Object, is_zero};
use crate::model::quantity::Quantity;

/// Brings an object of the type `structure` into the form the server prints.
pub fn structure(object: &mut Object, structure: &GoStruct) {
    for field in structure.fields {
        match field.kind {
            GoType::Struct(inner) if field.json.is_empty() => self::structure(object, inner),
            // A claim inside a StatefulSet and the like: the structure is there even if nothing was written.
            GoType::Struct(inner) => {
                let member = object.entry(field.json).or_insert(Value::Null);
                if member.is_null() {
                    *member = Value::Object(Object::new());
                }
                if let Value::Object(members) = member {
                    self::structure(members, inner);
                }
            }
            _ => {
                let Some(member) = object.get_mut(field.json) else {
                    if let Some(zero) = printed_zero(&field.kind) {
                        object.insert(field.json.to_owned(), zero);
                    }
                    continue;
                };
                value(member, &field.kind);
                let pointer = matches!(field.kind, GoType::Pointer(_) | GoType::IntOrString | GoType::Opaque);
                if member.is_null() || !field.required && !pointer && is_zero(member) {
                    object.remove(field.json);
                }
            }
        }
    }
}

/// What an absent value of the type prints as, where it prints at all.
fn printed_zero(kind: &GoType) -> Option<Value> {
    match kind {
        GoType::Quantity => Some(Value::from("0")),
        GoType::IntOrString => Some(Value::from(0)),
        _ => None,
    }
}

fn value(value: &mut Value, kind: &GoType) {
    match (kind, &mut *value) {
        (GoType::Pointer(inner), _) => self::value(value, inner),
        (GoType::Struct(inner), Value::Object(members)) => structure(members, inner),
        (GoType::Slice(inner), Value::Array(items)) => items.iter_mut().for_each(|item| self::value(item, inner)),
        (GoType::Map, Value::Object(members)) => {
            for member in members.values_mut().filter(|member| member.is_null()) {
                *member = Value::from("");
            }
        }
        (GoType::Resources, Value::Object(members)) => {
            for member in members.values_mut() {
                *member = Value::from(resource(member));
            }
        }
        (GoType::Quantity, Value::String(_) | Value::Number(_)) => *value = Value::from(quantity(value)),
        _ => {}
    }
}

/// A quantity's text, trimmed; numbers are as good.
pub fn quantity_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| if value.is_null() { "0".to_owned() } else { value.to_string() }, |text| text.trim().to_owned())
}

/// As the server prints it.
pub fn quantity(value: &Value) -> String {
    let text = quantity_text(value);
    Quantity::canonical(&text).unwrap_or(text)
}

/// An entry of a resource list: rounded up to thousandths too.
/// Upstream: pkg/apis/core/v1 `SetDefaults_ResourceList`.
pub fn resource(value: &Value) -> String {
    let text = quantity_text(value);
    let Some(exact) = Quantity::parse(&text) else { return text };
    let rounded = exact.rounded_to_milli();
    if rounded.nano == exact.nano { Quantity::canonical(&text).unwrap_or(text) } else { rounded.to_string() }
}

/// For kinds whose Go structures are not in `go_types`: leaves out nulls, and empty texts, lists and maps of metadata.
pub fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}
