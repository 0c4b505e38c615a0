//! What many runs say about a number: mean, deviation, percentiles, and how sure the mean is. Sums are made in the order
//! of the values, which is that of the runs: the same bits on any machine.

/// Statistics of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Values.
    pub count: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the sample (n − 1); 0 for a single value.
    pub deviation: f64,
    /// Least value.
    pub min: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Greatest value.
    pub max: f64,
    /// Lower end of the 95 % confidence interval of the mean (Student's t); the mean itself for a single value, which
    /// says nothing of what other seeds would give.
    pub ci95_low: f64,
    /// Its upper end.
    pub ci95_high: f64,
}

impl Statistics {
    /// Names and values, as `aggregate.csv` and asserts call them.
    pub const NAMES: [&'static str; 11] =
        ["count", "mean", "deviation", "min", "p50", "p90", "p95", "p99", "max", "ci95_low", "ci95_high"];

    /// Of values in the order of their runs; none for no values. Values must be finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let size = count as f64;
        let mean = values.iter().sum::<f64>() / size;
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        // Nearest rank, as summaries have it: always a value that occurred.
        let rank = |percent: usize| sorted[(percent * count).div_ceil(100).max(1) - 1];
        // A sum of equal values need not be a multiple of them to the last bit.
        let mean = mean.clamp(sorted[0], sorted[count - 1]);
        let deviation = if count == 1 {
            0.0
        } else {
            let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
            (squares / (size - 1.0)).sqrt()
        };
        let half = if count == 1 { 0.0 } else { student_t(count - 1) * deviation / size.sqrt() };
        Some(Self {
            count,
            mean,
            deviation,
            min: sorted[0],
            p50: rank(50),
            p90: rank(90),
            p95: rank(95),
            p99: rank(99),
            max: sorted[count - 1],
            ci95_low: mean - half,
            ci95_high: mean + half,
        })
    }

    /// In the order of `NAMES`.
    pub fn values(&self) -> [f64; 11] {
        [
            self.count as f64,
            self.mean,
            self.deviation,
            self.min,
            self.p50,
            self.p90,
            self.p95,
            self.p99,
            self.max,
            self.ci95_low,
            self.ci95_high,
        ]
    }
}

/// Student's t for a two-sided interval of 95 %, for these degrees of freedom (at least 1).
pub fn student_t(freedom: usize) -> f64 {
    assert!(freedom > 0, "an interval needs two values");
    if let Some(t) = SMALL.get(freedom - 1) {
        return *t;
    }
    // Cornish and Fisher's expansion around the normal quantile (Abramowitz and Stegun 26.7.5); beyond 30 degrees of
    // freedom its error is below 1e-7.
    let n = freedom as f64;
    let z = 1.959_963_984_540_054_f64;
    let (z2, z3) = (z * z, z * z * z);
    let (z5, z7, z9) = (z3 * z2, z3 * z2 * z2, z3 * z3 * z3);
    z + (z3 + z) / (4.0 * n)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * n * n)
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * n * n * n)
        + (79.0 * z9 + 776.0 * z7 + 1482.0 * z5 - 1920.0 * z3 - 945.0 * z) / (92_160.0 * n * n * n * n)
}

/// The 0.975 quantile of Student's t for 1 to 30 degrees of freedom.
const SMALL: [f64; 30] = [
    12.706_204_736,
    4.302_652_730,
    3.182_446_305,
    2.776_445_105,
    2.570_581_836,
    2.446_911_851,
    2.364_624_252,
    2.306_004_135,
    2.262_157_163,
    2.228_138_852,
    2.200_985_160,
    2.178_812_830,
    2.160_368_656,
    2.144_786_688,
    2.131_449_546,
    2.119_905_299,
    2.109_815_578,
    2.100_922_040,
    2.093_024_054,
    2.085_963_447,
    2.079_613_845,
    2.073_873_068,
    2.068_657_610,
    2.063_898_562,
    2.059_538_553,
    2.055_529_439,
    2.051_830_516,
    2.048_407_142,
    2.045_229_642,
    2.042_272_456,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How much of Student's t lies beyond ±t, by Simpson's rule over the angle (x = √n · tan a): ∫ cosⁿ⁻¹ a da.
    fn outside(t: f64, freedom: usize) -> f64 {
        let power = (freedom - 1) as i32;
        let integral = |to: f64| {
            let steps = 20_000;
            let width = to / f64::from(steps);
            let at = |step: i32| libm::cos(width * f64::from(step)).powi(power);
            let inner: f64 = (1..steps).map(|step| at(step) * if step % 2 == 1 { 4.0 } else { 2.0 }).sum();
            (at(0) + inner + at(steps)) * width / 3.0
        };
        1.0 - integral(libm::atan(t / (freedom as f64).sqrt())) / integral(std::f64::consts::FRAC_PI_2)
    }

    #[test]
    fn five_percent_of_students_t_lie_outside() {
        for freedom in (1..60).chain([100, 365, 1_000, 10_000]) {
            let share = outside(student_t(freedom), freedom);
            assert!((share - 0.05).abs() < 1e-7, "{freedom}: {share}");
        }
    }

    #[test]
    fn a_worked_example() {
        // 5 ± 2.262 · s / √10.
        let found = Statistics::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((found.count, found.mean, found.min, found.max), (10, 5.0, 2.0, 9.0));
        assert_eq!((found.p50, found.p90, found.p99), (5.0, 7.0, 9.0));
        assert!((found.deviation - 1.885_618_083).abs() < 1e-9, "{found:?}");
        assert!((found.ci95_high - 6.348_889_9).abs() < 1e-6, "{found:?}");
        assert_eq!(Statistics::of(&[]), None);
        let one = Statistics::of(&[3.5]).unwrap();
        assert_eq!((one.deviation, one.ci95_low, one.ci95_high, one.p50), (0.0, 3.5, 3.5, 3.5));
    }

    proptest! {
        #[test]
        fn the_order_and_size_of_statistics(values in prop::collection::vec(-1e9_f64..1e9, 1..200)) {
            let found = Statistics::of(&values).unwrap();
            let order = [found.min, found.p50, found.p90, found.p95, found.p99, found.max];
            prop_assert!(order.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(found.min <= found.mean && found.mean <= found.max);
            prop_assert!(found.ci95_low <= found.mean && found.mean <= found.ci95_high);
            prop_assert!(found.deviation <= (found.max - found.min) * 1.000_001);
            let below = values.iter().filter(|value| **value < found.p90).count();
            prop_assert!(below * 10 < values.len() * 9 || below == 0);
        }

        #[test]
        fn equal_values_have_no_deviation(value in -1e9_f64..1e9, count in 1_usize..50) {
            let found = Statistics::of(&vec![value; count]).unwrap();
            prop_assert_eq!((found.mean, found.deviation, found.ci95_low, found.ci95_high), (value, 0.0, value, value));
        }

        #[test]
        fn a_shift_and_a_scale_carry_over(values in prop::collection::vec(-1e3_f64..1e3, 2..50), by in -1e3_f64..1e3) {
            let found = Statistics::of(&values).unwrap();
            let moved = Statistics::of(&values.iter().map(|value| 2.0 * value + by).collect::<Vec<_>>()).unwrap();
            prop_assert!((moved.mean - (2.0 * found.mean + by)).abs() < 1e-6);
            prop_assert!((moved.deviation - 2.0 * found.deviation).abs() < 1e-6);
        }
    }
}
