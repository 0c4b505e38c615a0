//! Revisions: which ReplicaSet has the Deployment's template, what a new one looks like, which ones are history.
//! Upstream: deployment `getNewReplicaSet`, `cleanupDeployment`; deployment/util `SetNewReplicaSetAnnotations`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::api::hash::pod_template_hash;
use crate::api::{Decoded, DecodedBody, OwnerClaim};
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{Body, ObjectRef, TemplateId};
use crate::model::pod_template::PodTemplate;
use crate::model::replica_set::{ReplicaSet, ReplicaSetStatus};
use crate::model::selector::{LabelSelector, Operator, Requirement};

use super::view::{DESIRED_REPLICAS, MAX_REPLICAS, REVISION, REVISION_HISTORY, Set, View};

pub(super) const HASH_LABEL: &str = "pod-template-hash";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
pub(super) const ROLLBACK_TO: &str = "deprecated.deployment.rollback.rollback-to";
/// Longest revision history. Upstream: deployment `maxRevHistoryLengthInChars`.
const HISTORY_LENGTH_MAX: usize = 2000;
/// Longest name of an object.
const NAME_LENGTH_MAX: usize = 253;

/// Are two templates equal but for the hash label? Upstream: deployment/util `EqualIgnoreHash`.
pub(super) fn is_equal_ignoring_hash(left: &PodTemplate, right: &PodTemplate) -> bool {
    let labels = |template: &PodTemplate| template.labels.without(HASH_LABEL);
    labels(left) == labels(right)
        && left.annotations == right.annotations
        && left.raw.get("spec") == right.raw.get("spec")
}

/// Is it an annotation that stays with the Deployment? Upstream: deployment/util `skipCopyAnnotation`.
pub(super) fn stays_with_deployment(key: &str) -> bool {
    [LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO].contains(&key)
}

/// The annotations that the new ReplicaSet should have, given those it has.
pub(super) fn wanted_annotations(deployment: &Labels, current: &Labels, next_revision: i64) -> Labels {
    let own = current.iter();
    let copied = deployment.iter().filter(|(key, _)| !stays_with_deployment(key));
    let mut wanted = Labels::from_pairs(own.chain(copied));
    // An unreadable revision is left alone, as upstream does.
    let known = current.get(REVISION);
    let Ok(revision) = known.unwrap_or("0").parse::<i64>() else { return wanted };
    if revision < next_revision {
        wanted = wanted.with(REVISION, &next_revision.to_string());
        if let Some(known) = known {
            let history = extended_history(current.get(REVISION_HISTORY), known);
            wanted = wanted.with(REVISION_HISTORY, &history);
        }
    }
    wanted
}

/// A comma list whose oldest entries give way.
fn extended_history(history: Option<&str>, revision: &str) -> String {
    let Some(history) = history.filter(|history| !history.is_empty()) else { return revision.to_owned() };
    let mut history = history;
    while history.len() + 1 + revision.len() > HISTORY_LENGTH_MAX {
        let Some((_, rest)) = history.split_once(',') else { return revision.to_owned() };
        history = rest;
    }
    format!("{history},{revision}")
}

/// With the numbers from which a later scaling is shared out. Upstream: deployment/util `SetReplicasAnnotations`.
pub(super) fn with_replicas(annotations: &Labels, desired: i32, most: i32) -> Labels {
    annotations.with(DESIRED_REPLICAS, &desired.to_string()).with(MAX_REPLICAS, &most.to_string())
}

/// The name of a ReplicaSet: the Deployment's, cut so that the hash fits.
pub(super) fn replica_set_name(deployment: &str, hash: &str) -> String {
    let room = NAME_LENGTH_MAX - 1 - hash.len();
    format!("{}-{hash}", &deployment[..deployment.len().min(room)])
}

/// A new ReplicaSet for the Deployment's template.
pub(super) fn new_replica_set(key: ObjectRef, view: &View, replicas: i32, cluster: &Cluster) -> Decoded {
    let meta = cluster.meta(key);
    let template = cluster.template(view.deployment.template);
    let hash = pod_template_hash(&template.raw, view.deployment.status.collision_count);
    let name = replica_set_name(&meta.name, &hash);
    let annotations = wanted_annotations(&meta.annotations, &Labels::default(), view.next_revision());
    let annotations =
        with_replicas(&annotations, view.deployment.replicas, view.deployment.replicas + view.limits().surge);
    let labelled = with_hash(template, &hash);
    let namespace = cluster.namespace_name(meta.namespace);
    let raw = manifest(&name, namespace, &labelled, &annotations, replicas, view, &meta_selector(key, cluster), &hash);
    let body = ReplicaSet {
        replicas,
        min_ready_seconds: view.deployment.min_ready_seconds,
        selector: selector_with_hash(&view.deployment.selector, &hash),
        template: TemplateId::NONE,
        status: ReplicaSetStatus::default(),
    };
    Decoded {
        kind: Kind::REPLICA_SET,
        namespace: namespace.into(),
        name: name.into(),
        generate_name: Text::default(),
        labels: Arc::clone(&labelled.labels),
        annotations: Arc::new(annotations),
        finalizers: Vec::new(),
        owners: vec![OwnerClaim { uid: cluster.uid(key).into(), controller: true, block_owner_deletion: true }],
        resource_version: Text::default(),
        raw: Arc::new(raw),
        body: DecodedBody::Other { body: Body::ReplicaSet(Box::new(body)), template: Some(Arc::new(labelled)) },
    }
}

/// `spec.selector` as it was written.
fn meta_selector(key: ObjectRef, cluster: &Cluster) -> Value {
    cluster.object(key).raw.pointer("/spec/selector").cloned().unwrap_or_else(|| json!({}))
}

/// The template with the hash label, in both of its forms.
fn with_hash(template: &PodTemplate, hash: &str) -> PodTemplate {
    let labels = Arc::new(template.labels.with(HASH_LABEL, hash));
    let mut raw = (*template.raw).clone();
    if !raw["metadata"].is_object() {
        raw["metadata"] = json!({});
    }
    raw["metadata"]["labels"] = object_of(&labels);
    PodTemplate::new(labels, Arc::clone(&template.annotations), template.spec.clone(), Arc::new(raw))
}

fn selector_with_hash(selector: &LabelSelector, hash: &str) -> LabelSelector {
    let mut selector = selector.clone();
    let requirement =
        Requirement { key: Text::const_new(HASH_LABEL), operator: Operator::In, values: [Text::from(hash)].into() };
    selector.requirements.push(requirement);
    selector
}

#[expect(clippy::too_many_arguments, reason = "the parts of one manifest, once")]
fn manifest(
    name: &str,
    namespace: &str,
    template: &PodTemplate,
    annotations: &Labels,
    replicas: i32,
    view: &View,
    selector: &Value,
    hash: &str,
) -> Value {
    let mut selector = selector.clone();
    if !selector["matchLabels"].is_object() {
        selector["matchLabels"] = json!({});
    }
    selector["matchLabels"][HASH_LABEL] = json!(hash);
    let mut spec = json!({"replicas": replicas, "selector": selector, "template": *template.raw});
    if view.deployment.min_ready_seconds != 0 {
        spec["minReadySeconds"] = json!(view.deployment.min_ready_seconds);
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": object_of(&template.labels),
            "annotations": object_of(annotations),
        },
        "spec": spec,
    })
}

fn object_of(labels: &Labels) -> Value {
    Value::Object(labels.iter().map(|(key, value)| (key.to_owned(), json!(value))).collect::<Map<_, _>>())
}

/// Old ReplicaSets beyond the history limit that may go. Upstream: deployment `cleanupDeployment`.
pub(super) fn expired(view: &View) -> Vec<ObjectRef> {
    let limit = view.deployment.revision_history_limit;
    let mut candidates: Vec<&Set> = view.old.iter().filter(|set| !set.deleting).collect();
    if limit == i32::MAX || candidates.len() <= limit.max(0) as usize {
        return Vec::new();
    }
    let excess = candidates.len() - limit.max(0) as usize;
    candidates.sort_by(|left, right| {
        let age = left.created.cmp(&right.created).then_with(|| left.name.cmp(&right.name));
        left.revision.unwrap_or(0).cmp(&right.revision.unwrap_or(0)).then(age)
    });
    let is_unused = |set: &&&Set| set.replicas == 0 && set.spec == 0 && set.generation <= set.observed_generation;
    candidates[..excess].iter().filter(is_unused).map(|set| set.object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollback_gives_the_old_revision_a_new_number_and_remembers_the_old_one() {
        let current = Labels::from_pairs([(REVISION, "1"), ("note", "old")]);
        let deployment = Labels::from_pairs([("note", "new"), (LAST_APPLIED, "{}"), (REVISION, "2")]);
        let wanted = wanted_annotations(&deployment, &current, 3);
        assert_eq!(wanted, Labels::from_pairs([(REVISION, "3"), (REVISION_HISTORY, "1"), ("note", "new")]));
        let again = wanted_annotations(&deployment, &wanted, 5);
        assert_eq!(again.get(REVISION_HISTORY), Some("1,3"));
    }

    #[test]
    fn the_history_stays_within_its_length() {
        let long = "1234,".repeat(399) + "1234";
        let extended = extended_history(Some(&long), "99999");
        assert!(extended.len() <= HISTORY_LENGTH_MAX && extended.ends_with(",1234,99999"), "{}", extended.len());
    }

    #[test]
    fn a_long_name_is_cut_for_the_hash() {
        let name = replica_set_name(&"x".repeat(253), "abc");
        assert_eq!((name.len(), name.ends_with("x-abc")), (253, true));
    }
}
