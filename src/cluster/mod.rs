//! API server and etcd: the only mutable API state, its verbs, its change log and its Events.
//!
//! Components never call one another: they write here and hear of writes through the change log. A write commits at
//! the instant it is made; when a watcher hears of it is the simulation's business (`simulation::delivery`).
//! Knows nothing of scheduling, kubelets or controllers, and computes no desired state.

mod admission;
mod allocate;
mod bootstrap;
pub mod change_log;
mod create;
mod custom;
mod delete;
mod event_correlator;
#[cfg(test)]
mod event_reference_tests;
pub mod event_row;
pub mod events;
mod evict;
mod hostname;
mod hypothetical;
mod import;
mod managed;
pub mod metrics;
pub mod missing_data;
mod pod_set;
mod pods;
mod quota;
mod resize;
mod scale;
pub mod sightings;
mod status;
mod storage;
mod table;
mod templates;
#[cfg(test)]
mod tests;
mod uid;
mod update;
mod view;

pub use change_log::{Change, ChangeLog, Cursor, Fields, Verb};
pub use create::{NewPod, PodName};
pub use delete::{DeleteOptions, Propagation};
pub use event_row::EventRow;
pub use events::{EventDraft, EventType, Said};
pub use managed::FieldManager;
pub use pod_set::PodSet;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::api::custom::CustomKinds;
use crate::api::{Clock, Status};
use crate::engine::SimTime;
use crate::engine::random::{Stream, Streams};
use crate::model::kind::{KINDS, Kind};
use crate::model::labels::Labels;
use crate::model::object::{Body, NamespaceId, NodeId, Object, ObjectMeta, ObjectRef, PodId, TemplateId};
use crate::model::pod::{COMPLETION_INDEX, Pod};
use crate::model::pod_template::PodTemplate;
use crate::model::selector::LabelSelector;
use events::EventStore;
use metrics::Metrics;
use pods::PodTable;
use table::Table;
pub use templates::SharedTemplate;
use templates::Templates;

/// What the API server is started with.
#[derive(Clone, Debug)]
pub struct ClusterSettings {
    /// Wall clock of objects.
    pub clock: Clock,
    /// The run's random streams.
    pub streams: Streams,
    /// `--default-not-ready-toleration-seconds`, in seconds.
    pub not_ready_toleration_seconds: i64,
    /// `--default-unreachable-toleration-seconds`, in seconds.
    pub unreachable_toleration_seconds: i64,
}

/// The state of the API server.
#[derive(Debug)]
pub struct Cluster {
    /// What it was started with.
    pub settings: ClusterSettings,
    /// Every write, in order.
    pub log: ChangeLog,
    /// Kubernetes Events.
    pub events: EventStore,
    /// The metrics APIs.
    pub metrics: Metrics,
    /// Kinds beside the built-in ones.
    pub custom: CustomKinds,
    tables: Vec<Table>,
    /// Objects of kinds that are not built in.
    custom_tables: BTreeMap<Kind, Table>,
    pods: PodTable,
    templates: Templates,
    admitted: admission::Admitted,
    allocator: allocate::Allocator,
    quotas: quota::QuotaIndex,
    imported: import::Imported,
    managed: managed::ManagedFields,
    /// Objects that were made with an owner that never existed.
    with_absent_owner: BTreeSet<ObjectRef>,
    /// Suffixes of `generateName`.
    names: Stream,
}

impl Cluster {
    /// Forgets entries of the log before `cursor`, which all watchers have read, and of objects that have left since then
    /// what only they could ask for: a pod's row keeps its name, phase and reason.
    pub fn forget_before(&mut self, cursor: Cursor) {
        let (pods, events) = (&mut self.pods, &mut self.events);
        events.forget_old_sightings();
        for change in self.log.trim(cursor).filter(|change| change.verb == Verb::Deleted) {
            events.forget(change.object);
            if let Some(pod) = change.object.as_pod() {
                pods.strip(pod);
            }
        }
    }

    /// An API server with its bootstrap objects (namespaces, the `kubernetes` Service, …).
    pub fn new(settings: ClusterSettings) -> Self {
        let names = settings.streams.stream("apiserver/generate-name", 0);
        let allocator = allocate::Allocator::new(settings.streams);
        let mut cluster = Self {
            settings,
            log: ChangeLog::default(),
            events: EventStore::default(),
            metrics: Metrics::default(),
            custom: CustomKinds::default(),
            custom_tables: BTreeMap::new(),
            tables: KINDS.iter().map(|_| Table::default()).collect(),
            pods: PodTable::default(),
            templates: Templates::default(),
            admitted: admission::Admitted::default(),
            allocator,
            quotas: quota::QuotaIndex::default(),
            imported: import::Imported::default(),
            managed: managed::ManagedFields::default(),
            with_absent_owner: BTreeSet::new(),
            names,
        };
        cluster.bootstrap();
        cluster
    }

    /// Wall clock of objects.
    pub fn clock(&self) -> &Clock {
        &self.settings.clock
    }

    /// A pod's row, live or deleted.
    pub fn pod(&self, pod: PodId) -> &Pod {
        self.pods.row(pod)
    }

    /// A pod's template.
    pub fn template_of(&self, pod: PodId) -> &PodTemplate {
        self.templates.get(self.pods.row(pod).template)
    }

    /// A template.
    pub fn template(&self, template: TemplateId) -> &PodTemplate {
        self.templates.get(template)
    }

    /// A template, shared.
    pub fn shared_template(&self, template: TemplateId) -> SharedTemplate {
        self.templates.shared(template)
    }

    /// Is each pod at least as old as those with greater ids? Pods of another cluster need not be.
    pub fn are_pods_by_age(&self) -> bool {
        self.pods.is_by_age()
    }

    /// The id of a template with this content, which is stored if it is new.
    pub fn intern_template(&mut self, template: Arc<PodTemplate>) -> TemplateId {
        self.templates.intern(template)
    }

    /// A pod's labels.
    pub fn labels_of(&self, pod: PodId) -> Cow<'_, Labels> {
        let row = self.pods.row(pod);
        let shared = &*self.templates.get(row.template).labels;
        row.completion().map_or(Cow::Borrowed(shared), |completion| Cow::Owned(completion.labels(shared)))
    }

    /// A pod's annotations.
    pub fn annotations_of(&self, pod: PodId) -> Cow<'_, Labels> {
        let row = self.pods.row(pod);
        let shared = &*self.templates.get(row.template).annotations;
        row.completion().map_or(Cow::Borrowed(shared), |completion| Cow::Owned(completion.annotations(shared)))
    }

    /// A pod's `spec.hostname`, may be empty.
    pub fn hostname_of(&self, pod: PodId) -> Cow<'_, str> {
        let row = self.pods.row(pod);
        match row.completion().filter(|_| row.controller.is_some()) {
            Some(completion) => Cow::Owned(format!("{}-{}", self.meta(row.controller).name, completion.index)),
            None => Cow::Borrowed(&self.templates.get(row.template).spec.hostname),
        }
    }

    /// An object's row, live or deleted.
    ///
    /// # Panics
    /// The reference is to a pod or to no object.
    pub fn object(&self, object: ObjectRef) -> &Object {
        self.table(object.kind).row(object.id)
    }

    /// A node's row, live or deleted.
    pub fn node(&self, node: NodeId) -> &Object {
        self.table(Kind::NODE).row(node.0)
    }

    /// The name of a node, empty for none.
    pub fn node_name(&self, node: NodeId) -> &str {
        if node.is_some() { &self.node(node).meta.name } else { "" }
    }

    /// The name of a namespace, empty for none.
    pub fn namespace_name(&self, namespace: NamespaceId) -> &str {
        if namespace.is_some() { &self.table(Kind::NAMESPACE).row(namespace.0).meta.name } else { "" }
    }

    /// A live namespace by name.
    pub fn namespace(&self, name: &str) -> Option<NamespaceId> {
        self.table(Kind::NAMESPACE).find(NamespaceId::NONE, name).map(NamespaceId)
    }

    /// A live node by name.
    pub fn node_by_name(&self, name: &str) -> Option<NodeId> {
        self.table(Kind::NODE).find(NamespaceId::NONE, name).map(NodeId)
    }

    /// A live object by name; pods too.
    pub fn find(&self, kind: Kind, namespace: NamespaceId, name: &str) -> Option<ObjectRef> {
        if kind == Kind::POD {
            return self.pods.find(namespace, name).map(ObjectRef::pod);
        }
        self.table(kind).find(namespace, name).map(|id| ObjectRef::new(kind, id))
    }

    /// A live object by name, or the server's NotFound.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, kind: Kind, namespace: NamespaceId, name: &str) -> Result<ObjectRef, Status> {
        self.find(kind, namespace, name).ok_or_else(|| Status::not_found(&kind.resource(), name))
    }

    /// All live objects of a kind in order of creation; pods too.
    pub fn list(&self, kind: Kind) -> Box<dyn Iterator<Item = ObjectRef> + '_> {
        if kind == Kind::POD {
            return Box::new(self.pods.live().map(ObjectRef::pod));
        }
        Box::new(self.table(kind).live().map(move |id| ObjectRef::new(kind, id)))
    }

    /// All live nodes in order of creation.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.table(Kind::NODE).live().map(NodeId)
    }

    /// Number of live objects of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        if kind == Kind::POD { self.pods.live_count() } else { self.table(kind).live_count() }
    }

    /// Is it in the API (perhaps being deleted)?
    pub fn is_live(&self, object: ObjectRef) -> bool {
        match object.as_pod() {
            Some(pod) => !self.pod(pod).deleted,
            None => object.is_some() && self.object(object).deleted.is_none(),
        }
    }

    /// Namespace and name of any object, live or deleted.
    pub fn identity(&self, object: ObjectRef) -> (NamespaceId, &str) {
        match object.as_pod() {
            Some(pod) => (self.pod(pod).namespace, &self.pod(pod).name),
            None => (self.object(object).meta.namespace, &self.object(object).meta.name),
        }
    }

    /// Records a Kubernetes Event. In a namespace that is being deleted it is refused like any other new object; one that is
    /// there already is counted on. Upstream: admission plugin NamespaceLifecycle.
    pub fn record_event(&mut self, now: SimTime, draft: EventDraft) {
        let (namespace, _) = self.identity(draft.object);
        let may_create = !namespace.is_some() || {
            let home = self.table(Kind::NAMESPACE).row(namespace.0);
            home.deleted.is_none() && !matches!(home.body, Body::Namespace { terminating: true, .. })
        };
        self.events.record(now, draft, may_create);
    }

    /// Pods whose controller is `owner`, by id (that is, by creation).
    pub fn pods_of(&self, owner: ObjectRef) -> impl Iterator<Item = PodId> + '_ {
        self.pods.by_controller(owner)
    }

    /// Pods bound to a node, by id.
    pub fn pods_on(&self, node: NodeId) -> impl Iterator<Item = PodId> + '_ {
        self.pods.by_node(node)
    }

    /// Pods of a namespace with a given template, by id.
    pub fn pods_with_template(&self, namespace: NamespaceId, template: TemplateId) -> impl Iterator<Item = PodId> + '_ {
        self.pods.by_template(namespace, template)
    }

    /// Live pods of a namespace that a selector selects. Costs a match for each template, not for each pod.
    pub fn pods_matching(&self, namespace: NamespaceId, selector: &LabelSelector) -> Vec<PodId> {
        if selector.requirements.iter().any(|one| one.key == COMPLETION_INDEX) {
            // The index is the one label that pods of one template do not share.
            let pods = self.pods.live().filter(|pod| self.pods.row(*pod).namespace == namespace);
            return pods.filter(|pod| selector.matches(&self.labels_of(*pod))).collect();
        }
        let candidates = self.templates_for(namespace, selector).iter();
        let selected = candidates.filter(|template| selector.matches(&self.templates.get(**template).labels));
        let mut found: Vec<PodId> = selected.flat_map(|template| self.pods.by_template(namespace, *template)).collect();
        found.sort_unstable();
        found
    }

    /// Templates of a namespace that a selector may select: those with a label that it asks for. Of a selector it is always
    /// the same list, which only grows.
    pub fn templates_for(&self, namespace: NamespaceId, selector: &LabelSelector) -> &[TemplateId] {
        match selector.required_pair() {
            Some((key, value)) => self.pods.templates_with(namespace, &key, &value),
            None => self.pods.templates_in(namespace),
        }
    }

    /// Makes a pod's template one of its namespace, if it is the first.
    fn learn_template(&mut self, namespace: NamespaceId, template: TemplateId) {
        if !self.pods.knows_template(namespace, template) {
            let shared = self.templates.shared(template);
            self.pods.learn_template(namespace, template, &shared.labels);
        }
    }

    /// Live pods of a namespace whose template is one of those looked for, by id. Costs a look at each template.
    pub fn pods_of_templates(&self, namespace: NamespaceId, wanted: impl Fn(&PodTemplate) -> bool) -> Vec<PodId> {
        let templates = self.pods.templates_in(namespace).iter().copied();
        let templates = templates.filter(|template| wanted(self.templates.get(*template)));
        let mut found: Vec<PodId> = templates.flat_map(|template| self.pods.by_template(namespace, template)).collect();
        found.sort_unstable();
        found
    }

    /// All kinds that are served.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        Kind::all().chain(self.custom.kinds())
    }

    /// Objects other than pods that name `owner` as an owner, live ones only.
    pub fn dependents(&self, owner: ObjectRef) -> Vec<ObjectRef> {
        let mut found = Vec::new();
        for kind in self.kinds().filter(|kind| *kind != Kind::POD) {
            let table = self.table(kind);
            found.extend(table.owned_by(owner).map(|id| ObjectRef::new(kind, id)));
        }
        found
    }

    /// Objects of one kind whose controller or owner is `owner`, live ones only, by id.
    pub fn owned(&self, owner: ObjectRef, kind: Kind) -> impl Iterator<Item = ObjectRef> + '_ {
        self.table(kind).owned_by(owner).map(move |id| ObjectRef::new(kind, id))
    }

    /// Labels of any object.
    pub fn labels(&self, object: ObjectRef) -> Cow<'_, Labels> {
        match object.as_pod() {
            Some(pod) => self.labels_of(pod),
            None => Cow::Borrowed(&*self.meta(object).labels),
        }
    }

    /// Metadata of an object other than a pod.
    pub fn meta(&self, object: ObjectRef) -> &ObjectMeta {
        &self.object(object).meta
    }

    /// Columns of an object other than a pod.
    pub fn body(&self, object: ObjectRef) -> &Body {
        &self.object(object).body
    }

    fn table(&self, kind: Kind) -> &Table {
        self.tables.get(kind.0 as usize).or_else(|| self.custom_tables.get(&kind)).unwrap_or(&table::EMPTY)
    }

    fn table_mut(&mut self, kind: Kind) -> &mut Table {
        if kind.is_custom() { self.custom_tables.entry(kind).or_default() } else { &mut self.tables[kind.0 as usize] }
    }
}
