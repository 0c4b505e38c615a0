//! What changed between two runs: the figures of their summaries, and each table from its first diverging row on.

mod tables;
mod text;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::figures::leaves;
use super::results::{Results, ResultsError};
pub use tables::{Row, TableDiff};
pub use text::text;

/// Figures that say which run it was, not what came of it.
const ABOUT: [&str; 5] = ["name", "version", "seed", "digest", "files_digest"];

/// The order in which figures are shown: by the part of the summary that they belong to.
const ORDER: [&str; 18] = [
    "pods",
    "cost",
    "traffic",
    "expectations",
    "pod_start_seconds",
    "scheduling_seconds",
    "pull_seconds",
    "nodes",
    "cpu",
    "memory",
    "hpa",
    "workloads",
    "node_groups",
    "steps",
    "warnings",
    "coverage",
    "jobs",
    "engine",
];

/// The difference of two results.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// What tells the runs apart: scenario, seed, version.
    pub about: Vec<Figure>,
    /// Figures that differ.
    pub figures: Vec<Figure>,
    /// Tables that differ; none where only summaries were compared.
    pub tables: Vec<TableDiff>,
    /// Figures and tables that were compared.
    pub compared: Compared,
}

/// How much was compared.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Compared {
    /// Figures in either summary.
    pub figures: usize,
    /// Tables in either folder.
    pub tables: usize,
}

/// A figure that differs.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Its name.
    pub name: String,
    /// In the first results; null where it is not there.
    pub a: Value,
    /// In the second ones.
    pub b: Value,
    /// The second one minus the first, of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
}

impl Diff {
    /// Compares two results.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub fn of(a: &Results, b: &Results) -> Result<Self, ResultsError> {
        let (of_a, of_b) = (leaves(&a.summary), leaves(&b.summary));
        let names: BTreeSet<&String> = of_a.keys().chain(of_b.keys()).collect();
        let compared = names.len();
        let figure = |name: &String| {
            let value = |leaves: &std::collections::BTreeMap<String, &Value>| {
                leaves.get(name).map_or(Value::Null, |value| (*value).clone())
            };
            Figure::new(name, value(&of_a), value(&of_b))
        };
        let differing = names.into_iter().map(figure).filter(|figure| figure.a != figure.b);
        let (about, mut figures): (Vec<Figure>, Vec<Figure>) =
            differing.partition(|figure| ABOUT.contains(&figure.name.as_str()));
        figures.sort_by_key(Figure::place);
        let (tables, compared_tables) = tables::compare(a, b)?;
        Ok(Self { about, figures, tables, compared: Compared { figures: compared, tables: compared_tables } })
    }

    /// Did both runs come to the same?
    pub fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.tables.is_empty()
    }
}

impl Figure {
    fn new(name: &str, a: Value, b: Value) -> Self {
        let change = a.as_f64().zip(b.as_f64()).map(|(a, b)| b - a);
        Self { name: name.to_owned(), a, b, change }
    }

    /// Whole figures before those that split them up.
    fn place(&self) -> (usize, bool) {
        let part = self.name.split(['.', '[']).next().unwrap_or_default();
        let place = ORDER.iter().position(|name| *name == part).unwrap_or(ORDER.len());
        (place, self.name.contains(".by_"))
    }
}
