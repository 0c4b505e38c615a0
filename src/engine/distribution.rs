//! Random durations and amounts: what a scenario writes as `{ lognormal: { median: 90s, p99: 4m } }`.

use std::sync::Arc;

use super::random::Stream;

/// A distribution over non-negative numbers; the unit (seconds, cores, bytes) is the user's of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always this.
    Constant(f64),
    /// Uniform in [low, high).
    Uniform {
        /// Lowest value.
        low: f64,
        /// Bound above, excluded.
        high: f64,
    },
    /// Normal, cut at zero.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        deviation: f64,
    },
    /// Lognormal: exp(mu + sigma N(0,1)).
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Deviation of the logarithm.
        sigma: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Pareto.
    Pareto {
        /// Least value.
        scale: f64,
        /// Shape (tail index).
        shape: f64,
    },
    /// One of these values, by weight.
    Choice(Arc<[(f64, f64)]>),
    /// Values observed, drawn uniformly with linear interpolation between sorted neighbours.
    Empirical(Arc<[f64]>),
}

impl Distribution {
    /// Draws one value.
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        let _ = stream;
        0.0
    }
}
