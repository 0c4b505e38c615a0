//! The command line: one file a subcommand, each arguments and a thin call. The only layer that prints, reads the
//! environment or measures real time.

mod args;
mod capacity;
mod compare;
mod completions;
mod diff;
mod exit_code;
mod explain;
mod import;
mod kubectl;
mod load;
mod merge;
mod printer;
mod progress;
mod report;
mod run;
mod schema;
mod sweep;
mod validate;

use std::process::ExitCode;

use clap::Parser;

use crate::workload::shell::silence_parser;
use args::{Arguments, Command};
use printer::Printer;

/// Parses the arguments of the process and carries out what they say.
pub fn main() -> ExitCode {
    silence_parser();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit_code::of_usage(&error),
    };
    let quiet = match &arguments.command {
        Command::Run(run) => run.quiet,
        Command::Sweep(sweep) => sweep.verdict.quiet,
        Command::Merge(merge) => merge.verdict.quiet,
        Command::Capacity(capacity) => capacity.quiet,
        _ => false,
    };
    let mut printer = Printer::new(quiet);
    match arguments.command {
        Command::Run(arguments) => run::run(&arguments, &mut printer),
        Command::Sweep(arguments) => sweep::run(&arguments, &mut printer),
        Command::Merge(arguments) => merge::run(&arguments, &mut printer),
        Command::Kubectl(arguments) => kubectl::run(&arguments, &mut printer),
        Command::Explain(arguments) => explain::run(&arguments, &mut printer),
        Command::Capacity(arguments) => capacity::run(&arguments, &mut printer),
        Command::Import(arguments) => import::run(&arguments, &mut printer),
        Command::Validate(arguments) => validate::run(&arguments, &mut printer),
        Command::Compare(arguments) => compare::run(&arguments, &mut printer),
        Command::Diff(arguments) => diff::run(&arguments, &mut printer),
        Command::Report(arguments) => report::run(&arguments, &mut printer),
        Command::Schema(arguments) => schema::run(&arguments, &mut printer),
        Command::Completions(arguments) => completions::run(&arguments, &mut printer),
    }
}
