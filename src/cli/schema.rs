//! `kubelapse schema [KIND]`.

use std::process::ExitCode;

use crate::engine::nearest::nearest;
use crate::scenario::schema::{Kind, json_schema};

use super::args::SchemaArguments;
use super::exit_code;
use super::printer::Printer;

/// Prints the JSON Schema of one kind, or of all.
pub(super) fn run(arguments: &SchemaArguments, printer: &mut Printer) -> ExitCode {
    let kind = match arguments.kind.as_deref().map(|name| Kind::from_name(name).ok_or(name)) {
        None => None,
        Some(Ok(kind)) => Some(kind),
        Some(Err(name)) => {
            let known = ["Scenario", "Sweep", "CapacityPlan"];
            let hint = nearest(name, known).map_or_else(|| known.join(", "), |near| format!("did you mean `{near}`?"));
            printer.error(&format!("unknown kind `{name}` ({hint})"));
            return exit_code::BAD_INPUT.into();
        }
    };
    printer.data(&json_schema::text(kind));
    exit_code::OK.into()
}
