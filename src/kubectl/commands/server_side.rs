//! `kubectl apply --server-side`: the server merges by field managers and refuses to take what others own.
//! Upstream: apimachinery managedfields `StructuredMergeManager.Apply`, kubectl cmd/apply.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::manifests::{self, Document, Item};
use super::super::output::Printed;
use super::super::requests::{Created, DryRun, Manner};
use super::super::resources;
use super::super::results;
use super::apply::identify;
use crate::api::patch::{self, LAST_APPLIED, fields, without};
use crate::api::value::go_json;
use crate::api::{DecodeError, Reason};
use crate::cluster::FieldManager;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

const ADVICE: &str = "Please review the fields above--they currently have other managers. Here\nare the ways you can resolve this warning:\n* If you intend to manage all of these fields, please re-run the apply\n  command with the `--force-conflicts` flag.\n* If you do not intend to manage all of the fields, please edit your\n  manifest to remove references to the fields that should keep their\n  current managers.\n* You may co-own fields by updating your manifest to match the existing\n  value; in this case, you'll become the manager if the other manager(s)\n  stop managing the field (remove it from their configuration).\nSee https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

/// Flags that contradict one another. Upstream: cmd/apply `ApplyFlags.ToOptions`.
pub(super) fn check_flags(line: &CommandLine) -> Result<(), Failure> {
    let server_side = line.flags.is_on("server-side", false);
    if !server_side && line.flags.is_on("force-conflicts", false) {
        return Err(Failure::error("--force-conflicts only works with --server-side"));
    }
    if server_side && line.flags.is_on("force", false) {
        return Err(Failure::error("--force cannot be used with --server-side"));
    }
    if server_side && DryRun::of(line)? == DryRun::Client {
        return Err(Failure::error(
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
        ));
    }
    Ok(())
}

/// Applies one object.
pub(super) fn apply(call: &mut Call<'_>, line: &CommandLine, item: Item, printed: &mut Printed) -> Result<(), Failure> {
    let document = item?;
    let kind = identify(call, &document)?;
    let namespace = manifests::namespace_of(&document.value, line, call.context_namespace)?;
    let name = document.value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if name.is_empty()
        && let Some(prefix) = document.value["metadata"]["generateName"].as_str()
    {
        return Err(Failure::error(format!("from {prefix}: cannot use generate name with apply")));
    }
    check_types(kind, &document)?;
    let given = line.flags.text("field-manager");
    let manager = if given.is_empty() { "kubectl" } else { given };
    let manner = Manner::of(line)?;
    let mut config = document.value.clone();
    if kind.is_namespaced() {
        config["metadata"]["namespace"] = Value::from(namespace.as_str());
    }
    let owned = fields(kind, &config);
    // Who owns what is said below, and not by the kind of the request.
    let outer = std::mem::take(&mut call.manager);
    let result = write(call, line, (kind, &namespace, &name), (&document, &config, &owned), (manager, manner), printed);
    call.manager = outer;
    let (object, taken) = result?;
    if let (Some(object), DryRun::None) = (object.stored(), manner.dry_run) {
        let fields: BTreeSet<String> = owned.into_keys().collect();
        let config = Some(Arc::new(config.clone()));
        let applier = FieldManager { name: manager.into(), config, subresource: "", fields };
        call.cluster.set_field_manager(object, applier, &taken);
    }
    results::show(line, (kind, &name), "serverside-applied", printed, || object.view(call, || config))
}

/// The object as an apply would leave it, for `kubectl diff --server-side`.
pub(super) fn merged(
    call: &Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    document: &Document,
    config: &Value,
) -> Result<Value, Failure> {
    check_types(object.kind, document)?;
    let given = line.flags.text("field-manager");
    let manager = if given.is_empty() { "kubectl" } else { given };
    conflicts(call, line, object, manager, &fields(object.kind, config))?;
    Ok(remembering(call, object, manager, config))
}

/// As `merge`; what a client applied once goes on being remembered. Upstream: managedfields `lastAppliedUpdater`.
fn remembering(call: &Call<'_>, object: ObjectRef, manager: &str, config: &Value) -> Value {
    let mut merged = merge(call, object, manager, config);
    if manager == "kubectl" && call.cluster.view(object)["metadata"]["annotations"][LAST_APPLIED].is_string() {
        merged["metadata"]["annotations"][LAST_APPLIED] = Value::from(go_json(config) + "\n");
    }
    merged
}

/// Values whose type the schema does not allow are refused before anything else looks at them: texts of maps of texts,
/// which is where YAML goes wrong. Upstream: structured-merge-diff typed `validateScalar`.
fn check_types(kind: Kind, document: &Document) -> Result<(), Failure> {
    let value = &document.value;
    let maps = [
        ("data", matches!(kind, Kind::CONFIG_MAP | Kind::SECRET)),
        ("stringData", kind == Kind::SECRET),
        ("metadata.labels", true),
        ("metadata.annotations", true),
    ];
    for (path, _) in maps.into_iter().filter(|(_, has)| *has) {
        let place = path.split('.').fold(value, |value, key| &value[key]);
        let mut wrong =
            place.as_object().into_iter().flatten().filter(|(_, found)| !found.is_string() && !found.is_null());
        if let Some((key, found)) = wrong.next() {
            let namespace = value["metadata"]["namespace"].as_str().unwrap_or("default");
            let name = value["metadata"]["name"].as_str().unwrap_or_default();
            let version = resources::group_version(&kind.api_version());
            return Err(Failure::plain(format!(
                "Error from server: failed to create typed patch object ({namespace}/{name}; {version}, Kind={}): .{path}.{key}: expected string, got &value.valueUnstructured{{Value:{}}}",
                kind.name(),
                go_value(found)
            )));
        }
    }
    Ok(())
}

/// A value as Go prints it with its type (`%#v`).
fn go_value(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(go_value).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, member)| format!("{key:?}:{}", go_value(member))).collect();
            format!("map[string]interface {{}}{{{}}}", members.join(", "))
        }
        Value::Null => "interface {}(nil)".to_owned(),
        other => other.to_string(),
    }
}

/// Creates the object or merges into it; the fields that change hands.
fn write(
    call: &mut Call<'_>,
    line: &CommandLine,
    (kind, namespace, name): (Kind, &str, &str),
    (document, config, owned): (&Document, &Value, &BTreeMap<String, Value>),
    (manager, manner): (&str, Manner),
    printed: &mut Printed,
) -> Result<(Created, BTreeSet<String>), Failure> {
    Ok(match call.find(kind, namespace, name) {
        Err(status) if status.reason == Reason::NotFound => {
            let created = call.create(config.clone(), namespace, manner, printed);
            (created.map_err(|error| refusal(&error, config, document))?, BTreeSet::new())
        }
        Err(status) => return Err(Failure::server(&status)),
        Ok(object) => {
            let taken = conflicts(call, line, object, manager, owned)?;
            let merged = remembering(call, object, manager, config);
            call.update(object, merged, manner, printed)
                .map_err(|status| Failure::server_with_file(&status, "applying patch to", &document.source))?;
            (Created::Stored(object), taken)
        }
    })
}

/// What does not fit the schema is refused before anything else looks at it.
/// Upstream: managedfields `structuredMergeManager.Apply`.
fn refusal(error: &DecodeError, config: &Value, document: &Document) -> Failure {
    let DecodeError::Server(status) = error else { return manifests::refusal(error, document, "creating") };
    if status.reason == Reason::NotFound {
        return Failure::server(status);
    }
    let unknown = status.message.split_once("unknown field \"").and_then(|(_, rest)| rest.split_once('"'));
    let Some((field, _)) = unknown else { return manifests::refusal(error, document, "creating") };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &config["metadata"];
    let (namespace, version) = (text(&metadata["namespace"]), resources::group_version(&text(&config["apiVersion"])));
    Failure::plain(format!(
        "Error from server: failed to create typed patch object ({namespace}/{}; {version}, Kind={}): .{field}: field not declared in schema",
        text(&metadata["name"]),
        text(&config["kind"])
    ))
}

/// Fields of others that would change: the refusal, or with `--force-conflicts` the fields that change hands.
fn conflicts(
    call: &Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    manager: &str,
    owned: &BTreeMap<String, Value>,
) -> Result<BTreeSet<String>, Failure> {
    let live = fields(object.kind, &call.cluster.view(object));
    let changes: BTreeSet<&String> = owned
        .iter()
        .filter(|(path, value)| live.get(*path).is_some_and(|live| live != *value))
        .map(|(path, _)| path)
        .collect();
    let version = object.kind.api_version();
    let mut by_manager: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    let is_other = |other: &&FieldManager| {
        // What kubectl applied from the client is its own from now on. Upstream: client-go util/csaupgrade.
        let migrated = manager == "kubectl" && other.name == "kubectl-client-side-apply";
        !migrated && (other.name != manager || other.config.is_none())
    };
    for other in call.cluster.field_managers(object).iter().filter(is_other) {
        let paths = other.fields.iter().filter(|path| changes.contains(path));
        by_manager.entry(other.shown(&version)).or_default().extend(paths);
    }
    by_manager.retain(|_, paths| !paths.is_empty());
    let count: usize = by_manager.values().map(Vec::len).sum();
    if count == 0 || line.flags.is_on("force-conflicts", false) {
        return Ok(by_manager.into_values().flatten().cloned().collect());
    }
    // Upstream: managedfields `getConflictMessage`.
    let message = if let (1, Some((manager, paths))) = (count, by_manager.iter().next()) {
        format!("Apply failed with 1 conflict: conflict with {manager}: {}", paths[0])
    } else {
        let mut lines = Vec::new();
        for (manager, paths) in by_manager {
            lines.push(format!("conflicts with {manager}:"));
            lines.extend(paths.into_iter().map(|path| format!("- {path}")));
        }
        format!("Apply failed with {count} conflicts: {}", lines.join("\n"))
    };
    Err(Failure::error(format!("{message}\n{ADVICE}")))
}

/// The object with what is applied, and without what the manager applied before and no longer does, unless others own
/// it too. One that a client applied before gives its fields up.
fn merge(call: &Call<'_>, object: ObjectRef, manager: &str, config: &Value) -> Value {
    let current = call.cluster.view(object);
    let managers = call.cluster.field_managers(object);
    let own = |known: &&FieldManager| known.name == manager && known.config.is_some();
    let before = managers.iter().find(own).and_then(|known| known.config.as_deref().cloned());
    let is_other =
        |known: &&FieldManager| !(own(known) || manager == "kubectl" && known.name == "kubectl-client-side-apply");
    let others: BTreeSet<String> =
        managers.iter().filter(is_other).flat_map(|known| known.fields.iter().cloned()).collect();
    let before = before.or_else(|| patch::last_applied(&current)).map(|before| without(object.kind, &before, &others));
    patch::three_way(Some(object.kind), before.as_ref(), config, &current).object
}
