//! Names that the server makes up: suffixes of `generateName`.

use crate::engine::random::Stream;
use crate::model::Text;

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
pub fn generate(base: &str, stream: &mut Stream) -> Text {
    let cut = base.len().min(MAX_BASE);
    let cut = (0..=cut).rev().find(|end| base.is_char_boundary(*end)).unwrap_or(0);
    let mut name = Text::with_capacity(cut + SUFFIX);
    name.push_str(&base[..cut]);
    let suffix = suffix(stream);
    // The alphabet is ASCII.
    name.push_str(std::str::from_utf8(&suffix).unwrap_or_default());
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::Streams;

    #[test]
    fn generated_names_keep_58_characters_of_the_base() {
        let mut stream = Streams::new(1).stream("test", 0);
        let name = generate(&"a".repeat(80), &mut stream);
        assert_eq!(name.len(), 63);
        assert!(name[58..].bytes().all(|byte| SAFE_ALPHABET.contains(&byte)));
    }
}
