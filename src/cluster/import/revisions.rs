//! Which revision an imported workload is at. A dump tells it twice: by name (in statuses, annotations and labels) and by
//! content, and the contents may differ in form only (defaults of another version, redacted values), or be missing. A
//! controller would see another template there and roll every pod, so that the name decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use crate::api::convert;
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{Body, Object, ObjectMeta, ObjectRef, OwnerReference, PodId, TemplateId};
use crate::model::pod_template::PodTemplate;

/// Upstream: apis/apps/v1 `ControllerRevisionHashLabelKey`, `DefaultDeploymentUniqueLabelKey`; deployment/util
/// `RevisionAnnotation`.
const REVISION_HASH: &str = "controller-revision-hash";
const TEMPLATE_HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

impl Cluster {
    /// After an import: revisions that carry the name of a workload's current one get its template.
    pub(super) fn align_revisions(&mut self, now: SimTime) {
        let list = |cluster: &Self, kind| cluster.list(kind).collect::<Vec<ObjectRef>>();
        for deployment in list(self, Kind::DEPLOYMENT) {
            self.align_replica_set(deployment);
        }
        for set in list(self, Kind::STATEFUL_SET) {
            self.align_stateful_set(now, set);
        }
        for set in list(self, Kind::DAEMON_SET) {
            self.align_daemon_set(now, set);
        }
    }

    fn align_replica_set(&mut self, deployment: ObjectRef) {
        let meta = self.meta(deployment);
        let Some(columns) = self.body(deployment).as_deployment() else { return };
        let Some(revision) = meta.annotations.get(REVISION) else { return };
        if columns.status.observed_generation != meta.generation {
            return;
        }
        let template = columns.template;
        let is_current = |set: &ObjectRef| self.meta(*set).annotations.get(REVISION) == Some(revision);
        let Some(set) = self.owned(deployment, Kind::REPLICA_SET).find(is_current) else { return };
        let Some(own) = self.body(set).as_replica_set().map(|columns| columns.template) else { return };
        let Some(hash) = self.template(own).labels.get(TEMPLATE_HASH) else { return };
        let wanted = with_hash(self.template(template), hash);
        if wanted.raw == self.template(own).raw {
            return;
        }
        let raw = Arc::clone(&wanted.raw);
        let wanted = self.intern_template(Arc::new(wanted));
        let row = self.table_mut(Kind::REPLICA_SET).row_mut(set.id);
        if let Body::ReplicaSet(columns) = &mut row.body {
            columns.template = wanted;
        }
        Arc::make_mut(&mut row.raw)["spec"]["template"] = (*raw).clone();
    }

    fn align_stateful_set(&mut self, now: SimTime, set: ObjectRef) {
        let Some(columns) = self.body(set).as_stateful_set() else { return };
        let (status, template) = (columns.status.clone(), columns.template);
        if status.update_revision.is_empty() || status.observed_generation != self.meta(set).generation {
            return;
        }
        let older = status.current_revision.clone();
        if !older.is_empty() && older != status.update_revision && self.revision(set, &older).is_none() {
            let is_older = |pod: &PodId| self.template_of(*pod).labels.get(REVISION_HASH) == Some(older.as_str());
            let template = self.pods_of(set).find(is_older).map(|pod| self.pod(pod).template);
            if let Some(template) = template {
                self.make_revision(now, set, &older, template);
            }
        }
        self.align_revision(now, set, &status.update_revision, template);
    }

    /// A DaemonSet's status does not name its revision: it is the last one, or the one of most of its pods.
    fn align_daemon_set(&mut self, now: SimTime, set: ObjectRef) {
        let Some(columns) = self.body(set).as_daemon_set() else { return };
        if columns.status.observed_generation != self.meta(set).generation {
            return;
        }
        let template = columns.template;
        let last = self.owned(set, Kind::CONTROLLER_REVISION).max_by_key(|revision| self.number(*revision));
        let name = last.map(|revision| self.meta(revision).name.clone()).or_else(|| {
            let mut hashes: BTreeMap<&str, usize> = BTreeMap::new();
            for pod in self.pods_of(set) {
                *hashes.entry(self.template_of(pod).labels.get(REVISION_HASH)?).or_default() += 1;
            }
            let hash = hashes.into_iter().max_by_key(|(_, pods)| *pods)?.0;
            Some(Text::from(format!("{}-{hash}", self.meta(set).name)))
        });
        if let Some(name) = name {
            self.align_revision(now, set, &name, template);
        }
    }

    fn revision(&self, owner: ObjectRef, name: &str) -> Option<ObjectRef> {
        self.owned(owner, Kind::CONTROLLER_REVISION).find(|revision| self.meta(*revision).name == name)
    }

    fn number(&self, revision: ObjectRef) -> i64 {
        self.object(revision).raw["revision"].as_i64().unwrap_or_default()
    }

    fn next_number(&self, owner: ObjectRef) -> i64 {
        let numbers = self.owned(owner, Kind::CONTROLLER_REVISION).map(|revision| self.number(revision));
        numbers.max().unwrap_or_default() + 1
    }

    /// The current revision holds the workload's template, and is the last one.
    fn align_revision(&mut self, now: SimTime, owner: ObjectRef, name: &str, template: TemplateId) {
        let Some(revision) = self.revision(owner, name) else {
            self.make_revision(now, owner, name, template);
            return;
        };
        let (number, next) = (self.number(revision), self.next_number(owner));
        let data = patch_of(self.template(template));
        let raw = Arc::make_mut(&mut self.table_mut(Kind::CONTROLLER_REVISION).row_mut(revision.id).raw);
        raw["data"]["spec"]["template"] = data;
        if number + 1 != next {
            raw["revision"] = next.into();
        }
    }

    fn make_revision(&mut self, now: SimTime, owner: ObjectRef, name: &str, template: TemplateId) {
        let meta = self.meta(owner);
        let (namespace, created) = (meta.namespace, meta.created.min(now));
        let hash = name.strip_prefix(meta.name.as_str()).and_then(|rest| rest.strip_prefix('-')).unwrap_or(name);
        let raw = json!({
            "apiVersion": "apps/v1", "kind": "ControllerRevision",
            "metadata": {"name": name, "namespace": self.namespace_name(namespace)},
            "data": {"spec": {"template": patch_of(self.template(template))}},
            "revision": self.next_number(owner),
        });
        let labels = self.template(template).labels.with(REVISION_HASH, hash);
        let body = convert::body(Kind::CONTROLLER_REVISION, &raw);
        let owners = vec![OwnerReference { owner, controller: true, block_owner_deletion: true }];
        let labels = Arc::new(labels);
        let meta = ObjectMeta { namespace, name: name.into(), labels, owners, created, ..ObjectMeta::default() };
        self.insert_object(now, Kind::CONTROLLER_REVISION, Object { meta, raw: Arc::new(raw), body, deleted: None });
    }
}

fn patch_of(template: &PodTemplate) -> Value {
    let mut patch = (*template.raw).clone();
    patch["$patch"] = "replace".into();
    patch
}

fn with_hash(template: &PodTemplate, hash: &str) -> PodTemplate {
    let labels = Arc::new(template.labels.with(TEMPLATE_HASH, hash));
    let mut raw = (*template.raw).clone();
    raw["metadata"]["labels"][TEMPLATE_HASH] = hash.into();
    PodTemplate::new(labels, Arc::clone(&template.annotations), template.spec.clone(), Arc::new(raw))
}
