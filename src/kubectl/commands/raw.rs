//! `kubectl get --raw`: a path of the API, and what the server answers. Upstream: kubectl pkg/rawhttp.

use serde_json::{Value, json};

use super::super::Call;
use super::super::errors::Failure;
use super::super::listing::{self, Filter};
use super::super::output::Printed;
use super::raw_metrics;
use crate::api::typed_json;
use crate::api::{Reason, Status};
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

/// What the server says of itself.
const VERSION: &str = "{\n  \"major\": \"1\",\n  \"minor\": \"36\",\n  \"emulationMajor\": \"1\",\n  \"emulationMinor\": \"36\",\n  \"minCompatibilityMajor\": \"1\",\n  \"minCompatibilityMinor\": \"35\",\n  \"gitVersion\": \"v1.36.2\",\n  \"gitTreeState\": \"clean\",\n  \"compiler\": \"gc\",\n  \"platform\": \"linux/amd64\"\n}";

/// What a path names.
enum Found {
    Text(&'static str),
    /// What metrics-server answers.
    Metrics(String),
    Object(ObjectRef),
    List(Kind, Vec<ObjectRef>),
}

/// Prints what is behind a path.
pub(super) fn get(call: &Call<'_>, path: &str, printed: &mut Printed) -> Result<(), Failure> {
    match find(call, path)? {
        Found::Text(text) => printed.out.push_str(text),
        Found::Metrics(text) => printed.line(text),
        Found::Object(object) => printed.line(typed_json::compact(object.kind, &call.cluster.view(object))),
        Found::List(kind, objects) => {
            let items: Vec<String> = objects
                .iter()
                .map(|object| {
                    let mut view = call.cluster.view(*object);
                    // Items of a typed list do not repeat what they are.
                    for key in ["apiVersion", "kind"] {
                        view.as_object_mut().map(|view| view.remove(key));
                    }
                    typed_json::compact(kind, &view)
                })
                .collect();
            let version = Value::from(call.cluster.log.end().0.to_string());
            printed.line(format!(
                "{{\"kind\":\"{}List\",\"apiVersion\":{},\"metadata\":{},\"items\":[{}]}}",
                kind.name(),
                json!(kind.api_version()),
                json!({"resourceVersion": version}),
                items.join(",")
            ));
        }
    }
    Ok(())
}

/// What a request to change what is behind a path is refused with. Nothing else of the kind is simulated.
pub(super) fn refuse(call: &Call<'_>, path: &str, what: &str) -> Result<(), Failure> {
    find(call, path)?;
    Err(Failure::unsupported(what))
}

fn find(call: &Call<'_>, path: &str) -> Result<Found, Failure> {
    let unknown = || {
        let text = "the server could not find the requested resource";
        Failure::server(&Status::new(Reason::NotFound, text))
    };
    if !path.starts_with('/') {
        // Upstream: net/url `ParseRequestURI`.
        let text = format!("--raw must be a valid URL path: parse {path:?}: invalid URI for request");
        return Err(Failure::error(text));
    }
    let path = path.split('?').next().unwrap_or(path);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (version, rest) = match parts.as_slice() {
        ["healthz" | "livez" | "readyz"] => return Ok(Found::Text("ok")),
        ["version"] => return Ok(Found::Text(VERSION)),
        ["apis", "metrics.k8s.io", "v1beta1", rest @ ..] => {
            return raw_metrics::get(call, rest)?.map(Found::Metrics).ok_or_else(unknown);
        }
        ["api", version, rest @ ..] => ((*version).to_owned(), rest),
        ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
        _ => return Err(unknown()),
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
        rest => (None, rest),
    };
    let kind = rest
        .first()
        .and_then(|plural| call.named(&[(*plural).to_owned()]).ok()?.kinds.first().copied())
        .filter(|kind| kind.api_version() == version && kind.plural() == rest[0])
        .ok_or_else(unknown)?;
    match rest {
        [_] => Ok(Found::List(kind, listing::list(call.cluster, kind, namespace, &Filter::default()))),
        [_, name] => Ok(Found::Object(call.find(kind, namespace.unwrap_or("default"), name)?)),
        _ => Err(unknown()),
    }
}
