//! The verb *delete*: graceful deletion of pods, finalizers, propagation.

use crate::api::Status;
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{Body, Deletion, NodeId, ObjectRef, PodId};

use super::Cluster;
use super::change_log::{Change, Fields, Verb};

/// `propagationPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// Dependents are collected afterwards.
    #[default]
    Background,
    /// The object waits for its dependents.
    Foreground,
    /// Dependents are left alone.
    Orphan,
}

/// `DeleteOptions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Grace period in seconds; `None` is the pod's own.
    pub grace_seconds: Option<i64>,
    /// What becomes of dependents.
    pub propagation: Propagation,
}

impl DeleteOptions {
    /// At once, as the kubelet confirms the end of a pod.
    pub const NOW: Self = Self { grace_seconds: Some(0), propagation: Propagation::Background };
}

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

impl Cluster {
    /// Deletes an object, or begins its deletion.
    ///
    /// # Errors
    /// It is gone already.
    pub fn delete(&mut self, now: SimTime, object: ObjectRef, options: DeleteOptions) -> Result<(), Status> {
        if !self.is_live(object) {
            return Err(Status::not_found(&object.kind.resource(), self.identity(object).1));
        }
        match object.as_pod() {
            Some(pod) => self.delete_pod(now, pod, options),
            None => self.delete_object(now, object, options.propagation),
        }
        Ok(())
    }

    /// Upstream: registry/rest `BeforeDelete`, registry/core/pod `podStrategy.CheckGracefulDelete`.
    fn delete_pod(&mut self, now: SimTime, pod: PodId, options: DeleteOptions) {
        let row = self.pods.row(pod);
        let own_grace = self.template(row.template).spec.termination_grace_period_seconds;
        if let Some(deletion) = row.deletion {
            self.shorten(now, pod, deletion, options.grace_seconds);
            return;
        }
        let mut grace = options.grace_seconds.unwrap_or(own_grace);
        if row.node == NodeId::NONE && self.template(row.template).spec.node_name.is_empty()
            || row.status.phase.is_terminal()
        {
            grace = 0;
        }
        if grace < 0 {
            grace = 1;
        }
        let grace_seconds = u32::try_from(grace).unwrap_or(u32::MAX);
        let finalizers_left = !row.finalizers().is_empty();
        if grace_seconds == 0 && !finalizers_left {
            self.remove_pod(now, pod);
            return;
        }
        self.begin_pod_deletion(now, pod, now, grace_seconds);
    }

    /// A second deletion may only shorten the grace period; 0 ends it.
    fn shorten(&mut self, now: SimTime, pod: PodId, deletion: Deletion, grace_seconds: Option<i64>) {
        let Some(grace) = grace_seconds else { return };
        let grace = u32::try_from(grace.max(0)).unwrap_or(u32::MAX);
        if grace == 0 && self.pods.row(pod).finalizers().is_empty() {
            self.remove_pod(now, pod);
        } else if grace < deletion.grace_seconds {
            self.begin_pod_deletion(now, pod, deletion.requested, grace);
        }
    }

    fn begin_pod_deletion(&mut self, now: SimTime, pod: PodId, requested: SimTime, grace_seconds: u32) {
        let timestamp = requested + SimDuration::from_secs(u64::from(grace_seconds));
        let row = self.pods.row_mut(pod);
        row.deletion = Some(Deletion { requested, timestamp, grace_seconds });
        row.generation += 1;
        self.log_modified(now, ObjectRef::pod(pod), Fields::DELETION);
    }

    fn delete_object(&mut self, now: SimTime, object: ObjectRef, propagation: Propagation) {
        let is_namespace = object.kind == Kind::NAMESPACE;
        let row = self.table_mut(object.kind).row_mut(object.id);
        match propagation {
            Propagation::Foreground => add_finalizer(&mut row.meta.finalizers, FOREGROUND),
            Propagation::Orphan => add_finalizer(&mut row.meta.finalizers, ORPHAN),
            Propagation::Background => {}
        }
        if !is_namespace && row.meta.finalizers.is_empty() {
            self.remove_object(now, object);
            return;
        }
        if row.meta.deletion.is_some() {
            return;
        }
        row.meta.deletion = Some(Deletion { requested: now, timestamp: now, grace_seconds: 0 });
        row.meta.generation += 1;
        if is_namespace {
            // The namespace controller empties it and then calls `finalize_namespace`.
            row.body = Body::Namespace { terminating: true, conditions: Vec::new() };
        }
        self.log_modified(now, object, Fields::DELETION | Fields::STATUS);
    }

    /// Removes a namespace that the namespace controller has emptied.
    pub fn finalize_namespace(&mut self, now: SimTime, object: ObjectRef) {
        let row = self.table(object.kind).row(object.id);
        if object.kind == Kind::NAMESPACE && row.meta.deletion.is_some() && row.meta.finalizers.is_empty() {
            self.remove_object(now, object);
        }
    }

    pub(super) fn remove_if_finalized(&mut self, now: SimTime, object: ObjectRef) {
        let row = self.table(object.kind).row(object.id);
        let done = row.deleted.is_none() && row.meta.deletion.is_some() && row.meta.finalizers.is_empty();
        if done && object.kind != Kind::NAMESPACE {
            self.remove_object(now, object);
        }
    }

    pub(super) fn remove_pod_if_finalized(&mut self, now: SimTime, pod: PodId) {
        let row = self.pods.row(pod);
        let done = !row.deleted
            && row.finalizers().is_empty()
            && row.deletion.is_some_and(|deletion| deletion.grace_seconds == 0);
        if done {
            self.remove_pod(now, pod);
        }
    }

    fn remove_object(&mut self, now: SimTime, object: ObjectRef) {
        self.forget_kind(now, object);
        self.admitted.object_changed(object.kind);
        self.managed.forget(object);
        self.release_addresses(object);
        self.quotas.remove(self.meta(object).namespace, object);
        self.table_mut(object.kind).remove(object.id, now);
        self.log.append(Change { at: now, object, verb: Verb::Deleted, fields: Fields::all() });
    }

    fn remove_pod(&mut self, now: SimTime, pod: PodId) {
        self.metrics.forget(pod);
        self.managed.forget(ObjectRef::pod(pod));
        self.pods.remove(pod);
        self.log.append(Change { at: now, object: ObjectRef::pod(pod), verb: Verb::Deleted, fields: Fields::all() });
    }
}

fn add_finalizer(finalizers: &mut Vec<Text>, finalizer: &'static str) {
    if !finalizers.iter().any(|candidate| candidate == finalizer) {
        finalizers.push(Text::const_new(finalizer));
    }
}
