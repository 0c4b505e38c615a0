//! `test`, `[` and the tests of `[[`.

use super::context::{Context, absolute};
use super::programs::Call;
use super::world::{FileKind, Links};

/// `test EXPRESSION`, `[ EXPRESSION ]`.
pub(super) fn run(call: &mut Call<'_, '_>) -> i32 {
    let name = call.words[0].clone();
    let mut words = &call.words[1..];
    if name == "[" || name == "[[" {
        match words.split_last() {
            Some((last, rest)) if last == if name == "[" { "]" } else { "]]" } => words = rest,
            _ => {
                call.context.complain("sh: missing ]");
                return 2;
            }
        }
    }
    let mut parser = Parser { words, at: 0, context: call.context, cwd: call.cwd };
    let result = if words.is_empty() { Ok(false) } else { parser.or() };
    let rest = parser.words.get(parser.at).cloned();
    match (result, rest) {
        (Ok(value), None) => i32::from(!value),
        (Ok(_), Some(word)) => {
            call.context.complain(&format!("sh: {word}: unknown operand"));
            2
        }
        (Err(message), _) => {
            call.context.complain(&format!("sh: {message}"));
            2
        }
    }
}

struct Parser<'a, 'b, 'c> {
    words: &'a [String],
    at: usize,
    context: &'b mut Context<'c>,
    cwd: &'a str,
}

impl Parser<'_, '_, '_> {
    fn take(&mut self, word: &str) -> bool {
        let is = self.words.get(self.at).is_some_and(|next| next == word);
        self.at += usize::from(is);
        is
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut value = self.and()?;
        while self.take("-o") || self.take("||") {
            value |= self.and()?;
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut value = self.not()?;
        while self.take("-a") || self.take("&&") {
            value &= self.not()?;
        }
        Ok(value)
    }

    fn not(&mut self) -> Result<bool, String> {
        let mut is_negated = false;
        while self.words.len() > self.at + 1 && self.words[self.at] == "!" && !self.is_binary(self.at) {
            self.at += 1;
            is_negated = !is_negated;
        }
        Ok(self.primary()? != is_negated)
    }

    fn is_binary(&self, at: usize) -> bool {
        self.words.len() > at + 2 && is_binary_operator(&self.words[at + 1])
    }

    fn primary(&mut self) -> Result<bool, String> {
        let Some(first) = self.words.get(self.at).cloned() else { return Err("argument expected".to_owned()) };
        if self.is_binary(self.at) {
            let (operator, right) = (self.words[self.at + 1].clone(), self.words[self.at + 2].clone());
            self.at += 3;
            return binary(self.context, self.cwd, &operator, &first, &right);
        }
        if first == "(" {
            self.at += 1;
            // As many brackets as words: the depth is bounded by the command line.
            let value = if self.at > 200 { Err("too deeply nested".to_owned()) } else { self.or() }?;
            return if self.take(")") { Ok(value) } else { Err("closing paren expected".to_owned()) };
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
) -> Result<bool, String> {
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
                ("-nt", Ok(left), Ok(right)) => left.modified > right.modified,
                ("-ot", Ok(left), Ok(right)) => left.modified < right.modified,
                _ => false,
            }
        }
        _ => {
            let number = |text: &str| text.trim().parse::<i64>().map_err(|_| format!("{text}: bad number"));
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
