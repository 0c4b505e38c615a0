//! `kubectl rollout history`.

use super::super::super::Call;
use super::super::super::command_line::CommandLine;
use super::super::super::describe;
use super::super::super::errors::Failure;
use super::super::super::output::Printed;
use super::super::super::requests::printed_name;
use super::super::super::results;
use super::super::Outcome;
use super::revisions::revisions;
use super::{targets, without_visitor};

pub(crate) fn history(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let wanted = line.flags.number("revision").unwrap_or(0);
    if wanted < 0 {
        return Err(Failure::error(format!("revision must be a positive integer: {wanted}")));
    }
    let mut refusals = Printed::default();
    for object in targets(call, line, &mut refusals)? {
        let name = call.cluster.identity(object).1.to_owned();
        let Some(revisions) = revisions(call, object) else {
            let failure = without_visitor(object.kind, "history", "no history viewer has been implemented for");
            printed.fail(&failure);
            continue;
        };
        if line.flags.has("output") {
            // Whole revisions. Upstream: cmd/rollout `RolloutHistoryOptions.Run`.
            for revision in revisions.iter().filter(|revision| wanted == 0 || revision.number == wanted) {
                let name = call.cluster.identity(revision.object).1;
                let view = || call.cluster.view(revision.object);
                results::show(line, (revision.object.kind, name), "", printed, view)?;
            }
            continue;
        }
        let printed_object = printed_name(object.kind, &name);
        if wanted > 0 {
            let Some(revision) = revisions.iter().find(|revision| revision.number == wanted) else {
                printed.fail(&Failure::error("unable to find the specified revision"));
                continue;
            };
            printed.line(format!("{printed_object} with revision #{wanted}"));
            let view = call.cluster.view(revision.object);
            let template =
                if view["data"].is_object() { &view["data"]["spec"]["template"] } else { &view["spec"]["template"] };
            printed.line(describe::template_with_tabs(template));
            continue;
        }
        printed.line(format!("{printed_object} "));
        if revisions.is_empty() {
            printed.line("No rollout history found.");
            continue;
        }
        printed.line("REVISION  CHANGE-CAUSE");
        for revision in revisions {
            let cause = if revision.change_cause.is_empty() { "<none>" } else { &revision.change_cause };
            printed.line(format!("{:<10}{cause}", revision.number));
        }
        printed.line("");
    }
    printed.err.push_str(&refusals.err);
    printed.failed |= refusals.failed;
    Ok(Outcome::Done)
}
