//! `kubelapse completions SHELL`.

use std::process::ExitCode;

use clap::CommandFactory;

use super::args::{Arguments, CompletionsArguments};
use super::exit_code;
use super::printer::Printer;

/// Prints the completion script of a shell.
pub(super) fn run(arguments: &CompletionsArguments, printer: &mut Printer) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "kubelapse", &mut script);
    printer.data(&String::from_utf8_lossy(&script));
    exit_code::OK.into()
}
