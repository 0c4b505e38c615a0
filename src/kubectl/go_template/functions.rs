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

/// Every function, with the least and, where there is one, the greatest number of its arguments.
const FUNCTIONS: [(&str, usize, Option<usize>); 21] = [
    ("and", 1, None),
    ("or", 1, None),
    ("not", 1, Some(1)),
    ("len", 1, Some(1)),
    ("index", 1, None),
    ("slice", 1, None),
    ("print", 0, None),
    ("println", 0, None),
    ("printf", 1, None),
    ("html", 0, None),
    ("js", 0, None),
    ("urlquery", 0, None),
    ("eq", 1, None),
    ("ne", 2, Some(2)),
    ("lt", 2, Some(2)),
    ("le", 2, Some(2)),
    ("gt", 2, Some(2)),
    ("ge", 2, Some(2)),
    ("call", 1, None),
    ("exists", 1, None),
    ("base64decode", 1, Some(1)),
];

/// Is there a function of this name?
pub(super) fn is_known(name: &str) -> bool {
    FUNCTIONS.iter().any(|(known, _, _)| *known == name)
}

/// Upstream: text/template `evalCall`.
pub(super) fn check_count(name: &str, count: usize) -> Result<(), String> {
    let Some((_, least, most)) = FUNCTIONS.iter().find(|(known, _, _)| *known == name) else { return Ok(()) };
    match most {
        None if count < *least => Err(format!("wrong number of args for {name}: want at least {least} got {count}")),
        Some(most) if count != *most => Err(format!("wrong number of args for {name}: want {most} got {count}")),
        _ => Ok(()),
    }
}

/// Calls a function.
pub(super) fn call(name: &str, arguments: &[Argument]) -> Result<Argument, String> {
    let first = arguments.first().and_then(Option::as_ref);
    let second = arguments.get(1).and_then(Option::as_ref);
    let text = |place: usize| printed(arguments.get(place).and_then(Option::as_ref));
    let rest = &arguments[1.min(arguments.len())..];
    let value = match name {
        "base64decode" => Value::from(base64(&text(0))?),
        "exists" => Value::from(exists(arguments)),
        "len" => Value::from(match first {
            Some(Value::String(text)) => text.len(),
            Some(Value::Array(items)) => items.len(),
            Some(Value::Object(members)) => members.len(),
            None => return Err("reflect: call of reflect.Value.Type on zero Value".to_owned()),
            Some(Value::Null) => return Err("len of nil pointer".to_owned()),
            Some(Value::Number(number)) if !number.is_f64() => return Err("len of type int".to_owned()),
            Some(other) => return Err(format!("len of type {}", type_name(other))),
        }),
        "index" => return index(first.cloned(), rest),
        "slice" => return slice(first, rest).map(Some),
        "print" => Value::from(sprint(arguments)),
        "println" => {
            let words: Vec<String> = arguments.iter().map(|value| sprinted(value.as_ref())).collect();
            Value::from(words.join(" ") + "\n")
        }
        "printf" => Value::from(printf(&text(0), rest)),
        "html" => Value::from(html(&sprint(arguments))),
        "js" => Value::from(js(&sprint(arguments))),
        "urlquery" => Value::from(url_query(&sprint(arguments))),
        "not" => Value::from(!is_true(first)),
        "and" => {
            let stop = arguments.iter().find(|value| !is_true(value.as_ref())).or(arguments.last());
            return Ok(stop.cloned().flatten());
        }
        "or" => {
            let stop = arguments.iter().find(|value| is_true(value.as_ref())).or(arguments.last());
            return Ok(stop.cloned().flatten());
        }
        "eq" if rest.is_empty() => return Err("missing argument for comparison".to_owned()),
        "eq" => {
            let mut equal = false;
            for other in rest {
                equal |= same(first, other.as_ref())?;
                if equal {
                    break;
                }
            }
            Value::from(equal)
        }
        "ne" => Value::from(!same(first, second)?),
        "lt" | "le" | "gt" | "ge" => {
            let order = compare(first, second)?;
            Value::from(match name {
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "gt" => order.is_gt(),
                _ => order.is_ge(),
            })
        }
        _ => return Err(format!("function \"{name}\" not defined")),
    };
    Ok(Some(value))
}

/// As fmt.Sprint prints an operand.
fn sprinted(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "<nil>".to_owned(),
        Some(value) => go_map(value),
    }
}

/// Blanks stand between operands of which neither is a text. Upstream: Go's fmt `Sprint`.
fn sprint(arguments: &[Argument]) -> String {
    let mut out = String::new();
    for (place, value) in arguments.iter().enumerate() {
        let is_text = |value: &Argument| matches!(value, Some(Value::String(_)));
        if place > 0 && !is_text(value) && !is_text(&arguments[place - 1]) {
            out.push(' ');
        }
        out.push_str(&sprinted(value.as_ref()));
    }
    out
}

/// Upstream: text/template `HTMLEscape`.
fn html(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Upstream: text/template `JSEscape`.
fn js(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => {
                out.push('\\');
                out.push(c);
            }
            '<' | '>' | '&' | '=' => out.push_str(&format!("\\u{:04X}", c as u32)),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Upstream: net/url `QueryEscape`.
fn url_query(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The kinds that compare with one another. Upstream: text/template `basicKind`.
fn basic_kind(value: &Value) -> Result<&'static str, String> {
    match value {
        Value::Bool(_) => Ok("bool"),
        Value::Number(number) if number.is_f64() => Ok("float"),
        Value::Number(_) => Ok("int"),
        Value::String(_) => Ok("string"),
        _ => Err("non-comparable type".to_owned()),
    }
}

fn same(left: Option<&Value>, right: Option<&Value>) -> Result<bool, String> {
    let (Some(left), Some(right)) = (left, right) else { return Ok(left.is_none() && right.is_none()) };
    if left.is_null() || right.is_null() {
        return Ok(left == right);
    }
    let incomparable = |value: &Value| format!("non-comparable type {}: {}", go_map(value), type_name(value));
    let (left_kind, right_kind) =
        (basic_kind(left).map_err(|_| incomparable(left))?, basic_kind(right).map_err(|_| incomparable(right))?);
    if left_kind != right_kind {
        return Err("incompatible types for comparison".to_owned());
    }
    Ok(left == right)
}

fn compare(left: Option<&Value>, right: Option<&Value>) -> Result<Ordering, String> {
    let invalid = || "invalid type for comparison".to_owned();
    let (left, right) = (left.ok_or_else(invalid)?, right.ok_or_else(invalid)?);
    if basic_kind(left).map_err(|_| invalid())? != basic_kind(right).map_err(|_| invalid())? {
        return Err("incompatible types for comparison".to_owned());
    }
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let exact = left.as_i64().zip(right.as_i64()).map(|(left, right)| left.cmp(&right));
            exact.or_else(|| left.as_f64().partial_cmp(&right.as_f64())).ok_or_else(invalid)
        }
        (Value::String(left), Value::String(right)) => Ok(left.cmp(right)),
        _ => Err(invalid()),
    }
}

fn index(value: Argument, keys: &[Argument]) -> Result<Argument, String> {
    if value.is_none() {
        return Err("index of untyped nil".to_owned());
    }
    let mut value = value;
    for key in keys {
        let item = match value {
            None | Some(Value::Null) => return Err("index of nil pointer".to_owned()),
            Some(item) => item,
        };
        let key = key.as_ref().ok_or("cannot index slice/array with nil")?;
        value = match (item, key) {
            (Value::Object(mut members), Value::String(key)) => members.remove(key),
            (Value::Object(_), other) => {
                return Err(format!("value has type {}; should be string", type_name(other)));
            }
            (Value::Array(items), Value::Number(place)) => {
                let found = place.as_u64().and_then(|place| items.get(usize::try_from(place).ok()?).cloned());
                Some(found.ok_or_else(|| format!("index out of range: {place}"))?)
            }
            (Value::String(text), Value::Number(place)) => {
                let found = place.as_u64().and_then(|place| text.as_bytes().get(usize::try_from(place).ok()?).copied());
                Some(Value::from(found.ok_or_else(|| format!("index out of range: {place}"))?))
            }
            (Value::Array(_) | Value::String(_), other) => {
                return Err(format!("cannot index slice/array with type {}", type_name(other)));
            }
            (other, _) => return Err(format!("can't index item of type {}", type_name(&other))),
        };
    }
    Ok(value)
}

/// Upstream: text/template `slice`.
fn slice(value: Option<&Value>, places: &[Argument]) -> Result<Value, String> {
    if places.len() > 3 {
        return Err(format!("too many slice indexes: {}", places.len()));
    }
    let length = match value {
        Some(Value::String(text)) if places.len() < 3 => text.len(),
        Some(Value::String(_)) => return Err("cannot 3-index slice a string".to_owned()),
        Some(Value::Array(items)) => items.len(),
        Some(other) => return Err(format!("can't slice item of type {}", type_name(other))),
        None => return Err("slice of untyped nil".to_owned()),
    };
    let mut bounds = [0, length];
    for (bound, place) in bounds.iter_mut().zip(places) {
        let place = place.as_ref().and_then(Value::as_i64).ok_or("cannot index slice/array with nil")?;
        *bound = usize::try_from(place)
            .ok()
            .filter(|place| *place <= length)
            .ok_or_else(|| format!("index out of range: {place}"))?;
    }
    let [from, to] = bounds;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    Ok(match value {
        Some(Value::Array(items)) => Value::from(items[from..to].to_vec()),
        Some(Value::String(text)) => Value::from(String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()),
        _ => Value::Null,
    })
}

fn exists(arguments: &[Argument]) -> bool {
    let Some((first, keys)) = arguments.split_first() else { return false };
    first.is_some() && index(first.clone(), keys).is_ok_and(|found| found.is_some())
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

/// Upstream: kubectl pkg/cmd/get `base64decode`, encoding/base64 `CorruptInputError`.
fn base64(text: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let (mut buffer, mut bits) = (0_u32, 0);
    for (place, byte) in text.bytes().enumerate().filter(|(_, byte)| !matches!(byte, b'\n' | b'\r' | b'=')) {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(format!("base64 decode failed: illegal base64 data at input byte {place}")),
        };
        buffer = buffer << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits & 0xff) as u8);
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
