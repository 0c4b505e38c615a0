//! `kubelapse diff`: what changed between two results. As diff(1): exit 0 if nothing did, 1 if anything did.

use std::process::ExitCode;

use crate::report::diff::{self, Diff};
use crate::report::results::Results;

use super::args::{DiffArguments, OutputFormat};
use super::exit_code;
use super::printer::Printer;

/// Compares both and prints what differs. Nothing is written.
pub(super) fn run(arguments: &DiffArguments, printer: &mut Printer) -> ExitCode {
    let opened = Results::open(&arguments.a).and_then(|a| Ok((a, Results::open(&arguments.b)?)));
    let compared = opened.and_then(|(a, b)| Ok((Diff::of(&a, &b)?, a, b)));
    let (diff, a, b) = match compared {
        Ok(compared) => compared,
        Err(error) => {
            printer.error(&error.to_string());
            return exit_code::BAD_INPUT.into();
        }
    };
    match arguments.output {
        OutputFormat::Table => printer.data(&diff::text(&diff, &a, &b)),
        OutputFormat::Json => {
            let text = serde_json::to_string_pretty(&diff).expect("a difference holds texts and numbers");
            printer.data(&(text + "\n"));
        }
    }
    if diff.is_empty() { exit_code::OK.into() } else { exit_code::FAILED.into() }
}
