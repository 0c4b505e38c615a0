//! `kubectl edit`: the object as YAML goes through the editor that the command line names, and comes back as a patch.
//! Upstream: kubectl cmd/util/editor `EditOptions.Run`.

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::requests::Manner;
use super::super::results;
use super::Outcome;
use crate::api::{Reason, Status, view, yaml};
use crate::model::object::ObjectRef;

/// An edited object has to stay itself.
const CHANGED: &str = "At least one of apiVersion, kind and name was changed";
const HEADER: &str = "# Please edit the object below. Lines beginning with a '#' will be ignored,\n# and an empty file will abort the edit. If an error occurs while saving this file will be\n# reopened with the relevant failures.\n#\n";

/// Objects that are edited one after another.
#[derive(Clone, Debug)]
pub(crate) struct Editing {
    line: CommandLine,
    objects: Vec<ObjectRef>,
    /// The file as the editor gets it.
    pub(crate) file: String,
}

impl Editing {
    /// The program that edits, with its arguments.
    pub(crate) fn editor(&self) -> &str {
        &self.line.editor
    }
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let output = line.flags.text("output");
    if !["", "json", "yaml"].contains(&output) {
        return Err(Failure::error(format!(
            "unable to match a printer suitable for the output format {output:?}, allowed formats are: json,yaml"
        )));
    }
    let named = call.named(&line.arguments)?;
    if named.is_empty() && !line.flags.has("filename") {
        return Err(Failure::no_resources());
    }
    let objects = if named.objects.is_empty() && !line.flags.has("filename") {
        let namespace = line.namespace(call.context_namespace);
        let kinds = named.kinds.iter();
        kinds
            .flat_map(|kind| listing::list(call.cluster, *kind, Some(namespace), &listing::Filter::default()))
            .collect()
    } else {
        listing::chosen(call, line, &named, printed)?
    };
    next(call, Editing { line: line.clone(), objects, file: String::new() }, printed)
}

fn next(call: &mut Call<'_>, mut editing: Editing, printed: &mut Printed) -> Result<Outcome, Failure> {
    let Some(object) = editing.objects.first().copied() else { return Ok(Outcome::Done) };
    editing.file = format!("{HEADER}{}", view::to_yaml(&call.cluster.view(object)));
    let editor = editing.editor().to_owned();
    if editor.is_empty() {
        return Err(Failure::error(
            "unable to launch the editor \"vi\": there is no terminal; set it before the command: KUBE_EDITOR='sed -i s/old/new/' kubectl edit …, or KUBE_EDITOR='cp FILE'",
        ));
    }
    // `cp FILE` puts a file of the scenario in place of the object's.
    if let Some(path) = editor.strip_prefix("cp ") {
        let read = call.files.read(path.trim());
        let files =
            read.map_err(|error| Failure::error(format!("there was a problem with the editor \"cp\": {error}")))?;
        let edited: String = files.into_iter().map(|(_, text)| text).collect();
        return go_on(call, editing, Some(&edited), printed);
    }
    Ok(Outcome::Edit(Box::new(editing)))
}

/// The editor has ended; `None` if it could not be started.
pub(crate) fn go_on(
    call: &mut Call<'_>,
    mut editing: Editing,
    edited: Option<&str>,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let object = editing.objects.remove(0);
    let Some(edited) = edited else {
        // One that ends without success is another matter than one that there is not.
        let program = editing.editor().split_whitespace().next().unwrap_or_default().to_owned();
        return Err(Failure::error(if ["false", "sed"].contains(&program.as_str()) {
            format!("there was a problem with the editor {:?}", editing.editor())
        } else {
            format!("unable to launch the editor {:?}", editing.editor())
        }));
    };
    if without_comments(edited) == without_comments(&editing.file) {
        printed.err_line("Edit cancelled, no changes made.");
    } else if without_comments(edited).trim().is_empty() && edited.trim().is_empty() {
        printed.err_line("Edit cancelled, saved file was empty.");
    } else if let Err(failure) = save(call, &editing.line, object, edited, printed) {
        let number = call.cluster.client_suffix(0);
        let stored = format!("A copy of your changes has been stored to \"/tmp/kubectl-edit-{number}.yaml\"");
        if failure == Failure::error(CHANGED) {
            printed.err_line(stored);
            printed.fail(&failure);
            return Ok(Outcome::Done);
        }
        printed.fail(&failure);
        printed.err_line(stored);
        printed.err_line("error: Edit cancelled, no valid changes were saved.");
    }
    next(call, editing, printed)
}

/// Upstream: cmd/util `ManualStrip`, `StripComments`.
fn without_comments(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

fn save(
    call: &mut Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    edited: &str,
    printed: &mut Printed,
) -> Result<(), Failure> {
    let documents = yaml::read(edited).into_result();
    let name = call.cluster.identity(object).1.to_owned();
    let resource = object.kind.resource();
    // The editor is started again with the reason in the file; as nothing more changes, only this is left to say.
    let invalid = || Failure::error(format!("{resource} {name:?} is invalid"));
    let documents = documents.map_err(|_| invalid())?;
    let Some(document) = documents.into_iter().next() else { return Ok(()) };
    let refuse = |status: Status| match status.reason {
        Reason::Invalid | Reason::BadRequest => invalid(),
        _ => Failure::error(format!("{resource} {name:?} could not be patched: {}", status.message)),
    };
    let before = call.cluster.view(object);
    let same = |path: &str| document.value.pointer(path) == before.pointer(path);
    if !["/apiVersion", "/kind", "/metadata/name"].into_iter().all(same) {
        return Err(Failure::error(CHANGED));
    }
    let mut value = document.value;
    if let Some(cause) = line.change_cause() {
        value["metadata"]["annotations"][results::CHANGE_CAUSE] = cause.into();
    }
    call.update(object, value, Manner { fields: Manner::OBJECT.fields, ..Manner::patch(line)? }, printed)
        .map_err(refuse)?;
    results::show(line, (object.kind, &name), "edited", printed, || call.cluster.view(object))
}
