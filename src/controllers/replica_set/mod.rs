//! The ReplicaSet controller, which also runs ReplicationControllers: keeps as many pods as asked for.
//! Upstream: pkg/controller/replicaset, pkg/controller/replication.

mod ranking;
mod status;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;

use crate::cluster::{Change, Cluster, Fields, NewPod, PodName};
use crate::engine::{Significance, SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition::find;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId, TemplateId};
use crate::model::replica_set::ReplicaSetStatus;

use super::plan::{Call, Outcome, Plan, Status};
use super::pod_census::PodCensus;
use super::pod_claims::PodClaims;
use super::runner::{Controller, News};
use super::slow_start;
use super::work_queue::WorkQueue;

/// Pods made or deleted in one sync. Upstream: replicaset `BurstReplicas`.
const BURST: i32 = 500;

/// The controller of ReplicaSets, or that of ReplicationControllers.
#[derive(Debug)]
pub(super) struct ReplicaSetController<const REPLICATION: bool> {
    census: PodCensus,
    claims: PodClaims,
    /// The template by which the labels of an owner's pods were counted.
    templates: FxHashMap<ObjectRef, TemplateId>,
}

/// Of ReplicaSets.
pub(super) type ReplicaSets = ReplicaSetController<false>;
/// Of ReplicationControllers.
pub(super) type ReplicationControllers = ReplicaSetController<true>;

/// What a sync waits for.
#[derive(Debug)]
pub(super) enum Draft {
    /// Adopted and released pods; the sync begins after that.
    Claimed,
    /// Pods that are being made or deleted, and the status as it was before.
    Managed {
        /// Pods above the desired number: negative where some are made.
        difference: i32,
        /// The status to write, but for the condition ReplicaFailure.
        status: Box<ReplicaSetStatus>,
        /// When the next pod may become available.
        again: Option<SimDuration>,
    },
}

impl<const REPLICATION: bool> Default for ReplicaSetController<REPLICATION> {
    fn default() -> Self {
        Self { census: PodCensus::new(Self::KIND), claims: PodClaims::default(), templates: FxHashMap::default() }
    }
}

impl<const REPLICATION: bool> Controller for ReplicaSetController<REPLICATION> {
    type Draft = Draft;

    const COMPONENT: &'static str = if REPLICATION { "replication-controller" } else { "replicaset-controller" };

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.concerns(Self::KIND) && !(news.is_of_another(Self::KIND) && self.census.is_unused())
    }

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if let Some(pod) = change.object.as_pod() {
            self.observe_pod(now, pod, change, cluster, queue);
        } else if change.object.kind == Self::KIND {
            self.observe_set(change, cluster, queue);
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Draft> {
        if !cluster.is_live(key) {
            return Plan::done();
        }
        let Some(set) = cluster.body(key).as_replica_set() else { return Plan::done() };
        // Upstream claims among active pods only.
        let claims = self.claims.take(key, &set.selector, |pod| cluster.pod(pod).is_active(), cluster);
        if claims.is_empty() {
            return self.manage(now, key, cluster);
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
            return Plan::done();
        }
        match draft {
            Draft::Claimed => self.manage(now, key, cluster),
            Draft::Managed { difference, mut status, again } => {
                // Upstream counts a refusal by a terminating namespace as success: there is nothing to retry.
                let refusal = outcome.refusal.as_ref().filter(|_| !outcome.is_namespace_terminating());
                let message = refusal.map(|refusal| Text::from(refusal.message.as_str()));
                status::set_failure(now, &mut status, difference, message);
                let mut plan = status_plan(key, *status, cluster).again_after(again);
                plan.failed = refusal.is_some();
                plan
            }
        }
    }

    fn wrote(&mut self, object: ObjectRef, cluster: &Cluster) {
        if let Some(pod) = object.as_pod() {
            self.census.count(pod, cluster);
        }
    }

    fn significance(&self, key: ObjectRef, cluster: &Cluster) -> Significance {
        let Some(set) = cluster.body(key).as_replica_set().filter(|_| cluster.is_live(key)) else {
            return Significance::Stale;
        };
        if find(&set.status.conditions, "ReplicaFailure").is_some() {
            // A refusal that is repeated until somebody makes room.
            return Significance::Background;
        }
        if set.status.ready == set.status.available { Significance::Stale } else { Significance::Live }
    }
}

impl<const REPLICATION: bool> ReplicaSetController<REPLICATION> {
    const KIND: Kind = if REPLICATION { Kind::REPLICATION_CONTROLLER } else { Kind::REPLICA_SET };

    /// Upstream: replicaset `addPod`, `updatePod`, `deletePod`.
    fn observe_pod(&mut self, now: SimTime, pod: PodId, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let relevant = Fields::PHASE | Fields::READY | Fields::DELETION | Fields::OWNERSHIP | Fields::LABELS;
        if !change.fields.intersects(relevant) {
            let owner = cluster.pod(pod).controller;
            if owner.kind == Self::KIND && queue.has_failed(owner) {
                queue.add(owner);
            }
            return;
        }
        let counted = self.census.count(pod, cluster);
        if counted.before.is_some() {
            queue.add(counted.before);
        }
        if !counted.after.is_some() {
            self.claims.observe_orphan(pod, change, cluster, queue);
            return;
        }
        queue.add(counted.after);
        self.claims.observe_owned(counted.after, pod, change);
        if counted.turned_ready
            && let Some(set) = cluster.body(counted.after).as_replica_set()
            && set.min_ready_seconds > 0
        {
            queue.add_after(now, counted.after, SimDuration::from_secs(set.min_ready_seconds as u64));
        }
    }

    fn observe_set(&mut self, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let key = change.object;
        let Some(set) = cluster.body(key).as_replica_set() else { return };
        queue.add(key);
        self.claims.observe_set(key, &set.selector, change, cluster);
        if !cluster.is_live(key) {
            self.templates.remove(&key);
            return;
        }
        if change.fields.contains(Fields::SPEC) {
            let counted_by = self.templates.insert(key, set.template);
            if counted_by.is_some_and(|template| template != set.template) {
                for pod in cluster.pods_of(key) {
                    self.census.count(pod, cluster);
                }
            }
        }
    }

    /// Upstream: replicaset `syncReplicaSet`, `manageReplicas`.
    fn manage(&mut self, now: SimTime, key: ObjectRef, cluster: &Cluster) -> Plan<Draft> {
        let Some(set) = cluster.body(key).as_replica_set() else { return Plan::done() };
        let meta = cluster.meta(key);
        let counts = self.census.of(key);
        let available = status::available(now, key, counts.ready, set.min_ready_seconds, cluster);
        let status = status::of(&counts, available.count, set, meta.generation, !REPLICATION);
        let again = available.next;
        let difference = counts.active - set.replicas;
        if difference == 0 || meta.deletion.is_some() {
            let mut status = status;
            status::set_failure(now, &mut status, 0, None);
            return status_plan(key, status, cluster).again_after(again);
        }
        let mut plan = Plan::done();
        if difference < 0 {
            let pod = NewPod {
                namespace: meta.namespace,
                name: PodName::Generate(Text::from(format!("{}-", meta.name))),
                template: set.template,
                controller: key,
                finalizers: Vec::new(),
                mirror: false,
            };
            let count = difference.saturating_neg().min(BURST) as usize;
            plan.stages.extend(slow_start::batches(vec![Call::CreatePod(pod); count]));
        } else {
            let victims = ranking::pods_to_delete(now, key, difference.min(BURST) as usize, cluster);
            plan.push_together(victims.into_iter().map(|pod| Call::DeletePod { pod, owner: key }).collect());
        }
        plan.resume_with(Draft::Managed { difference, status: Box::new(status), again })
    }
}

/// Writes the status if it differs from the one before. Upstream: replicaset `updateReplicaSetStatus`.
fn status_plan(key: ObjectRef, status: ReplicaSetStatus, cluster: &Cluster) -> Plan<Draft> {
    let same = cluster.body(key).as_replica_set().is_some_and(|set| set.status == status);
    if same {
        return Plan::done();
    }
    Plan::of(Call::Status { object: key, status: Status::ReplicaSet(Box::new(status)) })
}
