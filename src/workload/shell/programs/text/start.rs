//! Command lines of the simple filters: their options and what they become.

use std::collections::VecDeque;

use super::super::super::context::Mode;
use super::super::{Call, State, base_name, timed};
use super::cut::ranges;
use super::engine::{Counts, Engine};
use super::translate::{Translate, character_set};
use super::{FILTER_FD, Filter};

/// Options that take the next word, for the simple filters.
const WITH_VALUE: [(&str, &str); 6] =
    [("head", "nc"), ("tail", "ncs"), ("cut", "dfcb"), ("base64", "w"), ("paste", "d"), ("fold", "w")];

struct Arguments {
    letters: String,
    values: Vec<(char, String)>,
    rest: Vec<String>,
}

fn arguments(words: &[String]) -> Arguments {
    let name = base_name(&words[0]);
    let with_value = WITH_VALUE.iter().find(|(known, _)| *known == name).map_or("", |(_, letters)| letters);
    let mut parsed = Arguments { letters: String::new(), values: Vec::new(), rest: Vec::new() };
    let mut words = words[1..].iter();
    while let Some(word) = words.next() {
        let Some(options) = word.strip_prefix('-').filter(|options| !options.is_empty()) else {
            parsed.rest.push(word.clone());
            continue;
        };
        if options == "-" {
            parsed.rest.extend(words.by_ref().cloned());
        } else if let Some(long) = options.strip_prefix('-') {
            match long.split_once('=') {
                Some((name, value)) => parsed.values.extend(name.chars().next().map(|letter| {
                    (
                        if name == "bytes" {
                            'c'
                        } else if name == "lines" {
                            'n'
                        } else {
                            letter
                        },
                        value.to_owned(),
                    )
                })),
                None => parsed.letters.extend(long.chars().next()),
            }
        } else if options.bytes().all(|byte| byte.is_ascii_digit()) {
            parsed.values.push(('n', options.to_owned()));
        } else {
            for (at, letter) in options.char_indices() {
                if with_value.contains(letter) {
                    let inline = &options[at + 1..];
                    let value =
                        if inline.is_empty() { words.next().cloned().unwrap_or_default() } else { inline.to_owned() };
                    parsed.values.push((letter, value));
                    break;
                }
                parsed.letters.push(letter);
            }
        }
    }
    parsed
}

pub(super) fn file_arguments(words: &[String]) -> Vec<String> {
    arguments(words).rest
}

/// Starts one of the simple filters.
pub(in super::super) fn start(call: &mut Call<'_, '_>) -> State {
    let Arguments { letters, values, rest } = arguments(call.words);
    let value = |letter: char| values.iter().find(|(name, _)| *name == letter).map(|(_, text)| text.as_str());
    let engine = match base_name(&call.words[0]) {
        "head" => {
            let bytes = value('c').and_then(timed::bytes);
            let lines = value('n').and_then(|text| text.parse().ok()).unwrap_or(10);
            if bytes == Some(0) || bytes.is_none() && lines == 0 {
                return State::Done(0);
            }
            Engine::Head { lines: bytes.is_none().then_some(lines), bytes: bytes.unwrap_or(0), kept: Vec::new() }
        }
        name @ ("tail" | "tailf") => {
            let count = value('n').unwrap_or("10");
            let from = count.strip_prefix('+').and_then(|text| text.parse().ok());
            let lines = count.trim_start_matches('-').parse().unwrap_or(10);
            let bytes = value('c').and_then(|text| text.parse().ok());
            let follows = name == "tailf" || letters.contains(['f', 'F']);
            Engine::Tail { lines, from, bytes, seen: 0, kept: VecDeque::new(), follows }
        }
        "wc" => Engine::Count(Counts::new(letters)),
        "uniq" => Engine::Uniq {
            counts: letters.contains('c'),
            only_repeated: letters.contains('d'),
            only_single: letters.contains('u'),
            last: None,
        },
        "tr" => {
            let deletes = letters.contains('d');
            let from = rest.first().map(|text| character_set(text)).unwrap_or_default();
            let to = rest.get(1).map(|text| character_set(text)).unwrap_or_default();
            let squeezes = letters.contains('s');
            let is_complement = letters.contains(['c', 'C']);
            let translate = Translate { from, to, deletes, squeezes, is_complement, last: None };
            return Filter::over(Engine::Translate(Box::new(translate)), Vec::new());
        }
        "cut" => {
            let characters = value('c').or(value('b'));
            let Some(list) = value('f').or(characters) else {
                return State::Done(call.fail("expected a list of bytes, characters, or fields"));
            };
            let delimiter = value('d').and_then(|text| text.bytes().next()).unwrap_or(b'\t');
            Engine::Cut {
                delimiter,
                ranges: ranges(list),
                is_characters: characters.is_some(),
                only_delimited: letters.contains('s'),
            }
        }
        "tee" => {
            let mode = if letters.contains('a') { Mode::Append } else { Mode::Truncate };
            let mut handles = Vec::new();
            for file in &rest {
                let path = call.path(file);
                match call.context.open_write(&path, mode, 0o644) {
                    // The files stay open as long as the program runs.
                    Ok(handle) => {
                        call.context.descriptors.insert(FILTER_FD + 2 + handles.len() as i32, handle.clone());
                        handles.push(handle);
                    }
                    Err(error) => {
                        call.fail(&format!("{file}: {error}"));
                    }
                }
            }
            return Filter::over(Engine::Tee(handles), Vec::new());
        }
        "rev" => Engine::Reverse,
        "tac" => Engine::Tac(Vec::new()),
        "base64" => Engine::Base64 { decodes: letters.contains(['d', 'D']), data: Vec::new() },
        "paste" if letters.contains('s') => {
            Engine::Join { separator: value('d').and_then(|text| text.bytes().next()).unwrap_or(b'\t'), is_first: true }
        }
        "nl" => Engine::Cat { number: Some(0) },
        _ => Engine::Cat { number: letters.contains('n').then_some(0) },
    };
    Filter::over(engine, rest)
}
