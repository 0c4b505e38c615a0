//! Events. Upstream: `printEvent`; kubectl events.

use crate::cluster::{Cluster, EventRow};
use crate::engine::SimTime;

use crate::model::object::ObjectRef;

use super::super::ages;
use super::{Context, Printer};

pub(super) static EVENT: Printer = Printer {
    columns: &["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"],
    // The message stands among them: `Printer::wide_columns` puts it there.
    wide: &["SUBOBJECT", "SOURCE", "MESSAGE", "FIRST SEEN", "COUNT", "NAME"],
    row,
};

/// The wide columns stand on both sides of MESSAGE.
fn row(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let event = context.cluster.events.row(object.id);
    let sort = context.cluster.events.sort_of(event);
    let cells = event_cells(context.cluster, context.now, object.id);
    let mut row = vec![
        cells.last_seen,
        sort.kind.name().to_owned(),
        sort.reason.to_string(),
        event_object(context.cluster, event),
    ];
    if context.wide {
        row.extend([cells.subobject, cells.source]);
    }
    row.push(context.cluster.event_message(event).trim().to_owned());
    if context.wide {
        row.extend([cells.first_seen, context.cluster.events.count_of(event).to_string(), cells.name]);
    }
    row
}

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
pub(crate) fn event_cells(cluster: &Cluster, now: SimTime, number: u32) -> EventCells {
    let row = cluster.events.row(number);
    let last_seen = ages::age(now, row.last);
    let first_seen = ages::age(now, cluster.events.first_of(row));
    let count = cluster.events.count_of(row);
    let last_seen_counted =
        if count > 1 { format!("{last_seen} (x{count} over {first_seen})") } else { last_seen.clone() };
    let host = cluster.node_name(row.host);
    let component = &cluster.events.sort_of(row).component;
    let source = if host.is_empty() { component.to_string() } else { format!("{component}, {host}") };
    EventCells {
        last_seen,
        last_seen_counted,
        first_seen,
        subobject: cluster.event_field_path(number),
        source,
        name: cluster.event_name(number),
    }
}

/// `pod/x`.
pub(crate) fn event_object(cluster: &Cluster, row: &EventRow) -> String {
    format!("{}/{}", row.object.kind.name().to_ascii_lowercase(), cluster.identity(row.object).1)
}
