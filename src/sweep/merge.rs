//! Puts the folders of shards together: the result is the one that a single machine would have written, to the byte.
//! Folders that are broken, half-written or of other sweeps are refused with the reason.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::SweepError;
use super::outline::Outline;
use super::results::{self, SweepSummary, Written, files_digest};
use super::row::Row;
use super::shard::Shard;

/// A folder that was found whole.
struct Part {
    path: PathBuf,
    text: String,
    outline: Outline,
    shard: Option<Shard>,
    rows: Vec<Row>,
}

/// Is this the results folder of a sweep, and not of a run?
pub fn is_sweep(folder: &Path) -> bool {
    folder.join("sweep.json").is_file()
}

/// Draws charts and page of a sweep's results again, from its rows.
///
/// # Errors
/// As for [`merge`].
pub fn draw_again(folder: &Path) -> Result<Written, SweepError> {
    let part = read(folder)?;
    let full = folder.canonicalize().map_err(SweepError::write(folder))?;
    let name = full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let out = full.parent().unwrap_or(Path::new(""));
    results::write_as(&name, &part.outline, &part.rows, part.shard, out)
}

/// Reads the folders of all shards and writes the results of the whole sweep into `out`.
///
/// # Errors
/// A folder that is not whole, folders of different sweeps, runs that are missing or differ.
pub fn merge(folders: &[PathBuf], out: &Path) -> Result<(Outline, Written), SweepError> {
    let parts = folders.iter().map(|folder| read(folder)).collect::<Result<Vec<Part>, _>>()?;
    let Some(first) = parts.first() else {
        return Err(SweepError::Mismatch("there are no folders to merge".to_owned()));
    };
    let outline = &first.outline;
    let mut rows: Vec<Option<(&Row, &Path)>> = vec![None; outline.runs()];
    for part in &parts {
        if part.text != first.text {
            return Err(SweepError::Mismatch(differ(first, part)));
        }
        for row in &part.rows {
            match &mut rows[row.run] {
                // A part that was run twice is the same twice.
                Some((before, path)) if *before != row => {
                    return Err(SweepError::Mismatch(format!(
                        "run {} differs between `{}` and `{}`: they are not of the same program",
                        row.run,
                        path.display(),
                        part.path.display()
                    )));
                }
                place => *place = Some((row, &part.path)),
            }
        }
    }
    let missing: Vec<usize> = (0..rows.len()).filter(|run| rows[*run].is_none()).collect();
    if !missing.is_empty() {
        let first = missing.iter().take(5).map(usize::to_string).collect::<Vec<_>>().join(", ");
        let dots = if missing.len() > 5 { ", …" } else { "" };
        let message = format!(
            "{} of {} runs are in none of the folders (runs {first}{dots}): a shard is missing",
            missing.len(),
            rows.len()
        );
        return Err(SweepError::Mismatch(message));
    }
    let rows: Vec<Row> = rows.into_iter().flatten().map(|(row, _)| row.clone()).collect();
    Ok((outline.clone(), results::write(outline, &rows, None, out)?))
}

/// Which field tells two sweeps apart.
fn differ(first: &Part, part: &Part) -> String {
    let (a, b) = (&first.outline, &part.outline);
    let which = if a.name != b.name {
        format!("they are of the sweeps `{}` and `{}`", a.name, b.name)
    } else if a.version != b.version {
        format!("they are of kubelapse {} and {}", a.version, b.version)
    } else if a.inputs != b.inputs {
        "the sweep, its scenario or a file of it was changed between them".to_owned()
    } else {
        "their descriptions or asserts differ".to_owned()
    };
    format!("`{}` and `{}` do not belong together: {which}", first.path.display(), part.path.display())
}

fn read(folder: &Path) -> Result<Part, SweepError> {
    let broken = |reason: String| SweepError::folder(folder, reason);
    if !folder.is_dir() {
        return Err(broken("there is no such folder".to_owned()));
    }
    let text = |file: &str| fs::read_to_string(folder.join(file));
    let Ok(outline_text) = text("sweep.json") else {
        let what =
            if folder.join("timeline.csv").exists() { "it is the result of a run" } else { "it has no sweep.json" };
        return Err(broken(format!("this is not the result of a sweep: {what}")));
    };
    let outline: Outline =
        serde_json::from_str(&outline_text).map_err(|error| broken(format!("sweep.json is broken: {error}")))?;
    if outline.seeds == 0 || outline.axes.iter().any(|axis| axis.rows.is_empty()) {
        return Err(broken("sweep.json is broken: it has no runs".to_owned()));
    }
    let Ok(summary) = text("summary.json") else {
        let reason = "it is half-written: the sweep was interrupted; go on with `kubelapse sweep … --resume`";
        return Err(broken(reason.to_owned()));
    };
    let summary: SweepSummary =
        serde_json::from_str(&summary).map_err(|error| broken(format!("summary.json is broken: {error}")))?;
    let runs = text("runs.csv").map_err(|error| broken(format!("runs.csv cannot be read: {error}")))?;
    let aggregate = if summary.shard.is_none() { text("aggregate.csv").unwrap_or_default() } else { String::new() };
    if files_digest(&[outline_text.as_bytes(), runs.as_bytes(), aggregate.as_bytes()]) != summary.files_digest {
        return Err(broken(
            "its files are not those that summary.json was written with: it was changed or cut".to_owned(),
        ));
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(runs.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(format!("runs.csv is broken: {error}")))?;
        let row = Row::read(&record, &outline).map_err(|reason| {
            let line = record.position().map_or(0, csv::Position::line);
            broken(format!("runs.csv:{line}: {reason}"))
        })?;
        if summary.shard.is_some_and(|shard| !shard.takes(row.run)) {
            return Err(broken(format!("runs.csv holds run {}, which is not of this shard", row.run)));
        }
        rows.push(row);
    }
    Ok(Part { path: folder.to_path_buf(), text: outline_text, outline, shard: summary.shard, rows })
}
