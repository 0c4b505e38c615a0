//! Carries a sweep out: runs what has not been run, keeps each result at once, and writes the folder when all are there.

use std::path::PathBuf;

use super::error::SweepError;
use super::outline::Outline;
use super::partial::{self, Partial};
use super::results::{self, Written};
use super::row::{Row, Status};
use super::runner::{Arrival, Jobs, on_arrival};
use super::shard::Shard;
use super::study::Study;

/// How a sweep is carried out; nothing here shows in a result.
#[derive(Clone, Debug)]
pub struct SweepOptions {
    /// The folder that holds results folders.
    pub out: PathBuf,
    /// Runs at once.
    pub jobs: Jobs,
    /// The part of the sweep that is run.
    pub shard: Option<Shard>,
    /// Take the runs that an interrupted call left behind?
    pub resume: bool,
}

/// How far a sweep is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Runs that have ended, those that were taken over included.
    pub done: usize,
    /// Of them taken over from an interrupted call.
    pub resumed: usize,
    /// Runs in all.
    pub total: usize,
    /// Runs that failed or have no result.
    pub failed: usize,
}

/// What an earlier call left: how many runs, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// Its folder.
    pub folder: PathBuf,
    /// Runs in it; none where its inputs were others.
    pub runs: Option<usize>,
}

/// What an interrupted call left in `out`, if anything.
pub fn interrupted(outline: &Outline, options: &SweepOptions) -> Option<Interrupted> {
    let left = partial::left(&options.out, outline, options.shard);
    if !left.rows.is_empty() {
        let folder = partial::place(&options.out, outline, options.shard);
        return Some(Interrupted { folder, runs: Some(left.rows.len()) });
    }
    left.other.map(|folder| Interrupted { folder, runs: None })
}

/// Runs a sweep, or its shard, and writes its results. `watch` hears of each run that ends.
///
/// # Errors
/// Files that cannot be written, or another process that runs the same sweep.
pub fn carry_out(
    study: &Study,
    options: &SweepOptions,
    mut watch: impl FnMut(Progress, Option<&Row>),
) -> Result<Written, SweepError> {
    let outline = &study.outline;
    let all: Vec<usize> =
        (0..outline.runs()).filter(|run| options.shard.is_none_or(|shard| shard.takes(*run))).collect();
    let mut rows: Vec<Option<Row>> = vec![None; outline.runs()];
    let mut progress = Progress { total: all.len(), ..Progress::default() };
    if options.resume {
        for row in partial::left(&options.out, outline, options.shard).rows {
            // An error may have gone with what caused it.
            if row.status != Status::Error {
                let run = row.run;
                rows[run] = Some(row);
            }
        }
    }
    let mut partial = Partial::open(&options.out, outline, options.shard, options.resume)?;
    progress.resumed = rows.iter().flatten().count();
    progress.done = progress.resumed;
    progress.failed = rows.iter().flatten().filter(|row| row.status != Status::Ok).count();
    watch(progress, None);
    let todo: Vec<usize> = all.into_iter().filter(|run| rows[*run].is_none()).collect();
    let mut failure = None;
    on_arrival(
        options.jobs,
        todo.len(),
        |index| study.run(todo[index]),
        |_, row| {
            if let Err(error) = partial.add(&row, outline) {
                failure.get_or_insert(error);
                return Arrival::Stop;
            }
            progress.done += 1;
            progress.failed += usize::from(row.status != Status::Ok);
            watch(progress, Some(&row));
            let run = row.run;
            rows[run] = Some(row);
            Arrival::Continue
        },
    );
    if let Some(error) = failure {
        return Err(error);
    }
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    let written = results::write(outline, &rows, options.shard, &options.out)?;
    partial.remove();
    Ok(written)
}
