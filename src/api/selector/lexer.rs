//! Tokens of the `-l` syntax. Upstream: apimachinery labels `Lexer`.

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Identifier,
    In,
    NotIn,
    Equals,
    DoubleEquals,
    NotEquals,
    Greater,
    Less,
    Not,
    Comma,
    Open,
    Close,
    Error,
    End,
}

/// Reads tokens from a text.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    rest: &'a str,
}

fn is_special(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn raw(&mut self) -> (Token, String) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = self.rest.chars().next() else { return (Token::End, String::new()) };
        if !is_special(first) {
            let end = self.rest.find(|c: char| is_special(c) || c.is_ascii_whitespace()).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            let token = match word {
                "in" => Token::In,
                "notin" => Token::NotIn,
                _ => Token::Identifier,
            };
            return (token, word.to_owned());
        }
        let length = if self.rest.starts_with("==") || self.rest.starts_with("!=") { 2 } else { 1 };
        let (symbol, rest) = self.rest.split_at(length);
        self.rest = rest;
        let token = match symbol {
            "==" => Token::DoubleEquals,
            "!=" => Token::NotEquals,
            "=" => Token::Equals,
            "!" => Token::Not,
            "(" => Token::Open,
            ")" => Token::Close,
            "," => Token::Comma,
            ">" => Token::Greater,
            "<" => Token::Less,
            _ => Token::Error,
        };
        (token, symbol.to_owned())
    }

    /// The next token where `in` and `notin` are keys or values.
    pub(super) fn next(&mut self) -> (Token, String) {
        match self.raw() {
            (Token::In | Token::NotIn, word) => (Token::Identifier, word),
            other => other,
        }
    }

    /// The next token without taking it.
    pub(super) fn peek(&self) -> (Token, String) {
        self.clone().next()
    }

    /// The next token where an operator stands.
    pub(super) fn next_operator(&mut self) -> (Token, String) {
        self.raw()
    }

    /// The next token where a value stands.
    pub(super) fn next_value(&mut self) -> (Token, String) {
        self.next()
    }

    /// As `next_value`, without taking it.
    pub(super) fn peek_value(&self) -> (Token, String) {
        self.peek()
    }
}
