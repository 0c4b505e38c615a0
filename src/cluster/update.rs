//! Writes to existing objects: whole manifests, metadata, specification columns, binding.

use crate::api::{Decoded, DecodedBody, Reason, Status};
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::kind::Kind;
use crate::model::object::{Body, NodeId, ObjectMeta, ObjectRef, OwnerReference, PodId, TemplateId};
use crate::model::pod::{PodCondition, PodConditionType, Why};

use super::Cluster;
use super::change_log::{Change, Fields, Verb};
use super::create::set_template;

impl Cluster {
    /// Replaces an object's metadata and specification by a manifest's, keeping its status. Returns whether anything
    /// changed.
    ///
    /// # Errors
    /// As `check_update`.
    pub fn update(&mut self, now: SimTime, object: ObjectRef, decoded: Decoded) -> Result<bool, Status> {
        self.check_update(object, &decoded)?;
        let owners = self.resolve_owners(&decoded.owners);
        match (object.as_pod(), decoded.body) {
            (Some(pod), DecodedBody::Pod(template)) => {
                let template = self.intern_template(template);
                let changed = self.set_pod_template(now, pod, template);
                Ok(self.set_pod_finalizers(now, pod, decoded.finalizers) || changed)
            }
            (_, DecodedBody::Other { mut body, template }) => {
                if let Some(template) = template {
                    let template = self.intern_template(template);
                    set_template(&mut body, template);
                }
                let shown = self.view(object);
                let row = self.table_mut(object.kind).row_mut(object.id);
                let mut fields = Fields::empty();
                let has_status = matches!(&body, Body::Plain { status } if !status.is_null());
                if !(object.kind.is_custom() && has_status) {
                    carry_over(&row.body, &mut body);
                }
                if let (Body::Service(old), Body::Service(new)) = (&row.body, &mut body) {
                    let old = old.clone();
                    self.reallocate(&old, new)?;
                }
                let row = self.table_mut(object.kind).row_mut(object.id);
                if row.meta.labels != decoded.labels {
                    row.meta.labels = decoded.labels;
                    fields |= Fields::LABELS;
                }
                if row.meta.annotations != decoded.annotations {
                    row.meta.annotations = decoded.annotations;
                    fields |= Fields::ANNOTATIONS;
                }
                if row.meta.finalizers != decoded.finalizers {
                    row.meta.finalizers = decoded.finalizers;
                    fields |= Fields::OWNERSHIP;
                }
                let spec = row.body != body || shown.get("spec") != decoded.raw.get("spec");
                // Upstream: registry/apps/deployment `PrepareForUpdate` counts annotations too.
                if spec || object.kind == Kind::DEPLOYMENT && fields.contains(Fields::ANNOTATIONS) {
                    row.meta.generation += 1;
                }
                if spec {
                    fields |= Fields::SPEC | spec_fields(&row.body, &body);
                    row.body = body;
                }
                let owned = row.meta.owners != owners && !decoded.owners.is_empty();
                if fields.is_empty() && !owned && row.raw == decoded.raw {
                    return Ok(false);
                }
                if fields.is_empty() {
                    fields = Fields::SPEC;
                }
                row.raw = decoded.raw;
                if owned {
                    self.set_owners(now, object, owners);
                }
                self.log_modified(now, object, fields);
                self.define_kind(now, object);
                self.remove_if_finalized(now, object);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Would `update` be refused? Upstream: a request with `dryRun=All`.
    ///
    /// # Errors
    /// The manifest names another resourceVersion than the stored one, or addresses that others have.
    pub fn check_update(&self, object: ObjectRef, decoded: &Decoded) -> Result<(), Status> {
        self.check_version(object, &decoded.resource_version)?;
        let DecodedBody::Other { body, .. } = &decoded.body else { return Ok(()) };
        self.admit_priority_class(&decoded.name, body)?;
        match (self.body(object), body) {
            (Body::Service(old), Body::Service(new)) => self.check_addresses(&decoded.name, new, Some(old)),
            _ => Ok(()),
        }
    }

    fn set_pod_finalizers(&mut self, now: SimTime, pod: PodId, finalizers: Vec<Text>) -> bool {
        let row = self.pods.row_mut(pod);
        if row.finalizers() == finalizers.as_slice() {
            return false;
        }
        row.extra.get_or_insert_default().finalizers = finalizers;
        self.log_modified(now, ObjectRef::pod(pod), Fields::OWNERSHIP);
        self.remove_pod_if_finalized(now, pod);
        true
    }

    fn check_version(&self, object: ObjectRef, version: &str) -> Result<(), Status> {
        let (stored, name) = match object.as_pod() {
            Some(pod) => (self.pod(pod).resource_version, &self.pod(pod).name),
            None => (self.meta(object).resource_version, &self.meta(object).name),
        };
        if version.is_empty() || version == stored.to_string() {
            return Ok(());
        }
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your changes to the latest version and try again",
            object.kind.resource()
        );
        Err(Status::new(Reason::Conflict, message))
    }

    /// Changes metadata of an object other than a pod (labels, annotations, finalizers; not owners). The closure says
    /// whether it changed anything.
    pub fn modify_meta(
        &mut self,
        now: SimTime,
        object: ObjectRef,
        change: impl FnOnce(&mut ObjectMeta) -> bool,
    ) -> bool {
        let row = self.table_mut(object.kind).row_mut(object.id);
        let before = (row.meta.labels.clone(), row.meta.annotations.clone(), row.meta.finalizers.len());
        if !change(&mut row.meta) {
            return false;
        }
        let mut fields = Fields::empty();
        fields.set(Fields::LABELS, before.0 != row.meta.labels);
        fields.set(Fields::ANNOTATIONS, before.1 != row.meta.annotations);
        fields.set(Fields::OWNERSHIP, before.2 != row.meta.finalizers.len());
        self.log_modified(now, object, fields);
        self.remove_if_finalized(now, object);
        true
    }

    /// Changes specification columns (replicas, taints, …), which counts a generation. The closure says whether it
    /// changed anything.
    pub fn modify_spec(&mut self, now: SimTime, object: ObjectRef, change: impl FnOnce(&mut Body) -> bool) -> bool {
        let row = self.table_mut(object.kind).row_mut(object.id);
        let node_before = row.body.as_node().map(|node| (node.taints.clone(), node.unschedulable));
        if !change(&mut row.body) {
            return false;
        }
        row.meta.generation += 1;
        let mut fields = Fields::SPEC;
        if let (Some((taints, unschedulable)), Some(node)) = (node_before, row.body.as_node()) {
            fields.set(Fields::TAINTS, taints != node.taints);
            fields.set(Fields::UNSCHEDULABLE, unschedulable != node.unschedulable);
        }
        self.log_modified(now, object, fields);
        true
    }

    /// Changes metadata (not owners) and specification columns in one write. The closure says what it changed; a changed
    /// specification counts a generation.
    pub fn modify_object(
        &mut self,
        now: SimTime,
        object: ObjectRef,
        change: impl FnOnce(&mut ObjectMeta, &mut Body) -> Fields,
    ) -> bool {
        let row = self.table_mut(object.kind).row_mut(object.id);
        let fields = change(&mut row.meta, &mut row.body);
        if fields.is_empty() {
            return false;
        }
        if fields.contains(Fields::SPEC) {
            row.meta.generation += 1;
        }
        self.log_modified(now, object, fields);
        true
    }

    /// Changes status columns. The closure says whether it changed anything; an unchanged status is no write.
    pub fn modify_status(&mut self, now: SimTime, object: ObjectRef, change: impl FnOnce(&mut Body) -> bool) -> bool {
        let row = self.table_mut(object.kind).row_mut(object.id);
        let node_before = row.body.as_node().map(|node| (node.is_ready(), node.allocatable.clone()));
        if !change(&mut row.body) {
            return false;
        }
        let mut fields = Fields::STATUS;
        if let (Some((ready, allocatable)), Some(node)) = (node_before, row.body.as_node()) {
            fields |= Fields::CONDITIONS;
            fields.set(Fields::READY, ready != node.is_ready());
            fields.set(Fields::ALLOCATABLE, allocatable != node.allocatable);
        }
        self.log_modified(now, object, fields);
        true
    }

    /// Replaces the owners of an object.
    pub fn set_owners(&mut self, now: SimTime, object: ObjectRef, mut owners: Vec<OwnerReference>) {
        self.with_absent_owner.remove(&object);
        if let Some(pod) = object.as_pod() {
            let place = owners.iter().position(|owner| owner.controller);
            let controller = place.map_or(ObjectRef::NONE, |place| owners.remove(place).owner);
            self.pods.set_controller(pod, controller);
            if let Some(extra) = &mut self.pods.row_mut(pod).extra {
                extra.owners = owners;
            }
        } else {
            self.table_mut(object.kind).set_owners(object.id, owners);
        }
        self.log_modified(now, object, Fields::OWNERSHIP);
    }

    /// Adopts a pod (or releases it, with `ObjectRef::NONE`).
    pub fn set_pod_controller(&mut self, now: SimTime, pod: PodId, controller: ObjectRef) {
        self.pods.set_controller(pod, controller);
        self.log_modified(now, ObjectRef::pod(pod), Fields::OWNERSHIP);
    }

    /// Adopts a pod and gives it its new controller's finalizer, or (with `ObjectRef::NONE`) releases it and takes the
    /// finalizer away, in one request.
    pub fn claim_pod(&mut self, now: SimTime, pod: PodId, controller: ObjectRef, finalizer: &str) {
        self.pods.set_controller(pod, controller);
        let extra = self.pods.row_mut(pod).extra.get_or_insert_default();
        extra.finalizers.retain(|candidate| candidate != finalizer);
        if controller.is_some() {
            extra.finalizers.push(finalizer.into());
        }
        self.log_modified(now, ObjectRef::pod(pod), Fields::OWNERSHIP);
        self.remove_pod_if_finalized(now, pod);
    }

    /// Removes a finalizer of a pod; the pod goes with the last one if it is being deleted with grace 0.
    pub fn remove_pod_finalizer(&mut self, now: SimTime, pod: PodId, finalizer: &str) -> bool {
        let Some(extra) = self.pods.row_mut(pod).extra.as_mut() else { return false };
        let before = extra.finalizers.len();
        extra.finalizers.retain(|candidate| candidate != finalizer);
        if extra.finalizers.len() == before {
            return false;
        }
        self.log_modified(now, ObjectRef::pod(pod), Fields::OWNERSHIP);
        self.remove_pod_if_finalized(now, pod);
        true
    }

    /// Gives a pod another template: changed labels, annotations, or the few fields of its spec that may change.
    pub fn set_pod_template(&mut self, now: SimTime, pod: PodId, template: TemplateId) -> bool {
        let old = self.pods.row(pod).template;
        if old == template {
            return false;
        }
        let (before, after) = (self.template(old), self.template(template));
        let mut fields = Fields::empty();
        fields.set(Fields::LABELS, before.labels != after.labels);
        fields.set(Fields::ANNOTATIONS, before.annotations != after.annotations);
        fields.set(Fields::SPEC, before.raw.get("spec") != after.raw.get("spec"));
        self.learn_template(self.pod(pod).namespace, template);
        self.pods.set_template(pod, template);
        if fields.contains(Fields::SPEC) || self.pod(pod).status.granted.is_some() {
            self.keep_granted(pod, old);
        }
        if fields.contains(Fields::SPEC) {
            self.pods.row_mut(pod).generation += 1;
        }
        self.log_modified(now, ObjectRef::pod(pod), fields);
        true
    }

    /// Binds a pod to a node. Upstream: registry/core/pod `BindingREST.setPodNodeAndMetadata`.
    ///
    /// # Errors
    /// The pod is gone, is being deleted, or is bound already.
    pub fn bind(&mut self, now: SimTime, pod: PodId, node: NodeId) -> Result<(), Status> {
        let row = self.pods.row(pod);
        let conflict = |detail: String| {
            Status::new(
                Reason::Conflict,
                format!("Operation cannot be fulfilled on pods/binding \"{}\": {detail}", row.name),
            )
        };
        if row.deleted {
            return Err(Status::not_found("pods", &row.name));
        }
        if row.deletion.is_some() {
            return Err(conflict(format!("pod {} is being deleted, cannot be assigned to a host", row.name)));
        }
        if row.node.is_some() {
            return Err(conflict(format!(
                "pod {} is already assigned to node \"{}\"",
                row.name,
                self.node_name(row.node)
            )));
        }
        self.pods.bind(pod, node);
        self.pods.row_mut(pod).status.set_condition(PodCondition::new(
            PodConditionType::PodScheduled,
            ConditionStatus::True,
            Why::NONE,
            now,
        ));
        self.log_modified(now, ObjectRef::pod(pod), Fields::BOUND | Fields::CONDITIONS);
        Ok(())
    }

    /// Sets or clears `status.nominatedNodeName`.
    pub fn nominate(&mut self, now: SimTime, pod: PodId, node: NodeId) -> bool {
        if std::mem::replace(&mut self.pods.row_mut(pod).nominated, node) == node {
            return false;
        }
        self.log_modified(now, ObjectRef::pod(pod), Fields::NOMINATED);
        true
    }

    pub(super) fn log_modified(&mut self, now: SimTime, object: ObjectRef, fields: Fields) {
        if fields.intersects(Fields::SPEC | Fields::LABELS | Fields::ANNOTATIONS) {
            self.admitted.object_changed(object.kind);
        }
        self.imported.written(object, fields);
        let version = self.log.append(Change { at: now, object, verb: Verb::Modified, fields });
        match object.as_pod() {
            Some(pod) => self.pods.row_mut(pod).resource_version = version,
            None => self.table_mut(object.kind).row_mut(object.id).meta.resource_version = version,
        }
    }
}

/// What a manifest does not decide stays: status, and what the server allocated.
fn carry_over(old: &Body, new: &mut Body) {
    match (old, new) {
        (Body::Deployment(old), Body::Deployment(new)) => new.status = old.status.clone(),
        (Body::ReplicaSet(old), Body::ReplicaSet(new)) => new.status = old.status.clone(),
        (Body::StatefulSet(old), Body::StatefulSet(new)) => new.status = old.status.clone(),
        (Body::DaemonSet(old), Body::DaemonSet(new)) => new.status = old.status.clone(),
        (Body::Job(old), Body::Job(new)) => {
            new.status = old.status.clone();
            new.selector = old.selector.clone();
        }
        (Body::Node(old), Body::Node(new)) => {
            let (unschedulable, taints) = (new.unschedulable, std::mem::take(&mut new.taints));
            (**new).clone_from(old);
            (new.unschedulable, new.taints) = (unschedulable, taints);
        }
        (old @ Body::Namespace { .. }, new @ Body::Namespace { .. }) => new.clone_from(old),
        (Body::Plain { status: old }, Body::Plain { status: new }) => *new = old.clone(),
        _ => {}
    }
}

/// Which special fields of a node a new specification touches.
fn spec_fields(old: &Body, new: &Body) -> Fields {
    let mut fields = Fields::empty();
    if let (Some(old), Some(new)) = (old.as_node(), new.as_node()) {
        fields.set(Fields::TAINTS, old.taints != new.taints);
        fields.set(Fields::UNSCHEDULABLE, old.unschedulable != new.unschedulable);
    }
    fields
}
