//! sed in its common forms: `s///gpI`, `d`, `p`, `q`, `a i c`, `y`, addresses by line, `$`, `/re/` and ranges;
//! `-n`, `-e`, `-E`/`-r`, `-i`.

use regex::Regex;

use super::super::super::world::WriteAt;
use super::super::{Call, State};
use super::Filter;
use super::engine::Engine;
use super::grep::{basic_to_extended, extended};

#[derive(Clone, Debug)]
enum Address {
    Line(usize),
    Last,
    Match(Regex),
}

#[derive(Clone, Debug)]
enum Action {
    Substitute { pattern: Regex, replacement: String, all: bool, nth: usize, prints: bool },
    Delete,
    Print,
    Quit,
    LineNumber,
    Append(String),
    Insert(String),
    Change(String),
    Transliterate(Vec<(char, char)>),
}

#[derive(Clone, Debug)]
struct Command {
    from: Option<Address>,
    to: Option<Address>,
    is_negated: bool,
    action: Action,
    /// Inside its range.
    is_open: bool,
}

/// State of a running sed.
#[derive(Clone, Debug)]
pub(super) struct Sed {
    commands: Vec<Command>,
    is_quiet: bool,
    number: usize,
    /// The line before the last is held back, so that `$` is known.
    held: Option<String>,
    has_quit: bool,
}

pub(in super::super) fn start(call: &mut Call<'_, '_>) -> State {
    let (mut scripts, mut files) = (Vec::new(), Vec::new());
    let (mut is_quiet, mut is_extended, mut in_place) = (false, false, false);
    let mut words = call.words[1..].iter();
    let mut has_script = false;
    while let Some(word) = words.next() {
        match word.as_str() {
            "-e" => {
                scripts.extend(words.next().cloned());
                has_script = true;
            }
            options if options.starts_with('-') && options.len() > 1 => {
                is_quiet |= options.contains('n');
                is_extended |= options.contains(['E', 'r']);
                in_place |= options.contains('i');
            }
            script if !has_script => {
                scripts.push(script.to_owned());
                has_script = true;
            }
            file => files.push(file.to_owned()),
        }
    }
    let commands = match parse(&scripts.join("\n"), is_extended) {
        Ok(commands) => commands,
        Err(message) => return State::Done(call.fail(&message)),
    };
    let sed = Sed { commands, is_quiet, number: 0, held: None, has_quit: false };
    if !in_place {
        return Filter::over(Engine::Sed(Box::new(sed)), files);
    }
    let mut status = 0;
    for file in files {
        let path = call.path(&file);
        let mut sed = sed.clone();
        let mut out = Vec::new();
        let now = call.context.now;
        let result = call.context.read_file(&path).and_then(|bytes| {
            for line in String::from_utf8_lossy(&bytes).lines() {
                sed.line(line.as_bytes(), &mut out);
            }
            sed.end(&mut out);
            call.context.changed();
            call.context.world.truncate(&path, 0, now)?;
            call.context.world.write(&path, WriteAt::Offset(0), &out, now)
        });
        if let Err(error) = result {
            status = call.fail(&format!("{file}: {error}"));
        }
    }
    State::Done(status)
}

fn parse(script: &str, is_extended: bool) -> Result<Vec<Command>, String> {
    let mut commands = Vec::new();
    let mut rest = script.trim_start_matches([' ', ';', '\n', '\t']);
    while !rest.is_empty() {
        let mut from = None;
        let mut to = None;
        if let Some((address, after)) = parse_address(rest, is_extended)? {
            (from, rest) = (Some(address), after.trim_start());
            if let Some(after) = rest.strip_prefix(',') {
                let (address, after) =
                    parse_address(after.trim_start(), is_extended)?.ok_or("no address after comma")?;
                (to, rest) = (Some(address), after.trim_start());
            }
        }
        let is_negated = rest.starts_with('!');
        rest = rest.trim_start_matches(['!', ' ']);
        let letter = rest.chars().next().ok_or("missing command")?;
        rest = &rest[letter.len_utf8()..];
        let action;
        (action, rest) = parse_action(letter, rest, is_extended)?;
        commands.push(Command { from, to, is_negated, action, is_open: false });
        rest = rest.trim_start_matches([' ', ';', '\n', '\t', '}']);
    }
    Ok(commands)
}

fn compile(pattern: &str, is_extended: bool, ignores_case: bool) -> Result<Regex, String> {
    let text = if is_extended { extended(pattern) } else { basic_to_extended(pattern) };
    let text = if ignores_case { format!("(?i){text}") } else { text };
    Regex::new(&text).map_err(|_| format!("bad regex '{pattern}'"))
}

fn parse_address(text: &str, is_extended: bool) -> Result<Option<(Address, &str)>, String> {
    if let Some(rest) = text.strip_prefix('$') {
        return Ok(Some((Address::Last, rest)));
    }
    if let Some(rest) = text.strip_prefix('/') {
        let (pattern, rest) = delimited(rest, '/')?;
        return Ok(Some((Address::Match(compile(&pattern, is_extended, false)?), rest)));
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Ok(None);
    }
    let line = text[..digits].parse().map_err(|_| "bad line number")?;
    Ok(Some((Address::Line(line), &text[digits..])))
}

/// Text up to the delimiter, which a backslash makes ordinary.
fn delimited(text: &str, delimiter: char) -> Result<(String, &str), String> {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == delimiter {
            return Ok((out, &text[at + character.len_utf8()..]));
        }
        out.push(character);
        if character == '\\'
            && let Some((_, next)) = characters.next()
        {
            let is_newline = next == 'n' && delimiter != 'n';
            if next == delimiter || is_newline {
                out.pop();
            }
            out.push(if is_newline { '\n' } else { next });
        }
    }
    Err("unterminated command".to_owned())
}

fn parse_action(letter: char, rest: &str, is_extended: bool) -> Result<(Action, &str), String> {
    Ok(match letter {
        'd' => (Action::Delete, rest),
        'p' => (Action::Print, rest),
        'q' => (Action::Quit, rest),
        '=' => (Action::LineNumber, rest),
        's' | 'y' => {
            let delimiter = rest.chars().next().ok_or("unterminated command")?;
            let (pattern, after) = delimited(&rest[delimiter.len_utf8()..], delimiter)?;
            let (replacement, after) = delimited(after, delimiter)?;
            if letter == 'y' {
                return Ok((Action::Transliterate(pattern.chars().zip(replacement.chars()).collect()), after));
            }
            let flags = after.find([';', '\n', ' ', '}']).unwrap_or(after.len());
            let (flags, after) = after.split_at(flags);
            let pattern = compile(&pattern, is_extended, flags.contains(['i', 'I']))?;
            let nth = flags.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(1);
            (
                Action::Substitute { pattern, replacement, all: flags.contains('g'), nth, prints: flags.contains('p') },
                after,
            )
        }
        'a' | 'i' | 'c' => {
            let end = rest.find('\n').unwrap_or(rest.len());
            let text = rest[..end].trim_start().trim_start_matches('\\').to_owned();
            let action = match letter {
                'a' => Action::Append(text),
                'i' => Action::Insert(text),
                _ => Action::Change(text),
            };
            (action, &rest[end..])
        }
        other => return Err(format!("unsupported command {other}")),
    })
}

impl Sed {
    /// One more line; true where it has quit.
    pub fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        let next = String::from_utf8_lossy(line).into_owned();
        if let Some(held) = self.held.replace(next) {
            self.work(held, false, out);
        }
        self.has_quit
    }

    pub fn end(&mut self, out: &mut Vec<u8>) -> i32 {
        if let Some(held) = self.held.take().filter(|_| !self.has_quit) {
            self.work(held, true, out);
        }
        0
    }

    fn work(&mut self, line: String, is_last: bool, out: &mut Vec<u8>) {
        self.number += 1;
        let (mut line, number) = (line, self.number);
        let mut behind = Vec::new();
        let mut is_deleted = false;
        for command in &mut self.commands {
            if command.applies(&line, number, is_last) == command.is_negated {
                continue;
            }
            match &command.action {
                Action::Substitute { pattern, replacement, all, nth, prints } => {
                    if let Some(changed) = substitute(&line, pattern, replacement, *all, *nth) {
                        line = changed;
                        if *prints {
                            out.extend(format!("{line}\n").bytes());
                        }
                    }
                }
                Action::Print => out.extend(format!("{line}\n").bytes()),
                Action::LineNumber => out.extend(format!("{number}\n").bytes()),
                Action::Insert(text) => out.extend(format!("{text}\n").bytes()),
                Action::Append(text) => behind.extend(format!("{text}\n").bytes()),
                Action::Change(text) => {
                    out.extend(format!("{text}\n").bytes());
                    is_deleted = true;
                    break;
                }
                Action::Transliterate(pairs) => {
                    let map = |c: char| pairs.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to);
                    line = line.chars().map(map).collect();
                }
                Action::Delete => {
                    is_deleted = true;
                    break;
                }
                Action::Quit => {
                    self.has_quit = true;
                    break;
                }
            }
        }
        if !self.is_quiet && !is_deleted {
            out.extend(format!("{line}\n").bytes());
        }
        out.extend(behind);
    }
}

impl Command {
    fn applies(&mut self, line: &str, number: usize, is_last: bool) -> bool {
        let is_at = |address: &Address| match address {
            Address::Line(wanted) => *wanted == number,
            Address::Last => is_last,
            Address::Match(pattern) => pattern.is_match(line),
        };
        let Some(from) = &self.from else { return true };
        let Some(to) = &self.to else { return is_at(from) };
        if self.is_open {
            self.is_open = !is_at(to);
            return true;
        }
        if is_at(from) {
            self.is_open = !matches!(to, Address::Line(end) if *end <= number);
            return true;
        }
        false
    }
}

/// The line with the match(es) replaced; none where nothing matches.
fn substitute(line: &str, pattern: &Regex, replacement: &str, all: bool, nth: usize) -> Option<String> {
    let (mut out, mut at, mut has_changed) = (String::new(), 0, false);
    for (index, found) in pattern.captures_iter(line).enumerate() {
        if index + 1 < nth {
            continue;
        }
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&line[at..whole.start()]);
        let mut characters = replacement.chars();
        while let Some(character) = characters.next() {
            match character {
                '&' => out.push_str(whole.as_str()),
                '\\' => match characters.next() {
                    Some(digit) if digit.is_ascii_digit() => {
                        let group = digit as usize - '0' as usize;
                        out.push_str(found.get(group).map_or("", |group| group.as_str()));
                    }
                    Some('t') => out.push('\t'),
                    other => out.extend(other),
                },
                other => out.push(other),
            }
        }
        (at, has_changed) = (whole.end(), true);
        if !all {
            break;
        }
    }
    out.push_str(&line[at..]);
    has_changed.then_some(out)
}
