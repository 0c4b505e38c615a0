//! `kubectl config`: what the kubeconfig holds. Upstream: kubectl cmd/config.

use serde_json::{Value, json};

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::kubeconfig::{Entries, KubeConfig, text};
use super::super::output::Printed;
use super::super::printers::table::Table;
use super::Outcome;
use super::information::words;

type Result<T> = std::result::Result<T, Failure>;

pub(super) fn current(call: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    if call.kubeconfig.current.is_empty() {
        return Err(Failure::error("current-context is not set"));
    }
    printed.line(&call.kubeconfig.current);
    Ok(Outcome::Done)
}

const HEADERS: [&str; 5] = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"];

pub(super) fn list(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let KubeConfig { current, contexts, .. } = call.kubeconfig;
    let format = line.flags.text("output");
    if !["", "name"].contains(&format) {
        return Err(Failure::error(format!(
            "--output {format} is not available in kubectl config get-contexts; resetting to default output format"
        )));
    }
    let mut names: Vec<&String> = contexts.keys().collect();
    let mut missing = Vec::new();
    if !line.arguments.is_empty() {
        let (known, unknown): (Vec<_>, Vec<_>) =
            line.arguments.iter().partition(|name| contexts.contains_key(name.as_str()));
        missing.extend(unknown.into_iter().map(|name| Failure::error(format!("context {name} not found"))));
        names = known;
        names.sort();
    }
    if format == "name" {
        for name in names {
            printed.line(name);
        }
    } else {
        let row = |name: &String| {
            let member = |key| text(&contexts[name], key).to_owned();
            let mark = if name == current { "*" } else { "" };
            vec![mark.to_owned(), name.clone(), member("cluster"), member("user"), member("namespace")]
        };
        // The headers are printed even when there is nothing below them.
        let table = Table { headers: words(&HEADERS), rows: names.into_iter().map(row).collect() };
        table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
    }
    printed.fail_all(missing);
    Ok(Outcome::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(super) fn clusters(call: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    names(&call.kubeconfig.clusters, printed);
    Ok(Outcome::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(super) fn users(call: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    names(&call.kubeconfig.users, printed);
    Ok(Outcome::Done)
}

fn names(entries: &Entries, printed: &mut Printed) {
    printed.line("NAME");
    for name in entries.keys() {
        printed.line(name);
    }
}

pub(super) fn view(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome> {
    let mut config = call.kubeconfig.clone();
    if line.flags.is_on("minify", false) {
        minify(&mut config, line.flags.text("context"))?;
    }
    let listed = |entries: &Entries, what: &str| -> Value {
        entries.iter().map(|(name, entry)| json!({"name": name, what: redacted(entry)})).collect()
    };
    // Upstream writes `null` for a list without entries.
    let or_null = |list: Value| if list == json!([]) { Value::Null } else { list };
    let value = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": config.current, "preferences": {},
        "clusters": or_null(listed(&config.clusters, "cluster")),
        "contexts": or_null(listed(&config.contexts, "context")),
        "users": or_null(listed(&config.users, "user")),
    });
    let format = match Format::of(line)? {
        Format::Table { .. } => Format::Yaml,
        format => format,
    };
    formats::print(&format, &value, false, &mut printed.out)?;
    Ok(Outcome::Done)
}

/// Leaves what the context needs. Upstream: client-go clientcmd/api `MinifyConfig`.
fn minify(config: &mut KubeConfig, context: &str) -> Result<()> {
    if !context.is_empty() {
        context.clone_into(&mut config.current);
    }
    if config.current.is_empty() {
        return Err(Failure::error("current-context must exist in order to minify"));
    }
    let Some(entry) = config.contexts.get(&config.current).cloned() else {
        return Err(Failure::error(format!("cannot locate context {}", config.current)));
    };
    let KubeConfig { current, contexts, clusters, users } = config;
    for (entries, what, name) in [(clusters, "cluster", text(&entry, "cluster")), (users, "user", text(&entry, "user"))]
    {
        if !name.is_empty() && !entries.contains_key(name) {
            return Err(Failure::error(format!("cannot locate {what} {name}")));
        }
        entries.retain(|key, _| key == name);
    }
    contexts.retain(|key, _| key == current);
    Ok(())
}

/// Without what is secret. Upstream: client-go clientcmd/api `RedactSecrets`.
fn redacted(entry: &Value) -> Value {
    let mut entry = entry.clone();
    for key in ["token", "password"] {
        if entry[key].is_string() {
            entry[key] = json!("REDACTED");
        }
    }
    entry
}
