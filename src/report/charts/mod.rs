//! The charts of a run. Each is a function from the record to a scene, one file a chart; formats are painted
//! from the scene. A pass over rows costs what it must; marks cost no more than pixels.

mod autoscaling;
mod axis;
mod columns;
pub mod comparison;
pub mod costs;
mod events_timeline;
mod frame;
mod node_utilisation;
mod number_axis;
mod paint;
mod palette;
mod pending_queue;
mod png;
mod pod_gantt;
mod pods_by_phase;
mod scene;
pub mod shares;
pub mod sweep;
#[cfg(test)]
mod tests;
mod traffic;
mod typeface;
mod workload_replicas;

pub use axis::grouped;
pub use palette::{POD_CLASSES, class_of};
pub use scene::Scene;

use super::ReportError;
use crate::record::Record;

/// A chart of the registry.
pub struct Chart {
    /// Name of its files.
    pub name: &'static str,
    /// What it shows, for those who cannot see it.
    pub alternative: &'static str,
    /// Does a record have anything to show on it? A chart of what a scenario does not have is left out.
    pub is_drawn: fn(&Record) -> bool,
    draw: fn(&Record) -> Scene,
}

/// Every chart, in the order of the page.
pub const CHARTS: [Chart; 8] = [
    Chart {
        name: "pods_by_phase",
        alternative: "Stacked areas: how many pods are in which phase over time",
        is_drawn: always,
        draw: pods_by_phase::draw,
    },
    Chart {
        name: "pod_gantt",
        alternative: "Bars: the life of each pod over time, with phases as colours",
        is_drawn: always,
        draw: pod_gantt::draw,
    },
    Chart {
        name: "workload_replicas",
        alternative: "Steps: replicas wanted, ready and updated of each workload over time",
        is_drawn: always,
        draw: workload_replicas::draw,
    },
    Chart {
        name: "traffic",
        alternative: "Areas and lines: requests a second, requests that wait and latency of each load over time",
        is_drawn: traffic::is_drawn,
        draw: traffic::draw,
    },
    Chart {
        name: "autoscaling",
        alternative: "Lines: load, replicas wanted and ready, and use against its target of each autoscaler over time",
        is_drawn: |record| !record.autoscalers.is_empty(),
        draw: autoscaling::draw,
    },
    Chart {
        name: "node_utilisation",
        alternative: "Heat map: share of CPU requested on each node over time",
        is_drawn: always,
        draw: node_utilisation::draw,
    },
    Chart {
        name: "pending_queue",
        alternative: "Areas: pods that wait for a node over time",
        is_drawn: always,
        draw: pending_queue::draw,
    },
    Chart {
        name: "events_timeline",
        alternative: "Bars: Kubernetes Events by reason over time",
        is_drawn: always,
        draw: events_timeline::draw,
    },
];

/// Every run has pods, nodes and Events.
fn always(_record: &Record) -> bool {
    true
}

impl Chart {
    /// Draws the chart.
    pub fn draw(&self, record: &Record) -> Scene {
        (self.draw)(record)
    }
}

/// The scene of `chart` as SVG.
pub fn svg(chart: &'static str, scene: &Scene) -> Result<String, ReportError> {
    paint::svg(scene).map_err(|reason| ReportError::Chart { chart, reason })
}

/// The scene of `chart` as PNG.
pub fn png(chart: &'static str, scene: &Scene) -> Result<Vec<u8>, ReportError> {
    paint::png(scene).map_err(|reason| ReportError::Chart { chart, reason })
}

/// `1 pod`, `2 pods`, `5,000 pods`.
fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number as u64), if number == 1 { "" } else { "s" })
}
