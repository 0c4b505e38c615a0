//! What the queue keeps of a waiting pod, and the arithmetic of back-off. Upstream: framework.QueuedPodInfo,
//! backend/queue `backoffQueue`.

use std::cmp::Reverse;

use crate::engine::time::NANOS_PER_SECOND;
use crate::engine::{SimDuration, SimTime};
use crate::scheduler::framework::{PluginName, PluginSet};

/// A waiting pod.
#[derive(Clone, Debug)]
pub struct QueuedPod {
    /// When it was added, or added again after a failed attempt.
    pub timestamp: SimTime,
    /// When it first could be tried.
    pub initial_attempt: Option<SimTime>,
    /// Order of arrival, which decides between equal timestamps.
    pub sequence: u32,
    /// Attempts so far.
    pub attempts: u32,
    /// Attempts that plugins rejected.
    pub unschedulable_count: u32,
    /// Attempts since then that ended in an error.
    pub consecutive_errors: u32,
    /// Who rejected it last.
    pub unschedulable_plugins: PluginSet,
    /// Who keeps it out of the active queue.
    pub gating_plugin: Option<PluginName>,
    /// Its priority.
    pub priority: i32,
}

/// Its place in the active queue: greater is earlier. Upstream: queuesort.PrioritySort.
pub type ActiveKey = (i32, Reverse<SimTime>, Reverse<u32>);
/// Its place among pods that back off: greater is earlier.
pub type BackoffKey = (Reverse<u64>, ActiveKey);

/// `podInitialBackoffSeconds` and `podMaxBackoffSeconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffSettings {
    /// After the first failure.
    pub initial: SimDuration,
    /// At most.
    pub max: SimDuration,
}

impl Default for BackoffSettings {
    fn default() -> Self {
        Self { initial: SimDuration::from_secs(1), max: SimDuration::from_secs(10) }
    }
}

impl QueuedPod {
    /// A new one.
    pub fn new(now: SimTime, sequence: u32, priority: i32) -> Self {
        Self {
            timestamp: now,
            initial_attempt: None,
            sequence,
            attempts: 0,
            unschedulable_count: 0,
            consecutive_errors: 0,
            unschedulable_plugins: PluginSet::EMPTY,
            gating_plugin: None,
            priority,
        }
    }

    /// Its place in the active queue.
    pub fn active_key(&self) -> ActiveKey {
        (self.priority, Reverse(self.timestamp), Reverse(self.sequence))
    }

    /// Its place among pods that back off.
    pub fn backoff_key(&self, settings: BackoffSettings) -> BackoffKey {
        (Reverse(self.expiry_seconds(settings)), self.active_key())
    }

    /// The whole second in which its back-off ends, since the run's origin (whose wall clock is a whole second).
    pub fn expiry_seconds(&self, settings: BackoffSettings) -> u64 {
        (self.timestamp + self.backoff(settings)).as_secs()
    }

    /// Does it still have to wait? Upstream: `isPodBackingoff` compares whole seconds.
    pub fn is_backing_off(&self, now: SimTime, settings: BackoffSettings) -> bool {
        self.failures() > 0 && self.expiry_seconds(settings) >= now.as_secs()
    }

    fn failures(&self) -> u32 {
        if self.consecutive_errors > 0 { self.consecutive_errors } else { self.unschedulable_count }
    }

    fn backoff(&self, settings: BackoffSettings) -> SimDuration {
        match self.failures() {
            0 => SimDuration::ZERO,
            count => {
                let doublings = (count - 1).min(40);
                SimDuration(settings.initial.0.saturating_mul(1 << doublings).min(settings.max.0))
            }
        }
    }
}

/// The first tick of the flush loop at which a back-off that ends in this second is over.
pub const fn first_tick_after(expiry_seconds: u64) -> SimTime {
    SimTime((expiry_seconds + 1) * NANOS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_to_its_maximum_and_is_served_in_whole_seconds() {
        let settings = BackoffSettings::default();
        let mut pod = QueuedPod::new(SimTime::from_millis(12_400), 0, 0);
        assert!(!pod.is_backing_off(pod.timestamp, settings), "a pod that never failed");
        for (count, expiry) in [(1, 13), (2, 14), (3, 16), (4, 20), (5, 22), (99, 22)] {
            pod.unschedulable_count = count;
            assert_eq!(pod.expiry_seconds(settings), expiry, "{count} failures");
        }
        pod.unschedulable_count = 1;
        assert!(pod.is_backing_off(SimTime::from_millis(13_999), settings));
        assert!(!pod.is_backing_off(first_tick_after(13), settings));
        assert_eq!(first_tick_after(13), SimTime::from_secs(14));
    }

    #[test]
    fn errors_count_instead_of_rejections() {
        let settings = BackoffSettings::default();
        let mut pod = QueuedPod::new(SimTime::ZERO, 0, 0);
        (pod.unschedulable_count, pod.consecutive_errors) = (4, 2);
        assert_eq!(pod.expiry_seconds(settings), 2);
    }
}
