//! `kubelapse sweep`: every combination of settings with every seed, on all cores, with a progress bar.

use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::junit;
use crate::scenario::{Diagnostics, SourceFile, load_sweeps};
use crate::sweep::{
    Interrupted, Jobs, Outline, Progress, Row, Status, Study, SweepError, SweepOptions, Written, asked_for, carry_out,
    complaint, headline, interrupted, numbers,
};

use super::args::{SweepArguments, VerdictArguments};
use super::printer::Printer;
use super::progress::Stopwatch;
use super::{exit_code, load};

/// Failed runs that are told one by one.
const TOLD_MOST: usize = 20;
/// Combinations whose numbers are printed.
const PRINTED_MOST: usize = 30;

/// Runs every Sweep of the file. All of them are loaded first, so that bad input writes nothing.
pub(super) fn run(arguments: &SweepArguments, printer: &mut Printer) -> ExitCode {
    let studies = match studies(arguments) {
        Ok(studies) => studies,
        Err(diagnostics) => {
            printer.diagnostics(&diagnostics);
            return exit_code::BAD_INPUT.into();
        }
    };
    #[expect(clippy::disallowed_methods, reason = "cli is the layer that reads the environment")]
    let environment = |name: &str| std::env::var(name).ok();
    let shard = match asked_for(arguments.shard.as_deref(), &environment) {
        Ok(shard) => shard,
        Err(words) => {
            printer.error(&words);
            return exit_code::BAD_INPUT.into();
        }
    };
    if let Some((shard, from)) = &shard {
        printer.say(&format!("part {} of {} (from {from})", shard.index, shard.count));
    }
    let options = SweepOptions {
        out: arguments.verdict.out.clone(),
        jobs: arguments.jobs.map_or_else(Jobs::default, Jobs),
        shard: shard.map(|(shard, _)| shard),
        resume: arguments.resume,
    };
    let mut worst = exit_code::OK;
    let mut suites = Vec::new();
    for study in &studies {
        tell_of_interrupted(&study.outline, &options, printer);
        match run_one(study, &options, printer) {
            Ok(written) => {
                worst = worst.max(conclude(&study.outline, written, &arguments.verdict, &mut suites, printer));
            }
            Err(error) => worst = worst.max(failed(&error, printer)),
        }
    }
    worst = worst.max(write_junit(&arguments.verdict, &suites, printer));
    worst.into()
}

fn studies(arguments: &SweepArguments) -> Result<Vec<Study>, Diagnostics> {
    let file = SourceFile::read(&arguments.file).map_err(|diagnostic| Diagnostics::from(*diagnostic))?;
    let options = load::options(&arguments.plan);
    let mut wrong = Diagnostics::default();
    let mut studies: Vec<Study> = Vec::new();
    for sweep in load_sweeps(&file)? {
        match Study::load(&sweep, &options, arguments.max_runs) {
            Ok(study) => studies.push(study),
            Err(found) => wrong.append(found),
        }
    }
    if wrong.has_errors() { Err(wrong) } else { Ok(studies) }
}

fn tell_of_interrupted(outline: &Outline, options: &SweepOptions, printer: &mut Printer) {
    let Some(Interrupted { folder, runs }) = interrupted(outline, options) else { return };
    let folder = folder.display();
    match (runs, options.resume) {
        (Some(_), true) => {}
        (Some(runs), false) => {
            printer.warning(&format!(
                "an interrupted call ran {runs} runs of this sweep; they are run again without --resume"
            ));
        }
        (None, true) => printer.warning(&format!("`{folder}` was run with other inputs: nothing of it is taken")),
        (None, false) => {}
    }
}

fn run_one(study: &Study, options: &SweepOptions, printer: &mut Printer) -> Result<Written, SweepError> {
    let outline = &study.outline;
    let (combinations, seeds, runs) = (outline.combinations(), outline.seeds, outline.runs());
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    printer.say(&format!(
        "{}: {} × {} = {}",
        outline.name,
        plural(combinations, "combination"),
        plural(seeds as usize, "seed"),
        plural(runs, "run")
    ));
    let bar = printer.may_animate().then(|| {
        let form = "{prefix} {wide_bar} {pos}/{len}  {per_sec}  {msg}  ETA {eta}";
        let style = ProgressStyle::with_template(form).expect("the template is a constant");
        ProgressBar::new(runs as u64).with_style(style).with_prefix(outline.name.clone())
    });
    let watch = Stopwatch::start();
    let mut told = 0;
    let written = carry_out(study, options, |progress: Progress, row: Option<&Row>| {
        if let Some(bar) = &bar {
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
            if row.is_none() {
                // What was taken over says nothing of how long the rest takes.
                bar.reset_eta();
            }
            if progress.failed > 0 {
                bar.set_message(format!("{} failed", progress.failed));
            }
        }
        match row {
            Some(row) if row.status != Status::Ok => {
                told += 1;
                if told <= TOLD_MOST {
                    let label = outline.label(outline.combination_of(row.run));
                    let text = format!("run {} ({label}), {}", row.run, complaint(outline, row));
                    match &bar {
                        Some(bar) => bar.suspend(|| printer.error(&text)),
                        None => printer.error(&text),
                    }
                }
            }
            None if progress.resumed > 0 => printer.say(&format!("{} runs are taken over", progress.resumed)),
            _ => {}
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if told > TOLD_MOST {
        printer.error(&format!("{} more runs failed: runs.csv has all", told - TOLD_MOST));
    }
    let seconds = watch.elapsed().as_secs_f64();
    written.inspect(|_| printer.say(&format!("{seconds:.1} s on {}", plural(options.jobs.0.get(), "thread"))))
}

/// Prints what came of a sweep, and decides the exit code.
pub(super) fn conclude(
    outline: &Outline,
    written: Written,
    arguments: &VerdictArguments,
    suites: &mut Vec<junit::Suite>,
    printer: &mut Printer,
) -> u8 {
    let summary = &written.summary;
    for (warning, runs) in &summary.warnings {
        printer.warning(&format!("{warning} (in {runs} of {} runs)", summary.runs.total));
    }
    for assert in summary.asserts.iter().filter(|assert| !assert.held) {
        for (combination, found) in assert.broken.iter().take(TOLD_MOST) {
            printer.error(&format!("assert `{}` is not true of {combination}: {found}", assert.that));
        }
        if assert.broken.len() > TOLD_MOST {
            let more = assert.broken.len() - TOLD_MOST;
            printer.error(&format!("assert `{}` is not true of {more} more combinations", assert.that));
        }
    }
    if summary.shard.is_none() && !written.combinations.is_empty() {
        printer.say(&table(outline, &written));
    }
    printer.say(&format!("{}\nresults  {}", headline(summary), written.folder.display()));
    let held = summary.held(arguments.strict);
    suites.extend(written.suites);
    if held { exit_code::OK } else { exit_code::FAILED }
}

fn table(outline: &Outline, written: &Written) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    let mut header = vec!["combination".to_owned()];
    header.extend(outline.metrics.iter().cloned());
    table.set_header(header);
    for row in numbers(outline, &written.combinations).into_iter().take(PRINTED_MOST) {
        table.add_row(row);
    }
    let mut text = table.trim_fmt();
    if written.combinations.len() > PRINTED_MOST {
        text += &format!("\n… and {} more in aggregate.csv", written.combinations.len() - PRINTED_MOST);
    }
    text
}

/// Prints why there are no results, and decides the exit code.
pub(super) fn failed(error: &SweepError, printer: &mut Printer) -> u8 {
    printer.error(&error.to_string());
    if error.is_input() { exit_code::BAD_INPUT } else { exit_code::INTERNAL }
}

/// Writes the JUnit file that was asked for.
pub(super) fn write_junit(arguments: &VerdictArguments, suites: &[junit::Suite], printer: &mut Printer) -> u8 {
    if let Some(file) = &arguments.junit
        && let Err(error) = std::fs::write(file, junit::document(suites))
    {
        printer.error(&format!("cannot write `{}`: {error}", file.display()));
        return exit_code::INTERNAL;
    }
    exit_code::OK
}
