//! JSON merge patch (RFC 7386).

use serde_json::{Map, Value};

/// The object after the patch: null removes, objects merge, everything else replaces.
pub fn apply(current: &Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut merged = current.as_object().cloned().unwrap_or_else(Map::new);
    for (key, change) in changes {
        if change.is_null() {
            merged.remove(key);
        } else {
            let new = apply(merged.get(key).unwrap_or(&Value::Null), change);
            merged.insert(key.clone(), new);
        }
    }
    Value::Object(merged)
}
