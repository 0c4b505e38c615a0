//! What became of each workload.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{Moment, Record, UsageGroup, WorkloadIndex};
use super::Number;
use crate::engine::NonNegative;

/// An entry of `summary.workloads`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct WorkloadSummary {
    /// Wanted at the end.
    pub desired: u64,
    /// Ready at the end.
    pub ready: u64,
    /// For how long fewer replicas were available than desired.
    pub unavailable_seconds: Number,
    /// Seconds × cores that limits kept from its containers, as the kernel counts `throttled_usec`.
    pub throttled_seconds: Number,
    /// CPU in cores.
    pub cpu: WorkloadResource,
    /// Memory in bytes.
    pub memory: WorkloadResource,
    /// The share of its nodes' price that its pods requested: half of a node's price is shared by CPU, half by
    /// memory.
    pub cost_requested: Number,
}

/// `cpu` and `memory` of a workload: means over time since t=0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct WorkloadResource {
    /// Requested by its pods that are bound and have not ended.
    pub requested: Number,
    /// Used by its containers; absent where nothing is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Number>,
    /// The most at any instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_peak: Option<Number>,
}

impl WorkloadResource {
    /// Of a group's place in its gauges (0 CPU, 1 memory), in units of `unit`.
    fn of(group: Option<&UsageGroup>, place: usize, unit: f64, end: Moment) -> Self {
        let Some(group) = group else { return Self::default() };
        let (requested, used) = (&group.requested[place], &group.used[place]);
        let is_known = group.now.used.is_some();
        Self {
            requested: Number(requested.mean(end) / unit),
            used: is_known.then(|| Number(used.mean(end) / unit)),
            used_peak: is_known.then(|| Number(used.peak(end) as f64 / unit)),
        }
    }
}

pub(super) fn workloads(record: &Record) -> BTreeMap<String, WorkloadSummary> {
    let mut costs = vec![0.0; record.workloads.len()];
    for pod in record.pods.iter().filter(|pod| pod.workload.is_some() && pod.last.node.is_some()) {
        let node = &record.nodes[pod.last.node.index()];
        if node.price <= 0.0 {
            continue;
        }
        let from = pod.bound.max(Moment::ZERO);
        let hours = pod.ended().min(record.end).seconds_since(from).non_negative() / 3600.0;
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let shares =
            share(pod.cpu_milli, node.allocatable.cpu_milli) + share(pod.memory_bytes, node.allocatable.memory_bytes);
        costs[pod.workload.index()] += node.price * hours * shares / 2.0;
    }
    let mut summaries = BTreeMap::new();
    for (index, workload) in record.workloads.iter().enumerate() {
        let cost_requested = Number(costs[index]);
        let usage = record.usage.of_workload(WorkloadIndex::from_index(index));
        let throttled = usage.map_or(0.0, |group| group.throttled.integral_seconds(record.end) / 1000.0);
        // A later workload of the same name takes the place of a deleted one.
        summaries.insert(
            record.workload_key(WorkloadIndex::from_index(index)),
            WorkloadSummary {
                desired: u64::from(workload.last.desired),
                ready: u64::from(workload.last.ready),
                unavailable_seconds: Number(workload.short.integral_seconds(record.end)),
                throttled_seconds: Number(throttled),
                cpu: WorkloadResource::of(usage, 0, 1000.0, record.end),
                memory: WorkloadResource::of(usage, 1, 1.0, record.end),
                cost_requested,
            },
        );
    }
    summaries
}
