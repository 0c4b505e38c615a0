//! One load in its course: who serves it, at which rates, and what has come of its requests so far. Between two calls of
//! `resolve` every rate is constant, so that `advance` counts exactly.

use std::collections::VecDeque;

use super::endpoints::Reach;
use super::service_time::ServiceTime;
use super::settings::{Entry, LoadSettings};
use super::site::{Common, Site, reason_of};
use super::totals::{ByReason, Counts, Reason, Served};
use crate::engine::histogram::Histogram;
use crate::engine::{NonNegative, SimDuration, SimTime};
use crate::model::object::{ObjectRef, PodId};

/// Rounds in which the number of tries settles, at most.
const ROUNDS: usize = 200;

/// A load.
#[derive(Debug)]
pub(super) struct Load {
    pub settings: LoadSettings,
    pub service: ServiceTime,
    /// The Service or workload, once it exists.
    pub object: Option<ObjectRef>,
    /// Its pods, by id; those that only end at last included.
    pub sites: Vec<Site>,
    /// The common backlog of consumers.
    pub pool: Option<Site>,
    /// Requests a second by its own curve, and until when.
    pub own: f64,
    pub own_until: SimTime,
    /// Requests a second that other loads cause.
    pub inflow: f64,
    /// Tries a second.
    pub attempts: f64,
    /// What comes of them, a second.
    pub rates: Counts,
    /// Seconds, and share that fails, of the requests that each request causes.
    pub calls: f64,
    pub calls_failing: f64,
    /// Mean seconds of a request that is served, and share of requests that are not.
    pub response: f64,
    pub failing: f64,
    /// Up to when everything is counted.
    pub at: SimTime,
    /// Tells its events apart.
    pub generation: u32,
    /// Has any pod ever served it?
    pub has_served: bool,
    pub counts: Counts,
    pub latency: Histogram,
    /// What happened lately, for windows.
    pub past: VecDeque<Stretch>,
    window: SimDuration,
}

/// A stretch of time with constant rates, or an instant at which requests were lost.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub from: SimTime,
    pub to: SimTime,
    pub counts: Counts,
    pub served: Vec<Served>,
}

impl Load {
    pub(super) fn new(settings: LoadSettings, window: SimDuration, at: SimTime) -> Self {
        let service = ServiceTime::new(&settings.latency, settings.cpu);
        let pool = matches!(settings.entry, Entry::Consumers { .. })
            .then(|| Site::new(PodId::NONE, Reach::Serving(crate::machines::ContainerId::NONE, 0)));
        Self {
            service,
            settings,
            pool,
            object: None,
            sites: Vec::new(),
            own: 0.0,
            own_until: at,
            inflow: 0.0,
            attempts: 0.0,
            rates: Counts::default(),
            calls: 0.0,
            calls_failing: 0.0,
            response: 0.0,
            failing: 0.0,
            at,
            generation: 0,
            has_served: false,
            counts: Counts::default(),
            latency: Histogram::default(),
            past: VecDeque::new(),
            window,
        }
    }

    pub(super) fn common(&self) -> Common<'_> {
        Common {
            service: &self.service,
            cpu: self.settings.cpu,
            timeout: self.settings.timeout,
            concurrency: self.settings.concurrency,
            queue: self.settings.queue,
            calls: self.calls,
            calls_failing: self.calls_failing,
        }
    }

    /// Requests that wait.
    pub(super) fn backlog(&self) -> f64 {
        self.queues().map(|site| site.backlog).sum()
    }

    /// Growth of what waits, in requests a second.
    pub(super) fn growth(&self) -> f64 {
        self.queues().map(|site| site.course.growth).sum()
    }

    /// Where requests wait: at the pods, or in the one backlog of consumers.
    pub(super) fn queues(&self) -> impl Iterator<Item = &Site> {
        self.pool.iter().chain(self.sites.iter().filter(|_| self.pool.is_none()))
    }

    /// What is served now, alike ones together; weights are requests a second.
    pub(super) fn served_now(&self) -> Vec<Served> {
        let common = self.common();
        grouped(self.queues().map(|site| site.served(&common)))
    }

    /// What will have been served `seconds` from the last count on.
    pub(super) fn served_over(&self, seconds: f64) -> Vec<Served> {
        let common = self.common();
        grouped(self.queues().map(|site| site.served_over(seconds, &common)))
    }

    /// Counts everything up to `now`.
    pub(super) fn advance(&mut self, now: SimTime) {
        let seconds = now.since(self.at).as_secs_f64();
        if seconds <= 0.0 {
            return;
        }
        let served = self.served_over(seconds);
        for part in &served {
            part.add_to(&mut self.latency, &self.service, 1.0);
        }
        let mut counts = Counts::default();
        counts.add(&self.rates, seconds);
        let is_pooled = self.pool.is_some();
        for site in self.pool.iter_mut().chain(self.sites.iter_mut().filter(|_| !is_pooled)) {
            let (after, over) = site.course.advance(site.backlog, seconds, site.limit);
            site.backlog = after;
            if over > 0.0 {
                counts.dropped[reason_of(site.course.loss) as usize] += over;
            } else {
                counts.served += over;
            }
        }
        self.counts.add(&counts, 1.0);
        self.remember(Stretch { from: self.at, to: now, counts, served });
        self.at = now;
    }

    /// Requests are lost at this instant: those of `waiting` and `in_service` at a pod that is gone. What was in service
    /// has been counted as served.
    pub(super) fn lose(&mut self, waiting: f64, in_service: f64) {
        let in_service = in_service.min(self.counts.served).non_negative();
        if waiting + in_service <= 0.0 {
            return;
        }
        let mut counts = Counts { served: -in_service, ..Counts::default() };
        counts.dropped[Reason::Killed as usize] = waiting + in_service;
        self.counts.add(&counts, 1.0);
        self.remember(Stretch { from: self.at, to: self.at, counts, served: Vec::new() });
    }

    /// Requests that were in service, and counted as served, wait again.
    pub(super) fn give_back(&mut self, in_service: f64) {
        let in_service = in_service.min(self.counts.served).non_negative();
        if let Some(pool) = self.pool.as_mut().filter(|_| in_service > 0.0) {
            pool.backlog += in_service;
            let counts = Counts { served: -in_service, ..Counts::default() };
            self.counts.add(&counts, 1.0);
            self.remember(Stretch { from: self.at, to: self.at, counts, served: Vec::new() });
        }
    }

    fn remember(&mut self, stretch: Stretch) {
        if self.window == SimDuration::ZERO {
            return;
        }
        while self.past.front().is_some_and(|old| old.to + self.window < stretch.from) {
            self.past.pop_front();
        }
        self.past.push_back(stretch);
    }

    /// Finds the rates that hold from now on: how many tries are made, and what comes of them.
    pub(super) fn resolve(&mut self) {
        let wanted = (self.own + self.inflow).non_negative();
        let (attempts, failed, served) =
            if self.pool.is_some() { self.resolve_pool(wanted) } else { self.resolve_sites(wanted) };
        self.attempts = attempts;
        let lost: f64 = failed.iter().sum();
        let retries = (attempts - wanted).clamp(0.0, lost);
        let kept = if lost > 0.0 { (lost - retries) / lost } else { 0.0 };
        self.rates = Counts { requests: attempts - retries, served, dropped: failed.map(|rate| rate * kept), retries };
        let dropped = self.rates.dropped();
        self.failing = if wanted > 0.0 { (dropped / wanted).clamp(0.0, 1.0) } else { 0.0 };
        let (mut weight, mut seconds) = (0.0, 0.0);
        for part in self.served_now() {
            weight += part.weight;
            seconds += part.weight * (self.service.mean * part.stretch + part.calls + part.wait.mean());
        }
        self.response = if weight > 0.0 { seconds / weight } else { self.service.mean + self.calls };
        self.has_served |= served > 0.0;
    }

    fn resolve_sites(&mut self, wanted: f64) -> (f64, ByReason, f64) {
        let mut failed = ByReason::default();
        let routed = self.sites.iter().filter(|site| site.is_routed).count();
        let mut sites = std::mem::take(&mut self.sites);
        let common = self.common();
        let attempts = self.tries(wanted, |attempts| {
            let each = attempts / routed as f64;
            let of = |site: &Site| site.failing(each, &common);
            if routed == 0 { 1.0 } else { sites.iter().filter(|s| s.is_routed).map(of).sum::<f64>() / routed as f64 }
        });
        let mut served = 0.0;
        for site in &mut sites {
            site.run(if site.is_routed { attempts / routed as f64 } else { 0.0 }, &common);
            site.add_rates(&common, &mut served, &mut failed);
        }
        if routed == 0 {
            failed[Reason::NoEndpoints as usize] += attempts;
        }
        self.sites = sites;
        (attempts, failed, served)
    }

    /// Consumers take from one backlog as fast as they can together.
    fn resolve_pool(&mut self, wanted: f64) -> (f64, ByReason, f64) {
        let Some(mut pool) = self.pool.take() else { return (wanted, ByReason::default(), 0.0) };
        let mut sites = std::mem::take(&mut self.sites);
        let common = self.common();
        let capacity: f64 = sites.iter().map(|site| site.station.capacity()).sum();
        let servers: f64 = sites.iter().map(|site| site.station.servers).sum();
        pool.station = super::station::Station {
            servers: if capacity.is_infinite() { 1.0 } else { servers },
            service: if capacity > 0.0 && capacity.is_finite() { servers / capacity } else { 0.0 },
            variation: self.service.variation,
        };
        if capacity <= 0.0 {
            (pool.station.servers, pool.station.service) = (0.0, self.service.mean.max(1e-9));
        }
        pool.stretch = sites.first().map_or(1.0, |site| site.stretch);
        pool.slow = sites.first().map_or(0.0, |site| site.slow);
        pool.run(wanted, &common);
        let (mut served, mut failed) = (0.0, ByReason::default());
        pool.add_rates(&common, &mut served, &mut failed);
        // What each of them serves, by what it can.
        let count = sites.len() as f64;
        for site in &mut sites {
            let share =
                if capacity.is_infinite() { 1.0 / count } else { site.station.capacity() / capacity.max(1e-12) };
            site.course = super::flow::Course { served: pool.course.served * share, ..pool.course };
            site.arrivals = wanted * share;
            site.backlog = pool.backlog * share;
        }
        self.pool = Some(pool);
        self.sites = sites;
        (wanted, failed, served)
    }

    /// Tries a second if each that fails (a share that grows with their number) is made again, up to `retries` times:
    /// the least solution of a = λ (1 + p(a) + … + p(a)^r).
    fn tries(&self, wanted: f64, failing: impl Fn(f64) -> f64) -> f64 {
        let mut attempts = wanted;
        if self.settings.retries == 0 || wanted <= 0.0 {
            return attempts;
        }
        for _ in 0..ROUNDS {
            let share = failing(attempts);
            let (mut sum, mut power) = (1.0, 1.0);
            for _ in 0..self.settings.retries {
                power *= share;
                sum += power;
                if power < 1e-15 {
                    break;
                }
            }
            let next = wanted * sum;
            if (next - attempts).abs() <= 1e-12 * attempts {
                return next;
            }
            attempts = next;
        }
        // More tries begin to fill a queue, so that none fails: between the two there is no rest. Nobody tries again.
        wanted
    }
}

/// Puts neighbours that are alike together; what weighs nothing is left out.
fn grouped(parts: impl Iterator<Item = Served>) -> Vec<Served> {
    let mut groups: Vec<Served> = Vec::new();
    for part in parts.filter(|part| part.weight > 0.0) {
        match groups.last_mut() {
            Some(last) if last.is_alike(&part) => last.weight += part.weight,
            _ => groups.push(part),
        }
    }
    groups
}
