//! A fingerprint of a run: a fast streaming digest of 128 bits that is the same on every platform and in every
//! version. It tells results apart; it keeps nobody out (no cryptography).

use std::fmt::Write as _;

/// Odd constants with about half of their bits set: fractions of the square roots of 2, 3, 5, 7 and 11.
const ROOT_2: u64 = 0x6a09_e667_f3bc_c909;
const ROOT_3: u64 = 0xbb67_ae85_84ca_a73b;
const ROOT_5: u64 = 0x3c6e_f372_fe94_f82b;
const ROOT_7: u64 = 0xa54f_f53a_5f1d_36f1;
const ROOT_11: u64 = 0x510e_527f_ade6_82d1;

/// The digest of all bytes seen so far. How they were cut into calls makes no difference: frame values of variable
/// length (`update_text`) where their borders matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Takes each word through a bijection: two inputs that differ in one word never collide here.
    straight: u64,
    /// Takes each word through a folded product: spreads what the other lane keeps in place.
    folded: u64,
    /// Bytes that do not make a word yet, the first one lowest.
    partial: u64,
    /// Bytes seen.
    length: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest {
    /// The digest of nothing.
    pub const fn new() -> Self {
        Self { straight: ROOT_2, folded: ROOT_3, partial: 0, length: 0 }
    }

    /// Adds a number, as its eight bytes, lowest first.
    #[inline]
    pub fn update_u64(&mut self, value: u64) {
        let used = 8 * (self.length % 8);
        self.length += 8;
        if used == 0 {
            self.absorb(value);
        } else {
            self.absorb(self.partial | value << used);
            self.partial = value >> (64 - used);
        }
    }

    /// Adds bytes.
    pub fn update_bytes(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in words.by_ref() {
            let mut buffer = [0; 8];
            buffer.copy_from_slice(word);
            self.update_u64(u64::from_le_bytes(buffer));
        }
        for &byte in words.remainder() {
            let used = 8 * (self.length % 8);
            self.partial |= u64::from(byte) << used;
            self.length += 1;
            if used == 56 {
                self.absorb(self.partial);
                self.partial = 0;
            }
        }
    }

    /// Adds a text with its length before it, so that `("ab", "c")` and `("a", "bc")` differ.
    pub fn update_text(&mut self, text: &str) {
        self.update_u64(text.len() as u64);
        self.update_bytes(text.as_bytes());
    }

    /// The digest of what was added so far, 128 bits; more may be added after.
    pub fn finish(&self) -> u128 {
        let mut last = self.clone();
        last.absorb(self.partial);
        last.absorb(self.length);
        let high = scramble(last.straight ^ last.folded.rotate_left(32));
        let low = scramble(last.folded.wrapping_add(high));
        u128::from(high) << 64 | u128::from(low)
    }

    /// `finish` in 32 hexadecimal digits.
    pub fn finish_hex(&self) -> String {
        let mut text = String::with_capacity(32);
        write!(text, "{:032x}", self.finish()).expect("a String takes everything");
        text
    }

    #[inline]
    fn absorb(&mut self, word: u64) {
        self.straight = (self.straight ^ word.wrapping_mul(ROOT_5)).rotate_left(29).wrapping_mul(ROOT_7);
        let product = u128::from(self.folded ^ word) * u128::from(self.straight ^ ROOT_11);
        // The sum keeps the lane alive where a factor happens to be zero.
        self.folded = self.folded.rotate_left(23).wrapping_add(product as u64 ^ (product >> 64) as u64);
    }
}

/// Spreads every bit over the whole word; a bijection.
fn scramble(mut word: u64) -> u64 {
    word ^= word >> 32;
    word = word.wrapping_mul(ROOT_3);
    word ^= word >> 29;
    word = word.wrapping_mul(ROOT_7);
    word ^ word >> 32
}

impl std::io::Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update_bytes(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn of(bytes: &[u8]) -> String {
        let mut digest = Digest::new();
        digest.update_bytes(bytes);
        digest.finish_hex()
    }

    #[test]
    fn golden_values_stay() {
        assert_eq!(of(b""), "1db8199930b9ad17899bcaa5b1301087");
        assert_eq!(of(b"kubelapse"), "c6689faea956d6058697390d91796e65");
        let mut digest = Digest::new();
        for value in 0..1000 {
            digest.update_u64(value);
        }
        assert_eq!(digest.finish_hex(), "28e4a3c5b0440195c8bdfd3acbb6e301");
    }

    #[test]
    fn the_cut_into_calls_makes_no_difference() {
        let bytes: Vec<u8> = (0..100).collect();
        for cut in 0..100 {
            let mut digest = Digest::new();
            digest.update_bytes(&bytes[..cut]);
            digest.update_bytes(&bytes[cut..]);
            assert_eq!(digest.finish_hex(), of(&bytes), "cut at {cut}");
        }
        let mut numbers = Digest::new();
        numbers.update_bytes(b"abc");
        numbers.update_u64(7);
        assert_eq!(numbers.finish_hex(), of(b"abc\x07\0\0\0\0\0\0\0"));
    }

    #[test]
    fn framed_texts_keep_their_borders() {
        let framed = |texts: &[&str]| {
            let mut digest = Digest::new();
            for text in texts {
                digest.update_text(text);
            }
            digest.finish()
        };
        assert_ne!(framed(&["ab", "c"]), framed(&["a", "bc"]));
        assert_ne!(framed(&["a"]), framed(&["a", ""]));
    }

    #[test]
    fn every_flipped_bit_changes_about_half_of_both_halves() {
        let base = [0u8; 24];
        let mut seen = BTreeSet::from([of(&base)]);
        let reference = u128::from_str_radix(&of(&base), 16).unwrap();
        for bit in 0..192 {
            let mut bytes = base;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let changed = u128::from_str_radix(&of(&bytes), 16).unwrap() ^ reference;
            for half in [(changed >> 64) as u64, changed as u64] {
                assert!((12..=52).contains(&half.count_ones()), "bit {bit}: {half:064b}");
            }
            assert!(seen.insert(of(&bytes)));
        }
    }

    #[test]
    fn trailing_zeros_count() {
        assert_ne!(of(b"a"), of(b"a\0"));
        assert_ne!(of(&[0; 8]), of(&[0; 16]));
    }
}
