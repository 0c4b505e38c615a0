//! A pod.

use serde_json::{Value, json};

use super::super::clock::Clock;
use super::super::value::{Object, find_mut, items_mut, object_mut};
use super::meta::{self, MetaParts, OwnerView};
use super::pod_resources::GrantedView;
use super::{pod_status, put_text};
use crate::model::labels::Labels;
use crate::model::pod::Pod;
use crate::model::pod_template::PodTemplate;

/// What a pod's row does not hold itself.
#[derive(Clone, Copy, Debug)]
pub struct PodContext<'a> {
    /// Turns virtual into wall-clock time.
    pub clock: Clock,
    /// Name of its namespace.
    pub namespace: &'a str,
    /// UID.
    pub uid: &'a str,
    /// Owners, the controller first.
    pub owners: &'a [OwnerView],
    /// Name of its node, empty while unbound.
    pub node_name: &'a str,
    /// Address of its node, empty while unknown.
    pub host_ip: &'a str,
    /// `status.nominatedNodeName`, may be empty.
    pub nominated_node_name: &'a str,
    /// Five characters that complete the name of its token volume.
    pub token_suffix: &'a str,
    /// Labels: the template's, and those of its own.
    pub labels: &'a Labels,
    /// Annotations.
    pub annotations: &'a Labels,
    /// `spec.hostname`, may be empty.
    pub hostname: &'a str,
    /// What it has while it is being resized.
    pub granted: Option<&'a GrantedView<'a>>,
}

/// Name of the token volume before the pod's own suffix; `admission` puts it into templates.
pub const TOKEN_VOLUME: &str = "kube-api-access-";

/// The pod as the API server returns it.
pub fn pod(pod: &Pod, template: &PodTemplate, context: &PodContext<'_>) -> Value {
    let mut value = (*template.raw).clone();
    let Value::Object(object) = &mut value else { return value };
    object.insert("apiVersion".to_owned(), json!("v1"));
    object.insert("kind".to_owned(), json!("Pod"));
    let generate_name = generate_name(pod, context.owners);
    let parts = MetaParts {
        clock: context.clock,
        name: &pod.name,
        namespace: context.namespace,
        uid: context.uid,
        labels: context.labels,
        annotations: context.annotations,
        owners: context.owners,
        finalizers: pod.finalizers(),
        generate_name: &generate_name,
        generation: i64::from(pod.generation),
        resource_version: pod.resource_version,
        created: pod.created,
        deletion: pod.deletion,
    };
    meta::overlay(object_mut(object, "metadata"), &parts);
    if let Some(spec) = find_mut(object, "spec") {
        put_text(spec, "nodeName", context.node_name);
        put_text(spec, "hostname", context.hostname);
        complete_token_volume(spec, context.token_suffix);
    }
    object.insert("status".to_owned(), pod_status::status(pod, template, context));
    value
}

/// Pods of these controllers were created with `<owner>-` as the base of their name.
fn generate_name(pod: &Pod, owners: &[OwnerView]) -> String {
    if let Some(extra) = pod.extra.as_ref().filter(|extra| !extra.generate_name.is_empty()) {
        return extra.generate_name.to_string();
    }
    let controller = owners.iter().find(|owner| owner.controller);
    match controller.map(|owner| (owner.kind.as_str(), owner.name.as_str())) {
        Some(("ReplicaSet" | "ReplicationController" | "DaemonSet" | "Job", owner)) => {
            // An Indexed Job's base holds the index too: everything before the random suffix.
            let base = pod.name.len().checked_sub(5).and_then(|end| pod.name.get(..end)).unwrap_or_default();
            if base.starts_with(owner) { base.to_owned() } else { format!("{owner}-") }
        }
        _ => String::new(),
    }
}

fn complete_token_volume(spec: &mut Object, suffix: &str) {
    let complete = |item: &mut Value| {
        if item["name"] == TOKEN_VOLUME {
            item["name"] = Value::from(format!("{TOKEN_VOLUME}{suffix}"));
        }
    };
    items_mut(spec.get_mut("volumes")).for_each(complete);
    for list in ["initContainers", "containers"] {
        for container in items_mut(spec.get_mut(list)) {
            items_mut(container.get_mut("volumeMounts")).for_each(complete);
        }
    }
}
