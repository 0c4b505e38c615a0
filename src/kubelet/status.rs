//! The status a sync publishes: container states, phase, conditions. Reads what the kubelet sees, writes nothing but it.
//! Upstream: kubelet_pods `generateAPIPodStatus`, `convertToAPIContainerStatuses`; status `generate.go`.

use super::conditions::{self, ConditionFacts, RecentWords};
use super::phase::phase;
use super::pod_sync::DEADLINE_REASON;
use super::probe_worker::{ProbeKind, Verdict};
use super::restart_all::Removed;
use super::view::{Restart, Seen, restart_after, seen_by};
use super::worker::{Flags, Worker};
use crate::cluster::Fields;
use crate::engine::SimTime;
use crate::engine::time::MaybeTime;
use crate::machines::{ContainerRow, Machines, RunState};
use crate::model::Text;
use crate::model::pod::{ContainerState, ContainerStatus, PodPhase, PodStatus, Termination};
use crate::model::pod_spec::{ContainerKind, PodSpec};

/// Longest termination message from a container's file, and from its log.
const MESSAGE_BYTES: usize = 4096;
const LOG_LINES: usize = 80;
const LOG_BYTES: usize = 2048;
/// All messages of a pod together; each container has its share. Upstream: status `normalizeStatus`.
const POD_MESSAGE_BYTES: usize = 12 * 1024;

/// What became of a status.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refreshed {
    /// The parts that have changed.
    pub fields: Fields,
    /// Has the pod ended?
    pub ended: bool,
}

/// Brings a pod's status in its place up to what is seen of it at `now`. `terminal`: its containers have been stopped for
/// good; until then a terminal phase stays hidden.
pub(super) fn refresh(
    now: SimTime,
    spec: &PodSpec,
    worker: &Worker,
    machines: &Machines,
    status: &mut PodStatus,
    terminal: bool,
    words: &RecentWords,
) -> Refreshed {
    let mut fields = Fields::empty();
    let is_told = status.containers.iter().any(tells_restart_of_all);
    let (are_changed, is_ready_as_before) = refresh_containers(spec, worker, machines, status);
    fields.set(Fields::CONTAINERS, are_changed);
    // Those of an earlier sandbox do not count.
    let mains_exist = !worker.flags.contains(Flags::RERUN_INITS)
        && spec.mains().any(|index| !seen_by(machines, worker, index).is_missing());
    // Static pods are not forced to an end. Upstream: `getPhase`.
    let is_static = worker.flags.contains(Flags::STATIC);
    let mut new_phase = phase(spec, &status.containers, terminal && !is_static, mains_exist);
    // A deadline is asked for with every status. Evictions and the like say once that the pod has failed, when it begins
    // to end: if its containers all end well then, it has succeeded after all, and no reason is left.
    // Upstream: `generateAPIPodStatus`, `SyncTerminatingPod`.
    let end = worker.extra.as_ref().and_then(|extra| extra.end.as_deref());
    let cause = end.filter(|end| !terminal || end.reason == DEADLINE_REASON || new_phase != PodPhase::Succeeded);
    if cause.is_some() {
        new_phase = PodPhase::Failed;
    }
    let before = status.phase;
    if new_phase == PodPhase::Pending && before == PodPhase::Running && !is_told && is_restarting_all(worker) {
        // All containers are about to be started anew: the pod goes on until the first of them runs again.
        new_phase = PodPhase::Running;
    }
    if before.is_terminal() {
        new_phase = before;
    }
    let ended = new_phase.is_terminal();
    if status.start_time == MaybeTime::NONE {
        status.start_time = now.into();
        fields.insert(Fields::STATUS);
    }
    let pod_ip = pod_ip(spec, worker, machines, status.pod_ip);
    if std::mem::replace(&mut status.pod_ip, pod_ip) != pod_ip {
        fields.insert(Fields::STATUS);
    }
    let facts = ConditionFacts {
        now,
        sandbox: worker.flags.contains(Flags::SANDBOX),
        initialized: worker.flags.contains(Flags::INITIALIZED),
        resize: worker.extra.as_ref().and_then(|extra| extra.resize.as_deref()).filter(|_| !terminal),
        disruption: end.filter(|end| end.disruption && terminal),
        is_ready_as_before,
        words,
    };
    status.phase = new_phase;
    fields |= conditions::refresh(spec, status, &facts);
    if ended && !terminal {
        status.phase = before;
    } else if let Some(cause) = cause {
        let reason = Some(Box::new((cause.reason.clone(), cause.message.clone())));
        if status.reason != reason {
            status.reason = reason;
            fields.insert(Fields::STATUS);
        }
    }
    fields.set(Fields::PHASE, status.phase != before);
    Refreshed { fields, ended }
}

/// Are containers shown otherwise than before, and are all that count for readiness as ready as they were?
fn refresh_containers(spec: &PodSpec, worker: &Worker, machines: &Machines, status: &mut PodStatus) -> (bool, bool) {
    let waiting_reason = if spec.init_count == 0 { "ContainerCreating" } else { "PodInitializing" };
    let of = |index: usize, shown: Option<&ContainerStatus>| {
        container_status(spec, worker, machines, index, (waiting_reason, shown))
    };
    let is_own = |index: usize| spec.own().contains(&index);
    if status.containers.len() == spec.containers.len() {
        let (mut are_changed, mut is_as_before) = (false, true);
        for (index, shown) in status.containers.iter_mut().enumerate() {
            let new = of(index, Some(shown));
            is_as_before &= !is_own(index) || new.ready == shown.ready;
            if new != *shown {
                *shown = new;
                are_changed = true;
            }
        }
        return (are_changed, is_as_before);
    }
    let new: Box<[ContainerStatus]> =
        (0..spec.containers.len()).map(|index| of(index, status.containers.get(index))).collect();
    let before = std::mem::replace(&mut status.containers, new);
    let is_same = |index: usize| before.get(index).is_some_and(|old| old.ready == status.containers[index].ready);
    (before != status.containers, spec.own().all(is_same))
}

/// The address of the sandbox, once a sync has seen it; the node's own with hostNetwork.
fn pod_ip(spec: &PodSpec, worker: &Worker, machines: &Machines, before: u32) -> u32 {
    if spec.host_network {
        return machines.machine(worker.node).internal_ip();
    }
    if worker.flags.contains(Flags::SANDBOX) && worker.address != 0 { worker.address } else { before }
}

fn container_status(
    spec: &PodSpec,
    worker: &Worker,
    machines: &Machines,
    index: usize,
    (waiting_reason, shown): (&'static str, Option<&ContainerStatus>),
) -> ContainerStatus {
    let seen = seen_by(machines, worker, index);
    let Some(newest) = seen.newest else {
        return never_run(worker, index, waiting_reason, shown);
    };
    let mut status = ContainerStatus {
        state: state_of(spec, index, newest, seen.state),
        last: seen
            .before
            .map(|row| termination(spec, index, row))
            .or_else(|| worker.removed(index).map(|removed| removed.termination.clone()))
            .map(Box::new),
        restart_count: newest.attempt,
        ready: false,
        started: Some(false),
        container_id: u64::from(newest.serial),
    };
    let is_init = matches!(spec.container_kind(index), ContainerKind::Init | ContainerKind::Sidecar);
    let restarts = match seen.exit() {
        // Upstream says of sidecars too that they have done what they were for.
        Some((0, _)) if is_init => false,
        Some((code, _)) => restart_after(spec, index, code) != Restart::No,
        None => seen.is_created(),
    };
    if let Some(error) = worker.start_error(index).filter(|_| restarts && tells_errors(worker)) {
        let waiting = ContainerState::Waiting { reason: error.reason.clone(), message: error.message.clone() };
        if let ContainerState::Terminated(ended) = std::mem::replace(&mut status.state, waiting) {
            status.last = Some(ended);
        }
    }
    if spec.container_kind(index) == ContainerKind::Ephemeral {
        status.started = None;
        return status;
    }
    let was_started = shown.is_some_and(|shown| shown.started == Some(true));
    let (ready, started) = readiness(spec, worker, index, &seen, was_started);
    status.ready = ready;
    status.started = Some(started);
    status
}

/// Nothing is started any more in a pod that is being deleted, so the cause of the last failure is not told either; one
/// that ends by itself keeps it. Upstream: kubelet container `ShouldContainerBeRestarted`.
fn tells_errors(worker: &Worker) -> bool {
    !worker.flags.contains(Flags::DELETED)
}

fn is_restarting_all(worker: &Worker) -> bool {
    let waits = |removed: &Removed| matches!(removed.state, ContainerState::Waiting { .. });
    worker.extra.as_ref().is_some_and(|extra| extra.removed.iter().any(waits))
}

/// That a container was removed for a restart of all is told once; then it waits like any other.
fn tells_restart_of_all(container: &ContainerStatus) -> bool {
    matches!(&container.state, ContainerState::Waiting { reason, .. } if reason == super::restart_all::REASON)
}

fn never_run(
    worker: &Worker,
    index: usize,
    waiting_reason: &'static str,
    shown: Option<&ContainerStatus>,
) -> ContainerStatus {
    let mut status = ContainerStatus::waiting(waiting_reason);
    if let Some(removed) = worker.removed(index) {
        let is_told = matches!(removed.state, ContainerState::Waiting { .. })
            && shown.is_some_and(|shown| matches!(shown.state, ContainerState::Waiting { .. }));
        if !is_told {
            status.state = removed.state.clone();
        }
        status.last.clone_from(&removed.last);
        status.restart_count = removed.restart_count;
        status.container_id = match &removed.state {
            ContainerState::Terminated(ended) => ended.container_id,
            _ => 0,
        };
    }
    if let Some(error) = worker.start_error(index).filter(|_| tells_errors(worker)) {
        status.state = ContainerState::Waiting { reason: error.reason.clone(), message: error.message.clone() };
    }
    status
}

/// The last word on a pod of which nothing is left on its node: containers without an end count as lost, and it has
/// failed if nothing else is known. Conditions stay as they are.
/// Upstream: status manager `TerminatePod`, `hasPodInitialized`, `initializedContainers`.
pub(super) fn close(spec: &PodSpec, status: &mut PodStatus) {
    let own = spec.own().end.min(status.containers.len());
    let (inits, mains) = status.containers[..own].split_at_mut(spec.init_count.min(own));
    let was_started = |container: &ContainerStatus| {
        !matches!(container.state, ContainerState::Waiting { .. }) || container.last.is_some()
    };
    let is_initializing = |container: &ContainerStatus| {
        container.last.is_none()
            && matches!(&container.state, ContainerState::Waiting { reason, .. } if reason == "PodInitializing")
    };
    let is_past = |container: &ContainerStatus| match &container.state {
        _ if spec.container_kind(spec.init_count - 1) == ContainerKind::Sidecar => container.started == Some(true),
        ContainerState::Terminated(ended) => ended.exit_code == 0,
        _ => container.last.as_ref().is_some_and(|ended| ended.exit_code == 0),
    };
    let initialized = inits.last().is_none_or(is_past) || !mains.iter().any(is_initializing);
    let attempted = inits.iter().rposition(was_started).map_or(1, |last| last + 1).min(inits.len());
    let lost = inits[..attempted].iter_mut().chain(mains.iter_mut().filter(|_| initialized));
    for container in lost.filter(|container| !matches!(container.state, ContainerState::Terminated(_))) {
        container.state = ContainerState::Terminated(Box::new(Termination {
            exit_code: 137,
            reason: Text::const_new("ContainerStatusUnknown"),
            message: Text::const_new("The container could not be located when the pod was terminated"),
            started_at: SimTime::ZERO,
            finished_at: SimTime::ZERO,
            container_id: 0,
        }));
    }
    if !status.phase.is_terminal() {
        status.phase = PodPhase::Failed;
    }
}

/// Is there anything that `close` may have to add?
pub(super) fn is_open(status: &PodStatus) -> bool {
    // Whether ephemeral ones have ended makes no difference, and one look more costs nothing.
    let has_ended = |container: &ContainerStatus| matches!(container.state, ContainerState::Terminated(_));
    !status.phase.is_terminal() || !status.containers.iter().all(has_ended)
}

fn state_of(spec: &PodSpec, index: usize, row: &ContainerRow, state: RunState) -> ContainerState {
    match state {
        RunState::Created => ContainerState::Waiting { reason: Text::default(), message: Text::default() },
        RunState::Running => ContainerState::Running { started_at: row.started },
        RunState::Exited { .. } => ContainerState::Terminated(Box::new(termination(spec, index, row))),
    }
}

fn termination(spec: &PodSpec, index: usize, row: &ContainerRow) -> Termination {
    let (exit_code, reason) = match row.state {
        RunState::Exited { code, reason } => (code, Text::const_new(reason.name())),
        _ => (137, Text::const_new("ContainerStatusUnknown")),
    };
    let started_at = if row.started == SimTime::NEVER { row.created } else { row.started };
    Termination {
        exit_code,
        reason,
        message: termination_message(spec, index, row, exit_code),
        started_at,
        finished_at: row.finished,
        container_id: u64::from(row.serial),
    }
}

/// The file's text, or the end of the log where a failure asks for it.
fn termination_message(spec: &PodSpec, index: usize, row: &ContainerRow, exit_code: i32) -> Text {
    let limit = POD_MESSAGE_BYTES / spec.containers.len().max(1);
    let file = row.termination_message();
    if !file.is_empty() {
        return Text::from(first_bytes(file, MESSAGE_BYTES.min(limit)));
    }
    match row.log() {
        Some(log) if exit_code != 0 && spec.containers[index].termination_message_from_logs => {
            Text::from(first_bytes(&log.tail(LOG_LINES, LOG_BYTES), limit))
        }
        _ => Text::default(),
    }
}

/// The text up to so many bytes, cut between characters.
pub(super) fn first_bytes(text: &str, limit: usize) -> &str {
    let cut = (0..=text.len().min(limit)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..cut]
}

/// `ready` and `started`; a run that no startup probe has taken notice of is as started as what was shown before it
/// (`was_started`). Upstream: prober `UpdatePodStatus`.
pub(super) fn readiness(
    spec: &PodSpec,
    worker: &Worker,
    index: usize,
    seen: &Seen<'_>,
    was_started: bool,
) -> (bool, bool) {
    let running = seen.is_running();
    if spec.container_kind(index) == ContainerKind::Init {
        return (seen.exit().is_some_and(|(code, _)| code == 0), running);
    }
    let container = &spec.containers[index];
    let find = |kind: ProbeKind| {
        let probes = worker.extra.as_ref().map_or(&[][..], |extra| &extra.probes);
        let serial = seen.newest.map_or(0, |row| row.serial);
        probes.iter().find(|probe| usize::from(probe.slot) == index && probe.kind == kind && probe.serial == serial)
    };
    let has_passed = |kind: ProbeKind| find(kind).is_some_and(|probe| probe.verdict == Verdict::Success);
    let counts_as_started = || find(ProbeKind::Startup).map_or(was_started, |probe| probe.carried);
    let started =
        running && (container.startup_probe.is_none() || has_passed(ProbeKind::Startup) || counts_as_started());
    let ready = started && (container.readiness_probe.is_none() || has_passed(ProbeKind::Readiness));
    (ready, started)
}
