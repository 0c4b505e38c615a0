//! `traffic.csv`: each load from one change of its rates to the next.

use std::io;

use super::{Rows, Table};
use crate::record::{Number, Record};

pub const TABLE: Table = Table {
    file: "traffic.csv",
    columns: &[
        "time_s",
        "traffic",
        "target",
        "endpoints",
        "serving",
        "rps",
        "served_rps",
        "dropped_rps",
        "queued",
        "latency_mean_s",
        "latency_p50_s",
        "latency_p90_s",
        "latency_p95_s",
        "latency_p99_s",
        "requests",
        "served",
        "dropped",
        "no_endpoints",
        "refused",
        "unreachable",
        "queue_full",
        "timeout",
        "killed",
        "call_failed",
        "retries",
    ],
    fill,
};

fn fill(record: &Record, rows: &mut Rows<'_>) -> io::Result<()> {
    for row in &record.traffic_rows {
        let load = &record.traffic[row.load as usize];
        let (counts, latency) = (&row.counts, &row.latency);
        rows.plain(row.time);
        rows.text(record.text(load.name));
        rows.text(record.text(load.target));
        rows.plain(row.endpoints);
        rows.plain(row.serving);
        for value in [row.rps, row.served_rps, row.dropped_rps, counts.queued] {
            rows.plain(Number(value).rounded());
        }
        for value in [latency.mean, latency.p50, latency.p90, latency.p95, latency.p99] {
            rows.optional((row.served_rps > 0.0).then(|| Number(value).rounded()));
        }
        for value in [counts.requests, counts.served, counts.dropped()] {
            rows.plain(Number(value).rounded());
        }
        for value in counts.dropped.into_iter().chain([counts.retries]) {
            rows.plain(Number(value).rounded());
        }
        rows.end()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::DROP_REASONS;

    #[test]
    fn each_reason_has_its_column() {
        let place = TABLE.columns.iter().position(|column| *column == DROP_REASONS[0]).unwrap();
        assert_eq!(&TABLE.columns[place..place + DROP_REASONS.len()], DROP_REASONS.as_slice());
    }
}
