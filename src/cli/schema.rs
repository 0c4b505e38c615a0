//! `kubelapse schema [KIND]`.

use std::process::ExitCode;

use crate::scenario::schema;

use super::args::SchemaArguments;
use super::exit_code;
use super::printer::Printer;

/// Prints the JSON Schema of one kind, or of all.
pub(super) fn run(arguments: &SchemaArguments, printer: &mut Printer) -> ExitCode {
    match schema::json_schema(arguments.kind.as_deref()) {
        Ok(text) => {
            printer.data(&text);
            exit_code::OK.into()
        }
        Err(reason) => {
            printer.error(&reason);
            exit_code::BAD_INPUT.into()
        }
    }
}
