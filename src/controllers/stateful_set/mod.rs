//! The StatefulSet controller: pods with names that stay, one after another.
//! Upstream: pkg/controller/statefulset.

mod claims;
mod decide;
mod identity;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::api::convert;
use crate::api::hash::{controller_revision_hash, stateful_set_revision_data};
use crate::cluster::{Change, Cluster, EventType, Fields, NewPod, PodName, Verb};
use crate::engine::{Significance, SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod::{PodConditionType, PodPhase};
use crate::model::workload::{StatefulSet, StatefulSetStatus};

use super::ControllerSettings;
use super::calls::event;
use super::history::{self, Revision, RevisionTemplates};
use super::plan::{Call, Outcome, Plan, Status};
use super::pod_claims::PodClaims;
use super::runner::{Controller, News};
use super::slow_start;
use super::work_queue::WorkQueue;
use decide::{Replica, Step};
use identity::REVISION_LABEL;

const HASH_LABEL: &str = "controller.kubernetes.io/hash";

/// The controller.
#[derive(Debug)]
pub(super) struct StatefulSetController {
    templates: RevisionTemplates,
    claims: PodClaims,
    /// Feature gate MaxUnavailableStatefulSet.
    max_unavailable: bool,
}

impl super::Create for StatefulSetController {
    fn create(settings: &ControllerSettings) -> Self {
        let max_unavailable = settings.max_unavailable_stateful_set;
        Self { templates: RevisionTemplates::default(), claims: PodClaims::default(), max_unavailable }
    }
}

/// What a sync waits for.
#[derive(Debug)]
pub(super) enum Draft {
    /// Adopted and released pods; the sync begins after that.
    Claimed,
    /// A revision that is being made or renumbered; the sync begins after that.
    Revised,
    /// Pods that are being made or deleted; then the status is written, and its key comes back after the time.
    Managed(Box<StatefulSetStatus>, Option<SimDuration>),
}

impl Controller for StatefulSetController {
    type Draft = Draft;

    const COMPONENT: &'static str = "statefulset-controller";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.concerns(Kind::STATEFUL_SET) && !news.is_of_another(Kind::STATEFUL_SET)
    }

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let Some(pod) = change.object.as_pod() else {
            if let Some(set) = cluster.body(change.object).as_stateful_set() {
                self.claims.observe_set(change.object, &set.selector, change, cluster);
            }
            queue.add(change.object);
            return;
        };
        self.claims.observe_orphan(pod, change, cluster, queue);
        let row = cluster.pod(pod);
        let relevant = Fields::PHASE | Fields::READY | Fields::DELETION | Fields::OWNERSHIP | Fields::LABELS;
        if row.controller.kind != Kind::STATEFUL_SET || !row.controller.is_some() {
            return;
        }
        if !change.fields.intersects(relevant) {
            if queue.has_failed(row.controller) {
                queue.add(row.controller);
            }
            return;
        }
        self.claims.observe_owned(row.controller, pod, change);
        queue.add(row.controller);
        let wait = cluster.body(row.controller).as_stateful_set().map_or(0, |set| set.min_ready_seconds);
        if wait > 0 && change.verb == Verb::Modified && change.fields.contains(Fields::READY) && row.is_ready() {
            queue.add_after(now, row.controller, SimDuration::from_secs(wait as u64));
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Draft> {
        if !cluster.is_live(key) {
            return Plan::done();
        }
        let Some(set) = cluster.body(key).as_stateful_set().cloned() else { return Plan::done() };
        let name = cluster.meta(key).name.clone();
        let is_member = |pod: PodId| identity::ordinal_of(pod, &name, cluster).is_some();
        let claims = self.claims.take(key, &set.selector, is_member, cluster);
        if !claims.is_empty() {
            let mut plan = Plan::done();
            plan.push_together(claims);
            return plan.resume_with(Draft::Claimed);
        }
        let revisions = self.templates.of(key, cluster);
        let update = match update_revision(key, &set, &revisions, cluster) {
            Ok(update) => update,
            Err(plan) => return plan.resume_with(Draft::Revised),
        };
        let current = revisions.iter().find(|revision| revision.name == set.status.current_revision).unwrap_or(update);
        let (replicas, condemned) = members(now, key, &set, cluster);
        let mut status = status(key, &set, current, update, &replicas, &condemned, cluster);
        let again = next_availability(now, &set, &replicas, cluster);
        let mut plan = Plan::done();
        if cluster.meta(key).deletion.is_none() {
            let steps = decide::steps(&set, &update.name, &replicas, &condemned, self.max_unavailable);
            for step in &steps {
                if let Step::Replace(pod) = step
                    && cluster.template_of(*pod).labels.get(REVISION_LABEL) == Some(&current.name)
                {
                    status.current -= 1;
                }
            }
            push_steps(key, &set, &steps, current, update, &mut plan, cluster);
            complete_rolling_update(&set, &mut status);
            let live = |revision: &Revision| {
                revision == current
                    || revision == update
                    || replicas.iter().chain(&condemned).any(|replica| replica.revision == revision.name)
            };
            plan.push_together(history::truncate(&revisions, set.revision_history_limit, live));
        }
        plan.resume_with(Draft::Managed(Box::new(status), again))
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
            Draft::Revised if outcome.refusal.is_some() => collided(key, outcome, cluster).fail(),
            Draft::Claimed | Draft::Revised => self.sync(now, key, cluster),
            Draft::Managed(status, again) => {
                let mut plan = Plan::done();
                let stored = cluster.body(key).as_stateful_set().map(|set| &set.status);
                if stored.is_some_and(|stored| is_different(stored, &status)) {
                    plan.push(Call::Status { object: key, status: Status::StatefulSet(status) });
                }
                plan.failed = outcome.refusal.is_some() && !outcome.is_namespace_terminating();
                plan.again_after(again)
            }
        }
    }

    fn significance(&self, key: ObjectRef, cluster: &Cluster) -> Significance {
        let set = cluster.body(key).as_stateful_set().filter(|_| cluster.is_live(key));
        match set {
            Some(set) if set.status.ready != set.status.available => Significance::Live,
            _ => Significance::Stale,
        }
    }
}

/// The name of a new revision is taken by another: the next try hashes a counter too.
fn collided(key: ObjectRef, outcome: &Outcome, cluster: &Cluster) -> Plan<Draft> {
    let Some(set) = cluster.body(key).as_stateful_set() else { return Plan::done() };
    let Some(count) = history::collision(outcome, set.status.collision_count) else { return Plan::done() };
    let status = StatefulSetStatus { collision_count: Some(count), ..set.status.clone() };
    Plan::of(Call::Status { object: key, status: Status::StatefulSet(Box::new(status)) })
}

/// The revision of the current template; or the writes that make it, adopt one that is there, or raise its number.
fn update_revision<'a>(
    key: ObjectRef,
    set: &StatefulSet,
    revisions: &'a [Revision],
    cluster: &Cluster,
) -> Result<&'a Revision, Plan<Draft>> {
    let next = revisions.last().map_or(1, |last| last.number + 1);
    match revisions.iter().rposition(|revision| revision.template == set.template) {
        Some(last) if last + 1 == revisions.len() => Ok(&revisions[last]),
        Some(older) => Err(Plan::of(history::renumber(&revisions[older], next, cluster))),
        None => {
            let adopted = history::adoptions(key, &set.selector, cluster);
            if !adopted.is_empty() {
                let mut plan = Plan::done();
                plan.push_together(adopted);
                return Err(plan);
            }
            let template = cluster.template(set.template);
            let data = stateful_set_revision_data(&template.raw);
            let hash = controller_revision_hash(&data, Some(set.status.collision_count.unwrap_or(0)));
            let labels = template.labels.with(HASH_LABEL, &hash);
            let decoded = history::new_revision(key, &template.raw, next, &hash, labels, cluster);
            Err(Plan::of(Call::Create(Box::new(decoded))))
        }
    }
}

/// Wanted ordinals in order, with pods where there are some; and pods of other ordinals, highest first.
fn members(now: SimTime, key: ObjectRef, set: &StatefulSet, cluster: &Cluster) -> (Vec<Replica>, Vec<Replica>) {
    let name = cluster.meta(key).name.clone();
    let mut replicas: Vec<Replica> = (0..set.replicas.max(0))
        .map(|index| Replica { ordinal: set.first_ordinal + index, ..Replica::default() })
        .collect();
    if set.delete_claims_with_pod && !set.claim_templates.is_empty() {
        for replica in &mut replicas {
            replica.stale_claims = claims::are_stale(key, set, replica.ordinal, cluster);
        }
    }
    let mut condemned = Vec::new();
    for pod in cluster.pods_of(key) {
        let Some(ordinal) = identity::ordinal_of(pod, &name, cluster) else { continue };
        let replica = replica(now, pod, ordinal, set, cluster);
        let place = usize::try_from(ordinal - set.first_ordinal).ok().and_then(|index| replicas.get_mut(index));
        match place {
            Some(place) => *place = replica,
            None => condemned.push(replica),
        }
    }
    condemned.sort_by_key(|replica| std::cmp::Reverse(replica.ordinal));
    (replicas, condemned)
}

fn replica(now: SimTime, pod: PodId, ordinal: i32, set: &StatefulSet, cluster: &Cluster) -> Replica {
    let row = cluster.pod(pod);
    let running_ready = row.status.phase == PodPhase::Running && row.is_ready();
    Replica {
        ordinal,
        pod: Some(pod),
        ended: row.status.phase.is_terminal(),
        running_ready,
        available: row.is_available(set.min_ready_seconds, now),
        deleting: row.deletion.is_some(),
        pending: row.status.phase == PodPhase::Pending,
        stale_claims: false,
        lost_identity: identity::is_lost(pod, cluster),
        revision: cluster.template(row.template).labels.get(REVISION_LABEL).unwrap_or_default().into(),
    }
}

fn push_steps(
    key: ObjectRef,
    set: &StatefulSet,
    steps: &[Step],
    current: &Revision,
    update: &Revision,
    plan: &mut Plan<Draft>,
    cluster: &mut Cluster,
) {
    let mut creations = Vec::new();
    let mut deletions = Vec::new();
    for step in steps {
        match step {
            Step::Create(ordinal) => {
                // Below the partition pods stay as they were.
                let partitioned = !set.on_delete && *ordinal < set.first_ordinal + set.partition;
                let revision = if partitioned { current } else { update };
                claims::make_missing(key, set, *ordinal, plan, cluster);
                creations.push(Call::CreatePod(new_pod(key, set, *ordinal, revision, cluster)));
            }
            Step::MakeClaims(ordinal) => claims::make_missing(key, set, *ordinal, plan, cluster),
            Step::Identify(pod) => identify(key, *pod, plan, cluster),
            Step::OwnClaims { pod, condemned } => claims::own(key, set, (*pod, *condemned), plan, cluster),
            Step::Delete(pod) | Step::Replace(pod) => deletions.push(Call::DeletePod { pod: *pod, owner: key }),
        }
    }
    plan.stages.extend(slow_start::batches(creations));
    plan.push_together(deletions);
}

/// Gives a pod its labels back. Upstream: statefulset `UpdateStatefulPod`, `recordPodEvent`.
fn identify(key: ObjectRef, pod: PodId, plan: &mut Plan<Draft>, cluster: &Cluster) {
    let set = &cluster.meta(key).name;
    let Some(ordinal) = identity::ordinal_of(pod, set, cluster) else { return };
    let name = &cluster.pod(pod).name;
    plan.push(Call::LabelPod { pod, labels: identity::labels(name, ordinal) });
    let message = format!("update Pod {name} in StatefulSet {set} successful");
    let told = event(key, EventType::Normal, "SuccessfulUpdate", message, StatefulSetController::COMPONENT);
    plan.push(Call::Event(Box::new(told)));
}

fn new_pod(key: ObjectRef, set: &StatefulSet, ordinal: i32, revision: &Revision, cluster: &mut Cluster) -> NewPod {
    let meta = cluster.meta(key);
    let (namespace, name) = (meta.namespace, meta.name.clone());
    let base = &cluster.template(revision.template).raw;
    let raw = identity::pod_template(base, set, &name, ordinal, &revision.name);
    let template = cluster.intern_template(Arc::new(convert::pod_template(&raw)));
    NewPod {
        namespace,
        name: PodName::Exact(identity::pod_name(&name, ordinal)),
        template,
        controller: key,
        finalizers: Vec::new(),
        mirror: false,
    }
}

/// Upstream: statefulset `computeReplicaStatus`.
fn status(
    key: ObjectRef,
    set: &StatefulSet,
    current: &Revision,
    update: &Revision,
    replicas: &[Replica],
    condemned: &[Replica],
    cluster: &Cluster,
) -> StatefulSetStatus {
    let existing: Vec<&Replica> = replicas.iter().chain(condemned).filter(|replica| replica.pod.is_some()).collect();
    let count = |test: &dyn Fn(&Replica) -> bool| existing.iter().filter(|replica| test(replica)).count() as i32;
    let of_revision = |revision: &Revision| count(&|replica| !replica.deleting && replica.revision == revision.name);
    StatefulSetStatus {
        observed_generation: cluster.meta(key).generation,
        replicas: existing.len() as i32,
        ready: count(&|replica| replica.running_ready),
        available: count(&|replica| replica.running_ready && replica.available),
        current: of_revision(current),
        updated: of_revision(update),
        current_revision: current.name.clone(),
        update_revision: update.name.clone(),
        collision_count: Some(set.status.collision_count.unwrap_or(0)),
        conditions: set.status.conditions.clone(),
    }
}

/// Upstream: statefulset `completeRollingUpdate`.
fn complete_rolling_update(set: &StatefulSet, status: &mut StatefulSetStatus) {
    let all = [status.updated, status.ready, status.replicas] == [set.replicas; 3];
    if !set.on_delete && all {
        status.current = status.updated;
        status.current_revision = status.update_revision.clone();
    }
}

/// Upstream: statefulset `inconsistentStatus`.
fn is_different(stored: &StatefulSetStatus, status: &StatefulSetStatus) -> bool {
    status.observed_generation > stored.observed_generation
        || StatefulSetStatus { collision_count: stored.collision_count, ..status.clone() }
            != StatefulSetStatus { observed_generation: status.observed_generation, ..stored.clone() }
}

/// When the next Ready pod becomes available.
fn next_availability(now: SimTime, set: &StatefulSet, replicas: &[Replica], cluster: &Cluster) -> Option<SimDuration> {
    if set.min_ready_seconds <= 0 {
        return None;
    }
    let wait = SimDuration::from_secs(set.min_ready_seconds as u64);
    let waiting = replicas.iter().filter(|replica| replica.running_ready && !replica.available);
    waiting
        .filter_map(|replica| cluster.pod(replica.pod?).status.condition(PodConditionType::Ready))
        .map(|ready| (ready.last_transition + wait).since(now))
        .min()
}
