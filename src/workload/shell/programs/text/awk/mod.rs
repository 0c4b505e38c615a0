//! awk in its common forms: patterns, ranges, BEGIN and END, fields, arithmetic, arrays, the functions of POSIX but
//! those that start or read something. Not known, and told as errors: own functions, `getline`, output to files.
//! `for (k in a)` goes in the order of the keys' bytes.

mod evaluate;
mod expression;
mod functions;
mod lexer;
mod parser;
mod syntax;
#[cfg(test)]
mod tests;
mod value;

use super::super::super::escapes::{Octal, unescape};
use super::super::{Call, State};
use super::Filter;
use super::engine::Engine;
use evaluate::{Flow, Machine};
use syntax::{AwkError, Script};
use value::Value;

/// State of a running awk.
#[derive(Clone, Debug)]
pub(super) struct Awk {
    script: Script,
    machine: Machine,
    has_exited: bool,
    error: Option<AwkError>,
}

/// Options before the program.
#[derive(Default)]
struct Options {
    separator: Option<String>,
    assignments: Vec<(String, String)>,
    /// Files the program is in.
    programs: Vec<String>,
    rest: Vec<String>,
}

fn options(words: &[String]) -> Options {
    let mut options = Options::default();
    let mut words = words[1..].iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            options.rest.push(word.clone());
            break;
        };
        if letters == "-" {
            break;
        }
        let mut value = |letter: &str| {
            let inline = letters.strip_prefix(letter)?;
            Some(if inline.is_empty() { words.next().cloned().unwrap_or_default() } else { inline.to_owned() })
        };
        if let Some(text) = value("F") {
            options.separator = Some(if text == "t" { "\t".to_owned() } else { text });
        } else if let Some(text) = value("v") {
            options.assignments.extend(assignment(&text));
        } else if let Some(text) = value("f") {
            options.programs.push(text);
        }
    }
    options.rest.extend(words.cloned());
    options
}

fn assignment(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    super::super::is_name(name).then(|| (name.to_owned(), value.to_owned()))
}

fn unescaped(text: &str) -> String {
    String::from_utf8_lossy(&unescape(text, Octal::Bare).0).into_owned()
}

pub(in super::super) fn start(call: &mut Call<'_, '_>) -> State {
    let Options { separator, mut assignments, programs, mut rest } = options(call.words);
    let mut text = String::new();
    for file in &programs {
        let path = call.path(file);
        match call.context.read_file(&path) {
            Ok(bytes) => text += &String::from_utf8_lossy(&bytes),
            Err(error) => return State::Done(call.fail(&format!("{file}: {error}"))),
        }
    }
    if programs.is_empty() {
        if rest.is_empty() {
            call.context.complain("Usage: awk [OPTIONS] [AWK_PROGRAM] [FILE]...");
            return State::Done(1);
        }
        text = rest.remove(0);
    }
    // Assignments among the files are made at once, not when their turn comes.
    rest.retain(|word| match assignment(word) {
        Some(found) => {
            assignments.push(found);
            false
        }
        None => true,
    });
    let mut awk = match Awk::new(&text) {
        Ok(awk) => awk,
        Err(error) => return State::Done(call.fail(&error.to_string())),
    };
    if let Some(separator) = separator {
        awk.machine.variables.insert("FS".to_owned(), Value::Text(unescaped(&separator)));
    }
    for (name, value) in assignments {
        awk.machine.variables.insert(name, Value::Input(unescaped(&value)));
    }
    let environment = call.environment.iter().map(|(name, value)| (name.clone(), Value::Input(value.clone())));
    awk.machine.arrays.insert("ENVIRON".to_owned(), environment.collect());
    let mut out = Vec::new();
    let reads = awk.begin(&mut out);
    let status = if reads { 0 } else { awk.end(&mut out) };
    if !call.print_bytes(&out) {
        return State::Done(1);
    }
    if reads {
        return Filter::over(Engine::Awk(Box::new(awk)), rest);
    }
    State::Done(awk.told(call).unwrap_or(status))
}

impl Awk {
    fn new(text: &str) -> Result<Self, AwkError> {
        Ok(Self { script: parser::parse(text)?, machine: Machine::new(), has_exited: false, error: None })
    }

    /// Keeps an error, and notices the end.
    fn settle(&mut self, result: Result<Flow, AwkError>) {
        match result {
            Ok(Flow::Exit) => self.has_exited = true,
            Ok(_) => {}
            Err(error) => {
                self.has_exited = true;
                self.error = Some(error);
            }
        }
    }

    /// Runs BEGIN; is any input wanted?
    fn begin(&mut self, out: &mut Vec<u8>) -> bool {
        let result = self.machine.block(&self.script.begin, out);
        self.settle(result);
        !self.has_exited && (!self.script.rules.is_empty() || self.script.has_end)
    }

    pub(super) fn begin_file(&mut self, name: &str) {
        self.machine.variables.insert("FNR".to_owned(), Value::Number(0.0));
        let name = if name == "-" { "" } else { name };
        self.machine.variables.insert("FILENAME".to_owned(), Value::Text(name.to_owned()));
    }

    /// One line; true where no more is wanted.
    pub(super) fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        if !self.has_exited {
            let line = String::from_utf8_lossy(line).into_owned();
            let result = self.machine.read(line).and_then(|()| self.machine.rules(&mut self.script, out));
            self.settle(result);
        }
        self.has_exited
    }

    /// Runs END; the status.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> i32 {
        if self.error.is_none() {
            let result = self.machine.block(&self.script.end, out);
            self.settle(result);
        }
        self.machine.status
    }

    /// The status after an error, once its message is out.
    pub(super) fn told(&mut self, call: &mut Call<'_, '_>) -> Option<i32> {
        let error = self.error.take()?;
        call.fail(&error.to_string());
        Some(2)
    }
}
