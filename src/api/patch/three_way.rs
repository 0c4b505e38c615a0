//! What `kubectl apply` makes of an object: fields of the last manifest that the new one lacks go, the new manifest's
//! are set, all others stay. Computed directly instead of through a patch document.
//! Upstream: apimachinery strategicpatch `CreateThreeWayMergePatch`, then the server's merge; jsonmergepatch for
//! custom resources.

use serde_json::Value;

use super::super::value::Object;
use super::merge_keys::{ListStrategy, items_retain_keys, of_list, retains_keys};
use super::{Place, order};
use crate::model::kind::Kind;

/// The outcome of an apply.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The object as it is to be stored (before decoding and defaulting).
    pub object: Value,
    /// Is there anything to patch? `configured` if so, `unchanged` if not.
    pub changed: bool,
}

/// Merges `modified` (with its annotation, see `with_last_applied`) into `current`. `original` is what was applied last.
/// `kind` is `None` for custom resources.
pub fn three_way(kind: Option<Kind>, original: Option<&Value>, modified: &Value, current: &Value) -> Applied {
    let empty = Value::Object(Object::new());
    let place = Place { kind, parent: "" };
    let object = value(original.unwrap_or(&empty), modified, current, place);
    let changed = object != *current;
    Applied { object, changed }
}

fn value(original: &Value, modified: &Value, current: &Value, place: Place<'_>) -> Value {
    match (modified, current) {
        (Value::Object(modified), Value::Object(current)) => {
            Value::Object(map(original.as_object().unwrap_or(&Object::new()), modified, current, place))
        }
        (Value::Object(modified), _) => Value::Object(without_nulls(modified)),
        _ => modified.clone(),
    }
}

/// A manifest's nulls mean absence.
fn without_nulls(object: &Object) -> Object {
    let keep = |(key, value): (&String, &Value)| match value {
        Value::Null => None,
        Value::Object(inner) => Some((key.clone(), Value::Object(without_nulls(inner)))),
        other => Some((key.clone(), other.clone())),
    };
    object.iter().filter_map(keep).collect()
}

fn map(original: &Object, modified: &Object, current: &Object, place: Place<'_>) -> Object {
    let mut merged = current.clone();
    for key in original.keys().filter(|key| !modified.contains_key(*key)) {
        merged.remove(key);
    }
    for (key, new) in modified {
        let old = current.get(key).unwrap_or(&Value::Null);
        let applied = original.get(key).unwrap_or(&Value::Null);
        if new.is_null() {
            merged.remove(key);
            continue;
        }
        let outcome = if let Value::Array(new) = new {
            Value::Array(list(
                applied.as_array().map_or(&[], Vec::as_slice),
                new,
                old.as_array().map_or(&[], Vec::as_slice),
                key,
                place,
            ))
        } else {
            let mut outcome = value(applied, new, old, Place { kind: place.kind, parent: key });
            if retains_keys(place, key) && outcome != *old {
                retain(&mut outcome, new);
            }
            outcome
        };
        merged.insert(key.clone(), outcome);
    }
    merged
}

/// Drops what the new structure does not name.
fn retain(outcome: &mut Value, new: &Value) {
    if let (Value::Object(outcome), Value::Object(new)) = (outcome, new) {
        outcome.retain(|key, _| new.contains_key(key));
    }
}

fn list(original: &[Value], modified: &[Value], current: &[Value], field: &str, place: Place<'_>) -> Vec<Value> {
    let key = match of_list(place, field) {
        ListStrategy::Atomic => return modified.to_vec(),
        ListStrategy::Set => "",
        ListStrategy::ByKey(key) => key,
    };
    let identity = |item: &Value| if key.is_empty() { item.clone() } else { item[key].clone() };
    let find = |list: &[Value], id: &Value| list.iter().find(|item| identity(item) == *id).cloned();
    let mut merged = Vec::new();
    for item in current {
        let id = identity(item);
        match find(modified, &id) {
            Some(new) if !key.is_empty() => {
                let applied = find(original, &id).unwrap_or_default();
                let mut outcome = value(&applied, &new, item, Place { kind: place.kind, parent: field });
                if items_retain_keys(place, field) && outcome != *item {
                    retain(&mut outcome, &new);
                }
                merged.push(outcome);
            }
            Some(_) => merged.push(item.clone()),
            None if find(original, &id).is_some() => {}
            None => merged.push(item.clone()),
        }
    }
    for item in modified {
        if find(current, &identity(item)).is_none() {
            merged.push(item.clone());
        }
    }
    let wanted: Vec<Value> = modified.iter().map(identity).collect();
    let before: Vec<Value> = current.iter().map(identity).collect();
    let before = order::remembered(&before, &merged.iter().map(identity).collect::<Vec<Value>>());
    order::arrange(merged, &wanted, &before, identity)
}
