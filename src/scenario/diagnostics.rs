//! What is wrong with the user's input: the one error type of this module, and how it is shown.
//! A diagnostic says where (file, line, column, path of the field), what, and how to mend it; all that are
//! found are collected. Nothing here decides what is wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::checks::Code;

/// Lines of source shown before and after the marked one.
const CONTEXT_LINES: usize = 1;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input is refused.
    Error,
    /// The input is taken, but something in it does nothing or is likely not meant (an error with `--strict`).
    Warning,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code of the rule, as listed in docs/scenarios.md (`E0002`).
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// The file as it was named (`-` for standard input, `--set` for an argument); empty if there is none.
    pub file: String,
    /// Line in the file from 1; 0 if the whole file is meant.
    pub line: usize,
    /// Column from 1, in characters; 0 if the whole line is meant.
    pub column: usize,
    /// Length of the marked text, in characters.
    pub length: usize,
    /// The field's path (`spec.cluster.nodes[0].count`); empty if none is meant.
    pub path: String,
    /// What is wrong: lowercase, no final period.
    pub message: String,
    /// How to mend it; empty if there is nothing to say.
    pub hint: String,
}

impl Diagnostic {
    /// A diagnostic without a place.
    pub fn new(code: &Code, message: impl Into<String>) -> Self {
        Self {
            code: code.id,
            severity: code.severity,
            file: String::new(),
            line: 0,
            column: 0,
            length: 0,
            path: String::new(),
            message: message.into(),
            hint: String::new(),
        }
    }

    /// The same, in `file`.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = file.into();
        self
    }

    /// The same, at a line and column (from 1).
    #[must_use]
    pub const fn at(mut self, line: usize, column: usize) -> Self {
        self.line = line;
        self.column = column;
        self
    }

    /// The same, with a hint (none if it is empty).
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// `file:line:column`, as far as they are known.
    pub fn place(&self) -> String {
        match (self.line, self.column) {
            (0, _) => self.file.clone(),
            (line, 0) => format!("{}:{line}", self.file),
            (line, column) => format!("{}:{line}:{column}", self.file),
        }
    }
}

/// All that was found, in the order of files and lines, with the texts needed to show it.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    /// What was found.
    pub list: Vec<Diagnostic>,
    sources: BTreeMap<String, Arc<str>>,
}

impl Diagnostics {
    /// Keeps the text of a file, so that diagnostics in it can show the line.
    pub fn add_source(&mut self, file: impl Into<String>, text: Arc<str>) {
        self.sources.insert(file.into(), text);
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds several.
    pub fn extend(&mut self, list: impl IntoIterator<Item = Diagnostic>) {
        self.list.extend(list);
    }

    /// Adds all of `other`, with their sources.
    pub fn append(&mut self, other: Self) {
        self.list.extend(other.list);
        self.sources.extend(other.sources);
    }

    /// Is there an error among them?
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Is there nothing at all?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Errors before warnings, each in the order of their places within a file; the order of files stays.
    pub fn sort(&mut self) {
        let mut order: Vec<String> = Vec::new();
        for diagnostic in &self.list {
            if !order.contains(&diagnostic.file) {
                order.push(diagnostic.file.clone());
            }
        }
        self.list.sort_by_key(|diagnostic| {
            let file = order.iter().position(|file| *file == diagnostic.file);
            (diagnostic.severity, file, diagnostic.line, diagnostic.column)
        });
        self.list.dedup();
    }

    /// For people: each with its line of source, in colour or plain.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let shown: Vec<String> = self.list.iter().map(|diagnostic| self.render_one(diagnostic, &renderer)).collect();
        shown.join("\n\n")
    }

    fn render_one(&self, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
        let excerpt = self.sources.get(&diagnostic.file).and_then(|text| Excerpt::around(text, diagnostic));
        let place = diagnostic.place();
        let mut group = match &excerpt {
            Some(excerpt) => title.element(
                Snippet::source(excerpt.text.as_str())
                    .line_start(excerpt.line_start)
                    .path(diagnostic.file.as_str())
                    .annotation(AnnotationKind::Primary.span(excerpt.span.clone()).label(diagnostic.path.as_str())),
            ),
            None if place.is_empty() => annotate_snippets::Group::with_title(title),
            None => {
                let origin = annotate_snippets::Origin::path(diagnostic.file.as_str());
                title.element(if diagnostic.line > 0 { origin.line(diagnostic.line) } else { origin })
            }
        };
        if !diagnostic.hint.is_empty() {
            group = group.element(Level::HELP.message(diagnostic.hint.as_str()));
        }
        renderer.render(&[group])
    }
}

/// `E0002 scenario.yaml:3:5: spec.untill: unknown field …`, one a line: for logs and tests.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(f, "{severity}[{}]", self.code)?;
        for part in [&self.place(), &self.path, &self.message] {
            if !part.is_empty() {
                write!(f, ": {part}")?;
            }
        }
        if !self.hint.is_empty() {
            write!(f, " (hint: {})", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { list: vec![diagnostic], sources: BTreeMap::new() }
    }
}

/// A few lines of a file with the marked bytes in them: annotate-snippets would scan a whole large file.
struct Excerpt {
    text: String,
    line_start: usize,
    span: Range<usize>,
}

impl Excerpt {
    fn around(text: &str, diagnostic: &Diagnostic) -> Option<Self> {
        if diagnostic.line == 0 {
            return None;
        }
        let first = diagnostic.line.saturating_sub(CONTEXT_LINES).max(1);
        let mut excerpt = Self { text: String::new(), line_start: first, span: 0..0 };
        for (index, line) in text.lines().enumerate().skip(first - 1).take(2 * CONTEXT_LINES + 1) {
            if index + 1 == diagnostic.line {
                let start = excerpt.text.len() + byte_of(line, diagnostic.column.max(1) - 1);
                let end = excerpt.text.len() + byte_of(line, diagnostic.column.max(1) - 1 + diagnostic.length.max(1));
                excerpt.span = start..end.max(start);
            } else if index + 1 > diagnostic.line + CONTEXT_LINES {
                break;
            }
            excerpt.text.push_str(line);
            excerpt.text.push('\n');
        }
        Some(excerpt).filter(|excerpt| !excerpt.text.is_empty())
    }
}

/// The byte at which the character number `column` (from 0) of `line` starts; its end where it is shorter.
fn byte_of(line: &str, column: usize) -> usize {
    line.char_indices().nth(column).map_or(line.len(), |(byte, _)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::checks;

    fn example() -> Diagnostics {
        let mut diagnostics = Diagnostics::default();
        diagnostics.add_source("web.yaml", "kind: Scenario\nspec:\n  untill: 5m\n".into());
        let mut one = Diagnostic::new(&checks::UNKNOWN_FIELD, "unknown field `untill`")
            .in_file("web.yaml")
            .at(3, 3)
            .hint("did you mean `until`?");
        one.length = 6;
        one.path = "spec.untill".to_owned();
        diagnostics.push(one);
        diagnostics
    }

    #[test]
    fn a_rendered_error_shows_code_place_line_and_hint() {
        let text = example().render(false);
        for part in
            ["error[E0005]: unknown field `untill`", "web.yaml:3:3", "  untill: 5m", "^^^^^^ spec.untill", "until`?"]
        {
            assert!(text.contains(part), "{part} missing in:\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "plain has no colour codes");
        assert!(example().render(true).contains('\u{1b}'));
    }

    #[test]
    fn one_line_form_names_place_path_and_hint() {
        assert_eq!(
            example().to_string(),
            "error[E0005]: web.yaml:3:3: spec.untill: unknown field `untill` (hint: did you mean `until`?)"
        );
    }

    #[test]
    fn a_place_beyond_the_text_is_shown_without_a_panic() {
        let mut diagnostics = example();
        diagnostics.list[0].line = 99;
        assert!(diagnostics.render(false).contains("untill"));
        diagnostics.list[0].line = 3;
        diagnostics.list[0].column = 400;
        assert!(diagnostics.render(false).contains("untill"));
    }
}
