//! What a sweep runs, as `sweep.json` keeps it beside the results: enough to number every run and to draw every file
//! again from the rows alone, so that shards can be merged without scenario or manifests.

use serde::{Deserialize, Serialize};

/// A sweep without its scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outline {
    /// The version of kubelapse.
    pub version: String,
    /// Name of the results folder.
    pub name: String,
    /// One line for the report; may be empty.
    pub description: String,
    /// The scenario's file, as the sweep names it.
    pub scenario: String,
    /// Digest of everything that decides a run: the scenario and its files, settings, seeds, metrics.
    pub inputs: String,
    /// What varies; combinations count through the last one first.
    pub axes: Vec<Axis>,
    /// Seed of the first run of each combination.
    pub first_seed: u64,
    /// Runs of each combination, each with the next seed.
    pub seeds: u32,
    /// Paths into a run's summary.
    pub metrics: Vec<String>,
    /// What must be true of every combination.
    pub asserts: Vec<String>,
}

/// Something that varies: an entry of `matrix`, all of `zip`, or the variants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// One column for each setting that varies with it.
    pub columns: Vec<Column>,
    /// Its values, as tables show them: one text for each column.
    pub rows: Vec<Vec<String>>,
}

/// A column of tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in tables: the path as typed, unless it was given another.
    pub name: String,
    /// What charts and messages call it.
    pub label: String,
}

/// The column that names variants.
pub(super) const VARIANT: &str = "variant";

impl Outline {
    /// How many combinations there are.
    pub fn combinations(&self) -> usize {
        self.axes.iter().map(|axis| axis.rows.len()).product()
    }

    /// How many runs there are.
    pub fn runs(&self) -> usize {
        self.combinations() * self.seeds as usize
    }

    /// The combination of a run.
    pub fn combination_of(&self, run: usize) -> usize {
        run / self.seeds as usize
    }

    /// The seed of a run.
    pub fn seed_of(&self, run: usize) -> u64 {
        self.first_seed.wrapping_add((run % self.seeds as usize) as u64)
    }

    /// For each axis, which of its values a combination has.
    pub fn places(&self, combination: usize) -> Vec<usize> {
        let mut rest = combination;
        let mut places: Vec<usize> = Vec::with_capacity(self.axes.len());
        for axis in self.axes.iter().rev() {
            places.push(rest % axis.rows.len());
            rest /= axis.rows.len();
        }
        places.reverse();
        places
    }

    /// All columns of settings, in order.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.axes.iter().flat_map(|axis| &axis.columns)
    }

    /// The values of a combination, in the order of the columns.
    pub fn cells(&self, combination: usize) -> Vec<&str> {
        let axes = self.axes.iter().zip(self.places(combination));
        axes.flat_map(|(axis, place)| axis.rows[place].iter().map(String::as_str)).collect()
    }

    /// A combination in words: `worker.count=3, averageUtilization=70`.
    pub fn label(&self, combination: usize) -> String {
        let cells = self.cells(combination);
        let words = self.columns().zip(cells).map(|(column, cell)| match column.name.as_str() {
            VARIANT => cell.to_owned(),
            _ => format!("{}={cell}", column.label),
        });
        let label = words.collect::<Vec<_>>().join(", ");
        if label.is_empty() { "all runs".to_owned() } else { label }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn axis(name: &str, rows: &[&str]) -> Axis {
        let column = Column { name: name.to_owned(), label: name.to_owned() };
        Axis { columns: vec![column], rows: rows.iter().map(|row| vec![(*row).to_owned()]).collect() }
    }

    /// Two by three combinations with four seeds from 7.
    pub fn outline() -> Outline {
        Outline {
            version: "0.1.0".to_owned(),
            name: "hpa".to_owned(),
            description: String::new(),
            scenario: "web.yaml".to_owned(),
            inputs: "0123".to_owned(),
            axes: vec![axis("nodes", &["3", "5"]), axis("target", &["50", "70", "90"])],
            first_seed: 7,
            seeds: 4,
            metrics: vec!["pod_start_seconds.p99".to_owned(), "cost".to_owned()],
            asserts: vec!["pod_start_seconds.p99.mean < 30".to_owned()],
        }
    }

    #[test]
    fn runs_count_through_seeds_then_the_last_axis() {
        let outline = outline();
        assert_eq!((outline.combinations(), outline.runs()), (6, 24));
        let name = |run| (outline.label(outline.combination_of(run)), outline.seed_of(run));
        assert_eq!(name(0), ("nodes=3, target=50".to_owned(), 7));
        assert_eq!(name(3), ("nodes=3, target=50".to_owned(), 10));
        assert_eq!(name(4), ("nodes=3, target=70".to_owned(), 7));
        assert_eq!(name(23), ("nodes=5, target=90".to_owned(), 10));
    }

    #[test]
    fn without_axes_there_is_one_combination() {
        let outline = Outline { axes: Vec::new(), ..outline() };
        assert_eq!((outline.combinations(), outline.runs(), outline.label(0)), (1, 4, "all runs".to_owned()));
    }
}
