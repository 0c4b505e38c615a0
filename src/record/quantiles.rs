//! Exact quantiles by nearest rank: the p-quantile of n sorted values is the value at rank ⌈p·n⌉ (from 1).
//! Always a value that occurred, never an interpolation.

/// What summaries say about a list of durations; all 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quantiles {
    /// Values, censored ones included.
    pub count: u64,
    /// Values that are only lower bounds: what was waited for had not happened at the end.
    pub censored: u64,
    /// Arithmetic mean.
    pub mean: f64,
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
}

impl Quantiles {
    /// Of durations in nanoseconds, given in any order; results are in seconds.
    pub fn of_nanos(values: &mut [u64], censored: u64) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        values.sort_unstable();
        let count = values.len();
        let sum: u128 = values.iter().map(|&value| u128::from(value)).sum();
        let rank = |percent: usize| values[(percent * count).div_ceil(100) - 1] as f64 / 1e9;
        Self {
            count: count as u64,
            censored,
            mean: sum as f64 / count as f64 / 1e9,
            p50: rank(50),
            p90: rank(90),
            p95: rank(95),
            p99: rank(99),
            max: rank(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_at_the_nearest_rank() {
        let mut values: Vec<u64> = (1..=10).rev().map(|second| second * 1_000_000_000).collect();
        let quantiles = Quantiles::of_nanos(&mut values, 2);
        assert_eq!((quantiles.p50, quantiles.p90, quantiles.p95, quantiles.p99), (5.0, 9.0, 10.0, 10.0));
        assert_eq!((quantiles.mean, quantiles.max, quantiles.count, quantiles.censored), (5.5, 10.0, 10, 2));
    }

    #[test]
    fn one_value_is_every_quantile() {
        let quantiles = Quantiles::of_nanos(&mut [7_000_000_000], 0);
        assert_eq!((quantiles.p50, quantiles.p99, quantiles.max), (7.0, 7.0, 7.0));
    }
}
