//! `hpa.csv`: every decision of an autoscaler that differs from its last one.

use std::io;

use super::{Rows, Table};
use crate::record::{AutoscalerMetric, Number, Record};

pub const TABLE: Table = Table {
    file: "hpa.csv",
    columns: &[
        "time_s",
        "namespace",
        "name",
        "target",
        "current",
        "metrics",
        "ratio",
        "recommended",
        "stabilized",
        "desired",
        "limit",
        "reason",
        "formula",
    ],
    fill,
};

fn fill(record: &Record, rows: &mut Rows<'_>) -> io::Result<()> {
    for row in &record.autoscaler_rows {
        let autoscaler = &record.autoscalers[row.autoscaler.index()];
        rows.plain(row.time);
        rows.text(record.text(autoscaler.namespace));
        rows.text(record.text(autoscaler.name));
        rows.text(&target(record, autoscaler.target));
        rows.plain(row.current);
        rows.text(&joined(&row.metrics, |metric| {
            let value = if metric.value.is_empty() { "unknown" } else { &metric.value };
            format!("{} {value}/{}", metric.name, metric.target)
        }));
        let ratio = row.deciding().and_then(|metric| metric.ratio).filter(|ratio| ratio.is_finite());
        rows.optional(ratio.map(|ratio| Number(ratio).rounded()));
        rows.optional(row.recommended);
        rows.optional(row.stabilized);
        rows.plain(row.desired);
        rows.text(record.text(row.limit));
        rows.text(record.text(row.reason));
        rows.text(&joined(&row.metrics, |metric| metric.formula.clone()));
        rows.end()?;
    }
    Ok(())
}

fn target(record: &Record, workload: crate::record::WorkloadIndex) -> String {
    if workload.is_none() {
        return String::new();
    }
    let workload = &record.workloads[workload.index()];
    format!("{}/{}", record.text(workload.kind).to_ascii_lowercase(), record.text(workload.name))
}

fn joined(metrics: &[AutoscalerMetric], words: impl Fn(&AutoscalerMetric) -> String) -> String {
    metrics.iter().map(words).collect::<Vec<_>>().join("; ")
}
