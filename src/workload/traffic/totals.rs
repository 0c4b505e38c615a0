//! What came of requests, counted: exact between changes, because rates are constant there. Holds numbers only.

use crate::engine::histogram::Histogram;

use super::service_time::ServiceTime;
use super::station::Wait;

/// Why a request was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// Its Service has no endpoint, or does not exist.
    NoEndpoints,
    /// Nobody listens at the endpoint's port.
    Refused,
    /// The endpoint's node is off or cut off: nobody answers.
    Unreachable,
    /// The pod's queue was full.
    QueueFull,
    /// Its client gave up.
    Timeout,
    /// The container that had it ended.
    Killed,
    /// A request that it caused further on failed.
    CallFailed,
}

impl Reason {
    /// All of them, in the order of their columns.
    pub const ALL: [Self; 7] = [
        Self::NoEndpoints,
        Self::Refused,
        Self::Unreachable,
        Self::QueueFull,
        Self::Timeout,
        Self::Killed,
        Self::CallFailed,
    ];

    /// As results name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoEndpoints => "no_endpoints",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::QueueFull => "queue_full",
            Self::Timeout => "timeout",
            Self::Killed => "killed",
            Self::CallFailed => "call_failed",
        }
    }
}

/// Numbers by [`Reason`].
pub type ByReason = [f64; Reason::ALL.len()];

/// Counts of requests; they need not be whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Requests that came.
    pub requests: f64,
    /// Those that were served.
    pub served: f64,
    /// Those that were not, by reason.
    pub dropped: ByReason,
    /// Tries beyond the first of each request.
    pub retries: f64,
}

impl Counts {
    /// Those that were not served.
    pub fn dropped(&self) -> f64 {
        self.dropped.iter().sum()
    }

    /// Of those of which it is known, the share that was served; 1 where nothing is known.
    pub fn served_ratio(&self) -> f64 {
        let known = self.served + self.dropped();
        if known > 0.0 { self.served / known } else { 1.0 }
    }

    /// Adds `factor` times another one.
    pub fn add(&mut self, other: &Self, factor: f64) {
        self.requests += other.requests * factor;
        self.served += other.served * factor;
        self.retries += other.retries * factor;
        for (own, more) in self.dropped.iter_mut().zip(other.dropped) {
            *own += more * factor;
        }
    }

    /// What came since an earlier count.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = *self;
        counts.add(earlier, -1.0);
        counts
    }
}

/// How long requests took that were served alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
    /// Requests, or requests a second.
    pub weight: f64,
    /// Their wait.
    pub wait: Wait,
    /// Service takes so many times as long as on an idle pod.
    pub stretch: f64,
    /// Seconds of the requests that they cause further on.
    pub calls: f64,
    /// None of them took longer than this.
    pub longest: f64,
}

impl Served {
    /// Adds them to a histogram, `factor` times.
    pub fn add_to(&self, histogram: &mut Histogram, service: &ServiceTime, factor: f64) {
        let weight = self.weight * factor;
        let took = |atom: &f64| atom * self.stretch + self.calls;
        let in_time = service.atoms.iter().filter(|atom| took(atom) <= self.longest).count();
        if in_time == 0 {
            return;
        }
        for atom in &service.atoms[..in_time] {
            let wait = self.wait.at_most(self.longest - took(atom));
            wait.add_to(histogram, took(atom), weight / in_time as f64);
        }
    }

    /// Would another one be the same but for its weight?
    pub fn is_alike(&self, other: &Self) -> bool {
        self.wait == other.wait
            && self.stretch.to_bits() == other.stretch.to_bits()
            && self.calls.to_bits() == other.calls.to_bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_between_two_instants_are_a_difference() {
        let mut early = Counts { requests: 10.0, served: 8.0, ..Counts::default() };
        early.dropped[Reason::Timeout as usize] = 2.0;
        let mut late = early;
        late.add(&Counts { requests: 5.0, served: 5.0, ..Counts::default() }, 2.0);
        let between = late.since(&early);
        assert_eq!((between.requests, between.served, between.dropped()), (10.0, 10.0, 0.0));
        assert!((late.served_ratio() - 0.9).abs() < 1e-12);
        assert!((Counts::default().served_ratio() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn those_that_took_too_long_are_not_among_the_served() {
        let service = ServiceTime { mean: 0.2, variation: 0.25, atoms: vec![0.1, 0.3].into() };
        let served = Served { weight: 6.0, wait: Wait::None, stretch: 1.0, calls: 0.05, longest: 0.2 };
        let mut histogram = Histogram::default();
        served.add_to(&mut histogram, &service, 0.5);
        assert!((histogram.weight() - 3.0).abs() < 1e-12);
        assert!((histogram.max() - 0.15).abs() < 1e-12);
    }
}
