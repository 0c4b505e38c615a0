//! JSON files: one or more objects after one another.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{Documents, Manifest, ReadError, complete, hand_on, push};

/// What tells a List, looked at before anything is kept.
#[derive(Default)]
struct Head {
    kind: Option<Value>,
    api_version: Option<Value>,
    items: Option<Items>,
    /// Does one of them stand twice? The last one counts, which only the whole tells.
    is_unclear: bool,
}

impl Head {
    /// The kind of the items, if they can be read one at a time; empty if they say it themselves.
    fn item_kind(&self) -> Option<&str> {
        let is_list = !self.is_unclear && self.items.as_ref().is_some_and(|items| items.0);
        self.kind.as_ref().and_then(Value::as_str).and_then(|kind| kind.strip_suffix("List")).filter(|_| is_list)
    }
}

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;
        impl<'de> Visitor<'de> for Look {
            type Value = Head;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Head, A::Error> {
                let mut head = Head::default();
                while let Some(key) = members.next_key::<String>()? {
                    head.is_unclear |= match key.as_str() {
                        "kind" => head.kind.replace(members.next_value()?).is_some(),
                        "apiVersion" => head.api_version.replace(members.next_value()?).is_some(),
                        "items" => head.items.replace(members.next_value()?).is_some(),
                        _ => {
                            members.next_value::<IgnoredAny>()?;
                            false
                        }
                    };
                }
                Ok(head)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Head, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Head::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Head, E> {
                Ok(Head::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Head, E> {
                Ok(Head::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Head, E> {
                Ok(Head::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Head, E> {
                Ok(Head::default())
            }
            fn visit_str<E>(self, _: &str) -> Result<Head, E> {
                Ok(Head::default())
            }
        }
        deserializer.deserialize_any(Look)
    }
}

/// Is `items` a list?
struct Items(bool);

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;
        impl<'de> Visitor<'de> for Look {
            type Value = Items;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Items, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Items(true))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Items, A::Error> {
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Items(false))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Items, E> {
                Ok(Items(false))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Items, E> {
                Ok(Items(false))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Items, E> {
                Ok(Items(false))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Items, E> {
                Ok(Items(false))
            }
            fn visit_str<E>(self, _: &str) -> Result<Items, E> {
                Ok(Items(false))
            }
            fn visit_unit<E>(self) -> Result<Items, E> {
                Ok(Items(false))
            }
        }
        deserializer.deserialize_any(Look)
    }
}

/// Hands the items of a List on, one at a time.
struct Walk<'a> {
    each: &'a mut dyn FnMut(Value),
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a List")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            if key == "items" {
                members.next_value_seed(Walk { each: &mut *self.each })?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<Value>()? {
            (self.each)(item);
        }
        Ok(())
    }
}

/// Reads all values of `text`, and holds one object at a time. Nothing is handed on of a value that is broken.
pub(super) fn visit(text: &str, each: &mut dyn FnMut(Manifest)) -> Option<ReadError> {
    let mut heads = serde_json::Deserializer::from_str(text).into_iter::<Option<Head>>();
    let mut index = 0;
    loop {
        let start = heads.byte_offset();
        let head = match heads.next()? {
            Err(error) => return Some(complain(text, &error)),
            Ok(None) => continue,
            Ok(Some(head)) => head,
        };
        let part = &text[start..heads.byte_offset()];
        let first = start + part.len() - part.trim_start().len();
        let place = (index, line_at(text, first), false);
        index += 1;
        let result = match head.item_kind() {
            Some(item_kind) => {
                let api_version = head.api_version.clone().unwrap_or_default();
                let mut item = |mut value: Value| {
                    complete(&mut value, &api_version, item_kind);
                    hand_on(value, (place.0, place.1, true), each);
                };
                (Walk { each: &mut item }).deserialize(&mut serde_json::Deserializer::from_str(part))
            }
            None => serde_json::from_str(part).map(|value| hand_on(value, place, each)),
        };
        if let Err(error) = result {
            return Some(complain(part, &error).after(start, line_at(text, start)));
        }
    }
}

/// Reads all values of `text`.
pub(super) fn read(text: &str, documents: &mut Documents) {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut index = 0;
    loop {
        let start = stream.byte_offset();
        match stream.next() {
            None => return,
            Some(Ok(Value::Null)) => {}
            Some(Ok(value)) => {
                let blank = text[start..].len() - text[start..].trim_start().len();
                let line = line_at(text, start + blank);
                push(&mut documents.manifests, value, (index, line, false));
                index += 1;
            }
            Some(Err(error)) => {
                documents.error = Some(complain(text, &error));
                return;
            }
        }
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].split(|byte| *byte == b'\n').count()
}

/// serde's complaint in Go's words. Go's offset counts the bytes read up to and with the offending one.
fn complain(text: &str, error: &serde_json::Error) -> ReadError {
    let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let place = (line_start + error.column()).min(text.len());
    let line = error.line();
    if error.is_eof() {
        return ReadError::Json { offset: text.len(), line, message: "unexpected end of JSON input".to_owned() };
    }
    let description = error.to_string();
    let found = place.checked_sub(1).map_or_else(|| "' '".to_owned(), |last| quoted(text.as_bytes()[last]));
    let context = if description.contains("key must be a string") || description.contains("trailing comma") {
        "looking for beginning of object key string"
    } else if description.contains("expected `:`") {
        "after object key"
    } else if description.contains("expected `,` or `}`") {
        "after object key:value pair"
    } else if description.contains("expected `,` or `]`") {
        "after array element"
    } else {
        "looking for beginning of value"
    };
    if description.contains("recursion limit") {
        return ReadError::Json { offset: place, line, message: "exceeded max depth".to_owned() };
    }
    ReadError::Json { offset: place, line, message: format!("invalid character {found} {context}") }
}

/// A byte as Go's decoder quotes it: it takes it for a character of its own. Upstream: encoding/json `quoteChar`.
fn quoted(byte: u8) -> String {
    match char::from(byte) {
        '\'' => r"'\''".to_owned(),
        '\\' => r"'\\'".to_owned(),
        '\n' => r"'\n'".to_owned(),
        '\r' => r"'\r'".to_owned(),
        '\t' => r"'\t'".to_owned(),
        '\u{7}' => r"'\a'".to_owned(),
        '\u{8}' => r"'\b'".to_owned(),
        '\u{c}' => r"'\f'".to_owned(),
        '\u{b}' => r"'\v'".to_owned(),
        '\0'..' ' | '\u{7f}' => format!(r"'\x{byte:02x}'"),
        '\u{80}'..='\u{a0}' | '\u{ad}' => format!(r"'\u{byte:04x}'"),
        plain => format!("'{plain}'"),
    }
}
