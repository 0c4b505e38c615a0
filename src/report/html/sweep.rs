//! `report.html` of a sweep: verdict, charts, numbers, what failed. One page, complete in itself, with the style of a
//! run's page and no script.

use minijinja::{Environment, Value, context};
use serde::Serialize;

use super::STYLE;
use crate::report::ReportError;

const TEMPLATE: &str = include_str!("sweep.html");

/// What the page shows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SweepPage {
    /// Its name.
    pub name: String,
    /// One line.
    pub description: String,
    /// What came of it, in a sentence.
    pub headline: String,
    /// Asserts with what broke them.
    pub asserts: Vec<AssertLine>,
    /// Runs that failed: which, and why.
    pub failed: Vec<(String, String)>,
    /// Failed runs beyond those.
    pub failed_more: usize,
    /// Warnings with the number of runs that have them.
    pub warnings: Vec<(String, usize)>,
    /// Charts: title of their section, what they show, SVG.
    pub pictures: Vec<(String, String, String)>,
    /// Heading of the table of numbers.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
    /// Rows beyond those.
    pub rows_more: usize,
    /// What it can be repeated with.
    pub facts: Vec<(String, String)>,
}

/// An assert.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AssertLine {
    /// As typed.
    pub that: String,
    /// Where it is not true: the combination and what was true instead.
    pub broken: Vec<(String, String)>,
}

/// The page.
pub fn page(sweep: &SweepPage) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    // The name's ending turns on escaping.
    environment.add_template("sweep.html", TEMPLATE)?;
    let pictures: Vec<Value> = sweep
        .pictures
        .iter()
        .map(|(title, alternative, svg)| {
            context! { title => title, alternative => alternative, svg => Value::from_safe_string(svg.clone()) }
        })
        .collect();
    let rendered = environment.get_template("sweep.html")?.render(context! {
        sweep => sweep,
        pictures => pictures,
        style => Value::from_safe_string(STYLE.to_owned()),
    })?;
    Ok(rendered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_messages_cannot_become_markup_and_nothing_is_fetched() {
        let evil = "<script>alert(1)</script>".to_owned();
        let sweep = SweepPage {
            name: evil.clone(),
            asserts: vec![AssertLine { that: evil.clone(), broken: vec![(evil.clone(), evil.clone())] }],
            failed: vec![(evil.clone(), evil.clone())],
            warnings: vec![(evil.clone(), 3)],
            columns: vec![evil.clone()],
            rows: vec![vec![evil.clone()]],
            ..SweepPage::default()
        };
        let page = page(&sweep).unwrap();
        assert!(!page.contains("<script"), "a name became markup");
        for word in ["http://", "https://", "@import", "src="] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
