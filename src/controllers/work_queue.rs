//! The rate-limited workqueue of a controller: each key is queued once and worked on by one worker at a time.
//! Upstream: client-go util/workqueue `Typed`, `delayingType`, `DefaultTypedControllerRateLimiter`.
//! Holds no clock of its own: its owner wakes it at `next_due`.

use std::cmp::Reverse;
use std::collections::VecDeque;

use priority_queue::PriorityQueue;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::engine::{SimDuration, SimTime};
use crate::model::object::ObjectRef;

use crate::engine::token_bucket::TokenBucket;

/// How long failed keys wait.
#[derive(Clone, Debug)]
pub(super) struct RateLimiter {
    base: SimDuration,
    cap: SimDuration,
    /// Over all keys of the queue.
    overall: Option<TokenBucket>,
}

impl RateLimiter {
    /// 5 ms doubling to 1000 s for each key; 10 a second, 100 at once, for all together.
    /// Upstream: workqueue `DefaultTypedControllerRateLimiter`.
    pub(super) fn default_controller() -> Self {
        Self::exponential(SimDuration::from_millis(5), SimDuration::from_secs(1000)).with_overall()
    }

    /// Doubling from `base` to `cap` for each key.
    pub(super) fn exponential(base: SimDuration, cap: SimDuration) -> Self {
        Self { base, cap, overall: None }
    }

    /// With the limit of 10 a second, 100 at once, for all keys together.
    pub(super) fn with_overall(mut self) -> Self {
        self.overall = Some(TokenBucket::new(10.0, 100));
        self
    }

    /// The wait after `failures` failures before this one.
    fn delay(&mut self, now: SimTime, failures: u32) -> SimDuration {
        let own = self.base * 1_u64.checked_shl(failures.min(63)).unwrap_or(u64::MAX);
        let overall = self.overall.as_mut().map_or(SimDuration::ZERO, |bucket| bucket.reserve(now).since(now));
        own.min(self.cap).max(overall)
    }
}

/// The queue.
pub(super) struct WorkQueue {
    ready: VecDeque<ObjectRef>,
    /// Keys that are to be worked on: those in `ready`, and those that changed while in `processing`.
    dirty: FxHashSet<ObjectRef>,
    processing: FxHashSet<ObjectRef>,
    /// Keys that become ready later, the earliest on top; equal times in the order in which they came.
    waiting: PriorityQueue<ObjectRef, Reverse<(SimTime, u64)>, FxBuildHasher>,
    waited: u64,
    failures: FxHashMap<ObjectRef, u32>,
    limiter: RateLimiter,
    has_news: bool,
}

impl std::fmt::Debug for WorkQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkQueue")
            .field("ready", &self.ready)
            .field("processing", &self.processing.len())
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

impl WorkQueue {
    /// An empty queue.
    pub(super) fn new(limiter: RateLimiter) -> Self {
        Self {
            ready: VecDeque::new(),
            dirty: FxHashSet::default(),
            processing: FxHashSet::default(),
            waiting: PriorityQueue::with_default_hasher(),
            waited: 0,
            failures: FxHashMap::default(),
            limiter,
            has_news: false,
        }
    }

    /// Was any key added since the last call?
    #[inline]
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    /// Asks for a sync of `key`, if none is due already.
    pub(super) fn add(&mut self, key: ObjectRef) {
        if self.dirty.insert(key) && !self.processing.contains(&key) {
            self.ready.push_back(key);
            self.has_news = true;
        }
    }

    /// Asks for a sync after `delay`. A key that waits already keeps the earlier of the two times.
    pub(super) fn add_after(&mut self, now: SimTime, key: ObjectRef, delay: SimDuration) {
        if delay == SimDuration::ZERO {
            self.add(key);
            return;
        }
        let at = now + delay;
        if self.waiting.get_priority(&key).is_some_and(|Reverse((known, _))| *known <= at) {
            return;
        }
        self.waited += 1;
        self.has_news = true;
        self.waiting.push(key, Reverse((at, self.waited)));
    }

    /// Asks for another sync of a key whose sync failed.
    pub(super) fn add_rate_limited(&mut self, now: SimTime, key: ObjectRef) {
        let failures = self.failures.entry(key).or_default();
        let delay = self.limiter.delay(now, *failures);
        *failures += 1;
        self.add_after(now, key, delay);
    }

    /// The key's sync succeeded: its next failure is the first one.
    pub(super) fn forget(&mut self, key: ObjectRef) {
        self.failures.remove(&key);
    }

    /// How often the key has failed since `forget`.
    pub(super) fn failures(&self, key: ObjectRef) -> u32 {
        self.failures.get(&key).copied().unwrap_or(0)
    }

    /// Has the key's last sync failed? Then each sync of it counts, also one that finds nothing new: it doubles the wait for
    /// the next retry.
    pub(super) fn has_failed(&self, key: ObjectRef) -> bool {
        !self.failures.is_empty() && self.failures.contains_key(&key)
    }

    /// Moves keys whose time has come.
    pub(super) fn release(&mut self, now: SimTime) {
        while self.next_due().is_some_and(|due| due <= now) {
            if let Some((key, _)) = self.waiting.pop() {
                self.add(key);
            }
        }
    }

    /// When the first waiting key becomes ready.
    pub(super) fn next_due(&self) -> Option<SimTime> {
        self.waiting.peek().map(|(_, Reverse((at, _)))| *at)
    }

    /// Keys that wait for their time, in no order.
    pub(super) fn waiting(&self) -> impl Iterator<Item = ObjectRef> + '_ {
        self.waiting.iter().map(|(key, _)| *key)
    }

    /// Takes the next key to work on.
    pub(super) fn get(&mut self) -> Option<ObjectRef> {
        let key = self.ready.pop_front()?;
        self.dirty.remove(&key);
        self.processing.insert(key);
        Some(key)
    }

    /// The work on a key is over; a change that came meanwhile queues it again.
    pub(super) fn done(&mut self, key: ObjectRef) {
        self.processing.remove(&key);
        if self.dirty.contains(&key) {
            self.ready.push_back(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kind::Kind;

    const A: ObjectRef = ObjectRef::new(Kind::JOB, 0);
    const B: ObjectRef = ObjectRef::new(Kind::JOB, 1);

    fn queue() -> WorkQueue {
        WorkQueue::new(RateLimiter::default_controller())
    }

    #[test]
    fn a_key_is_queued_once() {
        let mut queue = queue();
        queue.add(A);
        queue.add(B);
        queue.add(A);
        assert_eq!([queue.get(), queue.get(), queue.get()], [Some(A), Some(B), None]);
    }

    #[test]
    fn a_key_that_changes_in_work_comes_back_when_it_is_done() {
        let mut queue = queue();
        queue.add(A);
        assert_eq!(queue.get(), Some(A));
        queue.add(A);
        assert_eq!(queue.get(), None);
        queue.done(A);
        assert_eq!(queue.get(), Some(A));
        queue.done(A);
        assert_eq!(queue.get(), None);
    }

    #[test]
    fn a_waiting_key_keeps_the_earlier_time() {
        let mut queue = queue();
        queue.add_after(SimTime::ZERO, A, SimDuration::from_secs(5));
        queue.add_after(SimTime::ZERO, A, SimDuration::from_secs(9));
        assert_eq!(queue.next_due(), Some(SimTime::from_secs(5)));
        queue.add_after(SimTime::ZERO, A, SimDuration::from_secs(2));
        assert_eq!(queue.next_due(), Some(SimTime::from_secs(2)));
        queue.release(SimTime::from_secs(2));
        assert_eq!((queue.get(), queue.next_due()), (Some(A), None));
    }

    #[test]
    fn failures_wait_5_ms_doubling_to_1000_s() {
        let mut queue = queue();
        let mut delays = Vec::new();
        for _ in 0..20 {
            queue.add_rate_limited(SimTime::ZERO, A);
            delays.push(queue.next_due().unwrap().0 / 1_000_000);
            queue.release(SimTime::NEVER);
            queue.get();
            queue.done(A);
        }
        assert_eq!(delays[..6], [5, 10, 20, 40, 80, 160]);
        assert_eq!(delays[17..], [655_360, 1_000_000, 1_000_000]);
        queue.forget(A);
        assert_eq!(queue.failures(A), 0);
    }

    #[test]
    fn the_101st_failure_of_one_instant_waits_for_the_overall_limit() {
        let mut queue = queue();
        for id in 0..101 {
            queue.add_rate_limited(SimTime::ZERO, ObjectRef::new(Kind::JOB, id));
        }
        queue.release(SimTime::from_millis(5));
        assert_eq!(queue.next_due(), Some(SimTime::from_millis(100)));
    }
}
