//! The table of distributions and curves: what `amounts` reads. Constants instead of `objects!`, because each
//! distribution stands there once for durations and once for amounts.

use super::leaves::{DURATION, QUANTITY};
use super::shape::{Field, Shape, Type, field};

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

const CURVE_FIELDS: [Field; 8] = [
    field("steps", POINTS, "[time, value]: each value holds until the next"),
    field("ramp", POINTS, "[time, value]: straight lines between the points"),
    field("sine", Type::Object(&SINE), "a wave"),
    field("csv", FILE_OR_CSV, "points in a CSV file: time, value"),
    field(
        "prometheus",
        Type::Text,
        "a JSON file with Prometheus' answer to a range query of one series; its first sample is time 0",
    ),
    field("sum", Type::List(&Type::Recursive(|| &VARYING)), "several curves, added"),
    field("noise", SHORT_OR_LONG_NOISE, "a random factor around 1: its standard deviation (0.1 is ten percent)"),
    field("since", Type::Keyword(&["start", "container"]), "from when the times of a curve count").default("start"),
];

/// Distribution or curve, with one list of fields so that a typing error sees all names.
pub static AMOUNT: Shape = Shape {
    name: "Amount",
    summary: "An amount that is drawn for each container (a distribution) or changes over time (a curve): \
              exactly one of the distributions or of steps, ramp, sine, csv, prometheus and sum.",
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
        "prometheus",
        "sum",
    ],
    others: None,
};

static AMOUNT_AND_CURVE: [Field; 15] = {
    let distributions: [Field; 7] = distribution_fields!("Amount", Type::Leaf(&QUANTITY));
    let mut all = [CURVE_FIELDS[0]; 15];
    let mut index = 0;
    while index < 7 {
        all[index] = distributions[index];
        index += 1;
    }
    while index < 15 {
        all[index] = CURVE_FIELDS[index - 7];
        index += 1;
    }
    all
};

/// A curve alone, as `Curve` reads it (for the comparison with serde).
pub static CURVE: Shape = Shape {
    name: "Curve",
    summary: "A function of time.",
    fields: &CURVE_FIELDS,
    one_of: &["steps", "ramp", "sine", "csv", "prometheus", "sum"],
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
