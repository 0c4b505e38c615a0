//! `nodes.csv`: changes of nodes, and samples where a value differs from the node's last row.

use std::io;

use super::{Rows, Table, cores};
use crate::record::Record;

pub const TABLE: Table = Table {
    file: "nodes.csv",
    columns: &[
        "time_s",
        "node",
        "ready",
        "pods",
        "cpu_requested",
        "cpu_used",
        "memory_requested",
        "memory_used",
        "cpu_allocatable",
        "memory_allocatable",
        "status",
        "group",
        "zone",
    ],
    fill,
};

fn fill(record: &Record, rows: &mut Rows<'_>) -> io::Result<()> {
    for row in &record.node_rows {
        let node = &record.nodes[row.node.index()];
        let state = &row.state;
        rows.plain(row.time);
        rows.text(record.text(node.name));
        rows.plain(state.ready);
        rows.plain(state.pods);
        rows.plain(cores(state.requested.cpu_milli));
        rows.optional(state.used.map(|used| cores(used.cpu_milli)));
        rows.plain(state.requested.memory_bytes);
        rows.optional(state.used.map(|used| used.memory_bytes));
        rows.plain(cores(node.allocatable.cpu_milli));
        rows.plain(node.allocatable.memory_bytes);
        for id in [state.status, node.group, node.zone] {
            rows.text(record.text(id));
        }
        rows.end()?;
    }
    Ok(())
}
