//! Nodes as kube-state-metrics names them, and what a kubelet's `/metrics/resource` says of their use.

use std::io;

use super::super::grouped::Grouped;
use super::Exposition;
use crate::engine::NonNegative;
use crate::record::{Moment, Node, NodeRow, Record};

/// The version of Kubernetes that is modelled.
const KUBELET: &str = "v1.36.2";

pub(super) fn write(record: &Record, out: &mut Exposition<'_>) -> io::Result<()> {
    out.gauge("kube_node_info", "Information about a cluster node.")?;
    for node in &record.nodes {
        out.series(&[("node", record.text(node.name)), ("kubelet_version", KUBELET)]);
        out.sample(node.created, 1.0);
        out.finish(end(record, node))?;
    }
    out.gauge("kube_node_created", "Unix creation timestamp")?;
    for node in &record.nodes {
        out.series(&[("node", record.text(node.name))]);
        out.sample(node.created, out.unix_time(node.created));
        out.finish(end(record, node))?;
    }
    if record.nodes.iter().any(|node| node.zone.is_some()) {
        out.gauge("kube_node_labels", "Kubernetes labels converted to Prometheus labels.")?;
        for node in record.nodes.iter().filter(|node| node.zone.is_some()) {
            let zone = ("label_topology_kubernetes_io_zone", record.text(node.zone));
            out.series(&[("node", record.text(node.name)), zone]);
            out.sample(node.created, 1.0);
            out.finish(end(record, node))?;
        }
    }
    out.gauge("kube_node_status_allocatable", "The allocatable for different resources of a node.")?;
    for node in &record.nodes {
        for (resource, unit, amount) in [
            ("cpu", "core", node.allocatable.cpu_milli as f64 / 1000.0),
            ("memory", "byte", node.allocatable.memory_bytes as f64),
            ("pods", "integer", f64::from(node.allocatable_pods)),
        ] {
            out.series(&[("node", record.text(node.name)), ("resource", resource), ("unit", unit)]);
            out.sample(node.created, amount);
            out.finish(end(record, node))?;
        }
    }
    changes(record, out)
}

fn changes(record: &Record, out: &mut Exposition<'_>) -> io::Result<()> {
    let rows = Grouped::new(record.nodes.len(), record.node_rows.iter().map(|row| row.node.index()));
    let of = |index: usize| rows.of(index, &record.node_rows);
    out.gauge("kube_node_status_condition", "The condition of a cluster node.")?;
    for (index, node) in record.nodes.iter().enumerate() {
        out.series(&[("node", record.text(node.name)), ("condition", "Ready"), ("status", "true")]);
        each(out, of(index), |row| f64::from(row.state.ready));
        out.finish(end(record, node))?;
    }
    out.gauge("kube_node_spec_unschedulable", "Whether a node can schedule new pods.")?;
    for (index, node) in record.nodes.iter().enumerate() {
        out.series(&[("node", record.text(node.name))]);
        let is_cordoned = |row: &NodeRow| record.text(row.state.status).ends_with("SchedulingDisabled");
        each(out, of(index), |row| f64::from(is_cordoned(row)));
        out.finish(end(record, node))?;
    }
    if record.nodes.iter().all(|node| node.last.used.is_none()) {
        return Ok(());
    }
    out.counter("node_cpu_usage_seconds_total", "Cumulative cpu time consumed by the node in core-seconds")?;
    for (index, node) in record.nodes.iter().enumerate() {
        out.series(&[("node", record.text(node.name))]);
        let (mut seconds, mut since, mut cores) = (0.0, node.created, 0.0);
        let until = end(record, node);
        for (time, used) in of(index).map(|row| (row.time, row.state.used)).chain([(until, None)]) {
            seconds += time.seconds_since(since).non_negative() * cores;
            out.sample(time, crate::record::Number(seconds).rounded());
            (since, cores) = (time, used.map_or(0.0, |used| used.cpu_milli as f64 / 1000.0));
        }
        out.finish(until)?;
    }
    out.gauge("node_memory_working_set_bytes", "Current working set of the node in bytes")?;
    for (index, node) in record.nodes.iter().enumerate() {
        out.series(&[("node", record.text(node.name))]);
        each(out, of(index), |row| row.state.used.map_or(0.0, |used| used.memory_bytes as f64));
        out.finish(end(record, node))?;
    }
    Ok(())
}

fn each<'r>(out: &mut Exposition<'_>, rows: impl Iterator<Item = &'r NodeRow>, value: impl Fn(&NodeRow) -> f64) {
    for row in rows {
        out.sample(row.time, value(row));
    }
}

fn end(record: &Record, node: &Node) -> Moment {
    node.deleted.min(record.end)
}
