//! What `kubectl create KIND` and other generators share: sending an object that the client built.

use serde_json::{Value, json};

use crate::api::{DecodeError, typed_json};
use crate::model::kind::Kind;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::Format;
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner};
use super::super::results;
use super::append_hash;

/// How refusals of the server are worded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wording<'a> {
    /// `error: failed to create deployment: …`
    Failed(&'a str),
    /// As the server's own: `Error from server (AlreadyExists): …`.
    Server,
}

/// The single NAME argument of a generator.
pub(super) fn name_argument(line: &CommandLine) -> Result<&str, Failure> {
    match line.arguments.as_slice() {
        [name] => Ok(name),
        other => Err(Failure::usage(line.command.path, format!("exactly one NAME is required, got {}", other.len()))),
    }
}

/// Sends an object and prints `kind/name VERB`, or the object itself with `-o yaml`.
pub(super) fn send(
    call: &mut Call<'_>,
    line: &CommandLine,
    object: Value,
    verb: &str,
    wording: Wording<'_>,
    printed: &mut Printed,
) -> Result<(), Failure> {
    let kind = Kind::from_manifest(
        object["apiVersion"].as_str().unwrap_or_default(),
        object["kind"].as_str().unwrap_or_default(),
    )
    .ok_or_else(|| Failure::error("the object's kind is unknown"))?;
    let manner = Manner { dry_run: DryRun::of(line)?, ..Manner::OBJECT };
    let mut object = object;
    append_hash::apply(line, &mut object);
    if line.flags.is_on("save-config", false) {
        let built = as_built(object.clone());
        let text = typed_json::compact(kind, &built) + "\n";
        object["metadata"]["annotations"][crate::api::patch::LAST_APPLIED] = Value::from(text);
    }
    results::record(line, &mut object);
    let namespace = line.namespace(call.context_namespace).to_owned();
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let stored = call.create(object.clone(), &namespace, manner, printed).map_err(|error| refusal(error, wording))?;
    let value = || stored.view(call, || as_built(object));
    if Format::of(line)? == Format::Json {
        printed.line(typed_json::indented(kind, &value()));
        return Ok(());
    }
    results::show(line, (kind, &name), verb, printed, value)
}

fn refusal(error: DecodeError, wording: Wording<'_>) -> Failure {
    match (error, wording) {
        (DecodeError::Server(status), Wording::Server) => Failure::server(&status),
        // Upstream forgot the colon here.
        (DecodeError::Server(status), Wording::Failed("secret")) => {
            Failure::error(format!("failed to create secret {}", status.message))
        }
        (DecodeError::Server(status), Wording::Failed(what)) => {
            Failure::error(format!("failed to create {what}: {}", status.message))
        }
        (other, _) => Failure::error(other),
    }
}

/// An object that was never sent prints as Go's empty structures do.
fn as_built(mut object: Value) -> Value {
    object["metadata"]["creationTimestamp"] = Value::Null;
    for template in ["/spec/template", "/spec/jobTemplate", "/spec/jobTemplate/spec/template"] {
        if let Some(template) = object.pointer_mut(template).filter(|template| template.is_object()) {
            template["metadata"]["creationTimestamp"] = Value::Null;
        }
    }
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let status = match kind.as_str() {
        "Deployment" | "Pod" | "Job" | "CronJob" | "Namespace" | "ResourceQuota" => json!({}),
        "Service" | "Ingress" => json!({"loadBalancer": {}}),
        "PodDisruptionBudget" => {
            json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0})
        }
        _ => Value::Null,
    };
    if object["status"].is_null() && !status.is_null() {
        object["status"] = status;
    }
    if kind == "Namespace" && object["spec"].is_null() {
        object["spec"] = json!({});
    }
    if object["status"].is_null() {
        object.as_object_mut().map(|members| members.remove("status"));
    }
    object
}
