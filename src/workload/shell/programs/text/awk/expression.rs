//! awk expressions, loosest operator first. Each level of operators is a row of `level`.

use regex::Regex;

use super::super::grep::extended;
use super::lexer::Token;
use super::parser::Parser;
use super::syntax::{AwkError, Expression, Function, Operator, Result};

/// A regular expression as awk writes it.
pub(super) fn regex(text: &str) -> Result<Regex> {
    Regex::new(&extended(text)).map_err(|_| AwkError::Regex(text.to_owned()))
}

fn boxed(expression: Expression) -> Box<Expression> {
    Box::new(expression)
}

impl Parser {
    pub fn expression(&mut self) -> Result<Expression> {
        self.nested(Self::assignment)
    }

    fn assignment(&mut self) -> Result<Expression> {
        let target = self.conditional()?;
        let operators = [
            ("=", None),
            ("+=", Some(Operator::Add)),
            ("-=", Some(Operator::Subtract)),
            ("*=", Some(Operator::Multiply)),
            ("/=", Some(Operator::Divide)),
            ("%=", Some(Operator::Remainder)),
            ("^=", Some(Operator::Power)),
            ("**=", Some(Operator::Power)),
        ];
        for (symbol, operator) in operators {
            if !self.is(symbol) {
                continue;
            }
            check_target(&target).ok_or_else(|| self.unexpected())??;
            self.at += 1;
            let value = self.expression()?;
            return Ok(Expression::Assign(boxed(target), operator, boxed(value)));
        }
        Ok(target)
    }

    fn conditional(&mut self) -> Result<Expression> {
        let condition = self.or()?;
        if !self.takes("?") {
            return Ok(condition);
        }
        let then = self.expression()?;
        self.expect(":")?;
        let otherwise = self.expression()?;
        Ok(Expression::Conditional(boxed(condition), boxed(then), boxed(otherwise)))
    }

    fn or(&mut self) -> Result<Expression> {
        let mut left = self.and()?;
        while self.takes("||") {
            while self.takes("\n") {}
            left = Expression::Or(boxed(left), boxed(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression> {
        let mut left = self.membership()?;
        while self.takes("&&") {
            while self.takes("\n") {}
            left = Expression::And(boxed(left), boxed(self.membership()?));
        }
        Ok(left)
    }

    fn membership(&mut self) -> Result<Expression> {
        let mut left = self.matching()?;
        while self.takes("in") {
            let Token::Name(array) = self.next() else { return Err(self.unexpected()) };
            left = Expression::In(vec![left], array);
        }
        Ok(left)
    }

    fn matching(&mut self) -> Result<Expression> {
        let mut left = self.comparison()?;
        loop {
            let is_negated = self.is("!~");
            if !is_negated && !self.is("~") {
                return Ok(left);
            }
            self.at += 1;
            left = Expression::Match(boxed(left), boxed(self.comparison()?), is_negated);
        }
    }

    fn comparison(&mut self) -> Result<Expression> {
        let left = self.concatenation()?;
        for operator in ["<", "<=", "==", "!=", ">", ">="] {
            if self.is(operator) && !(operator == ">" && self.is_print) {
                self.at += 1;
                return Ok(Expression::Compare(operator, boxed(left), boxed(self.concatenation()?)));
            }
        }
        Ok(left)
    }

    fn concatenation(&mut self) -> Result<Expression> {
        let mut left = self.additive()?;
        while self.begins_operand() {
            left = Expression::Concatenate(boxed(left), boxed(self.additive()?));
        }
        Ok(left)
    }

    /// Could the next token begin what is concatenated?
    fn begins_operand(&self) -> bool {
        match self.peek() {
            Token::Number(_) | Token::Text(_) => true,
            Token::Name(name) => name != "in",
            Token::Symbol(symbol) => matches!(*symbol, "$" | "!" | "(" | "++" | "--"),
            Token::Regex(_) | Token::Newline | Token::End => false,
        }
    }

    fn additive(&mut self) -> Result<Expression> {
        self.level(&[("+", Operator::Add), ("-", Operator::Subtract)], Self::multiplicative)
    }

    fn multiplicative(&mut self) -> Result<Expression> {
        let operators = [("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)];
        self.level(&operators, Self::unary)
    }

    fn level(
        &mut self,
        operators: &[(&str, Operator)],
        operand: fn(&mut Self) -> Result<Expression>,
    ) -> Result<Expression> {
        let mut left = operand(self)?;
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.is(symbol)) {
            self.at += 1;
            left = Expression::Binary(*operator, boxed(left), boxed(operand(self)?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression> {
        if self.takes("!") {
            return Ok(Expression::Not(boxed(self.nested(Self::unary)?)));
        }
        for (symbol, sign) in [("-", -1.0), ("+", 1.0)] {
            if self.takes(symbol) {
                return Ok(Expression::Sign(sign, boxed(self.nested(Self::unary)?)));
            }
        }
        let base = self.increment()?;
        if self.takes("^") || self.takes("**") {
            let exponent = self.nested(Self::unary)?;
            return Ok(Expression::Binary(Operator::Power, boxed(base), boxed(exponent)));
        }
        Ok(base)
    }

    fn increment(&mut self) -> Result<Expression> {
        for (symbol, delta) in [("++", 1.0), ("--", -1.0)] {
            if self.takes(symbol) {
                let target = self.primary()?;
                check_target(&target).ok_or_else(|| self.unexpected())??;
                return Ok(Expression::Increment(boxed(target), delta, false));
            }
        }
        let target = self.primary()?;
        for (symbol, delta) in [("++", 1.0), ("--", -1.0)] {
            if self.is(symbol) && matches!(check_target(&target), Some(Ok(()))) {
                self.at += 1;
                return Ok(Expression::Increment(boxed(target), delta, true));
            }
        }
        Ok(target)
    }

    fn primary(&mut self) -> Result<Expression> {
        let before = self.at;
        match self.next() {
            Token::Number(number) => Ok(Expression::Number(number)),
            Token::Text(text) => Ok(Expression::Text(text)),
            Token::Regex(text) => regex(&text).map(Expression::Regex),
            Token::Symbol("$") => {
                let index = self.nested(Self::field_index)?;
                Ok(Expression::Field(boxed(index)))
            }
            Token::Symbol("(") => {
                let outer = std::mem::take(&mut self.is_print);
                let mut values = self.list(")")?;
                self.is_print = outer;
                if self.is("in") && values.len() > 1 {
                    self.at += 1;
                    let Token::Name(array) = self.next() else { return Err(self.unexpected()) };
                    return Ok(Expression::In(values, array));
                }
                match (values.pop(), values.is_empty()) {
                    (Some(value), true) => Ok(value),
                    _ => Err(self.unexpected()),
                }
            }
            Token::Name(name) => self.name(name),
            _ => {
                self.at = before;
                Err(self.unexpected())
            }
        }
    }

    /// `$NF`, `$i++` (the field's value grows), `$-1`, `$(…)`, `$$0`.
    fn field_index(&mut self) -> Result<Expression> {
        if self.takes("-") {
            return Ok(Expression::Sign(-1.0, boxed(self.primary()?)));
        }
        for (symbol, delta) in [("++", 1.0), ("--", -1.0)] {
            if self.takes(symbol) {
                return Ok(Expression::Increment(boxed(self.primary()?), delta, false));
            }
        }
        self.primary()
    }

    fn name(&mut self, name: String) -> Result<Expression> {
        if let Some((function, least, most)) = Function::find(&name) {
            let outer = std::mem::take(&mut self.is_print);
            let arguments = if self.takes("(") { self.list(")")? } else { Vec::new() };
            self.is_print = outer;
            if arguments.len() < least || arguments.len() > most {
                return Err(AwkError::Unexpected(name));
            }
            if let Some(target) = arguments.get(2).filter(|_| matches!(function, Function::Sub | Function::Gsub)) {
                check_target(target).ok_or(AwkError::Unexpected(name))??;
            } else if function == Function::Split && !matches!(arguments[1], Expression::Variable(_)) {
                return Err(AwkError::Unexpected(name));
            }
            return Ok(Expression::Call(function, arguments));
        }
        match name.as_str() {
            "getline" | "system" | "close" | "fflush" | "rand" | "srand" | "systime" | "strftime" | "gensub"
            | "asort" | "strtonum" | "mktime" | "and" | "or" | "xor" | "lshift" | "rshift" | "compl" => {
                Err(AwkError::Unsupported(format!("`{name}`")))
            }
            "if" | "else" | "while" | "for" | "do" | "BEGIN" | "END" | "print" | "printf" | "next" | "exit" | "in" => {
                Err(AwkError::Unexpected(name))
            }
            _ if self.takes("[") => {
                let outer = std::mem::take(&mut self.is_print);
                let index = self.list("]")?;
                self.is_print = outer;
                if index.is_empty() { Err(self.unexpected()) } else { Ok(Expression::Element(name, index)) }
            }
            _ => Ok(Expression::Variable(name)),
        }
    }
}

/// None where nothing can be stored there; an error where storing would have a meaning that is not known here.
fn check_target(target: &Expression) -> Option<Result<()>> {
    match target {
        Expression::Variable(name) if name == "RS" => Some(Err(AwkError::Unsupported("`RS`".to_owned()))),
        Expression::Variable(_) | Expression::Element(..) | Expression::Field(_) => Some(Ok(())),
        _ => None,
    }
}
