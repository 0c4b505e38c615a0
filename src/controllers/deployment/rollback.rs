//! Rollback by annotation, which `kubectl rollout undo` of old versions set; today's does without the controller.
//! Upstream: deployment `rollback`, `rollbackToTemplate`, `updateDeploymentAndClearRollbackTo`.

use serde_json::{Value, json};

use crate::api::{DecodeCache, FieldValidation, decode};
use crate::cluster::{Cluster, EventType};
use crate::model::object::ObjectRef;

use super::super::calls::event;
use super::super::plan::{Call, Plan};
use super::super::runner::Controller;
use super::revision::{self, HASH_LABEL, ROLLBACK_TO};
use super::view::{Set, View};
use super::{DeploymentController, Draft};

/// The revision that the annotation asks for; 0 is the one before the current.
pub(super) fn requested(key: ObjectRef, cluster: &Cluster) -> Option<i64> {
    cluster.meta(key).annotations.get(ROLLBACK_TO)?.parse().ok()
}

/// Writes the Deployment with the template and the annotations of the revision, and without the request.
pub(super) fn plan(key: ObjectRef, view: &View, revision: i64, cluster: &Cluster) -> Plan<Draft> {
    let revision = if revision == 0 { last_revision(view) } else { Some(revision) };
    let warn = |why: &'static str, message: String| (EventType::Warning, why, message);
    let found = view.all().find(|set| set.revision.is_some() && set.revision == revision);
    let is_current = |set: &Set| view.new.as_ref().is_some_and(|new| new.object == set.object);
    let name = &cluster.meta(key).name;
    let (kind, why, message) = match (revision, found) {
        (None, _) => warn("DeploymentRollbackRevisionNotFound", "Unable to find last revision.".to_owned()),
        (_, None) => {
            warn("DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.".to_owned())
        }
        (_, Some(set)) if is_current(set) => {
            let message =
                format!("The rollback revision contains the same template as current deployment {:?}", &**name);
            warn("DeploymentRollbackTemplateUnchanged", message)
        }
        (Some(revision), Some(_)) => {
            let message = format!("Rolled back deployment {:?} to revision {revision}", &**name);
            (EventType::Normal, "DeploymentRollback", message)
        }
    };
    let target = found.filter(|set| !is_current(set)).map(|set| set.object);
    let note = Call::Event(Box::new(event(key, kind, why, message, DeploymentController::COMPONENT)));
    match update(key, target, cluster) {
        Some(update) => Plan::of(update).then(note),
        None => Plan::of(note),
    }
}

/// The second highest revision. Upstream: deployment/util `LastRevision`.
fn last_revision(view: &View) -> Option<i64> {
    let mut known: Vec<i64> = view.all().filter_map(|set| set.revision).collect();
    known.sort_unstable();
    known.iter().rev().nth(1).copied().filter(|revision| *revision != 0)
}

fn update(key: ObjectRef, target: Option<ObjectRef>, cluster: &Cluster) -> Option<Call> {
    let mut manifest = cluster.view(key);
    if let Some(target) = target {
        let mut template: Value = cluster.view(target)["spec"]["template"].clone();
        if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
            labels.remove(HASH_LABEL);
        }
        manifest["spec"]["template"] = template;
        let (own, old) = (&cluster.meta(key).annotations, &cluster.meta(target).annotations);
        let kept = own.iter().filter(|(name, _)| revision::stays_with_deployment(name));
        let restored = old.iter().filter(|(name, _)| !revision::stays_with_deployment(name));
        manifest["metadata"]["annotations"] =
            kept.chain(restored).map(|(name, value)| (name.to_owned(), json!(value))).collect();
    }
    if let Some(annotations) = manifest["metadata"]["annotations"].as_object_mut() {
        annotations.remove(ROLLBACK_TO);
    }
    let namespace = cluster.namespace_name(cluster.meta(key).namespace);
    let decoded = decode(manifest, namespace, FieldValidation::Warn, &mut DecodeCache::default()).ok()?;
    Some(Call::Update { object: key, decoded: Box::new(decoded) })
}
