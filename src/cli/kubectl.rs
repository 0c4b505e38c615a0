//! `kubelapse kubectl FILE --at T -- COMMAND`: the cluster of a scenario at a time, as kubectl prints it.

use std::process::ExitCode;

use crate::engine::SimDuration;
use crate::simulation::{Simulation, Unobserved};

use super::args::KubectlArguments;
use super::printer::Printer;
use super::{exit_code, load};

/// Runs the scenario to the instant and types the command. Nothing is written.
pub(super) fn run(arguments: &KubectlArguments, printer: &mut Printer) -> ExitCode {
    let at = match SimDuration::parse(&arguments.at) {
        Ok(at) => at,
        Err(reason) => {
            printer.error(&format!("--at {}: {reason}", arguments.at));
            return exit_code::BAD_INPUT.into();
        }
    };
    let plans = match load::plans(std::slice::from_ref(&arguments.file), &arguments.plan, printer) {
        Ok(plans) => plans,
        Err(code) => return code,
    };
    let [plan] = plans.as_slice() else {
        printer.error("the file holds more than one scenario: name a file with one");
        return exit_code::BAD_INPUT.into();
    };
    let mut simulation = match Simulation::new(plan) {
        Ok(simulation) => simulation,
        Err(error) => {
            printer.error(&error.to_string());
            return exit_code::BAD_INPUT.into();
        }
    };
    simulation.run_to(at, &mut Unobserved);
    let words = arguments.command.iter().map(String::as_str);
    let Ok(command) = shlex::try_join(words) else {
        printer.error("the command holds a NUL character");
        return exit_code::BAD_INPUT.into();
    };
    let output = simulation.kubectl(&command, &mut Unobserved);
    printer.data(&output.stdout);
    if !output.stderr.is_empty() {
        printer.say(output.stderr.trim_end());
    }
    // kubectl's own exit codes: 0, or 1 for every error.
    if output.exit == 0 { exit_code::OK.into() } else { exit_code::FAILED.into() }
}
