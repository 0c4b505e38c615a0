//! Settings of kube-controller-manager, under upstream's flag names.

use crate::engine::random::Streams;
use crate::engine::{SimDuration, SimTime};
use crate::model::latency::Latencies;

use super::ControllerId;
use super::horizontal_pod_autoscaler::AutoscalerSettings;

/// What the controllers are started with.
#[derive(Clone, Debug)]
pub struct ControllerSettings {
    /// The delays of the run.
    pub latencies: Latencies,
    /// The run's random streams.
    pub streams: Streams,
    /// `--kube-api-qps` of each controller's client; zero or less is no limit.
    pub client_qps: f64,
    /// `--kube-api-burst`.
    pub client_burst: u32,
    /// `--node-monitor-period`.
    pub node_monitor_period: SimDuration,
    /// `--node-monitor-grace-period`.
    pub node_monitor_grace_period: SimDuration,
    /// `--node-startup-grace-period`.
    pub node_startup_grace_period: SimDuration,
    /// `--node-eviction-rate`, nodes a second.
    pub node_eviction_rate: f64,
    /// `--secondary-node-eviction-rate`, nodes a second.
    pub secondary_node_eviction_rate: f64,
    /// `--unhealthy-zone-threshold`.
    pub unhealthy_zone_threshold: f32,
    /// `--large-cluster-size-threshold`, nodes of a zone.
    pub large_cluster_size_threshold: u32,
    /// `--terminated-pod-gc-threshold`; zero or less keeps all.
    pub terminated_pod_gc_threshold: i32,
    /// `--horizontal-pod-autoscaler-…`.
    pub autoscaler: AutoscalerSettings,
    /// `--concurrent-…-syncs` that differ from upstream's defaults.
    pub concurrent_syncs: Vec<(ControllerId, u16)>,
    /// Feature gate MaxUnavailableStatefulSet.
    pub max_unavailable_stateful_set: bool,
    /// The instant of the cluster's first state.
    pub begin: SimTime,
}

impl ControllerSettings {
    /// Upstream's defaults of v1.36.
    pub fn new(latencies: Latencies, streams: Streams) -> Self {
        Self {
            latencies,
            streams,
            client_qps: 20.0,
            client_burst: 30,
            node_monitor_period: SimDuration::from_secs(5),
            node_monitor_grace_period: SimDuration::from_secs(50),
            node_startup_grace_period: SimDuration::from_secs(60),
            node_eviction_rate: 0.1,
            secondary_node_eviction_rate: 0.01,
            unhealthy_zone_threshold: 0.55,
            large_cluster_size_threshold: 50,
            terminated_pod_gc_threshold: 12_500,
            autoscaler: AutoscalerSettings::default(),
            concurrent_syncs: Vec::new(),
            max_unavailable_stateful_set: false,
            begin: SimTime::ZERO,
        }
    }

    /// With clients that never wait: for runs without any delay.
    #[must_use]
    pub fn with_unlimited_clients(mut self) -> Self {
        self.client_qps = 0.0;
        self
    }
}
