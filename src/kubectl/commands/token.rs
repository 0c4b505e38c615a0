//! `kubectl create token`: a JSON Web Token for a ServiceAccount. Upstream: kubectl cmd/create `TokenOptions`,
//! pkg/registry/core/serviceaccount/storage `TokenREST.Create`, pkg/serviceaccount `Claims`.

use serde_json::{Value, json};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::output::Printed;
use super::Outcome;
use super::create::name_argument;
use crate::api::convert::base64_encode;
use crate::api::value::go_json;
use crate::engine::SimDuration;
use crate::model::kind::Kind;

const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// Lifetime without `--duration`. Upstream: pkg/apis/authentication/v1 `SetDefaults_TokenRequestSpec`.
const HOUR: i64 = 3600;
/// Upstream: pkg/apis/authentication/validation `ValidateTokenRequest`.
const SHORTEST: i64 = 600;
/// See `SHORTEST`.
const LONGEST: i64 = 1 << 32;
/// Bytes of a signature with a key of 2048 bits.
const SIGNATURE: usize = 256;

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let name = name_argument(line)?;
    let duration = check(line)?;
    let namespace = line.namespace(call.context_namespace).to_owned();
    let refuse = |text: String| Failure::error(format!("failed to create token: {text}"));
    let account = call.find(Kind::SERVICE_ACCOUNT, &namespace, name).map_err(|status| refuse(status.message))?;
    let seconds = if duration == 0 { HOUR } else { duration };
    if seconds < SHORTEST {
        return Err(refuse(format!(
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: {seconds}: may not specify a duration less than 10 minutes"
        )));
    }
    if seconds > LONGEST {
        return Err(refuse(format!(
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: {seconds}: may not specify a duration larger than 2^32 seconds"
        )));
    }
    let mut claims = json!({"namespace": namespace, "serviceaccount": {"name": name, "uid": uid(call, account)}});
    let kind = line.flags.text("bound-object-kind");
    let mut bound = Value::Null;
    if !kind.is_empty() {
        let bound_name = line.flags.text("bound-object-name");
        let of = Kind::from_manifest("v1", kind).ok_or_else(|| Failure::error("the object's kind is unknown"))?;
        let object = call.find(of, &namespace, bound_name).map_err(|status| refuse(status.message))?;
        let (own, given) = (uid(call, object), line.flags.text("bound-object-uid"));
        if !given.is_empty() && given != own {
            return Err(refuse(format!(
                "Operation cannot be fulfilled on {} \"{bound_name}\": the UID in the bound object reference ({given}) does not match the UID in record. The object might have been deleted and then recreated",
                of.plural()
            )));
        }
        claims[kind.to_lowercase()] = json!({"name": bound_name, "uid": own});
        bound = json!({"apiVersion": "v1", "kind": kind, "name": bound_name, "uid": own});
    }
    let audiences: Vec<&str> = line.flags.all("audience").collect();
    let audiences = if audiences.is_empty() { vec![ISSUER] } else { audiences };
    let clock = *call.cluster.clock();
    let now = clock.epoch_seconds + call.now.as_secs() as i64;
    let payload = json!({
        "aud": audiences, "exp": now + seconds, "iat": now, "iss": ISSUER, "jti": call.cluster.client_suffix(0),
        "kubernetes.io": claims, "nbf": now, "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    let token = signed(&payload);
    if line.flags.has("output") {
        let expiry = clock.timestamp(call.now + SimDuration::from_secs(seconds.unsigned_abs()));
        let mut request = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "metadata": {"creationTimestamp": clock.timestamp(call.now), "name": name, "namespace": namespace},
            "spec": {"audiences": audiences, "boundObjectRef": bound, "expirationSeconds": seconds},
            "status": {"expirationTimestamp": expiry, "token": token},
        });
        if !request["spec"]["boundObjectRef"].is_object() {
            request["spec"]["boundObjectRef"] = Value::Null;
        }
        formats::print(&Format::of(line)?, &request, false, &mut printed.out)?;
        return Ok(Outcome::Done);
    }
    printed.line(token);
    Ok(Outcome::Done)
}

fn uid(call: &Call<'_>, object: crate::model::object::ObjectRef) -> String {
    call.cluster.view(object)["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
}

/// The flags' own rules; the lifetime in seconds. Upstream: `TokenOptions.Validate`.
fn check(line: &CommandLine) -> Result<i64, Failure> {
    let given = line.flags.text("duration");
    if given.starts_with('-') {
        return Err(Failure::error("--duration must be greater than or equal to 0"));
    }
    let duration = line.flags.duration("duration").unwrap_or(SimDuration::ZERO);
    if !duration.0.is_multiple_of(SimDuration::from_secs(1).0) {
        return Err(Failure::error("--duration cannot be expressed in units less than seconds"));
    }
    if line.flags.all("audience").any(str::is_empty) {
        return Err(Failure::error("--audience must not be an empty string"));
    }
    let kind = line.flags.text("bound-object-kind");
    if kind.is_empty() {
        for flag in ["bound-object-name", "bound-object-uid"] {
            if !line.flags.text(flag).is_empty() {
                return Err(Failure::error(format!("--{flag} can only be set if --bound-object-kind is provided")));
            }
        }
    } else if !["Node", "Pod", "Secret"].contains(&kind) {
        return Err(Failure::error("supported --bound-object-kind values are Node, Pod, Secret"));
    } else if line.flags.text("bound-object-name").is_empty() {
        return Err(Failure::error("--bound-object-name is required if --bound-object-kind is provided"));
    }
    Ok((duration.0 / SimDuration::from_secs(1).0) as i64)
}

/// Header, payload and a signature that nobody can check: its bytes follow from the payload.
fn signed(payload: &Value) -> String {
    use sha2::{Digest, Sha256};
    let part = |bytes: &[u8]| base64_encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_");
    let key = Sha256::digest(ISSUER.as_bytes());
    let header = format!("{{\"alg\":\"RS256\",\"kid\":\"{}\"}}", part(&key));
    let text = format!("{}.{}", part(header.as_bytes()), part(go_json(payload).as_bytes()));
    let mut signature: Vec<u8> = Vec::with_capacity(SIGNATURE);
    let mut block = Sha256::digest(text.as_bytes());
    while signature.len() < SIGNATURE {
        signature.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    format!("{text}.{}", part(&signature))
}
