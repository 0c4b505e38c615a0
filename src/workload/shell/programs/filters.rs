//! Programs that read lines from files or a pipe and write lines: cat, head, tail, wc, uniq, tr, cut, tee and the
//! frame of grep, sed and sort. A filter takes what is there and waits for more.

use crate::engine::SimTime;

use super::super::context::{Context, Input, Mode};
use super::super::escapes::{Octal, unescape};
use super::super::kernel::{Handle, Run, Wait};
use super::super::world::Errno;
use super::{Call, State, base_name};

/// What a filter does with a line. `is_complete`: it ended in a newline.
#[derive(Clone, Debug)]
pub(super) enum Engine {
    Cat {
        number: Option<usize>,
    },
    Head {
        lines: Option<i64>,
        bytes: u64,
        kept: Vec<Vec<u8>>,
    },
    Tail {
        lines: usize,
        from: Option<usize>,
        bytes: Option<usize>,
        seen: usize,
        kept: std::collections::VecDeque<Vec<u8>>,
        follows: bool,
    },
    Count(Counts),
    Uniq {
        counts: bool,
        only_repeated: bool,
        only_single: bool,
        last: Option<(Vec<u8>, usize)>,
    },
    Translate(Box<Translate>),
    Cut {
        delimiter: u8,
        ranges: Vec<(usize, usize)>,
        is_characters: bool,
        only_delimited: bool,
    },
    Tee(Vec<Handle>),
    Reverse,
    Tac(Vec<Vec<u8>>),
    Base64 {
        decodes: bool,
        data: Vec<u8>,
    },
    Join {
        separator: u8,
        is_first: bool,
    },
    Grep(Box<super::grep::Grep>),
    Sort(Box<super::sort::Sort>),
    Sed(Box<super::sed::Sed>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    letters: String,
    lines: usize,
    words: usize,
    bytes: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Translate {
    from: Vec<u8>,
    to: Vec<u8>,
    deletes: bool,
    squeezes: bool,
    is_complement: bool,
    last: Option<u8>,
}

/// A filter with its input.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    engine: Engine,
    /// Files still to read, last one first; `-` is standard input.
    sources: Vec<String>,
    current: Option<(String, Handle)>,
    partial: Vec<u8>,
    status: i32,
    has_many: bool,
}

/// What a step of a filter leads to.
pub(super) enum Progress {
    Run(Run),
    Follow(Follow),
}

impl Filter {
    pub fn new(engine: Engine, sources: Vec<String>) -> State {
        let mut sources = sources;
        if sources.is_empty() {
            sources.push("-".to_owned());
        }
        let has_many = sources.len() > 1;
        sources.reverse();
        State::Filter(Box::new(Self { engine, sources, current: None, partial: Vec::new(), status: 0, has_many }))
    }

    /// Reads what is there.
    pub fn step(&mut self, call: &mut Call<'_, '_>) -> Progress {
        let mut out = Vec::new();
        loop {
            call.context.kernel.spent += 1;
            let Some((name, handle)) = self.current.clone() else {
                match self.sources.pop() {
                    Some(source) => self.open(call, &source),
                    None => return self.finish(call, out),
                }
                continue;
            };
            // The file is read through a descriptor of its own.
            call.context.descriptors.insert(FILTER_FD, handle);
            match call.context.read(FILTER_FD, 1 << 16) {
                Ok(Input::Bytes(bytes)) => {
                    if self.feed(call, &bytes, &name, &mut out) {
                        return self.finish(call, out);
                    }
                    if !out.is_empty()
                        && let Some(run) = flush(call, &mut out)
                    {
                        return Progress::Run(run);
                    }
                    if matches!(call.context.descriptors.get(&1), Some(Handle::PipeWrite(_))) {
                        return Progress::Run(Run::Yield);
                    }
                    if call.context.kernel.spent > 1_000_000 {
                        return Progress::Run(Run::Yield);
                    }
                }
                Ok(Input::Wait) => {
                    if let Some(run) = flush(call, &mut out) {
                        return Progress::Run(run);
                    }
                    return Progress::Run(Run::Block(Wait::Input(FILTER_FD, SimTime::NEVER)));
                }
                Ok(Input::End) => {
                    call.context.descriptors.remove(&FILTER_FD);
                    self.current = None;
                    if !self.partial.is_empty() {
                        let line = std::mem::take(&mut self.partial);
                        self.engine.line(call, &line, false, &name, &mut out);
                    }
                    self.engine.end_of_file(call, &name, &mut out);
                }
                Err(error) => {
                    self.complain(call, &name, error);
                    self.current = None;
                }
            }
        }
    }

    fn complain(&mut self, call: &mut Call<'_, '_>, name: &str, error: Errno) {
        self.status = match &self.engine {
            Engine::Grep(grep) if grep.is_quiet_about_files() => 2,
            Engine::Grep(_) => {
                call.fail(&format!("{name}: {error}"));
                2
            }
            Engine::Cat { .. } | Engine::Tail { .. } | Engine::Count(_) if error != Errno::IsADirectory => {
                call.fail(&format!("can't open '{name}': {error}"))
            }
            Engine::Cat { .. } => call.fail(&format!("read error: {error}")),
            _ => call.fail(&format!("{name}: {error}")),
        };
    }

    fn open(&mut self, call: &mut Call<'_, '_>, source: &str) {
        let handle = if source == "-" {
            call.context.descriptors.get(&0).cloned().ok_or(Errno::BadDescriptor)
        } else {
            let path = call.path(source);
            call.context.open_read(&path)
        };
        match handle {
            Ok(handle) => {
                if self.has_many
                    && let Engine::Head { .. } | Engine::Tail { .. } = self.engine
                {
                    call.print(&format!("==> {source} <==\n"));
                }
                self.engine.begin_file();
                self.current = Some((source.to_owned(), handle));
            }
            Err(error) => self.complain(call, source, error),
        }
    }

    /// Gives complete lines to the engine; true where it wants no more at all.
    fn feed(&mut self, call: &mut Call<'_, '_>, bytes: &[u8], name: &str, out: &mut Vec<u8>) -> bool {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = if self.partial.is_empty() {
                rest[..end].to_vec()
            } else {
                let mut line = std::mem::take(&mut self.partial);
                line.extend(&rest[..end]);
                line
            };
            rest = &rest[end + 1..];
            if self.engine.line(call, &line, true, name, out) {
                return !self.has_many || self.sources.is_empty();
            }
        }
        self.partial.extend(rest);
        false
    }

    fn finish(&mut self, call: &mut Call<'_, '_>, mut out: Vec<u8>) -> Progress {
        call.context.descriptors.remove(&FILTER_FD);
        let status = self.engine.end(call, self.has_many, &mut out).max(self.status);
        if let Some(run) = flush(call, &mut out) {
            return Progress::Run(run);
        }
        if let Engine::Tail { follows: true, .. } = &self.engine {
            let words: Vec<String> = file_arguments(call.words).into_iter().map(|file| call.path(&file)).collect();
            let files = words.into_iter().map(|path| {
                let size = call.context.stat(&path, super::super::world::Links::Follow).map_or(0, |data| data.size);
                (path, size)
            });
            return Progress::Follow(Follow { files: files.collect() });
        }
        Progress::Run(Run::Exit(if matches!(self.engine, Engine::Grep(_)) && self.status == 2 { 2 } else { status }))
    }
}

/// Descriptor a filter reads its file through.
const FILTER_FD: i32 = 1000;

/// Writes what has been gathered; what to do where that fails.
fn flush(call: &mut Call<'_, '_>, out: &mut Vec<u8>) -> Option<Run> {
    match call.context.write(1, &std::mem::take(out)) {
        Ok(()) => None,
        Err(Errno::BrokenPipe) => Some(Run::Exit(128 + 13)),
        Err(error) => {
            call.fail(&format!("write error: {error}"));
            Some(Run::Exit(1))
        }
    }
}

fn put(out: &mut Vec<u8>, line: &[u8], is_complete: bool) {
    out.extend(line);
    if is_complete {
        out.push(b'\n');
    }
}

impl Engine {
    fn begin_file(&mut self) {
        match self {
            Self::Head { kept, .. } => kept.clear(),
            Self::Tail { seen, kept, .. } => {
                *seen = 0;
                kept.clear();
            }
            _ => {}
        }
    }

    /// Takes one line; true where no more lines are wanted.
    fn line(&mut self, call: &mut Call<'_, '_>, line: &[u8], is_complete: bool, name: &str, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Cat { number } => {
                if let Some(number) = number {
                    *number += 1;
                    out.extend(format!("{number:6}\t").bytes());
                }
                put(out, line, is_complete);
            }
            Self::Head { lines: Some(lines), kept, .. } if *lines < 0 => {
                kept.push(line.to_vec());
                if kept.len() as i64 > -*lines {
                    put(out, &kept.remove(0), true);
                }
            }
            Self::Head { lines: Some(lines), kept, .. } => {
                if (kept.len() as i64) < *lines {
                    kept.push(Vec::new());
                    put(out, line, is_complete);
                }
                return kept.len() as i64 >= *lines;
            }
            Self::Head { bytes, .. } => {
                let mut text = line.to_vec();
                if is_complete {
                    text.push(b'\n');
                }
                let count = text.len().min(*bytes as usize);
                out.extend(&text[..count]);
                *bytes -= count as u64;
                return *bytes == 0;
            }
            Self::Tail { lines, from, seen, kept, bytes, .. } => {
                *seen += 1;
                if let Some(from) = from {
                    if *seen >= *from {
                        put(out, line, is_complete);
                    }
                    return false;
                }
                let mut text = line.to_vec();
                if is_complete {
                    text.push(b'\n');
                }
                kept.push_back(text);
                if bytes.is_none() && kept.len() > *lines {
                    kept.pop_front();
                }
            }
            Self::Count(counts) => {
                counts.lines += usize::from(is_complete);
                counts.words += String::from_utf8_lossy(line).split_whitespace().count();
                counts.bytes += line.len() + usize::from(is_complete);
            }
            Self::Uniq { last, .. } => match last {
                Some((text, count)) if text == line => *count += 1,
                _ => {
                    self.end_of_run(out);
                    if let Self::Uniq { last, .. } = self {
                        *last = Some((line.to_vec(), 1));
                    }
                }
            },
            Self::Translate(translate) => {
                translate.bytes(line, out);
                if is_complete {
                    translate.bytes(b"\n", out);
                }
            }
            Self::Cut { delimiter, ranges, is_characters, only_delimited } => {
                if let Some(text) = cut(line, *delimiter, ranges, *is_characters, *only_delimited) {
                    put(out, &text, true);
                }
            }
            Self::Tee(handles) => {
                let mut text = line.to_vec();
                if is_complete {
                    text.push(b'\n');
                }
                for handle in handles {
                    let before = call.context.descriptors.insert(FILTER_FD + 1, handle.clone());
                    let _ = call.context.write(FILTER_FD + 1, &text);
                    call.context.descriptors.remove(&(FILTER_FD + 1));
                    drop(before);
                }
                out.extend(text);
            }
            Self::Reverse => {
                let text: String = String::from_utf8_lossy(line).chars().rev().collect();
                put(out, text.as_bytes(), is_complete);
            }
            Self::Tac(kept) => kept.push(line.to_vec()),
            Self::Base64 { data, .. } => put(data, line, is_complete),
            Self::Join { separator, is_first } => {
                if !std::mem::take(is_first) {
                    out.push(*separator);
                }
                out.extend(line);
            }
            Self::Grep(grep) => return grep.line(line, name, out),
            Self::Sort(sort) => sort.line(line),
            Self::Sed(sed) => return sed.line(line, out),
        }
        false
    }

    fn end_of_run(&mut self, out: &mut Vec<u8>) {
        let Self::Uniq { counts, only_repeated, only_single, last } = self else { return };
        if let Some((text, count)) = last.take() {
            if *only_repeated && count < 2 || *only_single && count > 1 {
                return;
            }
            if *counts {
                out.extend(format!("{count:7} ").bytes());
            }
            put(out, &text, true);
        }
    }

    fn end_of_file(&mut self, _: &mut Call<'_, '_>, name: &str, out: &mut Vec<u8>) {
        match self {
            Self::Tail { kept, bytes, .. } => {
                let text: Vec<u8> = kept.drain(..).flatten().collect();
                let start = bytes.map_or(0, |bytes| text.len().saturating_sub(bytes));
                out.extend(&text[start..]);
            }
            Self::Count(counts) => counts.print(name, out),
            Self::Grep(grep) => grep.end_of_file(name, out),
            _ => {}
        }
    }

    fn end(&mut self, _: &mut Call<'_, '_>, _: bool, out: &mut Vec<u8>) -> i32 {
        match self {
            Self::Uniq { .. } => self.end_of_run(out),
            Self::Tac(kept) => {
                for line in kept.drain(..).rev() {
                    put(out, &line, true);
                }
            }
            Self::Base64 { decodes, data } => {
                out.extend(if *decodes { base64_decode(data) } else { base64_encode(data) });
            }
            Self::Join { is_first: false, .. } => out.push(b'\n'),
            Self::Grep(grep) => return grep.status(),
            Self::Sort(sort) => sort.end(out),
            Self::Sed(sed) => return sed.end(out),
            _ => {}
        }
        0
    }
}

impl Counts {
    fn print(&mut self, name: &str, out: &mut Vec<u8>) {
        let shown: Vec<usize> = [('l', self.lines), ('w', self.words), ('c', self.bytes)]
            .iter()
            .filter(|(letter, _)| self.letters.is_empty() || self.letters.contains(*letter))
            .map(|(_, count)| *count)
            .collect();
        let text = match shown.as_slice() {
            [one] => one.to_string(),
            many => many.iter().map(|count| format!("{count:9}")).collect::<Vec<_>>().join(" "),
        };
        let name = if name == "-" { String::new() } else { format!(" {name}") };
        out.extend(format!("{text}{name}\n").bytes());
        (self.lines, self.words, self.bytes) = (0, 0, 0);
    }
}

impl Translate {
    fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            let place = self.from.iter().position(|from| from == byte);
            let is_in = place.is_some() != self.is_complement;
            if self.deletes && is_in {
                continue;
            }
            let mapped = match (is_in && !self.deletes, place) {
                (true, Some(place)) if !self.to.is_empty() => self.to[place.min(self.to.len() - 1)],
                (true, None) if !self.to.is_empty() => self.to[self.to.len() - 1],
                _ => *byte,
            };
            let squeezed = if self.to.is_empty() { is_in } else { self.to.contains(&mapped) };
            if self.squeezes && squeezed && self.last == Some(mapped) {
                continue;
            }
            self.last = Some(mapped);
            out.push(mapped);
        }
    }
}

/// `a-z`, `[:digit:]`, `\n` as bytes.
fn character_set(text: &str) -> Vec<u8> {
    let mut text = text.to_owned();
    for name in ["alpha", "digit", "alnum", "upper", "lower", "space", "blank", "punct"] {
        let members: String = (1..128u8).map(char::from).filter(|c| super::super::pattern::class(name, *c)).collect();
        text = text.replace(&format!("[:{name}:]"), &members.replace('\\', "\\\\").replace('-', "\\055"));
    }
    let bytes = unescape(&text, Octal::Bare).0;
    let mut set = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes.get(at + 1) == Some(&b'-') && bytes.get(at + 2).is_some_and(|end| *end >= bytes[at]) {
            set.extend(bytes[at]..=bytes[at + 2]);
            at += 3;
        } else {
            set.push(bytes[at]);
            at += 1;
        }
    }
    set
}

fn cut(
    line: &[u8],
    delimiter: u8,
    ranges: &[(usize, usize)],
    is_characters: bool,
    only_delimited: bool,
) -> Option<Vec<u8>> {
    let is_wanted = |index: usize| ranges.iter().any(|(from, to)| (*from..=*to).contains(&(index + 1)));
    if is_characters {
        return Some(line.iter().enumerate().filter(|(index, _)| is_wanted(*index)).map(|(_, byte)| *byte).collect());
    }
    if !line.contains(&delimiter) {
        return (!only_delimited).then(|| line.to_vec());
    }
    let fields: Vec<&[u8]> = line.split(|byte| *byte == delimiter).collect();
    let wanted: Vec<&[u8]> =
        fields.iter().enumerate().filter(|(index, _)| is_wanted(*index)).map(|(_, field)| *field).collect();
    Some(wanted.join(&delimiter))
}

fn ranges(text: &str) -> Vec<(usize, usize)> {
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let to = if to.is_empty() { usize::MAX } else { to.parse().unwrap_or(0) };
        (from.parse().unwrap_or(1), to)
    };
    text.split(',').map(range).collect()
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_encode(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in data.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let letter = BASE64[(bits >> (18 - 6 * index) & 63) as usize];
            out.push(if index <= chunk.len() { letter } else { b'=' });
        }
    }
    let mut lines: Vec<u8> = out.chunks(76).flat_map(|line| line.iter().copied().chain([b'\n'])).collect();
    if lines.is_empty() {
        lines.clear();
    }
    lines
}

fn base64_decode(data: &[u8]) -> Vec<u8> {
    let values: Vec<u32> = data
        .iter()
        .filter_map(|byte| BASE64.iter().position(|letter| letter == byte))
        .map(|value| value as u32)
        .collect();
    let mut out = Vec::new();
    for chunk in values.chunks(4) {
        let bits = chunk.iter().fold(0, |bits, value| bits << 6 | value) << (6 * (4 - chunk.len()));
        out.extend(bits.to_be_bytes()[1..].iter().take(chunk.len() * 6 / 8));
    }
    out
}

/// `tail -f`: waits for its files to grow.
#[derive(Clone, Debug)]
pub(super) struct Follow {
    files: Vec<(String, u64)>,
}

impl Follow {
    pub fn step(&mut self, context: &mut Context<'_>) -> Run {
        for (path, seen) in &mut self.files {
            let Ok(data) = context.stat(path, super::super::world::Links::Follow) else { continue };
            if data.size < *seen {
                *seen = 0;
            }
            while *seen < data.size {
                let Ok(bytes) = context.world.read(path, *seen, 1 << 16) else { break };
                if bytes.is_empty() {
                    break;
                }
                *seen += bytes.len() as u64;
                if context.write(1, &bytes).is_err() {
                    return Run::Exit(128 + 13);
                }
            }
        }
        let paths: Vec<String> =
            self.files.iter().map(|(path, _)| path.clone()).filter(|path| !path.starts_with("/dev/")).collect();
        if paths.is_empty() {
            Run::Block(Wait::Forever)
        } else {
            Run::Block(Wait::Files { paths, changes: context.kernel.changes })
        }
    }
}

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

fn file_arguments(words: &[String]) -> Vec<String> {
    arguments(words).rest
}

/// Starts one of the simple filters.
pub(super) fn start(call: &mut Call<'_, '_>) -> State {
    let Arguments { letters, values, rest } = arguments(call.words);
    let value = |letter: char| values.iter().find(|(name, _)| *name == letter).map(|(_, text)| text.as_str());
    let engine = match base_name(&call.words[0]) {
        "head" => {
            let bytes = value('c').and_then(super::timed::bytes);
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
            Engine::Tail { lines, from, bytes, seen: 0, kept: std::collections::VecDeque::new(), follows }
        }
        "wc" => Engine::Count(Counts { letters, ..Counts::default() }),
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
            return Filter::new(Engine::Translate(Box::new(translate)), Vec::new());
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
            return Filter::new(Engine::Tee(handles), Vec::new());
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
    Filter::new(engine, rest)
}
