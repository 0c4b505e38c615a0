//! Words → fields: parameters, command substitutions, arithmetic, splitting, file names.
//!
//! A command substitution takes time, and expansion is a plain function: it stops at the first substitution whose
//! output is not known yet, and is done again from the start once it is. What it assigned on the way is undone.

mod lists;
mod transform;

use std::sync::Arc;

use brush_parser::word::ParameterTestType;

use super::code::{Action, Code, Dialect, Expansion, Parameter, Part, Word};
use super::context::Context;
use super::pattern;
use super::shell::{Shell, Variable};
use lists::{changes_items, is_list_of_fields};

/// Why an expansion did not come to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// This must run first. Assignments to undo come with it.
    Capture(Arc<Code>, Vec<(String, Option<Variable>)>),
    /// A message; the shell ends with the status.
    Fail(String, i32),
}

pub(super) type Expanded<T> = Result<T, Stop>;

/// Expands the words of one instruction.
pub(super) struct Expander<'a, 'b> {
    pub shell: &'a mut Shell,
    pub context: &'a mut Context<'b>,
    captured: usize,
    undo: Vec<(String, Option<Variable>)>,
}

/// Fields under construction; text is kept as a pattern in which what was quoted has backslashes.
#[derive(Default)]
struct Fields {
    done: Vec<String>,
    current: Option<String>,
    /// Not split: an assignment, a here-document, the word of a `case`.
    is_single: bool,
    /// Does everything that was quoted get a backslash?
    quotes_all: bool,
}

impl Fields {
    fn text(&mut self, text: &str) {
        self.current.get_or_insert_default().push_str(text);
    }

    fn quoted(&mut self, text: &str) {
        if self.quotes_all {
            let out = self.current.get_or_insert_default();
            text.chars().for_each(|character| out.extend(['\\', character]));
        } else {
            self.text(&pattern::quote(text));
        }
    }

    fn end_field(&mut self) {
        self.done.extend(self.current.take());
    }

    /// Result of an unquoted expansion: split at the characters of `IFS`.
    fn split(&mut self, text: &str, separators: &str) {
        if self.is_single {
            if !text.is_empty() {
                self.text(&text.replace('\\', "\\\\"));
            }
            return;
        }
        let mut after_white = false;
        for character in text.chars() {
            if !separators.contains(character) {
                if character == '\\' {
                    self.text("\\\\");
                } else {
                    self.current.get_or_insert_default().push(character);
                }
                after_white = false;
            } else if character.is_ascii_whitespace() {
                after_white = after_white || self.current.is_some();
                self.end_field();
            } else {
                // White space before a visible separator belongs to it.
                if !after_white {
                    self.current.get_or_insert_default();
                }
                self.end_field();
                after_white = false;
            }
        }
    }
}

impl<'a, 'b> Expander<'a, 'b> {
    pub fn new(shell: &'a mut Shell, context: &'a mut Context<'b>) -> Self {
        Self { shell, context, captured: 0, undo: Vec::new() }
    }

    /// The words of a command, or of a `for`.
    pub fn fields(&mut self, words: &[Word]) -> Expanded<Vec<String>> {
        let mut fields = Vec::new();
        for word in words {
            let mut built = Fields::default();
            self.parts(&word.parts, false, &mut built)?;
            built.end_field();
            for field in built.done {
                self.file_names(&field, &mut fields);
            }
        }
        Ok(fields)
    }

    /// A word that stays one: value of an assignment, target of a redirection.
    pub fn single(&mut self, word: &Word) -> Expanded<String> {
        Ok(pattern::unquote(&self.pattern(word)?))
    }

    /// A word that is a pattern, in which all that was quoted has backslashes, as `set -x` shows it.
    pub fn shown_pattern(&mut self, word: &Word) -> Expanded<String> {
        let mut built = Fields { is_single: true, quotes_all: true, ..Fields::default() };
        self.parts(&word.parts, false, &mut built)?;
        Ok(built.current.unwrap_or_default())
    }

    /// A word that is a pattern.
    pub fn pattern(&mut self, word: &Word) -> Expanded<String> {
        let mut built = Fields { is_single: true, ..Fields::default() };
        self.parts(&word.parts, false, &mut built)?;
        Ok(built.current.unwrap_or_default())
    }

    fn parts(&mut self, parts: &[Part], is_quoted: bool, out: &mut Fields) -> Expanded<()> {
        for part in parts {
            match part {
                Part::Text(text) if is_quoted => out.quoted(text),
                Part::Text(text) => out.text(text),
                Part::Quoted(text) => out.quoted(text),
                Part::DoubleQuoted(inner) => self.double_quoted(inner, out)?,
                Part::Tilde(None) => {
                    let home = self.shell.get("HOME").unwrap_or("~").to_owned();
                    out.quoted(&home);
                }
                Part::Tilde(Some(user)) => {
                    out.quoted(&if user == "root" { "/root".to_owned() } else { format!("~{user}") });
                }
                Part::Bad => {
                    let text =
                        if self.shell.dialect == Dialect::Dash { "Bad substitution" } else { "bad substitution" };
                    let text = if self.shell.dialect == Dialect::Ash { "syntax error: bad substitution" } else { text };
                    return Err(Stop::Fail(text.to_owned(), self.fatal()));
                }
                Part::Parameter(expansion) => self.parameter(expansion, is_quoted, out)?,
                Part::Command(code) => {
                    let text = self.capture(code)?;
                    self.value(&text, is_quoted, out);
                }
                Part::Arithmetic(word) => {
                    let text = self.single(word)?;
                    let number = self.arithmetic(&text)?;
                    self.value(&number.to_string(), is_quoted, out);
                }
            }
        }
        Ok(())
    }

    fn double_quoted(&mut self, inner: &[Part], out: &mut Fields) -> Expanded<()> {
        let is_list = |part: &Part| matches!(part, Part::Parameter(expansion) if is_list_of_fields(expansion));
        // `"$@"` without arguments is no field at all; any other quoted text is one, be it empty.
        if !(inner.len() == 1 && is_list(&inner[0])) {
            out.text("");
        }
        self.parts(inner, true, out)
    }

    fn value(&mut self, text: &str, is_quoted: bool, out: &mut Fields) {
        if is_quoted {
            out.quoted(text);
        } else {
            let separators = self.shell.get("IFS").unwrap_or(" \t\n").to_owned();
            out.split(text, &separators);
        }
    }

    /// Output of a command substitution, without newlines at its end.
    fn capture(&mut self, code: &Arc<Code>) -> Expanded<String> {
        let Some(text) = self.shell.captured.get(self.captured) else {
            return Err(Stop::Capture(Arc::clone(code), std::mem::take(&mut self.undo)));
        };
        self.captured += 1;
        Ok(text.clone())
    }

    /// Evaluates an arithmetic expression.
    pub fn arithmetic(&mut self, text: &str) -> Expanded<i64> {
        super::arithmetic::evaluate(self, text)
    }

    /// Sets a variable as a part of an expansion.
    pub fn assign(&mut self, name: &str, value: String) -> Expanded<()> {
        self.change(name, |shell| shell.set(name, value))
    }

    /// Changes a variable in a way that can be undone; the change says whether it was allowed.
    pub fn change(&mut self, name: &str, change: impl FnOnce(&mut Shell) -> bool) -> Expanded<()> {
        let before = self.shell.variables.get(name).cloned();
        if !change(self.shell) {
            let message = self.shell.read_only(None, name);
            let message = message.strip_prefix(&self.shell.prefix()).unwrap_or(&message).to_owned();
            return Err(Stop::Fail(message, self.fatal()));
        }
        self.undo.push((name.to_owned(), before));
        Ok(())
    }

    /// Value of a parameter as one text; none where it is unset.
    fn lookup(&mut self, parameter: &Parameter) -> Expanded<Option<String>> {
        if let Parameter::Element(name, index) = parameter {
            let index = self.single(index)?;
            let Some(key) = self.key_to_read(name, &index)? else {
                let message = format!("{}{name}: bad array subscript", self.shell.prefix());
                self.context.complain(&message);
                return Ok(None);
            };
            return Ok(self.shell.array(name).elements.get(&key).cloned());
        }
        if let Some(list) = self.list(parameter) {
            return Ok((!list.is_empty()).then(|| list.join(&self.separator(parameter))));
        }
        Ok(self.text(parameter))
    }

    fn text(&mut self, parameter: &Parameter) -> Option<String> {
        match parameter {
            Parameter::Named(name) => self.named(name),
            Parameter::Positional(0) | Parameter::ShellName => Some(self.shell.name.clone()),
            Parameter::Positional(number) => self.shell.positional.get(number - 1).cloned(),
            Parameter::Count => Some(self.shell.positional.len().to_string()),
            Parameter::Status => Some(self.shell.status.to_string()),
            Parameter::Options => Some(super::options::letters(self.shell)),
            Parameter::ProcessId => Some(self.shell.process_id.to_string()),
            Parameter::Background => self.shell.last_background.map(|pid| pid.to_string()),
            Parameter::Indirect(name) => {
                let target = self.shell.get(name)?.to_owned();
                self.named(&target)
            }
            Parameter::All
            | Parameter::Joined
            | Parameter::Element(..)
            | Parameter::Elements { .. }
            | Parameter::Keys { .. } => None,
        }
    }

    /// Value of a variable, also of those the shell makes up.
    pub fn named(&mut self, name: &str) -> Option<String> {
        if let Some(value) = self.shell.get(name) {
            return Some(value.to_owned());
        }
        match name {
            "RANDOM" if self.shell.dialect != Dialect::Dash => {
                self.context.observed();
                Some((self.context.world.random() & 0x7fff).to_string())
            }
            "LINENO" if self.shell.dialect != Dialect::Dash => Some(self.shell.line_number().to_string()),
            "PIPESTATUS" if self.shell.dialect == Dialect::Bash => {
                self.shell.array(name).elements.first_key_value().map(|(_, first)| first.clone())
            }
            "PPID" => Some("0".to_owned()),
            "SECONDS" => {
                self.context.observed();
                Some(self.context.now.as_secs().to_string())
            }
            "UID" | "EUID" if self.shell.dialect == Dialect::Bash => Some(self.context.world.user().0.to_string()),
            "HOSTNAME" if self.shell.dialect == Dialect::Bash => Some(self.context.world.hostname()),
            _ => None,
        }
    }

    fn parameter(&mut self, expansion: &Expansion, is_quoted: bool, out: &mut Fields) -> Expanded<()> {
        if changes_items(&expansion.action)
            && let Some(list) = self.list(&expansion.parameter)
        {
            return self.listed(expansion, list, is_quoted, out);
        }
        let value = self.lookup(&expansion.parameter)?;
        let is_absent = |test: &ParameterTestType| match (test, &value) {
            (_, None) => true,
            (ParameterTestType::UnsetOrNull, Some(value)) => value.is_empty(),
            (ParameterTestType::Unset, Some(_)) => false,
        };
        match &expansion.action {
            Action::Default(test, word) if is_absent(test) => return self.parts(&word.parts, is_quoted, out),
            Action::Alternative(test, word) => {
                return if is_absent(test) { Ok(()) } else { self.parts(&word.parts, is_quoted, out) };
            }
            Action::Assign(test, word) if is_absent(test) => {
                let text = self.single(word)?;
                let Parameter::Named(name) = &expansion.parameter else {
                    return Err(Stop::Fail("bad substitution".to_owned(), 2));
                };
                self.assign(name, text.clone())?;
                self.value(&text, is_quoted, out);
                return Ok(());
            }
            Action::Error(test, word) if is_absent(test) => {
                let message = match (word, test) {
                    (Some(word), _) => self.single(word)?,
                    (None, _) => String::new(),
                };
                let unset = match (test, self.shell.dialect) {
                    (ParameterTestType::UnsetOrNull, Dialect::Bash) => "parameter null or not set",
                    (ParameterTestType::UnsetOrNull, _) => "parameter not set or null",
                    (ParameterTestType::Unset, _) => "parameter not set",
                };
                let message = if message.is_empty() { unset.to_owned() } else { message };
                let status = if self.shell.dialect == Dialect::Bash { 127 } else { 2 };
                return Err(Stop::Fail(format!("{}: {message}", parameter_name(&expansion.parameter)), status));
            }
            Action::Default(..) | Action::Assign(..) | Action::Error(..) => {
                if let Some(list) = self.list(&expansion.parameter) {
                    self.items(&expansion.parameter, &list, is_quoted, out);
                    return Ok(());
                }
            }
            _ => {}
        }
        let Some(value) = value else {
            let is_unset_name = matches!(
                expansion.parameter,
                Parameter::Named(_) | Parameter::Positional(_) | Parameter::Background | Parameter::Element(..)
            );
            if self.shell.options.nounset
                && is_unset_name
                && !matches!(expansion.action, Action::Default(..) | Action::Assign(..))
            {
                let words = if self.shell.dialect == Dialect::Bash { "unbound variable" } else { "parameter not set" };
                let mut name = parameter_name(&expansion.parameter);
                if let Parameter::Element(_, index) = &expansion.parameter {
                    name = format!("{name}[{}]", self.single(index)?);
                }
                if self.shell.dialect == Dialect::Bash && matches!(expansion.parameter, Parameter::Positional(_)) {
                    name.insert(0, '$');
                }
                let status = match self.shell.dialect {
                    Dialect::Bash if self.shell.options.errexit => 1,
                    Dialect::Bash => 127,
                    _ => 2,
                };
                return Err(Stop::Fail(format!("{name}: {words}"), status));
            }
            if matches!(expansion.action, Action::Length) {
                self.value("0", is_quoted, out);
            }
            return Ok(());
        };
        let value = self.transform(&expansion.action, value)?;
        self.value(&value, is_quoted, out);
        Ok(())
    }

    /// Status with which an expansion error ends the shell.
    fn fatal(&self) -> i32 {
        if self.shell.dialect == Dialect::Bash { 1 } else { 2 }
    }

    /// Adds the files a field matches, or the field itself.
    fn file_names(&mut self, field: &str, out: &mut Vec<String>) {
        if self.shell.options.noglob || !pattern::is_pattern(field) {
            out.push(pattern::unquote(field));
            return;
        }
        let found = super::glob::find(self.context, &self.shell.cwd, field);
        if found.is_empty() {
            out.push(pattern::unquote(field));
        }
        out.extend(found);
    }
}

fn parameter_name(parameter: &Parameter) -> String {
    match parameter {
        Parameter::Named(name) | Parameter::Indirect(name) | Parameter::Element(name, _) => name.clone(),
        Parameter::Elements { name, joined } => format!("{name}[{}]", if *joined { '*' } else { '@' }),
        Parameter::Positional(number) => number.to_string(),
        Parameter::Background => "!".to_owned(),
        _ => "*".to_owned(),
    }
}
