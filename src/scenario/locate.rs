//! From a field's path to its place in the text, looked up only when an error is shown: an event parser walks
//! the document once and notes where each key and value stands. Never fails: what it cannot find, it does not know.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Parser, Span as ParserSpan};

use super::field_path::{FieldPath, Segment};

/// A place in the document's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line of the document, from 1.
    pub line: usize,
    /// Column from 1, in characters.
    pub column: usize,
    /// Characters on that line.
    pub length: usize,
}

/// Which part of a field is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its name (an unknown field).
    Key,
    /// What it holds (a wrong type).
    Value,
}

/// The places of all fields of a document.
#[derive(Clone, Debug, Default)]
pub struct Places {
    keys: BTreeMap<FieldPath, Place>,
    values: BTreeMap<FieldPath, Place>,
    /// Keys that occur twice in one object, at their second place.
    pub duplicates: Vec<(FieldPath, Place)>,
}

/// Where the walk is: in an object (between or after a key) or in a list.
enum Frame {
    Object { key: Option<String>, seen: BTreeSet<String> },
    List { next: usize },
}

impl Places {
    /// Walks `text` as far as it can be parsed.
    pub fn of(text: &str) -> Self {
        let mut places = Self::default();
        let mut frames: Vec<Frame> = Vec::new();
        let mut path = FieldPath::default();
        for parsed in Parser::new_from_str(text) {
            let Ok((event, span)) = parsed else { break };
            match event {
                Event::Scalar(value, ..) => places.scalar(&mut frames, &mut path, &value, place(&span)),
                Event::Alias(_) => places.scalar(&mut frames, &mut path, "*", place(&span)),
                Event::MappingStart(..) => {
                    places.enter(&mut frames, &mut path, &span, Frame::Object { key: None, seen: BTreeSet::new() });
                }
                Event::SequenceStart(..) => places.enter(&mut frames, &mut path, &span, Frame::List { next: 0 }),
                Event::MappingEnd | Event::SequenceEnd => {
                    frames.pop();
                    leave_value(&mut frames, &mut path);
                }
                Event::DocumentEnd => break,
                _ => {}
            }
        }
        places
    }

    /// The place of `path`, or of its nearest ancestor that is written in the text (a field may come from an
    /// anchor, a merge key or `--set`).
    pub fn find(&self, path: &FieldPath, part: Part) -> Place {
        let own = match part {
            Part::Key => self.keys.get(path).or_else(|| self.values.get(path)),
            Part::Value => self.values.get(path),
        };
        if let Some(place) = own {
            return *place;
        }
        let mut ancestor = path.parent();
        while let Some(path) = ancestor {
            if let Some(place) = self.keys.get(&path).or_else(|| self.values.get(&path)) {
                return *place;
            }
            ancestor = path.parent();
        }
        Place { line: 1, column: 1, length: 1 }
    }

    fn scalar(&mut self, frames: &mut [Frame], path: &mut FieldPath, text: &str, place: Place) {
        if let Some(Frame::Object { key: key @ None, seen }) = frames.last_mut() {
            path.0.push(Segment::Key(text.to_owned()));
            if seen.insert(text.to_owned()) {
                self.keys.insert(path.clone(), place);
            } else {
                self.duplicates.push((path.clone(), place));
            }
            *key = Some(text.to_owned());
            return;
        }
        enter_value(frames, path);
        self.values.entry(path.clone()).or_insert(place);
        leave_value(frames, path);
    }

    fn enter(&mut self, frames: &mut Vec<Frame>, path: &mut FieldPath, span: &ParserSpan, frame: Frame) {
        if let Some(Frame::Object { key: key @ None, .. }) = frames.last_mut() {
            // A collection as a key: not a field of ours, but the walk goes on.
            *key = Some("?".to_owned());
            path.0.push(Segment::Key("?".to_owned()));
        } else {
            enter_value(frames, path);
        }
        let start = place(span);
        self.values.entry(path.clone()).or_insert(Place { length: 1, ..start });
        frames.push(frame);
    }
}

/// Before a value: inside a list the path gains the item's index (inside an object its key is there already).
fn enter_value(frames: &mut [Frame], path: &mut FieldPath) {
    if let Some(Frame::List { next }) = frames.last_mut() {
        path.0.push(Segment::Index(*next));
        *next += 1;
    }
}

/// After a value: its key or index leaves the path.
fn leave_value(frames: &mut [Frame], path: &mut FieldPath) {
    match frames.last_mut() {
        Some(Frame::Object { key, .. }) => {
            *key = None;
            path.0.pop();
        }
        Some(Frame::List { .. }) => {
            path.0.pop();
        }
        None => {}
    }
}

fn place(span: &ParserSpan) -> Place {
    let (start, end) = (&span.start, &span.end);
    let length = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 1 };
    Place { line: start.line(), column: start.col() + 1, length: length.max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "spec:\n  nodes:\n    - name: a\n      count: 3\n    - { name: b, count: x }\n  until: 5m\n";

    #[test]
    fn keys_and_values_are_found_in_block_and_flow_style() {
        let places = Places::of(TEXT);
        let nodes = FieldPath::of(&["spec", "nodes"]);
        assert_eq!(places.find(&nodes.index(0).key("count"), Part::Value), Place { line: 4, column: 14, length: 1 });
        assert_eq!(places.find(&nodes.index(1).key("count"), Part::Key), Place { line: 5, column: 18, length: 5 });
        assert_eq!(
            places.find(&FieldPath::of(&["spec", "until"]), Part::Value),
            Place { line: 6, column: 10, length: 2 }
        );
    }

    #[test]
    fn what_is_not_written_is_shown_at_its_ancestor() {
        let places = Places::of(TEXT);
        let missing = FieldPath::of(&["spec", "nodes"]).index(7).key("name");
        assert_eq!(places.find(&missing, Part::Value).line, 2);
    }

    #[test]
    fn duplicate_keys_are_found_with_their_second_place() {
        let places = Places::of("a: 1\nb: { c: 1, c: 2 }\na: 3\n");
        let found: Vec<(String, usize)> =
            places.duplicates.iter().map(|(path, place)| (path.to_string(), place.line)).collect();
        assert_eq!(found, [("b.c".to_owned(), 2), ("a".to_owned(), 3)]);
    }

    #[test]
    fn broken_text_ends_the_walk_quietly() {
        let places = Places::of("a: 1\nb: [\n");
        assert_eq!(places.find(&FieldPath::of(&["a"]), Part::Key).line, 1);
    }
}
