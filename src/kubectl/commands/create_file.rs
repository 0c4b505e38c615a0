//! `kubectl create -f`.

use crate::api::patch;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::manifests::{self, Item};
use super::super::output::Printed;
use super::super::requests::Manner;
use super::super::results;
use super::Outcome;

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    if !line.arguments.is_empty() {
        let words = line.arguments.join(" ");
        return Err(Failure::usage("create", format!("Unexpected args: [{words}]")));
    }
    if !line.has_files() {
        return Err(Failure::error("must specify one of -f and -k"));
    }
    line.refuse(&["edit", "raw"])?;
    let items = manifests::read(call, line, printed)?;
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

fn create(call: &mut Call<'_>, line: &CommandLine, item: Item, printed: &mut Printed) -> Result<(), Failure> {
    let document = item?;
    let manner = Manner::of(line)?;
    let refuse = |error| manifests::refusal(&error, &document, "creating");
    let kind = call.identify(&document.value).map_err(refuse)?;
    let namespace = manifests::namespace_of(&document.value, line, call.context_namespace)?;
    let mut value = document.value.clone();
    if line.flags.is_on("save-config", false) {
        let namespace = if kind.is_namespaced() { namespace.as_str() } else { "" };
        value = patch::with_last_applied(&value, namespace);
    }
    results::record(line, &mut value);
    let stored = call.create(value.clone(), &namespace, manner, printed).map_err(refuse)?;
    let mut name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if let Some(stored) = stored.stored() {
        call.cluster.identity(stored).1.clone_into(&mut name);
    }
    results::show(line, (kind, &name), "created", printed, || stored.view(call, || value))
}
