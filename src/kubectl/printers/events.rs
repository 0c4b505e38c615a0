//! Events. Upstream: `printEvent`; kubectl events.

use crate::cluster::{Cluster, EventRow};
use crate::engine::SimTime;
use crate::model::object::ObjectRef;

use super::super::ages;

/// The cells of an Event.
pub(crate) struct EventCells {
    /// LAST SEEN as `get` shows it.
    pub(crate) last_seen: String,
    /// With the count, as `events` and `describe` show it: `50m (x2 over 61m)`.
    pub(crate) last_seen_counted: String,
    /// FIRST SEEN.
    pub(crate) first_seen: String,
    /// `spec.containers{app}`, or nothing.
    pub(crate) subobject: String,
    /// `kubelet, node-b`.
    pub(crate) source: String,
    /// The Event's own name.
    pub(crate) name: String,
}

/// Works out the cells of an Event.
pub(crate) fn event_cells(cluster: &Cluster, now: SimTime, row: &EventRow, number: usize) -> EventCells {
    let last_seen = ages::age(now, row.last);
    let first_seen = ages::age(now, row.first);
    let last_seen_counted =
        if row.count > 1 { format!("{last_seen} (x{} over {first_seen})", row.count) } else { last_seen.clone() };
    let host = cluster.node_name(row.host);
    let source = if host.is_empty() { row.component.to_owned() } else { format!("{}, {host}", row.component) };
    EventCells {
        last_seen,
        last_seen_counted,
        first_seen,
        subobject: subobject(cluster, row),
        source,
        name: event_name(cluster, row, number),
    }
}

/// `pod/x`.
pub(crate) fn event_object(cluster: &Cluster, row: &EventRow) -> String {
    format!("{}/{}", row.object.kind.name().to_ascii_lowercase(), cluster.identity(row.object).1)
}

/// What an Event's `involvedObject` names: kind, namespace, name.
pub(crate) fn event_reference<'a>(cluster: &'a Cluster, object: ObjectRef) -> (&'static str, &'a str, &'a str) {
    let (namespace, name) = cluster.identity(object);
    (object.kind.name(), cluster.namespace_name(namespace), name)
}

fn subobject(cluster: &Cluster, row: &EventRow) -> String {
    let (Some(container), Some(pod)) = (row.container, row.object.as_pod()) else { return String::new() };
    let spec = &cluster.template_of(pod).spec;
    let index = usize::from(container);
    let list = if index < spec.init_count { "initContainers" } else { "containers" };
    spec.containers.get(index).map_or_else(String::new, |container| format!("spec.{list}{{{}}}", container.name))
}

/// Upstream names an Event after its object and the nanoseconds of its first sighting, in hexadecimal.
fn event_name(cluster: &Cluster, row: &EventRow, number: usize) -> String {
    let nanos = (cluster.clock().unix_seconds(SimTime::ZERO) as u64)
        .wrapping_mul(crate::engine::time::NANOS_PER_SECOND)
        .wrapping_add(row.first.0)
        .wrapping_add(number as u64);
    format!("{}.{nanos:x}", cluster.identity(row.object).1)
}
