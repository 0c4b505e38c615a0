//! The loop of a rolling update of ReplicationControllers: the client itself moves replicas from one to the other.
//! Upstream: kubectl v1.10 pkg/kubectl/rolling_updater.go `RollingUpdater.Update`, `scaleUp`, `scaleDown`,
//! `cleanupWithClients`, `Rename`.

use serde_json::json;

use crate::cluster::{DeleteOptions, Propagation};
use crate::engine::{SimDuration, SimTime};
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::commands::Outcome;
use super::super::errors::Failure;
use super::super::output::Printed;
use super::super::requests::Manner;
use super::super::waiting::Pending;

pub(super) const SOURCE: &str = "kubectl.kubernetes.io/update-partner";
pub(super) const DESIRED: &str = "kubectl.kubernetes.io/desired-replicas";
pub(super) const ORIGINAL: &str = "kubectl.kubernetes.io/original-replicas";
/// How a renamed controller's end is waited for. Upstream: rolling_updater `Rename`.
const RENAME_INTERVAL: SimDuration = SimDuration::from_secs(5);
const RENAME_TIMEOUT: SimDuration = SimDuration::from_secs(60);
/// Upstream: the command's `RollingUpdaterConfig`: one pod more, none less.
const MAX_SURGE: i32 = 1;

/// `--update-period`, `--poll-interval`, `--timeout`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) period: SimDuration,
    pub(super) interval: SimDuration,
    pub(super) timeout: SimDuration,
}

/// What becomes of the old controller.
#[derive(Clone, Debug)]
pub(super) enum Cleanup {
    /// It goes.
    Delete,
    /// It goes, and the new one gets its name.
    Rename(String),
}

/// Where the loop is.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The new controller grew: until its pods exist.
    Grown(SimTime),
    /// Things settle until this instant.
    Settling(SimTime),
    /// The old controller shrank: until its pods are gone.
    Shrunk(SimTime),
    /// All is moved: until the new controller's status shows it.
    Finishing(SimTime),
    /// The new controller was deleted to get another name.
    Renaming(SimTime),
}

/// A rolling update that is under way.
#[derive(Clone, Debug)]
pub(crate) struct RollingUpdate {
    old: ObjectRef,
    new: ObjectRef,
    desired: i32,
    min_available: i32,
    pace: Pace,
    cleanup: Cleanup,
    /// The old controller's own partner at the beginning; a rollback gives it another one.
    partner: Option<String>,
    phase: Phase,
    /// When it looks again.
    next_look: SimTime,
    /// Sizes at the beginning of this round.
    before: (i32, i32),
    progress_deadline: SimTime,
    /// The new controller as it is made again under its new name.
    renamed: Option<serde_json::Value>,
}

fn replicas(call: &Call<'_>, controller: ObjectRef) -> i32 {
    call.cluster.body(controller).as_replica_set().map_or(0, |set| set.replicas)
}

/// Announces the plan and takes the first step.
pub(super) fn begin(
    call: &mut Call<'_>,
    (old, new): (ObjectRef, ObjectRef),
    cleanup: Cleanup,
    pace: Pace,
    printed: &mut Printed,
) -> Outcome {
    let annotation = call.cluster.meta(new).annotations.get(DESIRED).and_then(|text| text.parse::<i32>().ok());
    let desired = annotation.unwrap_or_else(|| replicas(call, new));
    let min_available = desired.max(0);
    let (old_name, new_name) = (call.cluster.meta(old).name.clone(), call.cluster.meta(new).name.clone());
    printed.line(format!(
        "Scaling up {new_name} from {} to {desired}, scaling down {old_name} from {} to 0 (keep {min_available} pods available, don't exceed {} pods)",
        replicas(call, new),
        replicas(call, old),
        desired + MAX_SURGE,
    ));
    let update = RollingUpdate {
        old,
        new,
        desired,
        min_available,
        pace,
        cleanup,
        partner: call.cluster.meta(old).annotations.get(SOURCE).map(str::to_owned),
        phase: Phase::Settling(call.now),
        next_look: call.now,
        before: (0, 0),
        progress_deadline: call.now + pace.timeout,
        renamed: None,
    };
    round(call, update, printed)
}

/// The next round of the loop, or its end.
fn round(call: &mut Call<'_>, mut update: RollingUpdate, printed: &mut Printed) -> Outcome {
    let (old, new) = (replicas(call, update.old), replicas(call, update.new));
    if new == update.desired && old == 0 {
        update.phase = Phase::Finishing(call.now + update.pace.timeout);
        for key in [SOURCE, DESIRED] {
            call.cluster.modify_meta(call.now, update.new, |meta| {
                let known = meta.annotations.get(key).is_some();
                meta.annotations = std::sync::Arc::new(meta.annotations.without(key));
                known
            });
        }
        return wait(update, call.now);
    }
    update.before = (old, new);
    let room = if old == 0 { update.desired - new } else { update.desired + MAX_SURGE - old - new };
    let target = (new + room.max(0)).min(update.desired);
    if target > new {
        printed.line(format!("Scaling {} up to {target}", call.cluster.meta(update.new).name));
        scale(call, update.new, target);
        update.phase = Phase::Grown(call.now + update.pace.timeout);
        return wait(update, call.now);
    }
    update.phase = Phase::Settling(call.now + update.pace.period);
    wait(update, call.now)
}

fn scale(call: &mut Call<'_>, controller: ObjectRef, replicas: i32) {
    call.cluster.scale(call.now, controller, replicas);
}

/// Waits for the phase's end, looking at the polls' times.
fn wait(mut update: RollingUpdate, now: SimTime) -> Outcome {
    update.next_look = match update.phase {
        Phase::Settling(until) => until,
        Phase::Renaming(_) => now + RENAME_INTERVAL,
        _ => now + update.pace.interval,
    };
    let deadline = update.next_look;
    Outcome::Wait { deadline, pending: Pending::RollingUpdate(Box::new(update)) }
}

/// Upstream: client/unversioned `ControllerHasDesiredReplicas`.
fn has_settled(call: &Call<'_>, controller: ObjectRef) -> bool {
    let generation = call.cluster.meta(controller).generation;
    call.cluster
        .body(controller)
        .as_replica_set()
        .is_some_and(|set| set.status.observed_generation >= generation && set.status.replicas == set.replicas)
}

/// Goes on after a wait.
pub(crate) fn go_on(call: &mut Call<'_>, mut update: RollingUpdate, printed: &mut Printed) -> Result<Outcome, Failure> {
    if call.now < update.next_look {
        let deadline = update.next_look;
        return Ok(Outcome::Wait { deadline, pending: Pending::RollingUpdate(Box::new(update)) });
    }
    if let Phase::Renaming(until) = update.phase {
        return rename(call, update, until, printed);
    }
    for controller in [update.old, update.new] {
        if !call.cluster.is_live(controller) {
            let name = &call.cluster.meta(controller).name;
            return Err(Failure::error(format!("replicationcontrollers \"{name}\" not found")));
        }
    }
    if call.cluster.meta(update.old).annotations.get(SOURCE) != update.partner.as_deref() {
        // A rollback took over: whoever typed it has interrupted this command before.
        printed.err_line("^C");
        return Err(Failure::plain(String::new()));
    }
    match update.phase {
        Phase::Grown(until) if !has_settled(call, update.new) => not_yet(call, update, until),
        Phase::Grown(_) => {
            update.phase = Phase::Settling(call.now + update.pace.period);
            Ok(wait(update, call.now))
        }
        Phase::Settling(_) => shrink(call, update, printed),
        Phase::Shrunk(until) if !has_settled(call, update.old) => not_yet(call, update, until),
        Phase::Shrunk(_) => end_of_round(call, update, printed),
        Phase::Finishing(until) if !has_settled(call, update.new) => not_yet(call, update, until),
        Phase::Finishing(_) => clean_up(call, update, printed),
        Phase::Renaming(_) => unreachable!("dealt with above"),
    }
}

fn not_yet(call: &Call<'_>, update: RollingUpdate, until: SimTime) -> Result<Outcome, Failure> {
    if call.now >= until {
        return Err(Failure::error("timed out waiting for the condition"));
    }
    Ok(wait(update, call.now))
}

/// Upstream: rolling_updater `scaleDown`.
fn shrink(call: &mut Call<'_>, mut update: RollingUpdate, printed: &mut Printed) -> Result<Outcome, Failure> {
    let (old, new) = (replicas(call, update.old), replicas(call, update.new));
    let available = available(call, update.new);
    let decrement = old + new - update.min_available - (new - available);
    if old == 0 || decrement <= 0 {
        return end_of_round(call, update, printed);
    }
    let all_moved = new == update.desired && available == update.desired;
    let target = if all_moved { 0 } else { (old - decrement).max(0) };
    printed.line(format!("Scaling {} down to {target}", call.cluster.meta(update.old).name));
    scale(call, update.old, target);
    update.phase = Phase::Shrunk(call.now + update.pace.timeout);
    Ok(wait(update, call.now))
}

fn available(call: &Call<'_>, controller: ObjectRef) -> i32 {
    let seconds = call.cluster.body(controller).as_replica_set().map_or(0, |set| set.min_ready_seconds);
    let pods = call.cluster.pods_of(controller).map(|pod| call.cluster.pod(pod));
    pods.filter(|row| row.deletion.is_none() && row.is_available(seconds, call.now)).count() as i32
}

fn end_of_round(call: &mut Call<'_>, mut update: RollingUpdate, printed: &mut Printed) -> Result<Outcome, Failure> {
    if (replicas(call, update.old), replicas(call, update.new)) != update.before {
        update.progress_deadline = call.now + update.pace.timeout;
    } else if call.now > update.progress_deadline {
        return Err(Failure::error("timed out waiting for any update progress to be made"));
    }
    Ok(round(call, update, printed))
}

fn clean_up(call: &mut Call<'_>, mut update: RollingUpdate, printed: &mut Printed) -> Result<Outcome, Failure> {
    let old_name = call.cluster.meta(update.old).name.clone();
    let new_name = call.cluster.meta(update.new).name.clone();
    let orphans = DeleteOptions { grace_seconds: None, propagation: Propagation::Orphan };
    let delete = |call: &mut Call<'_>, controller| {
        call.cluster.delete(call.now, controller, orphans).map_err(|status| Failure::server(&status))
    };
    let Cleanup::Rename(name) = update.cleanup.clone() else {
        printed.line(format!("Update succeeded. Deleting {old_name}"));
        delete(call, update.old)?;
        printed.line(format!("replicationcontroller/{new_name} rolling updated"));
        return Ok(Outcome::Done);
    };
    printed.line(format!("Update succeeded. Deleting old controller: {old_name}"));
    delete(call, update.old)?;
    printed.line(format!("Renaming {new_name} to {name}"));
    let view = call.cluster.view(update.new);
    let mut metadata = json!({"name": name, "namespace": view["metadata"]["namespace"]});
    for field in ["labels", "annotations"] {
        if view["metadata"][field].is_object() {
            metadata[field] = view["metadata"][field].clone();
        }
    }
    update.renamed = Some(json!({
        "apiVersion": "v1", "kind": "ReplicationController", "metadata": metadata, "spec": view["spec"],
    }));
    delete(call, update.new)?;
    update.phase = Phase::Renaming(call.now + RENAME_TIMEOUT);
    Ok(wait(update, call.now))
}

/// The new controller is gone, its pods are not: it comes back under the old one's name and adopts them.
fn rename(
    call: &mut Call<'_>,
    mut update: RollingUpdate,
    until: SimTime,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    if call.cluster.is_live(update.new) {
        return not_yet(call, update, until);
    }
    let (Cleanup::Rename(name), Some(value)) = (&update.cleanup, update.renamed.take()) else {
        return Ok(Outcome::Done);
    };
    let namespace = value["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    call.create(value, &namespace, Manner::PATCH, printed).map_err(|error| Failure::error(error.to_string()))?;
    printed.line(format!("replicationcontroller/{name} rolling updated"));
    Ok(Outcome::Done)
}
