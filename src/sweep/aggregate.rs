//! The runs of each combination as statistics of each metric.

use std::io;

use super::outline::Outline;
use super::row::{Row, Status, table};
use super::statistics::Statistics;
use crate::record::Number;

/// A combination of settings and what its runs came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Combination {
    /// How many of its runs failed or have no result.
    pub failed: usize,
    /// Its values: for each metric those of the runs that have one, in the order of their seeds.
    pub values: Vec<Vec<f64>>,
    /// For each metric, what they say; none if no run has a value.
    pub statistics: Vec<Option<Statistics>>,
}

/// All combinations, from the rows of all runs in their order.
pub fn combinations(outline: &Outline, rows: &[Row]) -> Vec<Combination> {
    let of = |rows: &[Row]| {
        let values: Vec<Vec<f64>> = (0..outline.metrics.len())
            .map(|metric| rows.iter().filter_map(|row| row.values[metric]).collect())
            .collect();
        Combination {
            failed: rows.iter().filter(|row| row.status != Status::Ok).count(),
            statistics: values.iter().map(|values| Statistics::of(values)).collect(),
            values,
        }
    };
    rows.chunks(outline.seeds as usize).map(of).collect()
}

/// Writes `aggregate.csv`: a row for each combination and metric.
pub(super) fn write(outline: &Outline, combinations: &[Combination], out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = table(out);
    let mut header = vec!["combination".to_owned()];
    header.extend(outline.columns().map(|column| column.name.clone()));
    header.push("metric".to_owned());
    header.extend(Statistics::NAMES.map(str::to_owned));
    writer.write_record(&header)?;
    for (index, combination) in combinations.iter().enumerate() {
        for (metric, statistics) in outline.metrics.iter().zip(&combination.statistics) {
            let mut fields = vec![index.to_string()];
            fields.extend(outline.cells(index).into_iter().map(str::to_owned));
            fields.push(metric.clone());
            if let Some(found) = statistics {
                fields.extend(found.values().map(|value| Number(value).rounded().to_string()));
            } else {
                fields.push("0".to_owned());
                fields.extend(vec![String::new(); Statistics::NAMES.len() - 1]);
            }
            writer.write_record(&fields)?;
        }
    }
    writer.flush()
}
