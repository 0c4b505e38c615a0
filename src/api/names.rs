//! Names that the API server makes.

use crate::engine::random::Stream;
use crate::model::Text;

/// Characters of random suffixes: no vowels, no 0, 1, 3. Upstream: apimachinery util/rand `alphanums`.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
/// Longest prefix that is kept. Upstream: apiserver storage/names `MaxGeneratedNameLength`.
const PREFIX_LENGTH_MAX: usize = 58;

/// A name from a `generateName` prefix: the prefix, cut, and five random characters.
pub fn generate(prefix: &str, stream: &mut Stream) -> Text {
    let mut name = Text::from(&prefix[..prefix.len().min(PREFIX_LENGTH_MAX)]);
    for _ in 0..5 {
        name.push(char::from(ALPHABET[stream.below(ALPHABET.len() as u64) as usize]));
    }
    name
}
