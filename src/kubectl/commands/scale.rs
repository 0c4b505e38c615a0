//! `kubectl scale`.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use crate::api::custom::CustomKind;
use crate::api::{Reason, Status};
use crate::cluster::Change;
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::listing::{self, Target};
use super::super::output::Printed;
use super::super::requests::{DryRun, Manner};
use super::super::resources::Named;
use super::super::results;
use super::super::waiting::Pending;
use super::Outcome;

/// Objects that are scaled one after another, each awaited for `--timeout`.
#[derive(Clone, Debug)]
pub(crate) struct Scaling {
    line: CommandLine,
    replicas: i32,
    /// Those that are still to come; the first may have been scaled already.
    objects: VecDeque<ObjectRef>,
    is_first_scaled: bool,
    /// What is said of objects that there are not, at the end.
    refusals: Printed,
}

impl Scaling {
    /// Is it about the object that is waited for?
    pub(crate) fn touches(&self, change: &Change) -> bool {
        self.objects.front() == Some(&change.object)
    }
}

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let replicas = line.flags.number("replicas").unwrap_or(-1);
    if replicas < 0 {
        return Err(Failure::error(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
        ));
    }
    if line.flags.number("current-replicas").is_some_and(|current| current < -1) {
        return Err(Failure::error("The --current-replicas must specify an integer of -1 or greater"));
    }
    if line.has_files() {
        return scale_files(call, line, replicas as i32, printed);
    }
    let mut refusals = Printed::default();
    let named = call.named(&line.arguments)?;
    let objects = listing::chosen(call, line, &named, &mut refusals)?;
    if objects.len() > 1 && !line.flags.text("resource-version").is_empty() {
        return Err(Failure::error("cannot use --resource-version with multiple resources"));
    }
    if objects.is_empty() && !refusals.failed {
        return Err(Failure::error("no objects passed to scale"));
    }
    if objects.is_empty() && refusals.failed {
        let reason = refusals.err.trim_end().trim_start_matches("Error from server (NotFound): ");
        return Err(Failure::error(format!("no objects passed to scale {reason}")));
    }
    let (replicas, objects) = (replicas as i32, objects.into());
    let scaling = Scaling { line: line.clone(), replicas, objects, is_first_scaled: false, refusals };
    go_on(call, SimTime::NEVER, scaling, printed)
}

/// Scales the next object once the one before has as many replicas as it should; the first that fails ends it.
/// Upstream: cmd/scale `ScaleOptions.RunScale`, kubectl pkg/scale `genericScaler.Scale`.
pub(crate) fn go_on(
    call: &mut Call<'_>,
    mut deadline: SimTime,
    mut scaling: Scaling,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let dry_run = DryRun::of(&scaling.line)?;
    let patience = scaling.line.flags.duration("timeout").filter(|limit| limit.0 > 0 && dry_run == DryRun::None);
    while let Some(object) = scaling.objects.front().copied() {
        let name = call.cluster.identity(object).1.to_owned();
        if !call.cluster.is_live(object) {
            return Err(Failure::server(&Status::not_found(&object.kind.resource(), &name)));
        }
        if !scaling.is_first_scaled {
            scale(call, &scaling.line, object, scaling.replicas, dry_run)?;
            scaling.is_first_scaled = true;
            deadline = patience.map_or(SimTime::NEVER, |limit| call.now + limit);
        }
        if patience.is_some() && !is_synced(call, object, scaling.replicas) {
            if call.now >= deadline {
                return Err(Failure::error(format!("timed out waiting for {name:?} to be synced")));
            }
            return Ok(Outcome::Wait { deadline, pending: Pending::Scaling(Box::new(scaling)) });
        }
        results::show(&scaling.line, (object.kind, &name), "scaled", printed, || call.cluster.view(object))?;
        scaling.objects.pop_front();
        scaling.is_first_scaled = false;
    }
    printed.err.push_str(&scaling.refusals.err);
    printed.failed |= scaling.refusals.failed;
    Ok(Outcome::Done)
}

/// Has it as many replicas as it was told, or was it told otherwise since? Upstream: kubectl pkg/scale
/// `scaleHasDesiredReplicas`.
fn is_synced(call: &Call<'_>, object: ObjectRef, replicas: i32) -> bool {
    let path = call.cluster.custom.get(object.kind).and_then(CustomKind::scale);
    let path = path.map_or("/status/replicas", |scale| scale.status.as_str());
    let there_are = call.cluster.view(object).pointer(path).and_then(Value::as_i64).unwrap_or(0);
    call.cluster.scale_of(object) != Some(replicas) || there_are == i64::from(replicas)
}

/// Files are taken at their word: whether the objects exist shows when they are scaled.
fn scale_files(
    call: &mut Call<'_>,
    line: &CommandLine,
    replicas: i32,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let dry_run = DryRun::of(line)?;
    for Target { kind, namespace, name, value } in listing::targets(call, line, &Named::default(), printed)? {
        let scales = Kind::SCALABLE.contains(&kind);
        if !scales && !kind.is_custom() {
            let text = "the server could not find the requested resource";
            return Err(Failure::server(&Status::new(Reason::NotFound, text)));
        }
        if dry_run != DryRun::Client {
            let object = call.find(kind, &namespace, &name)?;
            scale(call, line, object, replicas, dry_run)?;
        }
        results::show(line, (kind, &name), "scaled", printed, || value)?;
    }
    Ok(Outcome::Done)
}

fn scale(
    call: &mut Call<'_>,
    line: &CommandLine,
    object: ObjectRef,
    replicas: i32,
    dry_run: DryRun,
) -> Result<(), Failure> {
    let Some(current) = call.cluster.scale_of(object) else {
        let text = "the server could not find the requested resource";
        return Err(Failure::server(&Status::new(Reason::NotFound, text)));
    };
    if let Some(expected) = line.flags.number("current-replicas").filter(|expected| *expected >= 0)
        && expected != i64::from(current)
    {
        return Err(Failure::error(format!("Expected replicas to be {expected}, was {current}")));
    }
    let expected = line.flags.text("resource-version");
    let version = call.cluster.view(object)["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
    if !expected.is_empty() && expected != version {
        return Err(Failure::error(format!("Expected resource version to be {expected}, was {version}")));
    }
    if dry_run == DryRun::None {
        call.cluster.scale(call.now, object, replicas);
        if replicas != current {
            let set = BTreeSet::from([".spec.replicas".to_owned()]);
            call.cluster.note_update(object, ("kubectl", "scale"), set, &BTreeSet::new());
        }
        if line.flags.is_on("record", false) {
            let mut view = call.cluster.view(object);
            results::record(line, &mut view);
            call.update(object, view, Manner::PATCH, &mut Printed::default())?;
        }
    }
    Ok(())
}
