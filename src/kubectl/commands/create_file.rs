//! `kubectl create -f`.

use crate::api::FieldValidation;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::manifests::{self, Item};
use super::super::output::Printed;
use super::super::requests::{DryRun, printed_name};
use super::Outcome;

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    if !line.arguments.is_empty() {
        let words = line.arguments.join(" ");
        return Err(Failure::usage("create", format!("Unexpected args: [{words}]")));
    }
    if !line.flags.has("filename") && !line.flags.has("kustomize") {
        return Err(Failure::error("must specify one of -f and -k"));
    }
    let items = manifests::read(call, line)?;
    if items.is_empty() {
        return Err(Failure::error("no objects passed to create"));
    }
    for item in items {
        if let Err(failure) = create(call, line, item, printed) {
            printed.fail(&failure);
        }
    }
    Ok(Outcome::Done)
}

/// How `--validate` treats unknown fields.
pub(super) fn field_validation(line: &CommandLine) -> FieldValidation {
    match line.flags.text("validate") {
        "warn" | "ignore" | "false" => FieldValidation::Warn,
        _ => FieldValidation::Strict,
    }
}

fn create(call: &mut Call<'_>, line: &CommandLine, item: Item, printed: &mut Printed) -> Result<(), Failure> {
    let document = item?;
    let dry_run = DryRun::of(line)?;
    let (value, source) = (document.value, document.source);
    let refuse = |error| manifests::refusal(&error, &value, &source, "creating");
    let kind = crate::api::decode::identify(&value).map_err(refuse)?;
    let namespace = manifests::namespace_of(&value, line, call.context_namespace)?;
    let mut name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    match dry_run {
        DryRun::Client => {}
        DryRun::Server => call.check(value.clone(), &namespace).map_err(refuse)?,
        DryRun::None => {
            // Ignored unknown fields are dropped without a word.
            let mut silent = Printed::default();
            let ignores = matches!(line.flags.text("validate"), "false" | "ignore");
            let warnings = if ignores { &mut silent } else { &mut *printed };
            let object = call.create(value.clone(), &namespace, field_validation(line), warnings).map_err(refuse)?;
            call.cluster.identity(object).1.clone_into(&mut name);
        }
    }
    if line.flags.text("output") == "name" {
        printed.line(printed_name(kind, &name));
    } else {
        printed.line(format!("{} created{}", printed_name(kind, &name), dry_run.suffix()));
    }
    Ok(())
}
