//! sed: commands run over lines. `-n`, `-e`, `-f`, `-E`/`-r`, `-i`; the script is read in `sed_script`.

use regex::Regex;

use super::super::super::world::WriteAt;
use super::super::{Call, State, usage};
use super::Filter;
use super::engine::Engine;
use super::sed_script::{Action, Address, Command, parse};

/// Commands run for one line, at most: a script that branches in a circle never ends.
const STEPS_MAX: u32 = 100_000;

/// State of a running sed.
#[derive(Clone, Debug, Default)]
pub(super) struct Sed {
    commands: Vec<Command>,
    is_quiet: bool,
    number: usize,
    /// The line before the last is held back, so that `$` is known.
    held: Option<String>,
    /// The pattern space, and the hold space.
    pattern: String,
    hold: String,
    /// What `a` adds behind the line.
    behind: Vec<u8>,
    /// It waits at this place for the next line: appended to the pattern space or in its stead.
    waits: Option<(usize, bool)>,
    has_changed: bool,
    has_quit: bool,
    status: i32,
}

pub(in super::super) fn start(call: &mut Call<'_, '_>) -> State {
    let (mut scripts, mut files) = (Vec::new(), Vec::new());
    let (mut is_quiet, mut is_extended, mut in_place) = (false, false, false);
    let all = call.words.to_vec();
    let mut words = all[1..].iter();
    let mut has_script = false;
    while let Some(word) = words.next() {
        match word.as_str() {
            "-e" | "--expression" => {
                scripts.extend(words.next().cloned());
                has_script = true;
            }
            "-f" | "--file" => {
                let Some(file) = words.next() else { continue };
                let path = call.path(file);
                match call.context.read_file(&path) {
                    Ok(text) => scripts.push(String::from_utf8_lossy(&text).trim_end_matches('\n').to_owned()),
                    Err(error) => {
                        let gnu = format!("couldn't open file {file}: {error}");
                        return State::Done(call.fail_as(&format!("{file}: {error}"), &gnu));
                    }
                }
                has_script = true;
            }
            "--in-place" => in_place = true,
            "--quiet" | "--silent" => is_quiet = true,
            "--regexp-extended" => is_extended = true,
            options if options.starts_with('-') && options.len() > 1 => {
                let inline = options.strip_prefix("-i").is_some();
                is_quiet |= options.contains('n') && !inline;
                is_extended |= options.contains(['E', 'r']);
                in_place |= options.contains('i');
                if options.ends_with('e') {
                    scripts.extend(words.next().cloned());
                    has_script = true;
                }
            }
            script if !has_script => {
                scripts.push(script.to_owned());
                has_script = true;
            }
            file => files.push(file.to_owned()),
        }
    }
    if !has_script {
        return State::Done(if call.is_gnu() {
            call.context.complain("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...");
            1
        } else {
            usage::wrong(call)
        });
    }
    let commands = match parse(&scripts.join("\n"), is_extended) {
        Ok(commands) => commands,
        Err(wrong) => return State::Done(call.fail_as(&wrong.busybox, &wrong.gnu)),
    };
    let sed = Sed { commands, is_quiet, ..Sed::default() };
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
            let gnu = format!("can't read {file}: {error}");
            status = call.fail_as(&format!("{file}: {error}"), &gnu);
            if call.is_gnu() {
                status = 2;
            }
        }
    }
    State::Done(status)
}

/// What follows the last command of a line.
enum Then {
    Ends,
    /// Without printing.
    Deleted,
    /// The commands again, over what is left.
    Again,
    Waits,
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
        self.status
    }

    fn work(&mut self, line: String, is_last: bool, out: &mut Vec<u8>) {
        self.number += 1;
        let mut place = 0;
        match self.waits.take() {
            Some((at, true)) => {
                self.pattern.push('\n');
                self.pattern.push_str(&line);
                place = at;
            }
            Some((at, false)) => (self.pattern, place) = (line, at),
            None => (self.pattern, self.has_changed) = (line, false),
        }
        let mut commands = std::mem::take(&mut self.commands);
        loop {
            let then = self.run(&mut commands, place, is_last, out);
            if matches!(then, Then::Ends) && !self.is_quiet {
                put(&self.pattern, out);
            }
            out.append(&mut self.behind);
            if !matches!(then, Then::Again) {
                break;
            }
            place = 0;
        }
        self.commands = commands;
    }

    fn run(&mut self, commands: &mut [Command], place: usize, is_last: bool, out: &mut Vec<u8>) -> Then {
        let mut at = place;
        for _ in 0..STEPS_MAX {
            let Some(command) = commands.get_mut(at) else { return Then::Ends };
            at += 1;
            let applies = command.applies(&self.pattern, self.number, is_last) != command.is_negated;
            if let Action::Block(end) = &command.action {
                if !applies {
                    at = *end;
                }
                continue;
            }
            if !applies {
                continue;
            }
            let is_range_open = command.is_open;
            match &command.action {
                Action::Substitute { pattern, replacement, all, nth, prints } => {
                    if let Some(changed) = substitute(&self.pattern, pattern, replacement, *all, *nth) {
                        (self.pattern, self.has_changed) = (changed, true);
                        if *prints {
                            put(&self.pattern, out);
                        }
                    }
                }
                Action::Print => put(&self.pattern, out),
                Action::PrintFirst => put(self.pattern.split('\n').next().unwrap_or_default(), out),
                Action::LineNumber => put(&self.number.to_string(), out),
                Action::Insert(text) => put(text, out),
                Action::Append(text) => put(text, &mut self.behind),
                Action::Change(text) => {
                    // Of a range, once at its end.
                    if command.to.is_none() || !is_range_open {
                        put(text, out);
                    }
                    return Then::Deleted;
                }
                Action::Transliterate(pairs) => {
                    let map = |c: char| pairs.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to);
                    self.pattern = self.pattern.chars().map(map).collect();
                }
                Action::Delete => return Then::Deleted,
                Action::DeleteFirst => match self.pattern.split_once('\n') {
                    Some((_, rest)) => {
                        self.pattern = rest.to_owned();
                        return Then::Again;
                    }
                    None => return Then::Deleted,
                },
                Action::Next | Action::NextAppended => {
                    let appends = matches!(command.action, Action::NextAppended);
                    if is_last {
                        self.has_quit = true;
                        return Then::Ends;
                    }
                    if !appends && !self.is_quiet {
                        put(&self.pattern, out);
                    }
                    self.waits = Some((at, appends));
                    return Then::Waits;
                }
                Action::Hold => self.hold.clone_from(&self.pattern),
                Action::HoldAppended => {
                    self.hold.push('\n');
                    self.hold.push_str(&self.pattern);
                }
                Action::Get => self.pattern.clone_from(&self.hold),
                Action::GetAppended => {
                    self.pattern.push('\n');
                    self.pattern.push_str(&self.hold);
                }
                Action::Exchange => std::mem::swap(&mut self.pattern, &mut self.hold),
                Action::Branch { to, if_changed } => {
                    if !*if_changed || std::mem::take(&mut self.has_changed) {
                        at = to.unwrap_or(usize::MAX);
                    }
                }
                Action::Quit { is_silent, status } => {
                    (self.has_quit, self.status) = (true, *status);
                    return if *is_silent { Then::Deleted } else { Then::Ends };
                }
                Action::Block(_) | Action::Nothing => {}
            }
        }
        Then::Ends
    }
}

fn put(text: &str, out: &mut Vec<u8>) {
    out.extend(text.bytes().chain([b'\n']));
}

impl Command {
    fn applies(&mut self, line: &str, number: usize, is_last: bool) -> bool {
        let is_at = |address: &Address| match address {
            Address::Line(wanted) => *wanted == number,
            Address::Step(first, 0) => *first == number,
            Address::Step(first, step) => number >= *first && (number - first).is_multiple_of(*step),
            Address::More(_) => false,
            Address::Last => is_last,
            Address::Match(pattern) => pattern.is_match(line),
        };
        let Some(from) = &self.from else { return true };
        let Some(to) = &self.to else { return is_at(from) };
        if self.is_open {
            let ends = self.open_until.map_or_else(|| is_at(to), |end| number >= end);
            self.is_open = !ends;
            // A range that ended before this line began in vain: it was one line long.
            return self.open_until.is_none_or(|end| number <= end);
        }
        if is_at(from) {
            self.open_until = match to {
                Address::Line(end) => Some(*end),
                Address::More(count) => Some(number + count),
                Address::Step(_, step) if *step > 0 => Some(number.div_ceil(*step) * step),
                _ => None,
            };
            self.is_open = self.open_until.is_none_or(|end| end > number);
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
