//! One sync of a Deployment, in upstream's order: claim, pause, scale or roll, clean up, status.
//! Upstream: deployment `syncDeployment`, `sync`, `rolloutRolling`, `rolloutRecreate`.

use std::sync::Arc;

use crate::cluster::{Cluster, DeleteOptions, EventType};
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::condition::{self, Condition, ConditionStatus};
use crate::model::deployment::{DeploymentStatus, DeploymentStrategy};
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{ObjectRef, OwnerReference};

use super::super::calls::event;
use super::super::plan::{Call, Outcome, Plan};
use super::super::runner::Controller;
use super::progress::{self, PROGRESSING};
use super::proportional::{self, Scaling};
use super::view::{REVISION, Set, View};
use super::{DeploymentController, Draft, recreate, revision, rollback, rolling};

impl DeploymentController {
    /// Adoptions and releases. Upstream: controller `ReplicaSetControllerRefManager.ClaimReplicaSets`.
    pub(super) fn claims(&mut self, key: ObjectRef, cluster: &Cluster) -> Vec<Call> {
        let meta = cluster.meta(key);
        let orphans = self.orphans.remove(&key).unwrap_or_default();
        let Some(deployment) = cluster.body(key).as_deployment() else { return Vec::new() };
        if meta.deletion.is_some() {
            return Vec::new();
        }
        let adopted = orphans.iter().filter(|set| {
            let candidate = cluster.meta(**set);
            cluster.is_live(**set)
                && !candidate.controller().is_some()
                && candidate.deletion.is_none()
                && deployment.selector.matches(&candidate.labels)
        });
        let adopted = adopted.map(|set| {
            let mut owners = cluster.meta(*set).owners.clone();
            owners.push(OwnerReference { owner: key, controller: true, block_owner_deletion: true });
            Call::SetOwners { object: *set, owners }
        });
        let released = cluster.owned(key, Kind::REPLICA_SET).filter(|set| {
            cluster.meta(*set).controller() == key && !deployment.selector.matches(&cluster.meta(*set).labels)
        });
        let released = released.map(|set| {
            let owners = cluster.meta(set).owners.iter().filter(|owner| owner.owner != key).cloned().collect();
            Call::SetOwners { object: set, owners }
        });
        adopted.chain(released).collect()
    }

    fn view(&mut self, key: ObjectRef, cluster: &Cluster) -> Option<View> {
        let current = cluster.body(key).as_deployment()?.template;
        View::read(key, cluster, |template| {
            *self.equal_templates.entry((current, template)).or_insert_with(|| {
                revision::is_equal_ignoring_hash(cluster.template(current), cluster.template(template))
            })
        })
    }

    /// Everything after the claims.
    pub(super) fn reconcile(&mut self, now: SimTime, key: ObjectRef, cluster: &Cluster) -> Plan<Draft> {
        let Some(mut view) = self.view(key, cluster) else { return Plan::done() };
        let mut plan = Plan::done();
        if view.deployment.selector.is_empty() {
            return selects_all(key, &view, cluster);
        }
        if cluster.meta(key).deletion.is_some() {
            return with_status(key, &view, progress::base_status(now, &view), plan, cluster);
        }
        let paused = progress::paused_condition(now, &view.deployment);
        if let Some(condition) = paused.clone() {
            progress::set_condition(&mut view.deployment.status.conditions, condition);
            plan.push(status_call(key, view.deployment.status.clone(), cluster));
        }
        if view.deployment.paused {
            return scale(now, key, view, plan, cluster);
        }
        if let Some(revision) = rollback::requested(key, cluster).filter(|_| view.new.is_some()) {
            return rollback::plan(key, &view, revision, cluster);
        }
        if is_scaling(&view) {
            return scale(now, key, view, plan, cluster);
        }
        self.roll(now, key, cluster, plan, (false, paused))
    }

    /// Upstream: deployment `rolloutRolling` and `rolloutRecreate`. `created` says that this sync made the new
    /// ReplicaSet, `resumed` is the condition that it is just writing.
    fn roll(
        &mut self,
        now: SimTime,
        key: ObjectRef,
        cluster: &Cluster,
        mut plan: Plan<Draft>,
        (created, resumed): (bool, Option<Condition>),
    ) -> Plan<Draft> {
        let Some(mut view) = self.view(key, cluster) else { return Plan::done() };
        if let Some(condition) = resumed {
            progress::set_condition(&mut view.deployment.status.conditions, condition);
        }
        if let Some(call) = annotation_call(key, &view, cluster) {
            return plan.then(call).resume_with(Draft::Annotated);
        }
        note_new(now, key, &mut view, created, &mut plan, cluster);
        let recreates = view.deployment.strategy == DeploymentStrategy::Recreate;
        if recreates {
            let steps = recreate::scale_old(&view);
            if !steps.is_empty() {
                push_scalings(key, &view, &steps, &mut plan, cluster);
                return with_rollout_status(now, key, &view, plan, cluster);
            }
            if recreate::old_pods_run(&view, cluster) {
                return with_rollout_status(now, key, &view, plan, cluster);
            }
        }
        if view.new.is_none() {
            let replicas = rolling::new_replicas(&view);
            let decoded = revision::new_replica_set(key, &view, replicas, cluster);
            let name = decoded.name.to_string();
            return plan.then(Call::Create(Box::new(decoded))).resume_with(Draft::Created { replicas, name });
        }
        if let Some(replicas) = rolling::scale_new(&view) {
            push_scalings(key, &view, &[(view.old.len(), replicas)], &mut plan, cluster);
            return with_rollout_status(now, key, &view, plan, cluster);
        }
        let steps = if recreates { Vec::new() } else { rolling::scale_old(&view) };
        if steps.is_empty() {
            clean_up_if_complete(&view, &mut plan);
        } else {
            push_scalings(key, &view, &steps, &mut plan, cluster);
        }
        with_rollout_status(now, key, &view, plan, cluster)
    }

    /// The new ReplicaSet was made, or not. Upstream: deployment `getNewReplicaSet`.
    pub(super) fn after_creation(
        &mut self,
        now: SimTime,
        key: ObjectRef,
        (replicas, name): (i32, &str),
        outcome: &Outcome,
        cluster: &Cluster,
    ) -> Plan<Draft> {
        let Some(view) = self.view(key, cluster) else { return Plan::done() };
        let mut status = view.deployment.status.clone();
        let Some(refusal) = &outcome.refusal else {
            let mut plan = Plan::done();
            if replicas > 0 {
                let message = format!("Scaled up replica set {name} from 0 to {replicas}");
                plan.push(Call::Event(Box::new(event(
                    key,
                    EventType::Normal,
                    "ScalingReplicaSet",
                    message,
                    Self::COMPONENT,
                ))));
            }
            return self.roll(now, key, cluster, plan, (true, None));
        };
        if outcome.is_namespace_terminating() {
            return Plan::done().fail();
        }
        if refusal.reason == crate::api::Reason::AlreadyExists {
            // Another template with the same hash: the next try hashes the counter too.
            status.collision_count = Some(status.collision_count.unwrap_or(0) + 1);
            return Plan::of(status_call(key, status, cluster)).fail();
        }
        let message = format!("Failed to create new replica set {name:?}: {refusal}");
        let mut plan = Plan::done();
        if progress::has_deadline(&view.deployment) {
            let condition = progress::new_condition(
                now,
                PROGRESSING,
                ConditionStatus::False,
                "ReplicaSetCreateError",
                message.as_str(),
            );
            progress::set_condition(&mut status.conditions, condition);
            if status != view.deployment.status {
                plan.push(status_call(key, status, cluster));
            }
        }
        let failed = event(key, EventType::Warning, "ReplicaSetCreateError", message, Self::COMPONENT);
        plan.then(Call::Event(Box::new(failed))).fail()
    }
}

/// A selector without requirements is refused service. Upstream: deployment `syncDeployment`.
fn selects_all(key: ObjectRef, view: &View, cluster: &Cluster) -> Plan<Draft> {
    let message = "This deployment is selecting all pods. A non-empty selector is required.";
    let warning = event(key, EventType::Warning, "SelectingAll", message, DeploymentController::COMPONENT);
    let mut plan = Plan::of(Call::Event(Box::new(warning)));
    let mut status = view.deployment.status.clone();
    if status.observed_generation < view.generation {
        status.observed_generation = view.generation;
        plan.push(status_call(key, status, cluster));
    }
    plan
}

/// Was `spec.replicas` changed since the ReplicaSets were last sized? Upstream: deployment `isScalingEvent`.
fn is_scaling(view: &View) -> bool {
    let mut active = view.all().filter(|set| set.is_active());
    active.any(|set| set.desired_replicas.is_some_and(|desired| desired != view.deployment.replicas))
}

/// Paused, or scaled. Upstream: deployment `sync`.
fn scale(now: SimTime, key: ObjectRef, mut view: View, mut plan: Plan<Draft>, cluster: &Cluster) -> Plan<Draft> {
    if let Some(call) = annotation_call(key, &view, cluster) {
        return plan.then(call).resume_with(Draft::Claimed);
    }
    note_new(now, key, &mut view, false, &mut plan, cluster);
    match proportional::scale(&view) {
        Scaling::None => {}
        Scaling::Sizes(sizes) => push_scalings(key, &view, &sizes, &mut plan, cluster),
        Scaling::Forced(sizes) => push_forced_scalings(key, &view, &sizes, &mut plan, cluster),
    }
    if view.deployment.paused {
        plan.push_together(revision::expired(&view).into_iter().map(delete_call).collect());
    }
    let status = progress::base_status(now, &view);
    with_status(key, &view, status, plan, cluster)
}

/// The write that gives the existing new ReplicaSet its annotations and minReadySeconds, if it lacks them.
fn annotation_call(key: ObjectRef, view: &View, cluster: &Cluster) -> Option<Call> {
    let set = view.new.as_ref()?;
    let current = &cluster.meta(set.object).annotations;
    let deployment = &cluster.meta(key).annotations;
    let wanted = revision::wanted_annotations(deployment, current, view.next_revision());
    let min_ready_seconds = view.deployment.min_ready_seconds;
    (wanted != **current || set.min_ready_seconds != min_ready_seconds).then(|| Call::UpdateReplicaSet {
        object: set.object,
        replicas: set.spec,
        min_ready_seconds,
        annotations: Arc::new(wanted),
    })
}

/// Notes the new ReplicaSet on the Deployment: its revision, and that it was made or found.
fn note_new(now: SimTime, key: ObjectRef, view: &mut View, created: bool, plan: &mut Plan<Draft>, cluster: &Cluster) {
    let Some(set) = &view.new else { return };
    let meta = cluster.meta(key);
    let revision = set.revision.map(|revision| revision.to_string()).unwrap_or_default();
    let has_condition = condition::find(&view.deployment.status.conditions, PROGRESSING).is_some();
    let is_noted = meta.annotations.get(REVISION) == Some(&revision);
    let wants_condition = progress::has_deadline(&view.deployment) && (!has_condition || created);
    if is_noted && !wants_condition {
        return;
    }
    if wants_condition {
        let (why, verb) = if created { ("NewReplicaSetCreated", "Created") } else { ("FoundNewReplicaSet", "Found") };
        let message = format!("{verb} new replica set {:?}", set.name.as_str());
        let condition = progress::new_condition(now, PROGRESSING, ConditionStatus::True, why, message);
        progress::set_condition(&mut view.deployment.status.conditions, condition);
    }
    let annotations = if is_noted { (*meta.annotations).clone() } else { meta.annotations.with(REVISION, &revision) };
    plan.push(Call::DeploymentStatus {
        object: key,
        annotations: Arc::new(annotations),
        status: Box::new(view.deployment.status.clone()),
    });
}

/// Writes new sizes, each with its Event; sizes that are there already are left out.
fn push_scalings(key: ObjectRef, view: &View, sizes: &[(usize, i32)], plan: &mut Plan<Draft>, cluster: &Cluster) {
    let mut current: Vec<i32> = view.all().map(|set| set.spec).collect();
    for (index, size) in sizes {
        if current[*index] != *size {
            push_scaling(key, view, (*index, current[*index], *size), plan, cluster);
            current[*index] = *size;
        }
    }
}

/// Writes sizes and annotations of all, with Events for those that change.
fn push_forced_scalings(
    key: ObjectRef,
    view: &View,
    sizes: &[(usize, i32)],
    plan: &mut Plan<Draft>,
    cluster: &Cluster,
) {
    let current: Vec<i32> = view.all().map(|set| set.spec).collect();
    for (index, size) in sizes {
        push_scaling(key, view, (*index, current[*index], *size), plan, cluster);
    }
}

/// Upstream: deployment `scaleReplicaSet`.
fn push_scaling(
    key: ObjectRef,
    view: &View,
    (index, from, to): (usize, i32, i32),
    plan: &mut Plan<Draft>,
    cluster: &Cluster,
) {
    let Some(set) = view.all().nth(index) else { return };
    let desired = view.deployment.replicas;
    let annotations: &Labels = &cluster.meta(set.object).annotations;
    let wanted = revision::with_replicas(annotations, desired, desired + view.limits().surge);
    if from == to && wanted == *annotations {
        return;
    }
    plan.push(Call::UpdateReplicaSet {
        object: set.object,
        replicas: to,
        min_ready_seconds: set.min_ready_seconds,
        annotations: Arc::new(wanted),
    });
    if from != to {
        plan.push(Call::Event(Box::new(scaling_event(key, set, from, to))));
    }
}

fn scaling_event(key: ObjectRef, set: &Set, from: i32, to: i32) -> crate::cluster::EventDraft {
    let direction = if to > from { "up" } else { "down" };
    let message = format!("Scaled {direction} replica set {} from {from} to {to}", set.name);
    event(key, EventType::Normal, "ScalingReplicaSet", message, DeploymentController::COMPONENT)
}

fn clean_up_if_complete(view: &View, plan: &mut Plan<Draft>) {
    if progress::is_complete(&view.deployment, &view.deployment.status, view.generation) {
        plan.push_together(revision::expired(view).into_iter().map(delete_call).collect());
    }
}

fn delete_call(object: ObjectRef) -> Call {
    Call::Delete { object, options: DeleteOptions::default() }
}

fn with_rollout_status(now: SimTime, key: ObjectRef, view: &View, plan: Plan<Draft>, cluster: &Cluster) -> Plan<Draft> {
    let status = progress::rollout_status(now, view);
    let again = if status == view.deployment.status { progress::look_again(now, view, &status) } else { None };
    with_status(key, view, status, plan, cluster).again_after(again)
}

/// Writes the status if it differs from the one before.
fn with_status(
    key: ObjectRef,
    view: &View,
    status: DeploymentStatus,
    plan: Plan<Draft>,
    cluster: &Cluster,
) -> Plan<Draft> {
    if status == view.deployment.status {
        return plan;
    }
    // The revision annotation may have been planned a moment ago; it goes with every status write.
    let mut call = status_call(key, status, cluster);
    if let (Call::DeploymentStatus { annotations, .. }, Some(set)) = (&mut call, &view.new) {
        let revision = set.revision.map(|revision| Text::from(revision.to_string())).unwrap_or_default();
        if !revision.is_empty() && annotations.get(REVISION) != Some(&revision) {
            *annotations = Arc::new(annotations.with(REVISION, &revision));
        }
    }
    plan.then(call)
}

fn status_call(key: ObjectRef, status: DeploymentStatus, cluster: &Cluster) -> Call {
    Call::DeploymentStatus {
        object: key,
        annotations: Arc::clone(&cluster.meta(key).annotations),
        status: Box::new(status),
    }
}
