//! `kubectl apply`: creates what is missing, merges three ways what is there.

use serde_json::Value;

use crate::api::patch::{self, LAST_APPLIED};
use crate::api::value::go_json;
use crate::api::{Reason, convert};
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::listing;
use super::super::manifests::{self, Document, Item};
use super::super::output::Printed;
use super::super::requests::{Created, DryRun, Manner, printed_name};
use super::super::{results, selectors};
use super::{Outcome, prune, replace, server_side};

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
    if !line.has_files() {
        return Err(Failure::error("must specify one of -f and -k"));
    }
    if line.flags.has("filename") && line.flags.has("kustomize") {
        return Err(Failure::error("only one of -f or -k can be specified"));
    }
    if line.flags.is_on("all", false) && line.flags.has("selector") {
        return Err(Failure::error("cannot set --all and --selector at the same time"));
    }
    let allowed = if prunes { prune::allow_list(call, line)? } else { None };
    let labels = selectors::labels(line.flags.text("selector")).map_err(Failure::error)?;
    let chosen = |document: &Document| {
        labels.is_empty() || labels.matches(&convert::labels(&document.value["metadata"]["labels"]))
    };
    let items = manifests::read(call, line, printed)?.into_iter();
    let mut items = items.filter(|item| item.as_ref().map_or(true, chosen)).peekable();
    if items.peek().is_none() {
        return Err(Failure::error("no objects passed to apply"));
    }
    let mut documents = Vec::new();
    let mut applied = Vec::new();
    let mut forced = Vec::new();
    for item in items {
        if prunes && let Ok(document) = &item {
            documents.push(document.clone());
        }
        if line.flags.is_on("server-side", false) {
            if let Err(failure) = server_side::apply(call, line, item, printed) {
                printed.fail(&failure);
            }
            continue;
        }
        if let Err(failure) = apply_item(call, line, item, (&mut applied, &mut forced), printed) {
            printed.fail(&failure);
        }
    }
    if prunes && !printed.failed {
        prune::run(call, line, &documents, allowed, printed)?;
    }
    // Whole objects are printed at the end, several of them as a List. Upstream: kubectl apply `printObjects`.
    if let Some(value) = if applied.len() > 1 { Some(formats::list_of(&applied)) } else { applied.pop() } {
        formats::print(&Format::of(line)?, &value, false, &mut printed.out)?;
    }
    if !forced.is_empty() {
        return replace::begin(call, line, forced, "configured", printed);
    }
    Ok(Outcome::Done)
}

/// Applies one object with default flags and returns what is printed; pods get no last-applied annotation.
pub(crate) fn apply_value(call: &mut Call<'_>, value: Value, source: &str) -> Result<String, Failure> {
    let document = Document { value, source: source.to_owned(), in_list: false };
    let kind = identify(call, &document)?;
    let own = document.value["metadata"]["namespace"].as_str().unwrap_or_default();
    let namespace = if own.is_empty() { call.context_namespace.to_owned() } else { own.to_owned() };
    let request = Request { kind, namespace, document, manner: Manner::OBJECT, force: false };
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
    (applied, forced): (&mut Vec<Value>, &mut Vec<(Kind, String, Document)>),
    printed: &mut Printed,
) -> Result<(), Failure> {
    let document = item?;
    let kind = identify(call, &document)?;
    let namespace = manifests::namespace_of(&document.value, line, call.context_namespace)?;
    let mut document = document;
    results::record(line, &mut document.value);
    let force = line.flags.is_on("force", false);
    let request = Request { kind, namespace, document, manner: Manner::of(line)?, force };
    let Applied { verb, object, sent } = apply(call, &request, true, printed)?;
    if verb == FORCED {
        // What may not change is deleted and made anew. Upstream: kubectl cmd/apply `Patcher.deleteAndCreate`.
        let Request { kind, namespace, document, .. } = request;
        forced.push((kind, namespace, Document { value: sent, ..document }));
        return Ok(());
    }
    if !matches!(Format::of(line)?, Format::Table { .. } | Format::Name) {
        applied.push(object.view(call, || sent));
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
    let output = line.flags.text("output");
    if !["", "json", "yaml"].contains(&output) {
        let text = format!("Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json");
        return Err(Failure::usage("apply view-last-applied", text));
    }
    let named = call.named(&line.arguments)?;
    for object in listing::chosen(call, line, &named, printed)? {
        match patch::last_applied(&call.cluster.view(object)) {
            Some(manifest) if line.flags.text("output") == "json" => {
                printed.line(serde_json::to_string_pretty(&manifest).unwrap_or_default());
            }
            Some(manifest) => printed.out.push_str(&crate::api::view::to_yaml(&manifest)),
            // One that was never applied prints nothing.
            None => {}
        }
    }
    Ok(Outcome::Done)
}

/// `kubectl apply set-last-applied`: what an object is to remember from now on.
/// Upstream: kubectl cmd/apply `SetLastAppliedOptions`.
pub(super) fn set_last_applied(
    call: &mut Call<'_>,
    line: &CommandLine,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    if !line.has_files() {
        return Err(Failure::no_resources());
    }
    let mut changes = Vec::new();
    for item in manifests::read(call, line, printed)? {
        let document = item?;
        let kind = identify(call, &document)?;
        let namespace = manifests::namespace_of(&document.value, line, call.context_namespace)?;
        let name = document.value["metadata"]["name"].as_str().unwrap_or_default();
        let object = call.find(kind, &namespace, name)?;
        let view = call.cluster.view(object);
        let before = &view["metadata"]["annotations"][LAST_APPLIED];
        if before.is_null() && !line.flags.is_on("create-annotation", false) {
            return Err(Failure::error(format!(
                "no last-applied-configuration annotation found on resource: {name}, to create the annotation, run the command with --create-annotation"
            )));
        }
        // Upstream: cmd/util/editor `GetApplyPatch` remembers the manifest as it is.
        let mut manifest = document.value.clone();
        if kind.is_namespaced() {
            manifest["metadata"]["namespace"] = Value::from(namespace.as_str());
        }
        let wanted = Value::from(go_json(&manifest) + "\n");
        if *before == wanted {
            printed.line(format!("set-last-applied {name}: no changes required."));
        } else {
            changes.push((object, view, wanted));
        }
    }
    for (object, mut view, wanted) in changes {
        view["metadata"]["annotations"][LAST_APPLIED] = wanted;
        call.update(object, view, Manner::patch(line)?, printed)?;
        let name = call.cluster.identity(object).1;
        results::show(line, (object.kind, name), "configured", printed, || call.cluster.view(object))?;
    }
    Ok(Outcome::Done)
}

/// One object to be applied.
struct Request {
    kind: Kind,
    namespace: String,
    document: Document,
    manner: Manner,
    /// `--force`.
    force: bool,
}

/// The verb of an object that has to be made anew.
const FORCED: &str = "forced";

impl Request {
    fn name(&self) -> &str {
        self.document.value["metadata"]["name"].as_str().unwrap_or_default()
    }
}

/// What became of an object.
struct Applied {
    verb: &'static str,
    /// The object, as far as it came.
    object: Created,
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
    if name.is_empty() {
        let kind = request.kind;
        let (version, group) = (kind.info().versions[0], kind.info().group);
        return Err(Failure::error(format!(
            "error when retrieving current configuration of:\nResource: \"{group}/{version}, Resource={}\", GroupVersionKind: \"{group}/{version}, Kind={}\"\nName: \"\", Namespace: \"{}\"\nfrom server for: \"{}\": resource name may not be empty",
            kind.plural(),
            kind.name(),
            if kind.is_namespaced() { &request.namespace } else { "" },
            request.document.source
        )));
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
            let verb = match update(call, request, object, &modified, printed)? {
                // A dry run of the client does not compare.
                "unchanged" if request.manner.dry_run == DryRun::Client => "configured",
                verb => verb,
            };
            Ok(Applied { verb, object: Created::Stored(object), sent: modified })
        }
    }
}

fn update(
    call: &mut Call<'_>,
    request: &Request,
    object: ObjectRef,
    modified: &Value,
    printed: &mut Printed,
) -> Result<&'static str, Failure> {
    let current = call.cluster.view(object);
    let remembered = current["metadata"]["annotations"][LAST_APPLIED].as_str();
    let told = request.manner.dry_run != DryRun::Client;
    if told && remembered.is_none() && modified["metadata"]["annotations"][LAST_APPLIED].is_string() {
        printed.err_line(format!(
            "Warning: resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.",
            request.kind.plural(),
            request.name()
        ));
    }
    let original = patch::last_applied(&current);
    let applied = patch::three_way(Some(request.kind), original.as_ref(), modified, &current);
    if !applied.changed {
        return Ok("unchanged");
    }
    // Whether the patch changes anything is not asked again.
    match call.update(object, applied.object, request.manner, printed) {
        Ok(_) => Ok("configured"),
        Err(status) if request.force && matches!(status.reason, Reason::Invalid | Reason::Conflict) => Ok(FORCED),
        Err(status) => Err(Failure::server_with_file(&status, "applying patch to", &request.document.source)),
    }
}
