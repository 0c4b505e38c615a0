//! `jobs.csv`: each Job's wait and run.

use std::io;

use super::{Rows, Table};
use crate::record::{Moment, Number, Record};

pub const TABLE: Table = Table {
    file: "jobs.csv",
    columns: &[
        "time_s",
        "namespace",
        "name",
        "cronjob",
        "result",
        "reason",
        "start_s",
        "end_s",
        "wait_s",
        "run_s",
        "completions",
        "parallelism",
        "succeeded",
        "failed",
    ],
    fill,
};

fn fill(record: &Record, rows: &mut Rows<'_>) -> io::Result<()> {
    for job in &record.jobs {
        let workload = &record.workloads[job.workload.index()];
        let owner = workload.owner;
        rows.plain(workload.created);
        rows.text(record.text(workload.namespace));
        rows.text(record.text(workload.name));
        rows.text(if owner.is_some() { record.text(record.workloads[owner.index()].name) } else { "" });
        rows.text(record.text(job.result));
        rows.text(record.text(job.reason));
        for time in [job.started, job.finished] {
            rows.optional(time.is_some().then_some(time));
        }
        for (from, to) in [(workload.created, job.started), (job.started, job.finished)] {
            rows.optional(seconds(from, to));
        }
        rows.optional(job.completions);
        rows.plain(job.parallelism);
        for count in job.ended {
            rows.plain(count);
        }
        rows.end()?;
    }
    Ok(())
}

/// Seconds between two moments that both happened.
fn seconds(from: Moment, to: Moment) -> Option<f64> {
    (from.is_some() && to.is_some()).then(|| Number(to.seconds_since(from)).rounded())
}
