//! kubelapse: Kubernetes in time-lapse.
pub mod api;
pub mod cli;
pub mod cluster;
pub mod controllers;
pub mod engine;
pub mod faults;
pub mod kubectl;
pub mod kubelet;
pub mod machines;
pub mod model;
pub mod record;
pub mod report;
pub mod scenario;
pub mod scheduler;
pub mod simulation;
pub mod workload;
