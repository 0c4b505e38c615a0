//! `kubelapse validate`: everything that `run`, `sweep` and `capacity` would check, and what is accepted without effect.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::scenario::schema::Kind;
use crate::scenario::{Diagnostics, SourceFile, kinds, load_capacity_source, load_sweeps};
use crate::simulation::Simulation;
use crate::sweep::{RUNS_MAX, Study};

use super::args::ValidateArguments;
use super::printer::Printer;
use super::{exit_code, load};

/// Loads every file and its manifests without running anything.
pub(super) fn run(arguments: &ValidateArguments, printer: &mut Printer) -> ExitCode {
    let (studies, scenarios): (Vec<PathBuf>, Vec<PathBuf>) =
        arguments.files.iter().cloned().partition(|file| holds_no_scenario(file));
    for file in &studies {
        match validate_study(file, arguments) {
            Ok(lines) => lines.iter().for_each(|line| printer.data(&format!("{line}: valid\n"))),
            Err(diagnostics) => {
                printer.diagnostics(&diagnostics);
                return exit_code::BAD_INPUT.into();
            }
        }
    }
    let plans = match load::plans(&scenarios, &arguments.plan, printer) {
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

/// Is a file one of sweeps or capacity plans alone? Standard input can be read once only, and is taken for a scenario.
fn holds_no_scenario(file: &Path) -> bool {
    if file.as_os_str() == "-" {
        return false;
    }
    let kinds = SourceFile::read(file).map_or_else(|_| Vec::new(), |file| kinds(&file));
    !kinds.is_empty() && !kinds.contains(&Kind::Scenario)
}

/// The names of what the file holds.
fn validate_study(file: &Path, arguments: &ValidateArguments) -> Result<Vec<String>, Diagnostics> {
    let source = SourceFile::read(file).map_err(|diagnostic| Diagnostics::from(*diagnostic))?;
    let options = load::options(&arguments.plan);
    let kinds = kinds(&source);
    let mut names = Vec::new();
    if kinds.contains(&Kind::Sweep) {
        for sweep in load_sweeps(&source)? {
            let outline = Study::load(&sweep, &options, RUNS_MAX)?.outline;
            names.push(format!("{} ({} combinations, {} runs)", outline.name, outline.combinations(), outline.runs()));
        }
    }
    if kinds.contains(&Kind::CapacityPlan) {
        names.extend(load_capacity_source(&source, &options)?.into_iter().map(|case| case.name));
    }
    Ok(names)
}
