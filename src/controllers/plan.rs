//! What a sync decided: API calls in stages. Plain data; `calls` carries them out, `runner` decides when.

use std::sync::Arc;

use super::persistent_volume::StoredWrite;
use crate::api::Decoded;
use crate::cluster::{DeleteOptions, EventDraft, NewPod};
use crate::engine::SimDuration;
use crate::model::Text;
use crate::model::deployment::DeploymentStatus;
use crate::model::job::JobStatus;
use crate::model::labels::Labels;
use crate::model::object::{ObjectRef, OwnerReference, PodId};
use crate::model::pod::{Completion, PodCondition};
use crate::model::replica_set::ReplicaSetStatus;
use crate::model::service::EndpointSlice;
use crate::model::taint::Taint;
use crate::model::workload::{DaemonSetStatus, StatefulSetStatus};

/// One request to the API server, or an Event.
#[derive(Clone, Debug)]
pub(super) enum Call {
    /// Makes a pod; its controller gets the Event SuccessfulCreate or FailedCreate.
    CreatePod(NewPod),
    /// Makes the pod of an index of a Job.
    CreateIndexedPod(NewPod, Completion),
    /// Deletes a pod; `owner` gets the Event SuccessfulDelete or FailedDelete.
    DeletePod { pod: PodId, owner: ObjectRef },
    /// Adopts a pod, or releases it with `ObjectRef::NONE`.
    SetPodController { pod: PodId, controller: ObjectRef },
    /// Adopts a pod with a finalizer, or releases it from both with `ObjectRef::NONE`.
    ClaimPod { pod: PodId, controller: ObjectRef, finalizer: &'static str },
    /// Removes a finalizer of a pod.
    RemovePodFinalizer { pod: PodId, finalizer: &'static str },
    /// Sets conditions of a pod, and fails it where asked for.
    PatchPodStatus { pod: PodId, conditions: Vec<PodCondition>, fail: bool },
    /// Sets labels of a pod.
    LabelPod { pod: PodId, labels: [(&'static str, Text); 2] },
    /// Makes an object.
    Create(Box<Decoded>),
    /// Replaces an object's metadata and specification.
    Update { object: ObjectRef, decoded: Box<Decoded> },
    /// Deletes an object, pods too, without an Event.
    Delete { object: ObjectRef, options: DeleteOptions },
    /// Replaces the owners of an object.
    SetOwners { object: ObjectRef, owners: Vec<OwnerReference> },
    /// Removes a finalizer of an object.
    RemoveFinalizer { object: ObjectRef, finalizer: &'static str },
    /// Writes `spec.replicas` and annotations of a ReplicaSet in one request.
    UpdateReplicaSet { object: ObjectRef, replicas: i32, min_ready_seconds: i32, annotations: Arc<Labels> },
    /// Writes `spec.replicas` through the scale subresource.
    Scale { object: ObjectRef, replicas: i32 },
    /// Writes a status.
    Status { object: ObjectRef, status: Status },
    /// Writes a Deployment's status and annotations in one request, as its status endpoint lets it.
    DeploymentStatus { object: ObjectRef, annotations: Arc<Labels>, status: Box<DeploymentStatus> },
    /// Replaces the endpoints of a slice, and its labels.
    UpdateEndpointSlice { object: ObjectRef, labels: Arc<Labels>, slice: Box<EndpointSlice> },
    /// Writes a volume or a claim.
    Store { object: ObjectRef, write: StoredWrite },
    /// Replaces the taints of a node.
    SetTaints { object: ObjectRef, taints: Vec<Taint> },
    /// Removes an emptied namespace.
    FinalizeNamespace(ObjectRef),
    /// An Event; costs no request of the controller's own client.
    Event(Box<EventDraft>),
}

/// A status as its controller writes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Status {
    /// Of a ReplicaSet or ReplicationController.
    ReplicaSet(Box<ReplicaSetStatus>),
    /// Of a Job.
    Job(Box<JobStatus>),
    /// Of a StatefulSet.
    StatefulSet(Box<StatefulSetStatus>),
    /// Of a DaemonSet.
    DaemonSet(Box<DaemonSetStatus>),
    /// Of a kind without columns of its own: as it is printed.
    Plain(Arc<serde_json::Value>),
    /// The conditions of a namespace that is being deleted.
    NamespaceConditions(Vec<crate::model::condition::Condition>),
    /// The conditions of a node.
    NodeConditions(Vec<crate::model::condition::Condition>),
}

/// Calls that go out together; the next stage waits for their answers, and does not come after a refusal.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    pub(super) calls: Vec<Call>,
}

impl Stage {
    /// A stage of these calls.
    pub(super) fn new(calls: Vec<Call>) -> Self {
        Self { calls }
    }

    /// Number of calls.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }
}

/// What a sync is going to do, and how it goes on after that.
#[derive(Clone, Debug)]
pub(super) struct Plan<D> {
    /// Stages in order.
    pub(super) stages: Vec<Stage>,
    /// What the controller wants back when the stages are over; without it the sync ends there.
    pub(super) draft: Option<D>,
    /// The sync failed: its key is retried with growing delays. A refused call without a draft fails it too.
    pub(super) failed: bool,
    /// Another sync after this time, whatever happens until then.
    pub(super) again: Option<SimDuration>,
}

impl<D> Plan<D> {
    /// Nothing to do.
    pub(super) fn done() -> Self {
        Self { stages: Vec::new(), draft: None, failed: false, again: None }
    }

    /// A plan of one call.
    pub(super) fn of(call: Call) -> Self {
        Self::done().then(call)
    }

    /// With one more call, after all others.
    pub(super) fn then(mut self, call: Call) -> Self {
        self.push(call);
        self
    }

    /// Adds a call after all others.
    pub(super) fn push(&mut self, call: Call) {
        self.stages.push(Stage::new(vec![call]));
    }

    /// Adds calls that go out together, after all others.
    pub(super) fn push_together(&mut self, calls: Vec<Call>) {
        if !calls.is_empty() {
            self.stages.push(Stage::new(calls));
        }
    }

    /// Goes on with `draft` when the stages are over.
    pub(super) fn resume_with(mut self, draft: D) -> Self {
        self.draft = Some(draft);
        self
    }

    /// Fails the sync after its stages.
    pub(super) fn fail(mut self) -> Self {
        self.failed = true;
        self
    }

    /// Asks for another sync after `delay`, if there is one.
    pub(super) fn again_after(mut self, delay: Option<SimDuration>) -> Self {
        self.again = match (self.again, delay) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self
    }
}

/// What became of a plan's calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The first refusal.
    pub(super) refusal: Option<crate::api::Status>,
    /// Calls that were carried out.
    pub(super) done: u32,
    /// The object that the last call made or changed.
    pub(super) object: Option<ObjectRef>,
}

impl Outcome {
    /// Was a call refused because the namespace is being emptied? Controllers give up without a word then.
    pub(super) fn is_namespace_terminating(&self) -> bool {
        self.refusal.as_ref().is_some_and(is_namespace_terminating)
    }
}

/// Upstream: apimachinery errors `HasStatusCause(err, NamespaceTerminatingCause)`.
pub(super) fn is_namespace_terminating(refusal: &crate::api::Status) -> bool {
    refusal.reason == crate::api::Reason::Forbidden && refusal.message.ends_with("because it is being terminated")
}

/// An Event's reason as a constant text.
pub(super) const fn reason(text: &'static str) -> Text {
    Text::const_new(text)
}
