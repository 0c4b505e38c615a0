//! A token bucket in virtual time, for limits of rates that allow bursts. The algorithm is that of
//! golang.org/x/time/rate `Limiter`: who reserves is told when its token comes, who asks is told whether there is one.

use super::{SimDuration, SimTime};

/// A bucket that starts full.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    /// Time in which one token comes; zero is no limit.
    refill: SimDuration,
    /// How much of the future a full bucket holds: one token less than its size.
    depth: SimDuration,
    /// When the bucket will be full again.
    full_at: SimTime,
}

impl TokenBucket {
    /// `qps` tokens a second, at most `burst` at once. A rate of zero or less is no limit, as in client-go.
    pub fn new(qps: f64, burst: u32) -> Self {
        let refill = if qps > 0.0 { SimDuration::from_secs_f64(1.0 / qps) } else { SimDuration::ZERO };
        Self { refill, depth: refill * u64::from(burst.max(1) - 1), full_at: SimTime::ZERO }
    }

    /// Takes a token and says from when on it counts: `now`, or later where the bucket is empty.
    pub fn reserve(&mut self, now: SimTime) -> SimTime {
        let base = self.full_at.max(now);
        self.full_at = base + self.refill;
        now + base.since(now).saturating_sub(self.depth)
    }

    /// Takes a token if there is one now.
    pub fn try_take(&mut self, now: SimTime) -> bool {
        let base = self.full_at.max(now);
        let is_there = base.since(now) <= self.depth;
        if is_there {
            self.full_at = base + self.refill;
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_tokens_come_at_the_rate() {
        let mut bucket = TokenBucket::new(20.0, 30);
        let now = SimTime::from_secs(5);
        assert!((0..30).all(|_| bucket.reserve(now) == now));
        assert_eq!(bucket.reserve(now), now + SimDuration::from_millis(50));
        assert_eq!(bucket.reserve(now), now + SimDuration::from_millis(100));
    }

    #[test]
    fn an_idle_bucket_fills_to_its_size_only() {
        let mut bucket = TokenBucket::new(10.0, 2);
        let later = SimTime::from_secs(100);
        assert_eq!(bucket.reserve(SimTime::ZERO), SimTime::ZERO);
        assert_eq!([bucket.reserve(later), bucket.reserve(later)], [later; 2]);
        assert_eq!(bucket.reserve(later), later + SimDuration::from_millis(100));
    }

    #[test]
    fn who_asks_gets_what_is_there_and_owes_nothing_for_what_is_not() {
        let mut bucket = TokenBucket::new(5.0, 10);
        let now = SimTime::from_secs(5);
        assert_eq!((0..20).filter(|_| bucket.try_take(now)).count(), 10);
        let later = now + SimDuration::from_millis(200);
        assert!(bucket.try_take(later) && !bucket.try_take(later));
    }

    #[test]
    fn no_rate_is_no_limit() {
        let mut bucket = TokenBucket::new(0.0, 0);
        assert!((0..1000).all(|_| bucket.reserve(SimTime::ZERO) == SimTime::ZERO));
    }
}
