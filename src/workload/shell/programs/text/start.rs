//! Command lines of the simple filters: their options and what they become.

use std::collections::VecDeque;

use super::super::super::context::Mode;
use super::super::super::world::{FileKind, Links};
use super::super::{Call, State, base_name, timed, usage};
use super::cat::Cat;
use super::compare::Compare;
use super::cut::ranges;
use super::digest::Digest;
use super::dump::Dump;
use super::engine::{Counts, Engine, Titles};
use super::strings::Strings;
use super::translate::{Translate, character_set};
use super::{FILTER_FD, Filter, gzip};

/// Numbers that `shuf -i` shuffles, at most.
const SHUFFLED_MAX: usize = 1_000_000;

/// Options that take the next word, for the simple filters.
const WITH_VALUE: &[(&str, &str)] = &[
    ("head", "nc"),
    ("tail", "ncs"),
    ("cut", "dfcb"),
    ("base64", "w"),
    ("paste", "d"),
    ("fold", "w"),
    ("expand", "t"),
    ("strings", "nt"),
    ("cmp", "ni"),
    ("diff", "ULS"),
    ("shuf", "nio"),
    ("od", "AtNjSw"),
    ("hexdump", "efns"),
    ("xxd", "glsoc"),
];

struct Arguments {
    letters: String,
    values: Vec<(char, String)>,
    rest: Vec<String>,
}

/// The letter that a long option stands for: the first of its name, but for these.
fn letter_of(program: &str, long: &str, has_value: bool) -> Option<char> {
    match (program, long) {
        ("diff", "brief") => Some('q'),
        ("diff", "report-identical-files") => Some('s'),
        ("diff", "new-file") => Some('N'),
        ("diff", "label") => Some('L'),
        ("diff", "unified") if has_value => Some('U'),
        ("gzip" | "gunzip" | "zcat", "stdout") => Some('c'),
        ("cmp" | "strings", "bytes") => Some('n'),
        (_, "bytes") if has_value => Some('c'),
        (_, "lines") if has_value => Some('n'),
        _ => long.chars().next(),
    }
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
                Some((long, value)) => {
                    parsed.values.extend(letter_of(name, long, true).map(|it| (it, value.to_owned())));
                }
                None => parsed.letters.extend(letter_of(name, long, false)),
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

fn titles(letters: &str) -> Titles {
    Titles { always: letters.contains('v'), never: letters.contains('q'), is_begun: false }
}

/// The status of head or tail where a count is no number.
fn wrong_count(call: &mut Call<'_, '_>, values: &[(char, String)]) -> Option<i32> {
    for (letter, text) in values.iter().filter(|(letter, _)| matches!(letter, 'n' | 'c')) {
        let digits = text.trim_start_matches(['+', '-']);
        if timed::bytes(digits).is_none() {
            let what = if *letter == 'n' { "lines" } else { "bytes" };
            let gnu = format!("invalid number of {what}: '{text}'");
            return Some(call.fail_as(&format!("invalid number '{text}'"), &gnu));
        }
    }
    None
}

fn wrong_tr(call: &mut Call<'_, '_>) -> i32 {
    if !call.is_gnu() || call.words.len() < 2 {
        return usage::wrong(call);
    }
    call.fail(&format!("missing operand after '{}'", call.words[call.words.len() - 1]));
    call.context.complain("Two strings must be given when translating.\nTry 'tr --help' for more information.");
    1
}

/// Width of wc's columns. GNU's has that of the largest number that can come, and 7 where it cannot know.
fn width_of_counts(call: &mut Call<'_, '_>, letters: &str, files: &[String]) -> usize {
    let columns = if letters.is_empty() { 3 } else { letters.chars().filter(|c| "lwcmL".contains(*c)).count() };
    if columns == 1 && files.len() < 2 {
        return 1;
    }
    if !call.is_gnu() {
        return 9;
    }
    let (mut total, mut is_known) = (0, !files.is_empty());
    for file in files {
        let path = call.path(file);
        match call.context.stat(&path, Links::Follow) {
            Ok(data) if data.kind == FileKind::File => total += data.size,
            Ok(_) => is_known = false,
            Err(_) => {}
        }
    }
    if is_known { total.to_string().len() } else { 7 }
}

/// Starts one of the simple filters.
pub(in super::super) fn start(call: &mut Call<'_, '_>) -> State {
    let Arguments { letters, values, rest } = arguments(call.words);
    let value = |letter: char| values.iter().find(|(name, _)| *name == letter).map(|(_, text)| text.as_str());
    let engine = match base_name(&call.words[0]) {
        "head" => {
            if let Some(status) = wrong_count(call, &values) {
                return State::Done(status);
            }
            let bytes = value('c').and_then(timed::bytes);
            let lines = value('n').and_then(|text| text.parse().ok()).unwrap_or(10);
            if bytes == Some(0) || bytes.is_none() && lines == 0 {
                return State::Done(0);
            }
            let (lines, bytes) = (bytes.is_none().then_some(lines), bytes.unwrap_or(0));
            Engine::Head { lines, bytes, kept: Vec::new(), titles: titles(&letters) }
        }
        name @ ("tail" | "tailf") => {
            if let Some(status) = wrong_count(call, &values) {
                return State::Done(status);
            }
            let count = value('n').unwrap_or("10");
            let from = count.strip_prefix('+').and_then(|text| text.parse().ok());
            let lines = count.trim_start_matches('-').parse().unwrap_or(10);
            let bytes = value('c').and_then(|text| text.parse().ok());
            let follows = name == "tailf" || letters.contains(['f', 'F']);
            Engine::Tail { lines, from, bytes, seen: 0, kept: VecDeque::new(), follows, titles: titles(&letters) }
        }
        "wc" => {
            let width = width_of_counts(call, &letters, &rest);
            Engine::Count(Counts::new(letters, width))
        }
        "uniq" => Engine::Uniq {
            counts: letters.contains('c'),
            only_repeated: letters.contains('d'),
            only_single: letters.contains('u'),
            last: None,
        },
        "tr" => {
            let deletes = letters.contains('d');
            let lacks = rest.is_empty() || rest.len() < 2 && call.is_gnu() && !deletes && !letters.contains('s');
            if lacks {
                return State::Done(wrong_tr(call));
            }
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
                let status = if call.is_gnu() {
                    usage::refuse(call, "you must specify a list of bytes, characters, or fields")
                } else {
                    call.fail("expected a list of bytes, characters, or fields")
                };
                return State::Done(status);
            };
            if let Some(part) = list.split([',', '-']).find(|part| part.bytes().any(|byte| !byte.is_ascii_digit())) {
                let status = if call.is_gnu() {
                    let what = if characters.is_some() { "byte/character position" } else { "field value" };
                    usage::refuse(call, &format!("invalid {what} '{part}'"))
                } else {
                    call.fail(&format!("invalid number '{part}'"))
                };
                return State::Done(status);
            }
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
            let (mut handles, mut has_failed) = (Vec::new(), false);
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
                        has_failed = true;
                    }
                }
            }
            return Filter::over(Engine::Tee { handles, has_failed }, Vec::new());
        }
        "rev" => Engine::Reverse,
        "tac" => Engine::Tac(Vec::new()),
        "base64" => {
            let wrap = value('w').and_then(|text| text.parse().ok()).unwrap_or(76);
            Engine::Base64 { decodes: letters.contains(['d', 'D']), data: Vec::new(), wrap }
        }
        "fold" => Engine::Fold(value('w').and_then(|text| text.parse().ok()).unwrap_or(80)),
        "expand" => Engine::Expand {
            width: value('t').and_then(|text| text.parse().ok()).unwrap_or(8),
            only_leading: letters.contains('i'),
        },
        "strings" => {
            let least = value('n').and_then(|text| text.parse().ok()).unwrap_or(4);
            Engine::Strings(Strings::new(least, letters.contains('f')))
        }
        "gzip" | "gunzip" | "zcat" => match gzip::call(call, &letters, &rest) {
            gzip::Called::Done(status) => return State::Done(status),
            gzip::Called::Filter(filter) => Engine::Gzip(Box::new(filter)),
        },
        name @ ("comm" | "cmp" | "diff") => {
            let compare = Compare::new(name, &letters, &values, call.is_gnu());
            return match rest.len() {
                2 => Filter::over(Engine::Compare(Box::new(compare)), rest),
                1 if name == "cmp" => {
                    Filter::over(Engine::Compare(Box::new(compare)), vec![rest[0].clone(), "-".to_owned()])
                }
                _ => State::Done(usage::wrong(call)),
            };
        }
        "md5sum" | "sha1sum" | "sha256sum" | "sha512sum" | "cksum" => {
            let name = base_name(&call.words[0]).to_owned();
            Engine::Digest(Box::new(Digest::new(&name, letters.contains('c'))))
        }
        name @ ("od" | "hexdump" | "xxd") => {
            let name = name.to_owned();
            Engine::Dump(Box::new(Dump::new(&name, &letters, &values)))
        }
        "paste" if letters.contains('s') => {
            Engine::Join { separator: value('d').and_then(|text| text.bytes().next()).unwrap_or(b'\t'), is_first: true }
        }
        "paste" => {
            let separator = value('d').and_then(|text| text.bytes().next()).unwrap_or(b'\t');
            Engine::Paste { separator, files: Vec::new() }
        }
        "shuf" => {
            let count = value('n').and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
            let range = value('i').and_then(|text| text.split_once('-'));
            let bounds = range.and_then(|(low, high)| Some((low.parse::<u32>().ok()?, high.parse::<u32>().ok()?)));
            let mut lines: Vec<Vec<u8>> = Vec::new();
            if let Some((low, high)) = bounds {
                lines.extend((low..=high).take(SHUFFLED_MAX).map(|number| number.to_string().into_bytes()));
            } else if letters.contains('e') {
                lines.extend(rest.iter().map(|word| word.clone().into_bytes()));
            } else {
                return Filter::over(Engine::Shuffle(lines, count), rest);
            }
            return Filter::over(Engine::Shuffle(lines, count), vec!["/dev/null".to_owned()]);
        }
        "nl" => Engine::Cat(Cat::new("b", false)),
        _ => Engine::Cat(Cat::new(&letters, call.is_gnu())),
    };
    Filter::over(engine, rest)
}
