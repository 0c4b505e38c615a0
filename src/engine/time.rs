//! Virtual time in integer nanoseconds. No float and no wall clock: `f64` seconds exist only in reports.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

/// An instant of virtual time: nanoseconds since the run's origin (the instant at which manifests are
/// applied; t=0 of the scenario lies `warmup` later).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(pub u64);

/// A length of virtual time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimDuration(pub u64);

/// An instant or none, in the room of an instant: for what is kept of a million pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaybeTime(SimTime);

/// Nanoseconds in one second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// Nanoseconds in one millisecond.
pub const NANOS_PER_MILLI: u64 = 1_000_000;

impl SimTime {
    /// The run's origin.
    pub const ZERO: Self = Self(0);
    /// Later than everything: "never".
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `seconds` after the origin.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * NANOS_PER_SECOND)
    }

    /// The instant `millis` milliseconds after the origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * NANOS_PER_MILLI)
    }

    /// Seconds since the origin, for reports only.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Whole seconds since the origin, cut.
    pub const fn as_secs(self) -> u64 {
        self.0 / NANOS_PER_SECOND
    }

    /// The length from `earlier` to `self`; zero where `earlier` is later.
    pub const fn since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }

    /// The first instant at or after `self` on the grid `phase + k * period`. `period` must not be zero.
    #[must_use]
    pub fn next_on_grid(self, phase: Self, period: SimDuration) -> Self {
        if self <= phase {
            return phase;
        }
        let steps = (self.0 - phase.0).div_ceil(period.0);
        Self(phase.0 + steps * period.0)
    }
}

impl MaybeTime {
    /// No instant.
    pub const NONE: Self = Self(SimTime::NEVER);

    /// The instant, if it is one.
    #[inline]
    pub fn get(self) -> Option<SimTime> {
        (self != Self::NONE).then_some(self.0)
    }
}

impl Default for MaybeTime {
    fn default() -> Self {
        Self::NONE
    }
}

/// `SimTime::NEVER` is none.
impl From<SimTime> for MaybeTime {
    fn from(at: SimTime) -> Self {
        Self(at)
    }
}

impl From<Option<SimTime>> for MaybeTime {
    fn from(at: Option<SimTime>) -> Self {
        at.map_or(Self::NONE, Self)
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest length.
    pub const MAX: Self = Self(u64::MAX);

    /// `seconds` seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * NANOS_PER_SECOND)
    }

    /// `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * NANOS_PER_MILLI)
    }

    /// `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// Seconds, rounded to the nearest nanosecond; negative and NaN become zero.
    pub fn from_secs_f64(seconds: f64) -> Self {
        if seconds > 0.0 { Self((seconds * NANOS_PER_SECOND as f64).round() as u64) } else { Self::ZERO }
    }

    /// Seconds, for reports only.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Whole seconds, cut.
    pub const fn as_secs(self) -> u64 {
        self.0 / NANOS_PER_SECOND
    }

    /// The difference, zero where `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Reads a Go duration (`1h30m`, `250ms`, `1.5s`, `0`); also accepts days (`2d`).
    ///
    /// # Errors
    /// The reason in words (lowercase, no period), without the text itself.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        if trimmed == "0" {
            return Ok(Self::ZERO);
        }
        if trimmed.is_empty() {
            return Err("a duration is empty".to_owned());
        }
        let mut rest = trimmed;
        let mut total: u128 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, tail) = rest.split_at(digits);
            let unit_length = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_length);
            let nanos_per_unit: u128 = match unit {
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                "d" => 86_400_000_000_000,
                "" => return Err("a duration needs a unit, such as 30s, 5m or 1h30m".to_owned()),
                other => return Err(format!("unknown unit `{other}` in a duration (known: ns, us, ms, s, m, h, d)")),
            };
            total += scaled(number, nanos_per_unit)
                .ok_or_else(|| "a duration such as 30s, 5m or 1h30m is expected".to_owned())?;
            rest = tail;
        }
        u64::try_from(total).map(Self).map_err(|_| "a duration is too long (584 years at most)".to_owned())
    }
}

/// `number` (decimal, optional fraction) times `unit`, cut to whole nanoseconds.
fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || whole.len() > 18 {
        return None;
    }
    let mut nanos = if whole.is_empty() { 0 } else { whole.parse::<u128>().ok()?.checked_mul(unit)? };
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        nanos += u128::from(digit - b'0') * place;
    }
    Some(nanos)
}

impl Add<SimDuration> for SimTime {
    type Output = Self;
    fn add(self, other: SimDuration) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, other: SimDuration) {
        *self = *self + other;
    }
}

impl Sub for SimTime {
    type Output = SimDuration;
    fn sub(self, earlier: Self) -> SimDuration {
        self.since(earlier)
    }
}

impl Add for SimDuration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for SimDuration {
    type Output = Self;
    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

/// Seconds with three decimals, as result files show times.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0 / NANOS_PER_MILLI;
        write!(f, "{}.{:03}", millis / 1000, millis % 1000)
    }
}

/// As Go prints a `time.Duration`: `1h30m0s`, `1.5s`, `250ms`, `0s`.
impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0;
        if nanos == 0 {
            return f.write_str("0s");
        }
        if nanos < NANOS_PER_SECOND {
            let (unit, scale) = if nanos < 1_000 {
                ("ns", 1)
            } else if nanos < NANOS_PER_MILLI {
                ("µs", 1_000)
            } else {
                ("ms", NANOS_PER_MILLI)
            };
            return write!(f, "{}{unit}", decimal(nanos, scale));
        }
        let seconds = nanos / NANOS_PER_SECOND;
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{}s", decimal(nanos % (60 * NANOS_PER_SECOND), NANOS_PER_SECOND))
    }
}

/// `value / scale` in decimal without trailing zeros.
fn decimal(value: u64, scale: u64) -> String {
    let (whole, fraction) = (value / scale, value % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let width = scale.to_string().len() - 1;
    let digits = format!("{fraction:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_reads_them() {
        for (text, nanos) in [
            ("0", 0),
            ("1.5s", 1_500_000_000),
            ("1h30m", 5_400_000_000_000),
            ("250ms", 250_000_000),
            ("2d", 172_800_000_000_000),
        ] {
            assert_eq!(SimDuration::parse(text), Ok(SimDuration(nanos)), "{text}");
        }
        for text in ["", "5", "5x", "s", "1..5s", "-1s", "99999999999999999999h"] {
            assert!(SimDuration::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_print_as_go_prints_them() {
        for (nanos, text) in [
            (0, "0s"),
            (1_500_000_000, "1.5s"),
            (5_400_000_000_000, "1h30m0s"),
            (250_000_000, "250ms"),
            (60_000_000_000, "1m0s"),
            (1_234_567, "1.234567ms"),
        ] {
            assert_eq!(SimDuration(nanos).to_string(), text);
        }
    }

    #[test]
    fn the_grid_is_left_closed() {
        let (phase, period) = (SimTime::from_millis(300), SimDuration::from_secs(1));
        assert_eq!(SimTime::from_millis(100).next_on_grid(phase, period), SimTime::from_millis(300));
        assert_eq!(SimTime::from_millis(1300).next_on_grid(phase, period), SimTime::from_millis(1300));
        assert_eq!(SimTime::from_millis(1301).next_on_grid(phase, period), SimTime::from_millis(2300));
    }
}
