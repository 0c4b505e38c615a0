//! The Job controller: runs pods to their end and counts them, each once, by a finalizer.
//! Upstream: pkg/controller/job.

mod backoff;
mod conditions;
mod indexes;
mod manage;
mod policy;
mod sync;
mod tally;
#[cfg(test)]
mod tests;
mod tracking;

use rustc_hash::FxHashMap;

use crate::cluster::{Change, Cluster, Cursor, Fields, Verb};
use crate::engine::{Significance, SimDuration, SimTime};
use crate::model::condition::Condition;
use crate::model::job::Job;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod_spec::RestartPolicy;

use super::plan::{Call, Outcome, Plan};
use super::pod_claims::PodClaims;
use super::runner::{Controller, News, Profile};
use super::work_queue::{RateLimiter, WorkQueue};
use backoff::Backoff;
use tally::{CLASSIFYING, Filed, JobPods};

/// Changes of pods are gathered this long. Upstream: job `SyncJobBatchPeriod`.
const BATCH: SimDuration = SimDuration::from_secs(1);
/// Pods made or deleted in one sync. Upstream: job `MaxPodCreateDeletePerSync`.
const BURST: usize = 500;

/// The controller.
#[derive(Debug, Default)]
pub(super) struct JobController {
    jobs: FxHashMap<ObjectRef, Known>,
    filed: Filed,
    claims: PodClaims,
    /// Up to where the log was read: syncs see pods as they are, also where their changes have not arrived yet.
    cursor: Cursor,
}

/// What the controller remembers of a Job.
#[derive(Debug, Default)]
struct Known {
    pods: JobPods,
    backoff: Backoff,
}

/// What a sync waits for.
#[derive(Debug)]
pub(super) enum Draft {
    /// Adopted and released pods; the sync begins after that.
    Claimed,
    /// The Job is over, for this reason; its active pods, which are listed here, are being deleted.
    Finishing(Box<Condition>, Vec<PodId>),
    /// Pods are being made or deleted.
    Managed {
        /// No pods were made because of earlier failures: upstream then shows no active ones.
        backing_off: bool,
        /// Another sync after this time.
        again: Option<SimDuration>,
    },
}

/// Upstream: job `newControllerWithClock`: 1 s doubling to 60 s.
pub(super) fn profile() -> Profile {
    let limiter = RateLimiter::exponential(SimDuration::from_secs(1), SimDuration::from_secs(60));
    Profile { limiter, ..Profile::with_workers(5) }
}

impl Controller for JobController {
    type Draft = Draft;

    const COMPONENT: &'static str = "job-controller";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.concerns(Kind::JOB) && news.touches(CLASSIFYING.union(Fields::LABELS).union(Fields::CONTAINERS))
    }

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if let Some(pod) = change.object.as_pod() {
            self.observe_pod(now, pod, change, cluster, queue);
            return;
        }
        if let Some(job) = cluster.body(change.object).as_job() {
            self.claims.observe_set(change.object, &job.selector, change, cluster);
        }
        if change.verb == Verb::Added
            || change.verb == Verb::Deleted
            || change.fields.intersects(Fields::SPEC | Fields::DELETION)
        {
            queue.add(change.object);
        } else {
            queue.add_after(now, change.object, BATCH);
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Draft> {
        if !cluster.is_live(key) {
            return self.release_orphans(key, cluster);
        }
        let claims = self.claim(key, cluster);
        if claims.is_empty() {
            return self.reconcile(now, key, cluster);
        }
        let mut plan = Plan::done();
        plan.push_together(claims);
        plan.resume_with(Draft::Claimed)
    }

    fn resume(
        &mut self,
        now: SimTime,
        key: ObjectRef,
        draft: Draft,
        outcome: &Outcome,
        cluster: &mut Cluster,
    ) -> Plan<Draft> {
        if !cluster.is_live(key) {
            return self.release_orphans(key, cluster);
        }
        match draft {
            Draft::Claimed => self.reconcile(now, key, cluster),
            // A pod that could not be deleted postpones the end to the retry.
            Draft::Finishing(..) if outcome.refusal.is_some() => Plan::done().fail(),
            Draft::Finishing(condition, cut) => self.track(now, key, (Some(*condition), &cut), false, cluster),
            Draft::Managed { backing_off, again } => {
                let mut plan = self.track(now, key, (None, &[]), backing_off, cluster).again_after(again);
                plan.failed |= outcome.refusal.is_some() && !outcome.is_namespace_terminating();
                plan
            }
        }
    }

    fn significance(&self, key: ObjectRef, cluster: &Cluster) -> Significance {
        let is_running = |job: &Job| !conditions::is_finished(job) && !job.is_foreign;
        let running = cluster.is_live(key) && cluster.body(key).as_job().is_some_and(is_running);
        let orphans = !cluster.is_live(key) && self.jobs.contains_key(&key);
        if running || orphans { Significance::Live } else { Significance::Stale }
    }
}

impl JobController {
    /// Upstream: job `addPod`, `updatePod`, `deletePod`.
    fn observe_pod(&mut self, now: SimTime, pod: PodId, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let row = cluster.pod(pod);
        if !row.controller.is_some() {
            self.claims.observe_orphan(pod, change, cluster, queue);
            return;
        }
        if row.controller.kind != Kind::JOB {
            return;
        }
        self.claims.observe_owned(row.controller, pod, change);
        // Restarts count against the backoff limit.
        let counts_restarts = || cluster.template(row.template).spec.restart_policy == RestartPolicy::OnFailure;
        if change.fields.intersects(CLASSIFYING | Fields::LABELS)
            || change.fields.contains(Fields::CONTAINERS) && counts_restarts()
        {
            self.catch_up(cluster);
            queue.add_after(now, row.controller, BATCH);
        }
    }

    /// What a Job that is not over has to adopt and to release. Upstream: job `getPodsForJob`.
    fn claim(&mut self, key: ObjectRef, cluster: &Cluster) -> Vec<Call> {
        let is_running = |job: &&Job| !conditions::is_finished(job) && !job.is_foreign;
        let Some(job) = cluster.body(key).as_job().filter(is_running) else { return Vec::new() };
        let claims = self.claims.take(key, &job.selector, |_| true, cluster).into_iter();
        claims
            .map(|claim| {
                let Call::SetPodController { pod, controller } = claim else { return claim };
                if let Some(known) = self.jobs.get_mut(&key).filter(|_| !controller.is_some()) {
                    known.pods.forget(pod);
                    self.filed.forget(pod, key);
                }
                Call::ClaimPod { pod, controller, finalizer: tally::FINALIZER }
            })
            .collect()
    }

    /// Remembers a pod, of which these parts have changed, as long as it matters.
    fn note(&mut self, pod: PodId, fields: Fields, cluster: &Cluster) {
        let row = cluster.pod(pod);
        if row.controller.kind != Kind::JOB || !row.controller.is_some() {
            return;
        }
        let known = self.jobs.entry(row.controller).or_default();
        self.filed.note(pod, row, fields, &mut known.pods);
    }

    /// Notes pods whose changes were not noted yet, those that have not arrived too: each change once.
    fn catch_up(&mut self, cluster: &Cluster) {
        while let Some(change) = cluster.log.next_kept(&mut self.cursor) {
            if let Some(pod) = change.object.as_pod().filter(|_| change.fields.intersects(CLASSIFYING)) {
                self.note(pod, change.fields, cluster);
            }
        }
    }

    /// Nothing is remembered of a Job any more. Returns the pods that mattered to it.
    fn forget(&mut self, key: ObjectRef) -> Vec<PodId> {
        let pods = self.jobs.remove(&key).map(|known| known.pods.all()).unwrap_or_default();
        for pod in &pods {
            self.filed.forget(*pod, key);
        }
        pods
    }

    /// The Job is gone: its pods are not held back any longer. Upstream: job `syncOrphanPod`.
    fn release_orphans(&mut self, key: ObjectRef, cluster: &Cluster) -> Plan<Draft> {
        let tracked = self.forget(key).into_iter().filter(|pod| {
            let row = cluster.pod(*pod);
            !row.deleted && tally::is_tracked(row)
        });
        let mut plan = Plan::done();
        plan.push_together(tracked.map(|pod| Call::RemovePodFinalizer { pod, finalizer: tally::FINALIZER }).collect());
        plan
    }
}
