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
        rows.plain(Uid(pod.uid));
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

/// A uid in the usual groups of hexadecimal digits.
pub struct Uid(pub u128);

impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = |shift: u32, digits: u32| (self.0 >> shift) & ((1 << (digits * 4)) - 1);
        write!(f, "{:08x}-{:04x}-{:04x}", part(96, 8), part(80, 4), part(64, 4))?;
        write!(f, "-{:04x}-{:012x}", part(48, 4), part(0, 12))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_prints_in_groups() {
        let uid = Uid(0x0123_4567_89ab_4cde_8f01_2345_6789_abcd);
        assert_eq!(uid.to_string(), "01234567-89ab-4cde-8f01-23456789abcd");
    }
}
