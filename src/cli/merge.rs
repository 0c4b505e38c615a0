//! `kubelapse merge`: the folders of a sweep's shards become the results of the sweep.

use std::process::ExitCode;

use crate::sweep;

use super::args::MergeArguments;
use super::printer::Printer;
use super::sweep::{conclude, failed, write_junit};

/// Merges the folders; what is not whole is refused and nothing is written.
pub(super) fn run(arguments: &MergeArguments, printer: &mut Printer) -> ExitCode {
    let (outline, written) = match sweep::merge(&arguments.folders, &arguments.verdict.out) {
        Ok(merged) => merged,
        Err(error) => return failed(&error, printer).into(),
    };
    let mut suites = Vec::new();
    let code = conclude(&outline, written, &arguments.verdict, &mut suites, printer);
    code.max(write_junit(&arguments.verdict, &suites, printer)).into()
}
