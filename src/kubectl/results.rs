//! What a writing command prints of each object: a line with a verb, or the form that `-o` asks for.
//! Upstream: cli-runtime genericclioptions `PrintFlags`, printers `NamePrinter`, `YAMLPrinter`.

use serde_json::Value;

use crate::model::kind::Kind;

use super::command_line::CommandLine;
use super::errors::Failure;
use super::formats::{self, Format};
use super::output::Printed;
use super::requests::{DryRun, printed_name};

/// The annotation of `--record`.
pub(crate) const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// With `--record`, the object remembers the command.
pub(crate) fn record(line: &CommandLine, object: &mut Value) {
    if let Some(cause) = line.change_cause() {
        object["metadata"]["annotations"][CHANGE_CAUSE] = Value::from(cause);
    }
}

/// Prints `kind/name verb`, or `value` in the form of `-o`.
pub(crate) fn show(
    line: &CommandLine,
    (kind, name): (Kind, &str),
    verb: &str,
    printed: &mut Printed,
    value: impl FnOnce() -> Value,
) -> Result<(), Failure> {
    match Format::of(line)? {
        Format::Table { .. } => {
            printed.line(format!("{} {verb}{}", printed_name(kind, name), DryRun::of(line)?.suffix()));
        }
        Format::Name => printed.line(printed_name(kind, name)),
        format => {
            if format == Format::Yaml && printed.documents > 0 {
                printed.line("---");
            }
            printed.documents += 1;
            formats::print(&format, &value(), false, &mut printed.out)?;
        }
    }
    Ok(())
}
