//! The fluid half of the model: a backlog that grows while more comes than can be served, shrinks while less does, and
//! stands still at nothing and at its limit, where the formulas of `station` hold. Exact between changes: everything is
//! linear in time, and `Course::lasts` says for how long.
//! Sources: Newell, *Applications of Queueing Theory* (fluid queues); Green and Kolesar 1991 (pointwise stationary).

use super::station::{Room, Station, Wait};
use crate::engine::NonNegative;

/// A backlog below this many requests is none.
const NOTHING: f64 = 1e-9;

/// A queue for fewer requests than this that is worked off within a second is no fluid: chance fills and empties it, and
/// the formulas of `station` hold at once.
const SHORT: f64 = 50.0;

/// What comes, and what it meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// Requests a second.
    pub arrivals: f64,
    /// Who serves them.
    pub station: Station,
    /// Requests that may wait; infinite for any number.
    pub queue: f64,
    /// Seconds that a request may wait; infinite for ever.
    pub patience: f64,
}

/// Why requests that wait are not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// No place in the queue.
    QueueFull,
    /// Its client gave up.
    Timeout,
}

/// What happens until something changes: rates a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// Requests that are taken out of the queue and served.
    pub served: f64,
    /// Requests that are lost.
    pub lost: f64,
    /// Why.
    pub loss: Loss,
    /// Growth of the backlog; negative if it shrinks.
    pub growth: f64,
    /// Seconds until the backlog reaches nothing or its limit; infinite if it does not.
    pub lasts: f64,
    /// Waits of those that are served now; of a backlog, at the begin.
    pub wait: Wait,
}

impl Offer {
    /// The longest backlog, and what is lost beyond it.
    pub fn limit(&self) -> (f64, Loss) {
        let capacity = self.station.capacity();
        let patient = if self.patience.is_infinite() { f64::INFINITY } else { capacity * self.patience.non_negative() };
        if patient < self.queue { (patient, Loss::Timeout) } else { (self.queue, Loss::QueueFull) }
    }

    /// What happens with this backlog.
    pub fn course(&self, backlog: f64) -> Course {
        let capacity = self.station.capacity();
        let (limit, loss) = self.limit();
        let is_empty = backlog <= NOTHING;
        let is_full = limit.is_finite() && backlog >= limit * (1.0 - 1e-9) - NOTHING;
        let is_short = limit < SHORT && limit < capacity;
        let is_level = is_empty && (self.arrivals <= capacity || is_short);
        if capacity.is_infinite() || is_level || (is_full || is_short) && self.arrivals >= capacity {
            let room = match loss {
                _ if limit.is_infinite() => Room::Unbounded,
                Loss::QueueFull => Room::Queue(limit),
                Loss::Timeout => Room::Patience(self.patience.non_negative()),
            };
            let settled = self.station.settled(self.arrivals, room);
            let lost = self.arrivals * settled.loss;
            let served = self.arrivals - lost;
            return Course { served, lost, loss, growth: 0.0, lasts: f64::INFINITY, wait: settled.wait };
        }
        let growth = self.arrivals - capacity;
        let lasts = if growth > 0.0 { (limit - backlog) / growth } else { backlog / -growth };
        let wait = if capacity > 0.0 { backlog / capacity } else { 0.0 };
        Course { served: capacity, lost: 0.0, loss, growth, lasts, wait: Wait::Between(wait, wait) }
    }
}

impl Course {
    /// The backlog after `seconds`, as far as the course holds, and what rounding of time leaves over: more served than
    /// there was (negative), or more waiting than there is room for (positive).
    pub fn advance(&self, backlog: f64, seconds: f64, limit: f64) -> (f64, f64) {
        let after = backlog + self.growth * seconds;
        if after < 0.0 || self.growth < 0.0 && after <= NOTHING {
            return (0.0, after);
        }
        if self.growth > 0.0 && after > limit { (limit, after - limit) } else { (after, 0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn offer(arrivals: f64, queue: f64, patience: f64) -> Offer {
        // 100 requests a second.
        Offer { arrivals, station: Station { servers: 4.0, service: 0.04, variation: 0.0 }, queue, patience }
    }

    #[test]
    fn an_overload_fills_the_queue_and_then_drops() {
        let offer = offer(150.0, 200.0, f64::INFINITY);
        let filling = offer.course(0.0);
        assert_eq!((filling.served, filling.lost, filling.growth, filling.lasts), (100.0, 0.0, 50.0, 4.0));
        let (backlog, over) = filling.advance(0.0, 4.0, 200.0);
        assert!((backlog - 200.0).abs() < 1e-9 && over.abs() < 1e-9);
        let full = offer.course(backlog);
        assert!((full.lost - 50.0).abs() < 1e-6 && full.loss == Loss::QueueFull, "{full:?}");
        assert!(full.lasts.is_infinite());
    }

    #[test]
    fn clients_that_give_up_bound_the_wait() {
        let offer = offer(150.0, f64::INFINITY, 1.5);
        assert_eq!(offer.limit(), (150.0, Loss::Timeout));
        assert!((offer.course(0.0).lasts - 3.0).abs() < 1e-12);
        let full = offer.course(150.0);
        assert!((full.lost - 50.0).abs() < 1e-3, "{full:?}");
    }

    #[test]
    fn a_backlog_drains_at_the_rate_that_is_left() {
        let course = offer(40.0, f64::INFINITY, f64::INFINITY).course(120.0);
        assert_eq!((course.served, course.growth, course.lasts), (100.0, -60.0, 2.0));
        assert_eq!(course.wait, Wait::Between(1.2, 1.2));
        assert!(course.advance(120.0, 2.0, f64::INFINITY).0 <= 0.0);
    }

    #[test]
    fn without_anybody_to_serve_everything_waits() {
        let mut offer = offer(40.0, f64::INFINITY, f64::INFINITY);
        offer.station.servers = 0.0;
        let course = offer.course(0.0);
        assert_eq!((course.served, course.growth), (0.0, 40.0));
        assert!(course.lasts.is_infinite());
    }

    proptest! {
        #[test]
        fn what_comes_is_served_lost_or_waits(
            arrivals in 0.0..500.0f64,
            servers in 1.0..20.0f64,
            queue in prop_oneof![Just(f64::INFINITY), 0.0..300.0f64],
            patience in prop_oneof![Just(f64::INFINITY), 0.0..5.0f64],
            backlog in 0.0..1.0f64,
        ) {
            let station = Station { servers, service: 0.05, variation: 0.7 };
            let offer = Offer { arrivals, station, queue, patience };
            let backlog = backlog * offer.limit().0.min(1000.0);
            let course = offer.course(backlog);
            prop_assert!((course.served + course.lost + course.growth - arrivals).abs() < 1e-9 * arrivals.max(1.0));
            prop_assert!(course.served >= 0.0 && course.lost >= 0.0 && course.lasts > 0.0);
            prop_assert!(course.served <= station.capacity() * (1.0 + 1e-9));
            let seconds = course.lasts.min(3.0);
            let (after, over) = course.advance(backlog, seconds, offer.limit().0);
            prop_assert!(after >= 0.0 && after <= offer.limit().0 + 1e-6);
            prop_assert!((backlog + course.growth * seconds - after - over).abs() < 1e-9);
        }
    }
}
