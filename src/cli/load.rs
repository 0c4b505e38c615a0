//! From file names and options to plans; what is wrong is printed.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::scenario::{self, LoadOptions, Plan};

use super::args::PlanArguments;
use super::exit_code;
use super::printer::Printer;

/// The plans of some files, or the exit code after the errors were printed.
pub(super) fn plans(
    files: &[PathBuf],
    arguments: &PlanArguments,
    printer: &mut Printer,
) -> Result<Vec<Plan>, ExitCode> {
    scenario::load(files, &options(arguments)).map_err(|diagnostics| {
        printer.diagnostics(&diagnostics);
        exit_code::BAD_INPUT.into()
    })
}

/// What the command line adds to files.
pub(super) fn options(arguments: &PlanArguments) -> LoadOptions {
    LoadOptions {
        extra_manifests: arguments.manifests.clone(),
        set: arguments.set.clone(),
        seed: arguments.seed,
        until: arguments.until.clone(),
    }
}
