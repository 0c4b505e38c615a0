//! `kubectl events` and `version`.

use serde_json::{Value, json};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::listing;
use super::super::output::Printed;
use super::super::printers::event_cells;
use super::super::printers::table::Table;
use super::super::resources::Named;
use super::{Outcome, watch};
use crate::model::object::ObjectRef;

type Result<T> = std::result::Result<T, Failure>;

pub(super) fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|word| (*word).to_owned()).collect()
}

/// Oldest first. Upstream: kubectl cmd/events.
pub(super) fn events(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let known = |kind: &str| ["normal", "warning"].contains(&kind.to_lowercase().as_str());
    if !line.flags.all("types").all(known) {
        return Err(Failure::error("valid --types are Normal or Warning"));
    }
    if line.flags.has("for") && !line.flags.text("for").contains('/') {
        return Err(Failure::error("--for must be in resource/name form"));
    }
    if line.flags.has("for") {
        call.named(&[line.flags.text("for").to_owned()]).map_err(Failure::without_prefix)?;
    }
    let format = Format::of(line)?;
    if line.flags.is_on("watch", false) {
        return watch::start(call, line, &Named::default(), printed);
    }
    let everywhere = line.flags.is_on("all-namespaces", false);
    let namespace = line.namespace(call.context_namespace).to_owned();
    let mut rows = listing::events(call, (!everywhere).then_some(namespace.as_str()), line)?;
    rows.retain(|row| is_wanted(call, line, *row));
    if rows.is_empty() {
        printed.err_line(if everywhere {
            "No events found.".to_owned()
        } else {
            format!("No events found in {namespace} namespace.")
        });
        return Ok(Outcome::Done);
    }
    rows.sort_by_key(|row| call.cluster.events.row(row.id).last);
    match format {
        Format::Table { .. } => {}
        // Upstream's printer of names knows no typed lists.
        Format::Name => return Ok(Outcome::Done),
        format => {
            let mut items: Vec<Value> = rows.iter().map(|row| call.cluster.view(*row)).collect();
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                item.retain(|member, _| member != "kind" && member != "apiVersion");
            }
            let list =
                json!({"apiVersion": "v1", "items": items, "kind": "EventList", "metadata": {"resourceVersion": ""}});
            formats::print(&format, &list, false, &mut printed.out)?;
            return Ok(Outcome::Done);
        }
    }
    events_table(call, line, &rows).print(!line.flags.is_on("no-headers", false), &mut printed.out);
    Ok(Outcome::Done)
}

/// Do `--for` and `--types` let an Event through?
pub(super) fn is_wanted(call: &Call<'_>, line: &CommandLine, row: ObjectRef) -> bool {
    let event = call.cluster.events.row(row.id);
    let mut types = line.flags.all("types").peekable();
    let kind = call.cluster.events.sort_of(event).kind.name();
    if types.peek().is_some() && !types.any(|wanted| wanted.eq_ignore_ascii_case(kind)) {
        return false;
    }
    if !line.flags.has("for") {
        return true;
    }
    let name = call.cluster.identity(event.object).1;
    call.named(&[line.flags.text("for").to_owned()])
        .is_ok_and(|named| named.objects.iter().any(|(kind, wanted)| *kind == event.object.kind && wanted == name))
}

/// The rows of Events.
pub(super) fn events_table(call: &Call<'_>, line: &CommandLine, rows: &[ObjectRef]) -> Table {
    let everywhere = line.flags.is_on("all-namespaces", false);
    let mut table = Table { headers: words(&["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]), rows: Vec::new() };
    if everywhere {
        table.headers.insert(0, "NAMESPACE".to_owned());
    }
    for row in rows {
        let event = call.cluster.events.row(row.id);
        let sort = call.cluster.events.sort_of(event);
        let (own, name) = (listing::identity(call.cluster, *row).0, call.cluster.identity(event.object).1);
        let mut cells = vec![
            event_cells(call.cluster, call.now, row.id).last_seen_counted,
            sort.kind.name().to_owned(),
            sort.reason.to_string(),
            format!("{}/{name}", event.object.kind.name()),
            call.cluster.event_message(event).trim().to_owned(),
        ];
        if everywhere {
            cells.insert(0, own);
        }
        table.rows.push(cells);
    }
    table
}

pub(super) fn version(_: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    if !line.arguments.is_empty() {
        return Err(Failure::error(format!("extra arguments: [{}]", line.arguments.join(" "))));
    }
    if !["", "json", "yaml"].contains(&line.flags.text("output")) {
        return Err(Failure::error("--output must be 'yaml' or 'json'"));
    }
    if line.flags.has("output") {
        let client_only = line.flags.is_on("client", false);
        let own = json!({
            "major": "1",
            "minor": "36",
            "gitVersion": "v1.36.2",
            "gitTreeState": "clean",
            "compiler": "gc",
            "platform": "linux/amd64",
        });
        let mut value = json!({"clientVersion": own, "kustomizeVersion": "v5.8.0"});
        if !client_only {
            value["serverVersion"] = own;
        }
        let format = Format::of(line)?;
        formats::print(&format, &value, false, &mut printed.out)?;
        return Ok(Outcome::Done);
    }
    printed.line("Client Version: v1.36.2\nKustomize Version: v5.8.0");
    if !line.flags.is_on("client", false) {
        printed.line("Server Version: v1.36.2");
    }
    Ok(Outcome::Done)
}
