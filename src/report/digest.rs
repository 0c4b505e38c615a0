//! Digests bytes on their way into a file.

use std::io::{self, Write};

use crate::engine::digest::Digest;

/// Passes bytes on and digests them.
pub struct Digesting<'a, W> {
    inner: W,
    digest: &'a mut Digest,
}

impl<'a, W: Write> Digesting<'a, W> {
    /// Digests what goes into `inner`.
    pub fn new(inner: W, digest: &'a mut Digest) -> Self {
        Self { inner, digest }
    }
}

impl<W: Write> Write for Digesting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update_bytes(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
