//! The limit of the scheduler's API client: a token bucket whose callers wait in order.
//! Upstream: client-go flowcontrol `NewTokenBucketRateLimiter` over golang.org/x/time/rate.

use crate::engine::{SimDuration, SimTime};

/// `clientConnection.qps` and `.burst`.
#[derive(Clone, Debug)]
pub struct ClientLimit {
    /// Calls per second; infinite for no limit.
    qps: f64,
    burst: f64,
    /// Calls that may be made at once; negative when callers wait already.
    tokens: f64,
    /// When `tokens` was right.
    at: SimTime,
}

impl ClientLimit {
    /// A full bucket. Zero or infinite `qps` means no limit.
    pub fn new(qps: f64, burst: u32) -> Self {
        let qps = if qps > 0.0 { qps } else { f64::INFINITY };
        Self { qps, burst: f64::from(burst), tokens: f64::from(burst), at: SimTime::ZERO }
    }

    /// The instant at which a call that is wanted now may be made.
    pub fn reserve(&mut self, now: SimTime) -> SimTime {
        if self.qps.is_infinite() {
            return now;
        }
        self.tokens = (self.tokens + now.since(self.at).as_secs_f64() * self.qps).min(self.burst) - 1.0;
        self.at = now;
        if self.tokens >= 0.0 { now } else { now + SimDuration::from_secs_f64(-self.tokens / self.qps) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_burst_calls_wait_for_their_turn() {
        let mut limit = ClientLimit::new(50.0, 2);
        let now = SimTime::from_secs(1);
        let granted: Vec<SimTime> = (0..4).map(|_| limit.reserve(now)).collect();
        assert_eq!(granted, [1000, 1000, 1020, 1040].map(SimTime::from_millis));
        // The two that wait are paid back first.
        assert_eq!(limit.reserve(SimTime::from_millis(1100)), SimTime::from_millis(1100));
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let mut limit = ClientLimit::new(f64::INFINITY, 1);
        assert!((0..9).all(|_| limit.reserve(SimTime::ZERO) == SimTime::ZERO));
    }
}
