//! `kubectl config`: the one context that a scenario has. Upstream: kubectl cmd/config.

use serde_json::json;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::output::Printed;
use super::super::printers::table::Table;
use super::Outcome;
use super::information::words;

type Result<T> = std::result::Result<T, Failure>;

/// Where the kubeconfig of a kubeadm cluster finds the API server.
const SERVER: &str = "https://10.0.0.1:6443";

#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(super) fn current(call: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    printed.line(call.context);
    Ok(Outcome::Done)
}

const HEADERS: [&str; 5] = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"];

pub(super) fn list(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    if let Some(other) = line.arguments.iter().find(|name| *name != call.context) {
        // The headers are printed all the same.
        let table = Table { headers: words(&HEADERS), rows: Vec::new() };
        table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
        return Err(Failure::error(format!("context {other} not found")));
    }
    if line.flags.text("output") == "name" {
        printed.line(call.context);
        return Ok(Outcome::Done);
    }
    let mut row = vec!["*".to_owned(), call.context.to_owned(), call.context.to_owned(), call.context.to_owned()];
    row.push(shown_namespace(call).to_owned());
    let table = Table { headers: words(&HEADERS), rows: vec![row] };
    table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
    Ok(Outcome::Done)
}

/// A kubeconfig does not name the default namespace.
fn shown_namespace<'a>(call: &Call<'a>) -> &'a str {
    if call.context_namespace == "default" { "" } else { call.context_namespace }
}

#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(super) fn clusters(call: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    printed.line(format!("NAME\n{}", call.context));
    Ok(Outcome::Done)
}

pub(super) fn use_context(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    match line.arguments.as_slice() {
        [name] if name == call.context => printed.line(format!("Switched to context {name:?}.")),
        [name] => return Err(Failure::error(format!("no context exists with the name: {name:?}"))),
        _ => return Err(Failure::error(format!("Unexpected args: {:?}", line.arguments))),
    }
    Ok(Outcome::Done)
}

/// `--namespace` is what scenarios and tutorials set.
pub(super) fn set_context(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = match (line.arguments.as_slice(), line.flags.is_on("current", false)) {
        ([], true) => call.context.to_owned(),
        ([name], false) => name.clone(),
        _ => return Err(Failure::error("you must specify a non-empty context name or --current")),
    };
    if name != call.context {
        return Err(Failure::unsupported(format!("a context beside {:?}", call.context)));
    }
    line.refuse(&["cluster", "user"])?;
    printed.line(format!("Context {name:?} modified."));
    if line.flags.has("namespace") {
        let given = line.flags.text("namespace");
        printed.namespace = Some(if given.is_empty() { "default" } else { given }.to_owned());
    }
    Ok(Outcome::Done)
}

pub(super) fn view(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let name = call.context;
    let mut context = json!({"cluster": name, "user": name});
    if !shown_namespace(call).is_empty() {
        context["namespace"] = json!(call.context_namespace);
    }
    let value = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": name, "preferences": {},
        "clusters": [{"cluster": {"certificate-authority-data": "DATA+OMITTED", "server": SERVER}, "name": name}],
        "contexts": [{"context": context, "name": name}],
        "users": [{"name": name, "user": {"client-certificate-data": "DATA+OMITTED", "client-key-data": "DATA+OMITTED"}}],
    });
    let format = match Format::of(line)? {
        Format::Table { .. } => Format::Yaml,
        format => format,
    };
    formats::print(&format, &value, false, &mut printed.out)?;
    Ok(Outcome::Done)
}
