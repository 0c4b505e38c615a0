//! JSON patch (RFC 6902), with the messages of the library the API server uses (evanphx/json-patch).

use serde_json::Value;

use super::PatchError;
use crate::api::value::text;

/// The object after all operations, or why one of them does not fit.
pub fn apply(current: &Value, operations: &[Value]) -> Result<Value, PatchError> {
    let mut document = current.clone();
    for operation in operations {
        step(&mut document, operation).map_err(PatchError::Json)?;
    }
    Ok(document)
}

fn step(document: &mut Value, operation: &Value) -> Result<(), String> {
    let path = text(&operation["path"]);
    if operation["path"].is_null() {
        return Err("missing path".to_owned());
    }
    let missing = |verb: &str| format!("{verb} operation does not apply: doc is missing path: {path}: missing value");
    match text(&operation["op"]) {
        "add" => add(document, path, operation["value"].clone()).ok_or_else(|| missing("add")),
        "remove" => remove(document, path)
            .map(|_| ())
            .ok_or_else(|| format!("remove operation does not apply: doc is missing path: {path}: missing value")),
        "replace" => {
            if let Some(target) = document.pointer_mut(path) {
                *target = operation["value"].clone();
                return Ok(());
            }
            // A member that there is not is as good as one that is null. Upstream: json-patch `partialDoc.get`.
            match parent(document, path) {
                Some((Value::Object(members), key)) => {
                    members.insert(key, operation["value"].clone());
                    Ok(())
                }
                _ => Err(format!("replace operation does not apply: doc is missing key: {path}: missing value")),
            }
        }
        "test" => {
            let found = document.pointer(path).unwrap_or(&Value::Null);
            if *found == operation["value"] { Ok(()) } else { Err(format!("testing value {path} failed: test failed")) }
        }
        "move" => {
            let value = remove(document, text(&operation["from"])).ok_or_else(|| missing("move"))?;
            add(document, path, value).ok_or_else(|| missing("move"))
        }
        "copy" => {
            let value = document.pointer(text(&operation["from"])).cloned().ok_or_else(|| missing("copy"))?;
            add(document, path, value).ok_or_else(|| missing("copy"))
        }
        other => Err(format!("Unexpected kind: {other}")),
    }
}

/// The parent of a path, and the last step.
fn parent<'a>(document: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((document.pointer_mut(parent)?, last.replace("~1", "/").replace("~0", "~")))
}

fn add(document: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *document = value;
        return Some(());
    }
    match parent(document, path)? {
        (Value::Object(members), key) => {
            members.insert(key, value);
        }
        (Value::Array(items), index) => {
            let index = if index == "-" { items.len() } else { index.parse().ok()? };
            if index > items.len() {
                return None;
            }
            items.insert(index, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &str) -> Option<Value> {
    match parent(document, path)? {
        (Value::Object(members), key) => members.remove(&key),
        (Value::Array(items), index) => {
            let index: usize = index.parse().ok()?;
            (index < items.len()).then(|| items.remove(index))
        }
        _ => None,
    }
}
