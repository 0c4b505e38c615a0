//! Any object as `get -o json` shows it: rows to the JSON of the wire, with the names that its references stand for.

use std::borrow::Cow;

use serde_json::Value;

use crate::api::view::{
    self, EndpointView, EventView, GrantedView, ObjectContext, OwnerView, PodContext, UncountedView,
};
use crate::engine::{SimDuration, SimTime};
use crate::model::job::Uncounted;
use crate::model::kind::Kind;
use crate::model::object::{Body, NodeId, ObjectRef, OwnerReference, PodId, TemplateId};

use super::Cluster;
use super::event_row::{EventRow, StoredSaid};

impl Cluster {
    /// An object, live or deleted, as the API server returns it.
    pub fn view(&self, object: ObjectRef) -> Value {
        let mut view = match object.as_pod() {
            Some(pod) => self.pod_view(pod),
            None => self.object_view(object),
        };
        if let Some(status) = self.imported.status(object) {
            view["status"] = (**status).clone();
        }
        view
    }

    fn pod_view(&self, pod: PodId) -> Value {
        let row = self.pod(pod);
        let mut owners = Vec::new();
        if row.controller.is_some() {
            let controller = OwnerReference { owner: row.controller, controller: true, block_owner_deletion: true };
            owners.push(self.owner_view(&controller));
        }
        if let Some(extra) = &row.extra {
            owners.extend(extra.owners.iter().map(|owner| self.owner_view(owner)));
        }
        let uid = self.uid(ObjectRef::pod(pod));
        let host_ip = if row.node.is_some() { self.address_of(row.node) } else { String::new() };
        let granted = row.status.granted.as_ref().map(|granted| GrantedView {
            allocated: self.template(granted.allocated),
            actual: granted.actual.iter().map(|one| self.template(*one)).collect(),
        });
        let context = PodContext {
            clock: self.settings.clock,
            namespace: self.namespace_name(row.namespace),
            uid: &uid,
            owners: &owners,
            granted: granted.as_ref(),
            node_name: self.node_name(row.node),
            host_ip: &host_ip,
            nominated_node_name: self.node_name(row.nominated),
            token_suffix: &token_suffix(&uid),
            labels: &self.labels_of(pod),
            annotations: &self.annotations_of(pod),
            hostname: &self.hostname_of(pod),
        };
        view::pod(row, self.template(row.template), &context)
    }

    /// The name by which a pod shows a volume of its template: that of its token has a suffix of its own.
    pub fn own_volume_name(&self, pod: PodId, name: &str) -> String {
        if name == view::TOKEN_VOLUME {
            format!("{name}{}", token_suffix(&self.uid(ObjectRef::pod(pod))))
        } else {
            name.to_owned()
        }
    }

    /// Takes out of a pod's view what its row added to its template, so that a pod that is written back keeps a template
    /// that others may share.
    pub fn without_row(&self, pod: PodId, view: &mut Value) {
        let template = self.template_of(pod);
        if template.raw["spec"]["nodeName"].is_null()
            && view["spec"]["nodeName"] == self.node_name(self.pod(pod).node)
            && let Some(spec) = view["spec"].as_object_mut()
        {
            spec.remove("nodeName");
        }
        let own = self.own_volume_name(pod, view::TOKEN_VOLUME);
        let rename = |list: &mut Value| {
            for item in list.as_array_mut().into_iter().flatten() {
                if item["name"] == own.as_str() {
                    item["name"] = Value::from(view::TOKEN_VOLUME);
                }
            }
        };
        let Some(spec) = view["spec"].as_object_mut() else { return };
        spec.get_mut("volumes").into_iter().for_each(rename);
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                container
                    .as_object_mut()
                    .and_then(|container| container.get_mut("volumeMounts"))
                    .into_iter()
                    .for_each(rename);
            }
        }
    }

    fn object_view(&self, object: ObjectRef) -> Value {
        let stored = self.object(object);
        let owners: Vec<OwnerView> = stored.meta.owners.iter().map(|owner| self.owner_view(owner)).collect();
        let uid = self.uid(object);
        let template = template_id(&stored.body).filter(|template| template.is_some());
        let endpoints = self.endpoint_views(&stored.body);
        let context = ObjectContext {
            clock: self.settings.clock,
            namespace: self.namespace_name(stored.meta.namespace),
            uid: &uid,
            owners: &owners,
            template: template.map(|template| self.template(template)),
            endpoints: &endpoints,
            uncounted: &self.uncounted_view(&stored.body),
        };
        view::object(stored, object.kind, &context)
    }

    /// An Event by its row.
    pub fn event_view(&self, row: u32) -> Value {
        let event = self.events.row(row);
        let sort = self.events.sort_of(event);
        let (namespace, name) = self.identity(event.object);
        let involved_namespace = self.namespace_name(namespace);
        let uid = self.uid(event.object);
        let api_version = event.object.kind.api_version();
        view::event(&EventView {
            clock: self.settings.clock,
            name: &self.event_name(row),
            namespace: if involved_namespace.is_empty() { "default" } else { involved_namespace },
            uid: &self.uid(ObjectRef::new(Kind::EVENT, row)),
            resource_version: u64::from(row) + 1,
            involved_api_version: &api_version,
            involved_kind: event.object.kind.name(),
            involved_name: name,
            involved_namespace,
            involved_uid: &uid,
            field_path: &self.event_field_path(row),
            kind: sort.kind.name(),
            reason: &sort.reason,
            message: &self.event_message(event),
            component: &sort.component,
            host: self.node_name(event.host),
            count: self.events.count_of(event),
            first: self.events.first_of(event),
            last: event.last,
        })
    }

    /// What an Event says. Upstream: client-go tools/record `EventAggregatorByReasonMessageFunc`, scheduler
    /// `bindingCycle`, controller `RealPodControl`.
    pub fn event_message(&self, event: &EventRow) -> Cow<'_, str> {
        let said = match event.said() {
            StoredSaid::Text(text) => Cow::Borrowed(self.events.text(text)),
            StoredSaid::Assigned(node) => {
                let (namespace, pod) = self.identity(event.object);
                let (namespace, node) = (self.namespace_name(namespace), self.node_name(node));
                Cow::Owned(format!("Successfully assigned {namespace}/{pod} to {node}"))
            }
            StoredSaid::CreatedPod(pod) => Cow::Owned(format!("Created pod: {}", self.pod(pod).name)),
        };
        if event.is_combined { Cow::Owned(format!("(combined from similar events): {said}")) } else { said }
    }

    /// An Event's name: its object's and the nanoseconds of its first sighting in hexadecimal.
    /// Upstream: client-go tools/record `recorderImpl.makeEvent`.
    pub fn event_name(&self, row: u32) -> String {
        if let Some(name) = self.imported.event_name(row) {
            return name.to_owned();
        }
        let event = self.events.row(row);
        let epoch = self.settings.clock.epoch_seconds as u64;
        let nanos = epoch
            .wrapping_mul(crate::engine::time::NANOS_PER_SECOND)
            .wrapping_add(self.events.first_of(event).0)
            .wrapping_add(u64::from(row));
        format!("{}.{nanos:x}", self.identity(event.object).1)
    }

    /// Is an Event found by a search for those of its object? Upstream: client-go `GetFieldSelector`.
    pub fn event_names_its_place(&self, row: u32) -> bool {
        self.imported.names_place(row)
    }

    /// When the API server forgets an Event: an hour (`--event-ttl`) after it was last written.
    pub fn event_expiry(&self, row: u32) -> SimTime {
        const TTL: SimDuration = SimDuration::from_secs(3600);
        self.events.row(row).last.max(self.imported.event_time(row)) + TTL
    }

    /// `spec.containers{app}` of an Event about a container, else nothing.
    pub fn event_field_path(&self, row: u32) -> String {
        let event = self.events.row(row);
        let (Some(container), Some(pod)) = (event.container, event.object.as_pod()) else { return String::new() };
        let spec = &self.template_of(pod).spec;
        let index = usize::from(container);
        let list = match index {
            _ if index < spec.init_count => "initContainers",
            _ if index < spec.mains().end => "containers",
            _ => "ephemeralContainers",
        };
        spec.containers.get(index).map_or_else(String::new, |container| format!("spec.{list}{{{}}}", container.name))
    }

    pub(super) fn owner_view(&self, owner: &OwnerReference) -> OwnerView {
        OwnerView {
            api_version: owner.owner.kind.api_version(),
            kind: owner.owner.kind.name().to_owned(),
            name: self.identity(owner.owner).1.to_owned(),
            uid: self.uid(owner.owner),
            controller: owner.controller,
            block_owner_deletion: owner.block_owner_deletion,
        }
    }

    fn uncounted_view(&self, body: &Body) -> UncountedView {
        let Body::Job(job) = body else { return UncountedView::default() };
        let uids = |pods: &[PodId]| pods.iter().map(|pod| self.uid(ObjectRef::pod(*pod))).collect();
        let Uncounted { succeeded, failed } = &job.status.uncounted;
        UncountedView { succeeded: uids(succeeded), failed: uids(failed) }
    }

    fn endpoint_views(&self, body: &Body) -> Vec<EndpointView> {
        let Some(slice) = body.as_endpoint_slice() else { return Vec::new() };
        let distribution =
            slice.service.is_some().then(|| &self.object(slice.service).raw["spec"]["trafficDistribution"]);
        let distribution = distribution.and_then(Value::as_str).unwrap_or_default();
        slice
            .endpoints
            .iter()
            .map(|endpoint| {
                let pod = self.pod(endpoint.pod);
                let zone = endpoint
                    .node
                    .is_some()
                    .then(|| self.node(endpoint.node).meta.labels.get("topology.kubernetes.io/zone"))
                    .flatten();
                // Upstream: api/v1/endpoints `ShouldSetHostname`.
                let spec = &self.template(pod.template).spec;
                let is_named = slice.service.is_some() && spec.subdomain == self.meta(slice.service).name;
                let hostname = self.hostname_of(endpoint.pod);
                EndpointView {
                    hostname: if is_named { hostname.into_owned() } else { String::new() },
                    pod: pod.name.to_string(),
                    namespace: self.namespace_name(pod.namespace).to_owned(),
                    uid: self.uid(ObjectRef::pod(endpoint.pod)),
                    node: self.node_name(endpoint.node).to_owned(),
                    zone: zone.unwrap_or_default().to_owned(),
                    // Upstream: k8s.io/endpointslice/trafficdist `ReconcileHints`.
                    zone_hint: endpoint.ready
                        && ["PreferClose", "PreferSameZone", "PreferSameNode"].contains(&distribution),
                    node_hint: endpoint.ready && distribution == "PreferSameNode",
                }
            })
            .collect()
    }

    fn address_of(&self, node: NodeId) -> String {
        match self.node(node).body.as_node() {
            Some(node) if node.internal_ip != 0 => std::net::Ipv4Addr::from_bits(node.internal_ip).to_string(),
            _ => String::new(),
        }
    }
}

/// The template that a workload's columns name.
fn template_id(body: &Body) -> Option<TemplateId> {
    match body {
        Body::Deployment(deployment) => Some(deployment.template),
        Body::ReplicaSet(replica_set) => Some(replica_set.template),
        Body::StatefulSet(stateful_set) => Some(stateful_set.template),
        Body::DaemonSet(daemon_set) => Some(daemon_set.template),
        Body::Job(job) => Some(job.template),
        _ => None,
    }
}

/// Five characters that stand for the random suffix of a pod's token volume: drawn from its UID, never stored.
pub(super) fn token_suffix(uid: &str) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    uid.bytes().rev().take(5).map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])).collect()
}
