//! Carries out one call of a plan: the verb of the API server, and the Events that upstream's clients send with it.
//! Decides nothing; what is to be done was decided when the call was planned.

use crate::api;
use crate::cluster::{Cluster, DeleteOptions, EventDraft, EventType, Fields, PodName, Said};
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{Body, NodeId, ObjectRef, PodId};
use crate::model::pod::{PodCondition, PodPhase};

use super::plan::{Call, Status, is_namespace_terminating, reason};

/// Carries out `call` for `component`. Returns what it made or changed.
///
/// # Errors
/// The server's refusal.
pub(super) fn perform(
    now: SimTime,
    component: &'static str,
    call: Call,
    cluster: &mut Cluster,
) -> Result<ObjectRef, api::Status> {
    match call {
        Call::CreatePod(pod) => {
            let owner = pod.controller;
            let name = match &pod.name {
                PodName::Exact(name) if owner.kind == Kind::STATEFUL_SET => name.clone(),
                _ => Text::default(),
            };
            let made = cluster.create_pod(now, pod);
            record_creation(now, component, (owner, &name), &made, cluster);
            made.map(ObjectRef::pod)
        }
        Call::CreateIndexedPod(pod, completion) => {
            let owner = pod.controller;
            let made = cluster.create_indexed_pod(now, pod, completion);
            record_creation(now, component, (owner, ""), &made, cluster);
            made.map(ObjectRef::pod)
        }
        Call::DeletePod { pod, owner } => delete_pod(now, component, pod, owner, cluster),
        Call::SetPodController { pod, controller } => {
            live(cluster, ObjectRef::pod(pod))?;
            cluster.set_pod_controller(now, pod, controller);
            Ok(ObjectRef::pod(pod))
        }
        Call::ClaimPod { pod, controller, finalizer } => {
            live(cluster, ObjectRef::pod(pod))?;
            cluster.claim_pod(now, pod, controller, finalizer);
            Ok(ObjectRef::pod(pod))
        }
        Call::RemovePodFinalizer { pod, finalizer } => {
            cluster.remove_pod_finalizer(now, pod, finalizer);
            Ok(ObjectRef::pod(pod))
        }
        Call::LabelPod { pod, labels } => {
            live(cluster, ObjectRef::pod(pod))?;
            let labels: Vec<(&str, &str)> = labels.iter().map(|(key, value)| (*key, value.as_str())).collect();
            let template = api::admission::with_labels(cluster.template_of(pod), &labels);
            let template = cluster.intern_template(std::sync::Arc::new(template));
            cluster.set_pod_template(now, pod, template);
            Ok(ObjectRef::pod(pod))
        }
        Call::PatchPodStatus { pod, conditions, fail } => patch_pod_status(now, pod, conditions, fail, cluster),
        Call::Create(decoded) => cluster.create(now, *decoded),
        Call::Update { object, decoded } => {
            live(cluster, object)?;
            cluster.update(now, object, *decoded).map(|_| object)
        }
        Call::Delete { object, options } => cluster.delete(now, object, options).map(|()| object),
        Call::Event(draft) => {
            let object = draft.object;
            cluster.record_event(now, *draft);
            Ok(object)
        }
        other => update(now, other, cluster),
    }
}

/// Calls that change an object other than a pod.
fn update(now: SimTime, call: Call, cluster: &mut Cluster) -> Result<ObjectRef, api::Status> {
    match call {
        Call::SetOwners { object, owners } => {
            live(cluster, object)?;
            cluster.set_owners(now, object, owners);
            Ok(object)
        }
        Call::RemoveFinalizer { object, finalizer } => {
            live(cluster, object)?;
            cluster.modify_meta(now, object, |meta| {
                let before = meta.finalizers.len();
                meta.finalizers.retain(|candidate| candidate != finalizer);
                meta.finalizers.len() != before
            });
            Ok(object)
        }
        Call::UpdateReplicaSet { object, replicas, min_ready_seconds, annotations } => {
            live(cluster, object)?;
            cluster.modify_object(now, object, |meta, body| {
                let mut fields = Fields::empty();
                if let Some(replica_set) = body.as_replica_set_mut() {
                    fields.set(
                        Fields::SPEC,
                        (replica_set.replicas, replica_set.min_ready_seconds) != (replicas, min_ready_seconds),
                    );
                    replica_set.replicas = replicas;
                    replica_set.min_ready_seconds = min_ready_seconds;
                }
                fields.set(Fields::ANNOTATIONS, meta.annotations != annotations);
                meta.annotations = annotations;
                fields
            });
            Ok(object)
        }
        Call::Scale { object, replicas } => {
            live(cluster, object)?;
            cluster.scale(now, object, replicas);
            Ok(object)
        }
        Call::Status { object, status } => {
            live(cluster, object)?;
            cluster.modify_status(now, object, |body| write_status(body, status));
            Ok(object)
        }
        Call::DeploymentStatus { object, annotations, status } => {
            live(cluster, object)?;
            cluster.modify_object(now, object, |meta, body| {
                let mut fields = Fields::empty();
                fields.set(Fields::ANNOTATIONS, meta.annotations != annotations);
                meta.annotations = annotations;
                if let Some(deployment) = body.as_deployment_mut() {
                    fields.set(Fields::STATUS, deployment.status != *status);
                    deployment.status = *status;
                }
                fields
            });
            Ok(object)
        }
        Call::UpdateEndpointSlice { object, labels, slice } => {
            live(cluster, object)?;
            cluster.modify_object(now, object, |meta, body| {
                let mut fields = Fields::SPEC;
                fields.set(Fields::LABELS, meta.labels != labels);
                meta.labels = labels;
                *body = Body::EndpointSlice(slice);
                fields
            });
            Ok(object)
        }
        Call::Store { object, write } => {
            live(cluster, object)?;
            super::persistent_volume::apply(now, object, write, cluster);
            Ok(object)
        }
        Call::SetTaints { object, taints } => {
            live(cluster, object)?;
            cluster.modify_spec(now, object, |body| {
                body.as_node_mut().is_some_and(|node| {
                    let before = std::mem::replace(&mut node.taints, taints.clone());
                    // Upstream: controller/util/node `SwapNodeControllerTaint` stamps what it adds.
                    node.taints_added.retain(|(taint, _)| taints.contains(taint));
                    let added = taints.iter().filter(|taint| !before.contains(taint));
                    node.taints_added.extend(added.map(|taint| (taint.clone(), now)));
                    before != taints
                })
            });
            Ok(object)
        }
        Call::FinalizeNamespace(object) => {
            cluster.finalize_namespace(now, object);
            Ok(object)
        }
        other => unreachable!("carried out in `perform`: {other:?}"),
    }
}

fn write_status(body: &mut Body, status: Status) -> bool {
    match (body, status) {
        (Body::ReplicaSet(replica_set), Status::ReplicaSet(status)) => replace(&mut replica_set.status, *status),
        (Body::Job(job), Status::Job(status)) => replace(&mut job.status, *status),
        (Body::StatefulSet(set), Status::StatefulSet(status)) => replace(&mut set.status, *status),
        (Body::DaemonSet(set), Status::DaemonSet(status)) => replace(&mut set.status, *status),
        (Body::Plain { status: known }, Status::Plain(status)) => replace(known, status),
        (Body::Namespace { conditions: known, .. }, Status::NamespaceConditions(conditions)) => {
            replace(known, conditions)
        }
        (Body::Node(node), Status::NodeConditions(conditions)) => replace(&mut node.conditions, conditions),
        _ => false,
    }
}

fn replace<T: PartialEq>(place: &mut T, value: T) -> bool {
    let changed = *place != value;
    *place = value;
    changed
}

/// The refusal that a request about an object that is gone gets.
fn live(cluster: &Cluster, object: ObjectRef) -> Result<(), api::Status> {
    if cluster.is_live(object) {
        return Ok(());
    }
    Err(api::Status::not_found(&object.kind.resource(), cluster.identity(object).1))
}

/// Upstream: controller `RealPodControl.createPods`.
fn record_creation(
    now: SimTime,
    component: &'static str,
    (owner, name): (ObjectRef, &str),
    made: &Result<PodId, api::Status>,
    cluster: &mut Cluster,
) {
    let draft = match made {
        Ok(pod) => {
            let message = created_message(owner, *pod, cluster);
            event(owner, EventType::Normal, "SuccessfulCreate", message, component)
        }
        Err(refusal) if is_namespace_terminating(refusal) => return,
        Err(refusal) if owner.kind == Kind::STATEFUL_SET => {
            if refusal.reason == api::Reason::AlreadyExists {
                return;
            }
            let message =
                format!("Create Pod {name} in StatefulSet {} failed error: {refusal}", cluster.meta(owner).name);
            event(owner, EventType::Warning, "FailedCreate", message, component)
        }
        Err(refusal) => {
            event(owner, EventType::Warning, "FailedCreate", format!("Error creating: {refusal}"), component)
        }
    };
    cluster.record_event(now, draft);
}

/// StatefulSets have words of their own. Upstream: statefulset `StatefulPodControl.recordPodEvent`.
fn created_message(owner: ObjectRef, pod: PodId, cluster: &Cluster) -> Said {
    if owner.kind == Kind::STATEFUL_SET {
        let (pod, owner) = (&cluster.pod(pod).name, &cluster.meta(owner).name);
        return format!("Create Pod {pod} in StatefulSet {owner} successful").into();
    }
    Said::CreatedPod(pod)
}

/// Upstream: controller `RealPodControl.DeletePod`. Controllers do not mind a pod that is gone already.
fn delete_pod(
    now: SimTime,
    component: &'static str,
    pod: PodId,
    owner: ObjectRef,
    cluster: &mut Cluster,
) -> Result<ObjectRef, api::Status> {
    if !cluster.is_live(ObjectRef::pod(pod)) {
        return Ok(ObjectRef::pod(pod));
    }
    cluster.delete(now, ObjectRef::pod(pod), DeleteOptions::default())?;
    let name = &cluster.pod(pod).name;
    let message = if owner.kind == Kind::STATEFUL_SET {
        format!("Delete Pod {name} in StatefulSet {} successful", cluster.meta(owner).name)
    } else {
        format!("Deleted pod: {name}")
    };
    cluster.record_event(now, event(owner, EventType::Normal, "SuccessfulDelete", message, component));
    Ok(ObjectRef::pod(pod))
}

fn patch_pod_status(
    now: SimTime,
    pod: PodId,
    conditions: Vec<PodCondition>,
    fail: bool,
    cluster: &mut Cluster,
) -> Result<ObjectRef, api::Status> {
    live(cluster, ObjectRef::pod(pod))?;
    cluster.modify_pod_status(now, pod, |status| {
        for condition in conditions {
            status.set_condition(condition);
        }
        if fail && !status.phase.is_terminal() {
            status.phase = PodPhase::Failed;
        }
    });
    Ok(ObjectRef::pod(pod))
}

/// An Event of a controller.
pub(super) fn event(
    object: ObjectRef,
    kind: EventType,
    why: &'static str,
    message: impl Into<Said>,
    component: &'static str,
) -> EventDraft {
    EventDraft {
        object,
        container: None,
        kind,
        reason: reason(why),
        message: message.into(),
        component,
        host: NodeId::NONE,
    }
}

/// An Event whose reason is not one of the controller's own words.
pub(super) fn event_with_reason(
    object: ObjectRef,
    kind: EventType,
    why: Text,
    message: String,
    component: &'static str,
) -> EventDraft {
    EventDraft { object, container: None, kind, reason: why, message: message.into(), component, host: NodeId::NONE }
}
