//! `kubectl apply`: creates what is missing, merges three ways what is there.

use serde_json::Value;

use crate::api::Reason;
use crate::api::patch::{self, LAST_APPLIED};
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::listing;
use super::super::manifests::{self, Document, Item};
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner, printed_name};
use super::super::results;
use super::{Outcome, prune, server_side};

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    server_side::check_flags(line)?;
    let prunes = line.flags.is_on("prune", false);
    if prunes && !line.flags.is_on("all", false) && !line.flags.has("selector") {
        return Err(Failure::error(
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
        ));
    }
    if !line.arguments.is_empty() {
        let words = line.arguments.join(" ");
        return Err(Failure::usage("apply", format!("Unexpected args: [{words}]")));
    }
    if !line.flags.has("filename") && !line.flags.has("kustomize") {
        return Err(Failure::error("must specify one of -f and -k"));
    }
    let items = manifests::read(call, line)?;
    if items.is_empty() {
        return Err(Failure::error("no objects passed to apply"));
    }
    let documents: Vec<Document> = items.iter().filter_map(|item| item.as_ref().ok().cloned()).collect();
    let mut applied = Vec::new();
    for item in items {
        if line.flags.is_on("server-side", false) {
            if let Err(failure) = server_side::apply(call, line, item, printed) {
                printed.fail(&failure);
            }
            continue;
        }
        if let Err(failure) = apply_item(call, line, item, &mut applied, printed) {
            printed.fail(&failure);
        }
    }
    if prunes && !printed.failed {
        prune::run(call, line, &documents, printed)?;
    }
    // Whole objects are printed at the end, several of them as a List. Upstream: kubectl apply `printObjects`.
    if let Some(value) = if applied.len() > 1 { Some(formats::list_of(&applied)) } else { applied.pop() } {
        formats::print(&Format::of(line)?, &value, false, &mut printed.out)?;
    }
    Ok(Outcome::Done)
}

/// Applies one object with default flags and returns what is printed; pods get no last-applied annotation.
pub(crate) fn apply_value(call: &mut Call<'_>, value: Value, source: &str) -> Result<String, Failure> {
    let document = Document { value, source: source.to_owned(), in_list: false };
    let kind = identify(call, &document)?;
    let own = document.value["metadata"]["namespace"].as_str().unwrap_or_default();
    let namespace = if own.is_empty() { call.context_namespace.to_owned() } else { own.to_owned() };
    let request = Request { kind, namespace, document, manner: Manner::OBJECT };
    let applied = apply(call, &request, kind != Kind::POD, &mut Printed::default())?;
    Ok(format!("{} {}", printed_name(kind, request.name()), applied.verb))
}

pub(super) fn identify(call: &Call<'_>, document: &Document) -> Result<Kind, Failure> {
    call.identify(&document.value).map_err(|error| manifests::refusal(&error, document, "creating"))
}

fn apply_item(
    call: &mut Call<'_>,
    line: &CommandLine,
    item: Item,
    applied: &mut Vec<Value>,
    printed: &mut Printed,
) -> Result<(), Failure> {
    let document = item?;
    let kind = identify(call, &document)?;
    let namespace = manifests::namespace_of(&document.value, line, call.context_namespace)?;
    let mut document = document;
    results::record(line, &mut document.value);
    let request = Request { kind, namespace, document, manner: Manner::of(line)? };
    let Applied { verb, object, sent } = apply(call, &request, true, printed)?;
    if !matches!(Format::of(line)?, Format::Table { .. } | Format::Name) {
        applied.push(object.map_or(sent, |object| call.cluster.view(object)));
        return Ok(());
    }
    results::show(line, (kind, request.name()), verb, printed, || Value::Null)
}

/// `kubectl apply view-last-applied`: the manifest an object remembers.
pub(super) fn view_last_applied(
    call: &mut Call<'_>,
    line: &CommandLine,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let named = call.named(&line.arguments)?;
    for object in listing::chosen(call, line, &named, printed)? {
        match patch::last_applied(&call.cluster.view(object)) {
            Some(manifest) if line.flags.text("output") == "json" => {
                printed.line(formats::indented(&manifest));
            }
            Some(manifest) => printed.out.push_str(&crate::api::view::to_yaml(&manifest)),
            None => printed.fail(&Failure::error(format!(
                "no last-applied-configuration annotation found on resource: {}",
                call.cluster.identity(object).1
            ))),
        }
    }
    Ok(Outcome::Done)
}

/// One object to be applied.
struct Request {
    kind: Kind,
    namespace: String,
    document: Document,
    manner: Manner,
}

impl Request {
    fn name(&self) -> &str {
        self.document.value["metadata"]["name"].as_str().unwrap_or_default()
    }
}

/// What became of an object.
struct Applied {
    verb: &'static str,
    /// The object, if it is stored.
    object: Option<ObjectRef>,
    /// What was sent, or would have been.
    sent: Value,
}

fn apply(call: &mut Call<'_>, request: &Request, annotate: bool, printed: &mut Printed) -> Result<Applied, Failure> {
    let name = request.name();
    if name.is_empty()
        && let Some(prefix) = request.document.value["metadata"]["generateName"].as_str()
    {
        return Err(Failure::error(format!("from {prefix}: cannot use generate name with apply")));
    }
    let mut modified = if annotate {
        let namespace = if request.kind.is_namespaced() { request.namespace.as_str() } else { "" };
        patch::with_last_applied(&request.document.value, namespace)
    } else {
        request.document.value.clone()
    };
    if request.kind.is_namespaced() && modified["metadata"].is_object() {
        modified["metadata"]["namespace"] = Value::from(request.namespace.as_str());
    }
    match call.find(request.kind, &request.namespace, name) {
        Err(status) if status.reason == Reason::NotFound => {
            let object = call
                .create(modified.clone(), &request.namespace, request.manner, printed)
                .map_err(|error| manifests::refusal(&error, &request.document, "creating"))?;
            Ok(Applied { verb: "created", object, sent: modified })
        }
        Err(status) => Err(Failure::server(&status)),
        Ok(object) => {
            let changed = update(call, request, object, &modified, printed)?;
            // A dry run of the client does not compare.
            let verb = if changed || request.manner.dry_run == DryRun::Client { "configured" } else { "unchanged" };
            Ok(Applied { verb, object: Some(object), sent: modified })
        }
    }
}

fn update(
    call: &mut Call<'_>,
    request: &Request,
    object: ObjectRef,
    modified: &Value,
    printed: &mut Printed,
) -> Result<bool, Failure> {
    let current = call.cluster.view(object);
    let remembered = current["metadata"]["annotations"][LAST_APPLIED].as_str();
    if remembered.is_none() && modified["metadata"]["annotations"][LAST_APPLIED].is_string() {
        printed.err_line(format!(
            "Warning: resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.",
            request.kind.plural(),
            request.name()
        ));
    }
    let original = patch::last_applied(&current);
    let applied = patch::three_way(Some(request.kind), original.as_ref(), modified, &current);
    if !applied.changed {
        return Ok(false);
    }
    call.update(object, applied.object, request.manner, printed)
        .map_err(|status| Failure::server_with_file(&status, "applying patch to", &request.document.source))
}
