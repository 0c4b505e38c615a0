//! `kubelapse validate`: everything that `run` would check, and what is accepted without effect.

use std::path::Path;
use std::process::ExitCode;

use crate::scenario::schema::Kind;
use crate::scenario::{kinds_of, load_capacity};
use crate::simulation::Simulation;

use super::args::ValidateArguments;
use super::printer::Printer;
use super::{exit_code, load};

/// Loads every file and its manifests without running anything.
pub(super) fn run(arguments: &ValidateArguments, printer: &mut Printer) -> ExitCode {
    let (capacity, others): (Vec<_>, Vec<_>) =
        arguments.files.iter().cloned().partition(|file| holds_capacity_plan(file));
    let mut warnings = false;
    for file in &capacity {
        match load_capacity(file, &load::options(&arguments.plan)) {
            Ok(cases) => {
                for case in cases {
                    warnings |= !case.warnings.is_empty();
                    case.warnings.iter().for_each(|warning| printer.warning(warning));
                    printer.data(&format!("{}: valid\n", case.name));
                }
            }
            Err(diagnostics) => {
                printer.diagnostics(&diagnostics);
                return exit_code::BAD_INPUT.into();
            }
        }
    }
    let plans = match load::plans(&others, &arguments.plan, printer) {
        Ok(plans) => plans,
        Err(code) => return code,
    };
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

/// Is a file for `capacity`, and not a scenario as well? Standard input, which can be read once only, is none.
fn holds_capacity_plan(file: &Path) -> bool {
    let kinds = kinds_of(file);
    kinds.contains(&Kind::CapacityPlan) && !kinds.contains(&Kind::Scenario)
}
