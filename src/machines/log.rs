//! A container's log: its output by lines, as much as is kept.

use std::collections::VecDeque;

use crate::engine::SimTime;

/// Bytes kept of one container's output; the oldest lines go first. Real nodes keep 50 MiB (five files of 10 MiB).
const BYTES_MAX: usize = 256 * 1024;

/// A line of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When its first byte was written.
    pub at: SimTime,
    /// Without its end of line.
    pub text: Box<str>,
}

/// Output of a container run.
#[derive(Clone, Debug, Default)]
pub struct ContainerLog {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// Does the last line still lack its end?
    open: bool,
}

impl ContainerLog {
    /// Adds output.
    pub fn write(&mut self, now: SimTime, text: &str) {
        for piece in text.split_inclusive('\n') {
            let (body, ended) = piece.strip_suffix('\n').map_or((piece, false), |body| (body, true));
            self.bytes += body.len() + 1;
            match self.lines.back_mut().filter(|_| self.open) {
                Some(line) => line.text = format!("{}{body}", line.text).into(),
                None => self.lines.push_back(LogLine { at: now, text: body.into() }),
            }
            self.open = !ended;
        }
        while self.bytes > BYTES_MAX && self.lines.len() > 1 {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.text.len() + 1);
        }
    }

    /// All lines kept, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &LogLine> + ExactSizeIterator {
        self.lines.iter()
    }

    /// Does the last line lack its end?
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The last lines, at most `lines` of them and `bytes` bytes: what a termination message shows.
    pub fn tail(&self, lines: usize, bytes: usize) -> String {
        let skip = self.lines.len().saturating_sub(lines);
        let mut text = String::new();
        for line in self.lines.iter().skip(skip) {
            text.push_str(&line.text);
            text.push('\n');
        }
        if self.open {
            text.pop();
        }
        let cut = (text.len().saturating_sub(bytes)..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.split_off(cut)
    }
}
