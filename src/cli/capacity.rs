//! `kubelapse capacity`: every plan of the files is searched and reported.

use std::process::ExitCode;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};

use crate::capacity::{self, PlanResult, output};
use crate::report::ChartFormats;
use crate::scenario::{CapacityCase, load_capacity};
use crate::sweep::Jobs;

use super::args::CapacityArguments;
use super::printer::Printer;
use super::progress::Stopwatch;
use super::{exit_code, load};

/// Searches every plan. All of them are loaded first, so that bad input writes nothing.
pub(super) fn run(arguments: &CapacityArguments, printer: &mut Printer) -> ExitCode {
    let options = load::options(&arguments.plan);
    let mut cases: Vec<CapacityCase> = Vec::new();
    for file in &arguments.files {
        match load_capacity(file, &options) {
            Ok(found) => cases.extend(found),
            Err(diagnostics) => {
                printer.diagnostics(&diagnostics);
                return exit_code::BAD_INPUT.into();
            }
        }
    }
    for (place, case) in cases.iter().enumerate() {
        if cases[..place].iter().any(|other| other.name == case.name) {
            printer.error(&format!("two plans have the name `{}`: their results would share a folder", case.name));
            return exit_code::BAD_INPUT.into();
        }
    }
    let jobs = arguments.jobs.map_or_else(Jobs::default, Jobs);
    let mut worst = exit_code::OK;
    for case in &cases {
        worst = worst.max(plan_one(case, jobs, arguments, printer));
    }
    worst.into()
}

fn plan_one(case: &CapacityCase, jobs: Jobs, arguments: &CapacityArguments, printer: &mut Printer) -> u8 {
    let watch = Stopwatch::start();
    let bar = printer.may_animate().then(|| {
        let style = ProgressStyle::with_template("{spinner} {prefix}  {pos} runs").expect("the template is a constant");
        ProgressBar::new_spinner().with_style(style).with_prefix(case.name.clone())
    });
    let shared = Mutex::new(bar.as_ref());
    let after_run = || {
        if let Ok(bar) = shared.lock()
            && let Some(bar) = *bar
        {
            bar.inc(1);
        }
    };
    let found = capacity::plan(case, jobs, &after_run);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let plan: PlanResult = match found {
        Ok(plan) => plan,
        Err(error) => {
            printer.error(&error.to_string());
            return exit_code::BAD_INPUT;
        }
    };
    let folder = match output::write_folder(&plan, &arguments.out, ChartFormats { svg: true, png: true }) {
        Ok(folder) => folder,
        Err(error) => {
            printer.error(&error.to_string());
            return exit_code::INTERNAL;
        }
    };
    for warning in &plan.warnings {
        printer.warning(warning);
    }
    printer.data(&output::table(&plan));
    printer.say(&format!(
        "{} runs in {:.1} s; results in {}",
        plan.runs,
        watch.elapsed().as_secs_f64(),
        folder.display()
    ));
    let warned = arguments.strict && !plan.warnings.is_empty();
    if plan.met && !warned { exit_code::OK } else { exit_code::FAILED }
}
