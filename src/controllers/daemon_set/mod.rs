//! The DaemonSet controller: one pod on every node that fits. Upstream: pkg/controller/daemon.

mod decide;
mod nodes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::api::convert;
use crate::api::hash::pod_template_hash;
use crate::cluster::{Change, Cluster, EventType, Fields, NewPod, PodName, Verb};
use crate::engine::{Significance, SimDuration, SimTime};
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{NodeId, ObjectRef, PodId, TemplateId};
use crate::model::pod::PodPhase;
use crate::model::workload::{DaemonSet, DaemonSetStatus};

use super::calls::event;
use super::history::{self, Revision, RevisionTemplates};
use super::plan::{Call, Outcome, Plan, Status};
use super::pod_claims::PodClaims;
use super::runner::Controller;
use super::slow_start;
use super::work_queue::WorkQueue;
use decide::{Actions, Daemon, Place};

const HASH_LABEL: &str = "controller-revision-hash";
/// Pods made or deleted in one sync. Upstream: daemon `BurstReplicas`.
const BURST: usize = 250;
/// Failed pods of a node are replaced after a wait that doubles. Upstream: daemon `NewFlowController(1s, 15m)`.
const FAILED_FIRST: SimDuration = SimDuration::from_secs(1);
const FAILED_LONGEST: SimDuration = SimDuration::from_secs(900);

/// The controller.
#[derive(Debug, Default)]
pub(super) struct DaemonSetController {
    templates: RevisionTemplates,
    claims: PodClaims,
    /// The template with the tolerations of daemons, by template and revision.
    daemon_templates: FxHashMap<(TemplateId, Text), TemplateId>,
    /// Waits of nodes whose pods failed: when the last one was deleted, and how long the next one waits.
    backoffs: BTreeMap<(ObjectRef, i64, NodeId), (SimTime, SimDuration)>,
}

/// What a sync waits for.
#[derive(Debug)]
pub(super) enum Draft {
    /// Adopted and released pods; the sync begins after that.
    Claimed,
    /// A revision that is being made or renumbered; the sync begins after that.
    Revised,
    /// Pods that are being made or deleted; the status comes after them, and the key again after this time.
    Managed { hash: Text, again: Option<SimDuration> },
}

impl Controller for DaemonSetController {
    type Draft = Draft;

    const COMPONENT: &'static str = "daemonset-controller";

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if let Some(pod) = change.object.as_pod() {
            let owner = cluster.pod(pod).controller;
            let relevant =
                Fields::PHASE | Fields::READY | Fields::DELETION | Fields::OWNERSHIP | Fields::LABELS | Fields::BOUND;
            let matters = change.fields.intersects(relevant) || queue.has_failed(owner);
            if owner.kind == Kind::DAEMON_SET && owner.is_some() && matters {
                self.claims.observe_owned(owner, pod, change);
                queue.add(owner);
                let wait = cluster.body(owner).as_daemon_set().map_or(0, |set| set.min_ready_seconds);
                if wait > 0 && change.fields.contains(Fields::READY) && cluster.pod(pod).is_ready() {
                    // Upstream adds a second, because the times it compares are whole seconds.
                    queue.add_after(now, owner, SimDuration::from_secs(wait as u64 + 1));
                }
            } else {
                self.claims.observe_orphan(pod, change, cluster, queue);
            }
        } else if change.object.kind == Kind::NODE {
            let matters = change.verb != Verb::Modified || change.fields.intersects(Fields::LABELS | Fields::TAINTS);
            if matters {
                cluster.list(Kind::DAEMON_SET).for_each(|set| queue.add(set));
            }
        } else {
            if let Some(set) = cluster.body(change.object).as_daemon_set() {
                self.claims.observe_set(change.object, &set.selector, change, cluster);
            }
            queue.add(change.object);
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Draft> {
        let Some(set) = cluster.body(key).as_daemon_set().filter(|_| cluster.is_live(key)).cloned() else {
            self.backoffs.retain(|(owner, _, _), _| *owner != key);
            return Plan::done();
        };
        if cluster.meta(key).deletion.is_some() {
            return Plan::done();
        }
        if set.selector.is_empty() {
            let message = "This daemon set is selecting all pods. A non-empty selector is required.";
            let warning = event(key, EventType::Warning, "SelectingAll", message, Self::COMPONENT);
            return Plan::of(Call::Event(Box::new(warning)));
        }
        let claims = self.claims.take(key, &set.selector, |_| true, cluster);
        if !claims.is_empty() {
            let mut plan = Plan::done();
            plan.push_together(claims);
            return plan.resume_with(Draft::Claimed);
        }
        let revisions = self.templates.of(key, cluster);
        let hash = match current_hash(key, &set, &revisions, cluster) {
            Ok(hash) => hash,
            Err(call) => return Plan::of(*call).resume_with(Draft::Revised),
        };
        let base = self.daemon_template(&set, &hash, cluster);
        let (places, strays) = places(now, key, &set, (&hash, base), cluster);
        let surge = max_of(set.max_surge, &places);
        let mut actions = decide::manage(&places, surge > 0);
        actions.delete.extend(strays);
        let mut again = self.delay_failed(now, key, &mut actions, cluster);
        let quiet = actions == Actions::default();
        if !set.on_delete && quiet {
            roll(&set, surge, &places, &mut actions);
        }
        let mut plan = Plan::done();
        push_actions(key, base, &actions, &mut plan, cluster);
        let live = |revision: &Revision| {
            let label = revision_hash(revision, cluster);
            label == hash || cluster.pods_of(key).any(|pod| label_of(pod, cluster) == label)
        };
        plan.push_together(history::truncate(&revisions, set.revision_history_limit, live));
        if set.min_ready_seconds > 0
            && places.iter().flat_map(|place| &place.daemons).any(|one| one.ready && !one.available)
        {
            let wait = SimDuration::from_secs(set.min_ready_seconds as u64);
            again = Some(again.map_or(wait, |known| known.min(wait)));
        }
        if plan.stages.is_empty() {
            // Nothing is written in between: what was found is the status.
            return status_plan(key, &set, &places, cluster).again_after(again);
        }
        plan.resume_with(Draft::Managed { hash, again })
    }

    fn resume(
        &mut self,
        now: SimTime,
        key: ObjectRef,
        draft: Draft,
        outcome: &Outcome,
        cluster: &mut Cluster,
    ) -> Plan<Draft> {
        let Some(set) = cluster.body(key).as_daemon_set().filter(|_| cluster.is_live(key)).cloned() else {
            return Plan::done();
        };
        match draft {
            Draft::Revised if outcome.refusal.is_some() => Plan::done().fail(),
            Draft::Claimed | Draft::Revised => self.sync(now, key, cluster),
            Draft::Managed { hash, again } => {
                let base = self.daemon_template(&set, &hash, cluster);
                let (places, _) = places(now, key, &set, (&hash, base), cluster);
                let mut plan = status_plan(key, &set, &places, cluster).again_after(again);
                plan.failed = outcome.refusal.is_some() && !outcome.is_namespace_terminating();
                plan
            }
        }
    }

    fn significance(&self, key: ObjectRef, cluster: &Cluster) -> Significance {
        if cluster.is_live(key) { Significance::Live } else { Significance::Stale }
    }
}

/// Writes the status if it differs from the one before.
fn status_plan(key: ObjectRef, set: &DaemonSet, places: &[Place], cluster: &Cluster) -> Plan<Draft> {
    let status = status(key, set, places, cluster);
    if status == set.status {
        return Plan::done();
    }
    Plan::of(Call::Status { object: key, status: Status::DaemonSet(Box::new(status)) })
}

impl DaemonSetController {
    /// The template with the DaemonSet's tolerations and its revision label.
    fn daemon_template(&mut self, set: &DaemonSet, hash: &Text, cluster: &mut Cluster) -> TemplateId {
        *self.daemon_templates.entry((set.template, hash.clone())).or_insert_with(|| {
            let raw = nodes::daemon_template(&cluster.template(set.template).raw, hash);
            cluster.intern_template(Arc::new(convert::pod_template(&raw)))
        })
    }

    /// Failed pods go with an Event, those of a node that failed before after a while. Returns how long the first of
    /// those that stay waits.
    fn delay_failed(
        &mut self,
        now: SimTime,
        key: ObjectRef,
        actions: &mut Actions,
        cluster: &Cluster,
    ) -> Option<SimDuration> {
        let generation = cluster.body(key).as_daemon_set()?.status.observed_generation;
        let mut next: Option<SimDuration> = None;
        let failed = std::mem::take(&mut actions.failed);
        for (node, pod) in failed {
            let entry = (key, generation, node);
            match self.backoffs.get(&entry).copied() {
                Some((last, wait)) if now < last + wait => {
                    let left = (last + wait).since(now);
                    next = Some(next.map_or(left, |known| known.min(left)));
                }
                known => {
                    // Upstream: flowcontrol `Backoff.Next`; forgotten after twice the longest wait.
                    let wait = known
                        .filter(|(last, _)| now.since(*last) <= FAILED_LONGEST * 2)
                        .map_or(FAILED_FIRST, |(_, wait)| (wait * 2).min(FAILED_LONGEST));
                    self.backoffs.insert(entry, (now, wait));
                    actions.failed.push((node, pod));
                }
            }
        }
        next
    }
}

/// The hash of the current template's revision; or the write that makes the revision, or raises its number.
fn current_hash(key: ObjectRef, set: &DaemonSet, revisions: &[Revision], cluster: &Cluster) -> Result<Text, Box<Call>> {
    let next = revisions.last().map_or(1, |last| last.number + 1);
    match revisions.iter().rposition(|revision| revision.template == set.template) {
        Some(last) if last + 1 == revisions.len() => Ok(revision_hash(&revisions[last], cluster)),
        Some(older) => Err(Box::new(history::renumber(&revisions[older], next, cluster))),
        None => {
            let template = cluster.template(set.template);
            let hash = pod_template_hash(&template.raw, set.status.collision_count);
            let labels = template.labels.with(HASH_LABEL, &hash);
            let decoded = history::new_revision(key, &template.raw, next, &hash, labels, cluster);
            Err(Box::new(Call::Create(Box::new(decoded))))
        }
    }
}

fn revision_hash(revision: &Revision, cluster: &Cluster) -> Text {
    cluster.meta(revision.object).labels.get(HASH_LABEL).unwrap_or_default().into()
}

fn label_of(pod: PodId, cluster: &Cluster) -> &str {
    cluster.template_of(pod).labels.get(HASH_LABEL).unwrap_or_default()
}

/// All nodes with their pods, and pods that wait for a node that is gone.
fn places(
    now: SimTime,
    key: ObjectRef,
    set: &DaemonSet,
    (hash, template): (&str, TemplateId),
    cluster: &Cluster,
) -> (Vec<Place>, Vec<PodId>) {
    let mut daemons: Vec<(NodeId, bool, Daemon)> = Vec::new();
    let mut strays = Vec::new();
    for pod in cluster.pods_of(key) {
        let row = cluster.pod(pod);
        let terminal = row.status.phase.is_terminal();
        if terminal && row.deletion.is_some() {
            continue;
        }
        let node = nodes::target(pod, cluster);
        if node.is_none() || !cluster.is_live(ObjectRef::node(node)) {
            if row.node.is_none() && row.deletion.is_none() {
                strays.push(pod);
            }
            continue;
        }
        let daemon = Daemon {
            pod,
            is_new: label_of(pod, cluster) == hash,
            failed: row.status.phase == PodPhase::Failed,
            succeeded: row.status.phase == PodPhase::Succeeded,
            deleting: row.deletion.is_some(),
            ready: row.is_ready(),
            available: row.is_available(set.min_ready_seconds, now),
        };
        daemons.push((node, row.node.is_none(), daemon));
    }
    // By node; bound ones first, then the oldest.
    daemons.sort_by_key(|(node, unbound, daemon)| (*node, *unbound, daemon.pod));
    let mut daemons = daemons.into_iter().peekable();
    let template = cluster.template(template);
    let place = |node: NodeId| {
        let there = std::iter::from_fn(|| daemons.next_if(|(at, ..)| *at <= node));
        let daemons = there.filter(|(at, ..)| *at == node).map(|(.., daemon)| daemon).collect();
        Place { node, wish: nodes::wish(node, template, cluster), daemons }
    };
    (cluster.nodes().map(place).collect(), strays)
}

/// A count or percentage of the nodes that should run a pod, rounded up.
fn max_of(value: crate::model::int_or_percent::IntOrPercent, places: &[Place]) -> i32 {
    let desired = places.iter().filter(|place| place.wish.run).count() as i32;
    value.scaled(desired, true)
}

fn roll(set: &DaemonSet, surge: i32, places: &[Place], actions: &mut Actions) {
    if surge > 0 {
        let (create, delete) = decide::roll_with_surge(places, surge);
        actions.create.extend(create);
        actions.delete.extend(delete);
    } else {
        // Without any leeway the update could not begin.
        let unavailable = max_of(set.max_unavailable, places).max(1);
        actions.delete.extend(decide::roll(places, unavailable));
    }
}

fn push_actions(key: ObjectRef, base: TemplateId, actions: &Actions, plan: &mut Plan<Draft>, cluster: &mut Cluster) {
    let (namespace, name) = (cluster.meta(key).namespace, cluster.meta(key).name.clone());
    let prefix = Text::from(format!("{name}-"));
    let creations = actions.create.iter().take(BURST).map(|node| {
        let raw = nodes::node_template(&cluster.template(base).raw, cluster.node_name(*node));
        let template = cluster.intern_template(Arc::new(convert::pod_template(&raw)));
        Call::CreatePod(NewPod {
            namespace,
            name: PodName::Generate(prefix.clone()),
            template,
            controller: key,
            finalizers: Vec::new(),
            mirror: false,
        })
    });
    let creations: Vec<Call> = creations.collect();
    for (node, pod) in &actions.failed {
        let pod_name = pod_identity(*pod, cluster);
        let message =
            format!("Found failed daemon pod {pod_name} on node {}, will try to kill it", cluster.node_name(*node));
        let warning = event(key, EventType::Warning, "FailedDaemonPod", message, DaemonSetController::COMPONENT);
        plan.push(Call::Event(Box::new(warning)));
    }
    for pod in &actions.succeeded {
        let node = cluster.node_name(cluster.pod(*pod).node);
        let message =
            format!("Found succeeded daemon pod {} on node {node}, will try to delete it", pod_identity(*pod, cluster));
        let normal = event(key, EventType::Normal, "SucceededDaemonPod", message, DaemonSetController::COMPONENT);
        plan.push(Call::Event(Box::new(normal)));
    }
    let gone = actions.delete.iter().chain(actions.failed.iter().map(|(_, pod)| pod)).chain(&actions.succeeded);
    let deletions = gone.take(BURST).map(|pod| Call::DeletePod { pod: *pod, owner: key }).collect();
    plan.stages.extend(slow_start::batches(creations));
    plan.push_together(deletions);
}

fn pod_identity(pod: PodId, cluster: &Cluster) -> String {
    let row = cluster.pod(pod);
    format!("{}/{}", cluster.namespace_name(row.namespace), row.name)
}

/// The oldest pod stands for its node. Upstream: daemon `updateDaemonSetStatus`.
fn status(key: ObjectRef, set: &DaemonSet, places: &[Place], cluster: &Cluster) -> DaemonSetStatus {
    let mut status = DaemonSetStatus {
        observed_generation: cluster.meta(key).generation,
        collision_count: set.status.collision_count,
        conditions: set.status.conditions.clone(),
        ..DaemonSetStatus::default()
    };
    for place in places {
        let oldest = place.daemons.first();
        if !place.wish.run {
            status.misscheduled += i32::from(oldest.is_some());
            continue;
        }
        status.desired += 1;
        if let Some(oldest) = oldest {
            status.current += 1;
            status.ready += i32::from(oldest.ready);
            status.available += i32::from(oldest.available);
            status.updated += i32::from(oldest.is_new);
        }
    }
    status.unavailable = status.desired - status.available;
    status
}
