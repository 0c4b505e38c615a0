//! cat with numbers and marks.

use super::engine::put;

/// How cat shows lines.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each option")]
pub(super) struct Cat {
    numbers: bool,
    numbers_filled: bool,
    marks_ends: bool,
    marks_tabs: bool,
    marks_others: bool,
    squeezes: bool,
    number: usize,
    was_empty: bool,
}

impl Cat {
    /// With these options. busybox has no `-s`, and takes it without effect.
    pub fn new(letters: &str, is_gnu: bool) -> Self {
        let has = |set: &str| letters.contains(|letter| set.contains(letter));
        Self {
            numbers: has("n"),
            numbers_filled: has("b"),
            marks_ends: has("eEA"),
            marks_tabs: has("tTA"),
            marks_others: has("vetA"),
            squeezes: is_gnu && has("s"),
            ..Self::default()
        }
    }

    /// Does it show everything as it is?
    pub fn is_plain(&self) -> bool {
        !(self.numbers
            || self.numbers_filled
            || self.marks_ends
            || self.marks_tabs
            || self.marks_others
            || self.squeezes)
    }

    pub fn line(&mut self, line: &[u8], is_complete: bool, out: &mut Vec<u8>) {
        if self.squeezes && line.is_empty() && std::mem::replace(&mut self.was_empty, true) {
            return;
        }
        self.was_empty = line.is_empty();
        if self.numbers_filled && !line.is_empty() || self.numbers && !self.numbers_filled {
            self.number += 1;
            out.extend(format!("{:6}\t", self.number).bytes());
        }
        for byte in line {
            match byte {
                b'\t' if self.marks_tabs => out.extend(b"^I"),
                b'\t' => out.push(b'\t'),
                0..=31 if self.marks_others => out.extend([b'^', byte + 64]),
                127 if self.marks_others => out.extend(b"^?"),
                128.. if self.marks_others => {
                    out.extend(b"M-");
                    match byte - 128 {
                        low @ 0..=31 => out.extend([b'^', low + 64]),
                        127 => out.extend(b"^?"),
                        low => out.push(low),
                    }
                }
                byte => out.push(*byte),
            }
        }
        if self.marks_ends && is_complete {
            out.push(b'$');
        }
        put(out, b"", is_complete);
    }
}
