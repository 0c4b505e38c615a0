//! The figures of a summary.json by the names that expressions, sweeps and comparisons call them by:
//! `pods.pending_seconds`, `workloads['default/deployment/web'].ready`.

use std::collections::BTreeMap;

use serde_json::Value;

/// Every value of a summary that holds no others, by its name.
pub fn leaves(summary: &Value) -> BTreeMap<String, &Value> {
    let mut found = BTreeMap::new();
    collect(summary, String::new(), &mut found);
    found
}

fn collect<'a>(value: &'a Value, path: String, found: &mut BTreeMap<String, &'a Value>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, below(&path, name), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{path}[{index}]"), found);
            }
        }
        _ => {
            found.insert(path, value);
        }
    }
}

/// The name of a field: with a dot if it is an identifier, else indexed.
fn below(path: &str, name: &str) -> String {
    let is_identifier = !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match (is_identifier, path) {
        (true, "") => name.to_owned(),
        (true, path) => format!("{path}.{name}"),
        (false, path) => format!("{path}['{name}']"),
    }
}

/// A number as people read it: 0.25, 12, 1,234.5, 0.00012.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs();
    let decimals = match magnitude {
        _ if value.fract() == 0.0 => 0,
        _ if magnitude >= 1000.0 => 0,
        _ if magnitude >= 100.0 => 1,
        _ if magnitude >= 1.0 => 2,
        _ if magnitude >= 0.1 => 3,
        _ if magnitude >= 0.01 => 4,
        _ if magnitude >= 0.001 => 5,
        _ => 6,
    };
    let text = format!("{magnitude:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), super::charts::grouped);
    let sign = if value < 0.0 && text != "0" { "−" } else { "" };
    format!("{sign}{whole}{rest}")
}

/// The same with a sign also in front of what grew.
pub fn signed(value: f64) -> String {
    let text = number(value);
    if value > 0.0 && text != "0" { format!("+{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_those_of_expressions() {
        let summary = json!({
            "pods": { "created": 3 },
            "workloads": { "default/deployment/web": { "ready": 2 } },
            "steps": [{ "exit": null }],
        });
        let names: Vec<String> = leaves(&summary).into_keys().collect();
        assert_eq!(names, ["pods.created", "steps[0].exit", "workloads['default/deployment/web'].ready"]);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (12.0, "12"),
            (1234.56, "1,235"),
            (0.25, "0.25"),
            (0.0768, "0.0768"),
            (2.5, "2.5"),
            (-1_048_576.0, "−1,048,576"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!((signed(0.5), signed(-0.5), signed(0.0)), ("+0.5".to_owned(), "−0.5".to_owned(), "0".to_owned()));
    }
}
