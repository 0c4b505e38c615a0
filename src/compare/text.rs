//! A comparison for the terminal.

use comfy_table::{CellAlignment, Table, presets};

use super::{Comparison, Expected, Figure, Headline, Tone, Trend, What};
use crate::report::figures::{number, signed};

/// So many fields are shown.
const MOST_FIELDS: usize = 12;

/// The whole text.
pub fn text(comparison: &Comparison) -> String {
    let Comparison { name, seed, runs, paths, .. } = comparison;
    let mut text = format!("{name}: base {} and head {}, {}\n", paths[0], paths[1], seeds(*runs, *seed));
    text.push_str(&format!("\n{}\n\n", verdict(comparison)));
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["FIGURE", "BASE", "HEAD", "CHANGE", "95% INTERVAL", ""]);
    for headline in &comparison.headlines {
        let Headline { title, figure, .. } = headline;
        let row = [title.clone(), number(figure.base), number(figure.head), change(figure), interval(figure)];
        table.add_row(row.into_iter().chain([word(headline).to_owned()]));
    }
    for column in 1..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    text.push_str(&table.trim_fmt());
    text.push_str("\n\nManifests:\n");
    text.push_str(&changes(comparison));
    for (what, list) in [("expectation", &comparison.expectations), ("step", &comparison.failures)] {
        for one in list.iter().filter(|one| one.broken_base + one.broken_head > 0) {
            text.push_str(&format!("\n{what} `{}` {}\n", one.name, broken(one, *runs)));
        }
    }
    for verdict in &comparison.verdicts {
        let truth = if verdict.is_true { "FAILS: true" } else { "passes: false" };
        text.push_str(&format!("\n--fail-if `{}` {truth}; {}\n", verdict.expression, verdict.found));
    }
    text
}

/// `20 runs each, seeds 0 to 19`.
pub(super) fn seeds(runs: u64, seed: u64) -> String {
    match runs {
        1 => format!("one run each, seed {seed}"),
        _ => format!("{runs} runs each, seeds {seed} to {}", seed.wrapping_add(runs - 1)),
    }
}

/// What changed, in a sentence.
pub(super) fn verdict(comparison: &Comparison) -> String {
    let of = |tone: Tone| {
        let matching = comparison.headlines.iter().filter(|headline| headline.tone() == tone);
        // Without their units, which the table has.
        matching.map(|headline| headline.title.split(" (").next().unwrap_or_default()).collect::<Vec<_>>()
    };
    let (worse, better) = (of(Tone::Worse), of(Tone::Better));
    let mut parts = Vec::new();
    for (word, titles) in [("worse", worse), ("better", better)] {
        if !titles.is_empty() {
            parts.push(format!("{word} in {} ({})", counted(titles.len()), titles.join(", ")));
        }
    }
    let rest = comparison.headlines.len() - parts_len(comparison);
    if parts.is_empty() {
        return "The head is neither better nor worse than the base in any figure below.".to_owned();
    }
    let rest = if rest > 0 { format!("; no clear change in {rest} more") } else { String::new() };
    format!("The head is {}{rest}.", parts.join(" and "))
}

fn parts_len(comparison: &Comparison) -> usize {
    comparison.headlines.iter().filter(|headline| headline.tone() != Tone::Neutral).count()
}

fn counted(number: usize) -> String {
    if number == 1 { "1 figure".to_owned() } else { format!("{number} figures") }
}

pub(super) fn word(headline: &Headline) -> &'static str {
    match (headline.tone(), headline.figure.trend()) {
        (Tone::Better, _) => "better",
        (Tone::Worse, _) => "worse",
        (_, Trend::Same) => "equal",
        _ => "no clear change",
    }
}

/// `+0.5 (+4%)`.
pub(super) fn change(figure: &Figure) -> String {
    match figure.relative().filter(|_| figure.delta != 0.0) {
        Some(share) => format!("{} ({}%)", signed(figure.delta), signed((share * 1000.0).round() / 10.0)),
        None => signed(figure.delta),
    }
}

pub(super) fn interval(figure: &Figure) -> String {
    match figure.trend() {
        Trend::Same => String::new(),
        _ if figure.pairs < 2 => "one pair".to_owned(),
        _ => format!("{} … {}", signed(figure.low), signed(figure.high)),
    }
}

/// `broke in 3 of 20 runs with the head, 0 with the base: …`.
pub(super) fn broken(one: &Expected, runs: u64) -> String {
    let Expected { broken_base, broken_head, found, .. } = one;
    format!("broke in {broken_head} of {runs} runs with the head, {broken_base} with the base: {found}")
}

fn changes(comparison: &Comparison) -> String {
    if comparison.changes.is_empty() {
        return "  no difference\n".to_owned();
    }
    let mut text = String::new();
    for object in &comparison.changes {
        let sign = match object.what {
            What::Added => '+',
            What::Removed => '-',
            What::Changed => '~',
        };
        text.push_str(&format!("  {sign} {}\n", object.object));
        for field in object.fields.iter().take(MOST_FIELDS) {
            text.push_str(&format!("      {}: {} → {}\n", field.path, shown(&field.base), shown(&field.head)));
        }
        let more = object.fields.len().saturating_sub(MOST_FIELDS);
        if more > 0 {
            text.push_str(&format!("      and {more} more fields\n"));
        }
    }
    text
}

/// A value in few letters.
pub(super) fn shown(value: &serde_json::Value) -> String {
    let text = match value {
        serde_json::Value::Null => "–".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().count() <= 60 { text } else { text.chars().take(59).chain(['…']).collect() }
}
