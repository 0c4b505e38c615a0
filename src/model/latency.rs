//! The delays of the model by name, and their presets.
//!
//! `recorded` holds what the recordings of real components show (their container runtime answers in milliseconds);
//! `realistic` is the same with sandbox, network and container creation as container runtimes document them;
//! `instant` has no delays at all.

use std::sync::Arc;

use crate::engine::SimDuration;
use crate::engine::distribution::Distribution;
use crate::engine::latency::{LatencyTable, UnknownLatency};
use crate::engine::random::Stream;

macro_rules! latencies {
    ($($(#[$doc:meta])* $variant:ident $name:literal recorded $recorded:expr, realistic $realistic:expr;)*) => {
        /// A named delay; scenario files set it by its name in camelCase.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Latency {
            $($(#[$doc])* $variant),*
        }

        const RECORDED: &[(&str, Distribution)] = &[$(($name, $recorded)),*];
        const REALISTIC: &[(&str, Distribution)] = &[$(($name, $realistic)),*];
        const INSTANT: &[(&str, Distribution)] = &[$(($name, Distribution::Constant(0.0))),*];
    };
}

const fn constant(seconds: f64) -> Distribution {
    Distribution::Constant(seconds)
}

const fn uniform(low: f64, high: f64) -> Distribution {
    Distribution::Uniform { low, high }
}

latencies! {
    /// A write to the API server, as its client waits for it.
    ApiWrite "apiWrite" recorded constant(0.002), realistic constant(0.002);
    /// From a commit to the handlers of a watcher.
    WatchDelivery "watchDelivery" recorded constant(0.003), realistic constant(0.003);
    /// From a controller's workqueue to the writes of its sync.
    ControllerSync "controllerSync" recorded constant(0.002), realistic constant(0.002);
    /// A sync of the HorizontalPodAutoscaler controller before its writes: the scale, the pods and the metrics are read.
    AutoscalerSync "autoscalerSync" recorded constant(0.02), realistic constant(0.02);
    /// From the first instant to the first scrape of metrics-server. The recordings' one scraped at 11.495 s.
    MetricsPhase "metricsPhase" recorded constant(11.495), realistic uniform(0.0, 15.0);
    /// How old a kubelet's numbers are when they are scraped: cAdvisor looks at containers every ten seconds.
    MetricsAge "metricsAge" recorded constant(0.0), realistic constant(5.0);
    /// The scheduling algorithm for one pod.
    Scheduling "scheduling" recorded constant(0.003), realistic constant(0.003);
    /// From the decision to the binding's commit.
    Binding "binding" recorded constant(0.003), realistic constant(0.003);
    /// From a kubelet's news of a pod to its first sync.
    PodSync "podSync" recorded constant(0.005), realistic constant(0.005);
    /// From a sync to its status in the API.
    StatusUpdate "statusUpdate" recorded constant(0.025), realistic constant(0.025);
    /// From a sync that changed a pod's containers to the kubelet's look at what became of them.
    PodRelist "podRelist" recorded constant(0.008), realistic constant(0.01);
    /// Interval at which a starting pod looks for its volumes.
    VolumePoll "volumePoll" recorded constant(0.3), realistic constant(0.3);
    /// Creation of a sandbox with its network.
    Sandbox "sandbox" recorded constant(0.005), realistic uniform(0.25, 0.55);
    /// End of a sandbox.
    SandboxStop "sandboxStop" recorded constant(0.005), realistic uniform(0.1, 0.2);
    /// Creation of a container.
    ContainerCreate "containerCreate" recorded constant(0.004), realistic uniform(0.08, 0.12);
    /// Start of a created container.
    ContainerStart "containerStart" recorded constant(0.004), realistic uniform(0.1, 0.2);
    /// A pull's fixed part: resolving and authorization.
    PullFixed "pullFixed" recorded constant(0.1), realistic uniform(0.2, 0.6);
    /// A pull that ends with the registry's refusal.
    PullFailure "pullFailure" recorded constant(1.0), realistic uniform(0.5, 1.5);
    /// The check of a present image under `Always`.
    PullCheck "pullCheck" recorded uniform(0.2, 0.6), realistic uniform(0.2, 0.6);
    /// From TERM to the exit of a process that handles it at once.
    TermExit "termExit" recorded constant(0.005), realistic constant(0.1);
    /// From the last exit to the pod's resources being given back (volumes, cgroup).
    Unmount "unmount" recorded constant(0.1), realistic uniform(0.1, 0.5);
    /// Provisioning of a volume by its driver, and its deletion. No recording holds one; block storage of clouds takes
    /// seconds.
    VolumeProvision "volumeProvision" recorded constant(1.0), realistic uniform(1.0, 5.0);
    /// The answer to a probe.
    ProbeAnswer "probeAnswer" recorded constant(0.002), realistic constant(0.005);
}

/// The delays of a run, shared by its components.
#[derive(Clone, Debug)]
pub struct Latencies {
    table: Arc<LatencyTable>,
}

impl Latencies {
    /// A preset by name: `recorded`, `realistic` or `instant`.
    pub fn preset(name: &str) -> Option<Self> {
        let preset = match name {
            "recorded" => RECORDED,
            "realistic" => REALISTIC,
            "instant" => INSTANT,
            _ => return None,
        };
        Some(Self { table: Arc::new(LatencyTable::new(preset)) })
    }

    /// What the recordings show.
    pub fn recorded() -> Self {
        Self { table: Arc::new(LatencyTable::new(RECORDED)) }
    }

    /// The default.
    pub fn realistic() -> Self {
        Self { table: Arc::new(LatencyTable::new(REALISTIC)) }
    }

    /// Replaces one delay, in seconds.
    ///
    /// # Errors
    /// There is no such name.
    pub fn set(&mut self, name: &str, seconds: Distribution) -> Result<(), UnknownLatency> {
        Arc::make_mut(&mut self.table).set(name, seconds)
    }

    /// Draws a delay.
    #[inline]
    pub fn sample(&self, latency: Latency, stream: &mut Stream) -> SimDuration {
        self.table.sample(latency as usize, stream)
    }

    /// A delay's mean, for those that a component treats as fixed.
    #[inline]
    pub fn fixed(&self, latency: Latency) -> SimDuration {
        self.table.constant(latency as usize).unwrap_or_else(|| self.table.mean(latency as usize))
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        RECORDED.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::Streams;

    #[test]
    fn the_instant_preset_has_no_delays() {
        let latencies = Latencies::preset("instant").unwrap();
        let mut stream = Streams::new(0).stream("test", 0);
        assert_eq!(latencies.sample(Latency::Sandbox, &mut stream), SimDuration::ZERO);
    }

    #[test]
    fn a_delay_is_set_by_name() {
        let mut latencies = Latencies::recorded();
        latencies.set("sandbox", Distribution::Constant(0.6)).unwrap();
        assert_eq!(latencies.fixed(Latency::Sandbox), SimDuration::from_millis(600));
        assert!(latencies.set("sandbx", Distribution::Constant(1.0)).is_err());
    }
}
