//! What kubelets are started with, by upstream's names (KubeletConfiguration).

use super::configuration::KubeletConfiguration;
use crate::engine::SimTime;
use crate::engine::random::Streams;
use crate::model::latency::Latencies;

/// Settings of all kubelets.
#[derive(Clone, Debug)]
pub struct KubeletSettings {
    /// The delays of the model.
    pub latencies: Latencies,
    /// The run's random streams.
    pub streams: Streams,
    /// The file all of them are started with.
    pub configuration: KubeletConfiguration,
    /// The instant of the cluster's first state. Machines that are there then have been up for long.
    pub begin: SimTime,
}

impl KubeletSettings {
    /// Upstream's defaults.
    pub fn new(latencies: Latencies, streams: Streams) -> Self {
        Self { latencies, streams, configuration: KubeletConfiguration::default(), begin: SimTime::ZERO }
    }
}
