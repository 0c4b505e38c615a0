//! A manifest after decoding, defaulting and validation: what `cluster` stores.

use std::sync::Arc;

use serde_json::Value;

use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::Body;
use crate::model::pod_template::PodTemplate;

/// An owner reference as written: the owner is named by UID, which `cluster` resolves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerClaim {
    /// UID.
    pub uid: Text,
    /// Is it the managing controller?
    pub controller: bool,
    /// Does foreground deletion of the owner wait?
    pub block_owner_deletion: bool,
}

/// An object ready to be stored.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Kind.
    pub kind: Kind,
    /// Namespace as written; empty for cluster-scoped kinds.
    pub namespace: Text,
    /// Name; empty with `generate_name`.
    pub name: Text,
    /// `generateName`, empty without.
    pub generate_name: Text,
    /// Labels.
    pub labels: Arc<Labels>,
    /// Annotations.
    pub annotations: Arc<Labels>,
    /// Finalizers.
    pub finalizers: Vec<Text>,
    /// Owners.
    pub owners: Vec<OwnerClaim>,
    /// `metadata.resourceVersion` as written, for optimistic concurrency; empty without.
    pub resource_version: Text,
    /// The defaulted object without server-side metadata and status.
    pub raw: Arc<Value>,
    /// What the model acts on.
    pub body: DecodedBody,
}

/// The part of a decoded object that differs by kind.
#[derive(Clone, Debug)]
pub enum DecodedBody {
    /// A pod: all of it is in its template.
    Pod(Arc<PodTemplate>),
    /// Anything else. Where its columns hold a template, their `TemplateId` is `NONE` until `cluster` interns `template`.
    Other {
        /// Columns.
        body: Body,
        /// `spec.template`, where the kind has one.
        template: Option<Arc<PodTemplate>>,
    },
}
