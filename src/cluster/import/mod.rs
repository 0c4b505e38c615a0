//! Objects as another cluster stored them: with UID, times and status, past admission and validation.
//!
//! A stored status is shown word for word until somebody writes to it; from then on the model's columns speak. Objects
//! that others refer to and that a dump lacks (owners, nodes, what Events are about) get rows that were never live.

mod dump;
mod revisions;

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::api::convert;
use crate::api::decode::{self, DecodeCache, DecodeError};
use crate::api::value::{flag, int, items, object_mut, short, text};
use crate::api::{Decoded, DecodedBody};
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{Body, Deletion, NamespaceId, NodeId, Object, ObjectMeta, ObjectRef, OwnerReference};
use crate::model::pod::{Pod, PodExtra};

use super::Cluster;
use super::change_log::{Change, Fields, Verb};
use super::create::set_template;
use super::event_row::EventRow;
use super::events::EventType;

/// What imported objects have beside their rows.
#[derive(Debug, Default)]
pub(super) struct Imported {
    uids: FxHashMap<ObjectRef, Text>,
    objects: FxHashMap<Text, ObjectRef>,
    /// Statuses to which nobody has written since.
    statuses: FxHashMap<ObjectRef, Arc<Value>>,
    /// Names of Events, when they were taken over, and whether they name their object's namespace.
    events: FxHashMap<u32, (Text, SimTime, bool)>,
}

impl Imported {
    pub(super) fn uid(&self, object: ObjectRef) -> Option<&str> {
        self.uids.get(&object).map(Text::as_str)
    }

    pub(super) fn object_of_uid(&self, uid: &str) -> Option<ObjectRef> {
        self.objects.get(uid).copied()
    }

    /// The status as it was stored, if it still holds.
    pub(super) fn status(&self, object: ObjectRef) -> Option<&Arc<Value>> {
        self.statuses.get(&object)
    }

    pub(super) fn event_name(&self, row: u32) -> Option<&str> {
        self.events.get(&row).map(|(name, ..)| name.as_str())
    }

    /// When an Event was taken over: it was there then, however old it is.
    pub(super) fn event_time(&self, row: u32) -> SimTime {
        self.events.get(&row).map_or(SimTime::ZERO, |(_, at, _)| *at)
    }

    /// Does an Event name the namespace of its object? Searches for an object's Events go by it.
    pub(super) fn names_place(&self, row: u32) -> bool {
        self.events.get(&row).is_none_or(|(_, _, named)| *named)
    }

    /// Somebody wrote to the object.
    pub(super) fn written(&mut self, object: ObjectRef, fields: Fields) {
        const STATUS: Fields = Fields::STATUS
            .union(Fields::PHASE)
            .union(Fields::READY)
            .union(Fields::CONDITIONS)
            .union(Fields::CONTAINERS)
            .union(Fields::BOUND)
            .union(Fields::NOMINATED)
            .union(Fields::ALLOCATABLE);
        if !self.statuses.is_empty() && fields.intersects(STATUS) {
            self.statuses.remove(&object);
        }
    }

    fn remember(&mut self, object: ObjectRef, uid: &str) {
        if !uid.is_empty() {
            self.uids.insert(object, uid.into());
            self.objects.insert(uid.into(), object);
        }
    }
}

impl Cluster {
    /// Takes over an object as `kubectl get -o json` showed it. One of the same name is replaced.
    ///
    /// # Errors
    /// It has no known kind, or fields of wrong types.
    pub fn import(&mut self, now: SimTime, value: Value, cache: &mut DecodeCache) -> Result<ObjectRef, DecodeError> {
        if text(&value["kind"]) == "Event" {
            return Ok(self.import_event(now, &value));
        }
        let mut value = value;
        let status = value.as_object_mut().and_then(|object| object.remove("status")).unwrap_or_default();
        let metadata = value["metadata"].clone();
        let node_name = bound_to(&mut value);
        if text(&value["kind"]) == "Node" {
            // A node's capacity and images are columns.
            value["status"] = status.clone();
        }
        let decoded = decode::stored(value, cache)?;
        let owners = self.import_owners(&metadata["ownerReferences"], &decoded.namespace);
        let object = if decoded.kind == Kind::POD {
            self.import_pod(now, decoded, &metadata, &status, &node_name, owners)
        } else {
            self.import_object(now, decoded, &metadata, &status, owners)
        };
        self.imported.remember(object, text(&metadata["uid"]));
        if !status.is_null() {
            self.imported.statuses.insert(object, Arc::new(status));
        }
        Ok(object)
    }

    fn import_pod(
        &mut self,
        now: SimTime,
        decoded: Decoded,
        metadata: &Value,
        status: &Value,
        node_name: &str,
        owners: Vec<OwnerReference>,
    ) -> ObjectRef {
        let DecodedBody::Pod(template) = decoded.body else { return ObjectRef::NONE };
        let namespace = self.import_namespace(&decoded.namespace);
        let controller = owners.iter().find(|owner| owner.controller).map_or(ObjectRef::NONE, |owner| owner.owner);
        let owners: Vec<OwnerReference> = owners.into_iter().filter(|owner| !owner.controller).collect();
        let generate_name = short(&metadata["generateName"]);
        let mirror = !metadata["annotations"]["kubernetes.io/config.mirror"].is_null();
        let needs_extra = mirror || !decoded.finalizers.is_empty() || !owners.is_empty() || !generate_name.is_empty();
        let extra = needs_extra.then(|| {
            Box::new(PodExtra { finalizers: decoded.finalizers, owners, generate_name, mirror, completion: None })
        });
        let clock = *self.clock();
        let row = Pod {
            name: decoded.name,
            namespace,
            status: convert::pod_status(status, &template.spec, clock),
            template: self.intern_template(template),
            controller,
            node: self.import_node_reference(node_name),
            nominated: self.import_node_reference(text(&status["nominatedNodeName"])),
            generation: u32::try_from(int(&metadata["generation"])).unwrap_or_default(),
            created: clock.time_of(text(&metadata["creationTimestamp"])).unwrap_or(now),
            resource_version: 0,
            deletion: self.deletion_of(metadata),
            deleted: false,
            extra,
        };
        if let Some(old) = self.pods.find(row.namespace, &row.name) {
            self.pods.remove(old);
            self.log_import(now, ObjectRef::pod(old), Verb::Deleted);
        }
        self.learn_template(row.namespace, row.template);
        let object = ObjectRef::pod(self.pods.insert(row));
        self.log_import(now, object, Verb::Added);
        object
    }

    fn import_object(
        &mut self,
        now: SimTime,
        decoded: Decoded,
        metadata: &Value,
        status: &Value,
        owners: Vec<OwnerReference>,
    ) -> ObjectRef {
        let kind = decoded.kind;
        let DecodedBody::Other { mut body, template } = decoded.body else { return ObjectRef::NONE };
        let namespace =
            if kind.is_namespaced() { self.import_namespace(&decoded.namespace) } else { NamespaceId::NONE };
        if let Some(template) = template {
            let template = self.intern_template(template);
            set_template(&mut body, template);
        }
        let clock = *self.clock();
        convert::lay_status(&mut body, status, clock);
        let meta = ObjectMeta {
            namespace,
            name: decoded.name,
            labels: decoded.labels,
            annotations: decoded.annotations,
            owners,
            finalizers: decoded.finalizers,
            generation: int(&metadata["generation"]),
            resource_version: 0,
            created: clock.time_of(text(&metadata["creationTimestamp"])).unwrap_or(now),
            deletion: self.deletion_of(metadata),
        };
        let row = Object { meta, raw: decoded.raw, body, deleted: None };
        self.admitted.object_changed(kind);
        if let Some(id) = self.table(kind).find(namespace, &row.meta.name) {
            // Namespaces and what else the cluster is born with keep their rows: others refer to them.
            let object = ObjectRef::new(kind, id);
            let owners = row.meta.owners.clone();
            let table = self.table_mut(kind);
            let version = table.row(id).meta.resource_version;
            *table.row_mut(id) = row;
            table.row_mut(id).meta.resource_version = version;
            table.row_mut(id).meta.owners = Vec::new();
            table.set_owners(id, owners);
            self.log_import(now, object, Verb::Modified);
            return object;
        }
        self.reserve_addresses(&row.body);
        let object = ObjectRef::new(kind, self.table_mut(kind).insert(row));
        self.quotas.insert(namespace, object);
        self.log_import(now, object, Verb::Added);
        object
    }

    fn log_import(&mut self, now: SimTime, object: ObjectRef, verb: Verb) {
        let version = self.log.append(Change { at: now, object, verb, fields: Fields::all() });
        match object.as_pod() {
            Some(pod) => self.pods.row_mut(pod).resource_version = version,
            None => self.table_mut(object.kind).row_mut(object.id).meta.resource_version = version,
        }
    }

    fn deletion_of(&self, metadata: &Value) -> Option<Deletion> {
        let timestamp = self.clock().time_of(text(&metadata["deletionTimestamp"]))?;
        let grace_seconds = u32::try_from(int(&metadata["deletionGracePeriodSeconds"])).unwrap_or_default();
        let grace = SimDuration::from_secs(u64::from(grace_seconds));
        Some(Deletion { requested: SimTime(timestamp.0.saturating_sub(grace.0)), timestamp, grace_seconds })
    }

    /// A namespace that a dump names and does not hold exists all the same.
    fn import_namespace(&mut self, name: &str) -> NamespaceId {
        let name = if name.is_empty() { "default" } else { name };
        if let Some(known) = self.namespace(name) {
            return known;
        }
        let raw = json!({"metadata": {"name": name}, "spec": {"finalizers": ["kubernetes"]}});
        let labels = crate::model::labels::Labels::from_pairs([("kubernetes.io/metadata.name", name)]);
        let meta = ObjectMeta { name: name.into(), labels: Arc::new(labels), ..ObjectMeta::default() };
        let body = Body::Namespace { terminating: false, conditions: Vec::new() };
        let last = self.log.last_at();
        NamespaceId(
            self.insert_object(last, Kind::NAMESPACE, Object { meta, raw: Arc::new(raw), body, deleted: None }).id,
        )
    }

    fn import_node_reference(&mut self, name: &str) -> NodeId {
        if name.is_empty() {
            return NodeId::NONE;
        }
        match self.node_by_name(name) {
            Some(node) => node,
            None => self.never_live(Kind::NODE, NamespaceId::NONE, name).as_node().unwrap_or_default(),
        }
    }

    fn import_owners(&mut self, references: &Value, namespace: &str) -> Vec<OwnerReference> {
        let mut owners = Vec::new();
        for reference in items(references) {
            let uid = text(&reference["uid"]);
            let known = self.object_of_uid(uid);
            let owner = if let Some(owner) = known {
                owner
            } else {
                let kind = Kind::from_manifest(text(&reference["apiVersion"]), text(&reference["kind"]));
                let Some(kind) = kind else { continue };
                let namespace = if kind.is_namespaced() { self.import_namespace(namespace) } else { NamespaceId::NONE };
                let name = text(&reference["name"]);
                let owner = self
                    .find(kind, namespace, name)
                    .filter(|found| self.imported.uid(*found).is_none())
                    .unwrap_or_else(|| self.never_live(kind, namespace, name));
                self.imported.remember(owner, uid);
                owner
            };
            owners.push(OwnerReference {
                owner,
                controller: flag(&reference["controller"]),
                block_owner_deletion: flag(&reference["blockOwnerDeletion"]),
            });
        }
        owners
    }

    /// The row of an object that is only referred to.
    fn never_live(&mut self, kind: Kind, namespace: NamespaceId, name: &str) -> ObjectRef {
        if kind == Kind::POD {
            let template = self.intern_template(Arc::new(convert::pod_template(&json!({"metadata": {}, "spec": {}}))));
            self.learn_template(namespace, template);
            let pod = self.pods.insert(Pod::new(name.into(), namespace, template, SimTime::ZERO));
            self.pods.remove(pod);
            return ObjectRef::pod(pod);
        }
        let meta = ObjectMeta { namespace, name: name.into(), ..ObjectMeta::default() };
        let body = convert::body(kind, &Value::Null);
        let row = Object { meta, raw: Arc::new(json!({})), body, deleted: None };
        let table = self.table_mut(kind);
        let id = table.insert(row);
        table.remove(id, SimTime::ZERO);
        ObjectRef::new(kind, id)
    }

    /// An Event; an object that is gone gets a row for it.
    fn import_event(&mut self, now: SimTime, value: &Value) -> ObjectRef {
        let about = &value["involvedObject"];
        let api_version = text(&about["apiVersion"]);
        let kind = Kind::from_manifest(if api_version.is_empty() { "v1" } else { api_version }, text(&about["kind"]))
            .or_else(|| Kind::all().find(|kind| kind.name() == text(&about["kind"])))
            .unwrap_or(Kind::CONFIG_MAP);
        let namespace = if kind.is_namespaced() {
            self.import_namespace(text(&value["metadata"]["namespace"]))
        } else {
            NamespaceId::NONE
        };
        let name = text(&about["name"]);
        let object =
            self.object_of_uid(text(&about["uid"])).or_else(|| self.find(kind, namespace, name)).unwrap_or_else(|| {
                let object = self.never_live(kind, namespace, name);
                self.imported.remember(object, text(&about["uid"]));
                object
            });
        let clock = *self.clock();
        let at = |keys: &[&str]| {
            let written = keys.iter().map(|key| text(&value[*key])).find(|text| !text.is_empty());
            written.and_then(|text| clock.time_of(text)).unwrap_or(SimTime::ZERO)
        };
        let source = &value["source"];
        let component = [text(&source["component"]), text(&value["reportingComponent"])];
        let series = &value["series"];
        let counted = int(&value["count"]).max(int(&series["count"])).max(1);
        let kind_of_event = if text(&value["type"]) == "Warning" { EventType::Warning } else { EventType::Normal };
        let component = component.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let sort = self.events.intern_sort(kind_of_event, short(&value["reason"]), component.into());
        let message = self.events.import_message(text(&value["message"]));
        let container = self.container_of(object, text(&about["fieldPath"]));
        let host = self.import_node_reference(text(&source["host"]));
        let first = at(&["firstTimestamp", "eventTime"]);
        let row = EventRow::new(first, (object, container, host), sort, message);
        let last = at(&["lastTimestamp", "eventTime", "firstTimestamp"]);
        let id = self.events.import(row, last, u32::try_from(counted).unwrap_or(u32::MAX));
        let named = if kind.is_namespaced() { text(&value["metadata"]["namespace"]) } else { "" };
        let named = text(&about["namespace"]) == named;
        self.imported.events.insert(id, (short(&value["metadata"]["name"]), now, named));
        let event = ObjectRef::new(Kind::EVENT, id);
        self.imported.remember(event, text(&value["metadata"]["uid"]));
        event
    }

    /// The container of a field path such as `spec.containers{app}`.
    fn container_of(&self, object: ObjectRef, path: &str) -> Option<u8> {
        let name = path.split_once('{')?.1.strip_suffix('}')?;
        let spec = &self.template_of(object.as_pod()?).spec;
        let index = spec.containers.iter().position(|container| container.name == name)?;
        u8::try_from(index).ok()
    }
}

/// `spec.nodeName`, taken out of a pod so that siblings on different nodes share a template.
fn bound_to(value: &mut Value) -> String {
    if text(&value["kind"]) != "Pod" {
        return String::new();
    }
    let Some(object) = value.as_object_mut() else { return String::new() };
    let name = object_mut(object, "spec").remove("nodeName").unwrap_or_default();
    text(&name).to_owned()
}
