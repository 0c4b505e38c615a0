//! A comparison as a comment for a pull request: understood by a reviewer who has never heard of the tool.

use super::text::{broken, change, interval, seeds, shown, verdict, word};
use super::{Comparison, Figure, Headline, Tone, Trend, What};
use crate::report::figures::number;

/// So many objects and fields are named; the rest is counted.
const MOST_OBJECTS: usize = 20;
const MOST_FIELDS: usize = 20;
/// So many further figures are listed.
const MOST_FIGURES: usize = 60;

/// The comment.
pub fn markdown(comparison: &Comparison) -> String {
    let Comparison { name, description, runs, seed, .. } = comparison;
    let mut text = format!("### Simulated effect of this change: {}\n\n", escape(name));
    if !description.is_empty() {
        text.push_str(&format!("_{}_\n\n", escape(description)));
    }
    for verdict in &comparison.verdicts {
        let (sign, truth) = if verdict.is_true { ("❌", "true") } else { ("✅", "false") };
        text.push_str(&format!(
            "{sign} fail if `{}`: {truth} ({})\n\n",
            code(&verdict.expression),
            escape(&verdict.found)
        ));
    }
    text.push_str(&format!("**{}**\n\n", escape(&verdict(comparison))));
    text.push_str("| | base | head | change | 95 % interval | |\n|---|--:|--:|--:|--:|---|\n");
    for headline in &comparison.headlines {
        let Headline { title, figure, .. } = headline;
        let sign = match headline.tone() {
            Tone::Better => "🟢 ",
            Tone::Worse => "🔴 ",
            Tone::Neutral => "",
        };
        let cells = [number(figure.base), number(figure.head), change(figure), interval(figure)];
        text.push_str(&format!("| {} | {} | {sign}{} |\n", escape(title), cells.join(" | "), word(headline)));
    }
    text.push('\n');
    let broken_ones: Vec<String> = comparison
        .expectations
        .iter()
        .chain(&comparison.failures)
        .filter(|one| one.broken_base + one.broken_head > 0)
        .map(|one| {
            let sign = if one.broken_head > one.broken_base { "❌" } else { "⚠️" };
            format!("- {sign} {} {}\n", escape(&one.name), escape(&broken(one, *runs)))
        })
        .collect();
    if !broken_ones.is_empty() {
        text.push_str(&format!("**What is expected and did not hold**\n\n{}\n", broken_ones.concat()));
    }
    if !comparison.warnings.is_empty() {
        let lines = comparison.warnings.iter().map(|warning| format!("- {}\n", escape(warning)));
        text.push_str(&format!("**Warnings of the simulation**\n\n{}\n", lines.collect::<String>()));
    }
    changes(comparison, &mut text);
    others(comparison, &mut text);
    text.push_str(&format!(
        "<sub>A simulated Kubernetes cluster ran the scenario with the manifests of the base (`{}`) and of the head (`{}`), {}. \
         Runs of one seed have the same random numbers on both sides: _change_ is the mean of their differences, the \
         interval holds the true mean in 95 of 100 cases, and “no clear change” means that 0 lies within it. \
         kubelapse {}, `kubelapse compare`.</sub>\n",
        code(&comparison.paths[0]),
        code(&comparison.paths[1]),
        seeds(*runs, *seed),
        comparison.version,
    ));
    text
}

/// What differs between the manifests.
fn changes(comparison: &Comparison, text: &mut String) {
    if comparison.changes.is_empty() {
        text.push_str("The manifests of both sides are the same.\n\n");
        return;
    }
    text.push_str("**What changed in the manifests**\n\n");
    for object in comparison.changes.iter().take(MOST_OBJECTS) {
        let what = match object.what {
            What::Added => " is new",
            What::Removed => " is gone",
            What::Changed => "",
        };
        text.push_str(&format!("- {}{what}\n", escape(&object.object)));
        for field in object.fields.iter().take(MOST_FIELDS) {
            let (base, head) = (code(&shown(&field.base)), code(&shown(&field.head)));
            text.push_str(&format!("  - `{}`: `{base}` → `{head}`\n", code(&field.path)));
        }
        let more = object.fields.len().saturating_sub(MOST_FIELDS);
        if more > 0 {
            text.push_str(&format!("  - and {more} more fields\n"));
        }
    }
    let more = comparison.changes.len().saturating_sub(MOST_OBJECTS);
    if more > 0 {
        text.push_str(&format!("- and {more} more objects\n"));
    }
    text.push('\n');
}

/// Figures beyond the first table that clearly changed, folded away.
fn others(comparison: &Comparison, text: &mut String) {
    let is_first = |figure: &Figure| comparison.headlines.iter().any(|headline| headline.figure.name == figure.name);
    // Splits that say the same once more, and figures under a second name.
    let is_repeated = |name: &str| {
        name.contains(".by_namespace")
            || name.contains(".by_priority")
            || name == "pods.pending_seconds"
            || name == "latency_seconds"
    };
    let is_clear = |figure: &&Figure| {
        matches!(figure.trend(), Trend::Lower | Trend::Higher) && !is_first(figure) && !is_repeated(&figure.name)
    };
    let others: Vec<&Figure> = comparison.figures.iter().filter(is_clear).collect();
    if others.is_empty() {
        return;
    }
    text.push_str(&format!("<details><summary>{} more figures that changed</summary>\n\n", others.len()));
    text.push_str("| figure | base | head | change | 95 % interval |\n|---|--:|--:|--:|--:|\n");
    for figure in others.iter().take(MOST_FIGURES) {
        let cells = [number(figure.base), number(figure.head), change(figure), interval(figure)];
        text.push_str(&format!("| `{}` | {} |\n", code(&figure.name), cells.join(" | ")));
    }
    let more = others.len().saturating_sub(MOST_FIGURES);
    if more > 0 {
        text.push_str(&format!("\nand {more} more (`-o json` has all)\n"));
    }
    text.push_str("\n</details>\n\n");
}

/// Text in which nothing is markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '@' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Text between backquotes, also in a cell of a table.
fn code(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '`' => '\'',
            '|' => '¦',
            control if control.is_control() => ' ',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(escape("a|b <script> @all `x`"), "a\\|b \\<script\\> \\@all \\`x\\`");
        assert_eq!(code("a`b|c\nd"), "a'b¦c d");
    }
}
