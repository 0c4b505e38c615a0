//! `kubectl rollout status`. Upstream: kubectl polymorphichelpers `StatusViewer`s.

use crate::cluster::Change;
use crate::engine::SimTime;
use crate::model::condition::find;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef};

use super::super::super::Call;
use super::super::super::command_line::CommandLine;
use super::super::super::errors::Failure;
use super::super::super::output::Printed;
use super::super::super::waiting::Pending;
use super::super::Outcome;
use super::{group_kind, targets};

/// A rollout that is watched.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    object: ObjectRef,
    /// What comes after it.
    rest: Vec<ObjectRef>,
    /// The version whose state was printed last.
    seen: u64,
    follow: bool,
}

impl Watch {
    /// Is it about the watched object?
    pub(crate) fn touches(&self, change: &Change) -> bool {
        change.object == self.object
    }
}

pub(crate) fn status(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let mut objects = targets(call, line, printed)?;
    if objects.is_empty() {
        return Ok(Outcome::Done);
    }
    let wanted = line.flags.number("revision").unwrap_or(0);
    if wanted < 0 {
        return Err(Failure::error(format!("revision must be a positive integer: {wanted}")));
    }
    if wanted > 0 {
        let view = call.cluster.view(objects[0]);
        let running = view["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str().unwrap_or("0");
        if objects[0].kind == Kind::DEPLOYMENT && running != wanted.to_string() {
            return Err(Failure::error(format!(
                "desired revision ({wanted}) is different from the running revision ({running})"
            )));
        }
    }
    let follow = line.flags.is_on("watch", true);
    let deadline = line
        .flags
        .duration("timeout")
        .filter(|timeout| timeout.0 > 0)
        .map_or(SimTime::NEVER, |timeout| call.now + timeout);
    let object = objects.remove(0);
    go_on(call, deadline, Watch { object, rest: objects, seen: 0, follow }, printed)
}

/// Prints the state after each change, until the rollout is complete.
pub(crate) fn go_on(
    call: &mut Call<'_>,
    deadline: SimTime,
    mut watch: Watch,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    loop {
        if !call.cluster.is_live(watch.object) {
            return Err(Failure::error("object has been deleted"));
        }
        let (text, done) = state(call, watch.object)?;
        let version = call.cluster.meta(watch.object).resource_version;
        if version != watch.seen {
            printed.line(&text);
            watch.seen = version;
        }
        if !done && watch.follow {
            if call.now >= deadline {
                return Err(Failure::error("timed out waiting for the condition"));
            }
            return Ok(Outcome::Wait { deadline, pending: Pending::Rollout(watch) });
        }
        if watch.rest.is_empty() {
            return Ok(Outcome::Done);
        }
        watch.object = watch.rest.remove(0);
        watch.seen = 0;
    }
}

/// What is printed, and whether the rollout is complete.
fn state(call: &Call<'_>, object: ObjectRef) -> Result<(String, bool), Failure> {
    if object.kind == Kind::POD {
        return Err(no_viewer(object));
    }
    let name = call.cluster.identity(object).1;
    let generation = call.cluster.meta(object).generation;
    match call.cluster.body(object) {
        Body::Deployment(deployment) => {
            let status = &deployment.status;
            if generation > status.observed_generation {
                return Ok(("Waiting for deployment spec update to be observed...".to_owned(), false));
            }
            let late = find(&status.conditions, "Progressing")
                .is_some_and(|condition| condition.reason == "ProgressDeadlineExceeded");
            if late {
                return Err(Failure::error(format!("deployment \"{name}\" exceeded its progress deadline")));
            }
            let waiting =
                |rest: String| Ok((format!("Waiting for deployment \"{name}\" rollout to finish: {rest}..."), false));
            if status.updated < deployment.replicas {
                return waiting(format!(
                    "{} out of {} new replicas have been updated",
                    status.updated, deployment.replicas
                ));
            }
            if status.replicas > status.updated {
                return waiting(format!("{} old replicas are pending termination", status.replicas - status.updated));
            }
            if status.available < status.updated {
                return waiting(format!("{} of {} updated replicas are available", status.available, status.updated));
            }
            Ok((format!("deployment \"{name}\" successfully rolled out"), true))
        }
        Body::DaemonSet(daemon_set) => {
            if daemon_set.on_delete {
                return Err(only_rolling());
            }
            let status = &daemon_set.status;
            if generation > status.observed_generation {
                return Ok(("Waiting for daemon set spec update to be observed...".to_owned(), false));
            }
            let waiting =
                |rest: String| Ok((format!("Waiting for daemon set \"{name}\" rollout to finish: {rest}..."), false));
            if status.updated < status.desired {
                return waiting(format!("{} out of {} new pods have been updated", status.updated, status.desired));
            }
            if status.available < status.desired {
                return waiting(format!("{} of {} updated pods are available", status.available, status.desired));
            }
            Ok((format!("daemon set \"{name}\" successfully rolled out"), true))
        }
        Body::StatefulSet(stateful_set) => {
            if stateful_set.on_delete {
                return Err(only_rolling());
            }
            let status = &stateful_set.status;
            if status.observed_generation == 0 || generation > status.observed_generation {
                return Ok(("Waiting for statefulset spec update to be observed...".to_owned(), false));
            }
            if status.ready < stateful_set.replicas {
                let missing = stateful_set.replicas - status.ready;
                return Ok((format!("Waiting for {missing} pods to be ready..."), false));
            }
            let wanted = stateful_set.replicas - stateful_set.partition;
            if status.updated < wanted {
                return Ok((
                    format!(
                        "Waiting for partitioned roll out to finish: {} out of {wanted} new pods have been updated...",
                        status.updated
                    ),
                    false,
                ));
            }
            let updated = status.updated;
            Ok((format!("partitioned roll out complete: {updated} new pods have been updated..."), true))
        }
        _ => Err(no_viewer(object)),
    }
}

fn only_rolling() -> Failure {
    Failure::error("rollout status is only available for RollingUpdate strategy type")
}

fn no_viewer(object: ObjectRef) -> Failure {
    Failure::error(format!("no status viewer has been implemented for {}", group_kind(object.kind)))
}
