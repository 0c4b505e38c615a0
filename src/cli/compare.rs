//! `kubelapse compare`: one scenario with two sets of manifests. Exit 1 if a `--fail-if` is true, or if something expected
//! breaks more often with the head than with the base.

use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use crate::compare::{self, CompareError, Comparison, Question, SideError, check};
use crate::report::ReportError;
use crate::report::junit;
use crate::scenario::expressions::Expression;
use crate::scenario::{Diagnostics, SourceFile};
use crate::sweep::{Jobs, RunError};

use super::args::{CompareArguments, OutputFormat};
use super::printer::Printer;
use super::{exit_code, load};

/// Reads everything, then runs, then writes: bad input writes nothing.
pub(super) fn run(arguments: &CompareArguments, printer: &mut Printer) -> ExitCode {
    let question = match question(arguments) {
        Ok(question) => question,
        Err(refusal) => return refusal.tell(printer),
    };
    let runs = arguments.seeds.get() * 2;
    let bar = printer.may_animate().then(|| {
        let style = ProgressStyle::with_template("{spinner} {bar:30} {pos} of {len} runs  {eta} left");
        ProgressBar::new(runs).with_style(style.expect("the template is a constant"))
    });
    let answer = question.answer(|done| {
        if let Some(bar) = &bar {
            bar.set_position(done);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let comparison = match answer {
        Ok(comparison) => comparison,
        Err(error) => return Refusal::from(error).tell(printer),
    };
    for warning in &comparison.warnings {
        printer.warning(warning);
    }
    let is_comment = arguments.markdown.as_deref() == Some(Path::new("-"));
    match arguments.output {
        _ if is_comment => {}
        OutputFormat::Table => printer.data(&compare::text(&comparison)),
        OutputFormat::Json => {
            let text = serde_json::to_string_pretty(&comparison).expect("a comparison holds texts and numbers");
            printer.data(&(text + "\n"));
        }
    }
    if let Err(reason) = write(arguments, &comparison, printer) {
        printer.error(&reason);
        return exit_code::INTERNAL.into();
    }
    if comparison.is_bad() { exit_code::FAILED.into() } else { exit_code::OK.into() }
}

/// Why there is no answer.
enum Refusal {
    Diagnostics(Diagnostics),
    Input(String),
    Internal(String),
}

impl Refusal {
    fn tell(self, printer: &mut Printer) -> ExitCode {
        match self {
            Self::Diagnostics(diagnostics) => printer.diagnostics(&diagnostics),
            Self::Input(words) => printer.error(&words),
            Self::Internal(words) => {
                printer.error(&words);
                return exit_code::INTERNAL.into();
            }
        }
        exit_code::BAD_INPUT.into()
    }
}

impl From<CompareError> for Refusal {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Input(diagnostics) => Self::Diagnostics(diagnostics),
            CompareError::Run { error: RunError::Panic(_), .. } => Self::Internal(error.to_string()),
            _ => Self::Input(error.to_string()),
        }
    }
}

fn question(arguments: &CompareArguments) -> Result<Question, Refusal> {
    let mut fail_if = Vec::new();
    for text in &arguments.fail_if {
        let refused = |reason: String| Refusal::Input(format!("--fail-if `{text}`: {reason}"));
        let expression = Expression::compile(text).map_err(|flaw| refused(flaw.to_string()))?;
        check(&expression).map_err(refused)?;
        fail_if.push(expression);
    }
    if let Some(picture) = arguments.picture.as_deref().filter(|path| !is_svg(path) && !is_png(path)) {
        return Err(Refusal::Input(format!("--picture {}: its name must end in .svg or .png", picture.display())));
    }
    let scenario =
        SourceFile::read(&arguments.file).map_err(|found| Refusal::Diagnostics(Diagnostics::from(*found)))?;
    let jobs = arguments.jobs.map_or_else(Jobs::default, Jobs);
    let paths = [arguments.base.as_path(), arguments.head.as_path()];
    let options = load::options(&arguments.plan);
    Question::read(&scenario, &options, paths, arguments.seeds.get(), jobs, fail_if).map_err(|error| match error {
        SideError::Input(diagnostics) => Refusal::Diagnostics(diagnostics),
        SideError::Path { .. } => Refusal::Input(error.to_string()),
    })
}

fn is_svg(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "svg")
}

fn is_png(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "png")
}

fn write(arguments: &CompareArguments, comparison: &Comparison, printer: &mut Printer) -> Result<(), String> {
    let save = |path: &Path, bytes: &[u8]| {
        std::fs::write(path, bytes).map_err(|error| format!("cannot write `{}`: {error}", path.display()))
    };
    if let Some(path) = &arguments.markdown {
        let text = compare::markdown(comparison);
        if path == Path::new("-") { printer.data(&text) } else { save(path, text.as_bytes())? }
    }
    if let Some(path) = &arguments.junit {
        save(path, junit::document(&[compare::suite(comparison)]).as_bytes())?;
    }
    if let Some(path) = &arguments.picture {
        let drawn: Result<Vec<u8>, ReportError> =
            if is_svg(path) { compare::svg(comparison).map(String::into_bytes) } else { compare::png(comparison) };
        save(path, &drawn.map_err(|error| error.to_string())?)?;
    }
    Ok(())
}
