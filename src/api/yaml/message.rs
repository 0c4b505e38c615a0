//! The parser's complaints in libyaml's words, which kubectl prints.

use saphyr_parser::ScanError;

use super::ReadError;

/// The error of a chunk that starts at `first_line` of the file.
pub(super) fn from_scan(error: &ScanError, _chunk: &str, first_line: usize) -> ReadError {
    let chunk_line = error.marker().line();
    let message = error.info().to_owned();
    ReadError::Yaml { chunk_line, line: first_line + chunk_line.saturating_sub(1), message }
}
