//! grep with its common options. Patterns are regular expressions of the `regex` crate after a translation of
//! what basic expressions write differently; back-references are not known.

use regex::bytes::{Regex, RegexBuilder};

use super::super::super::world::FileKind;
use super::super::{Call, State, base_name, files, usage};
use super::Filter;
use super::engine::Engine;

/// State of a running grep.
#[derive(Clone, Debug)]
pub(super) struct Grep {
    pattern: Regex,
    letters: String,
    has_many: bool,
    stops_at: Option<usize>,
    /// Lines shown before and behind a match.
    around: (usize, usize),
    before: std::collections::VecDeque<(usize, Vec<u8>)>,
    /// Lines behind the last match that are still to be shown.
    after: usize,
    last_shown: Option<usize>,
    count: usize,
    number: usize,
    found: bool,
    has_listed: bool,
}

/// A basic regular expression as an extended one: `\(`, `\{`, `\|`, `\+`, `\?` swap with their plain forms.
pub(in super::super) fn basic_to_extended(pattern: &str) -> String {
    let mut out = String::new();
    let mut characters = pattern.chars().peekable();
    let mut is_start = true;
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(next @ ('(' | ')' | '{' | '}' | '|' | '+' | '?')) => {
                    out.push(next);
                    is_start = matches!(next, '(' | '|');
                    continue;
                }
                Some('<' | '>') => out.push_str("\\b"),
                Some(next) => out.extend(['\\', next]),
                None => out.push_str("\\\\"),
            },
            '(' | ')' | '{' | '}' | '|' | '+' | '?' => out.extend(['\\', character]),
            '*' if is_start => out.push_str("\\*"),
            '[' => {
                out.push('[');
                bracket(&mut characters, &mut out);
            }
            other => out.push(other),
        }
        is_start = character == '^' && is_start;
    }
    out
}

/// The rest of `[…]`; a `[` in it that begins no class stands for itself.
fn bracket(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    if characters.peek() == Some(&'^') {
        out.extend(characters.next());
    }
    if characters.peek() == Some(&']') {
        characters.next();
        out.push_str("\\]");
    }
    while let Some(character) = characters.next() {
        match character {
            ']' => {
                out.push(']');
                return;
            }
            '[' if characters.peek() == Some(&':') => {
                out.push('[');
                for inner in characters.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' | '\\' | '&' | '~' => out.extend(['\\', character]),
            other => out.push(other),
        }
    }
}

/// An extended regular expression as the crate reads it.
pub(super) fn extended(pattern: &str) -> String {
    let mut out = String::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('<' | '>') => out.push_str("\\b"),
                Some(next) => out.extend(['\\', next]),
                None => out.push_str("\\\\"),
            },
            '[' => {
                out.push('[');
                bracket(&mut characters, &mut out);
            }
            other => out.push(other),
        }
    }
    out
}

pub(in super::super) fn start(call: &mut Call<'_, '_>) -> State {
    let (mut letters, mut patterns, mut rest, mut stops_at) = (String::new(), Vec::new(), Vec::new(), None);
    let mut around = (0, 0);
    let all = call.words.to_vec();
    let mut words = all[1..].iter();
    while let Some(word) = words.next() {
        let Some(options) = word.strip_prefix('-').filter(|options| !options.is_empty()) else {
            rest.push(word.clone());
            continue;
        };
        if options.starts_with('-') {
            letters.push_str(match options {
                "-quiet" | "-silent" => "q",
                "-ignore-case" => "i",
                "-invert-match" => "v",
                "-count" => "c",
                "-only-matching" => "o",
                "-recursive" => "r",
                _ => "",
            });
            continue;
        }
        for (at, letter) in options.char_indices() {
            if "emABCf".contains(letter) {
                let inline = &options[at + 1..];
                let value =
                    if inline.is_empty() { words.next().cloned().unwrap_or_default() } else { inline.to_owned() };
                match letter {
                    'e' => patterns.push(value),
                    'm' => stops_at = value.parse().ok(),
                    'A' => around.1 = value.parse().unwrap_or(0),
                    'B' => around.0 = value.parse().unwrap_or(0),
                    'C' => around = (value.parse().unwrap_or(0), value.parse().unwrap_or(0)),
                    'f' => {
                        let path = call.path(&value);
                        match call.context.read_file(&path) {
                            Ok(text) => patterns.extend(String::from_utf8_lossy(&text).lines().map(str::to_owned)),
                            Err(error) => {
                                call.fail(&format!("{value}: {error}"));
                                return State::Done(2);
                            }
                        }
                    }
                    _ => {}
                }
                break;
            }
            letters.push(letter);
        }
    }
    if patterns.is_empty() {
        if rest.is_empty() {
            if call.is_gnu() {
                call.context
                    .complain("Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.");
                return State::Done(2);
            }
            return State::Done(usage::wrong(call));
        }
        patterns.extend(rest.remove(0).split('\n').map(str::to_owned));
    }
    let name = base_name(&call.words[0]);
    let translate = |pattern: &String| {
        if name == "fgrep" || letters.contains('F') {
            regex::escape(pattern)
        } else if name == "egrep" || letters.contains(['E', 'P']) {
            extended(pattern)
        } else {
            basic_to_extended(pattern)
        }
    };
    let mut pattern = patterns.iter().map(translate).map(|text| format!("(?:{text})")).collect::<Vec<_>>().join("|");
    if letters.contains('w') {
        pattern = format!("\\b(?:{pattern})\\b");
    }
    if letters.contains('x') {
        pattern = format!("^(?:{pattern})$");
    }
    let Ok(pattern) = RegexBuilder::new(&pattern).case_insensitive(letters.contains(['i', 'y'])).build() else {
        call.fail(&format!("bad regex '{}'", patterns.join("\n")));
        return State::Done(2);
    };
    if letters.contains(['r', 'R']) {
        rest = below(call, &rest);
    }
    let has_many = (rest.len() > 1 || letters.contains(['r', 'R', 'H'])) && !letters.contains('h');
    let grep = Grep {
        pattern,
        letters,
        has_many,
        stops_at,
        around,
        before: std::collections::VecDeque::new(),
        after: 0,
        last_shown: None,
        count: 0,
        number: 0,
        found: false,
        has_listed: false,
    };
    Filter::over(Engine::Grep(Box::new(grep)), rest)
}

/// All files below the given ones.
fn below(call: &mut Call<'_, '_>, files: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    let here = [".".to_owned()];
    for file in if files.is_empty() { &here[..] } else { files } {
        let path = call.path(file);
        for (at, kind) in files::tree(call, &path) {
            if kind == FileKind::File {
                all.push(format!("{}{}", file.trim_end_matches('/'), &at[path.trim_end_matches('/').len()..]));
            }
        }
    }
    all
}

impl Grep {
    pub fn is_quiet_about_files(&self) -> bool {
        self.letters.contains('s')
    }

    /// One line; true where no more is wanted.
    pub fn line(&mut self, line: &[u8], name: &str, out: &mut Vec<u8>) -> bool {
        self.number += 1;
        if self.pattern.is_match(line) == self.letters.contains('v') {
            if self.after > 0 {
                self.after -= 1;
                self.show(self.number, line, name, '-', out);
            } else if self.around.0 > 0 {
                self.before.push_back((self.number, line.to_vec()));
                if self.before.len() > self.around.0 {
                    self.before.pop_front();
                }
            }
            return false;
        }
        self.found = true;
        self.count += 1;
        if self.letters.contains('q') {
            return true;
        }
        if self.letters.contains(['c', 'l', 'L']) {
            return false;
        }
        if self.letters.contains('o') {
            let prefix = self.prefix(self.number, name, ':');
            for found in self.pattern.find_iter(line).filter(|found| !found.is_empty()) {
                out.extend(prefix.bytes().chain(found.as_bytes().iter().copied()).chain([b'\n']));
            }
        } else {
            let first = self.before.front().map_or(self.number, |(number, _)| *number);
            let has_context = self.around != (0, 0);
            if has_context && self.last_shown.is_some_and(|last| first > last + 1) {
                out.extend(b"--\n");
            }
            for (number, line) in std::mem::take(&mut self.before) {
                self.show(number, &line, name, '-', out);
            }
            self.show(self.number, line, name, ':', out);
            self.after = self.around.1;
        }
        self.stops_at.is_some_and(|limit| self.count >= limit)
    }

    fn prefix(&self, number: usize, name: &str, mark: char) -> String {
        let mut prefix = if self.has_many { format!("{name}{mark}") } else { String::new() };
        if self.letters.contains('n') {
            prefix += &format!("{number}{mark}");
        }
        prefix
    }

    fn show(&mut self, number: usize, line: &[u8], name: &str, mark: char, out: &mut Vec<u8>) {
        let prefix = self.prefix(number, name, mark);
        out.extend(prefix.bytes().chain(line.iter().copied()).chain([b'\n']));
        self.last_shown = Some(number);
    }

    pub fn end_of_file(&mut self, name: &str, out: &mut Vec<u8>) {
        if self.letters.contains('q') {
        } else if self.letters.contains('c') {
            let prefix = if self.has_many { format!("{name}:") } else { String::new() };
            out.extend(format!("{prefix}{}\n", self.count).bytes());
        } else if self.letters.contains('l') && self.count > 0 || self.letters.contains('L') && self.count == 0 {
            self.has_listed = true;
            out.extend(format!("{name}\n").bytes());
        }
        (self.count, self.number, self.after, self.last_shown) = (0, 0, 0, None);
        self.before.clear();
    }

    pub fn status(&self, is_gnu: bool) -> i32 {
        let found = if self.letters.contains('L') && !is_gnu { self.has_listed } else { self.found };
        i32::from(!found)
    }
}
