//! awk tokens → program and statements. Expressions are in `expression`.

use super::lexer::{Token, tokens};
use super::syntax::{AwkError, Expression, Pattern, Result, Rule, Script, Statement};

/// Statements and parentheses nest at most this deep.
const NESTING_MAX: usize = 64;

/// Reads a program.
pub(super) fn parse(text: &str) -> Result<Script> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, is_print: false };
    let mut script = Script::default();
    parser.skip(&["\n", ";"]);
    while *parser.peek() != Token::End {
        parser.item(&mut script)?;
        parser.skip(&["\n", ";"]);
    }
    Ok(script)
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    pub at: usize,
    depth: usize,
    /// Inside `print` without parentheses, where `>` redirects.
    pub is_print: bool,
}

impl Parser {
    pub fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    pub fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    pub fn is(&self, symbol: &str) -> bool {
        match self.peek() {
            Token::Symbol(found) => *found == symbol,
            Token::Newline => symbol == "\n",
            Token::Name(name) => name == symbol,
            _ => false,
        }
    }

    pub fn takes(&mut self, symbol: &str) -> bool {
        let is = self.is(symbol);
        self.at += usize::from(is);
        is
    }

    pub fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.takes(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub fn unexpected(&self) -> AwkError {
        match self.peek() {
            Token::End => AwkError::Unfinished,
            Token::Newline => AwkError::Unexpected("newline".to_owned()),
            Token::Symbol(symbol) => AwkError::Unexpected((*symbol).to_owned()),
            Token::Name(name) => AwkError::Unexpected(name.clone()),
            Token::Text(text) | Token::Regex(text) => AwkError::Unexpected(text.clone()),
            Token::Number(number) => AwkError::Unexpected(number.to_string()),
        }
    }

    /// Runs `inner` one level deeper.
    pub fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= NESTING_MAX {
            return Err(AwkError::TooLong);
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn skip(&mut self, symbols: &[&str]) {
        while symbols.iter().any(|symbol| self.is(symbol)) {
            self.at += 1;
        }
    }

    fn item(&mut self, script: &mut Script) -> Result<()> {
        if self.takes("BEGIN") {
            script.begin.extend(self.block()?);
            return Ok(());
        }
        if self.takes("END") {
            script.end.extend(self.block()?);
            script.has_end = true;
            return Ok(());
        }
        if self.is("function") || self.is("func") {
            return Err(AwkError::Unsupported("`function`".to_owned()));
        }
        let pattern = if self.is("{") {
            Pattern::Always
        } else {
            let from = self.expression()?;
            if self.takes(",") {
                self.skip(&["\n"]);
                Pattern::Range(from, self.expression()?, false)
            } else {
                Pattern::When(from)
            }
        };
        let body = if self.is("{") { self.block()? } else { vec![Statement::Print(Vec::new())] };
        script.rules.push(Rule { pattern, body });
        Ok(())
    }

    fn block(&mut self) -> Result<Vec<Statement>> {
        self.expect("{")?;
        let mut statements = Vec::new();
        loop {
            self.skip(&["\n", ";"]);
            if self.takes("}") {
                return Ok(statements);
            }
            statements.push(self.nested(Self::statement)?);
        }
    }

    /// The body of an `if` or a loop, perhaps on the next line.
    fn body(&mut self) -> Result<Box<Statement>> {
        self.skip(&["\n"]);
        if self.takes(";") {
            return Ok(Box::new(Statement::Block(Vec::new())));
        }
        self.nested(Self::statement).map(Box::new)
    }

    fn statement(&mut self) -> Result<Statement> {
        if self.is("{") {
            return self.block().map(Statement::Block);
        }
        let Token::Name(name) = self.peek().clone() else { return self.simple_ended() };
        match name.as_str() {
            "if" => self.if_statement(),
            "while" => {
                self.at += 1;
                let condition = Some(self.condition()?);
                Ok(Statement::Loop { condition, step: None, body: self.body()?, runs_first: false })
            }
            "do" => {
                self.at += 1;
                let body = self.body()?;
                self.skip(&["\n", ";"]);
                self.expect("while")?;
                let condition = Some(self.condition()?);
                self.ended()?;
                Ok(Statement::Loop { condition, step: None, body, runs_first: true })
            }
            "for" => self.for_statement(),
            _ => self.simple_ended(),
        }
    }

    fn condition(&mut self) -> Result<Expression> {
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        Ok(condition)
    }

    fn if_statement(&mut self) -> Result<Statement> {
        self.at += 1;
        let condition = self.condition()?;
        let then = self.body()?;
        let before = self.at;
        self.skip(&["\n", ";"]);
        if self.takes("else") {
            return Ok(Statement::If(condition, then, Some(self.body()?)));
        }
        self.at = before;
        Ok(Statement::If(condition, then, None))
    }

    fn for_statement(&mut self) -> Result<Statement> {
        self.at += 1;
        self.expect("(")?;
        if let [Token::Name(variable), Token::Name(word), Token::Name(array), Token::Symbol(")"), ..] =
            &self.tokens[self.at.min(self.tokens.len())..]
            && word == "in"
        {
            let (variable, array) = (variable.clone(), array.clone());
            self.at += 4;
            return Ok(Statement::ForIn(variable, array, self.body()?));
        }
        let start = if self.is(";") { None } else { Some(self.simple()?) };
        self.expect(";")?;
        let condition = if self.is(";") { None } else { Some(self.expression()?) };
        self.expect(";")?;
        let step = if self.is(")") { None } else { Some(Box::new(self.simple()?)) };
        self.expect(")")?;
        let turns = Statement::Loop { condition, step, body: self.body()?, runs_first: false };
        Ok(Statement::Block(start.into_iter().chain([turns]).collect()))
    }

    fn simple_ended(&mut self) -> Result<Statement> {
        let statement = self.simple()?;
        self.ended()?;
        Ok(statement)
    }

    fn is_end(&self) -> bool {
        *self.peek() == Token::End || ["\n", ";", "}"].iter().any(|symbol| self.is(symbol))
    }

    fn ended(&mut self) -> Result<()> {
        if self.is_end() { Ok(()) } else { Err(self.unexpected()) }
    }

    fn simple(&mut self) -> Result<Statement> {
        let Token::Name(name) = self.peek().clone() else { return self.expression().map(Statement::Expression) };
        Ok(match name.as_str() {
            "print" | "printf" => {
                self.at += 1;
                let values = self.printed()?;
                if name == "print" {
                    Statement::Print(values)
                } else if values.is_empty() {
                    return Err(self.unexpected());
                } else {
                    Statement::Printf(values)
                }
            }
            "next" => self.word(Statement::Next),
            "break" => self.word(Statement::Break),
            "continue" => self.word(Statement::Continue),
            "exit" => {
                self.at += 1;
                Statement::Exit(if self.is_end() { None } else { Some(self.expression()?) })
            }
            "delete" => {
                self.at += 1;
                let Token::Name(array) = self.next() else { return Err(self.unexpected()) };
                let index = if self.takes("[") { self.list("]")? } else { Vec::new() };
                Statement::Delete(array, index)
            }
            "return" | "getline" | "nextfile" => return Err(AwkError::Unsupported(format!("`{name}`"))),
            _ => Statement::Expression(self.expression()?),
        })
    }

    fn word(&mut self, statement: Statement) -> Statement {
        self.at += 1;
        statement
    }

    /// Expressions up to a closing symbol, which is taken.
    pub fn list(&mut self, close: &str) -> Result<Vec<Expression>> {
        let mut values = Vec::new();
        if self.takes(close) {
            return Ok(values);
        }
        loop {
            self.skip(&["\n"]);
            values.push(self.expression()?);
            if self.takes(close) {
                return Ok(values);
            }
            self.expect(",")?;
        }
    }

    /// What `print` prints, with or without parentheses around it.
    fn printed(&mut self) -> Result<Vec<Expression>> {
        let before = self.at;
        if self.takes("(") {
            let values = self.list(")");
            if self.is_end() && values.is_ok() {
                return values;
            }
            self.at = before;
        }
        let mut values = Vec::new();
        let redirects = |parser: &Self| [">", ">>", "|"].iter().any(|symbol| parser.is(symbol));
        if !self.is_end() && !redirects(self) {
            let outer = std::mem::replace(&mut self.is_print, true);
            loop {
                values.push(self.expression()?);
                if !self.takes(",") {
                    break;
                }
                self.skip(&["\n"]);
            }
            self.is_print = outer;
        }
        if redirects(self) {
            return Err(AwkError::Unsupported("output to files and pipes".to_owned()));
        }
        Ok(values)
    }
}
