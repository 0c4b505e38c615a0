//! `workloads.csv`: every change of a workload's replica numbers.

use std::io;

use super::{Rows, Table};
use crate::record::Record;

pub const TABLE: Table = Table {
    file: "workloads.csv",
    columns: &[
        "time_s",
        "kind",
        "namespace",
        "name",
        "desired",
        "current",
        "ready",
        "available",
        "updated",
        "unavailable",
        "succeeded",
        "failed",
    ],
    fill,
};

fn fill(record: &Record, rows: &mut Rows<'_>) -> io::Result<()> {
    for row in &record.workload_rows {
        let workload = &record.workloads[row.workload.index()];
        let replicas = &row.replicas;
        rows.plain(row.time);
        for id in [workload.kind, workload.namespace, workload.name] {
            rows.text(record.text(id));
        }
        for number in [
            replicas.desired,
            replicas.current,
            replicas.ready,
            replicas.available,
            replicas.updated,
            replicas.desired.saturating_sub(replicas.available),
            replicas.succeeded,
            replicas.failed,
        ] {
            rows.plain(number);
        }
        rows.end()?;
    }
    Ok(())
}
