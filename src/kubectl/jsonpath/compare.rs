//! Comparisons of filters. Upstream: client-go third_party/forked/golang/template `Equal`, `Less` and their likes.

use std::cmp::Ordering;

use serde_json::Value;

/// Does `left operator right` hold?
pub(super) fn holds(left: &Value, operator: &str, right: &Value) -> Result<bool, String> {
    let order = match operator {
        "==" | "!=" | "<" | "<=" | ">" | ">=" => order(left, right)?,
        other => return Err(format!("unrecognized filter operator {other}")),
    };
    if left.is_boolean() && !["==", "!="].contains(&operator) {
        return Err("invalid type for comparison".to_owned());
    }
    Ok(match operator {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// Only values of one kind compare; whole and broken numbers are two kinds.
fn order(left: &Value, right: &Value) -> Result<Ordering, String> {
    let scalar = |value: &Value| matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_));
    if !scalar(left) || !scalar(right) {
        return Err("invalid type for comparison".to_owned());
    }
    let incompatible = || "incompatible types for comparison".to_owned();
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Ok(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Ok(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) if left.is_f64() == right.is_f64() => {
            match (left.as_i64(), right.as_i64()) {
                (Some(left), Some(right)) => Ok(left.cmp(&right)),
                _ => left.as_f64().partial_cmp(&right.as_f64()).ok_or_else(incompatible),
            }
        }
        _ => Err(incompatible()),
    }
}
