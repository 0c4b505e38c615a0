//! The folder of a sweep that is not whole yet: each run is a row in it as soon as it has ended, in the order of their
//! ends, so that a sweep that is killed loses at most the runs in flight. Its name holds the digest of the sweep's
//! inputs: what was run with other inputs is never taken.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::SweepError;
use super::outline::Outline;
use super::row::{Row, table};
use super::shard::Shard;

/// Letters of the digest in the name of a folder.
const DIGEST_LETTERS: usize = 12;

/// Takes the rows of runs that have ended.
#[derive(Debug)]
pub(super) struct Partial {
    /// The folder.
    pub folder: PathBuf,
    rows: File,
    columns: usize,
}

/// What an earlier, interrupted call left behind.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Its runs.
    pub rows: Vec<Row>,
    /// A partial folder of the same sweep with other inputs.
    pub other: Option<PathBuf>,
}

/// The name of the results folder of a sweep, or of a part of it.
pub(super) fn result_name(outline: &Outline, shard: Option<Shard>) -> String {
    match shard {
        None => outline.name.clone(),
        Some(Shard { index, count }) => format!("{}.shard-{index}-of-{count}", outline.name),
    }
}

fn prefix(outline: &Outline, shard: Option<Shard>) -> String {
    format!("{}.partial-", result_name(outline, shard))
}

/// Where the runs of a sweep are kept until it is whole.
pub(super) fn place(out: &Path, outline: &Outline, shard: Option<Shard>) -> PathBuf {
    out.join(prefix(outline, shard) + &outline.inputs[..DIGEST_LETTERS.min(outline.inputs.len())])
}

/// What is there already.
pub(super) fn left(out: &Path, outline: &Outline, shard: Option<Shard>) -> Left {
    let own = place(out, outline, shard);
    let rows =
        fs::read_to_string(own.join("runs.csv")).map_or_else(|_| Vec::new(), |text| whole_rows(&text, outline).0);
    let mut others: Vec<PathBuf> = fs::read_dir(out).map_or_else(
        |_| Vec::new(),
        |entries| {
            let named = |path: &PathBuf| {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                name.starts_with(&prefix(outline, shard)) && *path != own
            };
            entries.filter_map(Result::ok).map(|entry| entry.path()).filter(named).collect()
        },
    );
    others.sort();
    Left { rows, other: others.into_iter().next() }
}

impl Partial {
    /// Opens the folder. With `resume` the runs in it are kept, and what a kill cut short is cut off; else it is begun
    /// anew.
    pub(super) fn open(out: &Path, outline: &Outline, shard: Option<Shard>, resume: bool) -> Result<Self, SweepError> {
        let folder = place(out, outline, shard);
        fs::create_dir_all(&folder).map_err(SweepError::write(&folder))?;
        let path = folder.join("runs.csv");
        let options = || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut rows = options().map_err(SweepError::write(&path))?;
        match rows.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SweepError::Busy { path: folder }),
            // File systems without locks are taken as they are.
            Err(TryLockError::Error(_)) => {}
        }
        let kept = match fs::read_to_string(&path) {
            Ok(text) if resume => whole_rows(&text, outline).1,
            _ => 0,
        };
        let mut begin = || {
            rows.set_len(kept as u64)?;
            rows.seek(SeekFrom::End(0))?;
            fs::write(folder.join("sweep.json"), super::results::outline_text(outline))?;
            if kept == 0 {
                let mut writer = table(Vec::new());
                writer.write_record(Row::columns(outline))?;
                rows.write_all(&writer.into_inner().unwrap_or_default())?;
            }
            Ok(())
        };
        begin().map_err(SweepError::write(&path))?;
        Ok(Self { folder, rows, columns: Row::columns(outline).len() })
    }

    /// Adds a run. It is the file system's when this returns.
    pub(super) fn add(&mut self, row: &Row, outline: &Outline) -> Result<(), SweepError> {
        let fields = row.fields(outline);
        assert_eq!(fields.len(), self.columns, "a row has as many fields as the header");
        let mut add = || {
            let mut writer = table(Vec::new());
            writer.write_record(&fields)?;
            self.rows.write_all(&writer.into_inner().unwrap_or_default())
        };
        add().map_err(SweepError::write(&self.folder))
    }

    /// Takes the folder away: the results are whole.
    pub(super) fn remove(self) {
        drop(self.rows);
        // A folder that stays does no harm: its runs are those of the results.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The rows of a file that may end in the middle of one, and the bytes up to the last whole one.
fn whole_rows(text: &str, outline: &Outline) -> (Vec<Row>, usize) {
    let header = {
        let mut writer = table(Vec::new());
        let written = writer.write_record(Row::columns(outline));
        let bytes = writer.into_inner().unwrap_or_default();
        written.map(|()| String::from_utf8(bytes).unwrap_or_default()).unwrap_or_default()
    };
    let mut rows = Vec::new();
    if header.is_empty() || !text.starts_with(&header) {
        return (rows, 0);
    }
    let mut kept = header.len();
    for line in text[header.len()..].split_inclusive('\n').take_while(|line| line.ends_with('\n')) {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
        let Some(Ok(record)) = reader.records().next() else { break };
        let Ok(row) = Row::read(&record, outline) else { break };
        rows.push(row);
        kept += line.len();
    }
    (rows, kept)
}

#[cfg(test)]
mod tests {
    use super::super::outline::tests::outline;
    use super::super::row::Status;
    use super::*;

    fn row(run: usize) -> Row {
        let values = vec![Some(run as f64 / 3.0), None];
        Row { run, status: Status::Ok, values, digest: "ab".to_owned(), message: String::new(), warnings: Vec::new() }
    }

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("kubelapse-partial-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn what_was_written_before_a_kill_is_there_after_it() {
        let (dir, outline) = (scratch("kill"), outline());
        let mut partial = Partial::open(&dir, &outline, None, false).unwrap();
        partial.add(&row(5), &outline).unwrap();
        partial.add(&row(1), &outline).unwrap();
        assert!(matches!(Partial::open(&dir, &outline, None, true), Err(SweepError::Busy { .. })));
        drop(partial);
        let path = place(&dir, &outline, None).join("runs.csv");
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str("7,1,3,50,10,o");
        fs::write(&path, text).unwrap();
        assert_eq!(left(&dir, &outline, None).rows, [row(5), row(1)]);
        let mut partial = Partial::open(&dir, &outline, None, true).unwrap();
        partial.add(&row(7), &outline).unwrap();
        assert_eq!(left(&dir, &outline, None).rows, [row(5), row(1), row(7)]);
        drop(partial);
        drop(Partial::open(&dir, &outline, None, false).unwrap());
        assert_eq!(left(&dir, &outline, None).rows, []);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn runs_of_other_inputs_are_not_taken_and_told_of() {
        let (dir, outline) = (scratch("other"), outline());
        let mut partial = Partial::open(&dir, &outline, None, false).unwrap();
        partial.add(&row(5), &outline).unwrap();
        let changed = Outline { inputs: "4567".to_owned(), ..outline.clone() };
        let found = left(&dir, &changed, None);
        assert_eq!((found.rows, found.other), (Vec::new(), Some(place(&dir, &outline, None))));
        fs::remove_dir_all(dir).unwrap();
    }
}
