//! The language of the one table that describes the format: which fields an object has, of which type, with
//! which default, and whether they have an effect yet. Checking (`check`), the JSON Schema (`json_schema`) and
//! the reference in docs/scenarios.md (`reference`) read it; a test compares it with what serde accepts.

use serde_json::Value;

use crate::scenario::checks::Code;

/// An object: its fields and rules between them.
#[derive(Debug)]
pub struct Shape {
    /// Name in the JSON Schema's `$defs` and in the reference.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub summary: &'static str,
    /// Its fields, in the order of the reference.
    pub fields: &'static [Field],
    /// Exactly one of these fields must be given (no rule if empty).
    pub one_of: &'static [&'static str],
    /// Further fields of any name, of this type.
    pub others: Option<&'static Type>,
}

impl Shape {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// One field of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// As typed.
    pub name: &'static str,
    /// What may stand there.
    pub kind: Type,
    /// What it means, as a phrase.
    pub summary: &'static str,
    /// What holds if it is absent, for the reference; empty: nothing.
    pub default: &'static str,
    /// Must it be given?
    pub required: bool,
    /// Does this version of the simulator do something with it? If not, giving it is a warning.
    pub has_effect: bool,
}

/// A field that may be absent.
pub const fn field(name: &'static str, kind: Type, summary: &'static str) -> Field {
    Field { name, kind, summary, default: "", required: false, has_effect: true }
}

impl Field {
    /// The same, required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same, with what holds if it is absent.
    #[must_use]
    pub const fn default(mut self, text: &'static str) -> Self {
        self.default = text;
        self
    }

    /// The same, without an effect in this version.
    #[must_use]
    pub const fn no_effect_yet(mut self) -> Self {
        self.has_effect = false;
        self
    }
}

/// What may stand in a field.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// Text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number in this range (inclusive).
    Integer(i64, i64),
    /// A number that is not below this.
    Number(f64),
    /// One of these words.
    Keyword(&'static [&'static str]),
    /// A scalar with a form of its own.
    Leaf(&'static Leaf),
    /// An object.
    Object(&'static Shape),
    /// A list.
    List(&'static Type),
    /// A list of exactly these.
    Tuple(&'static [Type]),
    /// An object with any keys.
    Map(&'static Type),
    /// One of several: the first that fits the value's kind (text, number, list, object) decides.
    Any(&'static [Type]),
    /// Any value; another rule looks at it.
    Free,
    /// An object that holds itself somewhere below: named by a function, as constants cannot form a circle.
    Recursive(fn() -> &'static Type),
}

/// A scalar with a form of its own: a duration, a quantity, an expression.
#[derive(Debug)]
pub struct Leaf {
    /// Name in the JSON Schema's `$defs` and in the reference.
    pub name: &'static str,
    /// What is expected, with an example: "a duration such as 30s".
    pub expected: &'static str,
    /// May it be written as a number?
    pub takes_numbers: bool,
    /// A regular expression that editors check (ECMA 262); empty: none.
    pub pattern: &'static str,
    /// The code of an error in it.
    pub code: &'static Code,
    /// Looks at the text (numbers as they print).
    pub check: fn(&str) -> Result<(), Flaw>,
}

/// Why a scalar is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flaw {
    /// What is wrong.
    pub message: String,
    /// How to mend it; empty if there is nothing to say.
    pub hint: String,
    /// Where in the text, in characters from 0, if one place is meant.
    pub offset: Option<usize>,
}

impl Flaw {
    /// A flaw of the whole text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: String::new(), offset: None }
    }

    /// The same, with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl Type {
    /// Could `value` be meant as this, by its kind alone?
    pub fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Text | Self::Keyword(_) => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Integer(..) | Self::Number(_) => value.is_number(),
            Self::Leaf(leaf) => value.is_string() || leaf.takes_numbers && value.is_number(),
            Self::Object(_) | Self::Map(_) => value.is_object(),
            Self::List(_) | Self::Tuple(_) => value.is_array(),
            Self::Any(types) => types.iter().any(|kind| kind.fits(value)),
            Self::Free => true,
            Self::Recursive(kind) => kind().fits(value),
        }
    }

    /// The words that can stand there as they are.
    pub fn keywords(&self) -> &'static [&'static str] {
        if let Self::Keyword(words) = self { words } else { &[] }
    }

    /// In words: "a whole number", "a list of text".
    pub fn words(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Integer(low, high) if *high == i64::MAX => format!("a whole number from {low}"),
            Self::Integer(low, high) => format!("a whole number from {low} to {high}"),
            Self::Number(low) if low.is_finite() => format!("a number from {low}"),
            Self::Number(_) => "a number".to_owned(),
            Self::Keyword(words) => either(words.iter().map(|word| format!("`{word}`"))),
            Self::Leaf(leaf) => leaf.expected.to_owned(),
            Self::Object(shape) => format!("an object ({})", shape.name),
            Self::List(inner) => format!("a list of {}", inner.words()),
            Self::Tuple(inner) => format!("a list of {}: {}", inner.len(), joined(inner.iter().map(Self::words), ", ")),
            Self::Map(inner) => format!("an object of names to {}", inner.words()),
            Self::Any(types) => either(types.iter().map(Self::words)),
            Self::Free => "any value".to_owned(),
            Self::Recursive(kind) => kind().words(),
        }
    }
}

fn joined(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

fn either(parts: impl Iterator<Item = String>) -> String {
    joined(parts, " or ")
}
