//! comm, cmp and diff: two files side by side.

use std::cmp::Ordering;
use std::fmt::Write as _;

use similar::{DiffOp, DiffTag, TextDiff};

use super::super::super::world::Links;
use super::super::{Call, system, timed};
use super::engine::put;

/// Two files that are compared when both are read.
#[derive(Clone, Debug)]
pub(super) struct Compare {
    how: How,
    files: Vec<File>,
}

/// A file with the name that it was asked for by.
#[derive(Clone, Debug)]
struct File {
    name: String,
    data: Vec<u8>,
}

#[derive(Clone, Debug)]
enum How {
    /// Columns that are shown: lines of the first only, of the second only, of both.
    Comm([bool; 3]),
    Cmp {
        is_silent: bool,
        lists_all: bool,
        /// Bytes that are left out, and how many are compared behind them.
        skipped: usize,
        most: usize,
    },
    Diff(Diff),
}

#[derive(Clone, Debug)]
struct Diff {
    is_brief: bool,
    tells_equal: bool,
    ignores_case: bool,
    ignores_blanks: bool,
    /// Is a file that is not there an empty one?
    takes_absent: bool,
    /// What stands in the head of hunks in the files' place.
    labels: Vec<String>,
    /// Lines around each change; none for the format without them.
    context: Option<usize>,
}

/// Lines around a change, where no number is given.
const CONTEXT: usize = 3;

impl Compare {
    /// `name` with these options.
    pub fn new(name: &str, letters: &str, values: &[(char, String)], is_gnu: bool) -> Self {
        let has = |letter: char| letters.contains(letter);
        let value = |letter| values.iter().find(|(known, _)| *known == letter).map(|(_, text)| text.as_str());
        let how = match name {
            "comm" => {
                // Digits alone are read as a number.
                let hides = |column| has(column) || values.iter().any(|(_, digits)| digits.contains(column));
                How::Comm(['1', '2', '3'].map(|column| !hides(column)))
            }
            "cmp" => {
                let bytes = |letter| value(letter).and_then(timed::bytes).map(|bytes| bytes as usize);
                How::Cmp {
                    is_silent: has('s') || has('q'),
                    lists_all: has('l'),
                    skipped: bytes('i').unwrap_or(0),
                    most: bytes('n').unwrap_or(usize::MAX),
                }
            }
            _ => {
                let given = value('U').and_then(|text| text.parse().ok());
                let context = given.or((has('u') || !is_gnu).then_some(CONTEXT));
                let ignores_blanks = has('w') || has('b');
                How::Diff(Diff {
                    is_brief: has('q'),
                    tells_equal: has('s'),
                    ignores_case: has('i'),
                    ignores_blanks,
                    takes_absent: has('N'),
                    labels: values.iter().filter(|(letter, _)| *letter == 'L').map(|(_, text)| text.clone()).collect(),
                    context,
                })
            }
        };
        Self { how, files: Vec::new() }
    }

    pub fn begin_file(&mut self, name: &str) {
        self.files.push(File { name: name.to_owned(), data: Vec::new() });
    }

    pub fn line(&mut self, line: &[u8], is_complete: bool) {
        if let Some(file) = self.files.last_mut() {
            put(&mut file.data, line, is_complete);
        }
    }

    /// Takes a file that is not there for an empty one, if it was told to.
    pub fn take_absent(&mut self, name: &str) -> bool {
        let takes = matches!(&self.how, How::Diff(how) if how.takes_absent);
        if takes {
            self.begin_file(name);
        }
        takes
    }

    /// What busybox says of a file that it cannot read.
    pub fn unreadable(&self, name: &str, error: impl std::fmt::Display) -> String {
        match self.how {
            How::Comm(_) => format!("can't open '{name}': {error}"),
            How::Cmp { .. } => format!("{name}: {error}"),
            How::Diff(_) => format!("can't stat '{name}': {error}"),
        }
    }

    /// Status where a file cannot be read.
    pub fn trouble(&self) -> i32 {
        if matches!(self.how, How::Comm(_)) { 1 } else { 2 }
    }

    /// Compares them. Returns the status.
    pub fn end(&self, call: &mut Call<'_, '_>, out: &mut Vec<u8>) -> i32 {
        let [first, second] = self.files.as_slice() else { return self.trouble() };
        match &self.how {
            How::Comm(shown) => comm(&first.data, &second.data, *shown, out),
            How::Cmp { is_silent, lists_all, skipped, most } => {
                let [first, second] = [first, second].map(|file| file.part(*skipped, *most));
                return cmp(call, &first, &second, (*is_silent, *lists_all), out);
            }
            How::Diff(how) => return how.run(call, first, second, out),
        }
        0
    }
}

impl File {
    /// Some of its bytes.
    fn part(&self, skipped: usize, most: usize) -> Self {
        let data = self.data.iter().skip(skipped).take(most).copied().collect();
        Self { name: self.name.clone(), data }
    }
}

fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

/// Lines of two sorted files: those of the first only, of the second only, and of both.
fn comm(first: &[u8], second: &[u8], shown: [bool; 3], out: &mut Vec<u8>) {
    let (mut first, mut second) = (lines(first).peekable(), lines(second).peekable());
    loop {
        let (column, line) = match (first.peek(), second.peek()) {
            (None, None) => return,
            (Some(_), None) => (0, first.next()),
            (None, Some(_)) => (1, second.next()),
            (Some(left), Some(right)) => match left.cmp(right) {
                Ordering::Less => (0, first.next()),
                Ordering::Greater => (1, second.next()),
                Ordering::Equal => {
                    first.next();
                    (2, second.next())
                }
            },
        };
        if shown[column] {
            out.extend(shown[..column].iter().filter(|is_shown| **is_shown).map(|_| b'\t'));
            put(out, line.unwrap_or_default(), true);
        }
    }
}

fn cmp(
    call: &mut Call<'_, '_>,
    first: &File,
    second: &File,
    (is_silent, lists_all): (bool, bool),
    out: &mut Vec<u8>,
) -> i32 {
    let differs = |at: &usize| first.data[*at] != second.data[*at];
    let common = first.data.len().min(second.data.len());
    let mut differing = (0..common).filter(differs).peekable();
    let differ = differing.peek().copied();
    if let Some(at) = differ
        && !is_silent
        && !lists_all
    {
        let line = lines(&first.data[..at]).count() + usize::from(at == 0 || first.data[at - 1] == b'\n');
        out.extend(format!("{} {} differ: char {}, line {line}\n", first.name, second.name, at + 1).bytes());
        return 1;
    }
    if lists_all && !is_silent {
        let width = first.data.len().min(second.data.len()).to_string().len();
        for at in differing {
            out.extend(format!("{:width$} {:3o} {:3o}\n", at + 1, first.data[at], second.data[at]).bytes());
        }
    }
    if first.data.len() == second.data.len() || is_silent {
        return i32::from(differ.is_some() || first.data.len() != second.data.len());
    }
    let shorter = if first.data.len() < second.data.len() { first } else { second };
    let end = match shorter.data.last() {
        _ if !call.is_gnu() => String::new(),
        None => " which is empty".to_owned(),
        Some(last) => {
            let within = if *last == b'\n' { "line" } else { "in line" };
            let line = lines(&shorter.data).count();
            format!(" after byte {common}, {within} {line}")
        }
    };
    call.fail(&format!("EOF on {}{end}", shorter.name))
}

impl Diff {
    fn run(&self, call: &mut Call<'_, '_>, first: &File, second: &File, out: &mut Vec<u8>) -> i32 {
        let texts = [first, second].map(|file| String::from_utf8_lossy(&file.data).into_owned());
        let [old, new] = [&texts[0], &texts[1]].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
        // Lines are compared as they count, and shown as they are.
        let [old_keys, new_keys] =
            [&old, &new].map(|lines| lines.iter().map(|line| self.key(line)).collect::<Vec<_>>());
        let old_keys: Vec<&str> = old_keys.iter().map(String::as_str).collect();
        let new_keys: Vec<&str> = new_keys.iter().map(String::as_str).collect();
        let diff = TextDiff::configure().diff_slices(&old_keys, &new_keys);
        let mut shown = String::new();
        if diff.ops().iter().all(|op| op.tag() == DiffTag::Equal) {
            // busybox does not look at a file twice.
            if self.tells_equal && (call.is_gnu() || first.name != second.name) {
                out.extend(format!("Files {} and {} are identical\n", first.name, second.name).bytes());
            }
            return 0;
        }
        if self.is_brief {
            let _ = writeln!(shown, "Files {} and {} differ", first.name, second.name);
        } else if let Some(context) = self.context {
            for (place, (mark, file)) in [("---", first), ("+++", second)].into_iter().enumerate() {
                let title = self.labels.get(place).cloned().unwrap_or_else(|| title(call, &file.name));
                let _ = writeln!(shown, "{mark} {title}");
            }
            for group in diff.grouped_ops(context) {
                unified(&group, &old, &new, &mut shown);
            }
        } else {
            let changes = diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal);
            changes.for_each(|op| plain(op, &old, &new, &mut shown));
        }
        out.extend(shown.bytes());
        1
    }

    fn key(&self, line: &str) -> String {
        let mut key = line.to_owned();
        if self.ignores_blanks {
            key.retain(|letter| !letter.is_whitespace());
        }
        if self.ignores_case { key.to_lowercase() } else { key }
    }
}

/// A file's name, and of GNU's program the time of its last change.
fn title(call: &mut Call<'_, '_>, name: &str) -> String {
    if !call.is_gnu() {
        return name.to_owned();
    }
    let path = call.path(name);
    let changed = match call.context.stat(&path, Links::Follow) {
        Ok(data) if name != "-" => data.modified,
        _ => call.context.now,
    };
    call.context.observed();
    format!("{name}\t{}", system::date_text(call, changed, "%Y-%m-%d %H:%M:%S.%N +0000"))
}

/// A line behind its mark.
fn show(mark: &str, line: &str, out: &mut String) {
    out.push_str(mark);
    out.push_str(line);
    if !line.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

/// Numbers of lines, as a hunk's head has them.
fn span(start: usize, count: usize) -> String {
    match count {
        0 => format!("{start},0"),
        1 => (start + 1).to_string(),
        _ => format!("{},{count}", start + 1),
    }
}

fn unified(group: &[DiffOp], old: &[&str], new: &[&str], out: &mut String) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let (from, to) = (first.old_range().start, last.old_range().end);
    let (from_new, to_new) = (first.new_range().start, last.new_range().end);
    let _ = writeln!(out, "@@ -{} +{} @@", span(from, to - from), span(from_new, to_new - from_new));
    for op in group {
        if op.tag() == DiffTag::Equal {
            old[op.old_range()].iter().for_each(|line| show(" ", line, out));
        } else {
            old[op.old_range()].iter().for_each(|line| show("-", line, out));
            new[op.new_range()].iter().for_each(|line| show("+", line, out));
        }
    }
}

/// A change without lines around it: `2c2`, the old lines, the new ones.
fn plain(op: &DiffOp, old: &[&str], new: &[&str], out: &mut String) {
    let (gone, come) = (op.old_range(), op.new_range());
    let lines = |start: usize, end: usize| {
        if end > start + 1 { format!("{},{end}", start + 1) } else { end.to_string() }
    };
    let (letter, from, to) = match (gone.is_empty(), come.is_empty()) {
        (true, _) => ('a', gone.start.to_string(), lines(come.start, come.end)),
        (_, true) => ('d', lines(gone.start, gone.end), come.start.to_string()),
        _ => ('c', lines(gone.start, gone.end), lines(come.start, come.end)),
    };
    let _ = writeln!(out, "{from}{letter}{to}");
    old[gone.clone()].iter().for_each(|line| show("< ", line, out));
    if letter == 'c' {
        out.push_str("---\n");
    }
    new[come].iter().for_each(|line| show("> ", line, out));
}
