//! `kubectl get componentstatuses`: what the API server hears of the control plane, which a scenario has in good
//! health. Upstream: registry/core/componentstatus.

use serde_json::{Value, json};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::output::Printed;
use super::super::printers::table::Table;
use super::Outcome;
use super::information::words;
use crate::api::{Reason, Status};

/// Their names; upstream lists them in the order of a map.
const COMPONENTS: [&str; 3] = ["scheduler", "controller-manager", "etcd-0"];
const DEPRECATED: &str = "Warning: v1 ComponentStatus is deprecated in v1.19+";

/// Does a command ask for them?
pub(super) fn is_meant(arguments: &[String]) -> bool {
    let first = arguments.first().map_or("", String::as_str);
    let kind = first.split('/').next().unwrap_or(first);
    ["componentstatuses", "componentstatus", "cs"].contains(&kind)
}

pub(super) fn get(_: &Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    printed.err_line(DEPRECATED);
    let names: Vec<&str> = line
        .arguments
        .iter()
        .enumerate()
        .filter_map(|(place, word)| word.split_once('/').map(|(_, name)| name).or((place > 0).then_some(word.as_str())))
        .collect();
    let mut found: Vec<&str> = Vec::new();
    for name in &names {
        if COMPONENTS.contains(name) {
            found.push(name);
        } else {
            let text = format!("componentstatus {name:?} not found");
            printed.fail(&Failure::server(&Status::new(Reason::NotFound, text)));
        }
    }
    if names.is_empty() {
        found.extend(COMPONENTS);
    }
    if found.is_empty() {
        return Ok(Outcome::Done);
    }
    match Format::of(line)? {
        Format::Table { .. } => {
            let rows = found.iter().map(|name| words(&[name, "Healthy", "ok", ""])).collect();
            let table = Table { headers: words(&["NAME", "STATUS", "MESSAGE", "ERROR"]), rows };
            table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
        }
        Format::Name => found.iter().for_each(|name| printed.line(format!("componentstatus/{name}"))),
        format => {
            let views: Vec<Value> = found.iter().map(|name| view(name)).collect();
            let single = names.len() == 1 && views.len() == 1;
            let value = if single { views[0].clone() } else { formats::list_of(&views) };
            formats::print(&format, &value, false, &mut printed.out)?;
        }
    }
    Ok(Outcome::Done)
}

fn view(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "conditions": [{"message": "ok", "status": "True", "type": "Healthy"}],
        "kind": "ComponentStatus",
        "metadata": {"creationTimestamp": null, "name": name},
    })
}
