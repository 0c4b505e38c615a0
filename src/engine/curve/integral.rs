//! The area under a curve in closed form, so that what is counted over a stretch of time (requests, bytes) does not
//! depend on how often somebody looked. Times are the curve's own, as everywhere in `curve`.

use super::super::non_negative::NonNegative;
use super::{Curve, interpolate, noise};

impl Curve {
    /// The integral of the value from `from` to `to` seconds after the curve's origin; 0 where `to` is not later.
    pub fn integral(&self, from: f64, to: f64) -> f64 {
        if to <= from {
            return 0.0;
        }
        match self {
            Self::Constant(value) => value * (to - from),
            Self::Steps(points) => over_pieces(points, from, to, |_, value, low, high| value * (high - low)),
            Self::Ramp(points) => over_pieces(points, from, to, |points, _, low, high| {
                interpolate(points, low).midpoint(interpolate(points, high)) * (high - low)
            }),
            Self::Sine { mean, amplitude, period, peak } => {
                let phase = |seconds: f64| {
                    let swings = (seconds - peak) / period;
                    libm::sin(std::f64::consts::TAU * (swings - swings.floor()))
                };
                mean * (to - from) + amplitude * period / std::f64::consts::TAU * (phase(to) - phase(from))
            }
            Self::Sum(curves) => curves.iter().map(|curve| curve.integral(from, to)).sum(),
            Self::Noisy { curve, deviation, every, seed } => {
                let mut total = 0.0;
                let mut low = from;
                while low < to {
                    let stretch = (low / every).floor();
                    let high = ((stretch + 1.0) * every).min(to);
                    let factor = (1.0 + deviation * noise(*seed, stretch as i64)).non_negative();
                    total += factor * curve.integral(low, high);
                    // A bound that rounds to itself would never be passed.
                    low = if high > low { high } else { low.next_up() };
                }
                total
            }
        }
    }

    /// The mean from `from` to `to`; the value at `from` where no time lies between.
    pub fn mean(&self, from: f64, to: f64) -> f64 {
        if to > from { self.integral(from, to) / (to - from) } else { self.value_at(from) }
    }

    /// A value that the curve is never below; for a sum, perhaps never as low either.
    pub fn lower_bound(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Steps(points) | Self::Ramp(points) => {
                points.iter().map(|&(_, value)| value).fold(f64::INFINITY, f64::min)
            }
            Self::Sine { mean, amplitude, .. } => mean - amplitude.abs(),
            Self::Sum(curves) => curves.iter().map(Self::lower_bound).sum(),
            Self::Noisy { curve, .. } => curve.lower_bound().min(0.0),
        }
    }
}

/// Sums `area(points, value at the piece's begin, low, high)` over the pieces between points that lie in `from..to`.
fn over_pieces(points: &[(f64, f64)], from: f64, to: f64, area: impl Fn(&[(f64, f64)], f64, f64, f64) -> f64) -> f64 {
    let mut total = 0.0;
    let mut low = from;
    let mut passed = points.partition_point(|&(at, _)| at <= from);
    while low < to {
        let value = points.get(passed.saturating_sub(1)).map_or(0.0, |&(_, value)| value);
        let high = points.get(passed).map_or(to, |&(at, _)| at.min(to));
        total += area(points, value, low, high);
        (low, passed) = (high, passed + 1);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found} {expected}");
    }

    #[test]
    fn areas_of_steps_and_ramps_are_those_of_rectangles_and_trapezoids() {
        let steps = Curve::steps(vec![(10.0, 1.0), (20.0, 5.0)]).unwrap();
        near(steps.integral(0.0, 30.0), 20.0 + 50.0);
        near(steps.integral(15.0, 21.0), 5.0 + 5.0);
        let ramp = Curve::ramp(vec![(0.0, 0.0), (100.0, 50.0), (200.0, 50.0)]).unwrap();
        near(ramp.integral(-10.0, 300.0), 2500.0 + 5000.0 + 5000.0);
        near(ramp.integral(50.0, 60.0), 27.5 * 10.0);
        near(ramp.mean(50.0, 60.0), 27.5);
        near(ramp.mean(50.0, 50.0), 25.0);
    }

    #[test]
    fn a_whole_swing_is_its_mean() {
        let sine = Curve::sine(400.0, 300.0, 86_400.0, 50_400.0).unwrap();
        near(sine.integral(1234.0, 1234.0 + 86_400.0), 400.0 * 86_400.0);
        // A quarter from the peak on: mean t + amplitude period / 2 pi.
        near(sine.integral(50_400.0, 50_400.0 + 21_600.0), 400.0 * 21_600.0 + 300.0 * 86_400.0 / std::f64::consts::TAU);
        near(sine.lower_bound(), 100.0);
    }

    #[test]
    fn the_parts_of_noise_and_sums_add_up() {
        let noisy = Curve::ramp(vec![(0.0, 0.0), (60.0, 60.0)]).unwrap().noisy(0.2, 7.0, 3).unwrap();
        let sum = Curve::Sum(vec![noisy.clone(), Curve::Constant(2.0)]);
        near(sum.integral(0.0, 60.0), noisy.integral(0.0, 33.0) + noisy.integral(33.0, 60.0) + 120.0);
        // Against a fine Riemann sum.
        let fine: f64 = (0..600_000).map(|k| noisy.value_at((f64::from(k) + 0.5) * 1e-4) * 1e-4).sum();
        assert!((noisy.integral(0.0, 60.0) - fine).abs() < 1e-2, "{fine}");
    }
}
