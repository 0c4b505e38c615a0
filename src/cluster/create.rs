//! The verb *create*: namespace lifecycle, admission, names, allocation, then a row and a log entry.

mod dry_run;

use std::sync::Arc;

use crate::api::custom::CustomKind;
use crate::api::{Decoded, DecodedBody, OwnerClaim, Reason, Status};
use crate::api::{convert, defaults, names};
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::kind::Kind;
use crate::model::object::{
    Body, NamespaceId, NodeId, Object, ObjectMeta, ObjectRef, OwnerReference, PodId, TemplateId,
};
use crate::model::pod::{Completion, Pod, PodCondition, PodConditionType, PodExtra, PodStatus, Why};

use super::change_log::{Change, Fields, Verb};
use super::{Cluster, uid};

/// `metadata.name` or `metadata.generateName` of a new pod.
#[derive(Clone, Debug)]
pub enum PodName {
    /// This name.
    Exact(Text),
    /// This prefix and a random suffix.
    Generate(Text),
}

/// A pod that a component makes from a template.
#[derive(Clone, Debug)]
pub struct NewPod {
    /// Namespace.
    pub namespace: NamespaceId,
    /// Name.
    pub name: PodName,
    /// Template, before admission.
    pub template: TemplateId,
    /// Its controller, or `ObjectRef::NONE`.
    pub controller: ObjectRef,
    /// `metadata.finalizers`.
    pub finalizers: Vec<Text>,
    /// Is it the mirror of a static pod? Mirrors are bound at once and have no default tolerations.
    pub mirror: bool,
}

/// How often a taken random name is replaced. Upstream: registry/generic `maxNameGenerationCreateAttempts`.
const NAME_ATTEMPTS: usize = 8;

impl Cluster {
    /// Creates an object from a manifest.
    ///
    /// # Errors
    /// The server's refusal: the namespace is missing or terminates, the name is taken, …
    pub fn create(&mut self, now: SimTime, decoded: Decoded) -> Result<ObjectRef, Status> {
        let kind = decoded.kind;
        let namespace = self.namespace_for(kind, &decoded.namespace, &decoded.name)?;
        let owners = self.resolve_owners(&decoded.owners);
        let has_absent_owner = owners.len() < decoded.owners.len();
        let (mut body, mut template) = match decoded.body {
            DecodedBody::Pod(template) => {
                let template = self.intern_template(template);
                let (name, prefix) = (&decoded.name, decoded.generate_name);
                let pod =
                    self.create_decoded_pod(now, namespace, template, name, prefix, owners, decoded.finalizers)?;
                self.with_absent_owner.extend(has_absent_owner.then_some(ObjectRef::pod(pod)));
                return Ok(ObjectRef::pod(pod));
            }
            DecodedBody::Other { body, template } => (body, template),
        };
        let name = self.free_name(kind, namespace, &decoded.name, &decoded.generate_name)?;
        let mut raw = decoded.raw;
        self.apply_default_class(kind, &mut raw);
        let mut labels = decoded.labels;
        if kind == Kind::JOB {
            // Selector and labels of a Job follow from its UID, which it has only now.
            let uid = self.next_uid(kind);
            let object = Arc::make_mut(&mut raw).as_object_mut().expect("a decoded object is one");
            defaults::job_identity(object, &name, &uid);
            body = convert::body(kind, &raw);
            template = Some(Arc::new(convert::pod_template(&raw["spec"]["template"])));
            // Upstream: pkg/apis/batch/v1 `SetDefaults_Job`, when the object is read again.
            if labels.is_empty() {
                labels = Arc::new(convert::labels(&raw["spec"]["template"]["metadata"]["labels"]));
            }
        }
        if let Some(template) = template {
            let template = self.intern_template(template);
            set_template(&mut body, template);
        }
        self.admit_priority_class(&name, &body)?;
        if kind == Kind::PERSISTENT_VOLUME_CLAIM {
            self.admit_claim(namespace, &name, &raw)?;
        }
        self.charge_object(now, kind, namespace, &name, (&raw, &body))?;
        if let Body::Service(service) = &mut body {
            self.check_addresses(&name, service, None)?;
            self.allocate_addresses(service)?;
        }
        let meta = ObjectMeta {
            namespace,
            name,
            labels,
            annotations: decoded.annotations,
            owners,
            finalizers: decoded.finalizers,
            created: now,
            ..ObjectMeta::default()
        };
        let object = self.insert_object(now, kind, Object { meta, raw, body, deleted: None });
        self.with_absent_owner.extend(has_absent_owner.then_some(object));
        self.define_kind(now, object);
        if kind.is_custom() && self.custom.get(kind).is_none() {
            let info = kind.info();
            self.custom.define(CustomKind::of_object(&kind.api_version(), info.name));
        }
        Ok(object)
    }

    /// Would `create` be refused? Nothing is stored. Upstream: a request with `dryRun=All`.
    ///
    /// # Errors
    /// As `create`.
    pub fn check_create(&mut self, decoded: &Decoded) -> Result<(), Status> {
        let (kind, name) = (decoded.kind, &decoded.name);
        let namespace = self.namespace_for(kind, &decoded.namespace, name)?;
        let template = match &decoded.body {
            DecodedBody::Pod(template) => {
                let template = self.intern_template(Arc::clone(template));
                Some(self.admit_pod(namespace, template, name)?)
            }
            DecodedBody::Other { .. } => None,
        };
        if !name.is_empty() && self.find(kind, namespace, name).is_some() {
            return Err(Status::already_exists(&kind.resource(), name));
        }
        if let Some(template) = template {
            return self.pod_charge(namespace, template, name).map(drop);
        }
        let DecodedBody::Other { body, .. } = &decoded.body else { return Ok(()) };
        self.admit_priority_class(name, body)?;
        if kind == Kind::PERSISTENT_VOLUME_CLAIM {
            self.admit_claim(namespace, name, &decoded.raw)?;
        }
        self.object_charge(kind, namespace, name, (&decoded.raw, body))?;
        match body {
            Body::Service(service) => self.check_addresses(name, service, None),
            _ => Ok(()),
        }
    }

    /// A suffix that a client draws for a name of its own (a container's); `place` tells draws of one moment apart.
    pub fn client_suffix(&self, place: usize) -> String {
        let moment = self.log.end().0.wrapping_mul(64).wrapping_add(place as u64);
        let mut stream = self.settings.streams.stream("kubectl/container-name", moment);
        names::suffix(&mut stream).map(char::from).iter().collect()
    }

    /// The UID that the next object of a kind will have.
    pub fn next_uid(&self, kind: Kind) -> String {
        self.uid(ObjectRef::new(kind, self.table(kind).next_id()))
    }

    /// Creates a pod from a template that is stored already: how controllers make pods.
    ///
    /// # Errors
    /// As `create`.
    pub fn create_pod(&mut self, now: SimTime, new: NewPod) -> Result<PodId, Status> {
        let (name, generate_name) = match new.name {
            PodName::Exact(name) => (name, Text::default()),
            PodName::Generate(prefix) => (Text::default(), prefix),
        };
        self.check_namespace(Kind::POD, new.namespace, &name)?;
        let owners = if new.controller.is_some() {
            vec![OwnerReference { owner: new.controller, controller: true, block_owner_deletion: true }]
        } else {
            Vec::new()
        };
        if new.mirror {
            let name = self.free_name(Kind::POD, new.namespace, &name, &generate_name)?;
            return Ok(self.insert_pod(
                now,
                new.namespace,
                new.template,
                name,
                generate_name,
                owners,
                new.finalizers,
                true,
            ));
        }
        let mut finalizers = self.template(new.template).finalizers.clone();
        finalizers.extend(new.finalizers);
        self.create_decoded_pod(now, new.namespace, new.template, &name, generate_name, owners, finalizers)
    }

    /// Creates the pod of an index of a Job.
    ///
    /// # Errors
    /// As `create`.
    pub fn create_indexed_pod(&mut self, now: SimTime, new: NewPod, completion: Completion) -> Result<PodId, Status> {
        let pod = self.create_pod(now, new)?;
        self.pods.row_mut(pod).extra.get_or_insert_default().completion = Some(completion);
        Ok(pod)
    }

    #[expect(clippy::too_many_arguments, reason = "a pod's metadata, once, between two private functions")]
    fn create_decoded_pod(
        &mut self,
        now: SimTime,
        namespace: NamespaceId,
        template: TemplateId,
        name: &Text,
        generate_name: Text,
        owners: Vec<OwnerReference>,
        finalizers: Vec<Text>,
    ) -> Result<PodId, Status> {
        // A generated name is there before admission, which says it in its refusals; a given one is looked up after it.
        // Upstream: endpoints/handlers `createHandler`, registry/rest `FillObjectMetaSystemFields`.
        let given =
            if name.is_empty() { self.free_name(Kind::POD, namespace, name, &generate_name)? } else { name.clone() };
        let template = self.admit_pod(namespace, template, &given)?;
        let name = if name.is_empty() { given } else { self.free_name(Kind::POD, namespace, name, &generate_name)? };
        self.charge_pod(now, namespace, template, &name)?;
        Ok(self.insert_pod(now, namespace, template, name, generate_name, owners, finalizers, false))
    }

    #[expect(clippy::too_many_arguments, reason = "a pod's metadata, once, between two private functions")]
    fn insert_pod(
        &mut self,
        now: SimTime,
        namespace: NamespaceId,
        template: TemplateId,
        name: Text,
        generate_name: Text,
        owners: Vec<OwnerReference>,
        finalizers: Vec<Text>,
        mirror: bool,
    ) -> PodId {
        let controller = owners.iter().find(|owner| owner.controller).map_or(ObjectRef::NONE, |owner| owner.owner);
        let other_owners: Vec<OwnerReference> = owners.into_iter().filter(|owner| !owner.controller).collect();
        // A controller's pods are named after it; only an unusual generateName is worth a box.
        let unusual_prefix =
            generate_name.strip_suffix('-').is_some_and(|prefix| !self.is_controller_name(controller, prefix));
        let needs_extra = mirror || !finalizers.is_empty() || !other_owners.is_empty() || unusual_prefix;
        let extra = needs_extra
            .then(|| Box::new(PodExtra { finalizers, owners: other_owners, generate_name, mirror, completion: None }));
        let spec = &self.template(template).spec;
        let node = if spec.node_name.is_empty() {
            NodeId::NONE
        } else {
            self.node_by_name(&spec.node_name).unwrap_or_default()
        };
        let mut status = PodStatus::default();
        if !spec.scheduling_gates.is_empty() {
            // Upstream: registry/core/pod `applySchedulingGatedCondition`.
            status.conditions.push(PodCondition::new(
                PodConditionType::PodScheduled,
                ConditionStatus::False,
                Why::new(
                    Text::const_new("SchedulingGated"),
                    Text::const_new("Scheduling is blocked due to non-empty scheduling gates"),
                ),
                now,
            ));
        }
        let pod = Pod { controller, node, extra, status, ..Pod::new(name, namespace, template, now) };
        self.learn_template(namespace, template);
        let id = self.pods.insert(pod);
        let version =
            self.log.append(Change { at: now, object: ObjectRef::pod(id), verb: Verb::Added, fields: Fields::all() });
        self.pods.row_mut(id).resource_version = version;
        id
    }

    fn is_controller_name(&self, controller: ObjectRef, name: &str) -> bool {
        controller.is_some() && controller.kind != Kind::POD && self.meta(controller).name == name
    }

    /// Stores a ready object and logs it.
    pub(super) fn insert_object(&mut self, now: SimTime, kind: Kind, object: Object) -> ObjectRef {
        self.admitted.object_changed(kind);
        let namespace = object.meta.namespace;
        let id = self.table_mut(kind).insert(object);
        let reference = ObjectRef::new(kind, id);
        self.quotas.insert(namespace, reference);
        let version = self.log.append(Change { at: now, object: reference, verb: Verb::Added, fields: Fields::all() });
        self.table_mut(kind).row_mut(id).meta.resource_version = version;
        reference
    }

    /// The namespace a manifest goes to. Upstream: admission plugin NamespaceLifecycle.
    fn namespace_for(&self, kind: Kind, namespace: &str, name: &str) -> Result<NamespaceId, Status> {
        if !kind.is_namespaced() {
            return Ok(NamespaceId::NONE);
        }
        let found = self.namespace(namespace).ok_or_else(|| Status::not_found("namespaces", namespace))?;
        self.check_namespace(kind, found, name)?;
        Ok(found)
    }

    fn check_namespace(&self, kind: Kind, namespace: NamespaceId, name: &str) -> Result<(), Status> {
        let row = self.table(Kind::NAMESPACE).row(namespace.0);
        if row.deleted.is_some() {
            return Err(Status::not_found("namespaces", &row.meta.name));
        }
        if matches!(row.body, Body::Namespace { terminating: true, .. }) {
            let (resource, namespace) = (kind.resource(), &row.meta.name);
            let message = format!(
                "{resource} \"{name}\" is forbidden: unable to create new content in namespace {namespace} because it is being terminated"
            );
            return Err(Status::new(Reason::Forbidden, message));
        }
        Ok(())
    }

    /// The name itself, or a free one from the prefix.
    fn free_name(&mut self, kind: Kind, namespace: NamespaceId, name: &Text, prefix: &Text) -> Result<Text, Status> {
        if !name.is_empty() {
            return match self.find(kind, namespace, name) {
                Some(_) => Err(Status::already_exists(&kind.resource(), name)),
                None => Ok(name.clone()),
            };
        }
        let mut candidate = Text::default();
        for _ in 0..NAME_ATTEMPTS {
            candidate = names::generate(prefix, &mut self.names);
            if self.find(kind, namespace, &candidate).is_none() {
                return Ok(candidate);
            }
        }
        Err(Status::already_exists(&kind.resource(), &candidate))
    }

    pub(super) fn resolve_owners(&self, claims: &[OwnerClaim]) -> Vec<OwnerReference> {
        claims
            .iter()
            .filter_map(|claim| {
                let owner = self.object_of_uid(&claim.uid)?;
                Some(OwnerReference {
                    owner,
                    controller: claim.controller,
                    block_owner_deletion: claim.block_owner_deletion,
                })
            })
            .collect()
    }

    /// Does the object name an owner that never existed? It keeps no reference to it, and the garbage collector treats it
    /// as one whose owner is gone.
    pub fn has_absent_owner(&self, object: ObjectRef) -> bool {
        self.with_absent_owner.contains(&object)
    }

    /// The UID of an object.
    pub fn uid(&self, object: ObjectRef) -> String {
        match self.imported.uid(object) {
            Some(uid) => uid.to_owned(),
            None => uid::text(uid::uid(self.settings.streams.mask(), object)),
        }
    }

    /// The UID of an object as a number; 0 if it was imported with one that is no UUID.
    pub fn uid_number(&self, object: ObjectRef) -> u128 {
        match self.imported.uid(object) {
            Some(uid) => u128::from_str_radix(&uid.replace('-', ""), 16).unwrap_or_default(),
            None => uid::uid(self.settings.streams.mask(), object),
        }
    }

    /// The object of a UID, if it ever existed here.
    pub fn object_of_uid(&self, text: &str) -> Option<ObjectRef> {
        if let Some(imported) = self.imported.object_of_uid(text) {
            return Some(imported);
        }
        let object = uid::object(self.settings.streams.mask(), text)?;
        let known = if object.kind == Kind::POD { self.pods.len() } else { self.table(object.kind).next_id() };
        (object.id < known).then_some(object)
    }
}

/// Fills in the interned template of a workload's columns.
pub(super) fn set_template(body: &mut Body, template: TemplateId) {
    match body {
        Body::Deployment(deployment) => deployment.template = template,
        Body::ReplicaSet(replica_set) => replica_set.template = template,
        Body::StatefulSet(stateful_set) => stateful_set.template = template,
        Body::DaemonSet(daemon_set) => daemon_set.template = template,
        Body::Job(job) => job.template = template,
        _ => {}
    }
}
