//! JSON as CEL's values, and CEL's values as text. Whole numbers are CEL integers, so that `status.replicas == 3` compares
//! like with like.

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};
use serde_json::Value as Json;

/// Longest text of a value in a message, in characters.
const SHOWN_MAX: usize = 60;

pub(super) fn to_cel(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(to_cel).collect())),
        Json::Object(fields) => {
            let entries = fields.iter().map(|(name, value)| (Key::String(Arc::new(name.clone())), to_cel(value)));
            Value::Map(Map { map: Arc::new(entries.collect()) })
        }
    }
}

/// The `name` of a map: which traffic it is about.
pub(super) fn name_of(value: &Value) -> Option<String> {
    let Value::Map(map) = value else { return None };
    match map.map.get(&Key::String(Arc::new("name".to_owned())))? {
        Value::String(name) => Some(name.to_string()),
        _ => None,
    }
}

/// A value in a message: numbers and texts as typed, large things by their size.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() > SHOWN_MAX => {
            format!("'{}…'", text.chars().take(SHOWN_MAX).collect::<String>())
        }
        Value::String(text) => format!("'{text}'"),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null => "null".to_owned(),
        Value::List(items) if items.len() <= 5 && items.iter().all(is_plain) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Value::List(items) => format!("a list of {}", items.len()),
        Value::Map(map) => {
            let entries: BTreeMap<String, &Value> =
                map.map.iter().map(|(key, value)| (key.to_string(), value)).collect();
            let plain = entries.len() <= 4 && entries.values().all(|value| is_plain(value));
            if !plain {
                return format!("an object of {} fields", entries.len());
            }
            let fields: Vec<String> = entries.iter().map(|(key, value)| format!("{key}: {}", show(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => format!("{other:?}"),
    }
}

fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::List(_) | Value::Map(_))
}
