//! `scheduling.csv`: every attempt of the scheduler.

use std::io;

use super::{Rows, Table};
use crate::record::Record;

pub const TABLE: Table = Table {
    file: "scheduling.csv",
    columns: &["time_s", "namespace", "pod", "attempt", "result", "node", "feasible", "evaluated", "reason"],
    fill,
};

fn fill(record: &Record, rows: &mut Rows<'_>) -> io::Result<()> {
    for row in &record.attempts {
        let pod = &record.pods[row.pod.index()];
        rows.plain(row.time);
        rows.text(record.text(pod.namespace));
        rows.text(record.text(pod.name));
        rows.plain(row.attempt);
        rows.text(row.result.name());
        rows.text(record.node_name(row.node));
        rows.plain(row.feasible);
        rows.plain(row.evaluated);
        rows.text(record.text(row.reason));
        rows.end()?;
    }
    Ok(())
}
