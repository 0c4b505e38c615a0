//! Changing objects by patches: JSON patch, JSON merge patch, strategic merge patch, and the three-way merge of
//! `kubectl apply`. Pure functions on JSON values; the result is decoded and validated like any other object.

mod directives;
mod fields;
mod json_patch;
mod leading;
mod merge;
mod merge_keys;
mod order;
mod strategic;
mod three_way;

use serde_json::{Value, json};

use super::value::{Object, go_json, object_mut};
use crate::model::kind::Kind;

pub use fields::{fields, without};
pub use json_patch::apply as json_patch;
pub use leading::patched_first;
pub use merge::apply as merge_patch;
pub use strategic::apply as strategic_merge_patch;
pub use three_way::{Applied, three_way};

/// Where kubectl keeps the manifest it applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Why a patch cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// A JSON patch that does not fit the object.
    #[error("{0}")]
    Json(String),
    /// A strategic merge patch whose list items lack the merge key.
    #[error("map: {item} does not contain declared merge key: {key}")]
    MergeKey {
        /// The item, in Go's notation.
        item: String,
        /// The key.
        key: String,
    },
    /// A `$patch` that there is not.
    #[error("unknown patch type: {directive} in map: {patch}")]
    Directive {
        /// What it says.
        directive: String,
        /// The map, in Go's notation.
        patch: String,
    },
    /// A patch of the wrong shape.
    #[error("unrecognized type: {0}")]
    Shape(String),
}

/// The manifest with the annotation that remembers it: what `kubectl apply` sends.
/// Upstream: kubectl util `GetModifiedConfiguration`.
pub fn with_last_applied(manifest: &Value, namespace: &str) -> Value {
    let mut modified = manifest.clone();
    let Value::Object(object) = &mut modified else { return modified };
    let metadata = object_mut(object, "metadata");
    if !namespace.is_empty() {
        metadata.entry("namespace").or_insert_with(|| json!(namespace));
    }
    let annotations: &mut Object = object_mut(metadata, "annotations");
    annotations.remove(LAST_APPLIED);
    let text = go_json(&modified) + "\n";
    modified["metadata"]["annotations"][LAST_APPLIED] = Value::from(text);
    modified
}

/// The manifest that was applied last, if the object remembers one.
pub fn last_applied(object: &Value) -> Option<Value> {
    serde_json::from_str(object["metadata"]["annotations"][LAST_APPLIED].as_str()?).ok()
}

/// A list's place in an object, as far as merging depends on it.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    /// The kind of the whole object; `None` for custom resources, whose lists are atomic.
    kind: Option<Kind>,
    /// The field that holds the enclosing structure or list of structures; empty at the root.
    parent: &'a str,
}

#[cfg(test)]
mod tests;
