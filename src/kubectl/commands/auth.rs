//! `kubectl auth`: the model has no authorization, so everybody may do everything. Upstream: kubectl cmd/auth.

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::output::Printed;
use super::super::printers::table::Table;
use super::super::resources;
use super::Outcome;
use super::information::words;

/// Verbs that warn of nothing.
const VERBS: [&str; 16] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "impersonate",
    "proxy",
    "*",
    "approve",
    "sign",
    "escalate",
];

pub(super) fn can_i(_: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    if line.flags.is_on("list", false) {
        if !line.arguments.is_empty() {
            return Err(Failure::error("list option must be specified with no arguments"));
        }
        let headers = ["Resources", "Non-Resource URLs", "Resource Names", "Verbs"];
        let row = |cells: [&str; 4]| words(&cells);
        let table = Table {
            headers: words(&headers),
            rows: vec![row(["*.*", "[]", "[]", "[*]"]), row(["", "[*]", "[]", "[*]"])],
        };
        table.print(!line.flags.is_on("no-headers", false), &mut printed.out);
        return Ok(Outcome::Done);
    }
    let [verb, resource] = line.arguments.as_slice() else {
        return Err(Failure::error(
            "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
        ));
    };
    if !resource.starts_with('/') && resource != "*" {
        let name = resource.split('/').next().unwrap_or_default();
        match resources::kind(name) {
            Err(_) => {
                printed.err_line(format!("Warning: the server doesn't have a resource type '{name}'\n"));
            }
            Ok(kind) if !kind.is_namespaced() && !line.flags.is_on("all-namespaces", false) => {
                let group = kind.info().group;
                let of = if group.is_empty() { String::new() } else { format!(" in group '{group}'") };
                printed.err_line(format!("Warning: resource '{}' is not namespace scoped{of}\n", kind.plural()));
            }
            Ok(_) => {}
        }
    }
    if !VERBS.contains(&verb.as_str()) {
        printed.err_line(format!("Warning: verb '{verb}' is not a known verb\n"));
    }
    if !line.flags.is_on("quiet", false) {
        printed.line("yes");
    }
    Ok(Outcome::Done)
}

#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(super) fn who_am_i(_: &mut Call<'_>, _: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let rows = [["Username", "kubernetes-admin"], ["Groups", "[kubeadm:cluster-admins system:authenticated]"]];
    let table = Table { headers: words(&["ATTRIBUTE", "VALUE"]), rows: rows.iter().map(|row| words(row)).collect() };
    table.print(true, &mut printed.out);
    Ok(Outcome::Done)
}
