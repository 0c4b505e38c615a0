//! Charts and page of a sweep, as `report` draws them.

use super::aggregate::Combination;
use super::error::SweepError;
use super::outline::Outline;
use super::results::{SweepSummary, complaint};
use super::row::{Row, Status};
use crate::record::Number;
use crate::report::sweep_charts::{Figure, FigureAxis, Picture, Point, over_seeds, over_settings};
use crate::report::sweep_page::{AssertLine, SweepPage};

/// Most combinations in the page's table, failed runs in its list, and pictures.
const ROWS_MOST: usize = 500;
const FAILED_MOST: usize = 50;
const METRICS_MOST: usize = 24;

/// A chart and the name of its files.
pub(super) struct Drawn {
    pub file: String,
    pub title: String,
    pub picture: Picture,
}

/// Two charts for each metric: over what varies, and over the seeds.
pub(super) fn draw(outline: &Outline, combinations: &[Combination]) -> Result<Vec<Drawn>, SweepError> {
    let mut drawn: Vec<Drawn> = Vec::new();
    for metric in 0..outline.metrics.len().min(METRICS_MOST) {
        let figure = figure(outline, combinations, metric);
        let mut file = slug(&figure.metric);
        if drawn.iter().any(|other| other.file == file) {
            file = format!("{file}_{metric}");
        }
        let title = figure.metric.clone();
        if let Some(picture) = over_settings(&figure)? {
            drawn.push(Drawn { file: file.clone(), title: title.clone(), picture });
        }
        if let Some(picture) = over_seeds(&figure)? {
            drawn.push(Drawn { file: format!("{file}_seeds"), title, picture });
        }
    }
    Ok(drawn)
}

fn figure(outline: &Outline, combinations: &[Combination], metric: usize) -> Figure {
    let axes = outline.axes.iter().filter(|axis| axis.rows.len() > 1);
    let axes = axes.map(|axis| FigureAxis {
        label: axis.columns.iter().map(|column| column.label.as_str()).collect::<Vec<_>>().join(" / "),
        values: axis.rows.iter().map(|row| row.join(" / ")).collect(),
    });
    let point = |(index, combination): (usize, &Combination)| Point {
        label: outline.label(index),
        values: combination.values[metric].clone(),
        mean: combination.statistics[metric].map(|found| (found.mean, found.ci95_low, found.ci95_high)),
    };
    let runs = if outline.seeds == 1 { "1 run".to_owned() } else { format!("{} runs", outline.seeds) };
    Figure {
        metric: outline.metrics[metric].clone(),
        subtitle: format!("{} ({}), {runs} of each combination", outline.name, outline.scenario),
        axes: axes.collect(),
        points: combinations.iter().enumerate().map(point).collect(),
    }
}

/// A metric as the name of a file.
fn slug(metric: &str) -> String {
    let plain = metric.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
    let slug: String = plain.collect();
    let parts: Vec<&str> = slug.split('_').filter(|part| !part.is_empty()).collect();
    let mut slug = parts.join("_").to_lowercase();
    slug.truncate(100);
    slug
}

/// `12 combinations of 20 seeds: all 240 runs went well; 1 of 2 asserts is broken`.
pub fn headline(summary: &SweepSummary) -> String {
    let counts = summary.runs;
    let combinations = if summary.combinations == 1 { "1 combination" } else { "combinations" };
    let combinations = if summary.combinations == 1 {
        combinations.to_owned()
    } else {
        format!("{} {combinations}", summary.combinations)
    };
    let seeds = if summary.seeds == 1 { "1 seed".to_owned() } else { format!("{} seeds", summary.seeds) };
    let runs = match (counts.failed, counts.error) {
        (0, 0) => format!("all {} runs went well", counts.total),
        (failed, 0) => format!("{failed} of {} runs failed", counts.total),
        (0, error) => format!("{error} of {} runs have no result", counts.total),
        (failed, error) => format!("{failed} of {} runs failed, {error} have no result", counts.total),
    };
    let broken = summary.asserts.iter().filter(|assert| !assert.held).count();
    let asserts = match (summary.asserts.len(), broken) {
        (0, _) => String::new(),
        (all, 0) => format!("; {all} of {all} asserts hold"),
        (all, broken) => format!("; {broken} of {all} asserts broken"),
    };
    format!("{combinations} with {seeds}: {runs}{asserts}")
}

/// What the page shows.
pub(super) fn page(
    outline: &Outline,
    rows: &[Row],
    combinations: &[Combination],
    summary: &SweepSummary,
    pictures: &[Drawn],
) -> SweepPage {
    let failed: Vec<&Row> = rows.iter().filter(|row| row.status != Status::Ok).collect();
    let name = |row: &Row| (outline.label(outline.combination_of(row.run)), complaint(outline, row));
    let mut last = String::new();
    let mut pages = Vec::new();
    for drawn in pictures {
        let title = if drawn.title == last { String::new() } else { drawn.title.clone() };
        last.clone_from(&drawn.title);
        pages.push((title, drawn.picture.alternative.clone(), drawn.picture.svg.clone()));
    }
    let mut columns = vec!["combination".to_owned()];
    columns.extend(outline.metrics.iter().cloned());
    let facts = [
        ("Version", format!("kubelapse {}", outline.version)),
        ("Scenario", outline.scenario.clone()),
        ("Seeds", format!("{} to {}", outline.first_seed, outline.seed_of(outline.seeds as usize - 1))),
        ("Digest of the inputs", outline.inputs.clone()),
        ("Digest of the tables", summary.files_digest.clone()),
    ];
    SweepPage {
        name: outline.name.clone(),
        description: outline.description.clone(),
        headline: headline(summary),
        asserts: summary
            .asserts
            .iter()
            .map(|one| AssertLine { that: one.that.clone(), broken: one.broken.clone() })
            .collect(),
        failed: failed.iter().take(FAILED_MOST).map(|row| name(row)).collect(),
        failed_more: failed.len().saturating_sub(FAILED_MOST),
        warnings: summary.warnings.iter().map(|(warning, runs)| (warning.clone(), *runs)).collect(),
        pictures: pages,
        columns,
        rows: numbers(outline, combinations),
        rows_more: combinations.len().saturating_sub(ROWS_MOST),
        facts: facts.map(|(name, value)| (name.to_owned(), value)).to_vec(),
    }
}

/// Combinations and their means, as a table shows them.
pub fn numbers(outline: &Outline, combinations: &[Combination]) -> Vec<Vec<String>> {
    let rounded = |value: f64| Number((value * 1e4).round() / 1e4).rounded();
    let row = |(index, combination): (usize, &Combination)| {
        let mut cells = vec![outline.label(index)];
        cells.extend(combination.statistics.iter().map(|statistics| match statistics {
            None => "–".to_owned(),
            Some(found) if found.ci95_high > found.mean => {
                format!("{} ± {}", rounded(found.mean), rounded(found.ci95_high - found.mean))
            }
            Some(found) => rounded(found.mean).to_string(),
        }));
        cells
    };
    combinations.iter().take(ROWS_MOST).enumerate().map(row).collect()
}
