//! What was true instead: the parts of a false expression that decided, with their values.
//! `deployment('web').status.availableReplicas >= 3` becomes `deployment('web').status.availableReplicas is 2`.

use cel::Value;
use cel::common::ast::operators;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};

use super::value::show;
use super::{Expression, Facts, Session};

/// Most values that a message names.
const PARTS_MAX: usize = 4;

/// In words, why `expression` is not true now; empty if nothing can be said.
pub fn explain(expression: &Expression, facts: &mut dyn Facts) -> String {
    let session = Session::run(expression, facts);
    let mut parts = Vec::new();
    decide(expression.program.expression(), true, &session, &mut parts);
    parts.dedup();
    let more = parts.len().saturating_sub(PARTS_MAX);
    parts.truncate(PARTS_MAX);
    let mut text = parts.join(", ");
    if more > 0 {
        text += &format!(" and {more} more");
    }
    text
}

/// Collects what keeps `expression` from being `wanted`.
fn decide(expression: &IdedExpr, wanted: bool, session: &Session, parts: &mut Vec<String>) {
    let is = |expression: &IdedExpr| session.context.resolve(expression);
    let Expr::Call(call) = &expression.expr else { return tell(expression, session, parts) };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_NOT, [inner]) => decide(inner, !wanted, session, parts),
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
            for side in [left, right] {
                if is(side) != Ok(Value::Bool(wanted)) {
                    decide(side, wanted, session, parts);
                }
            }
        }
        (
            operators::EQUALS
            | operators::NOT_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::IN,
            [left, right],
        ) => {
            for side in [left, right] {
                tell(side, session, parts);
            }
        }
        _ => tell(expression, session, parts),
    }
}

/// `pod('web').status.phase is 'Pending'`, unless it is a literal.
fn tell(expression: &IdedExpr, session: &Session, parts: &mut Vec<String>) {
    if matches!(expression.expr, Expr::Literal(_) | Expr::List(_)) {
        return;
    }
    let Some(text) = text_of(expression) else { return };
    match session.context.resolve(expression) {
        Ok(value) => parts.push(format!("{text} is {}", show(&value))),
        Err(error) => parts.push(session.error_of(&error).message),
    }
}

/// An expression as typed, near enough; `None` for what macros made of it.
fn text_of(expression: &IdedExpr) -> Option<String> {
    Some(match &expression.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Literal(literal) => literal_text(literal),
        Expr::Select(select) if select.test => format!("has({}.{})", text_of(&select.operand)?, select.field),
        Expr::Select(select) => format!("{}.{}", text_of(&select.operand)?, select.field),
        Expr::Call(call) => call_text(call)?,
        Expr::Comprehension(comprehension) => {
            format!("the rule for every one of {}", text_of(&comprehension.iter_range)?)
        }
        _ => return None,
    })
}

fn call_text(call: &CallExpr) -> Option<String> {
    let arguments = call.args.iter().map(text_of).collect::<Option<Vec<_>>>()?;
    let operator = call.func_name.trim_matches('_');
    Some(match (&call.target, arguments.as_slice()) {
        (None, [left, right]) if call.func_name == operators::INDEX => format!("{left}[{right}]"),
        (None, [left, right]) if call.func_name.starts_with('_') => format!("{left} {operator} {right}"),
        (None, [inner]) if call.func_name.ends_with('_') => format!("{operator}{inner}"),
        (None, _) if call.func_name.starts_with(['_', '@']) => return None,
        (None, _) => format!("{}({})", call.func_name, arguments.join(", ")),
        (Some(target), _) => format!("{}.{}({})", text_of(target)?, call.func_name, arguments.join(", ")),
    })
}

fn literal_text(literal: &LiteralValue) -> String {
    match literal {
        LiteralValue::Boolean(truth) => truth.inner().to_string(),
        LiteralValue::Double(number) => number.inner().to_string(),
        LiteralValue::Int(number) => number.inner().to_string(),
        LiteralValue::UInt(number) => number.inner().to_string(),
        LiteralValue::String(text) => format!("'{}'", text.inner()),
        LiteralValue::Bytes(_) => "b'…'".to_owned(),
        LiteralValue::Null => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Call, NoAnswer};
    use super::*;
    use serde_json::json;

    struct Web;

    impl Facts for Web {
        fn answer(&mut self, call: &Call) -> Result<serde_json::Value, NoAnswer> {
            match call.function.as_str() {
                "deployment" => Ok(json!({"status": {"availableReplicas": 2}})),
                "pod" => Err(NoAnswer::Missing("pod `default/a` does not exist".to_owned())),
                "pods" => Ok(json!([{"status": {"phase": "Pending"}}])),
                _ => Ok(json!(true)),
            }
        }
    }

    #[test]
    fn the_values_that_decided_are_named() {
        for (text, expected) in [
            ("deployment('web').status.availableReplicas >= 3", "deployment('web').status.availableReplicas is 2"),
            (
                "deployment('web').status.availableReplicas == 2 && pod('a').status.phase == 'Running'",
                "pod `default/a` does not exist",
            ),
            ("!exists('pod', 'a')", "exists('pod', 'a') is true"),
            ("pods('').size() == 0", "pods('').size() is 1"),
            ("pods('')[0].status.phase == 'Running'", "pods('')[0].status.phase is 'Pending'"),
            ("pods('').all(p, p.status.phase == 'Running')", "the rule for every one of pods('') is false"),
        ] {
            assert_eq!(explain(&Expression::compile(text).unwrap(), &mut Web), expected, "{text}");
        }
    }
}
