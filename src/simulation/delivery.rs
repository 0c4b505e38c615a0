//! Which watcher hears of which change, and when: at the change's commit plus the watch latency, one wake for all
//! changes that are due.

use crate::cluster::{Change, ChangeLog, Cluster, Cursor};
use crate::engine::event_queue::EventQueue;
use crate::engine::{SimDuration, SimTime};

use super::event::{Event, Watcher};
use super::outages::Outages;

/// How many watchers there are.
const WATCHERS: [Watcher; 4] = [Watcher::Scheduler, Watcher::Controllers, Watcher::Kubelets, Watcher::Proxies];

/// The watchers of a run.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Their places in the log.
    cursors: [Cursor; WATCHERS.len()],
    /// Those that have no wake pending, a bit for each.
    asleep: u8,
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
        let asleep = (1 << count) - 1;
        Self { cursors: [Cursor(0); WATCHERS.len()], asleep, count, latency, trimmed: Cursor(0) }
    }

    /// Wakes every watcher that is behind the log and has no wake pending; the silent ones hear nothing.
    #[inline]
    pub fn schedule(&mut self, now: SimTime, log: &ChangeLog, outages: &Outages, queue: &mut EventQueue<Event>) {
        // While pods come in rows all are awake nearly always.
        if self.asleep != 0 {
            self.wake_those_behind(now, log, outages, queue);
        }
    }

    fn wake_those_behind(&mut self, now: SimTime, log: &ChangeLog, outages: &Outages, queue: &mut EventQueue<Event>) {
        let asleep = self.asleep;
        for watcher in WATCHERS.into_iter().filter(|watcher| asleep & bit(*watcher) != 0) {
            if let Some(change) = log.at(self.cursors[watcher as usize])
                && !outages.is_silent(watcher)
            {
                self.asleep &= !bit(watcher);
                queue.push((change.at + self.latency).max(now), Event::Wake(watcher));
            }
        }
    }

    /// A watcher has listed everything: it hears of what comes from here on.
    pub fn skip_to_end(&mut self, watcher: Watcher, log: &ChangeLog) {
        self.cursors[watcher as usize] = log.end();
    }

    /// A watcher's wake is due: it may read until `next` returns nothing.
    pub fn begin(&mut self, watcher: Watcher) {
        self.asleep |= bit(watcher);
    }

    /// The next change that has reached a watcher by `now`.
    pub fn next(&mut self, watcher: Watcher, log: &ChangeLog, now: SimTime) -> Option<Change> {
        let cursor = &mut self.cursors[watcher as usize];
        let change = log.at(*cursor).filter(|change| change.at + self.latency <= now)?;
        cursor.0 += 1;
        Some(change)
    }

    /// Forgets changes that every watcher and `recorded` have read.
    #[inline]
    pub fn trim(&mut self, cluster: &mut Cluster, recorded: Cursor) {
        if recorded.0 - self.trimmed.0 < TRIM_AFTER {
            return;
        }
        let slowest = self.cursors[..self.count].iter().copied().fold(recorded, Cursor::min);
        if slowest.0 - self.trimmed.0 >= TRIM_AFTER {
            cluster.forget_before(slowest);
            self.trimmed = slowest;
        }
    }

    /// Does any watcher that hears at all still have to hear of something?
    pub fn is_behind(&self, log: &ChangeLog, outages: &Outages) -> bool {
        let mut watchers = self.cursors[..self.count].iter().zip(WATCHERS);
        watchers.any(|(cursor, watcher)| *cursor < log.end() && !outages.is_silent(watcher))
    }
}

fn bit(watcher: Watcher) -> u8 {
    1 << watcher as u8
}
