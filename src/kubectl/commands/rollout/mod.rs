//! `kubectl rollout`.

mod control;
mod history;
mod revisions;
mod status;
mod undo;

pub(super) use control::{pause, restart, resume};
pub(super) use history::history;
pub(super) use status::status;
pub(crate) use status::{Watch, go_on};
pub(super) use undo::undo;

use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing;
use super::super::output::Printed;

/// The objects that the arguments name; a type alone means all of it.
fn targets(call: &Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Vec<ObjectRef>, Failure> {
    if line.arguments.is_empty() && !line.has_files() {
        return Err(Failure::error("required resource not specified"));
    }
    if line.has_files() {
        return listing::of_files(call, line, "retrieving", printed);
    }
    let named = call.named(&line.arguments)?;
    if named.objects.is_empty() {
        let namespace = line.namespace(call.context_namespace);
        let mut objects = Vec::new();
        for kind in &named.kinds {
            let filter = listing::Filter::of_any(call, line, *kind)?;
            objects.extend(listing::list(call.cluster, *kind, Some(namespace), &filter));
        }
        return Ok(objects);
    }
    listing::chosen(call, line, &named, printed)
}

/// A kind that has no history. Upstream: polymorphichelpers `HistoryViewerFor`, kubectl pkg/apps `GroupKindElement.Accept`.
fn without_visitor(kind: Kind, what: &str, known: &str) -> Failure {
    let (group, full) = (kind.info().group, group_kind(kind));
    let visited = [
        Kind::DAEMON_SET,
        Kind::DEPLOYMENT,
        Kind::JOB,
        Kind::POD,
        Kind::REPLICA_SET,
        Kind::REPLICATION_CONTROLLER,
        Kind::STATEFUL_SET,
        Kind::CRON_JOB,
    ];
    Failure::error(if visited.contains(&kind) {
        format!("{known} {full:?}")
    } else {
        format!("error retrieving {what} for {full:?}, no visitor method exists for {{{group} {}}}", kind.name())
    })
}

/// `ReplicaSet.apps`. Upstream: runtime/schema `GroupKind.String`.
fn group_kind(kind: Kind) -> String {
    let group = kind.info().group;
    if group.is_empty() { kind.name().to_owned() } else { format!("{}.{group}", kind.name()) }
}

/// `deployments.apps "web"`: how messages name an object here.
fn resource_and_name(call: &Call<'_>, object: ObjectRef) -> String {
    format!("{} \"{}\"", object.kind.resource(), call.cluster.identity(object).1)
}
