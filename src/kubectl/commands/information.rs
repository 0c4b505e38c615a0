//! `kubectl events`, `version`, `cluster-info` and `config current-context`.

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::printers::event_cells;
use super::super::printers::table::Table;
use super::super::resources;
use super::Outcome;

type Result<T> = std::result::Result<T, Failure>;

pub(super) fn words(line: &[&str]) -> Vec<String> {
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
