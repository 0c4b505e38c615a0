//! The directives inside strategic merge patches.

use serde_json::Value;

use super::super::value::Object;

/// `$patch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    /// Merge, the default.
    Merge,
    /// Take the patch in place of what is there.
    Replace,
    /// Remove what is there.
    Delete,
}

/// Takes the directive out of a patch.
pub(super) fn take(patch: &mut Object) -> Directive {
    match patch.remove("$patch").as_ref().and_then(Value::as_str) {
        Some("replace") => Directive::Replace,
        Some("delete") => Directive::Delete,
        _ => Directive::Merge,
    }
}

/// Takes the list of a `$setElementOrder/field`, `$deleteFromPrimitiveList/field` or `$retainKeys` out of a patch.
pub(super) fn take_list(patch: &mut Object, name: &str) -> Option<Vec<Value>> {
    match patch.remove(name) {
        Some(Value::Array(items)) => Some(items),
        _ => None,
    }
}

/// Removes directives that nothing used from a value that is added as a whole.
pub(super) fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, _| !key.starts_with('$'));
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
