//! The CSV files of a results folder, one file a table. Columns are declared beside the code that fills them
//! and documented in docs/outputs.md; a test holds the two together.

mod events;
mod hpa;
mod jobs;
mod nodes;
mod scheduling;
mod steps;
mod timeline;
mod traffic;
mod usage;
mod workloads;

use std::fmt::Display;
use std::io::{self, Write};

use crate::record::Record;

/// A table: its file and columns, and how it is filled.
pub struct Table {
    /// Name of the file.
    pub file: &'static str,
    /// Its columns.
    pub columns: &'static [&'static str],
    fill: fn(&Record, &mut Rows<'_>) -> io::Result<()>,
}

/// Every table, in the order in which they enter the digest.
pub const TABLES: [Table; 10] = [
    timeline::TABLE,
    events::TABLE,
    workloads::TABLE,
    nodes::TABLE,
    scheduling::TABLE,
    traffic::TABLE,
    hpa::TABLE,
    usage::TABLE,
    jobs::TABLE,
    steps::TABLE,
];

impl Table {
    /// Writes header and rows.
    pub fn write(&self, record: &Record, out: &mut dyn Write) -> io::Result<()> {
        let mut rows = Rows { out, line: Vec::with_capacity(256), number: String::new() };
        for column in self.columns {
            rows.text(column);
        }
        rows.end()?;
        (self.fill)(record, &mut rows)
    }
}

/// Writes rows field by field (RFC 4180: a field with a comma, a quote or a line break is quoted).
pub struct Rows<'a> {
    out: &'a mut dyn Write,
    line: Vec<u8>,
    number: String,
}

impl Rows<'_> {
    /// A field of text.
    fn text(&mut self, text: &str) {
        if text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            self.line.push(b'"');
            for byte in text.bytes() {
                if byte == b'"' {
                    self.line.push(b'"');
                }
                self.line.push(byte);
            }
            self.line.push(b'"');
        } else {
            self.line.extend_from_slice(text.as_bytes());
        }
        self.line.push(b',');
    }

    /// A field that needs no quotes: a number, a time.
    fn plain(&mut self, value: impl Display) {
        use std::fmt::Write as _;
        self.number.clear();
        write!(self.number, "{value}").expect("writing into a String cannot fail");
        self.line.extend_from_slice(self.number.as_bytes());
        self.line.push(b',');
    }

    /// A number, or an empty field.
    fn optional(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.plain(value),
            None => self.line.push(b','),
        }
    }

    /// The row is complete.
    fn end(&mut self) -> io::Result<()> {
        // The comma after the last field becomes the end of the line.
        *self.line.last_mut().expect("a row has a field") = b'\n';
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}

/// Millicores as cores with three decimals, trailing zeros cut: `0.25`, `4`.
fn cores(milli: u64) -> impl Display {
    crate::record::Number(milli as f64 / 1000.0).rounded()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let mut out = Vec::new();
        let mut rows = Rows { out: &mut out, line: Vec::new(), number: String::new() };
        rows.text("plain");
        rows.text("0/3 nodes: \"x\", y");
        rows.optional(None::<u32>);
        rows.plain(cores(250));
        rows.end().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "plain,\"0/3 nodes: \"\"x\"\", y\",,0.25\n");
    }

    #[test]
    fn every_column_is_documented_and_no_other() {
        let docs = include_str!("../../../docs/outputs.md");
        for table in &TABLES {
            let heading = format!("## {}\n", table.file);
            let section = docs.split(&heading).nth(1).unwrap_or_else(|| panic!("no section {heading}"));
            let section = section.split("\n## ").next().unwrap();
            let documented: Vec<&str> =
                section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
            assert_eq!(documented, table.columns, "{}", table.file);
        }
    }
}
