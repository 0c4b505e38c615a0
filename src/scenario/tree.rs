//! From the text of one of our own documents to a tree of values: YAML 1.2 scalars, merge keys, no duplicate
//! keys, keys that are text. Manifests do not come here; `api` reads them as kubectl does.

use serde_json::{Map, Number, Value};
use serde_yaml::Value as Yaml;

use super::checks;
use super::diagnostics::Diagnostic;
use super::documents::Document;
use super::field_path::FieldPath;
use super::locate::Places;

/// Brackets open at once, at most: beyond it no scenario is meant, and YAML parsers turn quadratic.
const NESTING_MAX: usize = 200;

/// Reads a document. Fields that hold nothing (`key:`) are left out.
///
/// # Errors
/// What is no YAML (or JSON), duplicate keys (all of them), keys that are no text, and documents too deep.
pub fn read(document: &Document) -> Result<Value, Vec<Diagnostic>> {
    let at = |line: usize, column: usize| (document.line + line.max(1) - 1, column.max(1));
    let error = |code, message: String, (line, column): (usize, usize)| {
        Diagnostic::new(code, message).in_file(&*document.file).at(line, column)
    };
    if let Some(line) = too_deep(&document.text) {
        let message = format!("more than {NESTING_MAX} levels of nesting");
        return Err(vec![error(&checks::SYNTAX, message, at(line, 1))]);
    }
    let parsed = match parse(&document.text) {
        Ok(parsed) => parsed,
        Err(failure) => {
            let duplicates = Places::of(&document.text).duplicates;
            if failure.message.contains("duplicate") && !duplicates.is_empty() {
                let found = duplicates.into_iter().map(|(path, place)| {
                    let message = format!("`{path}` is given twice");
                    let mut one = error(&checks::DUPLICATE_KEY, message, at(place.line, place.column));
                    one.length = place.length;
                    one.path = path.to_string();
                    one.hint("keep one of them".to_owned())
                });
                return Err(found.collect());
            }
            return Err(vec![error(&checks::SYNTAX, failure.message, at(failure.line, failure.column))]);
        }
    };
    to_json(parsed, &FieldPath::default()).map_err(|(path, message)| {
        let place = Places::of(&document.text).find(&path, super::locate::Part::Value);
        let mut one = error(&checks::WRONG_TYPE, message, at(place.line, place.column));
        one.path = path.to_string();
        vec![one]
    })
}

/// A value as it stands after `=` in `--set`: `5`, `[a, b]`, `text`.
///
/// # Errors
/// What the YAML reader says.
pub fn read_value(text: &str) -> Result<Value, String> {
    if too_deep(text).is_some() {
        return Err(format!("more than {NESTING_MAX} levels of nesting"));
    }
    let parsed = parse(text).map_err(|failure| failure.message)?;
    to_json(parsed, &FieldPath::default()).map_err(|(_, message)| message)
}

struct Failure {
    message: String,
    line: usize,
    column: usize,
}

fn parse(text: &str) -> Result<Yaml, Failure> {
    // JSON first where it looks like JSON: it may be indented with tabs, which YAML forbids.
    if text.trim_start().starts_with('{')
        && let Ok(parsed) = serde_json::from_str::<Yaml>(text)
    {
        return Ok(parsed);
    }
    let failure = |error: &serde_yaml::Error| Failure {
        message: without_place(&error.to_string()),
        line: error.location().map_or(1, |location| location.line()),
        column: error.location().map_or(1, |location| location.column()),
    };
    let mut parsed: Yaml = serde_yaml::from_str(text).map_err(|error| failure(&error))?;
    parsed.apply_merge().map_err(|error| failure(&error))?;
    Ok(parsed)
}

/// The library appends " at line 3 column 5"; the diagnostic says it in its own way.
fn without_place(message: &str) -> String {
    let cut = message.find(" at line ").unwrap_or(message.len());
    message[..cut].to_owned()
}

/// The line on which brackets or block indentation go deeper than anyone means; strings count too, which only
/// matters for texts that hold hundreds of unclosed brackets.
fn too_deep(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (number, line) in text.lines().enumerate() {
        let mut dashes = 0_usize;
        let mut leading = true;
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => open += 1,
                b']' | b'}' => open = open.saturating_sub(1),
                b'-' | b'?' if leading => dashes += 1,
                _ => {}
            }
            leading &= matches!(byte, b' ' | b'-' | b'?' | b':');
        }
        if open > NESTING_MAX || dashes > NESTING_MAX && line.contains("- -") {
            return Some(number + 1);
        }
    }
    None
}

fn to_json(value: Yaml, path: &FieldPath) -> Result<Value, (FieldPath, String)> {
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::String(text) => Value::String(text),
        Yaml::Number(number) => Value::Number(to_number(&number).ok_or_else(|| {
            let message = format!("`{number}` is not a number that can be used here");
            (path.clone(), message)
        })?),
        Yaml::Sequence(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                list.push(to_json(item, &path.index(index))?);
            }
            Value::Array(list)
        }
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, item) in entries {
                let Yaml::String(key) = key else {
                    let shown = serde_yaml::to_string(&key).unwrap_or_default();
                    let message = format!("the key `{}` is not text: put it in quotes", shown.trim());
                    return Err((path.clone(), message));
                };
                let value = to_json(item, &path.key(key.as_str()))?;
                if !value.is_null() {
                    object.insert(key, value);
                }
            }
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => {
            return Err((path.clone(), format!("the tag `{}` is not used here", tagged.tag)));
        }
    })
}

fn to_number(number: &serde_yaml::Number) -> Option<Number> {
    number
        .as_u64()
        .map(Number::from)
        .or_else(|| number.as_i64().map(Number::from))
        .or_else(|| number.as_f64().and_then(Number::from_f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document { file: "f.yaml".into(), index: 0, line: 10, text: text.into() }
    }

    fn errors(text: &str) -> Vec<(usize, usize, String)> {
        read(&document(text)).unwrap_err().into_iter().map(|d| (d.line, d.column, d.message)).collect()
    }

    #[test]
    fn merge_keys_are_applied_and_empty_fields_left_out() {
        let value = read(&document("a: &a { x: 1, y: 2 }\nb: { <<: *a, y: 3 }\nc:\n")).unwrap();
        assert_eq!(value, serde_json::json!({"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}));
    }

    #[test]
    fn all_duplicate_keys_are_reported_with_their_lines() {
        assert_eq!(
            errors("a: 1\nb: { c: 1, c: 2 }\na: 3\n"),
            [(11, 12, "`b.c` is given twice".into()), (12, 1, "`a` is given twice".into())]
        );
    }

    #[test]
    fn duplicate_keys_in_json_are_errors_too() {
        assert_eq!(errors("{\"a\": 1, \"a\": 2}").len(), 1);
    }

    #[test]
    fn json_with_tabs_is_read() {
        assert_eq!(read(&document("{\n\t\"a\": 1\n}")).unwrap(), serde_json::json!({"a": 1}));
    }

    #[test]
    fn syntax_errors_have_line_and_column() {
        let found = errors("a: 1\nb: [1, 2\nc: 3\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].0 >= 11, "{found:?}");
    }

    #[test]
    fn keys_must_be_text() {
        assert_eq!(errors("a: { 1: x }")[0].2, "the key `1` is not text: put it in quotes");
    }

    #[test]
    fn bombs_end_fast_with_an_error() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let below = level - 1;
            let items = vec![format!("*a{below}"); 10].join(", ");
            bomb.extend([format!("a{level}: &a{level} [{items}]\n")]);
        }
        assert_eq!(errors(&bomb).len(), 1);
        assert_eq!(errors(&"[".repeat(1_000_000)).len(), 1);
        assert_eq!(errors(&"- ".repeat(1_000_000)).len(), 1);
        let mut deep = String::new();
        for level in 0..2000 {
            deep.extend([" ".repeat(level).as_str(), "a:\n"]);
        }
        assert_eq!(errors(&deep).len(), 1);
    }
}
