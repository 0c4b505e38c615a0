//! How long a request takes on an idle pod: a distribution as a few atoms of the same weight, with the two numbers that
//! queueing formulas ask of it.

use std::sync::Arc;

use crate::engine::NonNegative;
use crate::engine::distribution::Distribution;

/// Atoms of a distribution that is no constant: the middles of so many equal shares.
const ATOMS: usize = 64;

/// Seconds of a request that waits for nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceTime {
    /// Mean in seconds.
    pub mean: f64,
    /// Squared coefficient of variation: variance by mean squared; 0 for a constant, 1 for an exponential.
    pub variation: f64,
    /// Values of equal weight, growing.
    pub atoms: Arc<[f64]>,
}

impl ServiceTime {
    /// Always this.
    pub fn constant(seconds: f64) -> Self {
        Self { mean: seconds, variation: 0.0, atoms: Arc::new([seconds]) }
    }

    /// Of a distribution, with no value below `least`: a request cannot take less than the CPU time it costs.
    pub fn new(distribution: &Distribution, least: f64) -> Self {
        if let Distribution::Constant(seconds) = distribution {
            return Self::constant(seconds.max(least));
        }
        let middle = |index: usize| (index as f64 + 0.5) / ATOMS as f64;
        let mut atoms: Vec<f64> = (0..ATOMS).map(|index| distribution.invert(middle(index)).max(least)).collect();
        atoms.sort_by(f64::total_cmp);
        let mean = atoms.iter().sum::<f64>() / ATOMS as f64;
        let square = atoms.iter().map(|value| value * value).sum::<f64>() / ATOMS as f64;
        let variation = if mean > 0.0 { (square / (mean * mean) - 1.0).non_negative() } else { 0.0 };
        Self { mean, variation, atoms: atoms.into() }
    }

    /// Share of requests that take longer than `seconds`.
    pub fn share_above(&self, seconds: f64) -> f64 {
        let above = self.atoms.len() - self.atoms.partition_point(|value| *value <= seconds);
        above as f64 / self.atoms.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atoms_keep_mean_and_variation() {
        let uniform = ServiceTime::new(&Distribution::uniform(0.0, 0.2).unwrap(), 0.0);
        assert!((uniform.mean - 0.1).abs() < 1e-12);
        assert!((uniform.variation - 1.0 / 3.0).abs() < 1e-3);
        let exponential = ServiceTime::new(&Distribution::exponential(0.1).unwrap(), 0.0);
        assert!((exponential.mean / 0.1 - 1.0).abs() < 0.02);
        assert!((exponential.variation - 1.0).abs() < 0.1);
        assert!((exponential.share_above(0.1) - libm::exp(-1.0)).abs() < 0.02);
    }

    #[test]
    fn no_request_is_faster_than_its_cpu_time() {
        let time = ServiceTime::new(&Distribution::uniform(0.0, 0.2).unwrap(), 0.05);
        assert!(time.atoms.iter().all(|value| *value >= 0.05));
        assert_eq!(ServiceTime::new(&Distribution::Constant(0.0), 0.004), ServiceTime::constant(0.004));
    }
}
