//! `timeline.csv`: every observable change of every pod.

use std::io;

use super::{Rows, Table};
use crate::record::Record;

pub const TABLE: Table = Table {
    file: "timeline.csv",
    columns: &["time_s", "namespace", "pod", "uid", "node", "phase", "status", "ready", "restarts", "reason"],
    fill,
};

fn fill(record: &Record, rows: &mut Rows<'_>) -> io::Result<()> {
    for row in &record.timeline {
        let pod = &record.pods[row.pod.index()];
        let state = &row.state;
        rows.plain(row.time);
        rows.text(record.text(pod.namespace));
        rows.text(record.text(pod.name));
        rows.plain(pod.uid);
        rows.text(record.node_name(state.node));
        rows.text(state.phase.name());
        rows.text(record.text(state.status));
        rows.plain(format_args!("{}/{}", state.ready, state.containers));
        rows.plain(state.restarts);
        rows.text(record.text(state.reason));
        rows.end()?;
    }
    Ok(())
}
