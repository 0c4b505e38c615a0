//! What the metrics APIs serve: CPU and memory of pods as metrics-server samples them, and the custom, object and
//! external metrics of adapters.
//!
//! Nothing is scraped here. The simulation notes when a container's use changes; what the scrapes of metrics-server
//! would have stored is computed when somebody asks, from the changes of the last two periods. Written by the
//! simulation, read by the HorizontalPodAutoscaler controller and kubectl. Knows no machines.

mod served;
mod usage;

pub use served::{MetricApi, MetricSeries, MetricSource, MetricsApi};
pub use usage::{ContainerSample, PodSample};

use smallvec::SmallVec;

use crate::engine::id_map::IdMap;
use crate::engine::{SimDuration, SimTime};
use crate::model::object::PodId;
use usage::{ContainerUsage, Times};

/// How metrics-server works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsSettings {
    /// `--metric-resolution`: time between scrapes, and the window of a rate.
    pub resolution: SimDuration,
    /// The first scrape, within one resolution of the run's first instant.
    pub phase: SimDuration,
    /// How old a kubelet's numbers are when they are scraped.
    pub age: SimDuration,
    /// How a sample is made of use.
    pub sampling: Sampling,
}

/// How a sample is made of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// As metrics-server does: the rate between two scrapes; a pod needs both, or ten seconds of life at its first.
    Rate,
    /// As the stand-in of the recordings in golden/live did: use at the last scrape, of pods that have run 15 s.
    Instant,
}

impl Default for MetricsSettings {
    /// Upstream: metrics-server's manifests (`--metric-resolution=15s`).
    fn default() -> Self {
        Self {
            resolution: SimDuration::from_secs(15),
            phase: SimDuration::ZERO,
            age: SimDuration::ZERO,
            sampling: Sampling::Rate,
        }
    }
}

/// What is known of a container's use; `None` is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownUsage {
    /// Millicores.
    pub cpu_milli: Option<u64>,
    /// Bytes.
    pub memory: Option<u64>,
}

/// The metrics APIs.
#[derive(Debug, Default)]
pub struct Metrics {
    settings: MetricsSettings,
    /// Custom, object and external metrics.
    pub series: MetricsApi,
    /// By pod.
    pods: IdMap<SmallVec<[ContainerUsage; 1]>>,
    /// Pods whose use changed since somebody last took them.
    changed: Vec<PodId>,
    /// Does metrics-server not answer?
    is_down: bool,
}

impl Metrics {
    /// No metrics yet.
    pub fn new(settings: MetricsSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// How metrics-server works.
    pub fn settings(&self) -> &MetricsSettings {
        &self.settings
    }

    /// A container runs, or uses something else than before from `now` on.
    pub fn container_uses(&mut self, now: SimTime, pod: PodId, container: u8, started: SimTime, usage: KnownUsage) {
        if usage == KnownUsage::default() && !self.pods.contains(pod.index()) {
            return;
        }
        let horizon = self.horizon(now);
        let containers = self.pods.get_or_default(pod.index());
        if let Some(known) = containers.iter_mut().find(|known| known.is(container, started)) {
            known.change(now, usage, horizon);
        } else {
            containers.retain(|known| !known.is_over_before(horizon));
            containers.push(ContainerUsage::new(container, started, now, usage));
        }
        self.note_change(pod);
    }

    /// A container has ended.
    pub fn container_ended(&mut self, now: SimTime, pod: PodId, container: u8) {
        let Some(containers) = self.pods.get_mut(pod.index()) else { return };
        containers.iter_mut().filter(|known| known.runs(container)).for_each(|known| known.end(now));
        self.note_change(pod);
    }

    /// A pod has left the API.
    pub fn forget(&mut self, pod: PodId) {
        self.pods.remove(pod.index());
    }

    /// metrics-server stops or is back: until then nobody gets a sample.
    pub fn set_up(&mut self, is_up: bool) {
        self.is_down = !is_up;
        self.changed.extend(self.pods.rows().map(PodId::from_index));
    }

    /// Does metrics-server answer?
    pub fn is_up(&self) -> bool {
        !self.is_down
    }

    fn note_change(&mut self, pod: PodId) {
        if self.changed.last() != Some(&pod) {
            self.changed.push(pod);
        }
    }

    /// Pods whose use changed since the last call, in order.
    pub fn take_changed(&mut self) -> Vec<PodId> {
        std::mem::take(&mut self.changed)
    }

    /// Whoever took them is done: their list is used again.
    pub fn give_back(&mut self, mut taken: Vec<PodId>) {
        if self.changed.is_empty() {
            taken.clear();
            self.changed = taken;
        }
    }

    /// Is there anything to take of what pods use, or of what adapters serve?
    #[inline]
    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty() || self.series.has_changed()
    }

    /// Changes before this instant no longer matter.
    fn horizon(&self, now: SimTime) -> SimTime {
        let back = self.settings.resolution * 2 + self.settings.age;
        SimTime(now.0.saturating_sub(back.0))
    }

    /// The last scrape up to `now`, if there was one.
    fn last_scrape(&self, now: SimTime) -> Option<SimTime> {
        let (phase, resolution) = (self.settings.phase.0, self.settings.resolution.0.max(1));
        let passed = now.0.checked_sub(phase)?;
        Some(SimTime(phase + passed / resolution * resolution))
    }

    /// Have there been two scrapes, so that rates are known?
    pub fn has_scraped_twice(&self, now: SimTime) -> bool {
        now >= SimTime(self.settings.phase.0) + self.settings.resolution
    }

    /// The first scrape after `now`.
    pub fn next_scrape(&self, now: SimTime) -> SimTime {
        match self.last_scrape(now) {
            Some(last) => last + self.settings.resolution,
            None => SimTime(self.settings.phase.0),
        }
    }

    /// What the resource metrics API serves about a pod.
    pub fn sample(&self, now: SimTime, pod: PodId) -> Option<PodSample> {
        if self.is_down {
            return None;
        }
        let containers = self.pods.get(pod.index())?;
        match self.settings.sampling {
            Sampling::Rate => usage::rate(containers, self.times(now)?),
            Sampling::Instant => usage::instant(containers, self.last_scrape(now)?),
        }
    }

    /// The two scrapes of which a sample is made at `now`.
    fn times(&self, now: SimTime) -> Option<Times> {
        let last = self.last_scrape(now)?;
        let last = SimTime(last.0.checked_sub(self.settings.age.0)?);
        Some(Times { last, resolution: self.settings.resolution })
    }

    /// Will the pod's sample stay as it is if its use does?
    pub fn is_settled(&self, now: SimTime, pod: PodId) -> bool {
        let Some(containers) = self.pods.get(pod.index()) else { return true };
        let settled = match self.settings.sampling {
            Sampling::Rate => {
                self.times(now).map(|times| SimTime(times.last.0.saturating_sub(self.settings.resolution.0)))
            }
            // A container is served once it has run 15 s.
            Sampling::Instant => self.last_scrape(now).map(|last| SimTime(last.0.saturating_sub(15_000_000_000))),
        };
        settled.is_some_and(|settled| containers.iter().all(|known| known.is_steady_since(settled)))
    }

    /// Is anything known of a pod?
    pub fn knows(&self, pod: PodId) -> bool {
        self.pods.contains(pod.index())
    }
}

#[cfg(test)]
mod tests;
