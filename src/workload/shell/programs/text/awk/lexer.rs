//! awk text → tokens. The one hard question, whether `/` divides or begins a regular expression, is answered by the
//! token before it.

use super::super::super::super::escapes::{Octal, unescape};
use super::syntax::{AwkError, Result};

/// Tokens of a program at most: what is built of them is walked recursively.
const TOKENS_MAX: usize = 2000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    Regex(String),
    Name(String),
    Symbol(&'static str),
    Newline,
    End,
}

/// Longer ones first.
const SYMBOLS: [&str; 44] = [
    "**=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "==", "<=", ">=", "!=", "!~", ">>", "{",
    "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", ">", "<", "|", "?", ":", "~", "$", "=", "&",
    "@", "`",
];

/// Reads a whole program.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if tokens.len() > TOKENS_MAX {
            return Err(AwkError::TooLong);
        }
        let token;
        (token, rest) = match first {
            ' ' | '\t' | '\r' => {
                rest = &rest[1..];
                continue;
            }
            '\\' if rest[1..].starts_with('\n') => {
                rest = &rest[2..];
                continue;
            }
            '#' => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            '\n' => (Token::Newline, &rest[1..]),
            '"' => {
                let (inside, after) = delimited(&rest[1..], '"')?;
                (Token::Text(String::from_utf8_lossy(&unescape(&quotes(inside), Octal::Bare).0).into_owned()), after)
            }
            '/' if !ends_operand(tokens.last()) => {
                let (inside, after) = delimited(&rest[1..], '/')?;
                (Token::Regex(inside.replace("\\/", "/")), after)
            }
            '0'..='9' | '.' => number(rest)?,
            _ if first.is_ascii_alphabetic() || first == '_' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                (Token::Name(rest[..end].to_owned()), &rest[end..])
            }
            _ => {
                let known = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol));
                let symbol = known.ok_or_else(|| AwkError::Unexpected(first.to_string()))?;
                (Token::Symbol(symbol), &rest[symbol.len()..])
            }
        };
        tokens.push(token);
    }
    tokens.push(Token::End);
    Ok(tokens)
}

/// `\"` and `\/` are what they escape.
fn quotes(text: &str) -> String {
    text.replace("\\\"", "\"").replace("\\/", "/")
}

/// Could a value end here? Then a `/` divides.
fn ends_operand(token: Option<&Token>) -> bool {
    match token {
        Some(Token::Name(name)) => !matches!(name.as_str(), "print" | "printf" | "return" | "in" | "exit" | "else"),
        Some(Token::Number(_) | Token::Text(_) | Token::Regex(_)) => true,
        Some(Token::Symbol(symbol)) => matches!(*symbol, ")" | "]" | "++" | "--"),
        _ => false,
    }
}

/// Up to the delimiter, over escaped ones; and what follows it.
fn delimited(text: &str, delimiter: char) -> Result<(&str, &str)> {
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\n' => return Err(AwkError::Unfinished),
            _ if character == delimiter => return Ok((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    Err(AwkError::Unfinished)
}

fn number(text: &str) -> Result<(Token, &str)> {
    let (value, length) = super::value::leading_number(text);
    if length == 0 { Err(AwkError::Unexpected(".".to_owned())) } else { Ok((Token::Number(value), &text[length..])) }
}
