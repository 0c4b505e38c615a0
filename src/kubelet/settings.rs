//! What kubelets are started with, by upstream's names (KubeletConfiguration).

use crate::engine::SimDuration;
use crate::engine::random::Streams;
use crate::model::latency::Latencies;

/// Settings of all kubelets.
#[derive(Clone, Debug)]
pub struct KubeletSettings {
    /// The delays of the model.
    pub latencies: Latencies,
    /// The run's random streams.
    pub streams: Streams,
    /// `syncFrequency`: a quiet pod is synced again after this and up to half as long more.
    pub sync_frequency: SimDuration,
    /// `crashLoopBackOff.maxContainerRestartPeriod`.
    pub max_container_restart_period: SimDuration,
    /// `serializeImagePulls`; without, `max_parallel_image_pulls` applies.
    pub serialize_image_pulls: bool,
    /// `maxParallelImagePulls`; `None` is without limit.
    pub max_parallel_image_pulls: Option<u32>,
    /// `evictionHard["memory.available"]`, in bytes.
    pub eviction_memory_available: u64,
}

impl KubeletSettings {
    /// Upstream's defaults.
    pub fn new(latencies: Latencies, streams: Streams) -> Self {
        Self {
            latencies,
            streams,
            sync_frequency: SimDuration::from_secs(60),
            max_container_restart_period: SimDuration::from_secs(300),
            serialize_image_pulls: true,
            max_parallel_image_pulls: None,
            eviction_memory_available: 100 << 20,
        }
    }
}
