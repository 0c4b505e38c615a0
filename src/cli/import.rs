//! `kubelapse import`: a dump or a trace to a scenario's folder, with what is known and what is assumed.

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::import::backtest::{Backtest, backtest};
use crate::import::redact::Keep;
use crate::import::{Format, Imported, Options, import};

use super::args::{ImportArguments, ImportFormat, ImportKeep};
use super::exit_code;
use super::printer::Printer;

/// Imports what the arguments name.
pub(super) fn run(arguments: &ImportArguments, printer: &mut Printer) -> ExitCode {
    let keeps = |what| arguments.keep.contains(&what);
    let options = Options {
        inputs: arguments.dumps.clone(),
        events: arguments.events.clone(),
        usage: arguments.usage.clone(),
        format: match arguments.format {
            ImportFormat::Kubernetes => Format::Kubernetes,
            ImportFormat::AlibabaOpenb => Format::AlibabaOpenb,
        },
        keep: Keep {
            secrets: keeps(ImportKeep::Secrets),
            env: keeps(ImportKeep::Env),
            annotations: keeps(ImportKeep::Annotations),
        },
        out: arguments.out.clone(),
    };
    if arguments.backtest && options.format != Format::Kubernetes {
        printer.error("--backtest belongs to dumps of Kubernetes: a trace tells no delays");
        return exit_code::BAD_INPUT.into();
    }
    let imported = match import(&options) {
        Ok(imported) => imported,
        Err(message) => {
            printer.error(&message);
            return exit_code::BAD_INPUT.into();
        }
    };
    for warning in &imported.warnings {
        printer.warning(warning);
    }
    printer.data(&summary(&imported));
    if arguments.backtest {
        match backtest(&imported.folder, &imported.dump) {
            Ok(found) => printer.data(&table(&found)),
            Err(message) => {
                printer.error(&format!("no backtest: {message}"));
                return exit_code::BAD_INPUT.into();
            }
        }
    }
    exit_code::OK.into()
}

fn summary(imported: &Imported) -> String {
    let mut text = String::new();
    let objects: Vec<String> = imported.objects.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let objects = if objects.is_empty() { "nothing that is understood".to_owned() } else { objects.join(", ") };
    let _ = writeln!(text, "imported  {objects}");
    for (name, sentences) in [("known", &imported.known), ("assumed", &imported.assumed)] {
        for (place, sentence) in sentences.iter().enumerate() {
            let _ = writeln!(text, "{:>8}  {sentence}", if place == 0 { name } else { "" });
        }
    }
    let _ = writeln!(text, "scenario  {}", imported.folder.join("scenario.yaml").display());
    text
}

fn table(found: &Backtest) -> String {
    let mut text = format!("\nbacktest  {} pods of the dump's last hour came again\n", found.pods);
    text.push_str("delay         pods   recorded  simulated       bias      error  of\n");
    for delay in &found.delays {
        let seconds = |value: f64| format!("{value:.2} s");
        let _ = writeln!(
            text,
            "{:<11} {:>6} {:>10} {:>10} {:>10} {:>10}  {}",
            delay.kind,
            delay.pods,
            seconds(delay.recorded),
            seconds(delay.simulated),
            format!("{:+.2} s", delay.bias),
            seconds(delay.error),
            delay.meaning
        );
    }
    text.push_str("medians; the dump's times are whole seconds\n");
    text
}
