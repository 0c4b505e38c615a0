//! Small readers and writers on JSON values whose types strict decoding has checked already: what is absent, null or of
//! another type reads as Go's zero value.

use serde_json::{Map, Value};

use crate::model::Text;

/// A JSON object.
pub type Object = Map<String, Value>;

/// The text, empty where there is none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The text as the model keeps it.
pub fn short(value: &Value) -> Text {
    Text::from(text(value))
}

/// The number, 0 where there is none.
pub fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// The number as int32.
pub fn int32(value: &Value) -> i32 {
    i32::try_from(int(value)).unwrap_or_default()
}

/// The flag, false where there is none.
pub fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}

/// The items, none where there is no list.
pub fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The items for a change.
pub fn items_mut(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_array_mut).into_iter().flatten()
}

/// The members in key order, none where there is no object.
pub fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Strings of a list.
pub fn texts(value: &Value) -> Vec<Text> {
    items(value).iter().map(short).collect()
}

/// Is it absent or null, as a nil pointer?
pub fn is_nil(value: &Value) -> bool {
    value.is_null()
}

/// Is it Go's zero value: absent, null, empty, 0 or false?
pub fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// The member for a change, made an empty object where it is absent or null.
pub fn object_mut<'a>(object: &'a mut Object, key: &str) -> &'a mut Object {
    let member = object.entry(key).or_insert(Value::Null);
    if !member.is_object() {
        *member = Value::Object(Object::new());
    }
    member.as_object_mut().expect("was just made an object")
}

/// The member for a change, if it is an object.
pub fn find_mut<'a>(object: &'a mut Object, key: &str) -> Option<&'a mut Object> {
    object.get_mut(key).and_then(Value::as_object_mut)
}

/// The member, `Null` where it is absent.
pub fn get<'a>(object: &'a Object, key: &str) -> &'a Value {
    object.get(key).unwrap_or(&Value::Null)
}

/// Sets a pointer field that is nil.
pub fn default_nil(object: &mut Object, key: &str, value: impl Into<Value>) {
    if is_nil(get(object, key)) {
        object.insert(key.to_owned(), value.into());
    }
}

/// Sets a field that has its zero value.
pub fn default_zero(object: &mut Object, key: &str, value: impl Into<Value>) {
    if is_zero(get(object, key)) {
        object.insert(key.to_owned(), value.into());
    }
}

/// Compact JSON as Go's encoder writes it: keys sorted, `<`, `>`, `&` and the line separators escaped.
/// Upstream: encoding/json `Marshal`.
pub fn go_json(value: &Value) -> String {
    let plain = value.to_string();
    if !plain.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return plain;
    }
    let mut escaped = String::with_capacity(plain.len() + 16);
    for c in plain.chars() {
        match c {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// A value in the notation of Go's `%v`: `map[a:1 b:[x y]]`.
pub fn go_map(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_map).collect::<Vec<_>>().join(" ")),
        Value::Object(members) => {
            let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}:{}", go_map(value))).collect();
            format!("map[{}]", members.join(" "))
        }
        other => other.to_string(),
    }
}
