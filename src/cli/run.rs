//! `kubelapse run`: every scenario is run and its results are written.

use std::process::ExitCode;

use crate::record::{Expectation, Record};
use crate::report::{self, ChartFormats, ReportOptions, junit};
use crate::scenario::Plan;
use crate::simulation::Simulation;

use super::args::RunArguments;
use super::printer::Printer;
use super::progress::{LiveView, Stopwatch};
use super::{exit_code, load};

/// Runs every scenario. All of them are loaded first, so that bad input writes nothing.
pub(super) fn run(arguments: &RunArguments, printer: &mut Printer) -> ExitCode {
    let plans = match load::plans(&arguments.files, &arguments.plan, printer) {
        Ok(plans) => plans,
        Err(code) => return code,
    };
    let mut simulations = Vec::with_capacity(plans.len());
    for plan in &plans {
        match Simulation::new(plan) {
            Ok(simulation) => simulations.push(simulation),
            Err(error) => {
                printer.error(&error.to_string());
                return exit_code::BAD_INPUT.into();
            }
        }
    }
    let mut worst = exit_code::OK;
    let mut suites = Vec::new();
    for (plan, simulation) in plans.iter().zip(simulations) {
        worst = worst.max(run_one(plan, simulation, arguments, &mut suites, printer));
    }
    if let Some(file) = &arguments.junit
        && let Err(error) = std::fs::write(file, junit::document(&suites))
    {
        printer.error(&format!("cannot write `{}`: {error}", file.display()));
        worst = exit_code::INTERNAL;
    }
    worst.into()
}

fn run_one(
    plan: &Plan,
    mut simulation: Simulation,
    arguments: &RunArguments,
    suites: &mut Vec<junit::Suite>,
    printer: &mut Printer,
) -> u8 {
    let watch = Stopwatch::start();
    let mut view = LiveView::new(printer, &plan.name, simulation.origin());
    let ending = simulation.run(&mut view);
    view.finish();
    let (record, failures) = simulation.finish(plan, ending);
    let options = ReportOptions {
        dir: arguments.out.clone(),
        name: plan.name.clone(),
        charts: ChartFormats { svg: plan.output.svg, png: plan.output.png },
        without: plan.output.without(),
        trace: plan.output.trace,
        metrics: plan.output.metrics,
    };
    let written = match report::write(&record, &options) {
        Ok(written) => written,
        Err(error) => {
            printer.error(&error.to_string());
            return exit_code::INTERNAL;
        }
    };
    for warning in &record.warnings {
        printer.warning(warning);
    }
    if !written.left_out.is_empty() {
        let (files, folder) = (written.left_out.join(" and "), written.folder.display());
        printer.say(&format!(
            "note: {files}: not written for so many pods; `kubelapse report {folder} --trace --metrics` does"
        ));
    }
    for failure in &failures {
        printer.error(failure);
    }
    for expectation in record.expectations.iter().filter(|expectation| !expectation.held) {
        printer.error(&not_met(expectation));
    }
    printer.say(&report::terminal::closing_table(&record, watch.elapsed(), &written.folder));
    suites.push(junit::Suite::of(&record, &failures, arguments.strict));
    exit(&record, &failures, arguments.strict)
}

/// `expectation "done" (by 30s) was not met: pod('web').status.phase is 'Pending' at 30s`.
fn not_met(expectation: &Expectation) -> String {
    let Expectation { name, when, found, time, .. } = expectation;
    format!("expectation `{name}` ({when}) was not met: {found} at {time}s")
}

fn exit(record: &Record, failures: &[String], strict: bool) -> u8 {
    let expectations_hold = record.expectations.iter().all(|expectation| expectation.held);
    if !failures.is_empty() || !expectations_hold || strict && !record.warnings.is_empty() {
        exit_code::FAILED
    } else {
        exit_code::OK
    }
}
