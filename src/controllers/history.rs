//! ControllerRevisions: what a StatefulSet's or DaemonSet's template was, newest last.
//! Upstream: controller/history `realHistory`, statefulset `getStatefulSetRevisions`, daemon `constructHistory`.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::api::convert::pod_template;
use crate::api::{Decoded, DecodedBody, OwnerClaim, Reason};
use crate::cluster::{Cluster, DeleteOptions};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{Body, ObjectRef, OwnerReference, TemplateId};
use crate::model::selector::LabelSelector;

use super::plan::{Call, Outcome};

/// Longest part of an owner's name in a revision's name. Upstream: history `ControllerRevisionName`.
const NAME_LENGTH_MAX: usize = 223;

/// A stored revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revision {
    pub(super) object: ObjectRef,
    pub(super) name: Text,
    pub(super) number: i64,
    /// The template it holds, interned.
    pub(super) template: TemplateId,
}

/// Which template a revision holds: read from its data once.
#[derive(Debug, Default)]
pub(super) struct RevisionTemplates {
    known: FxHashMap<ObjectRef, TemplateId>,
}

impl RevisionTemplates {
    /// The revisions of an owner by number, then age.
    pub(super) fn of(&mut self, owner: ObjectRef, cluster: &mut Cluster) -> Vec<Revision> {
        let objects: Vec<ObjectRef> = cluster.owned(owner, Kind::CONTROLLER_REVISION).collect();
        let mut revisions: Vec<Revision> = objects
            .into_iter()
            .map(|object| {
                let template = self.template(object, cluster);
                let row = cluster.object(object);
                let number = row.raw.get("revision").and_then(Value::as_i64).unwrap_or(0);
                Revision { object, name: row.meta.name.clone(), number, template }
            })
            .collect();
        revisions.sort_by_key(|revision| (revision.number, revision.object));
        revisions
    }

    fn template(&mut self, object: ObjectRef, cluster: &mut Cluster) -> TemplateId {
        if let Some(known) = self.known.get(&object) {
            return *known;
        }
        let mut template = cluster.object(object).raw.pointer("/data/spec/template").cloned().unwrap_or_default();
        if let Some(members) = template.as_object_mut() {
            members.remove("$patch");
        }
        let template = cluster.intern_template(Arc::new(pod_template(&template)));
        self.known.insert(object, template);
        template
    }
}

/// The name of a revision.
pub(super) fn revision_name(owner: &str, hash: &str) -> String {
    format!("{}-{hash}", &owner[..owner.len().min(NAME_LENGTH_MAX)])
}

/// A new revision that holds `template`.
pub(super) fn new_revision(
    owner: ObjectRef,
    template: &Value,
    number: i64,
    hash: &str,
    labels: Labels,
    cluster: &Cluster,
) -> Decoded {
    let meta = cluster.meta(owner);
    let name = revision_name(&meta.name, hash);
    let namespace = cluster.namespace_name(meta.namespace);
    let mut patch = template.clone();
    patch["$patch"] = json!("replace");
    let raw = json!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"spec": {"template": patch}},
        "revision": number,
    });
    Decoded {
        kind: Kind::CONTROLLER_REVISION,
        namespace: namespace.into(),
        name: name.into(),
        generate_name: Text::default(),
        labels: Arc::new(labels),
        annotations: Arc::clone(&meta.annotations),
        finalizers: Vec::new(),
        owners: vec![OwnerClaim { uid: cluster.uid(owner).into(), controller: true, block_owner_deletion: true }],
        resource_version: Text::default(),
        raw: Arc::new(raw),
        body: DecodedBody::Other { body: Body::default(), template: None },
    }
}

/// The write that gives an old revision a new number, when its template is wanted again.
pub(super) fn renumber(revision: &Revision, number: i64, cluster: &Cluster) -> Call {
    let row = cluster.object(revision.object);
    let mut raw = (*row.raw).clone();
    raw["revision"] = json!(number);
    let decoded = Decoded {
        kind: Kind::CONTROLLER_REVISION,
        namespace: cluster.namespace_name(row.meta.namespace).into(),
        name: row.meta.name.clone(),
        generate_name: Text::default(),
        labels: Arc::clone(&row.meta.labels),
        annotations: Arc::clone(&row.meta.annotations),
        finalizers: row.meta.finalizers.clone(),
        owners: Vec::new(),
        resource_version: Text::default(),
        raw: Arc::new(raw),
        body: DecodedBody::Other { body: Body::default(), template: None },
    };
    Call::Update { object: revision.object, decoded: Box::new(decoded) }
}

/// Revisions that nobody owns, left by an object that was deleted without its dependents, become the owner's.
/// Upstream: statefulset `adoptOrphanRevisions`, daemon `controlledHistories`.
pub(super) fn adoptions(owner: ObjectRef, selector: &LabelSelector, cluster: &Cluster) -> Vec<Call> {
    let namespace = cluster.meta(owner).namespace;
    let is_free = |object: &ObjectRef| {
        let meta = cluster.meta(*object);
        meta.namespace == namespace
            && !meta.controller().is_some()
            && meta.deletion.is_none()
            && selector.matches(&meta.labels)
    };
    let adopt = |object: ObjectRef| {
        let mut owners = cluster.meta(object).owners.clone();
        owners.push(OwnerReference { owner, controller: true, block_owner_deletion: true });
        Call::SetOwners { object, owners }
    };
    cluster.list(Kind::CONTROLLER_REVISION).filter(is_free).map(adopt).collect()
}

/// The collision count with which to try again, if a revision could not be made because its name is taken.
/// Upstream: history `realHistory.CreateControllerRevision`.
pub(super) fn collision(outcome: &Outcome, before: Option<i32>) -> Option<i32> {
    let refusal = outcome.refusal.as_ref()?;
    (refusal.reason == Reason::AlreadyExists).then(|| before.unwrap_or(0) + 1)
}

/// Deletes what is beyond the history limit, lowest numbers first; `is_live` keeps those in use.
pub(super) fn truncate(revisions: &[Revision], limit: i32, is_live: impl Fn(&Revision) -> bool) -> Vec<Call> {
    if revisions.len() <= limit.max(0) as usize {
        return Vec::new();
    }
    let unused: Vec<&Revision> = revisions.iter().filter(|revision| !is_live(revision)).collect();
    let excess = unused.len().saturating_sub(limit.max(0) as usize);
    let deletion = |revision: &&Revision| Call::Delete { object: revision.object, options: DeleteOptions::default() };
    unused[..excess].iter().map(deletion).collect()
}
