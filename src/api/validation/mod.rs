//! Validation in upstream's words and order, on defaulted JSON. One file a group of rules.

use serde_json::Value;

use crate::model::kind::Kind;

/// All errors of an object, as `path: Type: value: detail`.
pub fn validate(kind: Kind, object: &Value) -> Vec<String> {
    metadata(kind, &object["metadata"])
}

/// The errors of `metadata` alone.
pub fn metadata(_kind: Kind, _metadata: &Value) -> Vec<String> {
    Vec::new()
}
