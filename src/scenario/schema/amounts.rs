//! Numbers that need not be one number: a distribution to draw from, or a curve over time. As typed; `plan`
//! turns them into the engine's.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::amounts_table::AMOUNT_DISTRIBUTION;
use super::leaves::{Amount, Duration};

/// A duration, or a distribution of durations.
#[derive(Clone, Debug, PartialEq)]
pub enum RandomDuration {
    /// Always this.
    Fixed(Duration),
    /// Drawn anew each time.
    Random(Distribution<Duration>),
}

/// An amount: a number, a distribution (drawn once for each container), or a curve.
#[derive(Clone, Debug, PartialEq)]
pub enum Varying {
    /// Always this.
    Fixed(Amount),
    /// Drawn for each container.
    Random(Distribution<Amount>),
    /// A function of time.
    Curve(Box<Curve>),
}

/// A distribution over durations or amounts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: serde::de::DeserializeOwned")]
pub enum Distribution<T> {
    /// Every value from `min` to `max` is as likely.
    Uniform(Uniform<T>),
    /// Normal, cut at zero.
    Normal(Normal<T>),
    /// Lognormal.
    Lognormal(Lognormal<T>),
    /// Exponential.
    Exponential(Exponential<T>),
    /// Pareto.
    Pareto(Pareto<T>),
    /// One of these values, by weight.
    Choice(Vec<(T, f64)>),
    /// Observed values.
    Empirical(Observed<T>),
}

/// Parameters of a uniform distribution.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Uniform<T> {
    /// Least value.
    pub min: T,
    /// Greatest value.
    pub max: T,
}

/// Parameters of a normal distribution.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Normal<T> {
    /// Mean.
    pub mean: T,
    /// Standard deviation.
    pub deviation: T,
}

/// Parameters of a lognormal distribution: median and 99th percentile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Lognormal<T> {
    /// Half of the values are below.
    pub median: T,
    /// One of a hundred values is above.
    pub p99: T,
}

/// Parameter of an exponential distribution.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Exponential<T> {
    /// Mean.
    pub mean: T,
}

/// Parameters of a Pareto distribution.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Pareto<T> {
    /// Least value.
    pub min: T,
    /// Tail index: the smaller, the heavier the tail.
    pub shape: f64,
}

/// Observed values: a list, or a column of a CSV file.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed<T> {
    /// In the scenario.
    Values(Vec<T>),
    /// In a file.
    Csv(CsvColumn),
}

/// A column of a CSV file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CsvColumn {
    /// The file, relative to the scenario.
    pub csv: String,
    /// Its column by name (the first one that holds values if absent).
    pub column: Option<String>,
}

/// A function of time: exactly one of `steps`, `ramp`, `sine`, `csv`, `prometheus` and `sum`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Curve {
    /// (time, value): each holds until the next.
    pub steps: Option<Vec<(Duration, Amount)>>,
    /// (time, value): straight lines between them.
    pub ramp: Option<Vec<(Duration, Amount)>>,
    /// A wave.
    pub sine: Option<Sine>,
    /// Points in a file.
    pub csv: Option<CsvCurve>,
    /// A file with Prometheus' answer to a range query.
    pub prometheus: Option<String>,
    /// Several, added.
    pub sum: Option<Vec<Varying>>,
    /// A random factor.
    pub noise: Option<Noise>,
    /// From when the times count (default: `start`).
    pub since: Option<Since>,
}

/// A wave.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sine {
    /// Around which it swings.
    pub mean: Amount,
    /// Swing to either side.
    pub amplitude: Amount,
    /// Of one swing.
    pub period: Duration,
    /// When it is highest (default: 0s).
    pub peak: Option<Duration>,
}

/// Points of a curve in a CSV file: time in the first column (seconds or durations).
#[derive(Clone, Debug, PartialEq)]
pub struct CsvCurve {
    /// The file, relative to the scenario.
    pub file: String,
    /// The column of the values by name (the second if absent).
    pub column: Option<String>,
    /// Straight lines between the points instead of steps.
    pub linear: bool,
}

/// A random factor around 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Its standard deviation.
    pub deviation: f64,
    /// How long a factor holds.
    pub every: Duration,
}

/// From when a curve's times count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Since {
    /// t=0 of the scenario.
    #[default]
    Start,
    /// The start of each container.
    Container,
}

/// How long a factor of [`Noise`] holds if nothing is said.
const NOISE_EVERY: Duration = Duration(crate::engine::SimDuration::from_secs(10));

impl<'de> Deserialize<'de> for RandomDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_object() {
            return from_value(value).map(Self::Random);
        }
        from_value(value).map(Self::Fixed)
    }
}

impl<'de> Deserialize<'de> for Varying {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match value.as_object() {
            None => from_value(value).map(Self::Fixed),
            Some(object) if object.keys().any(|key| AMOUNT_DISTRIBUTION.field(key).is_some()) => {
                from_value(value).map(Self::Random)
            }
            Some(_) => from_value(value).map(Self::Curve),
        }
    }
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for Observed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_array() { from_value(value).map(Self::Values) } else { from_value(value).map(Self::Csv) }
    }
}

impl<'de> Deserialize<'de> for CsvCurve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Value::String(file) = value {
            return Ok(Self { file, column: None, linear: false });
        }
        let long: LongCsv = from_value(value)?;
        Ok(Self { file: long.file, column: long.column, linear: long.join == Some(Join::Linear) })
    }
}

impl<'de> Deserialize<'de> for Noise {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Some(deviation) = value.as_f64() {
            return Ok(Self { deviation, every: NOISE_EVERY });
        }
        let long: LongNoise = from_value(value)?;
        Ok(Self { deviation: long.deviation, every: long.every.unwrap_or(NOISE_EVERY) })
    }
}

fn from_value<T: serde::de::DeserializeOwned, E: Error>(value: Value) -> Result<T, E> {
    serde_json::from_value(value).map_err(E::custom)
}

/// The long form of [`CsvCurve`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LongCsv {
    file: String,
    column: Option<String>,
    join: Option<Join>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Join {
    Steps,
    Linear,
}

/// The long form of [`Noise`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LongNoise {
    deviation: f64,
    every: Option<Duration>,
}
