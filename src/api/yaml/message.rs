//! The parser's complaints in libyaml's words, which kubectl prints. The two parsers are cousins: most messages differ
//! only in the context that libyaml leaves out, some in what was found first.

use saphyr_parser::ScanError;

use super::ReadError;

/// What the parser says, what libyaml says, and how many lines earlier libyaml says it.
const WORDS: [(&str, &str, usize); 9] = [
    ("tabs disallowed", "found character that cannot start any token", 0),
    ("did not find expected '-' indicator", "did not find expected '-' indicator", 1),
    ("simple key expect", "could not find expected ':'", 0),
    ("simple key expected", "could not find expected ':'", 0),
    ("did not find expected node content", "did not find expected node content", 1),
    ("mapping values are not allowed", "mapping values are not allowed in this context", 0),
    ("did not find expected key", "did not find expected key", 0),
    ("expected ',' or '}'", "did not find expected ',' or '}'", 1),
    ("expected ',' or ']'", "did not find expected ',' or ']'", 1),
];

/// The error of a chunk that starts at `first_line` of the file.
pub(super) fn from_scan(error: &ScanError, chunk: &str, first_line: usize) -> ReadError {
    let place = error.marker().line();
    let found = error.info();
    let in_quotes = found.contains("quoted scalar") || found.contains("unexpected end of stream");
    let (message, chunk_line) = if in_quotes {
        // libyaml reads on to the end of the text before it gives up on a quote.
        ("found unexpected end of stream", chunk.matches('\n').count() + 1)
    } else {
        WORDS
            .iter()
            .find(|(ours, _, _)| found.contains(ours))
            .map_or((found, place), |(_, theirs, earlier)| (*theirs, place.saturating_sub(*earlier).max(1)))
    };
    ReadError::Yaml { chunk_line, line: first_line + place.saturating_sub(1), message: message.to_owned() }
}
