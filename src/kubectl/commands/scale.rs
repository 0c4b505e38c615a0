//! `kubectl scale`.

use std::collections::BTreeSet;

use crate::api::{Reason, Status};
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
use super::Outcome;

pub(super) fn run(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let replicas = line.flags.number("replicas").unwrap_or(-1);
    if replicas < 0 {
        return Err(Failure::error(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
        ));
    }
    if line.has_files() {
        return scale_files(call, line, replicas as i32, printed);
    }
    let mut refusals = Printed::default();
    let named = call.named(&line.arguments)?;
    let objects = listing::chosen(call, line, &named, &mut refusals)?;
    let dry_run = DryRun::of(line)?;
    for object in &objects {
        match scale(call, line, *object, replicas as i32, dry_run) {
            Ok(()) => {
                let name = call.cluster.identity(*object).1;
                results::show(line, (object.kind, name), "scaled", printed, || call.cluster.view(*object))?;
            }
            // Upstream: cmd/scale `RunScale` ends with the first that fails.
            Err(failure) => return Err(failure),
        }
    }
    if objects.is_empty() && !refusals.failed {
        return Err(Failure::error("no objects passed to scale"));
    }
    if objects.is_empty() && refusals.failed {
        let reason = refusals.err.trim_end().trim_start_matches("Error from server (NotFound): ");
        return Err(Failure::error(format!("no objects passed to scale {reason}")));
    }
    printed.err.push_str(&refusals.err);
    printed.failed |= refusals.failed;
    Ok(Outcome::Done)
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
