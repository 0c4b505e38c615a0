//! What a sync has to do to a pod's containers: pure. Upstream: kuberuntime `computePodActions`,
//! `computeInitContainerActions`.

use smallvec::SmallVec;

use super::probe_worker::{ProbeKind, Verdict};
use super::view::{Restart, Seen, effective_policy, restart_after, seen_by};
use super::worker::{Flags, Worker};
use crate::machines::{ExitReason, Machines};
use crate::model::pod_spec::{ContainerKind, PodSpec, RestartPolicy};

/// What a sync has to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Actions {
    /// Nothing is left to keep: the pod is to be ended.
    pub kill_pod: bool,
    /// A restart rule starts all containers anew.
    pub restart_all: bool,
    /// Containers to stop first, and why.
    pub kill: SmallVec<[(u8, KillCause); 1]>,
    /// Containers to start, in order.
    pub start: SmallVec<[u8; 8]>,
}

/// Why a running container is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KillCause {
    /// A probe failed.
    Probe(ProbeKind),
    /// The spec names another image. Upstream: `containerChanged`.
    Changed,
    /// Its resources changed, and its policy asks for a restart.
    Resized,
}

/// Decides from what the worker sees.
pub(super) fn compute(spec: &PodSpec, worker: &Worker, machines: &Machines) -> Actions {
    let mut actions = Actions::default();
    if !worker.flags.contains(Flags::SANDBOX) {
        in_new_sandbox(spec, worker, machines, &mut actions);
        return actions;
    }
    let initialized = if spec.init_count == 0 { true } else { init_actions(spec, worker, machines, &mut actions) };
    if initialized && !actions.kill_pod {
        main_actions(spec, worker, machines, &mut actions);
    }
    if !actions.kill_pod && spec.own().end < spec.containers.len() {
        // They come first, whether the pod is initialized or not, and once only.
        let new = (spec.own().end..spec.containers.len())
            .filter(|index| seen_by(machines, worker, *index).is_missing())
            .map(|index| index as u8);
        actions.start.insert_many(0, new);
    }
    actions
}

/// Everything from the first init container on; what had succeeded under OnFailure stays done, and without anything else to
/// start there is no new sandbox once main containers have run.
fn in_new_sandbox(spec: &PodSpec, worker: &Worker, machines: &Machines, actions: &mut Actions) {
    let ran_before = spec.own().any(|index| !seen_by(machines, worker, index).is_missing());
    if ran_before && spec.restart_policy == RestartPolicy::Never {
        actions.kill_pod = true;
        return;
    }
    let wanted = |index: &usize| {
        let done = seen_by(machines, worker, *index).exit().is_some_and(|(code, _)| code == 0);
        let policy = spec.containers[*index].restart_policy.unwrap_or(spec.restart_policy);
        !(done && policy == RestartPolicy::OnFailure)
    };
    let mains = spec.mains();
    if !mains.clone().any(|index| wanted(&index)) {
        actions.kill_pod = true;
    } else if spec.init_count > 0 {
        actions.start.push(0);
    } else {
        actions.start.extend(mains.filter(wanted).map(|index| index as u8));
    }
}

/// Fills in what init containers need; returns whether the main containers may start in this sync.
fn init_actions(spec: &PodSpec, worker: &Worker, machines: &Machines, actions: &mut Actions) -> bool {
    let mains_exist = spec.mains().any(|index| {
        let main = seen_by(machines, worker, index);
        main.is_running() || main.is_created()
    });
    let once = worker.flags.contains(Flags::INITIALIZED) && !worker.flags.contains(Flags::RERUN_INITS);
    let mut done = mains_exist || once && last_init_is_done(spec, worker, machines);
    let mut sidecars_below = spec.init_count;
    if !mains_exist && !once {
        let newest = (0..spec.init_count).rev().find(|index| !seen_by(machines, worker, *index).is_missing());
        let Some(index) = newest else {
            actions.start.push(0);
            return false;
        };
        sidecars_below = index;
        let next = match spec.container_kind(index) {
            ContainerKind::Sidecar => after_sidecar(spec, worker, machines, index, actions),
            _ => after_init(spec, index, &seen_by(machines, worker, index), actions),
        };
        if next == Some(spec.init_count) {
            done = true;
        } else if let Some(next) = next {
            actions.start.push(next as u8);
        }
    }
    for index in (0..sidecars_below).filter(|index| spec.container_kind(*index) == ContainerKind::Sidecar) {
        keep_sidecar(spec, worker, machines, index, actions);
    }
    actions.start.sort_unstable();
    done
}

/// Where no main container runs, those are started again only if the last init container is done: a sidecar if it runs and
/// has passed its startup probe.
fn last_init_is_done(spec: &PodSpec, worker: &Worker, machines: &Machines) -> bool {
    let Some(last) = spec.init_count.checked_sub(1) else { return true };
    if spec.container_kind(last) != ContainerKind::Sidecar {
        return true;
    }
    let seen = &seen_by(machines, worker, last);
    let has_probe = spec.containers[last].startup_probe.is_some();
    seen.is_running() && (!has_probe || verdict(worker, last, seen, ProbeKind::Startup) == Verdict::Success)
}

/// The index whose turn it is after an init container that must finish; `None`: not yet.
fn after_init(spec: &PodSpec, index: usize, seen: &Seen<'_>, actions: &mut Actions) -> Option<usize> {
    if seen.is_created() {
        actions.start.push(index as u8);
        return None;
    }
    let (code, reason) = seen.exit()?;
    if code == 0 && reason != ExitReason::OomKilled {
        return Some(index + 1);
    }
    match restart_after(spec, index, code) {
        Restart::No => actions.kill_pod = true,
        Restart::Container => actions.start.push(index as u8),
        Restart::AllContainers => actions.restart_all = true,
    }
    None
}

/// The index whose turn it is after a sidecar; `None`: not yet.
fn after_sidecar(
    spec: &PodSpec,
    worker: &Worker,
    machines: &Machines,
    index: usize,
    actions: &mut Actions,
) -> Option<usize> {
    let seen = &seen_by(machines, worker, index);
    if !seen.is_running() {
        actions.start.push(index as u8);
        return None;
    }
    if spec.containers[index].startup_probe.is_some() {
        match verdict(worker, index, seen, ProbeKind::Startup) {
            Verdict::Success => {}
            Verdict::Unknown => return None,
            Verdict::Failure => {
                actions.kill.push((index as u8, KillCause::Probe(ProbeKind::Startup)));
                actions.start.push(index as u8);
                return None;
            }
        }
    }
    if is_changed(spec, worker, machines, index) {
        actions.kill.push((index as u8, KillCause::Changed));
        actions.start.push(index as u8);
    } else if verdict(worker, index, seen, ProbeKind::Liveness) == Verdict::Failure {
        actions.kill.push((index as u8, KillCause::Probe(ProbeKind::Liveness)));
        actions.start.push(index as u8);
    }
    Some(index + 1)
}

fn keep_sidecar(spec: &PodSpec, worker: &Worker, machines: &Machines, index: usize, actions: &mut Actions) {
    let seen = &seen_by(machines, worker, index);
    if !seen.is_running() {
        actions.start.push(index as u8);
        return;
    }
    let failed = |kind| verdict(worker, index, seen, kind) == Verdict::Failure;
    let has_startup = spec.containers[index].startup_probe.is_some();
    let cause = if failed(ProbeKind::Startup) {
        KillCause::Probe(ProbeKind::Startup)
    } else if has_startup && verdict(worker, index, seen, ProbeKind::Startup) != Verdict::Success {
        // It is waited for, whatever else there is.
        return;
    } else if is_changed(spec, worker, machines, index) {
        KillCause::Changed
    } else if failed(ProbeKind::Liveness) {
        KillCause::Probe(ProbeKind::Liveness)
    } else {
        return;
    };
    actions.kill.push((index as u8, cause));
    actions.start.push(index as u8);
}

fn main_actions(spec: &PodSpec, worker: &Worker, machines: &Machines, actions: &mut Actions) {
    let mut kept = 0;
    for index in spec.mains() {
        let seen = seen_by(machines, worker, index);
        if let Some((code, _)) = seen.exit() {
            match restart_after(spec, index, code) {
                Restart::No => {}
                Restart::Container => actions.start.push(index as u8),
                Restart::AllContainers => actions.restart_all = true,
            }
        } else if seen.is_running() && is_changed(spec, worker, machines, index) {
            actions.kill.push((index as u8, KillCause::Changed));
            actions.start.push(index as u8);
        } else if seen.is_running() {
            let failed = [ProbeKind::Liveness, ProbeKind::Startup]
                .into_iter()
                .find(|kind| verdict(worker, index, &seen, *kind) == Verdict::Failure);
            let Some(kind) = failed else {
                kept += 1;
                continue;
            };
            actions.kill.push((index as u8, KillCause::Probe(kind)));
            if effective_policy(spec, index) != RestartPolicy::Never {
                actions.start.push(index as u8);
            }
        } else {
            actions.start.push(index as u8);
        }
    }
    let mains_to_start = actions.start.iter().any(|index| usize::from(*index) >= spec.init_count);
    if kept == 0 && !mains_to_start && !actions.restart_all {
        // What failed its probe and is not started again goes with the pod.
        actions.kill_pod = true;
        actions.kill.clear();
        actions.start.clear();
    }
}

/// Does the spec name another image than the one that the newest run was made from?
fn is_changed(spec: &PodSpec, worker: &Worker, machines: &Machines, index: usize) -> bool {
    let made_from = worker.slots[index].image;
    made_from.is_some() && machines.registry.find(&spec.containers[index].image) != Some(made_from)
}

/// What a probe has found out about the run that is seen.
pub(super) fn verdict(worker: &Worker, index: usize, seen: &Seen<'_>, kind: ProbeKind) -> Verdict {
    let probes = worker.extra.as_ref().map_or(&[][..], |extra| &extra.probes);
    let serial = seen.newest.map_or(0, |row| row.serial);
    probes
        .iter()
        .find(|probe| usize::from(probe.slot) == index && probe.kind == kind && probe.serial == serial)
        .map_or(kind.initial_verdict(), |probe| probe.verdict)
}
