//! `kubectl delete`: requests, then waits until the objects are gone.

use crate::api::{Reason, Status};
use crate::cluster::{Change, DeleteOptions, Propagation, Verb};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;
use super::super::requests::{DryRun, printed_name};
use super::super::waiting::Pending;
use super::{Outcome, raw};

/// Objects whose end is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub(crate) objects: Vec<ObjectRef>,
}

impl Gone {
    /// Is it about one of them?
    pub(crate) fn touches(&self, change: &Change) -> bool {
        change.verb == Verb::Deleted && self.objects.contains(&change.object)
    }
}

const FORCE_WARNING: &str = "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.";
/// Namespaces that may not go. Upstream: admission plugin NamespaceLifecycle.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// How the flags want objects deleted.
#[derive(Clone, Copy, Debug)]
struct Manner {
    options: DeleteOptions,
    forced: bool,
    wait: bool,
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    if line.flags.has("raw") {
        raw::refuse(call, line.flags.text("raw"), "kubectl delete --raw")?;
        return Ok(Outcome::Done);
    }
    let output = line.flags.text("output");
    if !["", "name"].contains(&output) {
        return Err(Failure::error(format!("unexpected -o output mode: {output}. We only support '-o name'")));
    }
    for (old, new) in [("true", "background"), ("false", "orphan")] {
        if line.flags.text("cascade") == old {
            printed.err_line(format!(
                "warning: --cascade={old} is deprecated (boolean value) and can be replaced with --cascade={new}."
            ));
        }
    }
    let manner = manner(line)?;
    let dry_run = DryRun::of(line)?;
    listing::check_files(line)?;
    let named = call.named(&line.arguments)?;
    listing::check(line, &named)?;
    if manner.forced {
        printed.err_line(FORCE_WARNING);
    }
    if dry_run == DryRun::Client && (line.has_files() || !named.objects.is_empty()) {
        // What is named, here or in files, is not asked for.
        let targets = if line.has_files() {
            let targets = listing::targets(call, line, &named, printed)?;
            targets.into_iter().map(|target| (target.kind, target.name)).collect()
        } else {
            named.objects.clone()
        };
        if is_confirmed(call, line, &targets, printed) {
            for (kind, name) in &targets {
                told(line, (*kind, name), manner, dry_run, printed);
            }
        }
        return Ok(Outcome::Done);
    }
    let objects = if line.has_files() {
        listing::of_files(call, line, "deleting", printed)?
    } else {
        listing::chosen(call, line, &named, printed)?
    };
    if objects.is_empty() && named.objects.is_empty() && !line.has_files() {
        printed.line("No resources found");
        return Ok(Outcome::Done);
    }
    let targets: Vec<(Kind, String)> =
        objects.iter().map(|object| (object.kind, listing::identity(call.cluster, *object).1)).collect();
    if !is_confirmed(call, line, &targets, printed) {
        return Ok(Outcome::Done);
    }
    let is_scoped = line.flags.has("namespace") && !line.flags.is_on("all-namespaces", false);
    if is_scoped && objects.iter().any(|object| !object.kind.is_namespaced()) {
        printed.err_line("Warning: deleting cluster-scoped resources, not scoped to the provided namespace");
    }
    let mut waited_for = Vec::new();
    for object in objects {
        match delete(call, object, manner, dry_run) {
            Ok(()) => {
                told(line, (object.kind, call.cluster.identity(object).1), manner, dry_run, printed);
                waited_for.push(object);
            }
            Err(status) => printed.fail(&Failure::server(&status)),
        }
    }
    // Upstream: `DeleteOptions.DeleteResult` ends with an error before it waits.
    if !manner.wait || dry_run != DryRun::None || printed.failed {
        return Ok(Outcome::Done);
    }
    let deadline = line
        .flags
        .duration("timeout")
        .filter(|timeout| timeout.0 > 0)
        .map_or(SimTime::NEVER, |timeout| call.now + timeout);
    go_on(call, deadline, Gone { objects: waited_for }, printed)
}

/// With `--interactive`: does standard input say yes? Upstream: kubectl delete `DeleteOptions.confirmation`.
fn is_confirmed(call: &Call<'_>, line: &CommandLine, targets: &[(Kind, String)], printed: &mut Printed) -> bool {
    if !line.flags.is_on("interactive", false) || targets.is_empty() {
        return true;
    }
    printed.line(format!("You are about to delete the following {} resource(s):", targets.len()));
    for (kind, name) in targets {
        printed.line(printed_name(*kind, name));
    }
    printed.out.push_str("Do you want to continue? (y/n): ");
    let files = call.files.read("-").unwrap_or_default();
    let answer = files.iter().find_map(|(_, text)| text.split_whitespace().next()).unwrap_or_default();
    let is_confirmed = answer.eq_ignore_ascii_case("y");
    if !is_confirmed {
        printed.line("deletion is cancelled");
    }
    is_confirmed
}

/// Upstream: kubectl delete `DeleteOptions.Complete`.
fn manner(line: &CommandLine) -> Result<Manner, Failure> {
    let forced = line.flags.is_on("force", false);
    let mut grace = line.flags.number("grace-period").filter(|grace| *grace >= 0);
    if line.flags.is_on("now", false) {
        if grace.is_some() {
            return Err(Failure::error("--now and --grace-period cannot be specified together"));
        }
        grace = Some(1);
    }
    if forced {
        if grace.is_some_and(|grace| grace > 0) {
            return Err(Failure::error("--force and --grace-period greater than 0 cannot be specified together"));
        }
        grace = Some(0);
    } else if grace == Some(0) {
        // Without --force, kubectl waits for the kubelet and therefore asks for the shortest graceful period.
        grace = Some(1);
    }
    let propagation = match line.flags.text("cascade") {
        "" | "background" | "true" => Propagation::Background,
        "foreground" => Propagation::Foreground,
        "orphan" | "false" => Propagation::Orphan,
        other => {
            return Err(Failure::error(format!(
                "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
            )));
        }
    };
    let wait = line.flags.is_on("wait", !forced);
    Ok(Manner { options: DeleteOptions { grace_seconds: grace, propagation }, forced, wait })
}

fn delete(call: &mut Call<'_>, object: ObjectRef, manner: Manner, dry_run: DryRun) -> Result<(), Status> {
    let name = call.cluster.identity(object).1;
    if object.kind == Kind::NAMESPACE && IMMORTAL.contains(&name) {
        let text = format!("namespaces \"{name}\" is forbidden: this namespace may not be deleted");
        return Err(Status::new(Reason::Forbidden, text));
    }
    // Upstream: registry/scheduling/priorityclass `REST.Delete`.
    if object.kind == Kind::PRIORITY_CLASS && ["system-node-critical", "system-cluster-critical"].contains(&name) {
        let text = format!(
            "priorityclasses.scheduling.k8s.io \"{name}\" is forbidden: this is a system priority class and cannot be deleted"
        );
        return Err(Status::new(Reason::Forbidden, text));
    }
    if dry_run != DryRun::None {
        return Ok(());
    }
    call.cluster.delete(call.now, object, manner.options)
}

/// The line of an object that is to go.
fn told(line: &CommandLine, (kind, name): (Kind, &str), manner: Manner, dry_run: DryRun, printed: &mut Printed) {
    if line.flags.text("output") == "name" {
        printed.line(printed_name(kind, name));
        return;
    }
    let verb = if manner.forced { "force deleted" } else { "deleted" };
    printed.line(format!("{} \"{name}\" {verb}{}", kind.printed(), dry_run.suffix()));
}

/// Waits until they are all gone, or until the time is over.
#[expect(clippy::unnecessary_wraps, reason = "what is pending goes on with one signature, and others can fail")]
pub(crate) fn go_on(
    call: &mut Call<'_>,
    deadline: SimTime,
    mut gone: Gone,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    gone.objects.retain(|object| call.cluster.is_live(*object));
    if gone.objects.is_empty() {
        return Ok(Outcome::Done);
    }
    if call.now >= deadline {
        for object in &gone.objects {
            let name = call.cluster.identity(*object).1;
            let text = format!("timed out waiting for the condition on {}/{name}", object.kind.plural());
            printed.fail(&if gone.objects.len() == 1 { Failure::error(text) } else { Failure::plain(text) });
        }
        return Ok(Outcome::Done);
    }
    Ok(Outcome::Wait { deadline, pending: Pending::Gone(gone) })
}
