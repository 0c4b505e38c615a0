//! `kubectl patch`.

use serde_json::Value;

use crate::api::patch as merges;
use crate::api::{Reason, Status, yaml};
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing::{self, Target};
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner, printed_name};
use super::super::results;
use super::Outcome;

/// `--type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Strategic,
    Merge,
    Json,
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let form = match line.flags.text("type").to_ascii_lowercase().as_str() {
        "" | "strategic" => Form::Strategic,
        "merge" => Form::Merge,
        "json" => Form::Json,
        _ => {
            let other = line.flags.text("type");
            return Err(Failure::error(format!("--type must be one of [json merge strategic], not \"{other}\"")));
        }
    };
    if line.flags.has("patch-file") && line.flags.has("patch") {
        return Err(Failure::error("cannot specify --patch and --patch-file together"));
    }
    let subresource = line.flags.text("subresource");
    let kinds = call.named(&line.arguments)?.kinds;
    let has_none = subresource == "resize" && kinds.iter().any(|kind| *kind != Kind::POD);
    if has_none || !["", "status", "scale", "resize"].contains(&subresource) {
        let text = "the server could not find the requested resource";
        return Err(Failure::server(&Status::new(Reason::NotFound, text)));
    }
    let text = text(call, line)?;
    let named = call.named(&line.arguments)?;
    if line.flags.is_on("local", false) {
        if !line.arguments.is_empty() {
            return Err(Failure::error("cannot specify --local and server resources"));
        }
        if DryRun::of(line)? == DryRun::Server {
            let text = "cannot specify --local and --dry-run=server - did you mean --dry-run=client?";
            return Err(Failure::error(text));
        }
        for Target { kind, name, value, .. } in listing::targets(call, line, &named, printed)? {
            let after = patched(kind, &value, (form, true), &text)?;
            tell(line, (kind, &name), after != value, printed, after)?;
        }
        return Ok(Outcome::Done);
    }
    for object in listing::chosen(call, line, &named, printed)? {
        match patch(call, line, object, form, &text, printed) {
            Ok((changed, view)) => {
                let name = call.cluster.identity(object).1;
                tell(line, (object.kind, name), changed, printed, view)?;
            }
            Err(failure) => printed.fail(&failure),
        }
    }
    Ok(Outcome::Done)
}

/// The patch as it was typed or as its file holds it.
fn text(call: &Call<'_>, line: &CommandLine) -> Result<String, Failure> {
    let text = if line.flags.has("patch-file") {
        let path = line.flags.text("patch-file");
        let files = call
            .files
            .read(path)
            .map_err(|error| Failure::error(format!("unable to read patch file: open {path}: {error}")))?;
        files.into_iter().map(|(_, text)| text).collect()
    } else {
        line.flags.text("patch").to_owned()
    };
    if text.is_empty() {
        return Err(Failure::error("must specify --patch or --patch-file containing the contents of the patch"));
    }
    Ok(text)
}

/// Prints what became of an object. Upstream: cmd/patch `PatchOptions.RunPatch`.
fn tell(
    line: &CommandLine,
    (kind, name): (Kind, &str),
    changed: bool,
    printed: &mut Printed,
    view: Value,
) -> Result<(), Failure> {
    let verb = if changed { "patched" } else { "patched (no change)" };
    if line.flags.text("subresource") == "scale" && line.flags.text("output").is_empty() {
        printed.line(format!("scale.autoscaling/{name} {verb}"));
    } else if line.flags.text("output").is_empty() {
        // This command does not say that it was a dry run.
        printed.line(format!("{} {verb}", printed_name(kind, name)));
    } else {
        results::show(line, (kind, name), verb, printed, || view)?;
    }
    Ok(())
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Object(_) | Value::Null => "object",
    }
}

/// The patch as a tree; `context` is what the server says before a complaint of its shape.
fn parse(text: &str, context: &str) -> Result<Value, Failure> {
    let documents = yaml::read(text);
    if let Some(error) = &documents.error {
        // kubectl itself turns YAML into JSON.
        if !text.trim_start().starts_with(['{', '[']) {
            let why = error.to_string().replace("error converting YAML to JSON: ", "");
            return Err(Failure::error(format!("unable to parse {text:?}: {why}")));
        }
        let text = error.to_string();
        let message = text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest);
        let message =
            message.split_once(": ").filter(|_| message.starts_with("offset")).map_or(message, |(_, rest)| rest);
        return Err(Failure::server(&Status::new(Reason::BadRequest, format!("{context}{message}"))));
    }
    let value = documents.manifests.into_iter().next().map_or(Value::Null, |manifest| manifest.value);
    if value.is_object() || value.is_null() {
        return Ok(value);
    }
    let found = json_type(&value);
    let text = format!("{context}json: cannot unmarshal {found} into Go value of type map[string]interface {{}}");
    Err(Failure::server(&Status::new(Reason::BadRequest, text)))
}

/// An object with a patch, as kubectl (`is_local`) or the server reads it. Upstream: cmd/patch `getPatchedJSON`,
/// apiserver endpoints/handlers `patchMechanism`.
fn patched(kind: Kind, current: &Value, (form, is_local): (Form, bool), text: &str) -> Result<Value, Failure> {
    let refused =
        || Failure::plain("The request is invalid: the server rejected our request due to an error in our request");
    Ok(match form {
        Form::Json => {
            let operations: Value = serde_json::from_str(text).map_err(|_| refused())?;
            let undecodable = |found: &str, wanted: &str| {
                let text =
                    format!("error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}");
                Failure::server(&Status::new(Reason::BadRequest, text))
            };
            let operations =
                operations.as_array().ok_or_else(|| undecodable(json_type(&operations), "[]handlers.jsonPatchOp"))?;
            if let Some(wrong) = operations.iter().find(|operation| !operation.is_object()) {
                return Err(undecodable(json_type(wrong), "handlers.jsonPatchOp"));
            }
            merges::json_patch(current, operations).map_err(|_| refused())?
        }
        Form::Merge => merges::merge_patch(current, &parse(text, "error decoding patch: ")?),
        Form::Strategic if kind.is_custom() => return Err(not_strategic(kind, is_local)),
        Form::Strategic => {
            let mut patch = parse(text, "")?;
            if patch.is_null() {
                patch = Value::Object(serde_json::Map::new());
            }
            // What the object is follows from the path.
            for key in ["apiVersion", "kind"] {
                patch.as_object_mut().map(|patch| patch.remove(key));
            }
            merges::strategic_merge_patch(Some(kind), current, &patch).map_err(|error| match error {
                merges::PatchError::MergeKey { .. } | merges::PatchError::Directive { .. } => {
                    Failure::plain(format!("Error from server: {error}"))
                }
                _ => Failure::plain(format!(
                    "The request is invalid: patch: Invalid value: \"{}\": {error}",
                    merges_text(&patch)
                )),
            })?
        }
    })
}

/// Objects of a schema without Go types have no strategy. Upstream: apiextensions-apiserver `crdHandler.ServeHTTP`
/// (`supportedTypes`), apiserver endpoints/handlers/negotiation `errUnsupportedMediaType`.
fn not_strategic(kind: Kind, is_local: bool) -> Failure {
    let full = format!("{}, Kind={}", kind.api_version(), kind.name());
    Failure::error(if is_local {
        format!("strategic merge patch is not supported for {full} locally, try --type merge")
    } else {
        format!(
            "application/strategic-merge-patch+json is not supported by {full}: the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        )
    })
}

fn patch(
    call: &mut Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    form: Form,
    text: &str,
    printed: &mut Printed,
) -> Result<(bool, Value), Failure> {
    let current = call.cluster.view(object);
    let is_local = DryRun::of(line)? == DryRun::Client;
    let mut patched = patched(object.kind, &current, (form, is_local), text)?;
    if patched["metadata"]["name"].as_str().is_none_or(str::is_empty) {
        let name = call.cluster.identity(object).1;
        let text = format!("the name of the object ({name} based on URL) was undeterminable: name must be provided");
        return Err(Failure::server(&Status::new(Reason::BadRequest, text)));
    }
    if patched["metadata"]["uid"] != current["metadata"]["uid"] {
        // Upstream: apimachinery api/validation `ValidateObjectMetaAccessorUpdate`.
        let name = call.cluster.identity(object).1;
        let cause = format!("metadata.uid: Invalid value: {}: field is immutable", patched["metadata"]["uid"]);
        let status = Status::invalid(object.kind.info().group, object.kind.name(), name, vec![cause]);
        return Err(Failure::server(&status));
    }
    results::record(line, &mut patched);
    if patched == current {
        return Ok((false, patched));
    }
    let manner = Manner::patch(line)?;
    let changed = match line.flags.text("subresource") {
        "" => {
            let changed = call.update(object, patched.clone(), manner, printed);
            let changed = changed.map_err(|status| wrong_type(&status, text, (form, object.kind, &patched)))?;
            // Fields that the server drops change nothing.
            let same = manner.dry_run == DryRun::None && unversioned(call.cluster.view(object)) == unversioned(current);
            changed && !same
        }
        "status" => manner.dry_run != DryRun::None || call.cluster.write_status(call.now, object, &patched["status"]),
        "scale" => scale(call, object, &patched, manner),
        "resize" => {
            let resized = call.update(object, patched.clone(), manner, printed);
            // The server drops what else the patch says, and kubectl compares before that.
            resized.map(|_| true).map_err(|status| wrong_type(&status, text, (form, object.kind, &patched)))?
        }
        other => {
            let text = format!("invalid subresource value: \"{other}\". Must be one of [status scale resize]");
            return Err(Failure::error(text));
        }
    };
    let view = if manner.dry_run == DryRun::None { call.cluster.view(object) } else { patched };
    Ok((changed, view))
}

/// `--subresource=scale`: the number of replicas alone.
fn scale(call: &mut Call<'_>, object: ObjectRef, patched: &Value, manner: Manner) -> bool {
    let replicas = patched["spec"]["replicas"].as_i64().and_then(|replicas| i32::try_from(replicas).ok());
    if let (Some(replicas), DryRun::None) = (replicas, manner.dry_run) {
        call.cluster.scale(call.now, object, replicas);
    }
    replicas.is_some()
}

fn unversioned(mut view: Value) -> Value {
    if let Some(metadata) = view["metadata"].as_object_mut() {
        metadata.remove("resourceVersion");
        metadata.remove("generation");
    }
    view
}

/// What is said of an amount that is none. Upstream: apimachinery resource `ErrFormatWrong`.
const QUANTITY: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

fn merges_text(patch: &Value) -> String {
    crate::api::value::go_map(patch)
}

/// A patch whose values have the wrong type is refused in words of its own.
/// Upstream: apimachinery strategicpatch, `errors.NewInvalid` on `patch`.
fn wrong_type(status: &Status, patch: &str, (form, kind, patched): (Form, Kind, &Value)) -> Failure {
    let wanted = status.message.rsplit_once(" of type ").map(|(_, wanted)| wanted.to_owned());
    match wanted.filter(|_| status.message.contains("json: cannot unmarshal")) {
        // Other patches are applied to the text of the object, and this is decoded then.
        Some(_) if form != Form::Strategic => {
            let why = status.message.split_once("json: cannot unmarshal").map_or("", |(_, rest)| rest);
            let object = crate::api::typed_json::compact(kind, patched);
            Failure::plain(format!(
                "The request is invalid: patch: Invalid value: {object:?}: json: cannot unmarshal{why}"
            ))
        }
        Some(wanted) => {
            let shown = parse(patch, "").map(|value| merges_text(&value)).unwrap_or_default();
            // Go converts between numbers and texts, which is refused in other words.
            // Upstream: apimachinery runtime `fromUnstructured`.
            let found = status.message.split_once("json: cannot unmarshal ").map_or("", |(_, rest)| rest);
            let is_number =
                |name: &str| name.starts_with("int") || name.starts_with("uint") || name.starts_with("float");
            let why = if found.starts_with("number") && (wanted == "string" || wanted.starts_with("v1.")) {
                format!("cannot convert int64 to {wanted}")
            } else if found.starts_with("object") && wanted.starts_with("[]") {
                "cannot restore slice from map".to_owned()
            } else if found.starts_with("array") && wanted.starts_with("map[") {
                "cannot restore map from slice".to_owned()
            } else if found.starts_with("number") && is_number(&wanted) {
                format!("cannot convert float64 to {wanted}")
            } else {
                format!("unrecognized type: {wanted}")
            };
            Failure::plain(format!("The request is invalid: patch: Invalid value: \"{shown}\": {why}"))
        }
        None if status.message.contains(QUANTITY) => {
            let shown = parse(patch, "").map(|value| merges_text(&value)).unwrap_or_default();
            Failure::plain(format!("The request is invalid: patch: Invalid value: \"{shown}\": {QUANTITY}"))
        }
        None => Failure::server(status),
    }
}
