//! Every name and message of a record, stored once in one buffer and spoken of by id.
//! Ids follow the order of first appearance; nothing iterates the lookup map.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};
use serde::{Deserialize, Serialize};

use crate::engine::rows::Rows;
use crate::engine::typed_id;

typed_id!(
    /// A text of a record's `Texts`; `NONE` reads as the empty text.
    TextId
);

/// The texts of a record. A million generated pod names cost their bytes and 24 bytes each.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Texts {
    bytes: String,
    ends: Rows<usize>,
    /// Of use only while a record is filled.
    #[serde(skip)]
    lookup: FxHashMap<u64, TextId>,
    /// Short texts that came lately: statuses, reasons, components.
    #[serde(skip)]
    recent: Vec<(Short, TextId)>,
}

/// A text of up to `SHORT` bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Short {
    words: [u64; 3],
    length: u32,
}

const SHORT: usize = 24;

/// Places for short texts: a power of two.
const RECENT: usize = 128;

impl Texts {
    /// The id of `text`, stored now if it is new; `NONE` for the empty text.
    pub fn intern(&mut self, text: &str) -> TextId {
        if text.is_empty() {
            return TextId::NONE;
        }
        let Some(short) = short_of(text) else { return self.look_up(text) };
        let [first, second, last] = short.words;
        let mixed = (first ^ second.rotate_left(21) ^ last.rotate_left(42) ^ u64::from(short.length))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let place = (mixed >> 32) as usize % RECENT;
        match self.recent.get(place) {
            Some((known, id)) if *known == short => *id,
            _ => {
                let id = self.look_up(text);
                self.recent.resize(RECENT, (Short::default(), TextId::NONE));
                self.recent[place] = (short, id);
                id
            }
        }
    }

    fn look_up(&mut self, text: &str) -> TextId {
        let mut key = hash_of(text);
        // Two texts of one hash: the next key is tried, as in an open table.
        while let Some(&id) = self.lookup.get(&key) {
            if self.get(id) == text {
                return id;
            }
            key = key.wrapping_add(1);
        }
        let id = self.push(text);
        self.lookup.insert(key, id);
        id
    }

    /// Stores a text that is known to be unique (a pod's name), without a place in the lookup.
    pub fn push(&mut self, text: &str) -> TextId {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        TextId::from_index(self.ends.len() - 1)
    }

    /// The text of `id`.
    pub fn get(&self, id: TextId) -> &str {
        if id.is_none() {
            return "";
        }
        let start = if id.0 == 0 { 0 } else { self.ends[id.index() - 1] };
        &self.bytes[start..self.ends[id.index()]]
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// Read in whole words, which may overlap: texts of one length differ in one of them.
#[inline]
fn short_of(text: &str) -> Option<Short> {
    let bytes = text.as_bytes();
    let [first, second, last] = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        _ if bytes.len() > SHORT => return None,
        (Some(first), Some(last)) => {
            let second = bytes.get(8..16).and_then(<[u8]>::first_chunk::<8>).unwrap_or(&[0; 8]);
            [u64::from_le_bytes(*first), u64::from_le_bytes(*second), u64::from_le_bytes(*last)]
        }
        _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => [0, u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()],
            _ => [0, 0, bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))],
        },
    };
    Some(Short { words: [first, second, last], length: bytes.len() as u32 })
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_id_and_reads_back() {
        let mut texts = Texts::default();
        let (web, api) = (texts.intern("web"), texts.intern("api"));
        assert_ne!(web, api);
        assert_eq!(texts.intern("web"), web);
        assert_eq!((texts.get(web), texts.get(api), texts.get(TextId::NONE)), ("web", "api", ""));
        assert_eq!(texts.intern(""), TextId::NONE);
    }

    #[test]
    fn short_texts_and_long_ones_are_told_apart() {
        let mut texts = Texts::default();
        let all: Vec<String> = (0..600).map(|number| "x".repeat(number % 30) + &number.to_string()).collect();
        let ids: Vec<TextId> = all.iter().map(|text| texts.intern(text)).collect();
        assert!(all.iter().zip(&ids).all(|(text, id)| texts.get(*id) == text && texts.intern(text) == *id));
        // One is the other and a zero.
        assert_ne!(texts.intern("a"), texts.intern("a\0"));
    }

    #[test]
    fn texts_of_one_hash_are_kept_apart() {
        let mut texts = Texts::default();
        let first = texts.push("first");
        texts.lookup.insert(hash_of("second"), first);
        let second = texts.intern("second");
        assert_eq!(texts.get(second), "second");
        assert_eq!(texts.intern("second"), second);
    }
}
