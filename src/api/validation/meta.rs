//! `metadata` of every kind. Upstream: apimachinery api/validation `ValidateObjectMeta`.

use serde_json::Value;

use super::super::value::{items, members, text};
use super::{Errors, names};
use crate::model::kind::Kind;

const ANNOTATIONS: usize = 256 * 1024;

/// The errors of `metadata`.
pub fn metadata(kind: Kind, metadata: &Value) -> Vec<String> {
    let mut errors = Errors::default();
    let check = name_rule(kind);
    let (name, base) = (text(&metadata["name"]), text(&metadata["generateName"]));
    if !base.is_empty() {
        let masked = base.strip_suffix('-').map_or_else(|| base.to_owned(), |stem| format!("{stem}a"));
        errors.invalid_texts("metadata.generateName", base, check(&masked));
    }
    if name.is_empty() && base.is_empty() {
        errors.required("metadata.name", "name or generateName is required");
    } else if !name.is_empty() {
        errors.invalid_texts("metadata.name", name, check(name));
    }
    labels(&metadata["labels"], "metadata.labels", &mut errors);
    annotations(&metadata["annotations"], "metadata.annotations", &mut errors);
    for owner in items(&metadata["ownerReferences"]) {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if text(&owner[field]).is_empty() {
                errors.invalid_text(format!("metadata.ownerReferences.{field}"), "", "must not be empty");
            }
        }
    }
    for (index, finalizer) in items(&metadata["finalizers"]).iter().enumerate() {
        let path = format!("metadata.finalizers[{index}]");
        let finalizer = text(finalizer);
        let wrong = names::qualified(finalizer);
        let standard = ["kubernetes", "orphan", "foregroundDeletion"].contains(&finalizer);
        let unqualified = wrong.is_empty() && !standard && !finalizer.contains('/');
        errors.invalid_texts(&path, finalizer, wrong);
        if unqualified {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.invalid_text(&path, finalizer, detail);
        }
    }
    errors.into_list()
}

type Rule = fn(&str) -> Vec<String>;

fn name_rule(kind: Kind) -> Rule {
    match kind {
        Kind::NAMESPACE | Kind::SERVICE => names::label,
        Kind::CRON_JOB => |name| {
            let mut wrong = names::subdomain(name);
            if name.len() > 52 {
                wrong.push("must be no more than 52 characters".to_owned());
            }
            wrong
        },
        Kind::JOB => |name| {
            let mut wrong = names::subdomain(name);
            if name.len() > 63 {
                wrong.push("must be no more than 63 characters".to_owned());
            }
            wrong
        },
        Kind::ROLE | Kind::CLUSTER_ROLE | Kind::ROLE_BINDING | Kind::CLUSTER_ROLE_BINDING => path_segment,
        _ => names::subdomain,
    }
}

/// Upstream: api/validation/path `IsValidPathSegmentName`.
fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"].iter().filter(|part| name.contains(**part)).map(|part| format!("may not contain '{part}'")).collect()
}

/// Upstream: apis/meta/v1/validation `ValidateLabels`.
pub(super) fn labels(labels: &Value, path: &str, errors: &mut Errors) {
    for (key, value) in members(labels) {
        errors.invalid_texts(path, key, names::qualified(key));
        errors.invalid_texts(path, text(value), names::label_value(text(value)));
    }
}

/// Upstream: api/validation `ValidateAnnotations`.
pub(super) fn annotations(annotations: &Value, path: &str, errors: &mut Errors) {
    let mut total = 0;
    for (key, value) in members(annotations) {
        // Upper case in the prefix was always tolerated here.
        errors.invalid_texts(path, key, names::qualified(&key.to_lowercase()));
        total += key.len() + text(value).len();
    }
    if total > ANNOTATIONS {
        errors.too_long(path, ANNOTATIONS);
    }
}
