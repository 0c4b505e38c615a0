//! `kubectl run --attach`, `-i`, `-t`, `--rm`: waits for the pod, streams its output, passes its exit code on.
//! Upstream: kubectl cmd/run `RunOptions.Run`, `handleAttachPod`, `waitForPod`.

use super::super::Call;
use super::super::errors::Failure;
use super::super::output::Printed;
use super::super::waiting::Pending;
use super::Outcome;
use super::delete::{self, Gone};
use super::log_streams::{self, Follow};
use crate::cluster::{Change, DeleteOptions};
use crate::engine::{SimDuration, SimTime};
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::{ContainerState, PodPhase};
use crate::model::pod_spec::RestartPolicy;

/// `--pod-running-timeout`.
pub(super) const RUNNING_TIMEOUT: SimDuration = SimDuration::from_secs(60);

/// How far it is.
#[derive(Clone, Debug)]
enum Stage {
    /// Until the pod runs, or has run.
    Starting,
    /// Until its container ends.
    Streaming(Follow),
    /// Until the pod's phase tells how.
    Ending,
}

/// A pod that a command has started and is attached to.
#[derive(Clone, Debug)]
pub(crate) struct Attached {
    pub(super) pod: PodId,
    pub(super) remove: bool,
    pub(super) quiet: bool,
    /// Index of the container; `None` is the first main one of a pod that was created for it, whose exit code counts.
    pub(super) container: Option<usize>,
    /// When it gives up to wait for the start.
    pub(super) give_up: SimTime,
    stage: Stage,
}

impl Attached {
    /// To a pod that was just created.
    pub(super) fn new(pod: PodId, remove: bool, quiet: bool, give_up: SimTime) -> Self {
        Self { pod, remove, quiet, container: None, give_up, stage: Stage::Starting }
    }

    /// To a container that somebody looks into a pod with. Upstream: kubectl cmd/debug `handleAttachPod`.
    pub(super) fn to_debugger(pod: PodId, container: usize, quiet: bool) -> Self {
        let (remove, give_up) = (false, SimTime::NEVER);
        Self { pod, remove, quiet, container: Some(container), give_up, stage: Stage::Starting }
    }

    /// Is it about the pod?
    pub(crate) fn touches(&self, change: &Change) -> bool {
        change.object == ObjectRef::pod(self.pod)
    }
}

/// Goes on as far as the pod has come.
pub(crate) fn go_on(call: &mut Call<'_>, mut attached: Attached, printed: &mut Printed) -> Result<Outcome, Failure> {
    let pod = attached.pod;
    let row = call.cluster.pod(pod);
    let (phase, is_ready, is_gone) = (row.status.phase, row.is_ready(), row.deleted);
    let spec = &call.cluster.template_of(pod).spec;
    let container = attached.container.unwrap_or(spec.init_count);
    let is_debugger = attached.container.is_some();
    let counts_exit = !is_debugger && matches!(spec.restart_policy, RestartPolicy::Never | RestartPolicy::OnFailure);
    let wait = |attached: Attached, deadline: SimTime| {
        Ok(Outcome::Wait { deadline, pending: Pending::Attached(Box::new(attached)) })
    };
    if is_gone {
        return finish(call, &attached, printed);
    }
    if matches!(attached.stage, Stage::Starting) {
        let state = row.status.containers.get(container).map(|status| &status.state);
        let (starts, over) = if is_debugger {
            let over = matches!(state, Some(ContainerState::Terminated(_)));
            (over || matches!(state, Some(ContainerState::Running { .. })), over)
        } else {
            (phase == PodPhase::Running && is_ready || phase.is_terminal(), phase.is_terminal())
        };
        if starts {
            if !over && !attached.quiet {
                printed.err_line("If you don't see a command prompt, try pressing enter.");
            }
            attached.stage = Stage::Streaming(Follow::whole(pod, container));
        } else if call.now >= attached.give_up {
            printed.fail(&Failure::error("timed out waiting for the condition"));
            return finish(call, &attached, printed);
        } else {
            let deadline = attached.give_up;
            return wait(attached, deadline);
        }
    }
    if let Stage::Streaming(follow) = &mut attached.stage {
        if !log_streams::has_ended(call, follow, printed)? {
            return wait(attached, SimTime::NEVER);
        }
        attached.stage = Stage::Ending;
    }
    if counts_exit && !phase.is_terminal() {
        return wait(attached, SimTime::NEVER);
    }
    if phase == PodPhase::Failed && !is_debugger {
        let row = call.cluster.pod(pod);
        let state = row.status.containers.get(container).map(|status| &status.state);
        if let Some(ContainerState::Terminated(end)) = state {
            let namespace = call.cluster.namespace_name(row.namespace);
            printed.err_line(format!("pod {namespace}/{} terminated ({})\n{}", row.name, end.reason, end.message));
            printed.status = Some(end.exit_code);
        }
        printed.failed = true;
    }
    finish(call, &attached, printed)
}

/// `--rm` deletes what was created.
fn finish(call: &mut Call<'_>, attached: &Attached, printed: &mut Printed) -> Result<Outcome, Failure> {
    let object = ObjectRef::pod(attached.pod);
    if !attached.remove || !call.cluster.is_live(object) {
        return Ok(Outcome::Done);
    }
    let name = call.cluster.pod(attached.pod).name.clone();
    match call.cluster.delete(call.now, object, DeleteOptions::default()) {
        Ok(()) => printed.line(format!("pod \"{name}\" deleted")),
        Err(status) => printed.fail(&Failure::server(&status)),
    }
    delete::go_on(call, SimTime::NEVER, Gone { objects: vec![object] }, printed)
}
