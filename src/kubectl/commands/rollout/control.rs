//! `kubectl rollout pause`, `resume` and `restart`.

use serde_json::json;

use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::super::Call;
use super::super::super::command_line::CommandLine;
use super::super::super::errors::Failure;
use super::super::super::output::Printed;
use super::super::super::requests::Manner;
use super::super::super::results;
use super::super::Outcome;
use super::{resource_and_name, targets};

pub(crate) fn pause(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    set_paused(call, line, true, printed)
}

pub(crate) fn resume(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    set_paused(call, line, false, printed)
}

fn set_paused(
    call: &mut Call<'_>,
    line: &CommandLine,
    paused: bool,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    let (verb, doing) = if paused { ("paused", "pausing") } else { ("resumed", "resuming") };
    for object in targets(call, line, printed)? {
        let name = resource_and_name(call, object);
        let Some(deployment) = deployment_of(call, object) else {
            printed.fail(&Failure::error(format!("{name} {doing} is not supported")));
            continue;
        };
        if deployment == paused {
            let state = if paused { "is already paused" } else { "is not paused" };
            printed.fail(&Failure::error(format!("{name} {state}")));
            continue;
        }
        call.cluster.modify_spec(call.now, object, |body| {
            body.as_deployment_mut().is_some_and(|deployment| {
                deployment.paused = paused;
                true
            })
        });
        let name = call.cluster.identity(object).1.to_owned();
        results::show(line, (object.kind, &name), verb, printed, || call.cluster.view(object))?;
    }
    Ok(Outcome::Done)
}

/// Is the Deployment paused? `None` for other kinds.
fn deployment_of(call: &Call<'_>, object: ObjectRef) -> Option<bool> {
    if object.kind != Kind::DEPLOYMENT {
        return None;
    }
    call.cluster.body(object).as_deployment().map(|deployment| deployment.paused)
}

pub(crate) fn restart(call: &mut Call<'_>, line: &CommandLine, printed: &mut Printed) -> Result<Outcome, Failure> {
    let mut refusals = Printed::default();
    let objects = targets(call, line, &mut refusals)?;
    if objects.is_empty() && !refusals.failed {
        let namespace = line.namespace(call.context_namespace);
        printed.err_line(format!("No resources found in {namespace} namespace."));
    }
    for object in objects {
        let name = resource_and_name(call, object);
        if !matches!(object.kind, Kind::DEPLOYMENT | Kind::DAEMON_SET | Kind::STATEFUL_SET) {
            printed.fail(&Failure::error(format!("{name} restarting is not supported")));
            continue;
        }
        if deployment_of(call, object) == Some(true) {
            printed.fail(&Failure::error(format!("{name} can't restart paused deployment (run rollout resume first)")));
            continue;
        }
        let mut view = call.cluster.view(object);
        let annotations = &mut view["spec"]["template"]["metadata"]["annotations"];
        annotations["kubectl.kubernetes.io/restartedAt"] = json!(call.cluster.clock().timestamp(call.now));
        match call.update(object, view, Manner::PATCH, printed) {
            // Upstream: cmd/rollout `RestartOptions.RunRestart`: the annotation counts seconds.
            Ok(false) => {
                let name = call.cluster.identity(object).1;
                printed.fail(&Failure::error(format!(
                    "failed to create patch for {name}: if restart has already been triggered within the past second, please wait before attempting to trigger another"
                )));
            }
            Ok(true) => {
                let name = call.cluster.identity(object).1.to_owned();
                results::show(line, (object.kind, &name), "restarted", printed, || call.cluster.view(object))?;
            }
            Err(status) => printed.fail(&Failure::server(&status)),
        }
    }
    printed.err.push_str(&refusals.err);
    printed.failed |= refusals.failed;
    Ok(Outcome::Done)
}
