//! The JSON Schema (draft 2020-12) of the three kinds, made from the table, for editors.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Kind;
use super::scenario::SCENARIO_SPEC;
use super::shape::{Leaf, Shape, Type};

/// The schema of one kind, or of all three.
pub fn schema(kind: Option<Kind>) -> Value {
    let mut definitions = Definitions::default();
    let root = if let Some(kind) = kind {
        definitions.object(kind.shape())
    } else {
        let kinds: Vec<Value> = Kind::ALL.iter().map(|kind| definitions.object(kind.shape())).collect();
        json!({ "oneOf": kinds })
    };
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.map_or_else(|| "kubelapse".to_owned(), |kind| format!("kubelapse {}", kind.name())),
    });
    let object = schema.as_object_mut().expect("json! makes an object of braces");
    object.extend(root.as_object().cloned().unwrap_or_default());
    object.insert("$defs".to_owned(), Value::Object(definitions.done.into_iter().collect()));
    schema
}

/// The schema as text, indented, with a line end.
pub fn text(kind: Option<Kind>) -> String {
    let mut text = serde_json::to_string_pretty(&schema(kind)).expect("a tree of JSON values is printable");
    text.push('\n');
    text
}

/// The fields of `spec`, at which most settings start.
pub fn spec_fields() -> Vec<&'static str> {
    SCENARIO_SPEC.fields.iter().map(|field| field.name).collect()
}

#[derive(Default)]
struct Definitions {
    done: BTreeMap<String, Value>,
}

impl Definitions {
    fn object(&mut self, shape: &Shape) -> Value {
        let reference = json!({ "$ref": format!("#/$defs/{}", shape.name) });
        if self.done.contains_key(shape.name) {
            return reference;
        }
        // A placeholder first: objects can hold themselves (a sum of curves).
        self.done.insert(shape.name.to_owned(), Value::Bool(true));
        let mut properties = Map::new();
        for field in shape.fields {
            let mut property = self.kind(&field.kind);
            if let Some(property) = property.as_object_mut() {
                property.insert("description".to_owned(), Value::String(description(field)));
            }
            properties.insert(field.name.to_owned(), property);
        }
        let others = shape.others.map_or(Value::Bool(false), |kind| self.kind(kind));
        let mut object = json!({
            "type": "object",
            "description": shape.summary.trim(),
            "properties": properties,
            "additionalProperties": others,
        });
        let required: Vec<&str> = shape.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        if !shape.one_of.is_empty() {
            object["oneOf"] = shape.one_of.iter().map(|name| json!({ "required": [name] })).collect();
        }
        self.done.insert(shape.name.to_owned(), object);
        reference
    }

    fn leaf(&mut self, leaf: &Leaf) -> Value {
        let mut text = json!({ "type": "string" });
        if !leaf.pattern.is_empty() {
            text["pattern"] = json!(leaf.pattern);
        }
        let mut definition = if leaf.takes_numbers { json!({ "anyOf": [text, { "type": "number" }] }) } else { text };
        definition["description"] = json!(leaf.expected);
        self.done.insert(leaf.name.to_owned(), definition);
        json!({ "$ref": format!("#/$defs/{}", leaf.name) })
    }

    fn kind(&mut self, kind: &Type) -> Value {
        match kind {
            Type::Text => json!({ "type": "string" }),
            Type::Boolean => json!({ "type": "boolean" }),
            Type::Integer(low, high) if *high == i64::MAX => json!({ "type": "integer", "minimum": low }),
            Type::Integer(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
            Type::Number(low) if low.is_finite() => json!({ "type": "number", "minimum": low }),
            Type::Number(_) => json!({ "type": "number" }),
            Type::Keyword(words) => json!({ "enum": words }),
            Type::Leaf(leaf) => self.leaf(leaf),
            Type::Object(shape) => self.object(shape),
            Type::List(inner) => json!({ "type": "array", "items": self.kind(inner) }),
            Type::Tuple(inner) => {
                let items: Vec<Value> = inner.iter().map(|kind| self.kind(kind)).collect();
                json!({ "type": "array", "prefixItems": items, "minItems": items.len(), "items": false })
            }
            Type::Map(inner) => json!({ "type": "object", "additionalProperties": self.kind(inner) }),
            Type::Any(types) => {
                let types: Vec<Value> = types.iter().map(|kind| self.kind(kind)).collect();
                json!({ "anyOf": types })
            }
            Type::Free => json!({}),
            Type::Recursive(kind) => self.kind(kind()),
        }
    }
}

fn description(field: &super::shape::Field) -> String {
    let default = if field.default.is_empty() { String::new() } else { format!(" (default: {})", field.default) };
    let effect = if field.has_effect { "" } else { " (no effect yet)" };
    format!("{}{default}{effect}", field.summary)
}
