//! What can go wrong with a sweep beside its input: files that cannot be written, folders that are not whole.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::report::ReportError;

/// Why a sweep has no results.
#[derive(Debug, Error)]
pub enum SweepError {
    /// A file cannot be read or written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Results cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Another process writes there.
    #[error("another kubelapse runs this sweep: it writes into `{path}`")]
    Busy {
        /// The partial folder.
        path: PathBuf,
    },
    /// A folder does not hold what it should; told with the reason.
    #[error("`{path}`: {reason}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Folders that do not belong together.
    #[error("{0}")]
    Mismatch(String),
}

impl SweepError {
    /// Is it what was given, and not the machine, that is at fault?
    pub fn is_input(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Folder { .. } | Self::Mismatch(_))
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Write { path, source }
    }

    pub(super) fn folder(path: &Path, reason: impl Into<String>) -> Self {
        Self::Folder { path: path.to_path_buf(), reason: reason.into() }
    }
}
