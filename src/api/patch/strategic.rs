//! Strategic merge patch. Upstream: apimachinery util/strategicpatch `StrategicMergeMapPatch`.

use serde_json::Value;

use super::super::value::Object;
use super::directives::{self, Directive};
use super::merge_keys::{ListStrategy, of_list};
use super::{PatchError, Place, merge, order};
use crate::model::kind::Kind;

/// The object after the patch. Custom resources (`None`) know only JSON merge patches.
pub fn apply(kind: Option<Kind>, current: &Value, patch: &Value) -> Result<Value, PatchError> {
    if kind.is_none() {
        return Ok(merge::apply(current, patch));
    }
    let (Value::Object(current), Value::Object(patch)) = (current, patch) else {
        return Err(PatchError::Shape("patch".to_owned()));
    };
    map(current.clone(), patch.clone(), Place { kind, parent: "" }).map(Value::Object)
}

fn map(mut current: Object, mut patch: Object, place: Place<'_>) -> Result<Object, PatchError> {
    match directives::take(&mut patch)? {
        Directive::Replace => {
            patch.values_mut().for_each(directives::strip);
            return Ok(patch);
        }
        Directive::Delete => return Ok(Object::new()),
        Directive::Merge => {}
    }
    if let Some(kept) = directives::take_list(&mut patch, "$retainKeys") {
        current.retain(|key, _| kept.iter().any(|kept| kept == key));
    }
    let prefixed = |prefix: &str| -> Vec<String> {
        patch.keys().filter_map(|key| key.strip_prefix(prefix).map(str::to_owned)).collect()
    };
    let (ordered, thinned) = (prefixed("$setElementOrder/"), prefixed("$deleteFromPrimitiveList/"));
    for field in thinned {
        let gone = directives::take_list(&mut patch, &format!("$deleteFromPrimitiveList/{field}")).unwrap_or_default();
        if let Some(Value::Array(items)) = current.get_mut(&field) {
            items.retain(|item| !gone.contains(item));
        }
    }
    let mut orders: Vec<(String, Vec<Value>)> = Vec::new();
    for field in ordered {
        let wanted = directives::take_list(&mut patch, &format!("$setElementOrder/{field}")).unwrap_or_default();
        orders.push((field, wanted));
    }
    let before: Vec<Option<Vec<Value>>> =
        orders.iter().map(|(field, _)| current.get(field).and_then(Value::as_array).cloned()).collect();
    for (field, change) in patch {
        if change.is_null() {
            current.remove(&field);
            continue;
        }
        let merged = member(current.remove(&field), change, &field, place)?;
        current.insert(field, merged);
    }
    for ((field, wanted), before) in orders.into_iter().zip(before) {
        reorder(&mut current, &field, &wanted, before, place);
    }
    Ok(current)
}

fn member(current: Option<Value>, change: Value, field: &str, place: Place<'_>) -> Result<Value, PatchError> {
    let inner = Place { kind: place.kind, parent: field };
    match (current, change) {
        (Some(Value::Object(current)), Value::Object(change)) => map(current, change, inner).map(Value::Object),
        (None | Some(Value::Null), Value::Object(change)) => map(Object::new(), change, inner).map(Value::Object),
        (Some(Value::Array(current)), Value::Array(change)) => list(current, change, field, place).map(Value::Array),
        (None | Some(Value::Null), Value::Array(change)) => list(Vec::new(), change, field, place).map(Value::Array),
        (_, mut change) => {
            directives::strip(&mut change);
            Ok(change)
        }
    }
}

fn list(current: Vec<Value>, mut change: Vec<Value>, field: &str, place: Place<'_>) -> Result<Vec<Value>, PatchError> {
    match of_list(place, field) {
        ListStrategy::Atomic => {
            change.iter_mut().for_each(directives::strip);
            Ok(change)
        }
        ListStrategy::Set => {
            let mut merged = current;
            for item in change {
                if !merged.contains(&item) {
                    merged.push(item);
                }
            }
            Ok(merged)
        }
        ListStrategy::ByKey(key) => by_key(current, change, key, Place { kind: place.kind, parent: field }),
    }
}

fn by_key(
    mut current: Vec<Value>,
    change: Vec<Value>,
    key: &'static str,
    place: Place<'_>,
) -> Result<Vec<Value>, PatchError> {
    let alone = |item: &Value, directive: &str| {
        item.as_object().is_some_and(|item| item.len() == 1) && item["$patch"] == directive
    };
    let replaces = change.iter().any(|item| alone(item, "replace"));
    if replaces {
        current.clear();
    }
    let before: Vec<Value> = current.iter().map(|item| item[key].clone()).collect();
    let wanted: Vec<Value> = change.iter().map(|item| item[key].clone()).filter(|name| !name.is_null()).collect();
    for item in change {
        let Value::Object(mut item) = item else {
            return Err(PatchError::MergeKey { item: item.to_string(), key: key.to_owned() });
        };
        if item.len() == 1 && item.contains_key("$patch") {
            continue;
        }
        let Some(identity) = item.get(key).cloned() else {
            let item = crate::api::value::go_map(&Value::Object(item));
            return Err(PatchError::MergeKey { item, key: key.to_owned() });
        };
        let place_of = current.iter().position(|candidate| candidate[key] == identity);
        let directive = item.get("$patch").and_then(Value::as_str) == Some("delete");
        match (place_of, directive) {
            (Some(found), true) => {
                current.remove(found);
            }
            (None, true) => {}
            (Some(found), false) => {
                let old = current[found].as_object().cloned().unwrap_or_default();
                current[found] = Value::Object(map(old, item, place)?);
            }
            (None, false) => {
                directives::take(&mut item)?;
                current.push(Value::Object(map(Object::new(), item, place)?));
            }
        }
    }
    Ok(order::arrange(current, &wanted, &before, |item| item[key].clone()))
}

/// Brings a list into the order of `$setElementOrder`; `before` is the list before the patch.
fn reorder(current: &mut Object, field: &str, wanted: &[Value], before: Option<Vec<Value>>, place: Place<'_>) {
    let Some(Value::Array(items)) = current.get_mut(field) else { return };
    let key = match of_list(place, field) {
        ListStrategy::ByKey(key) => key,
        ListStrategy::Set => "",
        ListStrategy::Atomic => return,
    };
    let identity = |item: &Value| if key.is_empty() { item.clone() } else { item[key].clone() };
    let after: Vec<Value> = items.iter().map(identity).collect();
    let before: Vec<Value> = before.unwrap_or_default().iter().map(identity).collect();
    let before = if before.is_empty() { after } else { order::remembered(&before, &after) };
    let wanted: Vec<Value> = wanted.iter().map(identity).collect();
    *items = order::arrange(std::mem::take(items), &wanted, &before, identity);
}
