//! The directives inside strategic merge patches.

use serde_json::Value;

use super::super::value::Object;
use super::PatchError;

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

/// Takes the directive out of a patch. Upstream: strategicpatch `handleDirectiveInMergeMap`.
pub(super) fn take(patch: &mut Object) -> Result<Directive, PatchError> {
    let unknown = |directive: &str, patch: &Object| PatchError::Directive {
        directive: directive.to_owned(),
        patch: crate::api::value::go_map(&Value::Object(patch.clone())),
    };
    let directive = match patch.get("$patch").map(|directive| directive.as_str().unwrap_or_default()) {
        Some("replace") => Directive::Replace,
        Some("delete") => Directive::Delete,
        Some("merge") | None => Directive::Merge,
        Some(other) => return Err(unknown(other, patch)),
    };
    patch.remove("$patch");
    Ok(directive)
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
