//! Numbers that need not be one number: a distribution to draw from, or a curve over time. As typed; `plan`
//! turns them into the engine's.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::leaves::{Amount, DURATION, Duration, QUANTITY};
use super::shape::{Field, Shape, Type, field};

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

/// A function of time: exactly one of `steps`, `ramp`, `sine`, `csv` and `sum`.
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

/// What may stand for a duration that need not be the same each time.
pub const RANDOM_DURATION: Type = Type::Any(&[Type::Leaf(&DURATION), Type::Object(&DURATION_DISTRIBUTION)]);
/// What may stand for an amount.
pub const VARYING: Type = Type::Any(&[Type::Leaf(&QUANTITY), Type::Object(&AMOUNT)]);

const WEIGHT: Type = Type::Number(0.0);

/// The distributions over one leaf type; each expands to statics, because the table is data.
macro_rules! distribution_fields {
    ($prefix:literal, $leaf:expr) => {
        [
            field(
                "uniform",
                Type::Object(&Shape {
                    name: concat!($prefix, "Uniform"),
                    summary: "Every value from `min` to `max` is as likely.",
                    fields: &[
                        field("min", $leaf, "least value").required(),
                        field("max", $leaf, "greatest value").required(),
                    ],
                    one_of: &[],
                    others: None,
                }),
                "every value between two is as likely",
            ),
            field(
                "normal",
                Type::Object(&Shape {
                    name: concat!($prefix, "Normal"),
                    summary: "A normal distribution, cut at zero.",
                    fields: &[
                        field("mean", $leaf, "mean").required(),
                        field("deviation", $leaf, "standard deviation").required(),
                    ],
                    one_of: &[],
                    others: None,
                }),
                "normal, cut at zero",
            ),
            field(
                "lognormal",
                Type::Object(&Shape {
                    name: concat!($prefix, "Lognormal"),
                    summary: "A lognormal distribution: few values are much greater than most.",
                    fields: &[
                        field("median", $leaf, "half of the values are below").required(),
                        field("p99", $leaf, "one of a hundred values is above").required(),
                    ],
                    one_of: &[],
                    others: None,
                }),
                "lognormal: how start-up and response times are spread",
            ),
            field(
                "exponential",
                Type::Object(&Shape {
                    name: concat!($prefix, "Exponential"),
                    summary: "An exponential distribution: time between independent events.",
                    fields: &[field("mean", $leaf, "mean").required()],
                    one_of: &[],
                    others: None,
                }),
                "exponential: time between independent events",
            ),
            field(
                "pareto",
                Type::Object(&Shape {
                    name: concat!($prefix, "Pareto"),
                    summary: "A Pareto distribution: a heavy tail.",
                    fields: &[
                        field("min", $leaf, "least value").required(),
                        field("shape", Type::Number(0.0), "tail index: the smaller, the heavier the tail").required(),
                    ],
                    one_of: &[],
                    others: None,
                }),
                "Pareto: a heavy tail",
            ),
            field("choice", Type::List(&Type::Tuple(&[$leaf, WEIGHT])), "one of these [value, weight]"),
            field(
                "empirical",
                Type::Any(&[Type::List(&$leaf), Type::Object(&CSV_COLUMN)]),
                "observed values, interpolated",
            ),
        ]
    };
}

static DURATION_FIELDS: [Field; 7] = distribution_fields!("Duration", Type::Leaf(&DURATION));
static AMOUNT_FIELDS: [Field; 7] = distribution_fields!("Amount", Type::Leaf(&QUANTITY));

const DISTRIBUTIONS: [&str; 7] = ["uniform", "normal", "lognormal", "exponential", "pareto", "choice", "empirical"];

/// Distributions of durations.
pub static DURATION_DISTRIBUTION: Shape = Shape {
    name: "DurationDistribution",
    summary: "A duration that is drawn anew each time: exactly one of these.",
    fields: &DURATION_FIELDS,
    one_of: &DISTRIBUTIONS,
    others: None,
};

/// Distributions of amounts.
pub static AMOUNT_DISTRIBUTION: Shape = Shape {
    name: "AmountDistribution",
    summary: "An amount that is drawn once for each container: exactly one of these.",
    fields: &AMOUNT_FIELDS,
    one_of: &DISTRIBUTIONS,
    others: None,
};

/// A column of a CSV file.
pub static CSV_COLUMN: Shape = Shape {
    name: "CsvColumn",
    summary: "A column of a CSV file.",
    fields: &[
        field("csv", Type::Text, "the file, relative to the scenario").required(),
        field("column", Type::Text, "its column by name").default("the first"),
    ],
    one_of: &[],
    others: None,
};

const POINTS: Type = Type::List(&Type::Tuple(&[Type::Leaf(&DURATION), Type::Leaf(&QUANTITY)]));

const FILE_OR_CSV: Type = Type::Any(&[Type::Text, Type::Object(&CSV_CURVE)]);
const SHORT_OR_LONG_NOISE: Type = Type::Any(&[Type::Number(0.0), Type::Object(&NOISE)]);

const CURVE_FIELDS: [Field; 7] = [
    field("steps", POINTS, "[time, value]: each value holds until the next"),
    field("ramp", POINTS, "[time, value]: straight lines between the points"),
    field("sine", Type::Object(&SINE), "a wave"),
    field("csv", FILE_OR_CSV, "points in a CSV file: time, value"),
    field("sum", Type::List(&Type::Recursive(|| &VARYING)), "several curves, added"),
    field("noise", SHORT_OR_LONG_NOISE, "a random factor around 1: its standard deviation (0.1 is ten percent)"),
    field("since", Type::Keyword(&["start", "container"]), "from when the times of a curve count").default("start"),
];

/// Distribution or curve, with one list of fields so that a typing error sees all names.
pub static AMOUNT: Shape = Shape {
    name: "Amount",
    summary: "An amount that is drawn for each container (a distribution) or changes over time (a curve): \
              exactly one of the distributions or of steps, ramp, sine, csv and sum.",
    fields: &AMOUNT_AND_CURVE,
    one_of: &[
        "uniform",
        "normal",
        "lognormal",
        "exponential",
        "pareto",
        "choice",
        "empirical",
        "steps",
        "ramp",
        "sine",
        "csv",
        "sum",
    ],
    others: None,
};

static AMOUNT_AND_CURVE: [Field; 14] = {
    let distributions: [Field; 7] = distribution_fields!("Amount", Type::Leaf(&QUANTITY));
    let mut all = [CURVE_FIELDS[0]; 14];
    let mut index = 0;
    while index < 7 {
        all[index] = distributions[index];
        all[index + 7] = CURVE_FIELDS[index];
        index += 1;
    }
    all
};

/// A curve alone, as [`Curve`] reads it (for the comparison with serde).
pub static CURVE: Shape = Shape {
    name: "Curve",
    summary: "A function of time.",
    fields: &CURVE_FIELDS,
    one_of: &["steps", "ramp", "sine", "csv", "sum"],
    others: None,
};

/// A wave.
pub static SINE: Shape = Shape {
    name: "Sine",
    summary: "A wave around a mean.",
    fields: &[
        field("mean", Type::Leaf(&QUANTITY), "value around which it swings").required(),
        field("amplitude", Type::Leaf(&QUANTITY), "swing to either side").required(),
        field("period", Type::Leaf(&DURATION), "length of one swing").required(),
        field("peak", Type::Leaf(&DURATION), "when it is highest").default("0s"),
    ],
    one_of: &[],
    others: None,
};

/// The long form of a curve from a file.
pub static CSV_CURVE: Shape = Shape {
    name: "CsvCurve",
    summary: "Points of a curve in a CSV file with times in its first column.",
    fields: &[
        field("file", Type::Text, "the file, relative to the scenario").required(),
        field("column", Type::Text, "the column of the values by name").default("the second"),
        field("join", Type::Keyword(&["steps", "linear"]), "how the points are joined").default("steps"),
    ],
    one_of: &[],
    others: None,
};

/// The long form of noise.
pub static NOISE: Shape = Shape {
    name: "Noise",
    summary: "A random factor around 1.",
    fields: &[
        field("deviation", Type::Number(0.0), "its standard deviation (0.1 is ten percent)").required(),
        field("every", Type::Leaf(&DURATION), "how long a factor holds").default("10s"),
    ],
    one_of: &[],
    others: None,
};
