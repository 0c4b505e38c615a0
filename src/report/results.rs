//! A results folder (or a bare summary.json) as it is read back: checked to be whole before anybody relies on it.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use thiserror::Error;

use super::archive::{self, Archive, ArchiveError};
use super::csv::TABLES;
use crate::engine::digest::Digest;

/// Results that were written.
#[derive(Clone, Debug)]
pub struct Results {
    /// As it was named.
    pub path: PathBuf,
    /// summary.json.
    pub summary: Value,
    /// The folder; none if only a summary was named.
    folder: Option<PathBuf>,
}

/// Results that cannot be used.
#[derive(Debug, Error)]
pub enum ResultsError {
    /// Nothing is there, or it cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something is there that is not what it should be.
    #[error("{path} is no results folder of a run: {reason}", path = path.display())]
    NoResults {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// A summary that is none.
    #[error("{path} is no summary of a run: {reason}", path = path.display())]
    NoSummary {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A part is broken.
    #[error("{path} is broken: {reason}", path = path.display())]
    Broken {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Results {
    /// The results at `path`: a folder that a run wrote to its end and nobody changed, or a summary.json.
    ///
    /// # Errors
    /// When it is not that; says what is wrong.
    pub fn open(path: &Path) -> Result<Self, ResultsError> {
        let is_folder = match fs::metadata(path) {
            Ok(metadata) => metadata.is_dir(),
            Err(source) => return Err(ResultsError::Read { path: path.to_owned(), source }),
        };
        if !is_folder {
            return Ok(Self { path: path.to_owned(), summary: summary(path)?, folder: None });
        }
        let file = path.join("summary.json");
        if !file.exists() {
            return Err(ResultsError::NoResults { path: path.to_owned(), reason: why_no_summary(path) });
        }
        let results = Self { path: path.to_owned(), summary: summary(&file)?, folder: Some(path.to_owned()) };
        results.check_tables(path)?;
        Ok(results)
    }

    /// The folder, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The name of the scenario.
    pub fn name(&self) -> &str {
        self.summary["name"].as_str().unwrap_or_default()
    }

    /// The tables of the folder, in the order in which they enter the digest.
    pub fn tables(&self) -> Vec<&'static str> {
        let is_there = |file: &&str| self.folder.as_ref().is_some_and(|folder| folder.join(file).exists());
        TABLES.iter().map(|table| table.file).filter(is_there).collect()
    }

    /// The record of the run.
    ///
    /// # Errors
    /// When it was not written, is broken, or belongs to another summary.
    pub fn archive(&self) -> Result<Archive, ResultsError> {
        let Some(folder) = &self.folder else {
            return Err(ResultsError::NoResults {
                path: self.path.clone(),
                reason: "a summary alone does not hold what pictures show; name the folder",
            });
        };
        let path = folder.join("record.bin");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let reason = "record.bin is missing: `output.record: false` does not write it; nothing can be drawn \
                              again without it"
                    .to_owned();
                return Err(ResultsError::Broken { path: folder.clone(), reason });
            }
            Err(source) => return Err(ResultsError::Read { path, source }),
        };
        let broken = |error: ArchiveError| ResultsError::Broken { path: path.clone(), reason: error.to_string() };
        let archive = archive::read(&bytes).map_err(broken)?;
        if self.summary["digest"] != *archive.record.run.digest {
            let reason = "it is the record of another run than summary.json tells of".to_owned();
            return Err(ResultsError::Broken { path, reason });
        }
        Ok(archive)
    }

    /// Do the tables together have the digest that the summary says?
    fn check_tables(&self, folder: &Path) -> Result<(), ResultsError> {
        let mut digest = Digest::new();
        for table in self.tables() {
            let path = folder.join(table);
            let whole = File::open(&path).and_then(|file| add_file(&mut digest, file));
            match whole {
                Ok(true) => {}
                Ok(false) => {
                    let reason = "it ends in the middle of a row: it was not written to its end".to_owned();
                    return Err(ResultsError::Broken { path, reason });
                }
                Err(source) => return Err(ResultsError::Read { path, source }),
            }
        }
        if self.summary["files_digest"] == digest.finish_hex() {
            return Ok(());
        }
        let reason = "its tables are not those that summary.json was written with (`files_digest`): one is missing, \
                      comes from another run or was changed"
            .to_owned();
        Err(ResultsError::Broken { path: folder.to_owned(), reason })
    }
}

/// Adds a file to a digest; does it end with the end of a line?
fn add_file(digest: &mut Digest, file: File) -> io::Result<bool> {
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut last = b'\n';
    loop {
        let bytes = reader.fill_buf()?;
        let Some(end) = bytes.last() else { return Ok(last == b'\n') };
        last = *end;
        digest.update_bytes(bytes);
        let length = bytes.len();
        reader.consume(length);
    }
}

/// The most that a summary of a run of very many workloads comes to.
const LARGEST_SUMMARY: u64 = 1 << 30;

fn summary(path: &Path) -> Result<Value, ResultsError> {
    let failed = |source| ResultsError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    File::open(path).map_err(failed)?.take(LARGEST_SUMMARY).read_to_string(&mut text).map_err(failed)?;
    let none = |reason: String| ResultsError::NoSummary { path: path.to_owned(), reason };
    let value: Value = serde_json::from_str(&text).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => none("it ends in the middle: it was not written to its end".to_owned()),
        _ => none(error.to_string()),
    })?;
    for (field, is_right) in [
        ("pods", value["pods"].is_object()),
        ("seed", value["seed"].is_u64()),
        ("version", value["version"].is_string()),
        ("digest", value["digest"].is_string()),
    ] {
        if !is_right {
            return Err(none(format!("it has no `{field}`")));
        }
    }
    Ok(value)
}

fn why_no_summary(folder: &Path) -> &'static str {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.starts_with('.') && name.contains(".partial-") {
        "it is one in the making, of a run that goes on or was interrupted"
    } else if folder.join("runs.csv").exists() {
        "it is one of a sweep"
    } else if folder.join("plan.json").exists() {
        "it is one of a capacity plan"
    } else if has_results_inside(folder) {
        "it holds results folders; name one of them"
    } else {
        "it has no summary.json"
    }
}

fn has_results_inside(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| entry.path().join("summary.json").exists())
}
