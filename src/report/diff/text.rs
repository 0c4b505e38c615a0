//! A difference as text for the terminal.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

use super::super::charts::grouped;
use super::super::figures::{number, signed};
use super::super::results::Results;
use super::super::words::one_line;
use super::{Diff, Figure, TableDiff};

/// So many figures are shown; JSON has all.
const MOST_FIGURES: usize = 60;
/// Longer values are cut.
const WIDEST: usize = 48;

/// The whole text.
pub fn text(diff: &Diff, a: &Results, b: &Results) -> String {
    let mut text = String::new();
    for (letter, results) in [("A", a), ("B", b)] {
        let summary = &results.summary;
        let (version, seed) = (summary["version"].as_str().unwrap_or_default(), &summary["seed"]);
        let about = format!("{} ({}, seed {seed}, kubelapse {version})", results.path.display(), results.name());
        writeln!(text, "{letter}: {}", one_line(&about)).expect("a String takes everything");
    }
    if diff.is_empty() {
        let tables = match diff.compared.tables {
            0 => String::new(),
            tables => format!(" and {tables} tables"),
        };
        text.push_str(&format!("\nNo difference in {} figures{tables}.\n", diff.compared.figures));
        return text;
    }
    figures(diff, &mut text);
    if let Some(first) = diff.tables.iter().find(|table| table.time_s.is_some()) {
        let time = first.time_s.unwrap_or_default();
        text.push_str(&format!("\nThe runs part at t={time:.3} s, first in {}:\n", first.file));
    }
    for table in &diff.tables {
        text.push('\n');
        rows(table, &mut text);
    }
    let equal = diff.compared.tables - diff.tables.len();
    if equal > 0 {
        text.push_str(&format!("\n{equal} of {} tables are equal.\n", diff.compared.tables));
    }
    text
}

fn figures(diff: &Diff, text: &mut String) {
    if diff.figures.is_empty() {
        text.push_str(&format!("\nAll {} figures are equal.\n", diff.compared.figures));
        return;
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["FIGURE", "A", "B", "CHANGE"]);
    for figure in diff.figures.iter().take(MOST_FIGURES) {
        table.add_row([one_line(&figure.name), shown(&figure.a), shown(&figure.b), change(figure)]);
    }
    for column in 1..4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let differing = diff.figures.len();
    text.push_str(&format!("\n{differing} of {} figures differ:\n\n{}\n", diff.compared.figures, table.trim_fmt()));
    if differing > MOST_FIGURES {
        text.push_str(&format!("… and {} more (`-o json` has all)\n", differing - MOST_FIGURES));
    }
}

fn rows(table: &TableDiff, text: &mut String) {
    let count =
        |rows: Option<u64>| rows.map_or_else(|| "not there".to_owned(), |rows| format!("{} rows", grouped(rows)));
    text.push_str(&format!("{}: {} in A, {} in B", table.file, count(table.rows_a), count(table.rows_b)));
    match (&table.a, &table.b) {
        (None, None) => text.push('\n'),
        _ if table.row == 0 => text.push_str("; their columns differ\n"),
        (Some(_), Some(_)) => {
            text.push_str(&format!("; row {} differs in {}\n", grouped(table.row), table.columns.join(", ")));
        }
        (None, _) => text.push_str(&format!("; A ends before row {}\n", grouped(table.row))),
        (_, None) => text.push_str(&format!("; B ends before row {}\n", grouped(table.row))),
    }
    for (sign, row) in [('-', &table.a), ('+', &table.b)] {
        if let Some(row) = row {
            text.push_str(&format!("  {sign} {}\n", one_line(&row.join(","))));
        }
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => one_line(text),
        Value::Number(value) => value.as_f64().map_or_else(|| value.to_string(), number),
        other => other.to_string(),
    };
    if text.chars().count() <= WIDEST {
        return text;
    }
    text.chars().take(WIDEST - 1).chain(['…']).collect()
}

fn change(figure: &Figure) -> String {
    let Some(change) = figure.change else { return String::new() };
    match figure.a.as_f64() {
        Some(before) if before != 0.0 => {
            let percent = change / before.abs() * 100.0;
            format!("{} ({}%)", signed(change), signed((percent * 10.0).round() / 10.0))
        }
        _ => signed(change),
    }
}
