//! `kubectl events`, `top`, `version`, `cluster-info` and `config current-context`.

use crate::model::kind::Kind;
use crate::model::object::{NodeId, ObjectRef};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing::{self, Filter};
use super::super::output::Printed;
use super::super::printers::event_cells;
use super::super::printers::table::Table;
use super::super::resources;
use super::Outcome;

type Result<T> = std::result::Result<T, Failure>;

fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|word| (*word).to_owned()).collect()
}

/// Oldest first. Upstream: kubectl cmd/events.
pub(super) fn events(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    line.refuse(&["watch"])?;
    let everywhere = line.flags.is_on("all-namespaces", false);
    let namespace = line.namespace(call.context_namespace).to_owned();
    let mut rows = listing::events(call, (!everywhere).then_some(namespace.as_str()), line)?;
    if line.flags.has("for") {
        let named = resources::named(&[line.flags.text("for").to_owned()])?;
        rows.retain(|row| {
            let about = call.cluster.events.row(row.id).object;
            let name = call.cluster.identity(about).1;
            named.objects.iter().any(|(kind, wanted)| *kind == about.kind && wanted == name)
        });
    }
    let types: Vec<&str> = line.flags.all("types").collect();
    if !types.is_empty() {
        rows.retain(|row| types.contains(&call.cluster.events.row(row.id).kind.name()));
    }
    if rows.is_empty() {
        printed.err_line(if everywhere {
            "No events found.".to_owned()
        } else {
            format!("No events found in {namespace} namespace.")
        });
        return Ok(Outcome::Done);
    }
    rows.sort_by_key(|row| call.cluster.events.row(row.id).last);
    let mut table = Table { headers: words(&["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]), rows: Vec::new() };
    if everywhere {
        table.headers.insert(0, "NAMESPACE".to_owned());
    }
    for row in rows {
        let event = call.cluster.events.row(row.id);
        let (own, name) = (listing::identity(call.cluster, row).0, call.cluster.identity(event.object).1);
        let mut cells = vec![
            event_cells(call.cluster, call.now, row.id).last_seen_counted,
            event.kind.name().to_owned(),
            event.reason.to_string(),
            format!("{}/{name}", event.object.kind.name()),
            event.message.trim().to_owned(),
        ];
        if everywhere {
            cells.insert(0, own);
        }
        table.rows.push(cells);
    }
    table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
    Ok(Outcome::Done)
}

/// What the containers of each node use now, of its allocatable.
pub(super) fn top_nodes(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    line.refuse(&["sort-by"])?;
    let mut nodes = listing::list(call.cluster, Kind::NODE, None, &Filter::of(line, Kind::NODE)?);
    if let Some(name) = line.arguments.first() {
        nodes = vec![call.find(Kind::NODE, "", name)?];
    }
    let header = ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"];
    let mut table = Table { headers: words(&header), rows: Vec::new() };
    for node in nodes {
        let id = NodeId(node.id);
        let Some(columns) = call.cluster.body(node).as_node() else { continue };
        let (cpu, memory) = (call.machines.cpu_used(id), call.machines.memory_used(id));
        let whole = &columns.allocatable_resources;
        table.rows.push(vec![
            call.cluster.identity(node).1.to_owned(),
            format!("{cpu}m"),
            percent(cpu, whole.cpu_milli),
            format!("{}Mi", memory >> 20),
            percent(memory, whole.memory),
        ]);
    }
    table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
    Ok(Outcome::Done)
}

fn percent(part: u64, whole: i64) -> String {
    let whole = u64::try_from(whole).unwrap_or(0);
    format!("{}%", (part * 100).checked_div(whole).unwrap_or(0))
}

/// What each running pod's containers use now.
pub(super) fn top_pods(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    line.refuse(&["sort-by", "containers"])?;
    let everywhere = line.flags.is_on("all-namespaces", false);
    let namespace = line.namespace(call.context_namespace).to_owned();
    let scope = (!everywhere).then_some(namespace.as_str());
    let mut pods = listing::list(call.cluster, Kind::POD, scope, &Filter::of(line, Kind::POD)?);
    if let Some(name) = line.arguments.first() {
        pods = vec![call.find(Kind::POD, &namespace, name)?];
    }
    let mut table = Table { headers: words(&["NAME", "CPU(cores)", "MEMORY(bytes)"]), rows: Vec::new() };
    if everywhere {
        table.headers.insert(0, "NAMESPACE".to_owned());
    }
    for object in pods {
        let Some((cpu, memory)) = pod_usage(call, object) else { continue };
        let (own, name) = call.cluster.identity(object);
        let mut row = vec![name.to_owned(), format!("{cpu}m"), format!("{}Mi", memory >> 20)];
        if everywhere {
            row.insert(0, call.cluster.namespace_name(own).to_owned());
        }
        table.rows.push(row);
    }
    if table.rows.is_empty() {
        printed.err_line(if everywhere {
            "No resources found".to_owned()
        } else {
            format!("No resources found in {namespace} namespace.")
        });
        return Ok(Outcome::Done);
    }
    table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
    Ok(Outcome::Done)
}

/// Millicores and bytes; `None` while no container runs.
fn pod_usage(call: &Call<'_>, object: ObjectRef) -> Option<(u64, u64)> {
    let pod = object.as_pod()?;
    let mut used = None;
    for run in call.machines.runs_of_pod(pod) {
        let row = call.machines.container(run);
        if row.state == crate::machines::RunState::Running {
            let (cpu, memory) = used.unwrap_or((0, 0));
            used = Some((cpu + row.usage.cpu_milli, memory + row.usage.memory));
        }
    }
    used
}

#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(super) fn version(_: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    printed.line("Client Version: v1.36.2\nKustomize Version: v5.8.0\nServer Version: v1.36.2");
    Ok(Outcome::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(super) fn current_context(_: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    printed.line("kubelapse");
    Ok(Outcome::Done)
}
