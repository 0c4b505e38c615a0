//! The recent use of containers, and what scrapes make of it.
//! Upstream: metrics-server pkg/storage/pod.go `Store`, `GetMetrics`; pkg/storage/types.go `resourceUsage`.

use smallvec::SmallVec;

use super::KnownUsage;
use crate::engine::{SimDuration, SimTime};

/// A container that is this old at its first scrape is served at once, with its whole life as the window.
/// Upstream: metrics-server `freshContainerMinMetricsResolution`.
const FRESH: SimDuration = SimDuration::from_secs(10);

/// What is served about a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSample {
    /// When it was taken.
    pub timestamp: SimTime,
    /// The time before that which it tells of.
    pub window: SimDuration,
    /// Its containers.
    pub containers: SmallVec<[ContainerSample; 1]>,
}

/// What is served about a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerSample {
    /// Index into the template's containers.
    pub container: u8,
    /// Billionths of a core.
    pub cpu_nano: Option<u64>,
    /// Bytes.
    pub memory: Option<u64>,
}

impl ContainerSample {
    /// Millicores, rounded up as quantities are.
    pub fn cpu_milli(&self) -> Option<u64> {
        self.cpu_nano.map(|nano| nano.div_ceil(1_000_000))
    }
}

/// The later of the two scrapes, and their distance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub last: SimTime,
    pub resolution: SimDuration,
}

/// Use in little space: there may be a million of these. The greatest numbers stand for what is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed {
    cpu_milli: u32,
    memory: u64,
}

impl From<KnownUsage> for Packed {
    fn from(usage: KnownUsage) -> Self {
        let cpu = usage.cpu_milli.map_or(u32::MAX, |milli| u32::try_from(milli).unwrap_or(u32::MAX - 1));
        Self { cpu_milli: cpu, memory: usage.memory.unwrap_or(u64::MAX) }
    }
}

impl From<Packed> for KnownUsage {
    fn from(packed: Packed) -> Self {
        Self {
            cpu_milli: (packed.cpu_milli != u32::MAX).then_some(u64::from(packed.cpu_milli)),
            memory: (packed.memory != u64::MAX).then_some(packed.memory),
        }
    }
}

/// One run of a container.
#[derive(Clone, Debug)]
pub(super) struct ContainerUsage {
    container: u8,
    started: SimTime,
    /// `NEVER` while it runs.
    ended: SimTime,
    /// From when on it uses what, in order.
    points: SmallVec<[(SimTime, Packed); 1]>,
}

impl ContainerUsage {
    /// Of a run that was taken over it is assumed that it used as much before.
    pub(super) fn new(container: u8, started: SimTime, now: SimTime, usage: KnownUsage) -> Self {
        let since = started.min(now);
        Self { container, started, ended: SimTime::NEVER, points: SmallVec::from_elem((since, usage.into()), 1) }
    }

    /// Is it this very run?
    pub(super) fn is(&self, container: u8, started: SimTime) -> bool {
        self.container == container && self.started == started
    }

    /// Is it the run of this container that goes on?
    pub(super) fn runs(&self, container: u8) -> bool {
        self.container == container && self.ended == SimTime::NEVER
    }

    /// It uses something else from now on. Forgets what was over before `horizon`.
    pub(super) fn change(&mut self, now: SimTime, usage: KnownUsage, horizon: SimTime) {
        let usage = usage.into();
        match self.points.last_mut() {
            Some((at, last)) if *at == now => *last = usage,
            Some((_, last)) if *last == usage => {}
            _ => {
                let over = self.points.iter().skip(1).take_while(|(at, _)| *at <= horizon).count();
                self.points.drain(..over);
                self.points.push((now, usage));
            }
        }
    }

    pub(super) fn end(&mut self, now: SimTime) {
        self.ended = now;
    }

    pub(super) fn is_over_before(&self, horizon: SimTime) -> bool {
        self.ended < horizon
    }

    /// Has nothing changed since then?
    pub(super) fn is_steady_since(&self, at: SimTime) -> bool {
        let last = self.points.last().map_or(self.started, |(at, _)| *at);
        last.max(self.started) <= at && (self.ended == SimTime::NEVER || self.ended <= at)
    }

    /// Use at an instant of its life.
    fn at(&self, at: SimTime) -> KnownUsage {
        let passed = self.points.iter().rposition(|(from, _)| *from <= at);
        passed.map_or_else(KnownUsage::default, |index| self.points[index].1.into())
    }

    /// Billionths of a core on average between two instants; `None` where it was not known all the time.
    fn average_cpu(&self, from: SimTime, to: SimTime) -> Option<u64> {
        let mut sum: u128 = 0;
        for (index, (begin, usage)) in self.points.iter().enumerate() {
            let end = self.points.get(index + 1).map_or(to, |(end, _)| (*end).min(to));
            let begin = (*begin).max(from);
            if end > begin {
                sum += u128::from(KnownUsage::from(*usage).cpu_milli?) * u128::from((end - begin).0);
            }
        }
        let window = to.since(from).0.max(1);
        Some((sum * 1_000_000 / u128::from(window)) as u64)
    }

    fn exists_at(&self, at: SimTime) -> bool {
        self.started <= at && self.ended > at
    }
}

/// The rate between the last two scrapes. All containers that the last one saw must have been seen by the one before.
pub(super) fn rate(containers: &[ContainerUsage], times: Times) -> Option<PodSample> {
    let mut sample: Option<PodSample> = None;
    for container in containers.iter().filter(|container| container.exists_at(times.last)) {
        let age = times.last.since(container.started);
        let window = if age < times.resolution && age >= FRESH {
            age
        } else if age > times.resolution {
            times.resolution
        } else {
            return None;
        };
        let from = SimTime(times.last.0 - window.0);
        let sample =
            sample.get_or_insert_with(|| PodSample { timestamp: times.last, window, containers: SmallVec::new() });
        sample.containers.push(ContainerSample {
            container: container.container,
            cpu_nano: container.average_cpu(from, times.last),
            memory: container.at(times.last).memory,
        });
    }
    sample
}

/// Use at the last scrape, of containers that had run for 15 s then. See the note and metrics.jsonl in
/// golden/live/hpa-cpu-utilization.
pub(super) fn instant(containers: &[ContainerUsage], scrape: SimTime) -> Option<PodSample> {
    let window = SimDuration::from_secs(15);
    let mut sample = PodSample { timestamp: scrape, window, containers: SmallVec::new() };
    for container in containers.iter().filter(|container| container.exists_at(scrape)) {
        if scrape.since(container.started) < window {
            return None;
        }
        let usage = container.at(scrape);
        sample.containers.push(ContainerSample {
            container: container.container,
            cpu_nano: usage.cpu_milli.map(|milli| milli * 1_000_000),
            memory: usage.memory,
        });
    }
    (!sample.containers.is_empty()).then_some(sample)
}
