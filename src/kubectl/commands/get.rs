//! `kubectl get`.

use serde_json::Value;

use crate::api::{Reason, Status};
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::listing::{self, Filter};
use super::super::output::Printed;
use super::super::printers::table::Table;
use super::super::printers::{self, Context};
use super::super::requests::printed_name;
use super::super::resources::Named;
use super::super::selectors;
use super::super::sorting;
use super::replace::without_status;
use super::{Outcome, component_status, raw, scale_view, watch};

/// What was found: objects of each kind, in the order in which the kinds were named.
struct Found {
    groups: Vec<(Kind, Vec<ObjectRef>)>,
    /// Were single objects asked for?
    by_name: bool,
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    if line.flags.has("raw") {
        if !line.arguments.is_empty() {
            return Err(Failure::error("arguments may not be passed when --raw is specified"));
        }
        raw::get(call, line.flags.text("raw"), printed)?;
        return Ok(Outcome::Done);
    }
    let output = line.flags.text("output");
    if line.flags.is_on("show-labels", false) && !["", "wide"].contains(&output) {
        return Err(Failure::error(format!("--show-labels option cannot be used with {output} printer")));
    }
    let watches = line.flags.is_on("watch", false) || line.flags.is_on("watch-only", false);
    if line.flags.is_on("output-watch-events", false) && !watches {
        return Err(Failure::error("--output-watch-events option can only be used with --watch or --watch-only"));
    }
    if line.arguments.is_empty() && !line.has_files() {
        return Err(Failure::plain(
            "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n\nerror: Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples",
        ));
    }
    if watches {
        let named = call.named(&line.arguments)?;
        return watch::start(call, line, &named, printed);
    }
    if component_status::is_meant(&line.arguments) {
        return component_status::get(call, line, printed);
    }
    let format = Format::of(line)?;
    let named = call.named(&line.arguments)?;
    if named.category && !named.objects.is_empty() {
        return Err(Failure::error("you must specify only one resource"));
    }
    let subresource = line.flags.text("subresource");
    if !subresource.is_empty() {
        if named.objects.is_empty() && !line.has_files() {
            return Err(Failure::error("subresource cannot be used when bulk resources are specified"));
        }
        let resized = subresource == "resize" && named.kinds == [Kind::POD];
        let status = subresource == "status" && !named.kinds.iter().copied().any(without_status);
        if subresource == "scale" && scale_view::are_scaled(&named) {
            return scale_view::get(call, line, &named, &format, printed);
        }
        if !status && !resized {
            let text = "the server could not find the requested resource";
            return Err(Failure::server(&Status::new(Reason::NotFound, text)));
        }
    }
    let mut refusals = Printed::default();
    let mut found = find(call, line, &named, &mut refusals)?;
    if line.flags.has("sort-by") {
        sort(call, line, &format, &mut found.groups)?;
    }
    match &format {
        Format::Table { wide } => print_tables(call, line, &named, &found, *wide, &refusals, printed),
        Format::Name => {
            for (kind, objects) in &found.groups {
                for object in objects {
                    printed.line(printed_name(*kind, &name_of(call, *object)));
                }
            }
        }
        other => print_views(call, line, &found, other, &refusals, printed)?,
    }
    printed.err.push_str(&refusals.err);
    printed.failed |= refusals.failed;
    Ok(Outcome::Done)
}

/// `--sort-by`. Upstream: cmd/get `SortingPrinter`, `TableSorter`.
fn sort(
    call: &Call<'_>,
    line: &CommandLine,
    format: &Format,
    groups: &mut [(Kind, Vec<ObjectRef>)],
) -> Result<(), Failure> {
    let is_table = matches!(format, Format::Table { .. });
    let typed = line.flags.text("sort-by");
    let nowhere = || {
        let path = typed.trim_matches(['{', '}']).trim_start_matches('.');
        Failure::error(format!("couldn't find any field with path \"{{.{path}}}\" in the list of objects"))
    };
    // Tables of several kinds have no field in common.
    if is_table && groups.iter().filter(|(_, objects)| !objects.is_empty()).count() > 1 {
        return Err(nowhere());
    }
    let path = match sorting::path_of(line) {
        Ok(Some(path)) => path,
        Ok(None) => return Ok(()),
        // A table is not printed then.
        Err(_) if is_table => {
            for (_, objects) in groups {
                objects.clear();
            }
            return Ok(());
        }
        Err(failure) => return Err(failure),
    };
    for (_, objects) in groups {
        match sorting::sort(call.cluster, &path, objects) {
            Ok(true) => {}
            // A table that has no such field at all is not printed.
            Ok(false) if is_table => objects.clear(),
            Ok(false) => return Err(nowhere()),
            Err(_) if is_table => {}
            Err(sorting::Unsortable::Kind(what)) => {
                let path = typed.trim_matches(['{', '}']).trim_start_matches('.');
                let log = super::super::log_line('F', *call.cluster.clock(), call.now, "sorter.go:329");
                return Err(Failure::plain(format!(
                    "{log} Field {{.{path}}} in *unstructured.Unstructured is an unsortable type: interface, err: unsortable type: {what}"
                )));
            }
            Err(sorting::Unsortable::Path(text)) => return Err(Failure::error(text)),
        }
    }
    Ok(())
}

fn name_of(call: &Call<'_>, object: ObjectRef) -> String {
    if object.kind == Kind::EVENT {
        call.cluster.event_name(object.id)
    } else {
        call.cluster.identity(object).1.to_owned()
    }
}

fn find(call: &Call<'_>, line: &CommandLine, named: &Named, refusals: &mut Printed) -> Result<Found, Failure> {
    let all_namespaces = line.flags.is_on("all-namespaces", false);
    let namespace = line.namespace(call.context_namespace);
    let selecting = listing::check(line, named)?;
    if line.has_files() {
        let mut groups: Vec<(Kind, Vec<ObjectRef>)> = Vec::new();
        for object in listing::of_files(call, line, "retrieving", refusals)? {
            match groups.iter_mut().find(|(kind, _)| *kind == object.kind) {
                Some((_, objects)) => objects.push(object),
                None => groups.push((object.kind, vec![object])),
            }
        }
        return Ok(Found { groups, by_name: !selecting });
    }
    if named.objects.is_empty() {
        let mut groups = Vec::new();
        for kind in &named.kinds {
            let scope = (!all_namespaces).then_some(namespace);
            let filter = Filter::of_any(call, line, *kind)?;
            let objects = if *kind == Kind::EVENT {
                listing::events(call, scope, line)?
            } else {
                listing::list(call.cluster, *kind, scope, &filter)
            };
            groups.push((*kind, objects));
        }
        return Ok(Found { groups, by_name: false });
    }
    let mut groups: Vec<(Kind, Vec<ObjectRef>)> = Vec::new();
    for (kind, name) in &named.objects {
        match call.find(*kind, namespace, name) {
            Ok(object) => match groups.last_mut() {
                Some((last, objects)) if last == kind => objects.push(object),
                _ => groups.push((*kind, vec![object])),
            },
            Err(status) if status.reason == Reason::NotFound && line.flags.is_on("ignore-not-found", false) => {}
            Err(status) => refusals.fail(&Failure::server(&status)),
        }
    }
    Ok(Found { groups, by_name: true })
}

/// One table for each kind that has objects.
fn print_tables(
    call: &Call<'_>,
    line: &CommandLine,
    named: &Named,
    found: &Found,
    wide: bool,
    refusals: &Printed,
    printed: &mut Printed,
) {
    // Of named objects only those count that there are.
    let several = !found.by_name && named.kinds.len() > 1;
    let with_kind = several || found.groups.len() > 1 || line.flags.is_on("show-kind", false);
    let mut any = false;
    for (kind, objects) in found.groups.iter().filter(|(_, objects)| !objects.is_empty()) {
        if any {
            printed.out.push('\n');
        }
        any = true;
        let table = table(call, line, *kind, objects, wide, with_kind);
        table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
    }
    if !any && !found.by_name && !refusals.failed && !line.flags.is_on("ignore-not-found", false) {
        let no_namespaces = !named.is_empty() && named.kinds.iter().all(|kind| !kind.is_namespaced());
        let cluster_wide = line.flags.is_on("all-namespaces", false) || no_namespaces;
        if cluster_wide {
            printed.err_line("No resources found");
        } else {
            let namespace = line.namespace(call.context_namespace);
            printed.err_line(format!("No resources found in {namespace} namespace."));
        }
    }
}

/// The table of one kind.
pub(super) fn table(
    call: &Call<'_>,
    line: &CommandLine,
    kind: Kind,
    objects: &[ObjectRef],
    wide: bool,
    with_kind: bool,
) -> Table {
    let by_server = line.flags.is_on("server-print", true);
    let printer = if by_server { printers::printer(kind) } else { printers::name_and_age() };
    let custom = call.cluster.custom.get(kind).filter(|_| by_server);
    let with_namespace = line.flags.is_on("all-namespaces", false) && kind.is_namespaced();
    let label_columns: Vec<&str> = line.flags.all("label-columns").collect();
    let show_labels = line.flags.is_on("show-labels", false);
    let columns: Vec<String> = match custom {
        Some(custom) => printers::custom::columns(custom, wide),
        None if wide => printer.wide_columns().into_iter().map(str::to_owned).collect(),
        None => printer.columns.iter().map(|column| (*column).to_owned()).collect(),
    };
    let mut table = Table::default();
    table.headers.extend(with_namespace.then(|| "NAMESPACE".to_owned()));
    table.headers.extend(columns);
    table.headers.extend(label_columns.iter().map(|key| key.rsplit('/').next().unwrap_or(key).to_uppercase()));
    table.headers.extend(show_labels.then(|| "LABELS".to_owned()));
    let context = Context { cluster: call.cluster, now: call.now, wide };
    for object in objects {
        let mut row = Vec::with_capacity(table.headers.len());
        if with_namespace {
            let (namespace, _) = listing::identity(call.cluster, *object);
            row.push(namespace);
        }
        let first = row.len();
        match custom {
            Some(custom) => row.extend(printers::custom::row(&context, custom, *object)),
            None => row.extend((printer.row)(&context, *object)),
        }
        if with_kind {
            row[first] = printed_name(kind, &row[first]);
        }
        if show_labels || !label_columns.is_empty() {
            let labels = selectors::labels_of(call.cluster, *object);
            row.extend(label_columns.iter().map(|key| labels.get(key).unwrap_or_default().to_owned()));
            if show_labels {
                let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                row.push(if pairs.is_empty() { "<none>".to_owned() } else { pairs.join(",") });
            }
        }
        table.rows.push(row);
    }
    table
}

/// An object or an Event as the server returns it.
pub(super) fn view(call: &Call<'_>, object: ObjectRef) -> Value {
    if object.kind == Kind::EVENT { call.cluster.event_view(object.id) } else { call.cluster.view(object) }
}

/// Whole objects: one, or a List.
fn print_views(
    call: &Call<'_>,
    line: &CommandLine,
    found: &Found,
    format: &Format,
    refusals: &Printed,
    printed: &mut Printed,
) -> Result<(), Failure> {
    let objects = found.groups.iter().flat_map(|(_, objects)| objects);
    let mut items: Vec<Value> = objects.map(|object| view(call, *object)).collect();
    if found.by_name && items.is_empty() {
        return Ok(());
    }
    let single = found.by_name && items.len() == 1 && !refusals.failed;
    let value = if single { items.swap_remove(0) } else { formats::list_of(&items) };
    formats::print(format, &value, line.flags.is_on("no-headers", false), &mut printed.out)
}
