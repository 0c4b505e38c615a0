//! YAML as kubectl prints it: keys sorted, list items not indented, quotes where a reader would mistake the text.
//! Upstream: sigs.k8s.io/yaml `Marshal` (go-yaml v2 emitter).

use serde_json::Value;

use super::quote;

/// The value as a YAML document, with a line end.
pub fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => object(&mut out, value, 0, false),
        Value::Array(items) if !items.is_empty() => list(&mut out, items, 0, false),
        scalar => {
            out.push_str(&quote::scalar(scalar, 0, 0));
            out.push('\n');
        }
    }
    out
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n(' ', depth));
}

/// The members, each on its line; `inline`: the first one follows what is already on the line.
fn object(out: &mut String, value: &Value, depth: usize, mut inline: bool) {
    for (key, member) in value.as_object().into_iter().flatten() {
        if !std::mem::take(&mut inline) {
            indent(out, depth);
        }
        let key = quote::key(key);
        out.push_str(&key);
        out.push(':');
        child(out, member, depth, depth + key.len() + 2);
    }
}

/// A member's value: nested collections on the next lines, scalars on this one.
fn child(out: &mut String, value: &Value, depth: usize, column: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            object(out, value, depth + 2, false);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            list(out, items, depth, false);
        }
        scalar => {
            out.push(' ');
            out.push_str(&quote::scalar(scalar, depth + 2, column));
            out.push('\n');
        }
    }
}

fn list(out: &mut String, items: &[Value], depth: usize, mut inline: bool) {
    for item in items {
        if !std::mem::take(&mut inline) {
            indent(out, depth);
        }
        out.push_str("- ");
        match item {
            Value::Object(members) if !members.is_empty() => object(out, item, depth + 2, true),
            Value::Array(inner) if !inner.is_empty() => list(out, inner, depth + 2, true),
            scalar => {
                out.push_str(&quote::scalar(scalar, depth + 2, depth + 2));
                out.push('\n');
            }
        }
    }
}
