//! `kubectl certificate approve` and `deny`. Upstream: kubectl cmd/certificates `CertificateOptions.modifyCertificateCondition`.

use serde_json::{Value, json};

use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::results;
use super::Outcome;

/// What is decided.
struct Decision {
    /// Type of the condition, and the one that it excludes.
    kind: &'static str,
    other: &'static str,
    reason: &'static str,
    message: &'static str,
    verb: &'static str,
}

const APPROVE: Decision = Decision {
    kind: "Approved",
    other: "Denied",
    reason: "KubectlApprove",
    message: "This CSR was approved by kubectl certificate approve.",
    verb: "approved",
};
const DENY: Decision = Decision {
    kind: "Denied",
    other: "Approved",
    reason: "KubectlDeny",
    message: "This CSR was denied by kubectl certificate deny.",
    verb: "denied",
};

pub(super) fn approve(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    decide(call, line, &APPROVE, printed)
}

pub(super) fn deny(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    decide(call, line, &DENY, printed)
}

fn decide(
    call: &mut Call<'_>,
    line: &CommandLine,
    decision: &Decision,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    if line.arguments.is_empty() && !line.has_files() {
        return Err(Failure::error("one or more CSRs must be specified as <name> or -f <filename>"));
    }
    let mut objects = Vec::new();
    if line.has_files() {
        objects = listing::of_files(call, line, "retrieving", printed)?;
    }
    for argument in &line.arguments {
        let (kind, name) = match argument.split_once('/') {
            Some((kind, name)) => (call.named(&[kind.to_owned()])?.kinds.first().copied(), name),
            None => (Some(Kind::CERTIFICATE_SIGNING_REQUEST), argument.as_str()),
        };
        let kind = kind.unwrap_or(Kind::CERTIFICATE_SIGNING_REQUEST);
        if kind.is_namespaced() {
            return Err(Failure::error("namespace may not be empty when retrieving a resource by name"));
        }
        match call.find(kind, "", name) {
            Ok(object) => objects.push(object),
            Err(status) => printed.fail(&Failure::server(&status)),
        }
    }
    for object in objects.into_iter().filter(|object| object.kind == Kind::CERTIFICATE_SIGNING_REQUEST) {
        if let Err(failure) = write(call, line, object, decision) {
            printed.fail(&failure);
            continue;
        }
        let name = call.cluster.identity(object).1;
        results::show(line, (object.kind, name), decision.verb, printed, || call.cluster.view(object))?;
    }
    Ok(Outcome::Done)
}

/// Writes the condition, unless it is there already.
fn write(call: &mut Call<'_>, line: &CommandLine, object: ObjectRef, decision: &Decision) -> Result<(), Failure> {
    let name = call.cluster.identity(object).1.to_owned();
    let mut status = call.cluster.view(object)["status"].clone();
    let mut conditions: Vec<Value> = status["conditions"].as_array().cloned().unwrap_or_default();
    if conditions.iter().any(|condition| condition["type"] == decision.other) {
        return Err(Failure::error(format!("certificate signing request {name:?} is already {}", decision.other)));
    }
    if conditions.iter().any(|condition| condition["type"] == decision.kind) && !line.flags.is_on("force", false) {
        return Ok(());
    }
    conditions.retain(|condition| condition["type"] != decision.kind);
    let now = call.cluster.clock().timestamp(call.now);
    conditions.push(json!({
        "type": decision.kind,
        "status": "True",
        "reason": decision.reason,
        "message": decision.message,
        "lastUpdateTime": now,
        "lastTransitionTime": now,
    }));
    status["conditions"] = Value::Array(conditions);
    call.cluster.write_status(call.now, object, &status);
    Ok(())
}
