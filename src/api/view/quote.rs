//! How go-yaml writes a scalar: plain, quoted, or as a block.

use serde_json::Value;

/// Lines are folded at the first blank beyond this column. Upstream: go-yaml v2 `best_width` as sigs.k8s.io/yaml sets it.
const WIDTH: usize = 80;

/// A mapping's key.
pub(super) fn key(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text, 0, 0) }
}

/// A value; `indent` is where its continuation lines start, `column` where it starts itself.
pub(super) fn scalar(value: &Value, indent: usize, column: usize) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
        Value::String(text) if text.contains('\n') && is_printable(text) => block(text, indent),
        Value::String(text) if is_plain(text) => fold(text, indent, column, ' '),
        Value::String(text) => quoted(text, indent, column),
    }
}

/// Would the text, written bare, be read back as the same string?
fn is_plain(text: &str) -> bool {
    if text.is_empty() || resolves_to_other(text) || text != text.trim() || !is_printable(text) || text.contains('\n') {
        return false;
    }
    let first = text.chars().next().unwrap_or(' ');
    let follower = text.chars().nth(1);
    let blank_next = follower.is_none_or(|c| c == ' ');
    if matches!(first, '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`')
        || matches!(first, '-' | '?' | ':') && blank_next
        || text.starts_with("---")
        || text.starts_with("...")
    {
        return false;
    }
    !text.contains(": ") && !text.contains(" #") && !text.ends_with(':')
}

/// Does a YAML 1.1 reader take it for a number, a boolean, null, a date or a sexagesimal?
fn resolves_to_other(text: &str) -> bool {
    !super::super::yaml::reads_as_text(text) || is_base60(text) || is_date(text) || text == "<<" || text == "="
}

/// Upstream: go-yaml v2 `isBase60Float`.
fn is_base60(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut parts = body.split(':');
    let first = parts.next().is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()) && digits(part));
    let rest: Vec<&str> = parts.collect();
    first
        && !rest.is_empty()
        && rest.iter().all(|part| {
            let whole = part.split('.').next().unwrap_or_default();
            matches!(whole.len(), 1 | 2)
                && whole.bytes().all(|byte| byte.is_ascii_digit())
                && (whole.len() == 1 || whole.as_bytes()[0] <= b'5')
        })
}

/// `2006-01-02`, with or without a time. Upstream: go-yaml v2 `parseTimestamp`.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let date =
        digits(0..4) && bytes.get(4) == Some(&b'-') && digits(5..7) && bytes.get(7) == Some(&b'-') && digits(8..10);
    date && (bytes.len() == 10 || matches!(bytes[10], b'T' | b't' | b' ') && text.parse::<jiff::Timestamp>().is_ok())
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || (' '..='\u{7e}').contains(&c) || c == '\u{85}' || c > '\u{9f}' && c != '\u{feff}')
}

/// Single quotes where they suffice; double quotes where the bare text would be another type or has special characters.
fn quoted(text: &str, indent: usize, column: usize) -> String {
    if resolves_to_other(text) || text.is_empty() || !is_printable(text) || text.contains('\n') {
        return double_quoted(text);
    }
    format!("'{}'", fold(&text.replace('\'', "''"), indent, column + 1, ' '))
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{1b}' => out.push_str("\\e"),
            c if (c as u32) < 0x100 && !is_printable(c.encode_utf8(&mut [0; 4])) => {
                out.push_str(&format!("\\x{:02X}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Breaks a long line at single blanks. Upstream: go-yaml v2 `yaml_emitter_write_plain_scalar`.
fn fold(text: &str, indent: usize, column: usize, blank: char) -> String {
    let mut out = String::with_capacity(text.len());
    let mut position = column;
    let characters: Vec<char> = text.chars().collect();
    for (index, c) in characters.iter().enumerate() {
        let single = *c == blank
            && index > 0
            && characters[index - 1] != blank
            && characters.get(index + 1).is_some_and(|next| *next != blank);
        if single && position > WIDTH {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            position = indent;
        } else {
            out.push(*c);
            position += 1;
        }
    }
    out
}

/// A literal block. Upstream: go-yaml v2 `yaml_emitter_write_literal_scalar`.
fn block(text: &str, indent: usize) -> String {
    let mut out = String::from("|");
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    if !text.ends_with('\n') {
        out.push('-');
    } else if text.ends_with("\n\n") || text == "\n" {
        out.push('+');
    }
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
    out
}
