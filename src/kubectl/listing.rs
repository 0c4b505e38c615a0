//! Which objects a command means: by name, by selector, or all of a kind, in the order in which the server lists them.

use serde_json::Value;

use crate::api::custom::CustomKind;
use crate::api::{Reason, Status};
use crate::cluster::Cluster;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::ObjectRef;
use crate::model::selector::LabelSelector;

use super::Call;
use super::command_line::CommandLine;
use super::errors::Failure;
use super::manifests;
use super::output::Printed;
use super::printers;
use super::resources::Named;
use super::selectors::{self, FieldRequirement};

/// What a list request asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    labels: LabelSelector,
    fields: Vec<FieldRequirement>,
}

impl Filter {
    /// From `-l` and `--field-selector`, for any kind that the server knows.
    pub(crate) fn of_any(call: &Call<'_>, line: &CommandLine, kind: Kind) -> Result<Self, Failure> {
        let custom = call.cluster.custom.get(kind);
        Self::read(line, kind, custom.map_or(&[], CustomKind::selectable_fields))
    }

    /// The same for a kind that is built in.
    pub(crate) fn of(line: &CommandLine, kind: Kind) -> Result<Self, Failure> {
        Self::read(line, kind, &[])
    }

    fn read(line: &CommandLine, kind: Kind, selectable: &[String]) -> Result<Self, Failure> {
        let (labels, fields) = (line.flags.text("selector"), line.flags.text("field-selector"));
        let refuse = |reason: String| {
            let info = kind.info();
            Failure::server(&Status::new(
                Reason::BadRequest,
                format!(
                    "Unable to find \"{}/{}, Resource={}\" that match label selector \"{labels}\", field selector \"{fields}\": {reason}",
                    info.group, info.versions[0], info.plural
                ),
            ))
        };
        Ok(Self {
            labels: selectors::labels(labels).map_err(refuse)?,
            fields: selectors::fields(fields, kind, selectable).map_err(refuse)?,
        })
    }

    /// Does it let an Event through? Events have no labels.
    pub(crate) fn admits_event(&self, cluster: &Cluster, row: u32) -> bool {
        if !self.labels.is_empty() && !self.labels.matches(&Labels::default()) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        let view = cluster.event_view(row);
        self.fields.iter().all(|requirement| {
            // `source` stands for its component.
            let path = if requirement.path == "source" { "source.component" } else { &requirement.path };
            (printers::text(&view, path) == requirement.value) == requirement.equal
        })
    }

    /// Does it let an object through?
    pub(crate) fn admits(&self, cluster: &Cluster, object: ObjectRef) -> bool {
        (self.labels.is_empty() || self.labels.matches(&selectors::labels_of(cluster, object)))
            && (self.fields.is_empty() || selectors::fields_match(cluster, object, &self.fields))
    }
}

/// Live objects of a kind in one namespace, or in all, by namespace and name.
pub(crate) fn list(cluster: &Cluster, kind: Kind, namespace: Option<&str>, filter: &Filter) -> Vec<ObjectRef> {
    let only = match namespace {
        Some(name) if kind.is_namespaced() => match cluster.namespace(name) {
            Some(namespace) => Some(namespace),
            None => return Vec::new(),
        },
        _ => None,
    };
    let mut found: Vec<ObjectRef> = cluster
        .list(kind)
        .filter(|object| only.is_none_or(|namespace| cluster.identity(*object).0 == namespace))
        .filter(|object| filter.admits(cluster, *object))
        .collect();
    found.sort_by(|left, right| {
        let (left, right) = (cluster.identity(*left), cluster.identity(*right));
        cluster.namespace_name(left.0).cmp(cluster.namespace_name(right.0)).then_with(|| left.1.cmp(right.1))
    });
    found
}

/// Do the flags select? Refuses what contradicts itself. Upstream: cli-runtime resource `Builder.SelectAllParam`,
/// `visitorResult`, `visitBySelector`.
pub(crate) fn check(line: &CommandLine, named: &Named) -> Result<bool, Failure> {
    // `--selector` of expose is the Service's.
    let by_labels = line.command.path != "expose" && line.flags.has("selector");
    let by_fields = line.flags.has("field-selector");
    let everything = line.command.path == "delete" && line.flags.is_on("all", false);
    if everything && (by_labels || by_fields) {
        return Err(Failure::error("setting 'all' parameter but found a non empty selector."));
    }
    if line.has_files() {
        return if named.is_empty() { Ok(by_labels || by_fields) } else { check_files(line).map(|()| false) };
    }
    let selecting = by_labels || by_fields || everything;
    if selecting && !named.objects.is_empty() {
        return Err(Failure::error(if named.slashes {
            "selectors and the all flag cannot be used when passing resource/name arguments"
        } else {
            "name cannot be provided when a selector is specified"
        }));
    }
    check_scope(line, named)?;
    Ok(selecting)
}

/// A name means one namespace, unless its kind has none. Upstream: cli-runtime resource `Builder.visitByResource`,
/// `visitByName`.
pub(crate) fn check_scope(line: &CommandLine, named: &Named) -> Result<(), Failure> {
    if line.flags.is_on("all-namespaces", false) && named.objects.iter().any(|(kind, _)| kind.is_namespaced()) {
        return Err(Failure::error("a resource cannot be retrieved by name across all namespaces"));
    }
    Ok(())
}

/// Did the command line ask for one object, and not for those that it happens to find?
/// Upstream: cli-runtime resource `Result.IntoSingleItemImplied`.
pub(crate) fn is_single(line: &CommandLine, named: &Named) -> bool {
    if line.has_files() { line.flags.all("filename").count() == 1 } else { named.objects.len() == 1 }
}

/// Files and arguments together are refused before anything is looked up.
pub(crate) fn check_files(line: &CommandLine) -> Result<(), Failure> {
    let from_files = line.has_files();
    if from_files && !line.arguments.is_empty() {
        return Err(Failure::error(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
        ));
    }
    Ok(())
}

/// An object as a command names it, without asking the server whether there is one.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) kind: Kind,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The object as the file has it, or as it is stored.
    pub(crate) value: Value,
}

/// What a command that takes its files at their word works on: what they hold, or stored objects.
/// Upstream: cli-runtime resource `Builder` without `Latest`.
pub(crate) fn targets(
    call: &Call<'_>,
    line: &CommandLine,
    named: &Named,
    printed: &mut Printed,
) -> Result<Vec<Target>, Failure> {
    check(line, named)?;
    let mut found = Vec::new();
    if line.has_files() {
        for item in manifests::read(call, line, printed)? {
            let document = item?;
            let kind =
                call.identify(&document.value).map_err(|error| manifests::refusal(&error, &document, "retrieving"))?;
            let namespace = manifests::namespace_of(&document.value, line, call.context_namespace)?;
            let name = document.value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            found.push(Target { kind, namespace, name, value: document.value });
        }
        return Ok(found);
    }
    for object in chosen(call, line, named, printed)? {
        let (namespace, name) = identity(call.cluster, object);
        found.push(Target { kind: object.kind, namespace, name, value: call.cluster.view(object) });
    }
    Ok(found)
}

/// The objects that a writing command means: named ones, or those of `-l`, `--field-selector` and `--all`.
/// Refusals for single objects are printed; the others still count.
pub(crate) fn chosen(
    call: &Call<'_>,
    line: &CommandLine,
    named: &Named,
    printed: &mut Printed,
) -> Result<Vec<ObjectRef>, Failure> {
    let selecting = check(line, named)?;
    if line.has_files() {
        return of_files(call, line, "retrieving", printed);
    }
    let namespace = line.namespace(call.context_namespace);
    if named.is_empty() {
        return Err(if selecting {
            Failure::error("at least one resource must be specified to use a selector")
        } else {
            Failure::no_resources()
        });
    }
    let mut objects = Vec::new();
    if named.objects.is_empty() {
        if !selecting && !line.flags.is_on("all", false) {
            return Err(Failure::error("resource(s) were provided, but no name was specified"));
        }
        let scope = (!line.flags.is_on("all-namespaces", false)).then_some(namespace);
        for kind in &named.kinds {
            objects.extend(list(call.cluster, *kind, scope, &Filter::of_any(call, line, *kind)?));
        }
        return Ok(objects);
    }
    for (kind, name) in &named.objects {
        let found = match line.command.path {
            "delete" => call.find_unseen(*kind, namespace, name),
            _ => call.find(*kind, namespace, name),
        };
        match found {
            Ok(object) => objects.push(object),
            Err(status) if status.reason == Reason::NotFound && line.flags.is_on("ignore-not-found", false) => {}
            Err(status) => printed.fail(&Failure::server(&status)),
        }
    }
    Ok(objects)
}

/// The objects that the documents of `-f` name. Refusals for single objects are printed; the others still count.
pub(crate) fn of_files(
    call: &Call<'_>,
    line: &CommandLine,
    doing: &str,
    printed: &mut Printed,
) -> Result<Vec<ObjectRef>, Failure> {
    let mut objects = Vec::new();
    let labels = selectors::labels(line.flags.text("selector")).map_err(Failure::error)?;
    // Upstream: cmd/delete `DeleteOptions.Complete`: what a selection does not find is no failure.
    let selects =
        ["selector", "field-selector"].iter().any(|flag| line.flags.has(flag)) || line.flags.is_on("all", false);
    let lenient = line.flags.is_on("ignore-not-found", doing == "deleting" && selects);
    for item in manifests::read(call, line, printed)? {
        let document = match item {
            Ok(document) => document,
            Err(failure) => {
                printed.fail(&failure);
                continue;
            }
        };
        let (value, source) = (&document.value, &document.source);
        if !labels.is_empty() && !labels.matches(&crate::api::convert::labels(&value["metadata"]["labels"])) {
            continue;
        }
        let kind = match call.identify(value) {
            Ok(kind) => kind,
            Err(error) => {
                printed.fail(&manifests::refusal(&error, &document, doing));
                continue;
            }
        };
        let namespace = manifests::namespace_of(value, line, call.context_namespace)?;
        let name = value["metadata"]["name"].as_str().unwrap_or_default();
        let found = match doing {
            "deleting" => call.find_unseen(kind, &namespace, name),
            _ => call.find(kind, &namespace, name),
        };
        match found {
            Ok(object) => objects.push(object),
            Err(status) if status.reason == Reason::NotFound && lenient => {}
            Err(status) if doing == "deleting" => {
                printed.fail(&Failure::server_with_file(&status, doing, source));
            }
            Err(status) => printed.fail(&Failure::server(&status)),
        }
    }
    Ok(objects)
}

/// Namespace and name of an object or an Event.
pub(crate) fn identity(cluster: &Cluster, object: ObjectRef) -> (String, String) {
    if object.kind == Kind::EVENT {
        let (namespace, _) = cluster.identity(cluster.events.row(object.id).object);
        let namespace = cluster.namespace_name(namespace);
        let namespace = if namespace.is_empty() { "default" } else { namespace };
        return (namespace.to_owned(), cluster.event_name(object.id));
    }
    let (namespace, name) = cluster.identity(object);
    (cluster.namespace_name(namespace).to_owned(), name.to_owned())
}

/// Events of a namespace or of all, by namespace and name.
pub(crate) fn events(call: &Call<'_>, namespace: Option<&str>, line: &CommandLine) -> Result<Vec<ObjectRef>, Failure> {
    let filter = Filter::of(line, Kind::EVENT)?;
    let mut found: Vec<(String, String, ObjectRef)> = Vec::new();
    for row in 0..call.cluster.events.rows().len() as u32 {
        if call.now >= call.cluster.event_expiry(row) {
            continue;
        }
        let object = ObjectRef::new(Kind::EVENT, row);
        let (own, name) = identity(call.cluster, object);
        if namespace.is_some_and(|namespace| namespace != own) || !filter.admits_event(call.cluster, row) {
            continue;
        }
        found.push((own, name, object));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, _, object)| object).collect())
}
