//! Exponential back-off of container restarts and image pulls: pure arithmetic.
//! Upstream: client-go util/flowcontrol `Backoff`, kuberuntime `doBackOff`.

use crate::engine::{SimDuration, SimTime};

/// Upstream: kubelet `initialCrashLoopBackOff`, `imageBackOffPeriod`.
const INITIAL: SimDuration = SimDuration::from_secs(10);
/// After this without an update an entry counts for nothing. Upstream: twice the longest delay.
const RESET: SimDuration = SimDuration::from_secs(600);

/// How long to wait, and since when that is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backoff {
    pub delay: SimDuration,
    pub updated: SimTime,
}

impl Backoff {
    /// The end of the wait for a container whose last run ended at `finished`, if it is still to come.
    pub fn restart_waits_until(entry: Option<Self>, finished: SimTime, now: SimTime) -> Option<SimTime> {
        let entry = entry?;
        let forgotten = now.since(entry.updated) > RESET || finished.since(entry.updated) > RESET;
        let until = finished + entry.delay;
        (!forgotten && now < until).then_some(until)
    }

    /// The entry after a restart of a container whose last run ended at `finished`.
    pub fn after_restart(entry: Option<Self>, finished: SimTime, now: SimTime, max: SimDuration) -> Self {
        let delay = match entry {
            Some(entry) if finished.since(entry.updated) <= RESET && now.since(entry.updated) <= RESET => {
                SimDuration((entry.delay.0 * 2).min(max.0))
            }
            _ => SimDuration(INITIAL.0.min(max.0)),
        };
        Self { delay, updated: now }
    }

    /// Is a pull that failed last at `updated` still to wait?
    pub fn pull_waits(entry: Option<Self>, now: SimTime) -> bool {
        entry.is_some_and(|entry| now.since(entry.updated) < entry.delay)
    }

    /// The entry after a failed pull.
    pub fn after_failed_pull(entry: Option<Self>, now: SimTime) -> Self {
        const MAX: SimDuration = SimDuration::from_secs(300);
        let delay = match entry {
            Some(entry) if now.since(entry.updated) <= RESET => SimDuration((entry.delay.0 * 2).min(MAX.0)),
            _ => INITIAL,
        };
        Self { delay, updated: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: SimDuration = SimDuration::from_secs(300);

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    #[test]
    fn the_first_restart_does_not_wait_and_the_delays_double_to_five_minutes() {
        assert_eq!(Backoff::restart_waits_until(None, at(1), at(2)), None);
        let mut entry = None;
        let mut delays = Vec::new();
        let mut now = at(0);
        for _ in 0..7 {
            let restarted = Backoff::after_restart(entry, now, now, MAX);
            delays.push(restarted.delay.as_secs());
            entry = Some(restarted);
            now += restarted.delay;
        }
        assert_eq!(delays, [10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn the_wait_counts_from_the_end_of_the_last_run() {
        let entry = Some(Backoff { delay: SimDuration::from_secs(10), updated: at(3) });
        assert_eq!(Backoff::restart_waits_until(entry, at(4), at(5)), Some(at(14)));
        assert_eq!(Backoff::restart_waits_until(entry, at(4), at(14)), None);
    }

    #[test]
    fn a_long_run_is_forgiven() {
        let entry = Some(Backoff { delay: MAX, updated: at(0) });
        assert_eq!(Backoff::restart_waits_until(entry, at(601), at(602)), None);
        assert_eq!(Backoff::after_restart(entry, at(601), at(602), MAX).delay.as_secs(), 10);
    }

    #[test]
    fn failed_pulls_wait_ten_seconds_then_twice_as_long() {
        let first = Backoff::after_failed_pull(None, at(1));
        assert!(Backoff::pull_waits(Some(first), at(10)));
        assert!(!Backoff::pull_waits(Some(first), at(11)));
        assert_eq!(Backoff::after_failed_pull(Some(first), at(15)).delay.as_secs(), 20);
    }
}
