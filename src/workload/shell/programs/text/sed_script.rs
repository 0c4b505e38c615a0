//! The script of sed: text → commands in one list, blocks and labels as places in it.

use regex::Regex;

use super::grep::{basic_to_extended, extended};

#[derive(Clone, Debug)]
pub(super) enum Address {
    Line(usize),
    /// `first~step`
    Step(usize, usize),
    /// `+N`, behind a first address.
    More(usize),
    Last,
    Match(Regex),
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    Substitute {
        pattern: Regex,
        replacement: String,
        all: bool,
        nth: usize,
        prints: bool,
    },
    Delete,
    DeleteFirst,
    Print,
    PrintFirst,
    /// `q`, and `Q` which prints nothing any more; with a status.
    Quit {
        is_silent: bool,
        status: i32,
    },
    LineNumber,
    Append(String),
    Insert(String),
    Change(String),
    Transliterate(Vec<(char, char)>),
    Next,
    NextAppended,
    Hold,
    HoldAppended,
    Get,
    GetAppended,
    Exchange,
    /// Where it does not apply, the block ends there.
    Block(usize),
    /// To a place, the end without one; `t` only after a substitution.
    Branch {
        to: Option<usize>,
        if_changed: bool,
    },
    Nothing,
}

#[derive(Clone, Debug)]
pub(super) struct Command {
    pub from: Option<Address>,
    pub to: Option<Address>,
    pub is_negated: bool,
    pub action: Action,
    /// The line at which its range ends, while it is open.
    pub open_until: Option<usize>,
    /// Is its range open?
    pub is_open: bool,
}

/// Why a script is none: as busybox says it, and as GNU does.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub busybox: String,
    pub gnu: String,
}

struct Parser<'a> {
    script: &'a str,
    rest: &'a str,
    is_extended: bool,
}

/// Reads a script.
pub(super) fn parse(script: &str, is_extended: bool) -> Result<Vec<Command>, Wrong> {
    let mut parser = Parser { script, rest: script, is_extended };
    let (mut commands, mut blocks, mut labels, mut jumps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    loop {
        parser.rest = parser.rest.trim_start_matches([' ', ';', '\n', '\t']);
        if parser.rest.is_empty() {
            break;
        }
        if parser.rest.starts_with('#') {
            parser.rest = parser.rest.find('\n').map_or("", |end| &parser.rest[end..]);
            continue;
        }
        if let Some(rest) = parser.rest.strip_prefix('}') {
            parser.rest = rest;
            let Some(start) = blocks.pop() else {
                return Err(parser.wrong("unexpected `}'"));
            };
            let end = commands.len();
            if let Some(Command { action: Action::Block(to), .. }) = commands.get_mut(start) {
                *to = end;
            }
            continue;
        }
        let (from, to, is_negated) = parser.addresses()?;
        let Some(letter) = parser.rest.chars().next() else { return Err(parser.wrong("missing command")) };
        parser.rest = &parser.rest[letter.len_utf8()..];
        let action = match letter {
            '{' => {
                blocks.push(commands.len());
                Action::Block(0)
            }
            ':' => {
                labels.push((parser.word(), commands.len()));
                Action::Nothing
            }
            'b' | 't' => {
                jumps.push((commands.len(), parser.word()));
                Action::Branch { to: None, if_changed: letter == 't' }
            }
            other => parser.action(other)?,
        };
        commands.push(Command { from, to, is_negated, action, open_until: None, is_open: false });
    }
    if !blocks.is_empty() {
        let gnu = "-e expression #1, char 0: unmatched `{'".to_owned();
        return Err(Wrong { busybox: "unterminated {".to_owned(), gnu });
    }
    let end = commands.len();
    for (at, label) in jumps {
        let place = labels.iter().find(|(name, _)| *name == label).map(|(_, place)| *place);
        if !label.is_empty() && place.is_none() {
            let busybox = format!("can't find label for jump to '{label}'");
            let gnu = format!("-e expression #1, char {}: can't find label for jump to `{label}'", script.len());
            return Err(Wrong { busybox, gnu });
        }
        if let Some(Command { action: Action::Branch { to, .. }, .. }) = commands.get_mut(at) {
            *to = Some(place.unwrap_or(end));
        }
    }
    Ok(commands)
}

impl<'a> Parser<'a> {
    fn wrong(&self, why: &str) -> Wrong {
        let at = self.script.len() - self.rest.len();
        Wrong { busybox: why.to_owned(), gnu: format!("-e expression #1, char {at}: {why}") }
    }

    /// A label.
    fn word(&mut self) -> String {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        let end = rest.find([';', '\n', '}', ' ']).unwrap_or(rest.len());
        let word = rest[..end].to_owned();
        self.rest = &rest[end..];
        word
    }

    fn addresses(&mut self) -> Result<(Option<Address>, Option<Address>, bool), Wrong> {
        let from = self.address()?;
        let mut to = None;
        if from.is_some() {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest.trim_start();
                to = self.address()?;
                if to.is_none() {
                    return Err(self.wrong("unexpected `,'"));
                }
            }
        }
        self.rest = self.rest.trim_start();
        let is_negated = self.rest.starts_with('!');
        self.rest = self.rest.trim_start_matches(['!', ' ']);
        Ok((from, to, is_negated))
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest[..digits].parse().ok()?;
        self.rest = &self.rest[digits..];
        Some(number)
    }

    fn address(&mut self) -> Result<Option<Address>, Wrong> {
        if let Some(rest) = self.rest.strip_prefix('$') {
            self.rest = rest;
            return Ok(Some(Address::Last));
        }
        let custom = self.rest.strip_prefix('\\').and_then(|rest| rest.chars().next());
        if self.rest.starts_with('/') || custom.is_some() {
            let delimiter = custom.unwrap_or('/');
            self.rest = &self.rest[usize::from(custom.is_some()) + delimiter.len_utf8()..];
            let pattern = self.delimited(delimiter, "unterminated address regex")?;
            let ignores_case = self.rest.starts_with('I');
            self.rest = self.rest.strip_prefix('I').unwrap_or(self.rest);
            return Ok(Some(Address::Match(self.compile(&pattern, ignores_case)?)));
        }
        if let Some(rest) = self.rest.strip_prefix('+') {
            self.rest = rest;
            return Ok(self.number().map(Address::More));
        }
        let Some(first) = self.number() else { return Ok(None) };
        if let Some(rest) = self.rest.strip_prefix('~') {
            self.rest = rest;
            return Ok(Some(Address::Step(first, self.number().unwrap_or(0))));
        }
        Ok(Some(Address::Line(first)))
    }

    fn compile(&self, pattern: &str, ignores_case: bool) -> Result<Regex, Wrong> {
        let text = if self.is_extended { extended(pattern) } else { basic_to_extended(pattern) };
        let text = if ignores_case { format!("(?i){text}") } else { text };
        Regex::new(&text).map_err(|_| self.wrong(&format!("bad regex '{pattern}'")))
    }

    /// Text up to the delimiter, which a backslash makes ordinary.
    fn delimited(&mut self, delimiter: char, why: &str) -> Result<String, Wrong> {
        let mut out = String::new();
        let mut is_in_brackets = false;
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            if character == delimiter && !is_in_brackets {
                self.rest = &self.rest[at + character.len_utf8()..];
                return Ok(out);
            }
            match character {
                '[' => is_in_brackets = true,
                ']' => is_in_brackets = false,
                _ => {}
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
        let gnu = format!("-e expression #1, char {}: {why}", self.script.len());
        Err(Wrong { busybox: format!("unmatched '{delimiter}'"), gnu })
    }

    fn action(&mut self, letter: char) -> Result<Action, Wrong> {
        Ok(match letter {
            'd' => Action::Delete,
            'D' => Action::DeleteFirst,
            'p' => Action::Print,
            'P' => Action::PrintFirst,
            'n' => Action::Next,
            'N' => Action::NextAppended,
            'h' => Action::Hold,
            'H' => Action::HoldAppended,
            'g' => Action::Get,
            'G' => Action::GetAppended,
            'x' => Action::Exchange,
            '=' => Action::LineNumber,
            'q' | 'Q' => {
                self.rest = self.rest.trim_start_matches(' ');
                let status = self.number().and_then(|number| i32::try_from(number).ok()).unwrap_or(0);
                Action::Quit { is_silent: letter == 'Q', status }
            }
            's' | 'y' => return self.replacing(letter),
            'a' | 'i' | 'c' => {
                let mut end = 0;
                let bytes = self.rest.as_bytes();
                while end < bytes.len() && bytes[end] != b'\n' {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                let end = end.min(bytes.len());
                let text = self.rest[..end].trim_start_matches([' ', '\t']);
                let text = text.strip_prefix('\\').map_or(text, |rest| rest.strip_prefix('\n').unwrap_or(rest));
                let text = text.replace("\\\n", "\n").replace("\\t", "\t");
                self.rest = &self.rest[end..];
                match letter {
                    'a' => Action::Append(text),
                    'i' => Action::Insert(text),
                    _ => Action::Change(text),
                }
            }
            other => {
                let busybox = format!("unsupported command {other}");
                let at = self.script.len() - self.rest.len();
                let gnu = format!("-e expression #1, char {at}: unknown command: `{other}'");
                return Err(Wrong { busybox, gnu });
            }
        })
    }

    fn replacing(&mut self, letter: char) -> Result<Action, Wrong> {
        let why = format!("unterminated `{letter}' command");
        let Some(delimiter) = self.rest.chars().next() else { return Err(self.wrong(&why)) };
        self.rest = &self.rest[delimiter.len_utf8()..];
        let pattern = self.delimited(delimiter, &why)?;
        let replacement = self.delimited(delimiter, &why)?;
        if letter == 'y' {
            return Ok(Action::Transliterate(pattern.chars().zip(replacement.chars()).collect()));
        }
        let end = self.rest.find([';', '\n', ' ', '}']).unwrap_or(self.rest.len());
        let (flags, after): (&'a str, &'a str) = self.rest.split_at(end);
        self.rest = after;
        let pattern = self.compile(&pattern, flags.contains(['i', 'I']))?;
        let nth = flags.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(1);
        let (all, prints) = (flags.contains('g'), flags.contains('p'));
        Ok(Action::Substitute { pattern, replacement, all, nth, prints })
    }
}
