//! Instants as results show them: relative to t=0 of the scenario, negative during the warm-up.
//! Knows nothing of the clock of the run: whoever fills a record subtracts the origin.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Nanoseconds since t=0 of the scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment(pub i64);

const NANOS_PER_SECOND: i64 = 1_000_000_000;

impl Moment {
    /// t=0.
    pub const ZERO: Self = Self(0);
    /// It did not happen.
    pub const NEVER: Self = Self(i64::MAX);

    /// The moment `millis` milliseconds after t=0.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }

    /// Did it happen at all?
    pub const fn is_some(self) -> bool {
        self.0 != i64::MAX
    }

    /// Seconds since t=0.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Seconds from `earlier` to `self`; negative where `earlier` is later.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / NANOS_PER_SECOND as f64
    }

    /// The same instant seen from an origin that lies `nanos` later; `NEVER` stays.
    #[must_use]
    pub const fn shifted(self, nanos: i64) -> Self {
        if self.is_some() { Self(self.0 - nanos) } else { self }
    }
}

/// Seconds with three decimals, cut towards the past (`12.345`, `-0.500`).
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.div_euclid(1_000_000);
        let sign = if millis < 0 { "-" } else { "" };
        let millis = millis.unsigned_abs();
        write!(f, "{sign}{}.{:03}", millis / 1000, millis % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_as_seconds_with_three_decimals() {
        for (nanos, text) in [
            (0, "0.000"),
            (12_345_678_901, "12.345"),
            (-500_000_000, "-0.500"),
            (-1, "-0.001"),
            (-12_000_000_000, "-12.000"),
        ] {
            assert_eq!(Moment(nanos).to_string(), text);
        }
    }
}
