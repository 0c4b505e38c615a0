//! Functions of Go templates, and how their values print.

use std::cmp::Ordering;

use serde_json::Value;

use crate::api::value::go_map;

type Argument = Option<Value>;

/// A value as Go prints it; what is missing prints as `<no value>`.
pub(super) fn printed(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "<no value>".to_owned(),
        Some(value) => go_map(value),
    }
}

/// Go's truth: not missing, not zero, not empty.
pub(super) fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| !crate::api::value::is_zero(value))
}

/// What Go calls the type of a JSON value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Calls a function.
pub(super) fn call(name: &str, arguments: &[Argument]) -> Result<Argument, String> {
    let first = arguments.first().and_then(Option::as_ref);
    let text = |place: usize| printed(arguments.get(place).and_then(Option::as_ref));
    let value = match name {
        "base64decode" => Value::from(base64(&text(0)).ok_or("base64 decode failed")?),
        "exists" => Value::from(exists(arguments)),
        "len" => Value::from(match first {
            Some(Value::String(text)) => text.len(),
            Some(Value::Array(items)) => items.len(),
            Some(Value::Object(members)) => members.len(),
            other => return Err(format!("len of type {}", other.map_or("<nil>", type_name))),
        }),
        "index" => return Ok(index(first.cloned(), &arguments[1.min(arguments.len())..])),
        "print" => Value::from(arguments.iter().map(|value| printed(value.as_ref())).collect::<String>()),
        "println" => {
            let words: Vec<String> = arguments.iter().map(|value| printed(value.as_ref())).collect();
            Value::from(words.join(" ") + "\n")
        }
        "printf" => Value::from(printf(&text(0), &arguments[1.min(arguments.len())..])),
        "not" => Value::from(!is_true(first)),
        "and" => {
            let stop = arguments.iter().find(|value| !is_true(value.as_ref())).or(arguments.last());
            return Ok(stop.cloned().flatten());
        }
        "or" => {
            let stop = arguments.iter().find(|value| is_true(value.as_ref())).or(arguments.last());
            return Ok(stop.cloned().flatten());
        }
        "eq" => Value::from(arguments[1.min(arguments.len())..].iter().any(|other| same(first, other.as_ref()))),
        "ne" => Value::from(!same(first, arguments.get(1).and_then(Option::as_ref))),
        "lt" | "le" | "gt" | "ge" => {
            let order =
                compare(first, arguments.get(1).and_then(Option::as_ref)).ok_or("incompatible types for comparison")?;
            Value::from(match name {
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "gt" => order.is_gt(),
                _ => order.is_ge(),
            })
        }
        "true" => Value::from(true),
        "false" => Value::from(false),
        "nil" => return Ok(None),
        _ => return Err(format!("function \"{name}\" not defined")),
    };
    Ok(Some(value))
}

fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

fn compare(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::Number(left), Value::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn index(value: Argument, keys: &[Argument]) -> Argument {
    keys.iter().flatten().fold(value, |value, key| match (value?, key) {
        (Value::Object(mut members), Value::String(key)) => members.remove(key),
        (Value::Array(items), Value::Number(place)) => items.get(place.as_u64()? as usize).cloned(),
        _ => None,
    })
}

fn exists(arguments: &[Argument]) -> bool {
    let Some((first, keys)) = arguments.split_first() else { return false };
    first.is_some() && index(first.clone(), keys).is_some()
}

/// Wider fields are refused. Upstream: Go's package fmt, `tooLarge`.
const WIDEST: usize = 1_000_000;

/// The verbs that templates use: %s %v %d %q %t %%, with a width.
fn printf(format: &str, arguments: &[Argument]) -> String {
    let mut out = String::new();
    let mut rest = arguments.iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| c.is_ascii_digit() || *c == '-' || *c == '.') {
            flags.push(flag);
        }
        let Some(verb) = chars.next() else { break };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let value = rest.next().cloned().flatten();
        let text = printed(value.as_ref());
        let text = if verb == 'q' { format!("{text:?}") } else { text };
        let left = flags.starts_with('-');
        let digits = flags.trim_start_matches('-').split('.').next().unwrap_or_default();
        let width = if digits.is_empty() { 0 } else { digits.parse().unwrap_or(usize::MAX) };
        if width > WIDEST {
            out.push_str("%!(BADWIDTH)");
            out.push_str(&text);
            continue;
        }
        let blanks = " ".repeat(width.saturating_sub(text.chars().count()));
        out.push_str(&if left { text + &blanks } else { blanks + &text });
    }
    out
}

fn base64(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut buffer, mut bits) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = buffer << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits & 0xff) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}
