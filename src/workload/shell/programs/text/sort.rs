//! sort with `-n -r -u -k -t -f -h -o`-less common options.

use std::cmp::Ordering;

use super::super::{Call, State};
use super::Filter;
use super::engine::Engine;

/// State of a running sort.
#[derive(Clone, Debug, Default)]
pub(super) struct Sort {
    letters: String,
    separator: Option<char>,
    /// First and last field of the key, from 1.
    key: Option<(usize, usize)>,
    lines: Vec<String>,
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
        for (at, letter) in options.char_indices() {
            if "kto".contains(letter) {
                let inline = &options[at + 1..];
                let value =
                    if inline.is_empty() { words.next().cloned().unwrap_or_default() } else { inline.to_owned() };
                match letter {
                    't' => sort.separator = value.chars().next(),
                    'k' => {
                        let number = |text: &str| {
                            text.split(|c: char| !c.is_ascii_digit())
                                .next()
                                .and_then(|digits| digits.parse::<usize>().ok())
                        };
                        let (from, to) =
                            value.split_once(',').map_or((value.as_str(), None), |(from, to)| (from, Some(to)));
                        sort.key = number(from).map(|from| (from.max(1), to.and_then(number).unwrap_or(usize::MAX)));
                        sort.letters.extend(value.chars().filter(char::is_ascii_alphabetic));
                    }
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

    fn key(&self, line: &str) -> String {
        let Some((from, to)) = self.key else { return line.to_owned() };
        let count = to.saturating_sub(from).saturating_add(1);
        match self.separator {
            Some(separator) => {
                let fields: Vec<&str> = line.split(separator).skip(from - 1).take(count).collect();
                fields.join(&separator.to_string())
            }
            None => line.split_whitespace().skip(from - 1).take(count).collect::<Vec<_>>().join(" "),
        }
    }

    fn compare(&self, left: &str, right: &str) -> Ordering {
        let (left_key, right_key) = (self.key(left), self.key(right));
        if self.letters.contains(['n', 'h', 'g']) {
            return number(&left_key).total_cmp(&number(&right_key));
        }
        if self.letters.contains('f') {
            return left_key.to_lowercase().cmp(&right_key.to_lowercase());
        }
        left_key.cmp(&right_key)
    }

    pub fn end(&mut self, out: &mut Vec<u8>) {
        let mut lines = std::mem::take(&mut self.lines);
        let is_reverse = self.letters.contains('r');
        lines.sort_by(|left, right| {
            let order = self.compare(left, right);
            let order = if is_reverse { order.reverse() } else { order };
            let last = if is_reverse { right.cmp(left) } else { left.cmp(right) };
            if self.letters.contains(['u', 's']) { order } else { order.then(last) }
        });
        if self.letters.contains('u') {
            lines.dedup_by(|next, before| self.compare(next, before).is_eq());
        }
        for line in lines {
            out.extend(line.bytes().chain([b'\n']));
        }
    }
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
