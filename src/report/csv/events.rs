//! `events.csv`: every emission of a Kubernetes Event.

use std::io;

use super::{Rows, Table};
use crate::record::Record;

pub const TABLE: Table = Table {
    file: "events.csv",
    columns: &["time_s", "type", "reason", "kind", "namespace", "name", "source", "count", "message"],
    fill,
};

fn fill(record: &Record, rows: &mut Rows<'_>) -> io::Result<()> {
    for row in &record.events {
        rows.plain(row.time);
        rows.text(if row.is_warning { "Warning" } else { "Normal" });
        for id in [row.reason, row.kind, row.namespace, row.name, row.source] {
            rows.text(record.text(id));
        }
        rows.plain(row.count);
        rows.text(record.text(row.message));
        rows.end()?;
    }
    Ok(())
}
