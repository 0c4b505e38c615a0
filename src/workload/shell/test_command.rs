//! `test`, `[` and the tests of `[[`.

use crate::engine::SimTime;

use super::code::Dialect;
use super::context::{Context, absolute};
use super::programs::Call;
use super::world::{FileKind, Links};

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// An operand is missing behind this word.
    Missing(String),
    Number(String),
    Parenthesis,
    /// Words are left from this place on.
    Left(usize),
}

/// `test EXPRESSION`, `[ EXPRESSION ]`.
pub(super) fn run(call: &mut Call<'_, '_>) -> i32 {
    let dialect = call.inside.map(|shell| shell.dialect);
    let name = call.words[0].clone();
    let mut words = &call.words[1..];
    if name == "[" || name == "[[" {
        match words.split_last() {
            Some((last, rest)) if last == if name == "[" { "]" } else { "]]" } => words = rest,
            _ => {
                let quoted = dialect == Some(Dialect::Bash);
                call.fail(if quoted { "missing `]'" } else { "missing ]" });
                return 2;
            }
        }
    }
    let is_coarse = !call.is_gnu();
    let mut parser = Parser { words, at: 0, context: call.context, cwd: call.cwd, dialect, is_coarse };
    let result = if words.is_empty() { Ok(false) } else { parser.or() };
    let at = parser.at;
    let wrong = match result {
        Ok(value) if at == words.len() => return i32::from(!value),
        Ok(_) => Wrong::Left(at),
        Err(wrong) => wrong,
    };
    let message = message(&wrong, words, dialect);
    call.fail(&message);
    2
}

fn message(wrong: &Wrong, words: &[String], dialect: Option<Dialect>) -> String {
    let is_missing = matches!(wrong, Wrong::Missing(_));
    match (wrong, dialect) {
        (Wrong::Missing(_) | Wrong::Left(_), Some(Dialect::Bash)) if words.len() == 2 => {
            format!("{}: unary operator expected", words[0])
        }
        (Wrong::Missing(_) | Wrong::Left(_), Some(Dialect::Bash)) if words.len() == 3 && !is_missing => {
            format!("{}: binary operator expected", words[1])
        }
        (Wrong::Left(_), Some(Dialect::Bash)) => "too many arguments".to_owned(),
        (Wrong::Left(at), Some(Dialect::Dash)) => {
            format!("{}: unexpected operator", words.get(at.saturating_sub(1)).map_or("", String::as_str))
        }
        (Wrong::Left(at), _) => format!("{}: unknown operand", words.get(*at).map_or("", String::as_str)),
        (Wrong::Missing(word), _) if word.is_empty() => "argument expected".to_owned(),
        (Wrong::Missing(word), _) => format!("{word}: argument expected"),
        (Wrong::Number(word), Some(Dialect::Dash)) => format!("Illegal number: {word}"),
        (Wrong::Number(word), Some(Dialect::Bash)) => format!("{word}: integer expression expected"),
        (Wrong::Number(word), _) => format!("{word}: bad number"),
        (Wrong::Parenthesis, _) => "closing paren expected".to_owned(),
    }
}

struct Parser<'a, 'b, 'c> {
    words: &'a [String],
    at: usize,
    context: &'b mut Context<'c>,
    cwd: &'a str,
    dialect: Option<Dialect>,
    /// Does it compare the times of files by whole seconds?
    is_coarse: bool,
}

impl Parser<'_, '_, '_> {
    fn take(&mut self, word: &str) -> bool {
        let is = self.words.get(self.at).is_some_and(|next| next == word);
        self.at += usize::from(is);
        is
    }

    fn or(&mut self) -> Result<bool, Wrong> {
        let mut value = self.and()?;
        while self.take("-o") || self.take("||") {
            value |= self.and()?;
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<bool, Wrong> {
        let mut value = self.not()?;
        while self.take("-a") || self.take("&&") {
            value &= self.not()?;
        }
        Ok(value)
    }

    fn not(&mut self) -> Result<bool, Wrong> {
        let mut is_negated = false;
        while self.words.len() > self.at + 1 && self.words[self.at] == "!" && !self.is_binary(self.at) {
            self.at += 1;
            is_negated = !is_negated;
        }
        Ok(self.primary()? != is_negated)
    }

    fn is_binary(&self, at: usize) -> bool {
        self.words.len() > at + 2 && self.is_operator(&self.words[at + 1])
    }

    fn is_operator(&self, word: &str) -> bool {
        is_binary_operator(word) && !(word == "==" && self.dialect == Some(Dialect::Dash))
    }

    fn primary(&mut self) -> Result<bool, Wrong> {
        let Some(first) = self.words.get(self.at).cloned() else {
            let before = self.at.checked_sub(1).and_then(|at| self.words.get(at));
            return Err(Wrong::Missing(before.cloned().unwrap_or_default()));
        };
        if self.is_binary(self.at) {
            let (operator, right) = (self.words[self.at + 1].clone(), self.words[self.at + 2].clone());
            self.at += 3;
            return binary(self.context, self.cwd, &operator, &first, &right, self.is_coarse);
        }
        if self.words.len() == self.at + 2 && self.is_operator(&self.words[self.at + 1]) && !is_unary_operator(&first) {
            return Err(Wrong::Missing(self.words[self.at + 1].clone()));
        }
        if first == "(" {
            self.at += 1;
            // As many brackets as words: the depth is bounded by the command line.
            let value = if self.at > 200 { Err(Wrong::Parenthesis) } else { self.or() }?;
            return if self.take(")") { Ok(value) } else { Err(Wrong::Parenthesis) };
        }
        if is_unary_operator(&first) && self.words.len() > self.at + 1 {
            let operand = self.words[self.at + 1].clone();
            self.at += 2;
            return Ok(unary(self.context, self.cwd, &first, &operand));
        }
        self.at += 1;
        Ok(!first.is_empty())
    }
}

fn is_unary_operator(word: &str) -> bool {
    let mut letters = word.strip_prefix('-').unwrap_or_default().chars();
    letters.next().is_some_and(|letter| "bcdefghkLnOpGrsStuwxzN".contains(letter)) && letters.next().is_none()
}

fn is_binary_operator(word: &str) -> bool {
    matches!(
        word,
        "=" | "==" | "!=" | "<" | ">" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot" | "-ef"
    )
}

/// `-f path`, `-n text`, …
pub(super) fn unary(context: &mut Context<'_>, cwd: &str, operator: &str, operand: &str) -> bool {
    match operator {
        "-n" => return !operand.is_empty(),
        "-z" => return operand.is_empty(),
        "-t" => return false,
        _ => {}
    }
    if operand.is_empty() {
        return false;
    }
    let links = if matches!(operator, "-L" | "-h") { Links::Keep } else { Links::Follow };
    let Ok(data) = context.stat(&absolute(cwd, operand), links) else { return false };
    match operator {
        "-f" => data.kind == FileKind::File,
        "-d" => data.kind == FileKind::Directory,
        "-L" | "-h" => data.kind == FileKind::Symlink,
        "-c" => data.kind == FileKind::Device,
        "-s" => data.size > 0,
        "-x" => data.mode & 0o111 != 0,
        "-r" => data.mode & 0o444 != 0,
        "-w" => data.mode & 0o222 != 0,
        "-e" | "-O" | "-G" => true,
        _ => false,
    }
}

/// `a = b`, `1 -lt 2`, `x -nt y`, …
pub(super) fn binary(
    context: &mut Context<'_>,
    cwd: &str,
    operator: &str,
    left: &str,
    right: &str,
    is_coarse: bool,
) -> Result<bool, Wrong> {
    Ok(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-nt" | "-ot" | "-ef" => {
            let left_data = context.stat(&absolute(cwd, left), Links::Follow);
            let right_data = context.stat(&absolute(cwd, right), Links::Follow);
            match (operator, left_data, right_data) {
                ("-ef", Ok(_), Ok(_)) => absolute(cwd, left) == absolute(cwd, right),
                ("-nt" | "-ot", Ok(left), Ok(right)) => {
                    let time = |at: SimTime| if is_coarse { at.as_secs() } else { at.0 };
                    let order = time(left.modified).cmp(&time(right.modified));
                    if operator == "-nt" { order.is_gt() } else { order.is_lt() }
                }
                _ => false,
            }
        }
        _ => {
            let number = |text: &str| text.trim().parse::<i64>().map_err(|_| Wrong::Number(text.to_owned()));
            compare(operator, number(left)?, number(right)?)
        }
    })
}

/// `-eq` and the like.
pub(super) fn compare(operator: &str, left: i64, right: i64) -> bool {
    match operator {
        "-eq" => left == right,
        "-ne" => left != right,
        "-lt" => left < right,
        "-le" => left <= right,
        "-gt" => left > right,
        _ => left >= right,
    }
}
