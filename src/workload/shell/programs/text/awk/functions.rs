//! Built-in functions of awk, and `printf`.

use super::super::super::printf::{Manner, Wrong, format};
use super::evaluate::{Machine, split};
use super::syntax::{AwkError, Expression, Function, Result};
use super::value::Value;

/// The variable that stands between the parts of an index.
pub(super) const SUBSCRIPT: &str = "SUBSEP";

impl Machine {
    pub fn call(&mut self, function: Function, arguments: &[Expression]) -> Result<Value> {
        match function {
            Function::Length => self.length(arguments),
            Function::Split => self.split_into(arguments),
            Function::Sub => self.substitute(arguments, false),
            Function::Gsub => self.substitute(arguments, true),
            Function::Match => self.find(arguments),
            Function::Sprintf => {
                let values = self.values(arguments)?;
                Ok(Value::Text(String::from_utf8_lossy(&Self::formatted(&values)?).into_owned()))
            }
            Function::Substr | Function::Index | Function::ToLower | Function::ToUpper => {
                let values = self.values(arguments)?;
                Ok(text_function(function, &values))
            }
            _ => {
                let numbers: Vec<f64> = self.values(arguments)?.iter().map(Value::number).collect();
                Ok(Value::Number(number_function(function, &numbers)))
            }
        }
    }

    fn length(&mut self, arguments: &[Expression]) -> Result<Value> {
        let whole = Expression::Field(Box::new(Expression::Number(0.0)));
        let argument = arguments.first().unwrap_or(&whole);
        if let Expression::Variable(name) = argument
            && let Some(array) = self.arrays.get(name)
        {
            return Ok(Value::Number(array.len() as f64));
        }
        Ok(Value::Number(self.value(argument)?.text().chars().count() as f64))
    }

    fn split_into(&mut self, arguments: &[Expression]) -> Result<Value> {
        let text = self.value(&arguments[0])?.text();
        let parts: Vec<String> = match arguments.get(2) {
            Some(Expression::Regex(regex)) if text.is_empty() => {
                let _ = regex;
                Vec::new()
            }
            Some(Expression::Regex(regex)) => regex.split(&text).map(str::to_owned).collect(),
            Some(separator) => {
                let separator = self.value(separator)?.text();
                split(&text, &separator)?
            }
            None => split(&text, &self.text_of("FS"))?,
        };
        let count = parts.len();
        let Expression::Variable(name) = &arguments[1] else { return Ok(Value::Unset) };
        let elements = (1..).zip(parts).map(|(number, part): (usize, String)| (number.to_string(), Value::Input(part)));
        self.arrays.insert(name.clone(), elements.collect());
        Ok(Value::Number(count as f64))
    }

    fn substitute(&mut self, arguments: &[Expression], is_global: bool) -> Result<Value> {
        let pattern = self.pattern(&arguments[0])?;
        let replacement = self.value(&arguments[1])?.text();
        let whole = Expression::Field(Box::new(Expression::Number(0.0)));
        let target = arguments.get(2).unwrap_or(&whole);
        let text = self.value(target)?.text();
        let (mut count, mut end, mut out) = (0u32, 0, String::new());
        for found in pattern.find_iter(&text) {
            out.push_str(&text[end..found.start()]);
            replaced(&replacement, found.as_str(), &mut out);
            (end, count) = (found.end(), count + 1);
            if !is_global {
                break;
            }
        }
        if count > 0 {
            out.push_str(&text[end..]);
            self.assign(target, Value::Text(out))?;
        }
        Ok(Value::Number(f64::from(count)))
    }

    fn find(&mut self, arguments: &[Expression]) -> Result<Value> {
        let text = self.value(&arguments[0])?.text();
        let pattern = self.pattern(&arguments[1])?;
        let place = |at: usize| text[..at].chars().count() as f64;
        let (start, length) = pattern
            .find(&text)
            .map_or((0.0, -1.0), |found| (place(found.start()) + 1.0, place(found.end()) - place(found.start())));
        self.variables.insert("RSTART".to_owned(), Value::Number(start));
        self.variables.insert("RLENGTH".to_owned(), Value::Number(length));
        Ok(Value::Number(start))
    }

    /// `printf`: the first value is the format.
    pub fn formatted(values: &[Value]) -> Result<Vec<u8>> {
        // The escapes have been replaced when the program was read.
        let pattern = values.first().map(Value::text).unwrap_or_default().replace('\\', "\\\\");
        let mut values = values.iter().skip(1);
        let mut arguments = Vec::new();
        let mut rest = pattern.as_str();
        while let Some(at) = rest.find('%') {
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                rest = after;
                continue;
            }
            let end =
                rest.find(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'l' | 'h')).ok_or(AwkError::Format)?;
            for _ in rest[..end].matches('*') {
                arguments.push(integer_text(values.next()));
            }
            arguments.push(argument(rest.as_bytes()[end], values.next()));
            rest = &rest[end + 1..];
        }
        let mut out = Vec::new();
        let mut wrong = Vec::new();
        format(&pattern, Manner::default(), &mut arguments.iter(), &mut out, &mut wrong);
        if wrong.iter().any(|wrong| matches!(wrong, Wrong::Directive(..))) {
            return Err(AwkError::Format);
        }
        Ok(out)
    }
}

fn integer_text(value: Option<&Value>) -> String {
    format!("{}", value.map_or(0.0, Value::number) as i64)
}

/// A value as the shell's `printf` reads it.
fn argument(letter: u8, value: Option<&Value>) -> String {
    match (letter, value) {
        (b'd' | b'i' | b'u' | b'x' | b'X' | b'o', _) => integer_text(value),
        (b'e' | b'f' | b'g' | b'E' | b'F' | b'G', _) => value.map_or(0.0, Value::number).to_string(),
        (b'c', Some(Value::Number(number))) => char::from_u32(*number as u32).map(String::from).unwrap_or_default(),
        _ => value.map(Value::text).unwrap_or_default(),
    }
}

/// `&` in a replacement is what was found; `\&` is itself.
fn replaced(replacement: &str, found: &str, out: &mut String) {
    let mut characters = replacement.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if matches!(characters.peek(), Some('&' | '\\')) => out.extend(characters.next()),
            '&' => out.push_str(found),
            other => out.push(other),
        }
    }
}

fn text_function(function: Function, values: &[Value]) -> Value {
    let text = values[0].text();
    match function {
        Function::ToLower => Value::Text(text.to_lowercase()),
        Function::ToUpper => Value::Text(text.to_uppercase()),
        Function::Index => {
            let place = text.find(&values[1].text()).map_or(0, |at| text[..at].chars().count() + 1);
            Value::Number(place as f64)
        }
        _ => {
            // Both ends are rounded, and what lies before the first character counts.
            let start = values[1].number().round();
            let end = values.get(2).map_or(f64::INFINITY, |length| start + length.number().round());
            let characters = (1u32..).zip(text.chars());
            Value::Text(
                characters.filter(|(at, _)| (start..end).contains(&f64::from(*at))).map(|(_, letter)| letter).collect(),
            )
        }
    }
}

fn number_function(function: Function, numbers: &[f64]) -> f64 {
    let number = numbers[0];
    match function {
        Function::Int => number.trunc(),
        Function::Sqrt => number.sqrt(),
        Function::Exp => libm::exp(number),
        Function::Log => libm::log(number),
        Function::Sin => libm::sin(number),
        Function::Cos => libm::cos(number),
        Function::Atan2 => libm::atan2(number, numbers[1]),
        _ => 0.0,
    }
}
