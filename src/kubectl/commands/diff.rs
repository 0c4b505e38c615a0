//! `kubectl diff`: live objects against what an apply would make of them, as `diff -u -N` shows them.
//! Upstream: kubectl cmd/diff `DiffOptions.Run`.

use serde_json::Value;
use similar::{Algorithm, TextDiff};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::manifests::{self, Document};
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner};
use super::super::selectors;
use super::{Outcome, apply, prune, server_side};
use crate::api::patch::{self, LAST_APPLIED};
use crate::api::{Reason, convert, view};
use crate::model::kind::Kind;

/// Exit status of a diff that found something, and of one that failed.
const DIFFERENT: i32 = 1;
const FAILED: i32 = 2;

/// A file of both sides.
struct Pair {
    /// `apps.v1.Deployment.default.web`.
    file: String,
    live: Value,
    merged: Value,
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    // Whatever goes wrong, the status tells it from a difference. Upstream: cmd/util `CheckDiffErr`.
    printed.status = Some(FAILED);
    if !line.arguments.is_empty() {
        let words = line.arguments.join(" ");
        return Err(Failure::usage("diff", format!("Unexpected args: [{words}]")));
    }
    if !line.has_files() {
        return Err(Failure::error("must specify one of -f and -k"));
    }
    server_side::check_flags(line)?;
    let labels = selectors::labels(line.flags.text("selector")).map_err(Failure::error)?;
    let allowed = if line.flags.is_on("prune", false) { prune::allow_list(call, line)? } else { None };
    let mut pairs = Vec::new();
    let mut documents = Vec::new();
    for item in manifests::read(call, line, printed)? {
        let document = item?;
        if !labels.is_empty() && !labels.matches(&convert::labels(&document.value["metadata"]["labels"])) {
            continue;
        }
        pairs.push(pair(call, line, &document, printed)?);
        documents.push(document);
    }
    if line.flags.is_on("prune", false) {
        for object in prune::doomed(call, line, &documents, allowed, printed)? {
            let live = call.cluster.view(object);
            let file = file_name(object.kind, &live);
            pairs.push(Pair { file, live, merged: Value::Null });
        }
    }
    pairs.sort_by(|one, other| one.file.cmp(&other.file));
    let directories = (
        format!("/tmp/LIVE-{}", call.cluster.client_suffix(0)),
        format!("/tmp/MERGED-{}", call.cluster.client_suffix(1)),
    );
    let at = call.cluster.clock().micro_timestamp(call.now);
    let time = format!("{} {}000 +0000", at.get(..10).unwrap_or_default(), at.get(11..26).unwrap_or_default());
    let before = printed.out.len();
    for pair in pairs {
        print(pair, &directories, &time, &mut printed.out);
    }
    printed.status = Some(if printed.out.len() > before { DIFFERENT } else { 0 });
    Ok(Outcome::Done)
}

/// `group.version.Kind.namespace.name`; parts that are empty are left out. Upstream: `InfoObject.Name`.
fn file_name(kind: Kind, object: &Value) -> String {
    let info = kind.info();
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    let group = if info.group.is_empty() { String::new() } else { format!("{}.", info.group) };
    let version = kind.api_version();
    let version = version.rsplit('/').next().unwrap_or_default();
    format!("{group}{version}.{}.{}.{}", kind.name(), text("namespace"), text("name"))
}

/// Both sides of a manifest. Upstream: `InfoObject.Live`, `InfoObject.Merged`.
fn pair(call: &mut Call<'_>, line: &CommandLine, document: &Document, printed: &mut Printed) -> Result<Pair, Failure> {
    let kind = apply::identify(call, document)?;
    let namespace = manifests::namespace_of(&document.value, line, call.context_namespace)?;
    let mut local = document.value.clone();
    if kind.is_namespaced() {
        local["metadata"]["namespace"] = Value::from(namespace.as_str());
    }
    let name = local["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let file = file_name(kind, &local);
    let manner = Manner { dry_run: DryRun::Server, ..Manner::PATCH };
    let object = match call.find(kind, &namespace, &name) {
        Ok(object) => object,
        Err(status) if status.reason == Reason::NotFound => {
            let created = call.create(local, &namespace, manner, printed);
            let created = created.map_err(|error| match error {
                crate::api::DecodeError::Server(status) => Failure::server(&status),
                other => manifests::refusal(&other, document, "creating"),
            })?;
            let mut merged = created.view(call, || Value::Null);
            without_server_fields(&mut merged);
            return Ok(Pair { file, live: Value::Null, merged });
        }
        Err(status) => return Err(Failure::server(&status)),
    };
    let live = call.cluster.view(object);
    let merged = if line.flags.is_on("server-side", false) {
        server_side::merged(call, line, object, document, &local)?
    } else {
        let mut modified = local;
        // Upstream: kubectl util `GetModifiedConfiguration`, which leaves a map behind.
        if modified["metadata"]["annotations"].is_null() {
            modified["metadata"]["annotations"] = serde_json::json!({});
        }
        if let Some(annotations) = modified["metadata"]["annotations"].as_object_mut() {
            annotations.remove(LAST_APPLIED);
        }
        patch::three_way(Some(kind), patch::last_applied(&live).as_ref(), &modified, &live).object
    };
    let mut merged = call.check_update(object, merged, manner, printed)?;
    if !line.flags.is_on("show-managed-fields", false) {
        merged["metadata"].as_object_mut().map(|metadata| metadata.remove("managedFields"));
    }
    Ok(Pair { file, live, merged })
}

/// What is not stored has no version.
fn without_server_fields(object: &mut Value) {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("resourceVersion");
        metadata.remove("managedFields");
    }
}

fn print(mut pair: Pair, (live, merged): &(String, String), time: &str, out: &mut String) {
    let is_secret = pair.file.starts_with("v1.Secret.");
    if is_secret {
        mask(&mut pair.live, &mut pair.merged);
    }
    let text = |value: &Value| match value {
        // A Secret goes through the masks even if there is none.
        Value::Null if is_secret => "null\n".to_owned(),
        Value::Null => String::new(),
        value => view::to_yaml(value),
    };
    let (one, other) = (text(&pair.live), text(&pair.merged));
    if one == other {
        return;
    }
    let (one_path, other_path) = (format!("{live}/{}", pair.file), format!("{merged}/{}", pair.file));
    out.push_str(&format!("diff -u -N {one_path} {other_path}\n--- {one_path}\t{time}\n+++ {other_path}\t{time}\n"));
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).diff_lines(&one, &other);
    out.push_str(&diff.unified_diff().context_radius(3).missing_newline_hint(false).to_string());
}

/// Values of Secrets are not shown. Upstream: `Masker.run`.
fn mask(from: &mut Value, to: &mut Value) {
    const MASK: &str = "***";
    let keys = |value: &Value| -> Vec<String> {
        value["data"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
    };
    for key in keys(from) {
        let both = to["data"].get(&key).is_some();
        if both && from["data"][&key] != to["data"][&key] {
            from["data"][&key] = Value::from(format!("{MASK} (before)"));
            to["data"][&key] = Value::from(format!("{MASK} (after)"));
            continue;
        }
        if both {
            to["data"][&key] = Value::from(MASK);
        }
        from["data"][&key] = Value::from(MASK);
    }
    for key in keys(to).into_iter().filter(|key| from["data"].get(key).is_none()) {
        to["data"][&key] = Value::from(MASK);
    }
}
