//! `kubectl replace`.

use serde_json::Value;

use crate::api::{Reason, Status};
use crate::cluster::{DeleteOptions, Propagation};
use crate::engine::SimTime;
use crate::model::kind::Kind;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::manifests::{self, Document};
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner, printed_name};
use super::super::results;
use super::super::waiting::Pending;
use super::delete::Gone;
use super::{Outcome, raw};

/// `replace --force`: what is created once the old objects are gone.
#[derive(Clone, Debug)]
pub(crate) struct Replacement {
    pub(crate) gone: Gone,
    /// Kind, namespace and object.
    documents: Vec<(Kind, String, Document)>,
    /// What is said of each.
    verb: &'static str,
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    if !line.has_files() {
        return Err(Failure::error("must specify one of -f and -k"));
    }
    let forces = line.flags.is_on("force", false);
    // Upstream: cmd/replace `ReplaceOptions.Validate`.
    for flag in ["grace-period", "timeout"] {
        if line.flags.has(flag) && !forces {
            return Err(Failure::error(format!("--{flag} must have --force specified")));
        }
    }
    if forces && DryRun::of(line)? != DryRun::None {
        return Err(Failure::error("--dry-run can not be used when --force is set"));
    }
    let cascade = line.flags.text("cascade");
    if !["", "true", "false", "background", "foreground", "orphan"].contains(&cascade) {
        return Err(Failure::error(format!(
            "invalid cascade value ({cascade}). Must be \"background\", \"foreground\", or \"orphan\""
        )));
    }
    if line.flags.has("raw") {
        raw::refuse(call, line.flags.text("raw"), "kubectl replace --raw")?;
    }
    let items = manifests::read(call, line, printed)?;
    if items.is_empty() {
        return Err(Failure::error("no objects passed to replace"));
    }
    let mut documents = Vec::new();
    for item in items {
        match identified(call, line, item) {
            Ok(document) => documents.push(document),
            Err(failure) => printed.fail(&failure),
        }
    }
    if forces {
        return begin(call, line, documents, "replaced", printed);
    }
    for (kind, namespace, document) in documents {
        if let Err(failure) = replace(call, line, (kind, &namespace), &document, printed) {
            printed.fail(&failure);
        }
    }
    Ok(Outcome::Done)
}

fn identified(call: &Call<'_>, line: &CommandLine, item: manifests::Item) -> Result<(Kind, String, Document), Failure> {
    let document = item?;
    let kind = call.identify(&document.value).map_err(|error| manifests::refusal(&error, &document, "replacing"))?;
    let namespace = manifests::namespace_of(&document.value, line, call.context_namespace)?;
    Ok((kind, namespace, document))
}

fn name_of(value: &Value) -> &str {
    value["metadata"]["name"].as_str().unwrap_or_default()
}

fn replace(
    call: &mut Call<'_>,
    line: &CommandLine,
    (kind, namespace): (Kind, &str),
    document: &Document,
    printed: &mut Printed,
) -> Result<(), Failure> {
    let name = name_of(&document.value).to_owned();
    let refuse = |status| Failure::server_with_file(&status, "replacing", &document.source);
    let object = call.find_unseen(kind, namespace, &name).map_err(refuse)?;
    let subresource = line.flags.text("subresource");
    // Kinds that nothing is told about have no status.
    if subresource == "status" && without_status(kind) || !["", "status"].contains(&subresource) {
        let text = "the server could not find the requested resource";
        return Err(refuse(Status::new(Reason::NotFound, text)));
    }
    if subresource == "status" {
        call.cluster.write_status(call.now, object, &document.value["status"]);
        return results::show(line, (kind, &name), "replaced", printed, || call.cluster.view(object));
    }
    let mut value = document.value.clone();
    if line.flags.is_on("save-config", false) {
        let namespace = if kind.is_namespaced() { namespace } else { "" };
        value = crate::api::patch::with_last_applied(&value, namespace);
    }
    let manner = Manner::of(line)?;
    call.update(object, value.clone(), manner, printed).map_err(refuse)?;
    if kind.is_namespaced() {
        value["metadata"]["namespace"] = Value::from(namespace);
    }
    let shown = |call: &Call<'_>| if manner.dry_run == DryRun::Client { value } else { call.cluster.view(object) };
    results::show(line, (kind, &name), "replaced", printed, || shown(call))
}

/// Upstream: the storages of these have no `StatusREST`.
pub(super) fn without_status(kind: Kind) -> bool {
    [
        Kind::CONFIG_MAP,
        Kind::SECRET,
        Kind::SERVICE_ACCOUNT,
        Kind::ENDPOINTS,
        Kind::LIMIT_RANGE,
        Kind::ROLE,
        Kind::CLUSTER_ROLE,
        Kind::ROLE_BINDING,
        Kind::CLUSTER_ROLE_BINDING,
        Kind::NETWORK_POLICY,
        Kind::PRIORITY_CLASS,
        Kind::STORAGE_CLASS,
        Kind::INGRESS_CLASS,
    ]
    .contains(&kind)
}

/// Deletes what is there, waits until it is gone, and makes it anew.
pub(super) fn begin(
    call: &mut Call<'_>,
    line: &CommandLine,
    documents: Vec<(Kind, String, Document)>,
    verb: &'static str,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let grace_seconds = line.flags.number("grace-period").filter(|grace| *grace >= 0).map_or(Some(0), Some);
    let mut gone = Vec::new();
    for (kind, namespace, document) in &documents {
        let name = name_of(&document.value);
        let Ok(object) = call.find(*kind, namespace, name) else { continue };
        let options = DeleteOptions { grace_seconds, propagation: Propagation::Background };
        match call.cluster.delete(call.now, object, options) {
            Ok(()) if verb == "replaced" => printed.line(format!("{} \"{name}\" deleted", kind.printed())),
            Ok(()) => {}
            Err(status) => printed.fail(&Failure::server(&status)),
        }
        gone.push(object);
    }
    let deadline = line
        .flags
        .duration("timeout")
        .filter(|timeout| timeout.0 > 0)
        .map_or(SimTime::NEVER, |timeout| call.now + timeout);
    go_on(call, deadline, Replacement { gone: Gone { objects: gone }, documents, verb }, printed)
}

/// Creates the new objects once the old ones are gone.
pub(crate) fn go_on(
    call: &mut Call<'_>,
    deadline: SimTime,
    mut replacement: Replacement,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    replacement.gone.objects.retain(|object| call.cluster.is_live(*object));
    if !replacement.gone.objects.is_empty() {
        if call.now >= deadline {
            return Err(Failure::error("timed out waiting for the condition"));
        }
        return Ok(Outcome::Wait { deadline, pending: Pending::Replace(replacement) });
    }
    for (kind, namespace, document) in replacement.documents {
        match call.create(document.value.clone(), &namespace, Manner::OBJECT, printed) {
            Ok(_) => {
                printed.line(format!("{} {}", printed_name(kind, name_of(&document.value)), replacement.verb));
            }
            Err(error) => printed.fail(&manifests::refusal(&error, &document, "creating")),
        }
    }
    Ok(Outcome::Done)
}
