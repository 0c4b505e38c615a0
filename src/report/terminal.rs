//! The table that ends a run in the terminal. Pure: the caller measured the wall time and prints the text.

use std::path::Path;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use super::{charts::grouped, words};
use crate::record::{Record, Stage, Summary};

/// The closing table of a run: pods by status, latencies, restarts, how long it took, where results are.
pub fn closing_table(record: &Record, wall: Duration, folder: &Path) -> String {
    let summary = Summary::of(record);
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            table.add_row([name.to_owned(), value]);
        }
    };
    row("pods", statuses(record));
    let (placed, asked) = words::placed_of_asked(record, &summary);
    if placed < asked {
        row("placed", format!("{} of {}", grouped(placed), words::count(asked, "pod")));
    }
    let start = &summary.pod_start_seconds;
    if start.count > 0 {
        let [p50, p99] = [start.p50, start.p99].map(|number| words::seconds(number.rounded()));
        let never = if start.censored > 0 { format!(", {} never did", grouped(start.censored)) } else { String::new() };
        row("start", format!("median {p50}, p99 {p99}{never}"));
    }
    row("restarts", grouped(summary.pods.restarts));
    row("nodes", format!("{} of {} ready", grouped(summary.nodes.ready), grouped(summary.nodes.count)));
    row("expectations", expectations(&summary));
    row("time", speed(summary.engine.virtual_seconds.rounded(), wall));
    row("results", folder.display().to_string());
    if let Some(column) = table.column_mut(0) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let shortfall = words::shortfall(record, &summary);
    let first = if shortfall.is_empty() { shortfall } else { shortfall + "\n" };
    first + &table.trim_fmt() + "\n"
}

/// `12 Running, 3 Completed, 1 Pending (fits nowhere)`: existing pods by kubectl's STATUS, most frequent first.
fn statuses(record: &Record) -> String {
    let mut counts: Vec<(u64, &str)> = Vec::new();
    for pod in record.pods.iter().filter(|pod| pod.exists()) {
        let status = match pod.last.stage {
            Stage::Unschedulable if record.text(pod.last.status) == "Pending" => "Pending (fits nowhere)",
            _ => record.text(pod.last.status),
        };
        match counts.iter_mut().find(|(_, name)| *name == status) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, status)),
        }
    }
    counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let parts: Vec<String> = counts.iter().map(|(count, status)| format!("{} {status}", grouped(*count))).collect();
    if parts.is_empty() { "none left".to_owned() } else { words::one_line(&parts.join(", ")) }
}

fn expectations(summary: &Summary) -> String {
    let held = summary.expectations.iter().filter(|expectation| expectation.held).count();
    match summary.expectations.len() {
        0 => String::new(),
        all => format!("{held} of {all} met"),
    }
}

/// `15 min in 12 ms (75,000 times as fast)`.
fn speed(virtual_seconds: f64, wall: Duration) -> String {
    let taken = wall.as_secs_f64();
    let text = format!("{} in {}", words::seconds(virtual_seconds), words::seconds(taken));
    if taken > 0.0 && virtual_seconds > taken {
        format!("{text} ({} times as fast)", grouped((virtual_seconds / taken).round() as u64))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::synthetic;
    use super::*;

    #[test]
    fn the_table_tells_what_came_of_a_run() {
        let record = synthetic::record(5, 3, 60);
        let text = closing_table(&record, Duration::from_millis(12), Path::new("results/synthetic"));
        assert!(text.starts_with("         pods  3 Completed, 2 Running\n"), "{text}");
        for part in ["1 min in 12 ms (5,000 times as fast)", "results/synthetic", "3 of 3 ready", "0 of 1 met"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
