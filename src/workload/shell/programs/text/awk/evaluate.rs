//! Runs awk: variables, fields, expressions and statements. Output is gathered by the caller.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::expression::regex;
use super::functions::SUBSCRIPT;
use super::syntax::{AwkError, Expression, Operator, Pattern, Result, Script, Statement};
use super::value::Value;

/// Statements run for one line at most, before a loop counts as endless.
const STATEMENTS_MAX: u32 = 1_000_000;
/// Fields of a line at most.
const FIELDS_MAX: f64 = 100_000.0;

/// What a statement does to those around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Normal,
    Next,
    Exit,
    Break,
    Continue,
}

/// State of a running program.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    pub variables: BTreeMap<String, Value>,
    pub arrays: BTreeMap<String, BTreeMap<String, Value>>,
    record: String,
    fields: Vec<String>,
    pub status: i32,
    spent: u32,
}

impl Machine {
    pub fn new() -> Self {
        let mut machine = Self::default();
        for (name, value) in [("FS", " "), ("OFS", " "), ("ORS", "\n"), (SUBSCRIPT, "\u{1c}")] {
            machine.variables.insert(name.to_owned(), Value::Text(value.to_owned()));
        }
        machine
    }

    pub fn text_of(&self, name: &str) -> String {
        self.variables.get(name).map(Value::text).unwrap_or_default()
    }

    /// Takes a line as `$0`.
    pub fn read(&mut self, line: String) -> Result<()> {
        self.spent = 0;
        for name in ["NR", "FNR"] {
            let number = self.variables.get(name).map_or(0.0, Value::number);
            self.variables.insert(name.to_owned(), Value::Number(number + 1.0));
        }
        self.set_record(line)
    }

    fn set_record(&mut self, line: String) -> Result<()> {
        self.fields = split(&line, &self.text_of("FS"))?;
        self.record = line;
        self.count_fields();
        Ok(())
    }

    fn count_fields(&mut self) {
        self.variables.insert("NF".to_owned(), Value::Number(self.fields.len() as f64));
    }

    fn join_fields(&mut self) {
        self.record = self.fields.join(&self.text_of("OFS"));
    }

    /// Runs the rules for the line at hand.
    pub fn rules(&mut self, script: &mut Script, out: &mut Vec<u8>) -> Result<Flow> {
        for rule in &mut script.rules {
            let applies = match &mut rule.pattern {
                Pattern::Always => true,
                Pattern::When(condition) => self.value(condition)?.is_true(),
                Pattern::Range(from, to, is_inside) => {
                    let applies = *is_inside || self.value(from)?.is_true();
                    *is_inside = applies && !self.value(to)?.is_true();
                    applies
                }
            };
            if applies {
                match self.block(&rule.body, out)? {
                    Flow::Normal => {}
                    Flow::Next => return Ok(Flow::Normal),
                    flow => return Ok(flow),
                }
            }
        }
        Ok(Flow::Normal)
    }

    pub fn block(&mut self, statements: &[Statement], out: &mut Vec<u8>) -> Result<Flow> {
        for statement in statements {
            let flow = self.statement(statement, out)?;
            if flow != Flow::Normal {
                return Ok(flow);
            }
        }
        Ok(Flow::Normal)
    }

    fn statement(&mut self, statement: &Statement, out: &mut Vec<u8>) -> Result<Flow> {
        self.spent += 1;
        if self.spent > STATEMENTS_MAX {
            return Err(AwkError::Endless);
        }
        match statement {
            Statement::Expression(expression) => {
                self.value(expression)?;
            }
            Statement::Print(values) => {
                let texts: Vec<String> = self.values(values)?.iter().map(Value::text).collect();
                let text = if values.is_empty() { self.record.clone() } else { texts.join(&self.text_of("OFS")) };
                out.extend(text.bytes());
                out.extend(self.text_of("ORS").bytes());
            }
            Statement::Printf(values) => {
                let values = self.values(values)?;
                out.extend(Self::formatted(&values)?);
            }
            Statement::If(condition, then, otherwise) => {
                if self.value(condition)?.is_true() {
                    return self.statement(then, out);
                } else if let Some(otherwise) = otherwise {
                    return self.statement(otherwise, out);
                }
            }
            Statement::Loop { condition, step, body, runs_first } => {
                return self.turns(condition.as_ref(), step.as_deref(), body, *runs_first, out);
            }
            Statement::ForIn(variable, array, body) => {
                let keys: Vec<String> =
                    self.arrays.get(array).map(|all| all.keys().cloned().collect()).unwrap_or_default();
                for key in keys {
                    self.variables.insert(variable.clone(), Value::Input(key));
                    match self.statement(body, out)? {
                        Flow::Normal | Flow::Continue => {}
                        Flow::Break => break,
                        flow => return Ok(flow),
                    }
                }
            }
            Statement::Block(statements) => return self.block(statements, out),
            Statement::Delete(array, index) => {
                let key = self.key(index)?;
                if index.is_empty() {
                    self.arrays.remove(array);
                } else if let Some(array) = self.arrays.get_mut(array) {
                    array.remove(&key);
                }
            }
            Statement::Next => return Ok(Flow::Next),
            Statement::Exit(status) => {
                if let Some(status) = status {
                    self.status = self.value(status)?.number() as i32 & 0xff;
                }
                return Ok(Flow::Exit);
            }
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Normal)
    }

    fn turns(
        &mut self,
        condition: Option<&Expression>,
        step: Option<&Statement>,
        body: &Statement,
        runs_first: bool,
        out: &mut Vec<u8>,
    ) -> Result<Flow> {
        let mut is_first = runs_first;
        loop {
            if !std::mem::take(&mut is_first)
                && let Some(condition) = condition
                && !self.value(condition)?.is_true()
            {
                return Ok(Flow::Normal);
            }
            match self.statement(body, out)? {
                Flow::Normal | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Normal),
                flow => return Ok(flow),
            }
            if let Some(step) = step {
                self.statement(step, out)?;
            }
        }
    }

    pub fn values(&mut self, expressions: &[Expression]) -> Result<Vec<Value>> {
        expressions.iter().map(|expression| self.value(expression)).collect()
    }

    /// `a[1, 2]` is one text with a separator.
    fn key(&mut self, index: &[Expression]) -> Result<String> {
        let texts: Vec<String> = self.values(index)?.iter().map(Value::text).collect();
        Ok(texts.join(&self.text_of(SUBSCRIPT)))
    }

    pub fn value(&mut self, expression: &Expression) -> Result<Value> {
        Ok(match expression {
            Expression::Number(number) => Value::Number(*number),
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Regex(regex) => truth(regex.is_match(&self.record)),
            Expression::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
            Expression::Element(array, index) => {
                let key = self.key(index)?;
                // Looking at an element makes it.
                self.arrays.entry(array.clone()).or_default().entry(key).or_default().clone()
            }
            Expression::Field(index) => {
                let index = self.value(index)?.number();
                self.field(index)
            }
            Expression::Assign(target, operator, value) => {
                let mut value = self.value(value)?;
                if let Some(operator) = operator {
                    let before = self.value(target)?.number();
                    value = Value::Number(arithmetic(*operator, before, value.number())?);
                }
                self.assign(target, value.clone())?;
                value
            }
            Expression::Increment(target, delta, gives_old) => {
                let before = self.value(target)?.number();
                self.assign(target, Value::Number(before + delta))?;
                Value::Number(if *gives_old { before } else { before + delta })
            }
            Expression::Not(inner) => truth(!self.value(inner)?.is_true()),
            Expression::Sign(sign, inner) => Value::Number(sign * self.value(inner)?.number()),
            Expression::Binary(operator, left, right) => {
                let (left, right) = (self.value(left)?.number(), self.value(right)?.number());
                Value::Number(arithmetic(*operator, left, right)?)
            }
            Expression::Concatenate(left, right) => {
                let (left, right) = (self.value(left)?.text(), self.value(right)?.text());
                Value::Text(left + &right)
            }
            Expression::Compare(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                truth(holds(operator, left.compare(&right)))
            }
            Expression::Match(text, pattern, is_negated) => {
                let text = self.value(text)?.text();
                truth(self.pattern(pattern)?.is_match(&text) != *is_negated)
            }
            Expression::And(left, right) => truth(self.value(left)?.is_true() && self.value(right)?.is_true()),
            Expression::Or(left, right) => truth(self.value(left)?.is_true() || self.value(right)?.is_true()),
            Expression::Conditional(condition, then, otherwise) => {
                let branch = if self.value(condition)?.is_true() { then } else { otherwise };
                self.value(branch)?
            }
            Expression::In(index, array) => {
                let key = self.key(index)?;
                truth(self.arrays.get(array).is_some_and(|array| array.contains_key(&key)))
            }
            Expression::Call(function, arguments) => self.call(*function, arguments)?,
        })
    }

    /// The regular expression an expression stands for: itself, or its text.
    pub fn pattern(&mut self, expression: &Expression) -> Result<regex::Regex> {
        match expression {
            Expression::Regex(regex) => Ok(regex.clone()),
            other => regex(&self.value(other)?.text()),
        }
    }

    fn field(&self, index: f64) -> Value {
        match index as usize {
            0 => Value::Input(self.record.clone()),
            index => self.fields.get(index - 1).map_or(Value::Unset, |text| Value::Input(text.clone())),
        }
    }

    pub fn assign(&mut self, target: &Expression, value: Value) -> Result<()> {
        match target {
            Expression::Variable(name) => {
                if name == "NF" {
                    self.fields.resize(value.number().clamp(0.0, FIELDS_MAX) as usize, String::new());
                    self.join_fields();
                }
                self.variables.insert(name.clone(), value);
            }
            Expression::Element(array, index) => {
                let key = self.key(index)?;
                self.arrays.entry(array.clone()).or_default().insert(key, value);
            }
            Expression::Field(index) => {
                let index = self.value(index)?.number().clamp(0.0, FIELDS_MAX) as usize;
                if index == 0 {
                    return self.set_record(value.text());
                }
                if self.fields.len() < index {
                    self.fields.resize(index, String::new());
                }
                self.fields[index - 1] = value.text();
                self.count_fields();
                self.join_fields();
            }
            _ => {}
        }
        Ok(())
    }
}

fn truth(is: bool) -> Value {
    Value::Number(f64::from(u8::from(is)))
}

fn holds(operator: &str, order: Option<Ordering>) -> bool {
    match operator {
        "<" => order == Some(Ordering::Less),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        "==" => order == Some(Ordering::Equal),
        "!=" => order != Some(Ordering::Equal),
        ">" => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

fn arithmetic(operator: Operator, left: f64, right: f64) -> Result<f64> {
    match operator {
        Operator::Add => Ok(left + right),
        Operator::Subtract => Ok(left - right),
        Operator::Multiply => Ok(left * right),
        Operator::Power => Ok(libm::pow(left, right)),
        Operator::Divide | Operator::Remainder if right == 0.0 => Err(AwkError::DivisionByZero),
        Operator::Divide => Ok(left / right),
        Operator::Remainder => Ok(left % right),
    }
}

/// A text as fields.
pub(super) fn split(text: &str, separator: &str) -> Result<Vec<String>> {
    let mut characters = separator.chars();
    Ok(match (characters.next(), characters.next()) {
        (Some(' '), None) => text.split_ascii_whitespace().map(str::to_owned).collect(),
        _ if text.is_empty() => Vec::new(),
        (None, _) => text.chars().map(String::from).collect(),
        (Some(one), None) => text.split(one).map(str::to_owned).collect(),
        _ => regex(separator)?.split(text).map(str::to_owned).collect(),
    })
}
