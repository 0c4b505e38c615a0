//! `$(( … ))`: 64-bit integers that wrap around. Parsing is brush-parser's.

use brush_parser::ast::{
    ArithmeticExpr as Expression, ArithmeticTarget as Target, BinaryOperator as Binary,
    UnaryAssignmentOperator as Step, UnaryOperator as Unary,
};

use super::array::Key;
use super::brush;
use super::code::Dialect;
use super::expand::{Expanded, Expander, Stop};

/// Variables that name variables, followed at most this far.
const REFERENCES_MAX: u32 = 64;
/// Parentheses and signs nest at most this deep; the parser is recursive.
const NESTING_MAX: usize = 64;

fn syntax_error(expander: &Expander<'_, '_>, text: &str) -> Stop {
    let is_octal = text.trim().starts_with('0') && text.trim().bytes().all(|byte| byte.is_ascii_digit());
    match expander.shell.dialect {
        Dialect::Ash => Stop::Fail("arithmetic syntax error".to_owned(), 2),
        Dialect::Dash => {
            let what = if is_octal || text.contains(',') { "EOF" } else { "primary" };
            Stop::Fail(format!("arithmetic expression: expecting {what}: \"{text}\""), 2)
        }
        Dialect::Bash if is_octal => {
            let text = text.trim();
            Stop::Fail(format!("{text}: value too great for base (error token is \"{text}\")"), 1)
        }
        Dialect::Bash => {
            let token = text.split_whitespace().last().unwrap_or_default();
            let is_operand = token.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
            let what = if is_operand { "syntax error in expression" } else { "syntax error: operand expected" };
            Stop::Fail(format!("{text}: {what} (error token is \"{token}\")"), 1)
        }
    }
}

/// Is there an operator in it that dash does not know?
fn is_beyond_dash(text: &str) -> bool {
    ["++", "--", "**", ","].iter().any(|operator| text.contains(operator))
}

/// Value of the expression `text`.
pub(super) fn evaluate(expander: &mut Expander<'_, '_>, text: &str) -> Expanded<i64> {
    evaluate_at(expander, text, 0)
}

fn evaluate_at(expander: &mut Expander<'_, '_>, text: &str, depth: u32) -> Expanded<i64> {
    if depth > REFERENCES_MAX || text.bytes().filter(|byte| b"(!~-+?".contains(byte)).count() > NESTING_MAX {
        return Err(syntax_error(expander, text));
    }
    if text.trim().is_empty() {
        return Ok(0);
    }
    if expander.shell.dialect == Dialect::Dash && is_beyond_dash(text) {
        return Err(syntax_error(expander, text));
    }
    if let Ok(number) = text.trim().parse::<i64>()
        && (!text.trim().trim_start_matches('-').starts_with('0') || number == 0)
    {
        return Ok(number);
    }
    let expression = brush::arithmetic(text).map_err(|_| syntax_error(expander, text))?;
    value(expander, &expression, depth).map_err(|stop| match stop {
        Stop::Fail(message, _) if message == DIVIDED_BY_ZERO => divided_by_zero(expander, text),
        other => other,
    })
}

const DIVIDED_BY_ZERO: &str = "divide by zero";

fn divided_by_zero(expander: &Expander<'_, '_>, text: &str) -> Stop {
    match expander.shell.dialect {
        Dialect::Ash => Stop::Fail(DIVIDED_BY_ZERO.to_owned(), 2),
        Dialect::Dash => Stop::Fail(format!("arithmetic expression: division by zero: \"{text}\""), 2),
        Dialect::Bash => {
            let token = text.rsplit(['/', '%']).next().unwrap_or_default();
            Stop::Fail(format!("{text}: division by 0 (error token is \"{token}\")"), 1)
        }
    }
}

/// Is it a number as dash takes it, or nothing?
fn is_number(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit())
        || digits.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn value(expander: &mut Expander<'_, '_>, expression: &Expression, depth: u32) -> Expanded<i64> {
    match expression {
        Expression::Literal(number) => Ok(*number),
        Expression::Reference(target) => reference(expander, target, depth),
        Expression::UnaryOp(operator, operand) => {
            let operand = value(expander, operand, depth)?;
            Ok(match operator {
                Unary::UnaryPlus => operand,
                Unary::UnaryMinus => operand.wrapping_neg(),
                Unary::BitwiseNot => !operand,
                Unary::LogicalNot => i64::from(operand == 0),
            })
        }
        Expression::BinaryOp(Binary::LogicalAnd, left, right) => {
            Ok(i64::from(value(expander, left, depth)? != 0 && value(expander, right, depth)? != 0))
        }
        Expression::BinaryOp(Binary::LogicalOr, left, right) => {
            Ok(i64::from(value(expander, left, depth)? != 0 || value(expander, right, depth)? != 0))
        }
        Expression::BinaryOp(operator, left, right) => {
            let (left, right) = (value(expander, left, depth)?, value(expander, right, depth)?);
            binary(*operator, left, right)
        }
        Expression::Conditional(condition, then, otherwise) => {
            let chosen = if value(expander, condition, depth)? != 0 { then } else { otherwise };
            value(expander, chosen, depth)
        }
        Expression::Assignment(target, operand) => {
            let result = value(expander, operand, depth)?;
            assign(expander, target, result, depth)
        }
        Expression::BinaryAssignment(operator, target, operand) => {
            let left = reference(expander, target, depth)?;
            let right = value(expander, operand, depth)?;
            let result = binary(*operator, left, right)?;
            assign(expander, target, result, depth)
        }
        Expression::UnaryAssignment(step, target) => {
            let before = reference(expander, target, depth)?;
            let after = match step {
                Step::PrefixIncrement | Step::PostfixIncrement => before.wrapping_add(1),
                Step::PrefixDecrement | Step::PostfixDecrement => before.wrapping_sub(1),
            };
            assign(expander, target, after, depth)?;
            Ok(if matches!(step, Step::PrefixIncrement | Step::PrefixDecrement) { after } else { before })
        }
    }
}

/// The array's element that is meant.
fn element(expander: &mut Expander<'_, '_>, name: &str, index: &Expression, depth: u32) -> Expanded<Key> {
    let number = value(expander, index, depth)?;
    let key = expander.shell.array(name).key_of(number);
    key.ok_or_else(|| Stop::Fail(format!("{name}: bad array subscript"), 1))
}

fn reference(expander: &mut Expander<'_, '_>, target: &Target, depth: u32) -> Expanded<i64> {
    let (name, found) = match target {
        Target::Variable(name) => (name, expander.named(name)),
        Target::ArrayElement(name, index) => {
            let key = element(expander, name, index, depth)?;
            (name, expander.shell.array(name).elements.get(&key).cloned())
        }
    };
    match found {
        Some(text) if expander.shell.dialect == Dialect::Dash && !is_number(&text) => {
            Err(Stop::Fail(format!("Illegal number: {text}"), 2))
        }
        Some(text) => evaluate_at(expander, &text, depth + 1),
        None if expander.shell.options.nounset => Err(Stop::Fail(format!("{name}: parameter not set"), 2)),
        None => Ok(0),
    }
}

fn assign(expander: &mut Expander<'_, '_>, target: &Target, result: i64, depth: u32) -> Expanded<i64> {
    match target {
        Target::Variable(name) => expander.assign(name, result.to_string())?,
        Target::ArrayElement(name, index) => {
            let key = element(expander, name, index, depth)?;
            expander.assign_element(name, key, result.to_string())?;
        }
    }
    Ok(result)
}

fn binary(operator: Binary, left: i64, right: i64) -> Expanded<i64> {
    let by_zero = || Stop::Fail(DIVIDED_BY_ZERO.to_owned(), 2);
    Ok(match operator {
        Binary::Power => {
            left.wrapping_pow(u32::try_from(right).map_err(|_| Stop::Fail("exponent less than 0".to_owned(), 2))?)
        }
        Binary::Multiply => left.wrapping_mul(right),
        Binary::Divide if right == 0 => return Err(by_zero()),
        Binary::Modulo if right == 0 => return Err(by_zero()),
        Binary::Divide => left.wrapping_div(right),
        Binary::Modulo => left.wrapping_rem(right),
        Binary::Comma => right,
        Binary::Add => left.wrapping_add(right),
        Binary::Subtract => left.wrapping_sub(right),
        Binary::ShiftLeft => left.wrapping_shl(right as u32),
        Binary::ShiftRight => left.wrapping_shr(right as u32),
        Binary::LessThan => i64::from(left < right),
        Binary::LessThanOrEqualTo => i64::from(left <= right),
        Binary::GreaterThan => i64::from(left > right),
        Binary::GreaterThanOrEqualTo => i64::from(left >= right),
        Binary::Equals => i64::from(left == right),
        Binary::NotEquals => i64::from(left != right),
        Binary::BitwiseAnd => left & right,
        Binary::BitwiseXor => left ^ right,
        Binary::BitwiseOr => left | right,
        Binary::LogicalAnd => i64::from(left != 0 && right != 0),
        Binary::LogicalOr => i64::from(left != 0 || right != 0),
    })
}
