//! `kubelapse validate`: everything that `run` would check, and what is accepted without effect.

use std::process::ExitCode;

use crate::simulation::Simulation;

use super::args::ValidateArguments;
use super::printer::Printer;
use super::{exit_code, load};

/// Loads every file and its manifests without running anything.
pub(super) fn run(arguments: &ValidateArguments, printer: &mut Printer) -> ExitCode {
    let plans = match load::plans(&arguments.files, &arguments.plan, printer) {
        Ok(plans) => plans,
        Err(code) => return code,
    };
    let mut warnings = false;
    for plan in &plans {
        match Simulation::new(plan) {
            Ok(simulation) => {
                for assumption in simulation.assumptions() {
                    printer.data(&format!("{}: {assumption}\n", plan.name));
                }
            }
            Err(error) => {
                printer.error(&error.to_string());
                return exit_code::BAD_INPUT.into();
            }
        }
        let found = plan.all_warnings();
        warnings |= !found.is_empty();
        if !found.is_empty() {
            printer.diagnostics(&found);
        }
        printer.data(&format!("{}: valid\n", plan.name));
    }
    if arguments.strict && warnings { exit_code::FAILED.into() } else { exit_code::OK.into() }
}
