//! A number that holds between changes: its time-weighted mean and its peak, exact in integers.
//! What happened before t=0 (the warm-up) is left out.

use serde::{Deserialize, Serialize};

use super::Moment;

/// A value over time, kept as its integral and peak since t=0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauge {
    value: u64,
    since: Moment,
    integral: u128,
    peak: u64,
}

impl Gauge {
    /// The value holds from `now` on.
    pub fn set(&mut self, now: Moment, value: u64) {
        // Pods come in rows: of most changes at one instant none but the first adds anything.
        if now != self.since {
            self.integral += u128::from(self.value) * span(self.since, now);
            if now > Moment::ZERO {
                self.peak = self.peak.max(self.value);
            }
        }
        if now >= Moment::ZERO {
            self.peak = self.peak.max(value);
        }
        (self.value, self.since) = (value, now);
    }

    /// The value grows (or shrinks) by `delta` at `now`.
    pub fn add(&mut self, now: Moment, delta: i64) {
        let value = self.value.checked_add_signed(delta).expect("what is subtracted was added before");
        self.set(now, value);
    }

    /// The value now.
    pub fn value(&self) -> u64 {
        self.value
    }

    /// The highest value since t=0, at `now`.
    pub fn peak(&self, now: Moment) -> u64 {
        if now >= Moment::ZERO { self.peak.max(self.value) } else { 0 }
    }

    /// Value × seconds from t=0 to `now`.
    pub fn integral_seconds(&self, now: Moment) -> f64 {
        let total = self.integral + u128::from(self.value) * span(self.since, now);
        total as f64 / 1e9
    }

    /// The time-weighted mean from t=0 to `now`; the value itself where no time has passed.
    pub fn mean(&self, now: Moment) -> f64 {
        if now > Moment::ZERO { self.integral_seconds(now) / now.seconds() } else { self.value as f64 }
    }

    /// Moves the origin `nanos` later (the end of a warm-up whose length was not known before): what was
    /// summed up to here belongs to the warm-up.
    pub fn shift(&mut self, nanos: i64) {
        *self = Self { value: self.value, since: self.since.shifted(nanos), integral: 0, peak: 0 };
    }
}

/// Nanoseconds after t=0 between two moments.
fn span(from: Moment, to: Moment) -> u128 {
    u128::try_from(to.0 - from.0.max(0)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_weighted_by_time() {
        let mut gauge = Gauge::default();
        gauge.set(Moment::ZERO, 4);
        gauge.set(Moment::from_millis(1_000), 1);
        assert!((gauge.mean(Moment::from_millis(4_000)) - 7.0 / 4.0).abs() < 1e-12);
        assert_eq!(gauge.peak(Moment::from_millis(4_000)), 4);
    }

    #[test]
    fn the_warm_up_does_not_count() {
        let mut gauge = Gauge::default();
        gauge.set(Moment::from_millis(-9_000), 100);
        gauge.set(Moment::from_millis(-1_000), 2);
        assert!((gauge.integral_seconds(Moment::from_millis(3_000)) - 6.0).abs() < 1e-12);
        assert_eq!(gauge.peak(Moment::from_millis(3_000)), 2);
    }

    #[test]
    fn a_peak_of_no_length_counts() {
        let mut gauge = Gauge::default();
        gauge.set(Moment::from_millis(5), 9);
        gauge.set(Moment::from_millis(5), 0);
        assert_eq!(gauge.peak(Moment::from_millis(5)), 9);
    }
}
