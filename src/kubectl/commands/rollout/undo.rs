//! `kubectl rollout undo`. Upstream: kubectl polymorphichelpers `Rollbacker`s.

use serde_json::{Map, Value};

use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::super::Call;
use super::super::super::command_line::CommandLine;
use super::super::super::describe;
use super::super::super::errors::Failure;
use super::super::super::output::Printed;
use super::super::super::requests::{DryRun, Manner};
use super::super::super::results;
use super::super::Outcome;
use super::revisions::{Revision, revisions, template};
use super::{targets, without_visitor};

/// Annotations of a Deployment that a rollback leaves alone.
const KEPT: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

pub(crate) fn undo(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let wanted = line.flags.number("to-revision").unwrap_or(0);
    let dry_run = DryRun::of(line)?;
    for object in targets(call, line, printed)? {
        match roll_back(call, object, wanted, dry_run) {
            Ok(result) => {
                let name = call.cluster.identity(object).1.to_owned();
                results::show(line, (object.kind, &name), &result, printed, || call.cluster.view(object))?;
            }
            Err(failure) => printed.fail(&failure),
        }
    }
    Ok(Outcome::Done)
}

fn roll_back(call: &mut Call<'_>, object: ObjectRef, wanted: i64, dry_run: DryRun) -> Result<String, Failure> {
    let name = call.cluster.identity(object).1.to_owned();
    let Some(revisions) = revisions(call, object) else {
        return Err(without_visitor(object.kind, "rollbacker", "no rollbacker has been implemented for"));
    };
    if wanted < 0 {
        return Err(Failure::error(format!("unable to find specified revision {wanted} in history")));
    }
    let paused = object.kind == Kind::DEPLOYMENT
        && call.cluster.body(object).as_deployment().is_some_and(|deployment| deployment.paused);
    if paused {
        return Err(Failure::error(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        ));
    }
    let target = choose(&revisions, wanted).ok_or_else(|| {
        Failure::error(if wanted > 0 {
            format!("unable to find specified revision {wanted} in history")
        } else if object.kind == Kind::DEPLOYMENT {
            format!("no rollout history found for deployment \"{name}\"")
        } else {
            "no last revision to roll back to".to_owned()
        })
    })?;
    let new = template(call, target);
    if dry_run == DryRun::Client {
        let view = call.cluster.view(target.object);
        return Ok(describe::template_with_tabs(&view["spec"]["template"]));
    }
    let mut view = call.cluster.view(object);
    if same(&view["spec"]["template"], &new) {
        return Ok(format!("skipped rollback (current template already matches revision {})", target.number));
    }
    if object.kind == Kind::DEPLOYMENT {
        let annotations = annotations(&view, &call.cluster.view(target.object));
        view["metadata"]["annotations"] = Value::Object(annotations);
    }
    view["spec"]["template"] = new;
    call.update(object, view, Manner { dry_run, ..Manner::PATCH }, &mut Printed::default())?;
    Ok("rolled back".to_owned())
}

/// The revision asked for, or the one before the last.
fn choose(revisions: &[Revision], wanted: i64) -> Option<&Revision> {
    if wanted > 0 {
        return revisions.iter().find(|revision| revision.number == wanted);
    }
    revisions.len().checked_sub(2).and_then(|place| revisions.get(place))
}

fn same(left: &Value, right: &Value) -> bool {
    let part = |value: &Value, key: &str| match &value["metadata"][key] {
        Value::Object(map) if map.is_empty() => Value::Null,
        other => other.clone(),
    };
    left["spec"] == right["spec"] && ["labels", "annotations"].iter().all(|key| part(left, key) == part(right, key))
}

/// The Deployment's own bookkeeping stays, everything else is the revision's.
fn annotations(deployment: &Value, replica_set: &Value) -> Map<String, Value> {
    let of = |view: &Value| view["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    let mut merged: Map<String, Value> =
        of(deployment).into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())).collect();
    merged.extend(of(replica_set).into_iter().filter(|(key, _)| !KEPT.contains(&key.as_str())));
    merged
}
