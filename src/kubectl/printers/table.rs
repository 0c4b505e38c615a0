//! One layout for all tables: columns as wide as their longest cell and three blanks.
//! Upstream: cli-runtime printers `TablePrinter`, liggitt/tabwriter.

use std::fmt::Write;

const GAP: usize = 3;
/// Narrowest column with its gap. Upstream: cli-runtime printers `tabwriterMinWidth`.
const NARROWEST: usize = 6;

/// A table; every row has as many cells as there are headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) headers: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// Widths that a watch remembers from row to row: they only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Widths(Vec<usize>);

impl Table {
    /// Lays the table out.
    pub(crate) fn print(&self, with_headers: bool, out: &mut String) -> Widths {
        let mut widths = Widths::default();
        if with_headers {
            widths.grow(&self.headers);
        }
        for row in &self.rows {
            widths.grow(row);
        }
        if with_headers {
            widths.print(&self.headers, out);
        }
        for row in &self.rows {
            widths.print(row, out);
        }
        widths
    }
}

impl Widths {
    /// Makes room for a row.
    pub(crate) fn grow(&mut self, row: &[String]) {
        self.0.resize(self.0.len().max(row.len()), 0);
        for (width, cell) in self.0.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count() + GAP).max(NARROWEST);
        }
    }

    /// Prints a row; the last cell is not padded.
    pub(crate) fn print(&self, row: &[String], out: &mut String) {
        let last = row.len().saturating_sub(1);
        for (place, cell) in row.iter().enumerate() {
            // A cell must not break the table.
            let line = cell.lines().next().unwrap_or_default();
            if place == last {
                out.push_str(line);
            } else {
                write!(out, "{line:<width$}", width = self.0[place]).expect("writing to a String cannot fail");
            }
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_longest_cell_and_three_blanks() {
        let table =
            Table { headers: cells("NAME READY AGE"), rows: vec![cells("hello-world 0/1 2s"), cells("x 1/1 ")] };
        let mut out = String::new();
        table.print(true, &mut out);
        assert_eq!(out, "NAME          READY   AGE\nhello-world   0/1     2s\nx             1/1     \n");
    }

    #[test]
    fn headers_that_are_not_printed_take_no_room() {
        let table = Table { headers: cells("NAME READY"), rows: vec![cells("x 1/1")] };
        let mut out = String::new();
        table.print(false, &mut out);
        assert_eq!(out, "x     1/1\n");
    }

    #[test]
    fn a_watch_remembers_widths() {
        let mut widths = Widths::default();
        let mut out = String::new();
        for line in ["longer 1", "x 2"] {
            widths.grow(&cells(line));
            widths.print(&cells(line), &mut out);
        }
        assert_eq!(out, "longer   1\nx        2\n");
    }
}
