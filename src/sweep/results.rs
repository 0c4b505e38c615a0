//! The results folder of a sweep, made from its outline and rows alone: the same bytes whether they were run here or
//! read from shards.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::aggregate::{self, Combination};
use super::asserts;
use super::error::SweepError;
use super::outline::Outline;
use super::partial::result_name;
use super::pictures;
use super::row::{Row, Status, table};
use super::shard::Shard;
use crate::engine::digest::Digest;
use crate::report::{Folder, junit, sweep_page};
use crate::scenario::expressions::Expression;

/// `summary.json` of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepSummary {
    /// `Sweep`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The scenario's file.
    pub scenario: String,
    /// Which part of the sweep the folder holds; none for all of it.
    pub shard: Option<Shard>,
    /// Combinations of settings.
    pub combinations: usize,
    /// Seeds of each.
    pub seeds: u32,
    /// Runs in this folder.
    pub runs: Counts,
    /// What was asserted; empty for a shard.
    pub asserts: Vec<Assert>,
    /// Each warning with the number of runs that have it.
    pub warnings: BTreeMap<String, usize>,
    /// The version of kubelapse.
    pub version: String,
    /// Digest of everything that decides a run.
    pub inputs: String,
    /// Digest of sweep.json and the tables.
    pub files_digest: String,
}

/// Runs by what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// All.
    pub total: usize,
    /// Without complaints.
    pub ok: usize,
    /// With a failed step or expectation.
    pub failed: usize,
    /// Without a result.
    pub error: usize,
}

/// An assert and where it is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assert {
    /// As typed.
    pub that: String,
    /// Is it true of every combination?
    pub held: bool,
    /// Of which it is not: the combination in words, and what was true instead.
    pub broken: Vec<(String, String)>,
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The folder.
    pub folder: PathBuf,
    /// Its summary.
    pub summary: SweepSummary,
    /// The combinations; empty for a shard.
    pub combinations: Vec<Combination>,
    /// For JUnit: a suite for each combination.
    pub suites: Vec<junit::Suite>,
}

impl SweepSummary {
    /// Did all runs go well and all asserts hold, and with `strict` nothing warn?
    pub fn held(&self, strict: bool) -> bool {
        let runs = self.runs.failed == 0 && self.runs.error == 0;
        runs && self.asserts.iter().all(|assert| assert.held) && (!strict || self.warnings.is_empty())
    }
}

/// `sweep.json`.
pub(super) fn outline_text(outline: &Outline) -> String {
    serde_json::to_string_pretty(outline).expect("an outline holds strings, numbers and lists") + "\n"
}

/// Digest of the files that everything else can be made from.
pub(super) fn files_digest(files: &[&[u8]]) -> String {
    let mut digest = Digest::new();
    for file in files {
        digest.update_u64(file.len() as u64);
        digest.update_bytes(file);
    }
    digest.finish_hex()
}

/// `runs.csv`, its rows in the order of the runs.
pub(super) fn runs_text(outline: &Outline, rows: &[Row]) -> Vec<u8> {
    let mut writer = table(Vec::new());
    // A buffer in memory takes everything.
    let _ = writer.write_record(Row::columns(outline));
    for row in rows {
        let _ = writer.write_record(row.fields(outline));
    }
    writer.into_inner().unwrap_or_default()
}

/// Writes the results folder of all runs, or of a shard's, into `out`. Rows stand in the order of their runs.
///
/// # Errors
/// A file that cannot be written; an older folder is then still there.
pub fn write(outline: &Outline, rows: &[Row], shard: Option<Shard>, out: &Path) -> Result<Written, SweepError> {
    write_as(&result_name(outline, shard), outline, rows, shard, out)
}

/// The same, into a folder of this name.
pub(super) fn write_as(
    name: &str,
    outline: &Outline,
    rows: &[Row],
    shard: Option<Shard>,
    out: &Path,
) -> Result<Written, SweepError> {
    let folder = Folder::create(out, name)?;
    let file = |name: &str, bytes: &[u8]| folder.write(name, |out| out.write_all(bytes));
    let outline_text = outline_text(outline);
    let runs = runs_text(outline, rows);
    file("sweep.json", outline_text.as_bytes())?;
    file("runs.csv", &runs)?;
    let mut combinations = Vec::new();
    let mut aggregate = Vec::new();
    let mut asserts = Vec::new();
    if shard.is_none() {
        combinations = aggregate::combinations(outline, rows);
        aggregate::write(outline, &combinations, &mut aggregate).map_err(SweepError::write(out))?;
        file("aggregate.csv", &aggregate)?;
        asserts = outline.asserts.iter().map(|that| decided(that, outline, &combinations)).collect();
    }
    let mut warnings: BTreeMap<String, usize> = BTreeMap::new();
    for warning in rows.iter().flat_map(|row| &row.warnings) {
        *warnings.entry(warning.clone()).or_default() += 1;
    }
    let summary = SweepSummary {
        kind: "Sweep".to_owned(),
        name: outline.name.clone(),
        scenario: outline.scenario.clone(),
        shard,
        combinations: outline.combinations(),
        seeds: outline.seeds,
        runs: counts(rows),
        asserts,
        warnings,
        version: outline.version.clone(),
        inputs: outline.inputs.clone(),
        files_digest: files_digest(&[outline_text.as_bytes(), &runs, &aggregate]),
    };
    let mut text = serde_json::to_string_pretty(&summary).expect("a summary holds strings, numbers and maps");
    text.push('\n');
    file("summary.json", text.as_bytes())?;
    if shard.is_none() {
        let pictures = pictures::draw(outline, &combinations)?;
        for picture in &pictures {
            file(&format!("charts/{}.svg", picture.file), picture.picture.svg.as_bytes())?;
            file(&format!("charts/{}.png", picture.file), &picture.picture.png)?;
        }
        let page = pictures::page(outline, rows, &combinations, &summary, &pictures);
        file("report.html", sweep_page::page(&page)?.as_bytes())?;
    }
    let suites = suites(outline, rows, &summary);
    Ok(Written { folder: folder.finish()?, summary, combinations, suites })
}

fn decided(that: &str, outline: &Outline, combinations: &[Combination]) -> Assert {
    let broken: Vec<(String, String)> = match Expression::compile(that) {
        Ok(expression) => asserts::broken(&expression, outline, combinations)
            .into_iter()
            .map(|broken| (outline.label(broken.combination), broken.found))
            .collect(),
        // Only an outline that was changed by hand gets here.
        Err(flaw) => vec![(String::new(), flaw.message)],
    };
    Assert { that: that.to_owned(), held: broken.is_empty(), broken }
}

fn counts(rows: &[Row]) -> Counts {
    let of = |status| rows.iter().filter(|row| row.status == status).count();
    Counts { total: rows.len(), ok: of(Status::Ok), failed: of(Status::Failed), error: of(Status::Error) }
}

/// `seed 7: what did not go well`.
pub fn complaint(outline: &Outline, row: &Row) -> String {
    format!("seed {}: {}", outline.seed_of(row.run), row.message)
}

fn suites(outline: &Outline, rows: &[Row], summary: &SweepSummary) -> Vec<junit::Suite> {
    let mut suites = Vec::new();
    for rows in rows.chunk_by(|a, b| outline.combination_of(a.run) == outline.combination_of(b.run)) {
        let label = outline.label(outline.combination_of(rows[0].run));
        let joined = |lines: Vec<String>| (!lines.is_empty()).then(|| lines.join("\n"));
        let failed = rows.iter().filter(|row| row.status != Status::Ok).map(|row| complaint(outline, row)).collect();
        let mut cases = vec![("runs".to_owned(), joined(failed))];
        for assert in &summary.asserts {
            let found = assert.broken.iter().find(|(combination, _)| *combination == label);
            cases.push((assert.that.clone(), found.map(|(_, found)| format!("{found}\n{}", assert.that))));
        }
        suites.push(junit::Suite::new(&format!("{}: {label}", outline.name), 0.0, cases));
    }
    suites
}
