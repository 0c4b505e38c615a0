//! `kubectl edit` and `apply edit-last-applied`: objects as one file go through the editor that the command line
//! names, and come back as patches. Upstream: kubectl cmd/util/editor `EditOptions.Run`.

use serde_json::Value;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::listing;
use super::super::output::Printed;
use super::super::requests::Manner;
use super::super::results;
use super::Outcome;
use crate::api::patch::{self, LAST_APPLIED};
use crate::api::value::go_json;
use crate::api::{Reason, Status, view, yaml};
use crate::model::object::ObjectRef;

/// An edited object has to stay itself.
const CHANGED: &str = "At least one of apiVersion, kind and name was changed";
const HEADER: &str = "# Please edit the object below. Lines beginning with a '#' will be ignored,\n# and an empty file will abort the edit. If an error occurs while saving this file will be\n# reopened with the relevant failures.\n#\n";
const APPLIED_HEADER: &str = "# Please edit the 'last-applied-configuration' annotations below.\n# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.\n#\n";
const NO_EDITOR: &str = "unable to launch the editor \"vi\": there is no terminal; set it before the command: KUBE_EDITOR='sed -i s/old/new/' kubectl edit …, or KUBE_EDITOR='cp FILE'";

/// Objects that are edited in one file.
#[derive(Clone, Debug)]
pub(crate) struct Editing {
    line: CommandLine,
    objects: Vec<ObjectRef>,
    /// Is it what was applied last that is edited?
    applied: bool,
    /// The file as the editor gets it.
    pub(crate) file: String,
}

impl Editing {
    /// The program that edits, with its arguments.
    pub(crate) fn editor(&self) -> &str {
        &self.line.editor
    }

    fn is_json(&self) -> bool {
        self.line.flags.text("output") == "json"
    }
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    line.refuse(&["output-patch"])?;
    let objects = objects(call, line, printed)?;
    begin(call, Editing { line: line.clone(), objects, applied: false, file: String::new() }, printed)
}

/// `kubectl apply edit-last-applied`.
pub(super) fn last_applied(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let mut objects = objects(call, line, printed)?;
    let any = !objects.is_empty();
    objects.retain(|object| patch::last_applied(&call.cluster.view(*object)).is_some());
    if any && objects.is_empty() {
        return Err(Failure::error(
            "no last-applied-configuration annotation found on resources, to create the annotation, use command `kubectl apply set-last-applied --create-annotation`",
        ));
    }
    begin(call, Editing { line: line.clone(), objects, applied: true, file: String::new() }, printed)
}

fn objects(call: &Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Vec<ObjectRef>, Failure> {
    let output = line.flags.text("output");
    if !["", "json", "yaml"].contains(&output) {
        return Err(Failure::error(format!(
            "unable to match a printer suitable for the output format {output:?}, allowed formats are: json,yaml"
        )));
    }
    let named = call.named(&line.arguments)?;
    if named.is_empty() && !line.has_files() {
        return Err(Failure::no_resources());
    }
    if named.objects.is_empty() && !line.has_files() {
        let namespace = line.namespace(call.context_namespace);
        let filter = listing::Filter::default();
        let of = |kind: &crate::model::kind::Kind| listing::list(call.cluster, *kind, Some(namespace), &filter);
        return Ok(named.kinds.iter().flat_map(of).collect());
    }
    listing::chosen(call, line, &named, printed)
}

/// An object as it is edited.
fn shown(call: &Call<'_>, object: ObjectRef, applied: bool) -> Value {
    let view = call.cluster.view(object);
    if applied { patch::last_applied(&view).unwrap_or_default() } else { view }
}

fn begin(call: &mut Call<'_>, mut editing: Editing, printed: &mut Printed) -> Result<Outcome, Failure> {
    let mut values: Vec<Value> = editing.objects.iter().map(|object| shown(call, *object, editing.applied)).collect();
    if values.is_empty() {
        return Ok(Outcome::Done);
    }
    let value = if values.len() == 1 { values.remove(0) } else { formats::list_of(&values) };
    if editing.is_json() {
        formats::print(&Format::Json, &value, false, &mut editing.file)?;
    } else {
        let header = if editing.applied { APPLIED_HEADER } else { HEADER };
        editing.file = format!("{header}{}", view::to_yaml(&value));
    }
    let editor = editing.editor().to_owned();
    if editor.is_empty() {
        return Err(Failure::error(NO_EDITOR));
    }
    // `cp FILE` puts a file of the scenario in place of the object's.
    if let Some(path) = editor.strip_prefix("cp ") {
        let read = call.files.read(path.trim());
        let files =
            read.map_err(|error| Failure::error(format!("there was a problem with the editor \"cp\": {error}")))?;
        let edited: String = files.into_iter().map(|(_, text)| text).collect();
        return go_on(call, &editing, Some(&edited), printed);
    }
    Ok(Outcome::Edit(Box::new(editing)))
}

/// The editor has ended; `None` if it could not be started.
pub(crate) fn go_on(
    call: &mut Call<'_>,
    editing: &Editing,
    edited: Option<&str>,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
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
    } else if let Err(failure) = save_all(call, editing, edited, printed) {
        let number = call.cluster.client_suffix(0);
        let form = if editing.is_json() { "json" } else { "yaml" };
        let stored = format!("A copy of your changes has been stored to \"/tmp/kubectl-edit-{number}.{form}\"");
        if failure == Failure::error(CHANGED) {
            printed.err_line(stored);
            printed.fail(&failure);
            return Ok(Outcome::Done);
        }
        // The editor would be started again with the reason in the file; as nothing more changes, this is left to say.
        printed.fail(&failure);
        printed.err_line(stored);
        printed.err_line("error: Edit cancelled, no valid changes were saved.");
    }
    Ok(Outcome::Done)
}

/// Upstream: cmd/util `ManualStrip`, `StripComments`.
fn without_comments(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// Saves one object after another; the first that cannot be saved ends it.
fn save_all(call: &mut Call<'_>, editing: &Editing, edited: &str, printed: &mut Printed) -> Result<(), Failure> {
    let first = editing.objects[0];
    let invalid = |call: &Call<'_>, object: ObjectRef| {
        let name = call.cluster.identity(object).1;
        Failure::error(format!("{} {name:?} is invalid", object.kind.resource()))
    };
    let documents = yaml::read(edited).into_result().map_err(|_| invalid(call, first))?;
    let values: Vec<Value> = documents.into_iter().map(|document| document.value).collect();
    if values.iter().any(|value| value["kind"].is_string() && call.identify(value).is_err()) {
        // Nobody knows the kind any more, and nothing is said of it.
        return Err(Failure::plain(""));
    }
    for (place, value) in values.into_iter().enumerate() {
        let uid = &value["metadata"]["uid"];
        let same = |object: &&ObjectRef| uid.as_str().is_some_and(|uid| uid == call.cluster.uid(**object).as_str());
        let found = editing.objects.iter().find(same).or_else(|| editing.objects.get(place)).copied();
        let Some(object) = found else { continue };
        let before = shown(call, object, editing.applied);
        let name = call.cluster.identity(object).1.to_owned();
        if value == before {
            printed.line(format!("{} skipped", super::super::requests::printed_name(object.kind, &name)));
            continue;
        }
        let stays = |path: &str| value.pointer(path) == before.pointer(path);
        if !["/apiVersion", "/kind", "/metadata/name"].into_iter().all(stays) {
            return Err(Failure::error(CHANGED));
        }
        save(call, editing, object, value, printed).map_err(|status| match status.reason {
            Reason::Invalid | Reason::BadRequest => invalid(call, object),
            _ => {
                Failure::error(format!("{} {name:?} could not be patched: {}", object.kind.resource(), status.message))
            }
        })?;
        results::show(&editing.line, (object.kind, &name), "edited", printed, || call.cluster.view(object))?;
    }
    Ok(())
}

fn save(
    call: &mut Call<'_>,
    editing: &Editing,
    object: ObjectRef,
    mut value: Value,
    printed: &mut Printed,
) -> Result<(), Status> {
    if editing.applied {
        let mut view = call.cluster.view(object);
        view["metadata"]["annotations"][LAST_APPLIED] = Value::from(go_json(&value) + "\n");
        value = view;
    }
    if let Some(cause) = editing.line.change_cause() {
        value["metadata"]["annotations"][results::CHANGE_CAUSE] = cause.into();
    }
    let as_patch = Manner::patch(&editing.line).unwrap_or(Manner::PATCH);
    let manner = Manner { fields: Manner::OBJECT.fields, ..as_patch };
    call.update(object, value, manner, printed).map(drop)
}
