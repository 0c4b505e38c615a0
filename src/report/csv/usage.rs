//! `usage.csv`: what the containers of each workload use, sampled where it differs from the last row.

use std::io;

use super::{Rows, Table, cores};
use crate::record::Record;

pub const TABLE: Table = Table {
    file: "usage.csv",
    columns: &[
        "time_s",
        "kind",
        "namespace",
        "name",
        "pods",
        "cpu_requested",
        "cpu_used",
        "cpu_throttled",
        "memory_requested",
        "memory_used",
    ],
    fill,
};

fn fill(record: &Record, rows: &mut Rows<'_>) -> io::Result<()> {
    for row in &record.usage.rows {
        let group = &record.usage.groups[row.group.index()];
        let usage = &row.usage;
        rows.plain(row.time);
        if group.workload.is_some() {
            let workload = &record.workloads[group.workload.index()];
            for id in [workload.kind, workload.namespace, workload.name] {
                rows.text(record.text(id));
            }
        } else {
            rows.text("Pod");
            rows.text(record.text(group.namespace));
            rows.text("");
        }
        rows.plain(usage.pods);
        rows.plain(cores(usage.requested.cpu_milli));
        rows.optional(usage.used.map(|used| cores(used.cpu_milli)));
        rows.optional(usage.used.map(|_| cores(usage.throttled_milli)));
        rows.plain(usage.requested.memory_bytes);
        rows.optional(usage.used.map(|used| used.memory_bytes));
        rows.end()?;
    }
    Ok(())
}
