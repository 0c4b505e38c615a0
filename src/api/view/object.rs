//! Any object other than a pod.

use serde_json::{Value, json};

use super::super::clock::Clock;
use super::super::value::{Object, find_mut, object_mut};
use super::meta::{self, MetaParts, OwnerView};
use super::{ip_text, node, workload};
use crate::model::kind::Kind;
use crate::model::object::{Body, Object as Stored};
use crate::model::pod_template::PodTemplate;
use crate::model::service::{EndpointSlice, Service};

/// What an object's row does not hold itself.
#[derive(Clone, Copy, Debug)]
pub struct ObjectContext<'a> {
    /// Turns virtual into wall-clock time.
    pub clock: Clock,
    /// Name of its namespace, empty for cluster-scoped kinds.
    pub namespace: &'a str,
    /// UID.
    pub uid: &'a str,
    /// Owners in order.
    pub owners: &'a [OwnerView],
    /// The template that its columns name.
    pub template: Option<&'a PodTemplate>,
    /// For an EndpointSlice: the names behind each endpoint, in order.
    pub endpoints: &'a [EndpointView],
    /// For a Job: UIDs of its uncounted pods.
    pub uncounted: &'a UncountedView,
}

/// UIDs of a Job's pods that have ended and are not counted yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UncountedView {
    /// Succeeded.
    pub succeeded: Vec<String>,
    /// Failed.
    pub failed: Vec<String>,
}

/// The names behind one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointView {
    /// The pod's name.
    pub pod: String,
    /// Its namespace.
    pub namespace: String,
    /// Its UID.
    pub uid: String,
    /// Its node's name.
    pub node: String,
    /// The node's zone, may be empty.
    pub zone: String,
    /// The pod's name within the Service's domain, may be empty.
    pub hostname: String,
    /// Is it hinted to clients of its zone?
    pub zone_hint: bool,
    /// Is it hinted to clients of its node?
    pub node_hint: bool,
}

/// Does the kind count its generations?
pub fn has_generation(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::SERVICE
            | Kind::CONFIG_MAP
            | Kind::SECRET
            | Kind::NODE
            | Kind::HORIZONTAL_POD_AUTOSCALER
            | Kind::NAMESPACE
            | Kind::RESOURCE_QUOTA
            | Kind::LIMIT_RANGE
            | Kind::PERSISTENT_VOLUME
            | Kind::PERSISTENT_VOLUME_CLAIM
            | Kind::STORAGE_CLASS
            | Kind::SERVICE_ACCOUNT
            | Kind::ENDPOINTS
            | Kind::LEASE
            | Kind::EVENT
            | Kind::CONTROLLER_REVISION
            | Kind::ROLE
            | Kind::ROLE_BINDING
            | Kind::CLUSTER_ROLE
            | Kind::CLUSTER_ROLE_BINDING
            | Kind::CSI_DRIVER
            | Kind::CSI_NODE
            | Kind::CSI_STORAGE_CAPACITY
            | Kind::VOLUME_ATTACHMENT
            | Kind::VOLUME_ATTRIBUTES_CLASS
            | Kind::RUNTIME_CLASS
            | Kind::IP_ADDRESS
            | Kind::CERTIFICATE_SIGNING_REQUEST
            | Kind::API_SERVICE
            | Kind::RESOURCE_CLAIM
            | Kind::RESOURCE_CLAIM_TEMPLATE
    )
}

/// The object as the API server returns it.
pub fn object(stored: &Stored, kind: Kind, context: &ObjectContext<'_>) -> Value {
    let mut value = (*stored.raw).clone();
    if !value.is_object() {
        value = json!({});
    }
    let Value::Object(object) = &mut value else { return value };
    object.insert("apiVersion".to_owned(), Value::from(kind.api_version()));
    object.insert("kind".to_owned(), Value::from(kind.name()));
    let stored_meta = &stored.meta;
    let parts = MetaParts {
        clock: context.clock,
        name: &stored_meta.name,
        namespace: context.namespace,
        uid: context.uid,
        labels: &stored_meta.labels,
        annotations: &stored_meta.annotations,
        owners: context.owners,
        finalizers: &stored_meta.finalizers,
        generate_name: "",
        generation: if has_generation(kind) { stored_meta.generation } else { 0 },
        resource_version: stored_meta.resource_version,
        created: stored_meta.created,
        deletion: stored_meta.deletion,
    };
    meta::overlay(object_mut(object, "metadata"), &parts);
    columns(object, stored, context);
    if kind == Kind::PERSISTENT_VOLUME
        && let Some(status) = find_mut(object, "status")
    {
        // Upstream: pkg/registry/core/persistentvolume `PrepareForCreate`.
        status
            .entry("lastPhaseTransitionTime")
            .or_insert_with(|| Value::from(context.clock.timestamp(stored_meta.created)));
    }
    value
}

/// Lays the model's columns over the object.
fn columns(object: &mut Object, stored: &Stored, context: &ObjectContext<'_>) {
    let clock = context.clock;
    let status = match &stored.body {
        Body::Node(node) => {
            node::spec(object_mut(object, "spec"), node, context.clock);
            node::status(node, &stored.meta.name, clock)
        }
        Body::Namespace { terminating, conditions } => {
            object_mut(object, "spec").entry("finalizers").or_insert_with(|| json!(["kubernetes"]));
            workload::namespace_status(*terminating, conditions, clock)
        }
        Body::Deployment(deployment) => {
            let spec = with_template(object, context);
            workload::deployment_spec(spec, deployment);
            workload::deployment_status(&deployment.status, clock)
        }
        Body::ReplicaSet(set) => {
            let spec = with_template(object, context);
            spec.insert("replicas".to_owned(), json!(set.replicas));
            workload::replica_set_status(&set.status, clock)
        }
        Body::StatefulSet(set) => {
            let spec = with_template(object, context);
            spec.insert("replicas".to_owned(), json!(set.replicas));
            workload::stateful_set_status(&set.status, clock)
        }
        Body::DaemonSet(set) => {
            with_template(object, context);
            workload::daemon_set_status(&set.status, clock)
        }
        Body::Job(job) => {
            let spec = with_template(object, context);
            workload::job_spec(spec, job);
            workload::job_status(&job.status, context.uncounted, clock)
        }
        Body::Service(service) => {
            self::service(object, service);
            let written = object.remove("status").unwrap_or_default();
            if written.is_object() { written } else { json!({"loadBalancer": {}}) }
        }
        Body::EndpointSlice(slice) => {
            endpoint_slice(object, slice, context);
            Value::Null
        }
        Body::Data(_) | Body::PriorityClass { .. } => Value::Null,
        Body::Plain { status } => (**status).clone(),
    };
    if !status.is_null() {
        object.insert("status".to_owned(), status);
    }
}

/// `spec`, with the template that the columns name in place of the submitted one.
fn with_template<'a>(object: &'a mut Object, context: &ObjectContext<'_>) -> &'a mut Object {
    let spec = object_mut(object, "spec");
    if let Some(template) = context.template {
        let kept = find_mut(spec, "template").and_then(|old| old.remove("metadata")).unwrap_or_else(|| json!({}));
        let mut new = (*template.raw).clone();
        // Metadata beyond labels and annotations stays as it was submitted.
        if let (Some(new), Value::Object(old)) = (new["metadata"].as_object_mut(), kept) {
            for (key, value) in old {
                if key != "labels" && key != "annotations" {
                    new.entry(key).or_insert(value);
                }
            }
        }
        spec.insert("template".to_owned(), new);
    }
    spec
}

fn service(object: &mut Object, service: &Service) {
    let spec = object_mut(object, "spec");
    if service.cluster_ip != 0 {
        let ip = ip_text(service.cluster_ip);
        spec.insert("clusterIPs".to_owned(), json!([ip]));
        spec.insert("clusterIP".to_owned(), Value::from(ip));
    }
    let ports = spec.get_mut("ports").and_then(Value::as_array_mut);
    for (port, column) in ports.into_iter().flatten().zip(&service.ports) {
        if column.node_port != 0 {
            port["nodePort"] = json!(column.node_port);
        }
    }
}

/// Upstream: controller/endpointslice `newEndpointSlice`, endpointslice/util `podToEndpoint`.
fn endpoint_slice(object: &mut Object, slice: &EndpointSlice, context: &ObjectContext<'_>) {
    object.insert("addressType".to_owned(), json!("IPv4"));
    let endpoints = slice.endpoints.iter().enumerate().map(|(index, endpoint)| {
        let mut out = json!({
            "addresses": [ip_text(endpoint.address)],
            "conditions": {
                "ready": endpoint.ready, "serving": endpoint.serving, "terminating": endpoint.terminating,
            },
        });
        if let Some(names) = context.endpoints.get(index) {
            out["targetRef"] =
                json!({"kind": "Pod", "name": names.pod, "namespace": names.namespace, "uid": names.uid});
            out["nodeName"] = json!(names.node);
            if !names.zone.is_empty() {
                out["zone"] = json!(names.zone);
            }
            if !names.hostname.is_empty() {
                out["hostname"] = json!(names.hostname);
            }
            if names.zone_hint && !names.zone.is_empty() {
                out["hints"]["forZones"] = json!([{"name": names.zone}]);
            }
            if names.node_hint {
                out["hints"]["forNodes"] = json!([{"name": names.node}]);
            }
        }
        out
    });
    // Both are written even where there are none.
    let listed = |list: Vec<Value>| if list.is_empty() { Value::Null } else { Value::Array(list) };
    object.insert("endpoints".to_owned(), listed(endpoints.collect()));
    let ports = slice.ports.iter().map(|(name, protocol, port, app_protocol)| {
        let mut out = json!({"name": name.as_str(), "port": port, "protocol": protocol.name()});
        if !app_protocol.is_empty() {
            out["appProtocol"] = json!(app_protocol.as_str());
        }
        out
    });
    object.insert("ports".to_owned(), listed(ports.collect()));
}
