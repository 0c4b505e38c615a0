//! YAML 1.1 resolution of plain scalars, as go-yaml v2 does it for sigs.k8s.io/yaml.

use serde_json::{Number, Value};

/// The value of an unquoted scalar. Sexagesimal numbers and dates stay text.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Value::from(text);
    }
    integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::from(text))
}

/// The value of a scalar with a `!!int`, `!!float`, `!!bool`, `!!null` or `!!str` tag.
pub(super) fn tagged(suffix: &str, text: &str) -> Value {
    match suffix {
        "str" | "binary" => Value::from(text),
        _ => resolve(text),
    }
}

/// A key as JSON needs it: text. Collections are refused in Go's words.
/// Upstream: sigs.k8s.io/yaml `convertToJSONableObject`.
pub(super) fn key(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null => Ok("null".to_owned()),
        Value::Array(_) | Value::Object(_) => Err(format!("invalid map key: {}", go_syntax(&value))),
    }
}

/// A value as Go's `%#v` prints it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("{key:?}:{}", go_syntax(value))).collect();
            format!("map[interface {{}}]interface {{}}{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// Go's `ParseInt` with base 0: `0x1F`, `0o17`, `0b1`, `0755` (octal) and decimal, underscores left out.
fn integer(text: &str) -> Option<Value> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let lower = unsigned.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'o', ..] => (&lower[2..], 8),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', _, ..] => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if plain.starts_with('-') {
        i64::try_from(-i128::from(magnitude)).ok().map(Value::from)
    } else {
        Some(Value::from(magnitude))
    }
}

/// A decimal number; whole ones become integers, as Go's JSON encoder writes them.
fn float(text: &str) -> Option<Value> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    if !is_float(&plain) {
        return None;
    }
    let number: f64 = plain.parse().ok()?;
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Some(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = digits(unsigned);
    let mut rest = &unsigned[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let places = digits(fraction);
        if whole == 0 && places == 0 {
            return false;
        }
        rest = &fraction[places..];
    } else if whole == 0 {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else { return rest.is_empty() };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}
