//! Where words go: data to stdout, everything for people to stderr. Colour only on a terminal and without `NO_COLOR`.

use std::io::{self, IsTerminal, Write};

use crate::scenario::Diagnostics;

/// Writes to the terminal or the pipes of the process.
pub(super) struct Printer {
    quiet: bool,
    colour: bool,
}

impl Printer {
    /// A printer for the streams of this process.
    pub(super) fn new(quiet: bool) -> Self {
        #[expect(clippy::disallowed_methods, reason = "cli is the layer that reads the environment")]
        let no_colour = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
        Self { quiet, colour: io::stderr().is_terminal() && !no_colour }
    }

    /// Is standard error a terminal that may show a progress bar?
    pub(super) fn may_animate(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Data, as it is.
    #[expect(clippy::unused_self, reason = "only who holds the printer writes")]
    pub(super) fn data(&mut self, text: &str) {
        // A reader that has gone away wants no more.
        let _ = io::stdout().lock().write_all(text.as_bytes());
    }

    /// A line for people; none with `--quiet`.
    pub(super) fn say(&mut self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// `error: …`, also with `--quiet`.
    #[expect(clippy::unused_self, reason = "only who holds the printer writes")]
    pub(super) fn error(&mut self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "error: {text}");
    }

    /// `warning: …`.
    pub(super) fn warning(&mut self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "warning: {text}");
        }
    }

    /// What is wrong with input files, with the lines it is about.
    pub(super) fn diagnostics(&mut self, diagnostics: &Diagnostics) {
        if !self.quiet || diagnostics.has_errors() {
            let _ = writeln!(io::stderr().lock(), "{}", diagnostics.render(self.colour).trim_end());
        }
    }
}
