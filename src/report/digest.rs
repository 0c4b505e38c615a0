//! A digest of the bytes of the CSV files, for comparing results at a glance. Not a cryptographic hash.

use std::io::{self, Write};

/// Passes bytes on and digests them: 64 bits a word, folded multiplication. The digest does not depend on how
/// the bytes were cut into writes.
pub struct Digesting<W> {
    inner: W,
    state: FileDigest,
}

/// The digest of a sequence of bytes.
#[derive(Clone, Copy, Debug)]
pub struct FileDigest {
    hash: u64,
    word: u64,
    length: u64,
}

impl Default for FileDigest {
    fn default() -> Self {
        Self { hash: 0x243f_6a88_85a3_08d3, word: 0, length: 0 }
    }
}

impl FileDigest {
    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let filled = (self.length % 8) as usize;
        let (head, rest) = bytes.split_at(if filled == 0 { 0 } else { bytes.len().min(8 - filled) });
        for &byte in head {
            self.push(byte);
        }
        let words = rest.chunks_exact(8);
        let tail = words.remainder();
        for word in words {
            self.mix(u64::from_le_bytes(word.try_into().expect("a chunk has 8 bytes")));
            self.length += 8;
        }
        for &byte in tail {
            self.push(byte);
        }
    }

    fn push(&mut self, byte: u8) {
        self.word |= u64::from(byte) << (self.length % 8 * 8);
        self.length += 1;
        if self.length.is_multiple_of(8) {
            self.mix(self.word);
            self.word = 0;
        }
    }

    fn mix(&mut self, word: u64) {
        let product = u128::from(self.hash ^ word) * 0x9e37_79b9_7f4a_7c15_f39c_u128;
        self.hash = (product as u64 ^ (product >> 64) as u64).wrapping_add(0x1319_8a2e_0370_7344);
    }

    /// The digest in hexadecimal.
    pub fn finish(mut self) -> String {
        self.mix(self.word);
        self.mix(self.length);
        format!("{:016x}", self.hash)
    }
}

impl<W: Write> Digesting<W> {
    /// Digests what goes into `inner`, on from `state`.
    pub fn new(inner: W, state: FileDigest) -> Self {
        Self { inner, state }
    }

    /// The digest so far.
    pub fn state(&self) -> FileDigest {
        self.state
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.state.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_does_not_depend_on_how_bytes_are_cut() {
        let bytes: Vec<u8> = (0..100).collect();
        let mut whole = FileDigest::default();
        whole.update(&bytes);
        for size in [1, 3, 7, 8, 9, 50] {
            let mut parts = FileDigest::default();
            bytes.chunks(size).for_each(|part| parts.update(part));
            assert_eq!(parts.finish(), whole.finish(), "{size}");
        }
    }

    #[test]
    fn a_changed_byte_and_a_trailing_zero_change_the_digest() {
        let digest = |bytes: &[u8]| {
            let mut digest = FileDigest::default();
            digest.update(bytes);
            digest.finish()
        };
        assert_ne!(digest(b"time_s,pod"), digest(b"time_s,pid"));
        assert_ne!(digest(b"a"), digest(b"a\0"));
        assert_ne!(digest(&[0; 8]), digest(&[0; 16]));
    }
}
