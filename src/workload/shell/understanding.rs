//! Can the built-in shell run this command line? Looks at the text only: nothing is run.

use std::collections::BTreeSet;

use super::code::{Action, Assignment, Code, Dialect, Op, Part, Word};
use super::compile::SyntaxError;
use super::launch::{base_name, dialect, shell_call};
use super::parsed::Programs;
use super::process::Understanding;
use super::userland::Userland;
use super::{builtins, programs};

/// See `Process::understands`.
pub(super) fn check(argv: &[String], userland: Userland, parsed: &mut Programs) -> Understanding {
    let Some(name) = argv.first() else { return Understanding::UnknownProgram(String::new()) };
    if let Some(dialect) = dialect(name, userland) {
        let call = shell_call(argv);
        return match (call.text, call.file) {
            (Some(text), _) => match parsed.get(&text, dialect) {
                Ok(code) => {
                    let mut names = Names {
                        parsed,
                        userland,
                        dialect,
                        called: BTreeSet::new(),
                        defined: BTreeSet::new(),
                        file: None,
                    };
                    names.code(&code);
                    names.verdict()
                }
                Err(error @ SyntaxError::Grammar { .. }) => Understanding::Broken(error.to_string()),
                Err(error) => Understanding::Unparsable(error.to_string()),
            },
            (None, Some(file)) => Understanding::NeedsFile(file),
            (None, None) => Understanding::Yes,
        };
    }
    if let Some(next) = programs::wrapped(argv, &mut std::collections::BTreeMap::new()) {
        return check(&next, userland, parsed);
    }
    if programs::is_known(base_name(name), userland) {
        Understanding::Yes
    } else if name.contains('/') {
        Understanding::NeedsFile(name.clone())
    } else {
        Understanding::UnknownProgram(name.clone())
    }
}

/// Names that are called and names that are defined.
struct Names<'a> {
    parsed: &'a mut Programs,
    userland: Userland,
    dialect: Dialect,
    called: BTreeSet<String>,
    defined: BTreeSet<String>,
    file: Option<String>,
}

impl Names<'_> {
    fn verdict(self) -> Understanding {
        match (self.called.difference(&self.defined).next(), self.file) {
            (Some(name), _) => Understanding::UnknownProgram(name.clone()),
            (None, Some(file)) => Understanding::NeedsFile(file),
            (None, None) => Understanding::Yes,
        }
    }

    fn code(&mut self, code: &Code) {
        for op in &code.ops {
            match op {
                Op::Simple(command) => {
                    self.command(&command.words);
                    command.words.iter().for_each(|word| self.parts(&word.parts));
                    let assigned = command.assignments.iter().chain(&command.declared).flat_map(Assignment::words);
                    assigned.for_each(|word| self.parts(&word.parts));
                }
                Op::Subshell(body) | Op::Background(body) => self.code(body),
                Op::Pipeline(stages) => stages.iter().for_each(|stage| self.code(stage)),
                Op::DefineFunction { name, body } => {
                    self.defined.insert(name.clone());
                    self.code(body);
                }
                Op::ForEnter { words: Some(words), .. } => words.iter().for_each(|word| self.parts(&word.parts)),
                Op::CaseEnter { word, .. } => self.parts(&word.parts),
                _ => {}
            }
        }
    }

    fn command(&mut self, words: &[Word]) {
        let words: Vec<Option<String>> = words.iter().map(Word::literal).collect();
        let Some(Some(name)) = words.first() else { return };
        if (builtins::find(name, self.dialect).is_some() || builtins::is_keyword(name))
            && !matches!(name.as_str(), "exec" | "command")
            || programs::is_known(base_name(name), self.userland)
        {
            return;
        }
        let rest: Vec<String> = words.iter().skip(1).map(|word| word.clone().unwrap_or_default()).collect();
        let inner = match name.as_str() {
            "exec" | "command" if rest.is_empty() || rest[0].starts_with('-') => return,
            "exec" | "command" => Some(rest),
            _ if dialect(name, self.userland).is_some() => return,
            _ => programs::wrapped(
                &[std::slice::from_ref(name), rest.as_slice()].concat(),
                &mut std::collections::BTreeMap::new(),
            ),
        };
        match inner {
            Some(inner) => match check(&inner, self.userland, self.parsed) {
                Understanding::UnknownProgram(name) => {
                    self.called.insert(name);
                }
                Understanding::NeedsFile(file) => self.file = Some(file),
                _ => {}
            },
            None if name.contains('/') => self.file = Some(name.clone()),
            None => {
                self.called.insert(name.clone());
            }
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Command(code) => self.code(code),
                Part::DoubleQuoted(inner) => self.parts(inner),
                Part::Parameter(expansion) => match &expansion.action {
                    Action::Default(_, word) | Action::Assign(_, word) | Action::Alternative(_, word) => {
                        self.parts(&word.parts);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }
}
