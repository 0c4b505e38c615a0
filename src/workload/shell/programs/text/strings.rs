//! strings: what can be read in a file.

/// Runs of letters that can be read.
#[derive(Clone, Debug)]
pub(super) struct Strings {
    least: usize,
    shows_names: bool,
    run: Vec<u8>,
}

impl Strings {
    /// Of at least so many letters, behind their file's name perhaps.
    pub fn new(least: usize, shows_names: bool) -> Self {
        Self { least: least.max(1), shows_names, run: Vec::new() }
    }

    pub fn line(&mut self, line: &[u8], name: &str, out: &mut Vec<u8>) {
        for byte in line {
            if matches!(byte, b' '..=b'~' | b'\t') {
                self.run.push(*byte);
            } else {
                self.end_of_run(name, out);
            }
        }
        // An end of line cannot be read either.
        self.end_of_run(name, out);
    }

    fn end_of_run(&mut self, name: &str, out: &mut Vec<u8>) {
        if self.run.len() >= self.least {
            if self.shows_names {
                out.extend(format!("{}: ", if name == "-" { "{standard input}" } else { name }).bytes());
            }
            out.extend(&self.run);
            out.push(b'\n');
        }
        self.run.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_runs_are_left_out() {
        let (mut strings, mut out) = (Strings::new(4, false), Vec::new());
        strings.line(b"\x7fELF\0\x01abcd\0abc\x02last", "f", &mut out);
        assert_eq!(out, b"abcd\nlast\n");
    }
}
