//! Kubernetes Events.

use serde_json::{Value, json};

use super::super::clock::Clock;
use super::{object_of, put_text};
use crate::engine::SimTime;

/// An Event as plain data.
#[derive(Clone, Debug)]
pub struct EventView<'a> {
    /// Turns virtual into wall-clock time.
    pub clock: Clock,
    /// Name.
    pub name: &'a str,
    /// Namespace (`default` for cluster-scoped objects).
    pub namespace: &'a str,
    /// UID.
    pub uid: &'a str,
    /// Index of its last change in the log.
    pub resource_version: u64,
    /// `apiVersion` of the object it is about.
    pub involved_api_version: &'a str,
    /// Kind.
    pub involved_kind: &'a str,
    /// Name.
    pub involved_name: &'a str,
    /// Namespace, empty for cluster-scoped objects.
    pub involved_namespace: &'a str,
    /// UID.
    pub involved_uid: &'a str,
    /// `spec.containers{app}` or empty.
    pub field_path: &'a str,
    /// `Normal` or `Warning`.
    pub kind: &'a str,
    /// Reason.
    pub reason: &'a str,
    /// Message.
    pub message: &'a str,
    /// The component that reports.
    pub component: &'a str,
    /// Its node, may be empty.
    pub host: &'a str,
    /// How often.
    pub count: u32,
    /// First time.
    pub first: SimTime,
    /// Last time.
    pub last: SimTime,
}

/// A `v1.Event` as client-go's recorder writes it.
pub fn event(event: &EventView<'_>) -> Value {
    let at = |time| event.clock.timestamp(time);
    let mut involved = object_of(json!({
        "apiVersion": event.involved_api_version, "kind": event.involved_kind, "name": event.involved_name,
    }));
    put_text(&mut involved, "namespace", event.involved_namespace);
    put_text(&mut involved, "uid", event.involved_uid);
    put_text(&mut involved, "fieldPath", event.field_path);
    let mut source = object_of(json!({"component": event.component}));
    put_text(&mut source, "host", event.host);
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {
            "name": event.name, "namespace": event.namespace, "uid": event.uid,
            "resourceVersion": event.resource_version.to_string(), "creationTimestamp": at(event.first),
        },
        "involvedObject": involved, "type": event.kind, "reason": event.reason, "message": event.message,
        "source": source, "count": event.count, "firstTimestamp": at(event.first), "lastTimestamp": at(event.last),
        "eventTime": null, "reportingComponent": event.component, "reportingInstance": event.host,
    })
}
