//! Random durations and amounts: what a scenario writes as `{ lognormal: { median: 90s, p99: 4m } }`.
//! Every value comes from one draw by inversion, so that a run with other parameters and the same seed sees the same
//! luck. No sampler of the `rand` crates: they may change their values between releases.

use std::sync::Arc;

use super::non_negative::NonNegative;
use super::number_table::{Column, CsvError, CsvProblem, read_columns};
use super::random::{Stream, standard_normal_quantile};

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
    /// Normal, cut at zero: what would be negative is zero.
    Normal {
        /// Mean before the cut.
        mean: f64,
        /// Standard deviation before the cut.
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
    /// One of these (value, weight), by weight.
    Choice(Arc<[(f64, f64)]>),
    /// Values observed, drawn uniformly with linear interpolation between sorted neighbours.
    Empirical(Arc<[f64]>),
}

/// Parameters that make no distribution over non-negative numbers.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DistributionError {
    /// A parameter is NaN or infinite.
    #[error("{parameter} is not a finite number")]
    NotFinite {
        /// Its name in a scenario.
        parameter: &'static str,
    },
    /// A parameter is negative.
    #[error("{parameter} is {value}, must not be negative")]
    Negative {
        /// Its name in a scenario.
        parameter: &'static str,
        /// As given.
        value: f64,
    },
    /// A parameter is zero or negative.
    #[error("{parameter} is {value}, must be greater than 0")]
    NotPositive {
        /// Its name in a scenario.
        parameter: &'static str,
        /// As given.
        value: f64,
    },
    /// Two parameters are in the wrong order.
    #[error("{above} ({above_value}) is less than {below} ({below_value})")]
    WrongOrder {
        /// The one that must not be greater.
        below: &'static str,
        /// As given.
        below_value: f64,
        /// The one that must not be less.
        above: &'static str,
        /// As given.
        above_value: f64,
    },
    /// A choice or a list of observations is empty, or all weights are zero.
    #[error("{parameter} holds nothing to choose from")]
    Empty {
        /// Its name in a scenario.
        parameter: &'static str,
    },
    /// The CSV text is not readable.
    #[error(transparent)]
    Csv(#[from] CsvError),
}

/// Standard deviations from the median to the 99th percentile of a normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

impl Distribution {
    /// Uniform from `min` to `max`.
    pub fn uniform(min: f64, max: f64) -> Result<Self, DistributionError> {
        not_negative("min", min)?;
        ordered("min", min, "max", max)?;
        Ok(Self::Uniform { low: min, high: max })
    }

    /// Normal, cut at zero.
    pub fn normal(mean: f64, deviation: f64) -> Result<Self, DistributionError> {
        not_negative("mean", mean)?;
        not_negative("deviation", deviation)?;
        Ok(Self::Normal { mean, deviation })
    }

    /// Exponential with this mean.
    pub fn exponential(mean: f64) -> Result<Self, DistributionError> {
        not_negative("mean", mean)?;
        Ok(Self::Exponential { mean })
    }

    /// Pareto with this least value and tail index.
    pub fn pareto(scale: f64, shape: f64) -> Result<Self, DistributionError> {
        positive("scale", scale)?;
        positive("shape", shape)?;
        Ok(Self::Pareto { scale, shape })
    }

    /// Lognormal by the mean and deviation of the logarithm.
    pub fn lognormal(mu: f64, sigma: f64) -> Result<Self, DistributionError> {
        finite("mu", mu)?;
        not_negative("sigma", sigma)?;
        Ok(Self::LogNormal { mu, sigma })
    }

    /// Lognormal by its median and 99th percentile.
    pub fn lognormal_from_median(median: f64, p99: f64) -> Result<Self, DistributionError> {
        positive("median", median)?;
        ordered("median", median, "p99", p99)?;
        Ok(Self::LogNormal { mu: libm::log(median), sigma: libm::log(p99 / median) / NORMAL_P99 })
    }

    /// Lognormal by its own mean and standard deviation.
    pub fn lognormal_from_mean(mean: f64, deviation: f64) -> Result<Self, DistributionError> {
        positive("mean", mean)?;
        not_negative("deviation", deviation)?;
        let ratio = deviation / mean;
        let variance = libm::log1p(ratio * ratio);
        Ok(Self::LogNormal { mu: libm::log(mean) - variance / 2.0, sigma: variance.sqrt() })
    }

    /// One of these (value, weight).
    pub fn choice(choices: Vec<(f64, f64)>) -> Result<Self, DistributionError> {
        for &(value, weight) in &choices {
            not_negative("value", value)?;
            not_negative("weight", weight)?;
        }
        if choices.iter().all(|&(_, weight)| weight == 0.0) {
            return Err(DistributionError::Empty { parameter: "choice" });
        }
        finite("the sum of the weights", choices.iter().map(|&(_, weight)| weight).sum())?;
        Ok(Self::Choice(choices.into()))
    }

    /// Values observed, in any order.
    pub fn empirical(mut values: Vec<f64>) -> Result<Self, DistributionError> {
        if values.is_empty() {
            return Err(DistributionError::Empty { parameter: "empirical" });
        }
        values.iter().try_for_each(|&value| not_negative("value", value))?;
        values.sort_by(f64::total_cmp);
        Ok(Self::Empirical(values.into()))
    }

    /// Values observed, from CSV text: the named column, or else the first; the header is optional. Durations
    /// count in seconds.
    pub fn empirical_from_csv(text: &str, column: Option<&str>) -> Result<Self, DistributionError> {
        let rows = read_columns(text, [column.map_or(Column::At(0), Column::Named)])?;
        if let Some(&(line, _)) = rows.iter().find(|(_, [value])| *value < 0.0) {
            return Err(CsvError { line, problem: CsvProblem::Negative }.into());
        }
        Self::empirical(rows.into_iter().map(|(_, [value])| value).collect())
    }

    /// Draws one value; a constant draws nothing from the stream.
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        if let Self::Constant(value) = *self {
            return value;
        }
        self.invert(stream.open_unit())
    }

    /// The value at `share`, in (0, 1), of the probability; growing with `share`, but for a choice, which keeps its
    /// own order.
    pub fn invert(&self, share: f64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, high } => low + share * (high - low),
            Self::Normal { mean, deviation } => (mean + deviation * standard_normal_quantile(share)).non_negative(),
            Self::LogNormal { mu, sigma } => libm::exp(mu + sigma * standard_normal_quantile(share)),
            Self::Exponential { mean } => -mean * libm::log1p(-share),
            Self::Pareto { scale, shape } => scale * libm::exp(-libm::log1p(-share) / shape),
            Self::Choice(choices) => {
                let mut left = share * choices.iter().map(|(_, weight)| weight).sum::<f64>();
                let mut chosen = 0.0;
                for &(value, weight) in choices.iter().filter(|(_, weight)| *weight > 0.0) {
                    chosen = value;
                    left -= weight;
                    if left < 0.0 {
                        break;
                    }
                }
                chosen
            }
            Self::Empirical(values) => {
                let place = share * (values.len() - 1) as f64;
                let below = place as usize;
                let above = (below + 1).min(values.len() - 1);
                values[below] + (place - below as f64) * (values[above] - values[below])
            }
        }
    }

    /// The mean; infinite for a Pareto distribution of shape 1 or less.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, high } => low.midpoint(*high),
            Self::Normal { mean, deviation } if *deviation == 0.0 => *mean,
            Self::Normal { mean, deviation } => {
                // Of the part above zero.
                let ratio = mean / deviation;
                let below = libm::erfc(-ratio / std::f64::consts::SQRT_2) / 2.0;
                let density = libm::exp(-ratio * ratio / 2.0) / std::f64::consts::TAU.sqrt();
                mean * below + deviation * density
            }
            Self::LogNormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Self::Exponential { mean } => *mean,
            Self::Pareto { scale, shape } if *shape > 1.0 => scale * shape / (shape - 1.0),
            Self::Pareto { .. } => f64::INFINITY,
            Self::Choice(choices) => {
                let total: f64 = choices.iter().map(|(_, weight)| weight).sum();
                choices.iter().map(|(value, weight)| value * weight).sum::<f64>() / total
            }
            Self::Empirical(values) if values.len() == 1 => values[0],
            Self::Empirical(values) => {
                let sum: f64 = values.windows(2).map(|pair| pair[0].midpoint(pair[1])).sum();
                sum / (values.len() - 1) as f64
            }
        }
    }
}

fn finite(parameter: &'static str, value: f64) -> Result<(), DistributionError> {
    if value.is_finite() { Ok(()) } else { Err(DistributionError::NotFinite { parameter }) }
}

fn not_negative(parameter: &'static str, value: f64) -> Result<(), DistributionError> {
    finite(parameter, value)?;
    if value >= 0.0 { Ok(()) } else { Err(DistributionError::Negative { parameter, value }) }
}

fn positive(parameter: &'static str, value: f64) -> Result<(), DistributionError> {
    finite(parameter, value)?;
    if value > 0.0 { Ok(()) } else { Err(DistributionError::NotPositive { parameter, value }) }
}

fn ordered(
    below: &'static str,
    below_value: f64,
    above: &'static str,
    above_value: f64,
) -> Result<(), DistributionError> {
    finite(above, above_value)?;
    if below_value <= above_value {
        Ok(())
    } else {
        Err(DistributionError::WrongOrder { below, below_value, above, above_value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::Streams;

    fn all() -> Vec<(Distribution, [u64; 3])> {
        let valid = |distribution: Result<_, _>| distribution.unwrap();
        vec![
            (
                valid(Distribution::uniform(1.0, 3.0)),
                [0x3ff6_ef3b_554c_ae8d, 0x4005_88b5_f70e_ef3e, 0x4003_453c_4a3c_2054],
            ),
            (
                valid(Distribution::normal(2.0, 1.0)),
                [0x3ff3_774a_74f0_7e25, 0x4008_26b9_333e_4f84, 0x4004_4bfe_d5d8_9d78],
            ),
            (
                valid(Distribution::lognormal(0.5, 0.25)),
                [0x3ff5_b00c_392d_6dff, 0x4001_0428_af8a_3d3b, 0x3ffe_2ba7_a337_a4c7],
            ),
            (
                valid(Distribution::lognormal_from_median(90.0, 240.0)),
                [0x4050_2bd1_d94f_fdaa, 0x4061_497c_1b3d_f220, 0x405c_37df_a223_56c4],
            ),
            (
                valid(Distribution::lognormal_from_mean(2.0, 1.0)),
                [0x3ff3_c4d9_973d_8fbd, 0x4007_2862_2d9b_e46c, 0x4002_71a6_3ca2_4728],
            ),
            (
                valid(Distribution::exponential(5.0)),
                [0x3ff3_8a1b_3203_7654, 0x4022_b334_91f7_50b2, 0x4018_600b_afa9_7bcc],
            ),
            (
                valid(Distribution::pareto(1.0, 3.0)),
                [0x3ff1_5b6c_b02e_4bfb, 0x3ffd_d798_f57a_3772, 0x3ff8_04d7_b0e2_e670],
            ),
            (
                valid(Distribution::choice(vec![(3.0, 1.0), (1.0, 0.0), (7.0, 3.0)])),
                [0x4008_0000_0000_0000, 0x401c_0000_0000_0000, 0x401c_0000_0000_0000],
            ),
            (
                valid(Distribution::empirical(vec![4.0, 1.0, 2.0])),
                [0x3ff6_ef3b_554c_ae8d, 0x400b_116b_ee1d_de7d, 0x4006_8a78_9478_40a7],
            ),
        ]
    }

    #[test]
    fn golden_values_stay() {
        let mut found = Vec::new();
        for (distribution, _) in all() {
            let mut stream = Streams::new(7).stream("test/distribution", 1);
            found.push([(); 3].map(|()| distribution.sample(&mut stream).to_bits()));
        }
        let expected: Vec<_> = all().into_iter().map(|(_, bits)| bits).collect();
        assert_eq!(found, expected, "{found:#x?}");
    }

    #[test]
    fn many_draws_have_the_mean() {
        for (distribution, _) in all() {
            let mut stream = Streams::new(1).stream("test/mean", 0);
            let mean = (0..20_000).map(|_| distribution.sample(&mut stream)).sum::<f64>() / 20_000.0;
            let expected = distribution.mean();
            assert!((mean / expected - 1.0).abs() < 0.03, "{distribution:?}: {mean} {expected}");
        }
    }

    #[test]
    fn a_lognormal_has_the_median_and_percentile_it_was_made_from() {
        let distribution = Distribution::lognormal_from_median(90.0, 240.0).unwrap();
        assert!((distribution.invert(0.5) - 90.0).abs() < 1e-9);
        assert!((distribution.invert(0.99) - 240.0).abs() < 1e-9);
        let distribution = Distribution::lognormal_from_mean(2.0, 1.0).unwrap();
        assert!((distribution.mean() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_cut_normal_is_never_negative_and_its_mean_says_so() {
        let distribution = Distribution::normal(0.0, 1.0).unwrap();
        assert!((distribution.mean() - 0.398_942_280_401_432_7).abs() < 1e-12);
        assert_eq!(distribution.invert(0.1).to_bits(), 0);
    }

    #[test]
    fn an_empirical_distribution_interpolates_between_its_ends() {
        let distribution = Distribution::empirical_from_csv("seconds\n30s\n10\n20\n", None).unwrap();
        assert!((distribution.invert(0.25) - 15.0).abs() < 1e-12);
        assert!((distribution.mean() - 20.0).abs() < 1e-12);
        let single = Distribution::empirical(vec![3.0]).unwrap();
        assert!((single.invert(0.9) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn impossible_parameters_are_refused_in_words() {
        for (result, text) in [
            (Distribution::uniform(3.0, 1.0), "max (1) is less than min (3)"),
            (Distribution::uniform(-1.0, 1.0), "min is -1, must not be negative"),
            (Distribution::pareto(0.0, 1.0), "scale is 0, must be greater than 0"),
            (Distribution::exponential(f64::NAN), "mean is not a finite number"),
            (Distribution::lognormal_from_median(5.0, 1.0), "p99 (1) is less than median (5)"),
            (Distribution::choice(vec![]), "choice holds nothing to choose from"),
            (Distribution::choice(vec![(1.0, 0.0)]), "choice holds nothing to choose from"),
            (Distribution::empirical(vec![]), "empirical holds nothing to choose from"),
            (Distribution::empirical_from_csv("s\n1\n-2\n", None), "line 3: the value is negative"),
        ] {
            assert_eq!(result.unwrap_err().to_string(), text);
        }
    }
}
