//! Which watcher hears of which change, and when: at the change's commit plus the watch latency, one wake for all
//! changes that are due.

use crate::cluster::{Change, ChangeLog, Cluster, Cursor};
use crate::engine::event_queue::EventQueue;
use crate::engine::{SimDuration, SimTime};

use super::event::{Event, Watcher};
use super::outages::Outages;

/// How many watchers there are.
const WATCHERS: [Watcher; 4] = [Watcher::Scheduler, Watcher::Controllers, Watcher::Kubelets, Watcher::Proxies];

/// One watcher's place in the log.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    cursor: Cursor,
    /// Is a wake pending?
    woken: bool,
}

/// The watchers of a run.
#[derive(Clone, Debug)]
pub struct Delivery {
    watches: [Watch; WATCHERS.len()],
    /// How many of the watchers there are: kube-proxy, the last, watches only where there is traffic.
    count: usize,
    latency: SimDuration,
    trimmed: Cursor,
}

/// Entries that are kept before the log is trimmed.
const TRIM_AFTER: u64 = 4096;

impl Delivery {
    /// Watchers that hear of changes `latency` after their commit.
    pub fn new(latency: SimDuration, with_proxies: bool) -> Self {
        let count = if with_proxies { WATCHERS.len() } else { WATCHERS.len() - 1 };
        Self { watches: [Watch::default(); WATCHERS.len()], count, latency, trimmed: Cursor(0) }
    }

    /// Wakes every watcher that is behind the log and has no wake pending; the silent ones hear nothing.
    pub fn schedule(&mut self, now: SimTime, log: &ChangeLog, outages: &Outages, queue: &mut EventQueue<Event>) {
        for (watch, watcher) in self.watches[..self.count].iter_mut().zip(WATCHERS) {
            if watch.woken {
                continue;
            }
            if let Some(change) = log.at(watch.cursor)
                && !outages.is_silent(watcher)
            {
                watch.woken = true;
                queue.push((change.at + self.latency).max(now), Event::Wake(watcher));
            }
        }
    }

    /// A watcher has listed everything: it hears of what comes from here on.
    pub fn skip_to_end(&mut self, watcher: Watcher, log: &ChangeLog) {
        self.watches[watcher as usize].cursor = log.end();
    }

    /// A watcher's wake is due: it may read until `next` returns nothing.
    pub fn begin(&mut self, watcher: Watcher) {
        self.watches[watcher as usize].woken = false;
    }

    /// The next change that has reached a watcher by `now`.
    pub fn next(&mut self, watcher: Watcher, log: &ChangeLog, now: SimTime) -> Option<Change> {
        let watch = &mut self.watches[watcher as usize];
        let change = log.at(watch.cursor).filter(|change| change.at + self.latency <= now)?;
        watch.cursor.0 += 1;
        Some(change)
    }

    /// Forgets changes that every watcher and `recorded` have read.
    pub fn trim(&mut self, cluster: &mut Cluster, recorded: Cursor) {
        let slowest = self.watches[..self.count].iter().map(|watch| watch.cursor).fold(recorded, Cursor::min);
        if slowest.0 - self.trimmed.0 >= TRIM_AFTER {
            cluster.forget_before(slowest);
            self.trimmed = slowest;
        }
    }

    /// Does any watcher that hears at all still have to hear of something?
    pub fn is_behind(&self, log: &ChangeLog, outages: &Outages) -> bool {
        let mut watches = self.watches[..self.count].iter().zip(WATCHERS);
        watches.any(|(watch, watcher)| watch.cursor < log.end() && !outages.is_silent(watcher))
    }
}
