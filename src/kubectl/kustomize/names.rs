//! Prefixes and suffixes of names, the namespace, and hashes of generated content.
//! Upstream: kustomize api/internal/builtins `PrefixTransformer.go`, `NamespaceTransformer.go`, `HashTransformer.go`.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::commands::encoded_hash;
use super::resource::{Gvk, Resource};
use crate::api::value::go_json;

/// Kinds whose names stay.
fn keeps_name(gvk: &Gvk) -> bool {
    ["CustomResourceDefinition", "Namespace"].contains(&gvk.kind.as_str())
        || gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io"
}

/// Puts a prefix before all names.
pub(super) fn prefix(resources: &mut [Resource], prefix: &str) {
    for resource in resources.iter_mut().filter(|resource| !keeps_name(&resource.original().gvk)) {
        resource.remember();
        resource.prefixes.push(prefix.to_owned());
        let name = format!("{prefix}{}", resource.name());
        resource.set_name(name);
    }
}

/// Puts a suffix after all names.
pub(super) fn suffix(resources: &mut [Resource], suffix: &str) {
    // Upstream: `SuffixTransformerPlugin` names CustomResourceDefinitions only.
    for resource in resources.iter_mut().filter(|resource| !keeps_name(&resource.original().gvk)) {
        resource.remember();
        resource.suffixes.push(suffix.to_owned());
        let name = format!("{}{suffix}", resource.name());
        resource.set_name(name);
    }
}

/// Moves all resources to a namespace. Upstream: kustomize api/filters/namespace `Filter`.
pub(super) fn namespace(resources: &mut [Resource], namespace: &str) -> Result<(), String> {
    for resource in resources.iter_mut() {
        resource.remember();
        let gvk = resource.id().gvk;
        if !gvk.is_cluster_scoped() {
            resource.value["metadata"]["namespace"] = Value::from(namespace);
        }
        if gvk.kind == "Namespace" && gvk.group.is_empty() {
            resource.set_name(namespace.to_owned());
        }
        if ["RoleBinding", "ClusterRoleBinding"].contains(&gvk.kind.as_str()) {
            let subjects = resource.value.get_mut("subjects").and_then(Value::as_array_mut);
            for subject in subjects.into_iter().flatten().filter(|subject| subject["name"] == "default") {
                subject["namespace"] = Value::from(namespace);
            }
        }
    }
    for (place, resource) in resources.iter().enumerate() {
        let id = resource.id();
        if resources[..place].iter().any(|other| other.is(&id)) {
            return Err(format!("namespace transformation produces ID conflict: {}", id.shown()));
        }
    }
    Ok(())
}

/// Names of generated resources follow from their content.
pub(super) fn hash(resources: &mut [Resource]) {
    for resource in resources.iter_mut().filter(|resource| resource.needs_hash) {
        let hash = content_hash(&resource.value);
        resource.remember();
        let name = format!("{}-{hash}", resource.name());
        resource.set_name(name);
    }
}

/// Upstream: kustomize api/hasher `encodeConfigMap`, `encodeSecret`. What is missing is an empty text.
fn content_hash(value: &Value) -> String {
    let part = |key: &str| value.get(key).cloned().unwrap_or_else(|| json!(""));
    // The name is looked up at a path that there is not, and is always empty.
    let mut hashed = json!({"kind": value["kind"], "name": "", "data": part("data")});
    let other = if value["kind"] == "Secret" {
        hashed["type"] = part("type");
        "stringData"
    } else {
        "binaryData"
    };
    if let Some(more) = value.get(other).filter(|more| more.is_object()) {
        hashed[other] = more.clone();
    }
    encoded_hash(&format!("{:x}", Sha256::digest(go_json(&hashed).as_bytes())))
}
