//! Reads a dump object by object, so that only one of them is in memory as a tree.

use std::fmt;
use std::io::{BufRead, Read};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::super::yaml;

/// A dump that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadFailure {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

/// Hands every object of a text to `each`.
///
/// # Errors
/// What is no JSON or YAML, or cannot be read.
pub fn read(mut reader: impl BufRead, each: &mut dyn FnMut(Value)) -> Result<(), ReadFailure> {
    let first = first_byte(&mut reader)?;
    if first == Some(b'{') || first == Some(b'[') { read_json(reader, each) } else { read_yaml(reader, each) }
}

/// The first byte that is no white space (nor a byte order mark); what stands before it is taken away.
fn first_byte(reader: &mut impl BufRead) -> Result<Option<u8>, ReadFailure> {
    loop {
        let buffer = reader.fill_buf().map_err(|error| failure(1, &error))?;
        let Some(byte) = buffer.first().copied() else { return Ok(None) };
        if !byte.is_ascii_whitespace() && ![0xef, 0xbb, 0xbf].contains(&byte) {
            return Ok(Some(byte));
        }
        reader.consume(1);
    }
}

fn failure(line: usize, message: &impl ToString) -> ReadFailure {
    ReadFailure { line, message: message.to_string() }
}

fn read_json(reader: impl Read, each: &mut dyn FnMut(Value)) -> Result<(), ReadFailure> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    loop {
        if deserializer.end().is_ok() {
            return Ok(());
        }
        Top { each }.deserialize(&mut deserializer).map_err(|error| failure(error.line(), &error))?;
    }
}

/// A document: an object, a List whose items are handed on one by one, or an array of objects.
struct Top<'a> {
    each: &'a mut dyn FnMut(Value),
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a List of objects, as kubectl get -o json prints them")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut rest = Map::new();
        let mut is_list = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "items" {
                // Items of a PodList do not say their kind; a plain List's do.
                let kind = rest.get("kind").and_then(Value::as_str).and_then(|kind| kind.strip_suffix("List"));
                let kind = kind.filter(|kind| !kind.is_empty()).map(str::to_owned);
                let version = rest.get("apiVersion").cloned();
                map.next_value_seed(Items { each: self.each, kind, version })?;
                is_list = true;
            } else {
                let value: Value = map.next_value()?;
                rest.insert(key, value);
            }
        }
        if !is_list {
            (self.each)(Value::Object(rest));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        Items { each: self.each, kind: None, version: None }.visit_seq(seq)
    }
}

struct Items<'a> {
    each: &'a mut dyn FnMut(Value),
    kind: Option<String>,
    version: Option<Value>,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the items of a List")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(mut item) = seq.next_element::<Value>()? {
            if let (Some(kind), Some(object)) = (&self.kind, item.as_object_mut())
                && !object.contains_key("kind")
            {
                object.insert("kind".to_owned(), kind.clone().into());
                object.insert("apiVersion".to_owned(), self.version.clone().unwrap_or_else(|| "v1".into()));
            }
            (self.each)(item);
        }
        Ok(())
    }
}

/// Its text is held, its objects are not.
fn read_yaml(mut reader: impl BufRead, each: &mut dyn FnMut(Value)) -> Result<(), ReadFailure> {
    let mut text = String::new();
    reader.read_to_string(&mut text).map_err(|error| failure(1, &error))?;
    let stopped = yaml::visit(&text, &mut |manifest| each(manifest.value));
    stopped.map_or(Ok(()), |error| Err(failure(error.line(), &error)))
}
