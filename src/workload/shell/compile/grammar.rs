//! Where a script stops being one, in the words of its shell. Walks over tokens as ash and dash do: the first token that
//! cannot stand where it stands, and what was expected instead. Sources: busybox shell/ash.c and dash src/parser.c `list`, `andor`,
//! `pipeline`, `command`, `simplecmd`, `synexpect`.

use brush_parser::Token;

use super::super::code::Dialect;

/// A token that cannot stand where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unexpected {
    /// The token, in quotes if it is one that the grammar knows; or what kind of token it is.
    pub found: String,
    /// The token as typed.
    pub text: String,
    /// What should have come.
    pub expected: Option<&'static str>,
    /// Its line; none at the end of the script.
    pub line: Option<usize>,
}

const RESERVED: [&str; 16] =
    ["!", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while", "{", "}"];

/// Words and operators that end a list.
const ENDS: [&str; 9] = ["then", "else", "elif", "fi", "do", "done", "}", ")", ";;"];

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next<'a> {
    End,
    Newline,
    Operator(&'a str),
    Redirection,
    Word(&'a str),
}

type Walked = Result<(), Unexpected>;

struct Walker<'a> {
    tokens: &'a [Token],
    at: usize,
    dialect: Dialect,
}

/// Finds the first token that cannot stand where it stands.
pub(super) fn check(tokens: &[Token], dialect: Dialect) -> Walked {
    let mut walker = Walker { tokens, at: 0, dialect };
    loop {
        walker.skip_newlines();
        if walker.next() == Next::End {
            return Ok(());
        }
        walker.list(true)?;
    }
}

impl<'a> Walker<'a> {
    fn next(&self) -> Next<'a> {
        match self.tokens.get(self.at) {
            None => Next::End,
            Some(Token::Operator(text, _)) if text == "\n" => Next::Newline,
            Some(Token::Operator(text, _)) if text.contains(['<', '>']) => Next::Redirection,
            Some(Token::Operator(text, _)) => Next::Operator(text),
            Some(Token::Word(text, _)) => {
                let before_redirection = matches!(self.tokens.get(self.at + 1), Some(Token::Operator(next, span))
                    if next.contains(['<', '>']) && self.is_adjacent(span));
                if before_redirection && text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_digit()) {
                    Next::Redirection
                } else {
                    Next::Word(text)
                }
            }
        }
    }

    fn is_adjacent(&self, next: &brush_parser::SourceSpan) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(_, span)) if span.end.index == next.start.index)
    }

    fn unexpected(&self, expected: Option<&'static str>) -> Unexpected {
        let found = match self.next() {
            Next::End => "end of file".to_owned(),
            Next::Newline => "newline".to_owned(),
            Next::Redirection => "redirection".to_owned(),
            // To ash and dash it is a `|`, and then a `&`.
            Next::Operator("|&") => "\"&\"".to_owned(),
            Next::Operator(text) => format!("\"{text}\""),
            Next::Word(text) if RESERVED.contains(&text) && expected != Some("do") => format!("\"{text}\""),
            Next::Word(_) => "word".to_owned(),
        };
        let line = self.tokens.get(self.at).map(|token| token.location().start.line);
        let text = self.tokens.get(self.at).map_or_else(String::new, |token| token.to_str().to_owned());
        Unexpected { found, text, expected, line }
    }

    fn step(&mut self) {
        self.at += 1;
    }

    fn skip_newlines(&mut self) {
        while self.next() == Next::Newline {
            self.step();
        }
    }

    fn take(&mut self, wanted: &'static str) -> Walked {
        match self.next() {
            Next::Word(text) | Next::Operator(text) if text == wanted => {
                self.step();
                Ok(())
            }
            _ => Err(self.unexpected(Some(wanted))),
        }
    }

    fn ends_list(&self) -> bool {
        match self.next() {
            Next::End => true,
            Next::Word(text) | Next::Operator(text) => ENDS.contains(&text) || text == "esac",
            _ => false,
        }
    }

    /// Commands up to one of the words that end a list; at the top level up to the end of the line.
    fn list(&mut self, is_top: bool) -> Walked {
        loop {
            if !is_top {
                self.skip_newlines();
                if self.ends_list() {
                    return Ok(());
                }
            }
            self.and_or()?;
            match self.next() {
                Next::Operator(";" | "&") => {
                    self.step();
                    if is_top && matches!(self.next(), Next::Newline | Next::End) {
                        return Ok(());
                    }
                }
                Next::Newline if is_top => return Ok(()),
                Next::Newline => {}
                Next::End => return Ok(()),
                _ if is_top => return Err(self.unexpected(None)),
                _ => return Ok(()),
            }
        }
    }

    fn and_or(&mut self) -> Walked {
        loop {
            self.pipeline()?;
            if !matches!(self.next(), Next::Operator("&&" | "||")) {
                return Ok(());
            }
            self.step();
            self.skip_newlines();
        }
    }

    fn pipeline(&mut self) -> Walked {
        if self.next() == Next::Word("!") {
            self.step();
        }
        loop {
            self.command()?;
            if self.next() != Next::Operator("|") {
                return Ok(());
            }
            self.step();
            self.skip_newlines();
        }
    }

    fn command(&mut self) -> Walked {
        let Next::Word(word) = self.next() else {
            return match self.next() {
                Next::Operator("(") => {
                    self.step();
                    self.block(")")
                }
                Next::Redirection => self.simple(),
                _ => Err(self.unexpected(None)),
            };
        };
        match word {
            "if" => self.if_clause(),
            "while" | "until" => {
                self.step();
                self.list(false)?;
                self.take("do")?;
                self.block("done")
            }
            "for" => self.for_clause(),
            "case" => self.case_clause(),
            "{" => {
                self.step();
                self.block("}")
            }
            "function" if self.dialect == Dialect::Ash => {
                self.step();
                self.step();
                if self.next() == Next::Operator("(") {
                    self.step();
                    self.take(")")?;
                }
                self.skip_newlines();
                self.command()
            }
            word if word != "in" && RESERVED.contains(&word) => Err(self.unexpected(None)),
            _ => self.simple(),
        }
    }

    /// What is left of a compound command, with its redirections.
    fn block(&mut self, end: &'static str) -> Walked {
        self.list(false)?;
        self.take(end)?;
        self.redirections()
    }

    fn redirections(&mut self) -> Walked {
        while self.next() == Next::Redirection {
            self.redirection()?;
        }
        Ok(())
    }

    /// A redirection with its number and its target; a here-document is two more tokens: its text and its end.
    fn redirection(&mut self) -> Walked {
        if matches!(self.tokens.get(self.at), Some(Token::Word(..))) {
            self.step();
        }
        let is_here =
            matches!(self.tokens.get(self.at), Some(Token::Operator(text, _)) if text == "<<" || text == "<<-");
        self.step();
        if !matches!(self.tokens.get(self.at), Some(Token::Word(..))) {
            return Err(self.unexpected(None));
        }
        self.at += if is_here { 3 } else { 1 };
        Ok(())
    }

    fn if_clause(&mut self) -> Walked {
        self.step();
        self.list(false)?;
        self.take("then")?;
        self.list(false)?;
        while self.next() == Next::Word("elif") {
            self.step();
            self.list(false)?;
            self.take("then")?;
            self.list(false)?;
        }
        if self.next() == Next::Word("else") {
            self.step();
            self.list(false)?;
        }
        self.take("fi")?;
        self.redirections()
    }

    fn for_clause(&mut self) -> Walked {
        self.step();
        if !matches!(self.next(), Next::Word(_)) {
            return Err(Unexpected { found: "bad for loop variable".to_owned(), ..self.unexpected(None) });
        }
        self.step();
        self.skip_newlines();
        if self.next() == Next::Word("in") {
            self.step();
            while matches!(self.next(), Next::Word(_)) {
                self.step();
            }
            if !matches!(self.next(), Next::Newline | Next::Operator(";")) {
                return Err(self.unexpected(None));
            }
            self.step();
        } else if self.next() == Next::Operator(";") {
            self.step();
        }
        self.skip_newlines();
        self.take("do")?;
        self.block("done")
    }

    fn case_clause(&mut self) -> Walked {
        self.step();
        if !matches!(self.next(), Next::Word(_)) {
            return Err(self.unexpected(Some("word")));
        }
        self.step();
        self.skip_newlines();
        self.take("in")?;
        loop {
            self.skip_newlines();
            if self.next() == Next::Word("esac") {
                self.step();
                return self.redirections();
            }
            if self.next() == Next::Operator("(") {
                self.step();
            }
            loop {
                if !matches!(self.next(), Next::Word(_)) {
                    return Err(self.unexpected(Some(")")));
                }
                self.step();
                if self.next() != Next::Operator("|") {
                    break;
                }
                self.step();
            }
            self.take(")")?;
            self.list(false)?;
            match self.next() {
                Next::Operator(";;") => self.step(),
                Next::Word("esac") => {}
                _ => return Err(self.unexpected(Some(";;"))),
            }
        }
    }

    /// A simple command, or a function.
    fn simple(&mut self) -> Walked {
        let mut words = 0;
        loop {
            match self.next() {
                Next::Word(_) => {
                    self.step();
                    words += 1;
                }
                Next::Redirection => {
                    let is_here_string =
                        matches!(self.tokens.get(self.at), Some(Token::Operator(text, _)) if text == "<<<");
                    if is_here_string {
                        return Err(self.unexpected(None));
                    }
                    self.redirection()?;
                }
                Next::Operator("(") if words == 1 && self.is_name_before() => {
                    self.step();
                    self.take(")")?;
                    self.skip_newlines();
                    return self.command();
                }
                _ => return Ok(()),
            }
        }
    }

    /// Is the token before a plain word, as a function's name is?
    fn is_name_before(&self) -> bool {
        matches!(self.tokens.get(self.at - 1), Some(Token::Word(text, _)) if !text.contains(['=', '$', '\'', '"']))
    }
}
