//! What others may know of traffic: rows for the record, numbers for expressions and metrics. Pure reads, exact at any
//! instant between two events.

use super::Traffic;
use super::load::{Load, Stretch};
use super::settings::LoadSettings;
use super::totals::Counts;
use crate::engine::histogram::Histogram;
use crate::engine::{NonNegative, SimDuration, SimTime};

/// How long requests took, in seconds; all 0 where none was served.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatencyView {
    /// Requests.
    pub count: f64,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// A load from one change to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrafficRow {
    /// When it began.
    pub at: SimTime,
    /// The load's index.
    pub load: u32,
    /// Pods that requests go to, and those of them that serve.
    pub endpoints: u32,
    /// Those of them where somebody answers.
    pub serving: u32,
    /// Requests a second.
    pub rps: f64,
    /// What comes of them, a second.
    pub rates: Counts,
    /// Requests that wait.
    pub queued: f64,
    /// Growth of what waits, in requests a second, and for how many seconds.
    pub growth: (f64, f64),
    /// Latency of those that are served now; `count` is their rate.
    pub latency: LatencyView,
    /// What has come of all since t=0.
    pub counts: Counts,
}

/// A load at an instant, or over a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadView {
    /// Requests a second: now, or their mean over the window.
    pub rps: f64,
    /// Requests that wait now.
    pub queued: f64,
    /// What came of requests.
    pub counts: Counts,
    /// How long those took that were served.
    pub latency: LatencyView,
}

impl LatencyView {
    fn of(histogram: &Histogram) -> Self {
        Self {
            count: histogram.weight(),
            mean: histogram.mean(),
            p50: histogram.quantile(0.5),
            p90: histogram.quantile(0.9),
            p95: histogram.quantile(0.95),
            p99: histogram.quantile(0.99),
            max: histogram.max(),
        }
    }
}

impl Traffic {
    /// The loads, in the order of the scenario.
    pub fn loads(&self) -> impl Iterator<Item = &LoadSettings> {
        self.loads.iter().map(|load| &load.settings)
    }

    /// A load by its name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.loads.iter().position(|load| load.settings.name == name)
    }

    /// Loads none of whose requests was ever served.
    pub fn unserved(&self) -> impl Iterator<Item = &LoadSettings> {
        self.loads.iter().filter(|load| !load.has_served).map(|load| &load.settings)
    }

    /// Are there rows that nobody has taken?
    #[inline]
    pub fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Rows since the last call.
    pub fn take_rows(&mut self) -> Vec<TrafficRow> {
        std::mem::take(&mut self.rows)
    }

    /// A load from t=0 up to `now`.
    pub fn view(&self, load: usize, now: SimTime) -> LoadView {
        let load = &self.loads[load];
        let (counts, latency) = up_to(load, now);
        LoadView { rps: rate(load), queued: queued(load, now), counts, latency: LatencyView::of(&latency) }
    }

    /// A load over the last `window` up to `now`, or since t=0 if that is shorter.
    pub fn window(&self, load: usize, now: SimTime, window: SimDuration) -> LoadView {
        let load = &self.loads[load];
        let from = SimTime(now.0.saturating_sub(window.0)).max(self.origin);
        let (mut counts, mut latency) = (Counts::default(), Histogram::default());
        let open = load.at.max(from);
        let seconds = now.since(open).as_secs_f64();
        if seconds > 0.0 {
            counts.add(&load.rates, seconds);
            let whole = now.since(load.at).as_secs_f64();
            for part in load.served_over(whole) {
                part.add_to(&mut latency, &load.service, seconds / whole);
            }
        }
        for stretch in load.past.iter().rev().take_while(|stretch| stretch.to > from || stretch.from >= from) {
            add_stretch(&mut counts, &mut latency, load, stretch, from);
        }
        let length = now.since(from).as_secs_f64();
        let rps = if length > 0.0 { counts.requests / length } else { rate(load) };
        LoadView { rps, queued: queued(load, now), counts, latency: LatencyView::of(&latency) }
    }

    /// Writes a row if anything but time has changed since the load's last one.
    pub(super) fn write_row(&mut self, now: SimTime, index: usize) {
        let load = &self.loads[index];
        let routed = load.sites.iter().filter(|site| site.is_routed);
        let mut latency = Histogram::default();
        for part in load.served_now() {
            part.add_to(&mut latency, &load.service, 1.0);
        }
        let row = TrafficRow {
            at: now,
            load: index as u32,
            endpoints: routed.clone().count() as u32,
            serving: routed.filter(|site| site.container().is_some()).count() as u32,
            rps: rate(load),
            rates: load.rates,
            queued: load.backlog(),
            growth: (load.growth(), load.queues().map(|site| site.course.lasts).fold(f64::INFINITY, f64::min)),
            latency: LatencyView::of(&latency),
            counts: load.counts,
        };
        // Of several looks at one instant, the last one counts.
        match self.rows.last_mut() {
            Some(last) if last.at == now && last.load == row.load => *last = row,
            _ => self.rows.push(row),
        }
    }

    /// The rows with which a record ends: every load, counted up to `now`.
    pub fn final_rows(&mut self, now: SimTime) -> Vec<TrafficRow> {
        for index in 0..self.loads.len() {
            self.loads[index].advance(now);
            self.write_row(now.max(self.origin), index);
        }
        self.take_rows()
    }
}

fn rate(load: &Load) -> f64 {
    (load.own + load.inflow).non_negative()
}

fn queued(load: &Load, now: SimTime) -> f64 {
    (load.backlog() + load.growth() * now.since(load.at).as_secs_f64()).non_negative()
}

fn up_to(load: &Load, now: SimTime) -> (Counts, Histogram) {
    let (mut counts, mut latency) = (load.counts, load.latency.clone());
    let seconds = now.since(load.at).as_secs_f64();
    if seconds > 0.0 {
        counts.add(&load.rates, seconds);
        for part in load.served_over(seconds) {
            part.add_to(&mut latency, &load.service, 1.0);
        }
    }
    (counts, latency)
}

fn add_stretch(counts: &mut Counts, latency: &mut Histogram, load: &Load, stretch: &Stretch, from: SimTime) {
    let whole = stretch.to.since(stretch.from).as_secs_f64();
    let inside = stretch.to.since(stretch.from.max(from)).as_secs_f64();
    let share = if whole > 0.0 { inside / whole } else { 1.0 };
    counts.add(&stretch.counts, share);
    for part in &stretch.served {
        part.add_to(latency, &load.service, share);
    }
}
