//! Compares a tree of values with the table: unknown and missing fields, wrong types, bad scalars, and fields
//! without effect. Goes on after a finding, so that all of them are reported at once.

use serde_json::{Map, Value};

use super::shape::{Field, Leaf, Shape, Type};
use crate::scenario::checks::{self, Code};
use crate::scenario::field_path::FieldPath;
use crate::scenario::locate::Part;
use crate::scenario::suggest;

/// A finding inside a document, before its place in the file is known.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub code: &'static Code,
    /// The field.
    pub path: FieldPath,
    /// Its name or what it holds.
    pub part: Part,
    /// Characters into the value, where one place inside it is meant.
    pub offset: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Finding {
    /// A finding about what the field holds.
    pub fn value(code: &'static Code, path: FieldPath, message: impl Into<String>) -> Self {
        Self { code, path, part: Part::Value, offset: None, message: message.into(), hint: String::new() }
    }

    /// A finding about the field as such.
    pub fn key(code: &'static Code, path: FieldPath, message: impl Into<String>) -> Self {
        Self { part: Part::Key, ..Self::value(code, path, message) }
    }

    /// The same, with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// All findings in `value`, which stands at `path` and should be of type `kind`.
pub fn check(value: &Value, kind: &Type, path: &FieldPath) -> Vec<Finding> {
    let mut findings = Vec::new();
    visit(value, kind, path, &mut findings);
    findings
}

fn visit(value: &Value, kind: &Type, path: &FieldPath, findings: &mut Vec<Finding>) {
    if !kind.fits(value) {
        let mut message = format!("expected {}, found {}", kind.words(), described(value));
        let mut hint = String::new();
        if let (Type::Text | Type::Keyword(_), Value::Number(_) | Value::Bool(_)) = (kind, value) {
            hint = format!("put it in quotes: \"{value}\"");
        }
        if let (Type::List(_), false) = (kind, value.is_object()) {
            hint = format!("write it as a list: [{}]", plain(value));
        }
        if value.is_null() {
            message = format!("expected {}, found nothing", kind.words());
        }
        findings.push(Finding::value(&checks::WRONG_TYPE, path.clone(), message).hint(hint));
        return;
    }
    match (kind, value) {
        (Type::Keyword(words), Value::String(text)) if !words.contains(&text.as_str()) => {
            let message = format!("`{text}` is not one of the words known here");
            let hint = suggest::hint(text, words.iter().copied());
            findings.push(Finding::value(&checks::BAD_VALUE, path.clone(), message).hint(hint));
        }
        (Type::Integer(low, high), _) => {
            let in_range = value.as_i64().is_some_and(|number| (*low..=*high).contains(&number));
            findings.extend((!in_range).then(|| out_of_range(value, kind, path)));
        }
        (Type::Number(low), _) => {
            let in_range = value.as_f64().is_some_and(|number| number >= *low);
            findings.extend((!in_range).then(|| out_of_range(value, kind, path)));
        }
        (Type::Leaf(leaf), _) => leaf_findings(value, leaf, path, findings),
        (Type::Object(shape), Value::Object(object)) => visit_object(object, shape, path, findings),
        (Type::List(inner), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                visit(item, inner, &path.index(index), findings);
            }
        }
        (Type::Tuple(inner), Value::Array(items)) => {
            if items.len() != inner.len() {
                let message = format!("expected {}, found {} items", kind.words(), items.len());
                findings.push(Finding::value(&checks::WRONG_TYPE, path.clone(), message));
            }
            for (index, (item, kind)) in items.iter().zip(*inner).enumerate() {
                visit(item, kind, &path.index(index), findings);
            }
        }
        (Type::Map(inner), Value::Object(object)) => {
            for (key, item) in object {
                visit(item, inner, &path.key(key.as_str()), findings);
            }
        }
        (Type::Recursive(kind), _) => visit(value, kind(), path, findings),
        (Type::Any(types), _) => visit_any(value, types, path, findings),
        _ => {}
    }
}

/// The first alternative that takes the value; if none does, what the first that fits its kind says.
fn visit_any(value: &Value, types: &[Type], path: &FieldPath, findings: &mut Vec<Finding>) {
    let mut first: Option<Vec<Finding>> = None;
    for kind in types.iter().filter(|kind| kind.fits(value)) {
        let mut own = Vec::new();
        visit(value, kind, path, &mut own);
        if own.iter().all(|finding| finding.code.is_warning()) {
            findings.extend(own);
            return;
        }
        // A word list beside a free form (`idle` or a duration): the form says more about a wrong text.
        let is_word = matches!(kind, Type::Keyword(_));
        if first.is_none() || !is_word && first.as_ref().is_some_and(|found| found[0].code.id == checks::BAD_VALUE.id) {
            first = Some(own);
        }
    }
    let words: Vec<&str> = types.iter().flat_map(Type::keywords).copied().collect();
    for mut finding in first.unwrap_or_default() {
        if finding.path == *path && finding.hint.is_empty() && !words.is_empty() {
            finding.hint = match value.as_str().and_then(|text| suggest::nearest(text, words.iter().copied())) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("or one of these words: {}", words.join(", ")),
            };
        }
        findings.push(finding);
    }
}

fn visit_object(object: &Map<String, Value>, shape: &Shape, path: &FieldPath, findings: &mut Vec<Finding>) {
    for (key, item) in object {
        match (shape.field(key), shape.others) {
            (Some(field), _) => visit_field(item, field, &path.key(key.as_str()), findings),
            (None, Some(kind)) => visit(item, kind, &path.key(key.as_str()), findings),
            (None, None) => {
                let message = format!("unknown field `{key}` in {}", place_words(path));
                let hint = suggest::hint(key, shape.fields.iter().map(|field| field.name));
                findings.push(Finding::key(&checks::UNKNOWN_FIELD, path.key(key.as_str()), message).hint(hint));
            }
        }
    }
    for field in shape.fields.iter().filter(|field| field.required && !object.contains_key(field.name)) {
        let message = format!("`{}` is missing: {}", field.name, field.summary);
        findings.push(Finding::key(&checks::MISSING_FIELD, path.clone(), message));
    }
    if !shape.one_of.is_empty() {
        let given: Vec<&str> = shape.one_of.iter().copied().filter(|name| object.contains_key(*name)).collect();
        let all = shape.one_of.join(", ");
        if given.is_empty() && object.keys().all(|key| shape.field(key).is_some()) {
            let message = format!("one of {all} must be given");
            findings.push(Finding::key(&checks::MISSING_FIELD, path.clone(), message));
        } else if given.len() > 1 {
            let message = format!("only one of {all} can be given, found {}", given.join(", "));
            findings.push(Finding::key(&checks::CONTRADICTION, path.key(given[1]), message));
        }
    }
}

fn visit_field(item: &Value, field: &Field, path: &FieldPath, findings: &mut Vec<Finding>) {
    let errors_before = findings.iter().filter(|finding| !finding.code.is_warning()).count();
    let found_before = findings.len();
    visit(item, &field.kind, path, findings);
    if !field.has_effect {
        // One warning for the whole: those for its parts would only repeat it.
        let mut own = findings.split_off(found_before);
        own.retain(|finding| !finding.code.is_warning());
        findings.extend(own);
        if findings.iter().filter(|finding| !finding.code.is_warning()).count() == errors_before {
            let message = format!("`{}` has no effect yet", field.name);
            findings.push(Finding::key(&checks::NO_EFFECT, path.clone(), message));
        }
    }
}

fn leaf_findings(value: &Value, leaf: &Leaf, path: &FieldPath, findings: &mut Vec<Finding>) {
    let text = plain(value);
    if let Err(flaw) = (leaf.check)(&text) {
        let mut finding = Finding::value(leaf.code, path.clone(), flaw.message).hint(flaw.hint);
        finding.offset = flaw.offset;
        findings.push(finding);
    }
}

/// Text without its quotes, everything else as JSON.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn out_of_range(value: &Value, kind: &Type, path: &FieldPath) -> Finding {
    Finding::value(&checks::OUT_OF_RANGE, path.clone(), format!("{value} is not {}", kind.words()))
}

/// What the object at `path` is called in messages.
fn place_words(path: &FieldPath) -> String {
    if path.0.is_empty() { "the document".to_owned() } else { format!("`{path}`") }
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.chars().count() <= 40 => format!("the text `{text}`"),
        Value::String(_) => "text".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}
