//! A Job's pods in classes: active, terminating, ended and not yet counted.
//! Upstream: job `getNewFinishedPods`, `isPodFailed`, `getFinishedTime`.

use std::rc::Rc;

use crate::cluster::{Cluster, PodSet};
use crate::engine::{SimDuration, SimTime};
use crate::model::job::Job;
use crate::model::object::PodId;
use crate::model::pod::{COMPLETION_INDEX, ContainerState, Pod, PodConditionType, PodPhase};
use crate::model::pod_spec::{ContainerKind, RestartPolicy};

use super::policy::{Action, FailurePolicy};

pub(super) const FINALIZER: &str = "batch.kubernetes.io/job-tracking";
/// Ended pods counted in one sync. Upstream: job `MaxUncountedPods`.
const UNCOUNTED_MAX: usize = 500;

/// The pods of a Job that matter to it, kept as their changes arrive: of those that just run nothing else is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct JobPods {
    /// Active, and with the finalizer on.
    quiet: Rc<PodSet>,
    /// Those of them that are ready.
    ready: PodSet,
    /// All others that are not ended, or ended and not counted.
    others: PodSet,
}

impl JobPods {
    /// Files a pod as it is now; one that does not matter any more is forgotten.
    pub(super) fn note(&mut self, pod: PodId, row: &Pod) {
        if !matters(row) {
            self.forget(pod);
        } else if row.is_active() && is_tracked(row) {
            self.others.remove(pod);
            Rc::make_mut(&mut self.quiet).insert(pod);
            if row.is_ready() {
                self.ready.insert(pod);
            } else {
                self.ready.remove(pod);
            }
        } else {
            self.remove_quiet(pod);
            self.others.insert(pod);
        }
    }

    /// It does not belong to the Job any more.
    pub(super) fn forget(&mut self, pod: PodId) {
        self.remove_quiet(pod);
        self.others.remove(pod);
    }

    /// All of them, by id.
    pub(super) fn all(&self) -> Vec<PodId> {
        merged(&self.quiet, self.others.iter())
    }

    fn remove_quiet(&mut self, pod: PodId) {
        if Rc::make_mut(&mut self.quiet).remove(pod) {
            self.ready.remove(pod);
        }
    }
}

fn merged(quiet: &PodSet, others: impl Iterator<Item = PodId>) -> Vec<PodId> {
    let mut pods: Vec<PodId> = quiet.iter().chain(others).collect();
    pods.sort_unstable();
    pods
}

/// The classes.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Active, and with the finalizer on.
    quiet: Rc<PodSet>,
    /// Active without the finalizer.
    untracked: Vec<PodId>,
    pub(super) ready: i32,
    pub(super) terminating: i32,
    /// Succeeded, and not counted yet.
    pub(super) succeeded: Vec<PodId>,
    /// Failed, and not counted yet; those that a policy ignores too.
    pub(super) failed: Vec<PodId>,
    /// Those of `failed` that count.
    pub(super) counted_failed: Vec<PodId>,
    /// Not active, with the finalizer still on.
    pub(super) held: Vec<PodId>,
    /// Restarts of containers in pods that run or wait (restart policy OnFailure).
    pub(super) restarts: i32,
}

impl Tally {
    /// How many pods are active.
    pub(super) fn active_count(&self) -> usize {
        self.quiet.len() + self.untracked.len()
    }

    /// Active pods, by id.
    pub(super) fn active(&self) -> Vec<PodId> {
        merged(&self.quiet, self.untracked.iter().copied())
    }

    /// How many pods have the finalizer on.
    pub(super) fn tracked_count(&self) -> usize {
        self.quiet.len() + self.held.len()
    }

    /// Pods with the finalizer on, by id.
    pub(super) fn tracked(&self) -> Vec<PodId> {
        merged(&self.quiet, self.held.iter().copied())
    }
}

/// Looks at the pods of a Job that still matter to it.
pub(super) fn tally(pods: &JobPods, job: &Job, policy: Option<&FailurePolicy>, cluster: &Cluster) -> Tally {
    let mut tally = Tally { quiet: Rc::clone(&pods.quiet), ready: pods.ready.len() as i32, ..Tally::default() };
    if cluster.template(job.template).spec.restart_policy == RestartPolicy::OnFailure {
        let waiting = pods.quiet.iter().chain(pods.others.iter()).map(|pod| cluster.pod(pod));
        tally.restarts = waiting.filter(|row| !row.status.phase.is_terminal()).map(restarts).sum();
    }
    for pod in pods.others.iter() {
        let row = cluster.pod(pod);
        if row.is_active() {
            tally.untracked.push(pod);
            tally.ready += i32::from(row.is_ready());
        } else if !row.status.phase.is_terminal() {
            tally.terminating += 1;
        }
        if !is_tracked(row) {
            continue;
        }
        tally.held.push(pod);
        if tally.succeeded.len() + tally.failed.len() >= UNCOUNTED_MAX || !has_valid_index(pod, job, cluster) {
            continue;
        }
        if row.status.phase == PodPhase::Succeeded {
            tally.succeeded.push(pod);
        } else if is_failed(row, job) {
            tally.failed.push(pod);
            let ignored = policy.is_some_and(|policy| {
                policy.first_match(pod, cluster).is_some_and(|matched| matched.action == Action::Ignore)
            });
            if !ignored {
                tally.counted_failed.push(pod);
            }
        }
    }
    tally
}

fn restarts(row: &Pod) -> i32 {
    row.status.containers.iter().map(|container| container.restart_count as i32).sum()
}

/// Does the pod wait to be counted?
pub(super) fn is_tracked(row: &Pod) -> bool {
    row.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

/// Does the pod still matter to its Job?
fn matters(row: &Pod) -> bool {
    row.deleted.is_none() && (is_tracked(row) || !row.status.phase.is_terminal())
}

/// Upstream: job `isPodFailed`.
pub(super) fn is_failed(row: &Pod, job: &Job) -> bool {
    row.status.phase == PodPhase::Failed
        || !job.replace_only_failed && row.deletion.is_some() && row.status.phase != PodPhase::Succeeded
}

/// A pod's completion index. Upstream: job `getCompletionIndex`.
pub(super) fn index_of(pod: PodId, cluster: &Cluster) -> Option<u32> {
    let own = cluster.pod(pod).completion().map(|completion| completion.index);
    own.or_else(|| cluster.template_of(pod).annotations.get(COMPLETION_INDEX)?.parse().ok())
}

fn has_valid_index(pod: PodId, job: &Job, cluster: &Cluster) -> bool {
    !job.indexed || index_of(pod, cluster).is_some_and(|index| (index as i32) < job.completions.unwrap_or(0))
}

/// When a pod ended, in whole seconds as the API keeps it. Upstream: job/backoff_utils `getFinishedTime`.
pub(super) fn finish_time(pod: PodId, cluster: &Cluster) -> SimTime {
    let row = cluster.pod(pod);
    let spec = &cluster.template(row.template).spec;
    let counted = row.status.containers.iter().enumerate();
    let counted = counted.filter(|(index, _)| spec.container_kind(*index) != ContainerKind::Init);
    let ends: Option<Vec<SimTime>> = counted
        .map(|(_, container)| match &container.state {
            ContainerState::Terminated(termination) => Some(termination.finished_at),
            _ => None,
        })
        .collect();
    let not_ready = || {
        let ready = row.status.condition(&PodConditionType::Ready).filter(|ready| !ready.status.is_true());
        ready.map(|ready| ready.last_transition)
    };
    let deletion = || {
        row.deletion.map(|deletion| {
            let grace = SimDuration::from_secs(u64::from(deletion.grace_seconds));
            SimTime(deletion.timestamp.0.saturating_sub(grace.0))
        })
    };
    let latest = ends.and_then(|ends| ends.into_iter().max());
    let time = latest.or_else(not_ready).or_else(deletion).unwrap_or(row.created);
    SimTime::from_secs(time.as_secs())
}
