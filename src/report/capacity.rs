//! The results folder of a capacity plan: its tables as they were made, charts and one self-contained page. Sees plain
//! words and numbers only; what a plan is, `capacity` knows.

use std::path::{Path, PathBuf};

use minijinja::{Environment, Value, context};

use super::charts::{self, costs, shares};
use super::folder::Folder;
use super::html::STYLE;
use super::{ChartFormats, ReportError};

pub use super::charts::costs::{CostBar, CostGroup, Costs};
pub use super::charts::grouped;
pub use super::charts::shares::{ShareRow, Shares};

const TEMPLATE: &str = include_str!("html/plan.html");

/// What is written.
#[derive(Clone, Debug, Default)]
pub struct PlanReport {
    /// Files as they are, by name.
    pub files: Vec<(&'static str, String)>,
    /// Cost by candidate and growth.
    pub costs: Costs,
    /// What becomes of resources.
    pub shares: Shares,
    /// The page.
    pub page: PlanPage,
}

/// What the page says.
#[derive(Clone, Debug, Default)]
pub struct PlanPage {
    /// The plan's name.
    pub name: String,
    /// Its description; may be empty.
    pub description: String,
    /// What it came to, in one sentence.
    pub headline: String,
    /// Numbers in large letters, what they are, and whether they are good news.
    pub tiles: Vec<(String, String, bool)>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// Tables.
    pub tables: Vec<PlanTable>,
    /// What it can be repeated with.
    pub facts: Vec<(&'static str, String)>,
}

/// A table of the page.
#[derive(Clone, Debug, Default)]
pub struct PlanTable {
    /// Its title.
    pub title: String,
    /// A sentence below it; may be empty.
    pub note: String,
    /// Its columns; those whose name ends in `#` hold numbers.
    pub header: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// Writes the folder `dir/name`; it appears whole or not at all.
///
/// # Errors
/// When a file cannot be written. An older folder of the same name is then still there, unchanged.
pub fn write(report: &PlanReport, dir: &Path, name: &str, formats: ChartFormats) -> Result<PathBuf, ReportError> {
    let folder = Folder::create(dir, name)?;
    let add = |file: &str, bytes: &[u8]| folder.write(file, |out| out.write_all(bytes));
    for (file, text) in &report.files {
        add(file, text.as_bytes())?;
    }
    let mut pictures = Vec::new();
    let scenes = [
        ("cost", "Bars: cost a month of each candidate for each growth", costs::draw(&report.costs)),
        (
            "resources",
            "Bars: shares of CPU and memory used, requested, free and stranded",
            shares::draw(&report.shares),
        ),
    ];
    for (chart, alternative, scene) in scenes {
        if formats.png {
            add(&format!("charts/{chart}.png"), &charts::png(chart, &scene)?)?;
        }
        let svg = charts::svg(chart, &scene)?;
        if formats.svg {
            add(&format!("charts/{chart}.svg"), svg.as_bytes())?;
        }
        pictures.push(context! { name => chart, alternative => alternative, svg => Value::from_safe_string(svg) });
    }
    add("report.html", page(&report.page, &pictures)?.as_bytes())?;
    folder.finish()
}

fn page(page: &PlanPage, pictures: &[Value]) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    // The name's ending turns on escaping.
    environment.add_template("plan.html", TEMPLATE)?;
    let tiles: Vec<Value> = page
        .tiles
        .iter()
        .map(|(number, what, is_bad)| context! { number => number, what => what, tone => if *is_bad { "bad" } else { "" } })
        .collect();
    // Names stay on one line, sentences may break.
    let class = |text: &str, number: bool| match number {
        true => "number",
        false if text.chars().count() <= 32 => "word",
        false => "",
    };
    let table = |table: &PlanTable| {
        let is_number: Vec<bool> = table.header.iter().map(|name| name.ends_with('#')).collect();
        let header: Vec<Value> = table
            .header
            .iter()
            .zip(&is_number)
            .map(|(name, number)| context! { name => name.trim_end_matches('#'), number => number })
            .collect();
        let rows: Vec<Vec<Value>> = table
            .rows
            .iter()
            .map(|row| {
                row.iter()
                    .zip(&is_number)
                    .map(|(text, number)| context! { text => text, class => class(text, *number) })
                    .collect()
            })
            .collect();
        context! { title => table.title, note => table.note, header => header, rows => rows }
    };
    let rendered = environment.get_template("plan.html")?.render(context! {
        name => page.name,
        description => page.description,
        headline => page.headline,
        tiles => tiles,
        warnings => page.warnings,
        charts => pictures,
        tables => page.tables.iter().map(table).collect::<Vec<Value>>(),
        facts => page.facts,
        style => Value::from_safe_string(STYLE.to_owned()),
    })?;
    Ok(rendered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_escapes_names_and_asks_no_network() {
        let mut report = PlanReport::default();
        report.page.name = "<script>alert(1)</script>".to_owned();
        report.page.tables.push(PlanTable {
            title: "Plans".to_owned(),
            header: vec!["candidate", "nodes#"],
            rows: vec![vec!["<b>m5</b>".to_owned(), "3".to_owned()]],
            ..PlanTable::default()
        });
        let page = page(&report.page, &[]).unwrap();
        assert!(!page.contains("<script") && !page.contains("<b>m5"), "{page}");
        for word in ["http://", "https://", "@import", "src=", "url("] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn charts_of_nothing_are_drawn() {
        assert!(!costs::draw(&Costs::default()).marks.is_empty());
        assert!(!shares::draw(&Shares::default()).marks.is_empty());
    }
}
