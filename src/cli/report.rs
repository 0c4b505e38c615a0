//! `kubelapse report`: charts and page of a results folder, drawn again from what is in it.

use std::process::ExitCode;

use crate::report;
use crate::report::results::Results;
use crate::sweep;

use super::args::ReportArguments;
use super::exit_code;
use super::printer::Printer;
use super::sweep::failed;

/// Draws into the folder, which is replaced as a whole.
pub(super) fn run(arguments: &ReportArguments, printer: &mut Printer) -> ExitCode {
    if sweep::is_sweep(&arguments.results) {
        return match sweep::draw_again(&arguments.results) {
            Ok(written) => {
                printer.say(&format!("{}: {}", written.folder.display(), sweep::headline(&written.summary)));
                exit_code::OK.into()
            }
            Err(error) => failed(&error, printer).into(),
        };
    }
    let opened = Results::open(&arguments.results).map_err(report::ReportError::from);
    match opened.and_then(|results| report::draw_again(&results, arguments.trace, arguments.metrics)) {
        Ok(written) => {
            for file in &written.files {
                printer.say(&format!("{}/{file}", arguments.results.display()));
            }
            exit_code::OK.into()
        }
        Err(error) => {
            printer.error(&error.to_string());
            let is_input = matches!(error, report::ReportError::Results(_));
            if is_input { exit_code::BAD_INPUT.into() } else { exit_code::INTERNAL.into() }
        }
    }
}
