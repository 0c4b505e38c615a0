//! How long a Job waits before it replaces failed pods. Upstream: job/backoff_utils.

use crate::engine::{SimDuration, SimTime};

/// Upstream: job `DefaultJobPodFailureBackOff`, `MaxJobPodFailureBackOff`.
const FIRST: SimDuration = SimDuration::from_secs(10);
const LONGEST: SimDuration = SimDuration::from_secs(600);

/// Failures since the last success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    pub(super) failures: u32,
    pub(super) last_failure: SimTime,
}

impl Backoff {
    /// With pods that ended since: their finish times. Upstream: job/backoff_utils `newBackoffRecord`.
    #[must_use]
    pub(super) fn after(self, succeeded: &[SimTime], failed: &[SimTime]) -> Self {
        let latest = failed.iter().max().copied();
        match succeeded.iter().max() {
            None => Self {
                failures: self.failures + failed.len() as u32,
                last_failure: latest.unwrap_or(self.last_failure),
            },
            Some(success) => {
                let failures = failed.iter().filter(|failure| *failure > success).count() as u32;
                Self { failures, last_failure: latest.filter(|_| failures > 0).unwrap_or_default() }
            }
        }
    }

    /// What is left to wait. Upstream: job/backoff_utils `getRemainingTimeForFailuresCount`.
    pub(super) fn remaining(self, now: SimTime) -> SimDuration {
        if self.failures == 0 {
            return SimDuration::ZERO;
        }
        let doubled = FIRST * 1_u64.checked_shl((self.failures - 1).min(63)).unwrap_or(u64::MAX);
        doubled.min(LONGEST).saturating_sub(now.since(self.last_failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_10_s_to_10_min() {
        let waits: Vec<u64> = (0..9)
            .map(|failures| Backoff { failures, last_failure: SimTime::ZERO }.remaining(SimTime::ZERO).as_secs())
            .collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 320, 600, 600]);
    }

    #[test]
    fn it_counts_from_the_finish_of_the_last_failed_pod() {
        let backoff = Backoff::default().after(&[], &[SimTime::from_secs(5), SimTime::from_secs(3)]);
        assert_eq!(backoff, Backoff { failures: 2, last_failure: SimTime::from_secs(5) });
        assert_eq!(backoff.remaining(SimTime::from_secs(20)), SimDuration::from_secs(5));
    }

    #[test]
    fn a_success_forgets_the_failures_before_it() {
        let backoff = Backoff { failures: 4, last_failure: SimTime::from_secs(9) };
        let success = [SimTime::from_secs(20)];
        assert_eq!(backoff.after(&success, &[]), Backoff::default());
        let after = backoff.after(&success, &[SimTime::from_secs(19), SimTime::from_secs(21)]);
        assert_eq!(after, Backoff { failures: 1, last_failure: SimTime::from_secs(21) });
    }
}
