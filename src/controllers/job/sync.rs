//! One sync of a Job: count, judge, then delete, or make pods. Upstream: job `syncJob`, `manageJob`.

use std::collections::BTreeSet;

use crate::cluster::{Cluster, EventType};
use crate::engine::{SimDuration, SimTime};
use crate::model::job::Job;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::{Completion, PodPhase};
use crate::model::pod_spec::RestartPolicy;

use super::super::calls::event;
use super::super::plan::{Call, Plan};
use super::super::runner::Controller;
use super::super::slow_start;
use super::conditions::{self, Findings};
use super::indexes::IndexSet;
use super::manage;
use super::policy::{self, Action, FailurePolicy};
use super::tally::{self, FINALIZER, Tally, finish_time, index_of};
use super::{BATCH, BURST, Draft, JobController};

/// Everything a sync knows of a Job.
pub(super) struct Situation {
    pub(super) job: Job,
    pub(super) tally: Tally,
    /// Completed indexes, the new ones too.
    pub(super) completed: IndexSet,
    /// Indexes that are given up (with backoffLimitPerIndex).
    pub(super) failed_indexes: IndexSet,
    /// The last failed pod of each index that waits for its replacement: it stays uncounted until then.
    pub(super) delayed: Vec<(u32, PodId)>,
    pub(super) findings: Findings,
}

impl Situation {
    /// Succeeded pods, the new ones too.
    pub(super) fn succeeded(&self) -> i32 {
        if self.job.indexed {
            self.completed.len() as i32
        } else {
            self.job.status.succeeded + self.tally.succeeded.len() as i32
        }
    }
}

impl JobController {
    /// `cut` are pods that this sync has just deleted: upstream looks at them as they were before.
    pub(super) fn situation(&mut self, key: ObjectRef, cut: &[PodId], cluster: &Cluster) -> Option<Situation> {
        let job = cluster.body(key).as_job()?.clone();
        let spec = cluster.object(key).raw.get("spec").cloned().unwrap_or_default();
        let policy = FailurePolicy::read(&spec);
        self.catch_up(cluster);
        let tally = tally::tally(&self.jobs.entry(key).or_default().pods, &job, policy.as_ref(), cluster);
        let completions = job.completions.unwrap_or(0).max(0) as u32;
        let mut completed = IndexSet::parse(&job.status.completed_indexes, completions);
        if job.indexed {
            tally.succeeded.iter().filter_map(|pod| index_of(*pod, cluster)).for_each(|index| completed.insert(index));
        }
        let (failed_indexes, delayed) = failed_indexes(&job, (&tally, cut), &completed, policy.as_ref(), cluster);
        let matched = |pod: &PodId| policy.as_ref()?.first_match(*pod, cluster);
        let fail_job = tally.failed.iter().filter_map(matched).find(|matched| matched.action == Action::FailJob);
        let on_failure = cluster.template(job.template).spec.restart_policy == RestartPolicy::OnFailure;
        let findings = Findings {
            failed: job.status.failed + tally.counted_failed.len() as i32,
            restarts: on_failure.then_some(tally.restarts),
            fail_job: fail_job.map(|matched| matched.message),
            failed_indexes: failed_indexes.len(),
            succeeded_indexes: completed.len(),
            success_rule: policy::met_success_rule(&spec, &completed, completions).filter(|_| job.indexed),
        };
        Some(Situation { job, tally, completed, failed_indexes, delayed, findings })
    }

    pub(super) fn reconcile(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Draft> {
        if cluster.body(key).as_job().is_none_or(|job| job.is_foreign) {
            return Plan::done();
        }
        let Some(mut situation) = self.situation(key, &[], cluster) else { return Plan::done() };
        if conditions::is_finished(&situation.job) {
            if situation.tally.tracked_count() == 0 {
                self.forget(key);
            }
            return Plan::done();
        }
        if situation.job.status.start_time.is_none() && !situation.job.suspend {
            situation.job.status.start_time = Some(SimTime::from_secs(now.as_secs()));
        }
        if let Some(condition) = conditions::verdict(now, &situation.job, &situation.findings) {
            let mut plan = Plan::done();
            let active = situation.tally.active();
            plan.push_together(deletions(&active, key));
            return plan.resume_with(Draft::Finishing(Box::new(condition), active));
        }
        let again = conditions::deadline_left(now, &situation.job, situation.job.status.start_time);
        if cluster.meta(key).deletion.is_some() {
            return Plan::done().resume_with(Draft::Managed { backing_off: false, again });
        }
        self.manage(now, key, &situation, cluster).again_after_draft(again)
    }

    /// Upstream: job `manageJob`.
    fn manage(&self, now: SimTime, key: ObjectRef, situation: &Situation, cluster: &mut Cluster) -> Plan<Draft> {
        let Situation { job, tally, .. } = situation;
        let mut plan = Plan::done();
        if job.suspend {
            remove(&tally.active(), key, &mut plan);
            return plan.resume_with(Draft::Managed { backing_off: false, again: None });
        }
        let active = tally.active_count() as i32;
        let wanted = manage::wanted_active(job, active, situation.succeeded());
        if active > wanted {
            let victims = manage::victims(tally.active(), ((active - wanted) as usize).min(BURST), job, cluster);
            remove(&victims, key, &mut plan);
            return plan.resume_with(Draft::Managed { backing_off: false, again: None });
        }
        let replaced_later = if job.replace_only_failed { tally.terminating } else { 0 };
        let missing = wanted - active - replaced_later;
        if missing <= 0 {
            return plan.resume_with(Draft::Managed { backing_off: false, again: None });
        }
        if job.backoff_limit_per_index.is_none() {
            let remaining = self.backoff(key, tally, cluster).remaining(now);
            if remaining > SimDuration::ZERO {
                let again = Some(remaining.max(BATCH));
                return plan.resume_with(Draft::Managed { backing_off: true, again });
            }
        }
        let count = (missing as usize).min(BURST);
        if !job.indexed {
            let pod = manage::new_pod(key, job, cluster);
            plan.stages.extend(slow_start::batches(vec![Call::CreatePod(pod); count]));
            return plan.resume_with(Draft::Managed { backing_off: false, again: None });
        }
        let (calls, waits) = indexed_creations(now, key, situation, count, cluster);
        let backing_off = calls.is_empty() && waits.is_some();
        plan.stages.extend(slow_start::batches(calls));
        plan.resume_with(Draft::Managed { backing_off, again: waits.map(|left| left.max(BATCH)) })
    }

    /// The backoff with the pods that ended since.
    pub(super) fn backoff(&self, key: ObjectRef, tally: &Tally, cluster: &Cluster) -> super::Backoff {
        let times = |pods: &[PodId]| pods.iter().map(|pod| finish_time(*pod, cluster)).collect::<Vec<_>>();
        let known = self.jobs.get(&key).map(|known| known.backoff).unwrap_or_default();
        known.after(&times(&tally.succeeded), &times(&tally.failed))
    }
}

impl Plan<Draft> {
    /// With another sync after the draft's own.
    fn again_after_draft(mut self, delay: Option<SimDuration>) -> Self {
        if let Some(Draft::Managed { again, .. }) = &mut self.draft {
            *again = match (*again, delay) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        self
    }
}

/// Deletes pods that are too many. They lose their finalizers first, so that nobody counts them as failed.
/// Upstream: job `deleteJobPods`.
fn remove(pods: &[PodId], key: ObjectRef, plan: &mut Plan<Draft>) {
    let released = pods.iter().map(|pod| Call::RemovePodFinalizer { pod: *pod, finalizer: FINALIZER });
    plan.push_together(released.collect());
    plan.push_together(deletions(pods, key));
}

/// Deletes pods of the Job.
fn deletions(pods: &[PodId], key: ObjectRef) -> Vec<Call> {
    pods.iter().map(|pod| Call::DeletePod { pod: *pod, owner: key }).collect()
}

/// New pods of the lowest free indexes; with a backoff for each index, only of those that have waited enough, and
/// what the first of the others still waits.
fn indexed_creations(
    now: SimTime,
    key: ObjectRef,
    situation: &Situation,
    count: usize,
    cluster: &mut Cluster,
) -> (Vec<Call>, Option<SimDuration>) {
    let Situation { job, tally, completed, failed_indexes, delayed, .. } = situation;
    let mut busy: BTreeSet<u32> = tally.active().into_iter().filter_map(|pod| index_of(pod, cluster)).collect();
    if job.replace_only_failed {
        // A terminating pod keeps its index until it has ended.
        let terminating = tally.held.iter().filter(|pod| !cluster.pod(**pod).status.phase.is_terminal());
        busy.extend(terminating.filter_map(|pod| index_of(*pod, cluster)));
    }
    let completions = job.completions.unwrap_or(0).max(0) as u32;
    let free: Vec<u32> = manage::pending_indexes(completions, completed, failed_indexes, &busy).take(count).collect();
    let mut waits: Option<SimDuration> = None;
    let mut calls = Vec::with_capacity(free.len());
    let template = manage::index_template(job, cluster);
    for index in free {
        let failed = delayed.iter().find(|(known, _)| *known == index).map(|(_, pod)| *pod);
        let failures = job.backoff_limit_per_index.map(|_| {
            let Some(pod) = failed else { return (0, 0) };
            let (counted, ignored) = failure_counts(pod, cluster);
            if tally.counted_failed.contains(&pod) { (counted + 1, ignored) } else { (counted, ignored + 1) }
        });
        if let (Some((counted, ignored)), Some(pod)) = (failures, failed) {
            let backoff = super::Backoff { failures: counted + ignored, last_failure: finish_time(pod, cluster) };
            let left = backoff.remaining(now);
            if left > SimDuration::ZERO {
                waits = Some(waits.map_or(left, |known| known.min(left)));
                continue;
            }
        }
        let pod = manage::new_indexed_pod(key, job, index, template, cluster);
        calls.push(Call::CreateIndexedPod(pod, Completion { index, failures }));
    }
    (calls, waits)
}

/// Failures of an index before this pod: counted ones, and those that a policy ignored.
fn failure_counts(pod: PodId, cluster: &Cluster) -> (u32, u32) {
    cluster.pod(pod).completion().and_then(|completion| completion.failures).unwrap_or_default()
}

/// With backoffLimitPerIndex: indexes that failed too often, and the last failed pods of those that are tried again.
/// Upstream: job/indexed_job_utils `calculateFailedIndexes`, `getPodsWithDelayedDeletionPerIndex`.
fn failed_indexes(
    job: &Job,
    (tally, cut): (&Tally, &[PodId]),
    completed: &IndexSet,
    policy: Option<&FailurePolicy>,
    cluster: &Cluster,
) -> (IndexSet, Vec<(u32, PodId)>) {
    let completions = job.completions.unwrap_or(0).max(0) as u32;
    let known = job.status.failed_indexes.as_deref().unwrap_or_default();
    let mut failed = IndexSet::parse(known, completions);
    let Some(limit) = job.backoff_limit_per_index else { return (failed, Vec::new()) };
    let mut delayed: Vec<(u32, PodId)> = Vec::new();
    for pod in &tally.failed {
        let Some(index) = index_of(*pod, cluster) else { continue };
        if cut.contains(pod) && cluster.pod(*pod).status.phase != PodPhase::Failed {
            continue;
        }
        let gives_up = policy
            .and_then(|policy| policy.first_match(*pod, cluster))
            .is_some_and(|matched| matched.action == Action::FailIndex);
        let counts = tally.counted_failed.contains(pod);
        if gives_up || counts && failure_counts(*pod, cluster).0 as i32 >= limit {
            failed.insert(index);
        } else {
            match delayed.iter_mut().find(|(known, _)| *known == index) {
                Some((_, last)) if failure_counts(*last, cluster) < failure_counts(*pod, cluster) => *last = *pod,
                Some(_) => {}
                None => delayed.push((index, *pod)),
            }
        }
    }
    let busy: BTreeSet<u32> = tally.active().into_iter().filter_map(|pod| index_of(pod, cluster)).collect();
    delayed.retain(|(index, _)| !failed.contains(*index) && !completed.contains(*index) && !busy.contains(index));
    (failed, delayed)
}

/// The Event of a Job that is over.
pub(super) fn finish_event(key: ObjectRef, complete: bool, reason: &str, message: &str) -> Call {
    if complete {
        let draft = event(key, EventType::Normal, "Completed", "Job completed", JobController::COMPONENT);
        return Call::Event(Box::new(draft));
    }
    let draft = super::super::calls::event_with_reason(
        key,
        EventType::Warning,
        reason.into(),
        message.to_owned(),
        JobController::COMPONENT,
    );
    Call::Event(Box::new(draft))
}
