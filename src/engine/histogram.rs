//! A histogram of positive numbers whose buckets grow by two percent: weights need not be whole numbers, quantiles are
//! good to one percent of their value (exact where a bucket holds one value only), and two of them add up.

use super::non_negative::NonNegative;

/// Ratio of a bucket's bounds.
const RATIO: f64 = 1.02;
/// Lower bound of the first bucket: what is smaller counts there.
const LEAST: f64 = 1e-6;
/// Number of buckets: up to about 10^6.
const BUCKETS: usize = 1396;

/// Weights by value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Weight and weighted sum of each bucket, from `first` on; grows as needed.
    buckets: Vec<(f64, f64)>,
    first: usize,
    weight: f64,
    sum: f64,
    max: f64,
}

impl Histogram {
    /// Adds `weight` at `value`; values below zero count as zero, weights that are not positive as nothing.
    pub fn add(&mut self, value: f64, weight: f64) {
        if weight <= 0.0 {
            return;
        }
        let value = value.non_negative();
        let bucket = self.bucket_mut(bucket_of(value));
        bucket.0 += weight;
        bucket.1 += weight * value;
        self.weight += weight;
        self.sum += weight * value;
        self.max = self.max.max(value);
    }

    /// Adds everything of another one.
    pub fn merge(&mut self, other: &Self) {
        for (index, &(weight, sum)) in other.buckets.iter().enumerate() {
            if weight > 0.0 {
                let bucket = self.bucket_mut(other.first + index);
                bucket.0 += weight;
                bucket.1 += sum;
            }
        }
        self.weight += other.weight;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// All weights together.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// The mean; 0 where nothing was added.
    pub fn mean(&self) -> f64 {
        if self.weight > 0.0 { self.sum / self.weight } else { 0.0 }
    }

    /// The greatest value added.
    pub fn max(&self) -> f64 {
        self.max
    }

    /// The value at or below which `share` (0 to 1) of the weight lies: the mean of the bucket in which it falls;
    /// 0 where nothing was added.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut left = share * self.weight * (1.0 - 1e-12);
        let mut last = 0.0;
        for &(weight, sum) in self.buckets.iter().filter(|(weight, _)| *weight > 0.0) {
            last = sum / weight;
            left -= weight;
            if left <= 0.0 {
                break;
            }
        }
        last
    }

    /// Spreads `weight` over `low..high` as a distribution does: `below(x)` is its share below x, 0 at `low` and 1 at
    /// `high`. Within a bucket the weight counts at the middle.
    pub fn spread(&mut self, low: f64, high: f64, weight: f64, below: impl Fn(f64) -> f64) {
        if weight <= 0.0 || high <= low {
            return self.add(low, weight);
        }
        let mut bucket = bucket_of(low);
        let mut upper = lower_bound(bucket + 1);
        let (mut from, mut share) = (low, 0.0);
        loop {
            let to = if bucket + 1 >= BUCKETS { high } else { upper.min(high) };
            let next = if to >= high { 1.0 } else { below(to) };
            let part = weight * (next - share).non_negative();
            if part > 0.0 {
                let cell = self.bucket_mut(bucket);
                cell.0 += part;
                cell.1 += part * from.midpoint(to);
                self.sum += part * from.midpoint(to);
                self.weight += part;
                self.max = self.max.max(to);
            }
            if to >= high {
                return;
            }
            (from, share) = (to, next);
            (bucket, upper) = (bucket + 1, upper * RATIO);
        }
    }

    fn bucket_mut(&mut self, index: usize) -> &mut (f64, f64) {
        if self.buckets.is_empty() {
            self.first = index;
        }
        if index < self.first {
            let missing = self.first - index;
            self.buckets.splice(0..0, std::iter::repeat_n((0.0, 0.0), missing));
            self.first = index;
        }
        let place = index - self.first;
        if place >= self.buckets.len() {
            self.buckets.resize(place + 1, (0.0, 0.0));
        }
        &mut self.buckets[place]
    }
}

fn bucket_of(value: f64) -> usize {
    if value <= LEAST {
        return 0;
    }
    ((libm::log(value / LEAST) / libm::log(RATIO)) as usize).min(BUCKETS - 1)
}

fn lower_bound(bucket: usize) -> f64 {
    LEAST * libm::exp(bucket as f64 * libm::log(RATIO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_value_is_every_quantile_exactly() {
        let mut histogram = Histogram::default();
        histogram.add(0.04, 250.5);
        for share in [0.0, 0.5, 0.99, 1.0] {
            assert!((histogram.quantile(share) - 0.04).abs() < 1e-15);
        }
        assert!((histogram.mean() - 0.04).abs() < 1e-15);
        assert!((histogram.weight() - 250.5).abs() < 1e-12);
    }

    #[test]
    fn quantiles_are_good_to_one_percent() {
        let mut histogram = Histogram::default();
        for k in (1..=10_000).rev() {
            histogram.add(f64::from(k) / 1000.0, 2.0);
        }
        for share in [0.1, 0.5, 0.9, 0.99] {
            let exact = share * 10.0;
            assert!((histogram.quantile(share) / exact - 1.0).abs() < 0.011, "{share}");
        }
        assert!((histogram.mean() - 5.0005).abs() < 1e-9);
    }

    #[test]
    fn merging_is_adding() {
        let (mut one, mut two, mut both) = (Histogram::default(), Histogram::default(), Histogram::default());
        for k in 1..100 {
            let value = f64::from(k) * 0.37;
            if k % 3 == 0 {
                one.add(value, 1.0);
            } else {
                two.add(value, 1.0);
            }
            both.add(value, 1.0);
        }
        one.merge(&two);
        for share in [0.01, 0.5, 0.999] {
            assert!((one.quantile(share) - both.quantile(share)).abs() < 1e-9);
        }
    }

    #[test]
    fn a_distribution_is_spread_without_loss() {
        let mut histogram = Histogram::default();
        // Exponential with mean 1, cut at 20, from 0.5 on.
        let full = 1.0 - libm::exp(-20.0);
        histogram.spread(0.5, 20.5, 7.0, |x| (1.0 - libm::exp(0.5 - x)) / full);
        assert!((histogram.weight() - 7.0).abs() < 1e-12);
        assert!((histogram.mean() - 1.5).abs() < 2e-3, "{}", histogram.mean());
        let p99 = 0.5 + libm::log(100.0);
        assert!((histogram.quantile(0.99) / p99 - 1.0).abs() < 0.015);
    }
}
