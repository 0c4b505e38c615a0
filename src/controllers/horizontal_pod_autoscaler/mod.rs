//! The HorizontalPodAutoscaler controller: scales workloads by what the metrics APIs tell.
//!
//! `reconcile` decides one sync purely; `proposals` asks each metric, `replica_calculator` does the arithmetic,
//! `normalize` stabilises and limits; `controller` runs syncs when they can matter. Upstream:
//! pkg/controller/podautoscaler.

mod controller;
mod decision;
mod normalize;
pub mod observations;
mod proposals;
mod recommendations;
mod reconcile;
mod replica_calculator;
mod schedule;
mod status;
#[cfg(test)]
mod tests;
mod world;

pub use controller::RecordedDecision;
pub(super) use controller::{HorizontalPodAutoscalerController, profile};
pub use decision::{Decision, Metric, Note};
pub use reconcile::{Autoscaler, AutoscalerSettings};
pub use status::{current_metrics, view};
