//! `metadata` of every kind. Upstream: apimachinery api/validation `ValidateObjectMeta`.

use serde_json::Value;

use super::super::value::{flag, items, members, text};
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
    super::not_negative(&metadata["generation"], "metadata.generation", &mut errors);
    labels(&metadata["labels"], "metadata.labels", &mut errors);
    annotations(&metadata["annotations"], "metadata.annotations", &mut errors);
    owners(&metadata["ownerReferences"], &mut errors);
    finalizers(&metadata["finalizers"], &mut errors);
    errors.into_list()
}

/// Upstream: api/validation `ValidateOwnerReferences`.
fn owners(owners: &Value, errors: &mut Errors) {
    let path = "metadata.ownerReferences";
    let mut controllers: Vec<String> = Vec::new();
    for owner in items(owners) {
        let (version, kind, name) = (text(&owner["apiVersion"]), text(&owner["kind"]), text(&owner["name"]));
        if version.is_empty() {
            errors.invalid_text(format!("{path}.apiVersion"), "", "version must not be empty");
        }
        for (field, value) in [("kind", kind), ("name", name), ("uid", text(&owner["uid"]))] {
            if value.is_empty() {
                errors.invalid_text(format!("{path}.{field}"), "", "must not be empty");
            }
        }
        if version == "v1" && kind == "Event" {
            errors.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
        }
        if flag(&owner["controller"]) {
            controllers.push(format!("{kind}/{name}"));
        }
    }
    if let [first, second, ..] = controllers.as_slice() {
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {second}"
        );
        errors.invalid(path, owners, &detail);
    }
}

/// Upstream: api/validation `ValidateFinalizers`, pkg/apis/core/validation `ValidateFinalizerName`.
fn finalizers(finalizers: &Value, errors: &mut Errors) {
    let path = "metadata.finalizers";
    let list = items(finalizers);
    for finalizer in list {
        errors.invalid_texts(path, text(finalizer), names::qualified(text(finalizer)));
    }
    let has = |name: &str| list.iter().any(|finalizer| finalizer == name);
    if has("orphan") && has("foregroundDeletion") {
        errors.invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
    }
    for (index, finalizer) in list.iter().enumerate() {
        unqualified_finalizer(text(finalizer), &format!("{path}[{index}]"), errors);
    }
}

/// A finalizer that is neither qualified nor known.
pub(super) fn unqualified_finalizer(finalizer: &str, path: &str, errors: &mut Errors) {
    let standard = ["kubernetes", "orphan", "foregroundDeletion"].contains(&finalizer);
    if !standard && !finalizer.contains('/') {
        errors.invalid_text(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
    }
}

type Rule = fn(&str) -> Vec<String>;

fn name_rule(kind: Kind) -> Rule {
    match kind {
        Kind::NAMESPACE | Kind::SERVICE | Kind::STATEFUL_SET => names::label,
        Kind::CRON_JOB => |name| {
            let mut wrong = names::subdomain(name);
            if name.len() > 52 {
                wrong.push("must be no more than 52 characters".to_owned());
            }
            wrong
        },
        Kind::POD_DISRUPTION_BUDGET
        | Kind::ROLE
        | Kind::CLUSTER_ROLE
        | Kind::ROLE_BINDING
        | Kind::CLUSTER_ROLE_BINDING => path_segment,
        _ => names::subdomain,
    }
}

/// Upstream: api/validation/path `IsValidPathSegmentName`.
pub(super) fn path_segment(name: &str) -> Vec<String> {
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
