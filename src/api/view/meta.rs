//! `metadata`.

use serde_json::{Value, json};

use super::super::clock::Clock;
use super::super::value::Object;
use super::{put_nonzero, put_text};
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::labels::Labels;
use crate::model::object::Deletion;

/// An owner with the names that a reference shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerView {
    /// `apps/v1`.
    pub api_version: String,
    /// `ReplicaSet`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Is it the managing controller?
    pub controller: bool,
    /// Does foreground deletion of it wait?
    pub block_owner_deletion: bool,
}

/// What the metadata of every kind is made of.
pub(super) struct MetaParts<'a> {
    pub clock: Clock,
    pub name: &'a str,
    pub namespace: &'a str,
    pub uid: &'a str,
    pub labels: &'a Labels,
    pub annotations: &'a Labels,
    pub owners: &'a [OwnerView],
    pub finalizers: &'a [Text],
    pub generate_name: &'a str,
    /// 0 for kinds without.
    pub generation: i64,
    pub resource_version: u64,
    pub created: SimTime,
    pub deletion: Option<Deletion>,
}

/// Writes them over `metadata`.
pub(super) fn overlay(metadata: &mut Object, parts: &MetaParts<'_>) {
    put_text(metadata, "name", parts.name);
    put_text(metadata, "namespace", parts.namespace);
    put_text(metadata, "generateName", parts.generate_name);
    put_text(metadata, "uid", parts.uid);
    put_map(metadata, "labels", parts.labels);
    put_map(metadata, "annotations", parts.annotations);
    put_nonzero(metadata, "generation", parts.generation as i32);
    if parts.resource_version > 0 {
        metadata.insert("resourceVersion".to_owned(), Value::from(parts.resource_version.to_string()));
    }
    metadata.insert("creationTimestamp".to_owned(), Value::from(parts.clock.timestamp(parts.created)));
    if let Some(deletion) = parts.deletion {
        metadata.insert("deletionTimestamp".to_owned(), Value::from(parts.clock.timestamp(deletion.timestamp)));
        metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(deletion.grace_seconds));
    }
    metadata.remove("finalizers");
    if !parts.finalizers.is_empty() {
        let finalizers: Vec<&str> = parts.finalizers.iter().map(Text::as_str).collect();
        metadata.insert("finalizers".to_owned(), json!(finalizers));
    }
    if !parts.owners.is_empty() {
        metadata.insert("ownerReferences".to_owned(), parts.owners.iter().map(owner).collect());
    }
}

fn owner(owner: &OwnerView) -> Value {
    let mut reference = json!({
        "apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name, "uid": owner.uid,
    });
    if owner.controller {
        reference["controller"] = json!(true);
    }
    if owner.block_owner_deletion {
        reference["blockOwnerDeletion"] = json!(true);
    }
    reference
}

fn put_map(metadata: &mut Object, key: &str, labels: &Labels) {
    metadata.remove(key);
    if !labels.is_empty() {
        let members: Object = labels.iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
        metadata.insert(key.to_owned(), Value::Object(members));
    }
}
