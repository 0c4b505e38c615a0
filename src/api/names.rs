//! Names that the server makes up: suffixes of `generateName`, UIDs.

use crate::engine::random::{Stream, Streams};
use crate::model::kind::Kind;

/// The letters of random suffixes and encoded hashes: no vowels, no digit that reads like a letter.
pub const SAFE_ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
/// Longest generated name that keeps room for a suffix in a 63 character label.
const MAX_BASE: usize = 58;
const SUFFIX: usize = 5;

/// A random suffix. Upstream: apimachinery util/rand `String`.
pub fn suffix(stream: &mut Stream) -> [u8; SUFFIX] {
    std::array::from_fn(|_| SAFE_ALPHABET[stream.below(SAFE_ALPHABET.len() as u64) as usize])
}

/// A name for `generateName`. Upstream: apiserver storage/names `simpleNameGenerator.GenerateName`.
pub fn generate(base: &str, stream: &mut Stream) -> String {
    let cut = base.len().min(MAX_BASE);
    let cut = (0..=cut).rev().find(|end| base.is_char_boundary(*end)).unwrap_or(0);
    let mut name = String::with_capacity(cut + SUFFIX);
    name.push_str(&base[..cut]);
    name.extend(suffix(stream).map(char::from));
    name
}

/// The UID of an object: the same for one (seed, kind, row), shaped as a random UUID.
pub fn uid(streams: Streams, kind: Kind, row: u32) -> String {
    let mut stream = streams.stream("api/uid", u64::from(kind.0) << 32 | u64::from(row));
    let (high, low) = (stream.next_u64(), stream.next_u64());
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_keep_58_characters_of_the_base() {
        let mut stream = Streams::new(1).stream("test", 0);
        let name = generate(&"a".repeat(80), &mut stream);
        assert_eq!(name.len(), 63);
        assert!(name[58..].bytes().all(|byte| SAFE_ALPHABET.contains(&byte)));
    }

    #[test]
    fn uids_are_version_4_and_differ_by_row() {
        let streams = Streams::new(7);
        let (one, two) = (uid(streams, Kind::POD, 0), uid(streams, Kind::POD, 1));
        assert_ne!(one, two);
        assert_eq!(one, uid(streams, Kind::POD, 0));
        assert_eq!((one.len(), &one[14..15]), (36, "4"));
        assert!("89ab".contains(&one[19..20]));
    }
}
