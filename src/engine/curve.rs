//! Numbers that change over virtual time: load, CPU use, external metrics.
//! A curve never ticks: it tells the next instant at which its value differs, and observers wake then.
//! It knows no origin either: times are the caller's, from t=0 of the scenario or from a container's start.

mod integral;

use std::sync::Arc;

use super::non_negative::NonNegative;
use super::number_table::{Column, CsvError, CsvProblem, read_columns};
use super::random::standard_normal_quantile;
use super::time::{NANOS_PER_SECOND, SimDuration, SimTime};

/// A function of time in seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// Always this.
    Constant(f64),
    /// (seconds, value): each value from its time on, the last for ever; before the first time, the first value.
    Steps(Arc<[(f64, f64)]>),
    /// (seconds, value): straight lines between the points, constant before the first and after the last.
    Ramp(Arc<[(f64, f64)]>),
    /// `mean` + `amplitude` cos(2π (t − `peak`) / `period`).
    Sine {
        /// Value around which it swings.
        mean: f64,
        /// Swing to either side.
        amplitude: f64,
        /// Seconds of one swing.
        period: f64,
        /// Seconds at which it is highest.
        peak: f64,
    },
    /// All of these, added.
    Sum(Vec<Curve>),
    /// `curve` times a random factor that is drawn anew for each stretch of time.
    Noisy {
        /// What is disturbed.
        curve: Box<Curve>,
        /// Standard deviation of the factor around 1 (0.1: ten percent). Factors are cut at zero.
        deviation: f64,
        /// Seconds for which a factor holds.
        every: f64,
        /// First number of the curve's own random stream.
        seed: u64,
    },
}

/// How the points of a CSV text are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// Each value holds until the next one.
    Step,
    /// Straight lines.
    Linear,
}

/// Points or parameters that make no curve.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CurveError {
    /// A parameter is NaN or infinite.
    #[error("{0} is not a finite number")]
    NotFinite(&'static str),
    /// A parameter is zero or negative.
    #[error("{0} must be greater than 0")]
    NotPositive(&'static str),
    /// A parameter is negative.
    #[error("{0} must not be negative")]
    Negative(&'static str),
    /// There are no points.
    #[error("no points")]
    NoPoints,
    /// Times do not grow.
    #[error("point {0} is not later than the one before")]
    NotLater(usize),
    /// The CSV text is not readable.
    #[error(transparent)]
    Csv(#[from] CsvError),
}

impl Curve {
    /// Steps at these (seconds, value), in order of time.
    pub fn steps(points: Vec<(f64, f64)>) -> Result<Self, CurveError> {
        check_points(&points)?;
        Ok(Self::Steps(points.into()))
    }

    /// Straight lines through these (seconds, value), in order of time.
    pub fn ramp(points: Vec<(f64, f64)>) -> Result<Self, CurveError> {
        check_points(&points)?;
        Ok(Self::Ramp(points.into()))
    }

    /// A sine that is highest at `peak` seconds.
    pub fn sine(mean: f64, amplitude: f64, period: f64, peak: f64) -> Result<Self, CurveError> {
        for (name, value) in [("mean", mean), ("amplitude", amplitude), ("period", period), ("peak", peak)] {
            finite(name, value)?;
        }
        if period <= 0.0 {
            return Err(CurveError::NotPositive("period"));
        }
        Ok(Self::Sine { mean, amplitude, period, peak })
    }

    /// `self` with a random factor of this `deviation` (0.1: ten percent) drawn for every `every` seconds. `seed` is
    /// the first number of a stream of the curve's own.
    pub fn noisy(self, deviation: f64, every: f64, seed: u64) -> Result<Self, CurveError> {
        finite("deviation", deviation)?;
        finite("every", every)?;
        if deviation < 0.0 {
            return Err(CurveError::Negative("deviation"));
        }
        if every <= 0.0 {
            return Err(CurveError::NotPositive("every"));
        }
        Ok(Self::Noisy { curve: Box::new(self), deviation, every, seed })
    }

    /// The same shape with all values times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let scale = |points: &[(f64, f64)]| points.iter().map(|&(at, value)| (at, value * factor)).collect();
        match self {
            Self::Constant(value) => Self::Constant(value * factor),
            Self::Steps(points) => Self::Steps(scale(points)),
            Self::Ramp(points) => Self::Ramp(scale(points)),
            &Self::Sine { mean, amplitude, period, peak } => {
                Self::Sine { mean: mean * factor, amplitude: amplitude * factor, period, peak }
            }
            Self::Sum(curves) => Self::Sum(curves.iter().map(|curve| curve.scaled(factor)).collect()),
            &Self::Noisy { ref curve, deviation, every, seed } => {
                Self::Noisy { curve: Box::new(curve.scaled(factor)), deviation, every, seed }
            }
        }
    }

    /// Points from CSV text with times (seconds or durations) in the first column and values in the second, or in
    /// the named one; the header is optional.
    pub fn from_csv(text: &str, value_column: Option<&str>, joint: Joint) -> Result<Self, CurveError> {
        let rows = read_columns(text, [Column::At(0), value_column.map_or(Column::At(1), Column::Named)])?;
        if let Some(pair) = rows.windows(2).find(|pair| pair[1].1[0] <= pair[0].1[0]) {
            return Err(CsvError { line: pair[1].0, problem: CsvProblem::NotLater }.into());
        }
        let points = rows.into_iter().map(|(_, [seconds, value])| (seconds, value)).collect();
        match joint {
            Joint::Step => Self::steps(points),
            Joint::Linear => Self::ramp(points),
        }
    }

    /// The value `seconds` after the curve's origin (or before it, if negative).
    pub fn value_at(&self, seconds: f64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Steps(points) => {
                let passed = points.partition_point(|&(at, _)| at <= seconds);
                points.get(passed.saturating_sub(1)).map_or(0.0, |&(_, value)| value)
            }
            Self::Ramp(points) => interpolate(points, seconds),
            Self::Sine { mean, amplitude, period, peak } => {
                // The whole swings are taken off first: far from zero a cosine loses its digits.
                let swings = (seconds - peak) / period;
                mean + amplitude * libm::cos(std::f64::consts::TAU * (swings - swings.floor()))
            }
            Self::Sum(curves) => curves.iter().map(|curve| curve.value_at(seconds)).sum(),
            Self::Noisy { curve, deviation, every, seed } => {
                let stretch = (seconds / every).floor() as i64;
                curve.value_at(seconds) * (1.0 + deviation * noise(*seed, stretch)).non_negative()
            }
        }
    }

    /// The value at an instant counted from the curve's origin.
    pub fn value(&self, at: SimTime) -> f64 {
        self.value_at(at.as_secs_f64())
    }

    /// The first instant later than `after`, counted from the curve's origin, at which the value jumps. None where
    /// it never jumps again; what changes smoothly (`sampled_every`) does so in between.
    pub fn next_change(&self, after: SimTime) -> Option<SimTime> {
        match self {
            Self::Constant(_) | Self::Ramp(_) | Self::Sine { .. } => None,
            Self::Steps(points) => {
                let passed = points.partition_point(|&(at, _)| first_instant(at) <= after);
                let before = points.get(passed.saturating_sub(1))?.1;
                let next = points[passed..].iter().find(|&&(_, value)| value.to_bits() != before.to_bits());
                next.map(|&(at, _)| first_instant(at)).filter(|&at| at > after)
            }
            Self::Sum(curves) => curves.iter().filter_map(|curve| curve.next_change(after)).min(),
            Self::Noisy { curve, deviation, every, .. } => {
                let inner = curve.next_change(after);
                if *deviation == 0.0 {
                    return inner;
                }
                let stretch = (after.as_secs_f64() / every).floor();
                let mut next = first_instant((stretch + 1.0) * every);
                if (next.as_secs_f64() / every).floor() <= stretch {
                    // The division, which decides the value, rounds the other way than the product.
                    next = SimTime(next.0.saturating_add(1));
                }
                Some(inner.map_or(next, |inner| inner.min(next)))
            }
        }
    }

    /// How often the smooth parts are worth a look, if there are any: a small part of the shortest rise or swing,
    /// never less than a second.
    pub fn sampled_every(&self) -> Option<SimDuration> {
        let seconds = match self {
            Self::Constant(_) | Self::Steps(_) => return None,
            Self::Ramp(points) => {
                let rising = points.windows(2).filter(|pair| is_rise(pair)).map(|pair| pair[1].0 - pair[0].0);
                rising.min_by(f64::total_cmp)? / 100.0
            }
            Self::Sine { amplitude, .. } if *amplitude == 0.0 => return None,
            Self::Sine { period, .. } => period / 288.0,
            Self::Sum(curves) => return curves.iter().filter_map(Self::sampled_every).min(),
            Self::Noisy { curve, .. } => return curve.sampled_every(),
        };
        Some(SimDuration::from_secs_f64(seconds.max(1.0)))
    }

    /// The next instant later than `after` at which an observer should look again: a jump, or the next look at a
    /// part that is changing smoothly. None where the value stays as it is for ever.
    pub fn next_look(&self, after: SimTime) -> Option<SimTime> {
        let jump = self.next_change(after);
        let smooth = match self {
            Self::Constant(_) | Self::Steps(_) => None,
            Self::Ramp(points) => self.next_look_on_ramp(points, after),
            Self::Sine { .. } => self.sampled_every().map(|period| after + period),
            Self::Sum(curves) => curves.iter().filter_map(|curve| curve.next_look(after)).min(),
            Self::Noisy { curve, .. } => curve.next_look(after),
        };
        match (jump, smooth) {
            (Some(jump), Some(smooth)) => Some(jump.min(smooth)),
            (jump, smooth) => jump.or(smooth),
        }
    }

    /// A step further on a rise, but not beyond its end; on level ground, the next look is a step into the next rise.
    fn next_look_on_ramp(&self, points: &[(f64, f64)], after: SimTime) -> Option<SimTime> {
        let rise = points.windows(2).find(|pair| is_rise(pair) && first_instant(pair[1].0) > after)?;
        let begin = first_instant(rise[0].0).max(after);
        Some((begin + self.sampled_every()?).min(first_instant(rise[1].0)))
    }
}

/// The first instant that is not before `seconds`; the origin for what lies before it.
fn first_instant(seconds: f64) -> SimTime {
    if seconds <= 0.0 {
        return SimTime::ZERO;
    }
    let rounded = SimTime((seconds * NANOS_PER_SECOND as f64).round() as u64);
    if rounded.as_secs_f64() < seconds { SimTime(rounded.0.saturating_add(1)) } else { rounded }
}

fn is_rise(pair: &[(f64, f64)]) -> bool {
    pair[0].1.to_bits() != pair[1].1.to_bits()
}

fn interpolate(points: &[(f64, f64)], seconds: f64) -> f64 {
    let passed = points.partition_point(|&(at, _)| at <= seconds);
    let (Some(&(from, low)), next) = (points.get(passed.saturating_sub(1)), points.get(passed)) else {
        return 0.0;
    };
    match next {
        Some(&(to, high)) if passed > 0 => low + (high - low) * ((seconds - from) / (to - from)),
        _ => low,
    }
}

/// A standard normal number that is a function of the seed and the stretch of time.
fn noise(seed: u64, stretch: i64) -> f64 {
    // SplitMix64's finaliser: neighbouring stretches share no bits.
    let mut bits = seed ^ (stretch as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    standard_normal_quantile(((bits >> 12) as f64 + 0.5) / (1u64 << 52) as f64)
}

fn finite(name: &'static str, value: f64) -> Result<(), CurveError> {
    if value.is_finite() { Ok(()) } else { Err(CurveError::NotFinite(name)) }
}

fn check_points(points: &[(f64, f64)]) -> Result<(), CurveError> {
    if points.is_empty() {
        return Err(CurveError::NoPoints);
    }
    for &(at, value) in points {
        finite("the time of a point", at)?;
        finite("the value of a point", value)?;
    }
    match points.windows(2).position(|pair| pair[1].0 <= pair[0].0) {
        Some(index) => Err(CurveError::NotLater(index + 2)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    fn steps_are_left_closed_and_hold_their_last_value() {
        let curve = Curve::steps(vec![(10.0, 1.0), (20.0, 5.0)]).unwrap();
        for (at, value) in [(-5.0, 1.0), (0.0, 1.0), (10.0, 1.0), (19.999, 1.0), (20.0, 5.0), (1e9, 5.0)] {
            near(curve.value_at(at), value);
        }
    }

    #[test]
    fn the_next_change_of_steps_skips_points_that_change_nothing() {
        let curve = Curve::steps(vec![(0.0, 1.0), (5.0, 1.0), (1.0 / 0.15, 2.0), (9.0, 2.0)]).unwrap();
        let change = curve.next_change(SimTime::ZERO).unwrap();
        near(curve.value(change), 2.0);
        near(curve.value(SimTime(change.0 - 1)), 1.0);
        assert_eq!(curve.next_change(change), None);
        assert_eq!(curve.sampled_every(), None);
    }

    #[test]
    fn a_ramp_is_straight_between_points_and_settles_after_the_last() {
        let curve = Curve::ramp(vec![(0.0, 0.0), (100.0, 50.0), (200.0, 50.0), (600.0, 0.0)]).unwrap();
        for (at, value) in [(-1.0, 0.0), (50.0, 25.0), (150.0, 50.0), (400.0, 25.0), (700.0, 0.0)] {
            near(curve.value_at(at), value);
        }
        assert_eq!(curve.next_change(SimTime::ZERO), None);
        assert_eq!(curve.sampled_every(), Some(SimDuration::from_secs(1)));
        assert_eq!(curve.next_look(SimTime::ZERO), Some(SimTime::from_secs(1)));
        assert_eq!(curve.next_look(SimTime::from_millis(99_500)), Some(SimTime::from_secs(100)));
        assert_eq!(curve.next_look(SimTime::from_secs(120)), Some(SimTime::from_secs(201)));
        assert_eq!(curve.next_look(SimTime::from_secs(600)), None);
    }

    #[test]
    fn a_sine_is_highest_at_its_peak() {
        let curve = Curve::sine(400.0, 300.0, 86_400.0, 50_400.0).unwrap();
        near(curve.value_at(50_400.0), 700.0);
        near(curve.value_at(50_400.0 + 43_200.0), 100.0);
        near(curve.value_at(50_400.0 + 21_600.0), 400.0);
        assert_eq!(curve.sampled_every(), Some(SimDuration::from_secs(300)));
        assert_eq!(curve.value_at(1234.5).to_bits(), 0x405f_f296_5904_e3c8);
    }

    #[test]
    fn noise_holds_for_its_stretch_and_repeats() {
        let curve = Curve::Constant(100.0).noisy(0.1, 60.0, 42).unwrap();
        assert_eq!(curve.value_at(1.0).to_bits(), curve.value_at(59.0).to_bits());
        assert_ne!(curve.value_at(1.0).to_bits(), curve.value_at(61.0).to_bits());
        assert_eq!(curve.next_change(SimTime::from_secs(1)), Some(SimTime::from_secs(60)));
        assert_eq!(curve.next_change(SimTime::from_secs(60)), Some(SimTime::from_secs(120)));
        let mean = (0..10_000).map(|k| curve.value_at(60.0 * f64::from(k))).sum::<f64>() / 10_000.0;
        assert!((mean - 100.0).abs() < 0.5, "{mean}");
        assert_eq!(curve.value_at(0.0).to_bits(), 0x4059_fd09_b6f9_175c);
    }

    #[test]
    fn every_change_of_noise_is_announced() {
        // A stretch that is no whole number of nanoseconds.
        let curve = Curve::Constant(1.0).noisy(0.1, 1.0 / 3.0, 1).unwrap();
        let mut now = SimTime::ZERO;
        for _ in 0..1000 {
            let next = curve.next_change(now).unwrap();
            assert!(next > now);
            assert_eq!(curve.value(SimTime(next.0 - 1)).to_bits(), curve.value(now).to_bits());
            assert_ne!(curve.value(next).to_bits(), curve.value(now).to_bits());
            now = next;
        }
    }

    #[test]
    fn a_sum_changes_when_a_part_does() {
        let steps = |at| Curve::steps(vec![(0.0, 1.0), (at, 2.0)]).unwrap();
        let curve = Curve::Sum(vec![steps(30.0), steps(20.0), Curve::Constant(5.0)]);
        near(curve.value_at(25.0), 8.0);
        assert_eq!(curve.next_change(SimTime::ZERO), Some(SimTime::from_secs(20)));
        assert_eq!(curve.next_change(SimTime::from_secs(20)), Some(SimTime::from_secs(30)));
        assert_eq!(curve.next_look(SimTime::from_secs(30)), None);
    }

    #[test]
    fn a_scaled_curve_has_the_same_shape() {
        let steps = Curve::steps(vec![(0.0, 1.0), (20.0, 2.0)]).unwrap();
        let parts = vec![steps, Curve::sine(4.0, 1.0, 60.0, 0.0).unwrap(), Curve::Constant(5.0)];
        let curve = Curve::Sum(parts).noisy(0.1, 10.0, 1).unwrap();
        for at in [0.0, 7.0, 25.0] {
            near(curve.scaled(3.0).value_at(at), 3.0 * curve.value_at(at));
        }
    }

    #[test]
    fn points_come_from_csv() {
        let text = "time,rps\n0s,10\n5m,200\n";
        let curve = Curve::from_csv(text, None, Joint::Step).unwrap();
        assert_eq!(curve, Curve::steps(vec![(0.0, 10.0), (300.0, 200.0)]).unwrap());
        let error = Curve::from_csv("0,1\n0,2\n", None, Joint::Linear).unwrap_err();
        assert_eq!(error.to_string(), "line 2: the time is not later than the one before");
        assert_eq!(Curve::steps(vec![]).unwrap_err().to_string(), "no points");
        assert_eq!(Curve::steps(vec![(1.0, 1.0), (1.0, 2.0)]), Err(CurveError::NotLater(2)));
        assert_eq!(Curve::sine(1.0, 1.0, 0.0, 0.0), Err(CurveError::NotPositive("period")));
    }
}
