//! sort with `-n -r -u -k -t -f -h -V -b -s -c -o`.

use std::cmp::Ordering;

use super::super::{Call, State};
use super::Filter;
use super::engine::Engine;

/// A `-k`: fields from 1, and its own letters.
#[derive(Clone, Debug)]
struct Key {
    from: usize,
    to: usize,
    letters: String,
}

/// State of a running sort.
#[derive(Clone, Debug, Default)]
pub(super) struct Sort {
    letters: String,
    separator: Option<char>,
    keys: Vec<Key>,
    lines: Vec<String>,
    output: Option<String>,
}

fn key(text: &str) -> Option<Key> {
    let number =
        |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse::<usize>().ok());
    let (from, to) = text.split_once(',').map_or((text, None), |(from, to)| (from, Some(to)));
    let letters = text.chars().filter(char::is_ascii_alphabetic).collect();
    Some(Key { from: number(from)?.max(1), to: to.and_then(number).unwrap_or(usize::MAX), letters })
}

pub(in super::super) fn start(call: &mut Call<'_, '_>) -> State {
    let mut sort = Sort::default();
    let mut rest = Vec::new();
    let mut words = call.words[1..].iter();
    while let Some(word) = words.next() {
        let Some(options) = word.strip_prefix('-').filter(|options| !options.is_empty()) else {
            rest.push(word.clone());
            continue;
        };
        if let Some(long) = options.strip_prefix('-') {
            sort.letters.push_str(match long {
                "numeric-sort" => "n",
                "reverse" => "r",
                "unique" => "u",
                "human-numeric-sort" => "h",
                "version-sort" => "V",
                "ignore-case" => "f",
                _ => "",
            });
            continue;
        }
        for (at, letter) in options.char_indices() {
            if "ktoST".contains(letter) {
                let inline = &options[at + 1..];
                let value =
                    if inline.is_empty() { words.next().cloned().unwrap_or_default() } else { inline.to_owned() };
                match letter {
                    't' => sort.separator = value.chars().next(),
                    'k' => sort.keys.extend(key(&value)),
                    'o' => sort.output = Some(value),
                    _ => {}
                }
                break;
            }
            sort.letters.push(letter);
        }
    }
    Filter::over(Engine::Sort(Box::new(sort)), rest)
}

impl Sort {
    pub fn line(&mut self, line: &[u8]) {
        self.lines.push(String::from_utf8_lossy(line).into_owned());
    }

    fn key(&self, line: &str, key: &Key) -> String {
        let count = key.to.saturating_sub(key.from).saturating_add(1);
        match self.separator {
            Some(separator) => {
                let fields: Vec<&str> = line.split(separator).skip(key.from - 1).take(count).collect();
                fields.join(&separator.to_string())
            }
            None => line.split_whitespace().skip(key.from - 1).take(count).collect::<Vec<_>>().join(" "),
        }
    }

    fn compare(&self, left: &str, right: &str) -> Ordering {
        if self.keys.is_empty() {
            return ordered(left, right, &self.letters);
        }
        for key in &self.keys {
            // A key with letters of its own takes none of the others.
            let letters = if key.letters.is_empty() { &self.letters } else { &key.letters };
            let order = ordered(&self.key(left, key), &self.key(right, key), letters);
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }

    fn compare_fully(&self, left: &str, right: &str) -> Ordering {
        let order = self.compare(left, right);
        if self.letters.contains(['u', 's']) {
            return order;
        }
        let last = if self.letters.contains('r') { right.cmp(left) } else { left.cmp(right) };
        order.then(last)
    }

    pub fn end(&mut self, call: &mut Call<'_, '_>, out: &mut Vec<u8>) -> i32 {
        let mut lines = std::mem::take(&mut self.lines);
        if self.letters.contains(['c', 'C']) {
            let disorder = lines.windows(2).position(|pair| self.compare_fully(&pair[0], &pair[1]).is_gt());
            if let Some(at) = disorder.filter(|_| self.letters.contains('c')) {
                if call.is_gnu() {
                    call.fail(&format!("-:{}: disorder: {}", at + 2, lines[at + 1]));
                } else {
                    call.context.complain(&format!("Check line {}", at + 1));
                }
            }
            return i32::from(disorder.is_some());
        }
        lines.sort_by(|left, right| self.compare_fully(left, right));
        if self.letters.contains('u') {
            lines.dedup_by(|next, before| self.compare(next, before).is_eq());
        }
        let text: Vec<u8> = lines.iter().flat_map(|line| line.bytes().chain([b'\n'])).collect();
        let Some(file) = &self.output else {
            out.extend(text);
            return 0;
        };
        let path = call.path(file);
        let mode = super::super::super::context::Mode::Truncate;
        let written = call.context.open_write(&path, mode, 0o644).and_then(|handle| {
            let before = call.context.descriptors.insert(1, handle);
            let result = call.context.write(1, &text);
            if let Some(before) = before {
                call.context.descriptors.insert(1, before);
            }
            result
        });
        match written {
            Ok(()) => 0,
            Err(error) => {
                call.fail_as(&format!("{file}: {error}"), &format!("open failed: {file}: {error}"));
                2
            }
        }
    }
}

fn ordered(left: &str, right: &str, letters: &str) -> Ordering {
    let (left, right) = if letters.contains('b') { (left.trim_start(), right.trim_start()) } else { (left, right) };
    let order = if letters.contains('V') {
        by_version(left, right)
    } else if letters.contains(['n', 'g']) {
        plain_number(left).total_cmp(&plain_number(right))
    } else if letters.contains('h') {
        number(left).total_cmp(&number(right))
    } else if letters.contains('f') {
        left.to_uppercase().cmp(&right.to_uppercase())
    } else {
        left.cmp(right)
    };
    if letters.contains('r') { order.reverse() } else { order }
}

/// Runs of digits are compared as numbers.
fn by_version(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (left_end, right_end) = (digits(left), digits(right));
        if left_end > 0 && right_end > 0 {
            let number = |text: &str| text.parse::<u128>().unwrap_or(u128::MAX);
            let order = number(&left[..left_end]).cmp(&number(&right[..right_end]));
            if order.is_ne() {
                return order;
            }
            (left, right) = (&left[left_end..], &right[right_end..]);
        }
        match (left.chars().next(), right.chars().next()) {
            (Some(one), Some(other)) if one == other => {
                (left, right) = (&left[one.len_utf8()..], &right[other.len_utf8()..]);
            }
            (one, other) => return one.cmp(&other),
        }
    }
}

/// The number a text begins with, without a unit.
fn plain_number(text: &str) -> f64 {
    let digits = text.trim_start();
    let end = digits
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || *at == 0 && matches!(c, '-' | '+')))
        .map_or(digits.len(), |(at, _)| at);
    digits[..end].parse().unwrap_or(0.0)
}

/// The number a text begins with; 0 where it does not.
pub(in super::super) fn number(text: &str) -> f64 {
    let text = text.trim_start();
    let mut end = usize::from(text.starts_with(['-', '+']));
    let bytes = text.as_bytes();
    let mut has_point = false;
    while end < bytes.len() && (bytes[end].is_ascii_digit() || bytes[end] == b'.' && !has_point) {
        has_point |= bytes[end] == b'.';
        end += 1;
    }
    let number: f64 = text[..end].parse().unwrap_or(0.0);
    let factor = match bytes.get(end) {
        Some(b'K' | b'k') => 1024.0,
        Some(b'M') => 1024.0 * 1024.0,
        Some(b'G') => 1024.0 * 1024.0 * 1024.0,
        _ => 1.0,
    };
    number * factor
}
