//! Kubernetes objects as compact plain data, and the matching and arithmetic on them.
//! Knows neither the wire form (that is `api`) nor any state (that is `cluster`).

pub mod affinity;
pub mod autoscaling;
pub mod condition;
pub mod container_matcher;
pub mod custom_kind;
pub mod deployment;
pub mod env_file;
pub mod expansion;
pub mod flags;
pub mod image_name;
pub mod int_or_percent;
pub mod job;
pub mod kind;
pub mod labels;
pub mod latency;
pub mod node;
pub mod object;
pub mod pod;
pub mod pod_columns;
pub mod pod_condition;
pub mod pod_spec;
pub mod pod_template;
pub mod probe;
pub mod quantity;
pub mod replica_set;
pub mod resize;
pub mod resources;
pub mod selector;
pub mod service;
pub mod storage;
pub mod taint;
pub mod volume;
pub mod workload;

/// Short text without a heap allocation up to 24 bytes: names, reasons, messages.
pub type Text = compact_str::CompactString;
