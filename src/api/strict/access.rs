//! Walking into lists, maps and structures.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};
use serde_json::{Map, Value};

use super::{DecodeError, Node, Segment, Walk};

/// The items of a list.
pub(super) struct Items<'de, 'w> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    walk: &'w mut Walk<'de>,
}

impl<'de, 'w> Items<'de, 'w> {
    pub(super) fn new(items: &'de [Value], walk: &'w mut Walk<'de>) -> Self {
        Self { items: items.iter().enumerate(), walk }
    }
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some((index, value)) = self.items.next() else { return Ok(None) };
        self.walk.path.push(Segment::Index(index));
        let element = seed.deserialize(Node { value, walk: self.walk })?;
        self.walk.path.pop();
        Ok(Some(element))
    }
}

/// The members of a map with free keys.
pub(super) struct Members<'de, 'w> {
    entries: serde_json::map::Iter<'de>,
    current: Option<(&'de str, &'de Value)>,
    walk: &'w mut Walk<'de>,
}

impl<'de, 'w> Members<'de, 'w> {
    pub(super) fn new(members: &'de Map<String, Value>, walk: &'w mut Walk<'de>) -> Self {
        Self { entries: members.iter(), current: None, walk }
    }
}

impl<'de> MapAccess<'de> for Members<'de, '_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.current = Some((key, value));
        seed.deserialize(StrDeserializer::<DecodeError>::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let (key, value) = self.current.take().expect("a value follows its key");
        self.walk.path.push(Segment::Key(key));
        let decoded = seed.deserialize(Node { value, walk: self.walk })?;
        self.walk.path.pop();
        Ok(decoded)
    }
}

/// The members of a structure; those it does not declare are noted and skipped.
pub(super) struct StructMembers<'de, 'w> {
    members: Option<serde_json::map::Iter<'de>>,
    fields: &'static [&'static str],
    current: Option<(&'de str, &'de Value)>,
    walk: &'w mut Walk<'de>,
}

impl<'de, 'w> StructMembers<'de, 'w> {
    pub(super) fn new(
        members: &'de Map<String, Value>,
        fields: &'static [&'static str],
        walk: &'w mut Walk<'de>,
    ) -> Self {
        Self { members: Some(members.iter()), fields, current: None, walk }
    }

    pub(super) fn empty(walk: &'w mut Walk<'de>) -> Self {
        Self { members: None, fields: &[], current: None, walk }
    }
}

impl<'de> MapAccess<'de> for StructMembers<'de, '_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some(members) = &mut self.members else { return Ok(None) };
        for (key, value) in members {
            if self.fields.contains(&key.as_str()) {
                self.current = Some((key, value));
                return seed.deserialize(StrDeserializer::<DecodeError>::new(key)).map(Some);
            }
            self.walk.unknown.push(self.walk.full_path(key));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let (key, value) = self.current.take().expect("a value follows its key");
        let owner = self.walk.structs.last().copied().unwrap_or_default();
        self.walk.path.push(Segment::Field(key, owner));
        let decoded = seed.deserialize(Node { value, walk: self.walk })?;
        self.walk.path.pop();
        Ok(decoded)
    }
}
