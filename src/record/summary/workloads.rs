//! What became of each workload.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{Moment, Record, WorkloadIndex};
use super::Number;

/// An entry of `summary.workloads`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct WorkloadSummary {
    /// Wanted at the end.
    pub desired: u64,
    /// Ready at the end.
    pub ready: u64,
    /// For how long fewer replicas were available than desired.
    pub unavailable_seconds: Number,
    /// The share of its nodes' price that its pods requested: half of a node's price is shared by CPU, half by
    /// memory.
    pub cost_requested: Number,
}

pub(super) fn workloads(record: &Record) -> BTreeMap<String, WorkloadSummary> {
    let mut costs = vec![0.0; record.workloads.len()];
    for pod in record.pods.iter().filter(|pod| pod.workload.is_some() && pod.last.node.is_some()) {
        let node = &record.nodes[pod.last.node.index()];
        if node.price <= 0.0 {
            continue;
        }
        let from = pod.bound.max(Moment::ZERO);
        let hours = pod.ended().min(record.end).seconds_since(from).max(0.0) / 3600.0;
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let shares =
            share(pod.cpu_milli, node.allocatable.cpu_milli) + share(pod.memory_bytes, node.allocatable.memory_bytes);
        costs[pod.workload.index()] += node.price * hours * shares / 2.0;
    }
    let mut summaries = BTreeMap::new();
    for (index, workload) in record.workloads.iter().enumerate() {
        let cost_requested = Number(costs[index]);
        // A later workload of the same name takes the place of a deleted one.
        summaries.insert(
            record.workload_key(WorkloadIndex::from_index(index)),
            WorkloadSummary {
                desired: u64::from(workload.last.desired),
                ready: u64::from(workload.last.ready),
                unavailable_seconds: Number(workload.short.integral_seconds(record.end)),
                cost_requested,
            },
        );
    }
    summaries
}
