//! Nodes, CPU, memory and what they cost.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{Gauge, Moment, Node, Record};
use super::Number;
use crate::engine::NonNegative;

/// `summary.nodes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct NodesSummary {
    /// Nodes at the end.
    pub count: u64,
    /// Those that are ready.
    pub ready: u64,
    /// Nodes × hours.
    pub hours: Number,
}

/// `summary.cpu` (cores) and `summary.memory` (bytes): means are weighted by time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ResourceSummary {
    /// Requested by pods that are bound and have not ended: mean.
    pub requested: Number,
    /// Its peak.
    pub requested_peak: Number,
    /// Used by containers: mean; absent where usage is not modelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Number>,
    /// Its peak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_peak: Option<Number>,
    /// Allocatable on all nodes: mean.
    pub allocatable: Number,
    /// Its peak.
    pub allocatable_peak: Number,
    /// `requested` / `allocatable`.
    pub requested_share: Number,
    /// `used` / `allocatable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utilisation: Option<Number>,
}

/// An entry of `summary.node_groups`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct NodeGroupSummary {
    /// The most nodes at any instant.
    pub max: u64,
    /// Nodes × hours.
    pub hours: Number,
    /// Price of these hours.
    pub cost: Number,
}

/// For how many hours a node existed since t=0.
pub(super) fn hours(record: &Record, node: &Node) -> f64 {
    let from = node.created.max(Moment::ZERO);
    let to = node.deleted.min(record.end);
    to.seconds_since(from).non_negative() / 3600.0
}

pub(super) fn nodes(record: &Record) -> NodesSummary {
    let totals = &record.totals;
    NodesSummary {
        count: totals.nodes.value(),
        ready: totals.nodes_ready.value(),
        hours: Number(totals.nodes.integral_seconds(record.end) / 3600.0),
    }
}

pub(super) fn cpu(record: &Record) -> ResourceSummary {
    let totals = &record.totals;
    resource(record, 1000.0, [&totals.cpu_requested, &totals.cpu_used, &totals.cpu_allocatable])
}

pub(super) fn memory(record: &Record) -> ResourceSummary {
    let totals = &record.totals;
    resource(record, 1.0, [&totals.memory_requested, &totals.memory_used, &totals.memory_allocatable])
}

fn resource(record: &Record, unit: f64, [requested, used, allocatable]: [&Gauge; 3]) -> ResourceSummary {
    let end = record.end;
    let mean = |gauge: &Gauge| gauge.mean(end) / unit;
    let peak = |gauge: &Gauge| Number(gauge.peak(end) as f64 / unit);
    let share = |part: f64| Number(if mean(allocatable) > 0.0 { part / mean(allocatable) } else { 0.0 });
    let is_modelled = record.nodes.iter().any(|node| node.last.used.is_some());
    ResourceSummary {
        requested: Number(mean(requested)),
        requested_peak: peak(requested),
        used: is_modelled.then(|| Number(mean(used))),
        used_peak: is_modelled.then(|| peak(used)),
        allocatable: Number(mean(allocatable)),
        allocatable_peak: peak(allocatable),
        requested_share: share(mean(requested)),
        utilisation: is_modelled.then(|| share(mean(used))),
    }
}

pub(super) fn node_groups(record: &Record) -> BTreeMap<String, NodeGroupSummary> {
    let mut groups = BTreeMap::<&str, Vec<&Node>>::new();
    for node in &record.nodes {
        groups.entry(record.text(node.group)).or_default().push(node);
    }
    let summary = |nodes: Vec<&Node>| NodeGroupSummary {
        max: most_at_once(&nodes),
        hours: Number(nodes.iter().map(|node| hours(record, node)).sum()),
        cost: Number(nodes.iter().map(|node| node.price * hours(record, node)).sum()),
    };
    groups.into_iter().map(|(name, nodes)| (name.to_owned(), summary(nodes))).collect()
}

/// The most of `nodes` that existed at one instant since t=0.
fn most_at_once(nodes: &[&Node]) -> u64 {
    let mut changes: Vec<(Moment, i64)> = Vec::new();
    for node in nodes.iter().filter(|node| node.deleted > Moment::ZERO) {
        changes.push((node.created, 1));
        if node.deleted.is_some() {
            changes.push((node.deleted, -1));
        }
    }
    // A node that goes at the instant at which another comes makes room first.
    changes.sort_unstable();
    let mut gauge = Gauge::default();
    for (time, delta) in changes {
        gauge.add(time, delta);
    }
    gauge.peak(Moment::NEVER)
}
