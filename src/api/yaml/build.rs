//! Events of the YAML parser to a JSON value: nesting, anchors, merge keys, duplicate keys.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value};

use super::{Dialect, DuplicateKey, ReadError, list, message, scalar};

/// Deeper nesting is refused; no manifest comes near, and what walks the value later may recurse.
const MAX_DEPTH: usize = 200;
/// How many values aliases may copy into one document: enough for every manifest, too few for a bomb.
const MAX_ALIASED: usize = 400_000;

/// A collection that is being read.
enum Frame {
    List { items: Vec<Value>, anchor: usize, size: usize },
    Mapping { members: Map<String, Value>, merges: Vec<Value>, key: Option<Key>, anchor: usize, size: usize },
}

/// A mapping's key whose value is still to come.
enum Key {
    Text(String),
    Merge,
}

struct Builder<'a> {
    frames: Vec<Frame>,
    /// Takes the items of the root's `items` instead of the root.
    each: Option<&'a mut dyn FnMut(Value)>,
    /// Anchored values and the number of values in each.
    anchors: BTreeMap<usize, (Value, usize)>,
    aliased: usize,
    duplicates: &'a mut Vec<DuplicateKey>,
    root: Option<Value>,
    dialect: Dialect,
}

/// Reads the first document of `chunk`, which starts at `first_line` of the file; `Null` if there is none.
pub(super) fn document(
    chunk: &str,
    first_line: usize,
    duplicates: &mut Vec<DuplicateKey>,
    dialect: Dialect,
) -> Result<Value, ReadError> {
    Builder::new(duplicates, dialect, None).read(chunk, first_line)
}

/// Hands on the items of a chunk that is a List (`list::head` says so), one at a time; what aliases may name is kept.
pub(super) fn items(chunk: &str, first_line: usize, each: &mut dyn FnMut(Value)) -> Result<(), ReadError> {
    Builder::new(&mut Vec::new(), Dialect::Api, Some(each)).read(chunk, first_line).map(drop)
}

impl<'a> Builder<'a> {
    fn new(duplicates: &'a mut Vec<DuplicateKey>, dialect: Dialect, each: Option<&'a mut dyn FnMut(Value)>) -> Self {
        let (frames, anchors) = (Vec::new(), BTreeMap::new());
        Self { frames, each, anchors, aliased: 0, duplicates, root: None, dialect }
    }

    fn read(mut self, chunk: &str, first_line: usize) -> Result<Value, ReadError> {
        for event in Parser::new_from_str(chunk) {
            let (event, span) = event.map_err(|error| message::from_scan(&error, chunk, first_line))?;
            let line = first_line + span.start.line().saturating_sub(1);
            if matches!(event, Event::DocumentEnd) {
                break;
            }
            self.event(event, line).map_err(|message| ReadError::Unsupported { line, message })?;
        }
        Ok(self.root.unwrap_or(Value::Null))
    }
    fn event(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let merge = style == ScalarStyle::Plain && tag.is_none() && text == "<<" && self.expects_key();
                if merge {
                    self.set_key(Key::Merge);
                    return Ok(());
                }
                let value = match (self.dialect, scalar_value(&text, style, tag.as_deref())) {
                    // Only these words are truth values there.
                    (Dialect::Kyaml, Value::Bool(_)) if !["true", "false"].contains(&text.to_lowercase().as_str()) => {
                        Value::from(&*text)
                    }
                    (_, value) => value,
                };
                self.place(value, anchor, 1, line)
            }
            Event::SequenceStart(anchor, _) => self.open(Frame::List { items: Vec::new(), anchor, size: 1 }),
            Event::MappingStart(anchor, _) => {
                let (members, merges) = (Map::new(), Vec::new());
                self.open(Frame::Mapping { members, merges, key: None, anchor, size: 1 })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(line),
            Event::Alias(anchor) => self.alias(anchor, line),
            _ => Ok(()),
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Mapping { key: None, .. }))
    }

    fn set_key(&mut self, new: Key) {
        if let Some(Frame::Mapping { key, .. }) = self.frames.last_mut() {
            *key = Some(new);
        }
    }

    fn open(&mut self, frame: Frame) -> Result<(), String> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(format!("exceeded max depth of {MAX_DEPTH}"));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self, line: usize) -> Result<(), String> {
        match self.frames.pop() {
            Some(Frame::List { items, anchor, size }) => self.place(Value::Array(items), anchor, size, line),
            Some(Frame::Mapping { mut members, merges, anchor, size, .. }) => {
                merge_into(&mut members, merges)?;
                self.place(Value::Object(members), anchor, size, line)
            }
            None => Ok(()),
        }
    }

    fn alias(&mut self, anchor: usize, line: usize) -> Result<(), String> {
        let (value, size) = self.anchors.get(&anchor).ok_or_else(|| "unknown anchor referenced".to_owned())?;
        self.aliased += size;
        if self.aliased > MAX_ALIASED {
            return Err("document contains excessive aliasing".to_owned());
        }
        let (value, size) = (value.clone(), *size);
        self.place(value, 0, size, line)
    }

    /// Puts a finished value where it belongs: root, list item, key or member.
    fn place(&mut self, value: Value, anchor: usize, size: usize, line: usize) -> Result<(), String> {
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        if let (Some(each), [Frame::Mapping { key: Some(Key::Text(key)), .. }, Frame::List { .. }]) =
            (&mut self.each, self.frames.as_slice())
            && key == list::ITEMS
        {
            each(value);
            return Ok(());
        }
        match self.frames.last_mut() {
            None => self.root = Some(value),
            Some(Frame::List { items, size: total, .. }) => {
                items.push(value);
                *total += size;
            }
            Some(Frame::Mapping { members, merges, key, size: total, .. }) => {
                *total += size;
                match key.take() {
                    None => {
                        let text = scalar::key(value)?;
                        *key = Some(Key::Text(text));
                    }
                    Some(Key::Merge) => merges.push(value),
                    Some(Key::Text(text)) => {
                        if members.contains_key(&text) {
                            self.duplicates.push(DuplicateKey { key: text.clone(), line });
                        }
                        members.insert(text, value);
                    }
                }
            }
        }
        Ok(())
    }
}

fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() => scalar::tagged(&tag.suffix, text),
        _ if style == ScalarStyle::Plain => scalar::resolve(text),
        _ => Value::from(text),
    }
}

/// A mapping's own keys win over merged ones, earlier merges over later ones.
fn merge_into(members: &mut Map<String, Value>, merges: Vec<Value>) -> Result<(), String> {
    for merge in merges {
        let sources = match merge {
            Value::Array(items) => items,
            other => vec![other],
        };
        for source in sources {
            let Value::Object(source) = source else {
                return Err("map merge requires map or sequence of maps as the value".to_owned());
            };
            for (key, value) in source {
                members.entry(key).or_insert(value);
            }
        }
    }
    Ok(())
}
