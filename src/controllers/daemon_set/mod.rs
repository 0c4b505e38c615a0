//! The DaemonSet controller: one pod on every node that fits. Upstream: pkg/controller/daemon.

mod book;
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
use crate::model::workload::{DaemonSet, DaemonSetStatus};

use super::calls::event;
use super::history::{self, Revision, RevisionTemplates};
use super::plan::{Call, Outcome, Plan, Status};
use super::pod_claims::PodClaims;
use super::runner::{Controller, News};
use super::slow_start;
use super::work_queue::WorkQueue;
use book::{Basis, Book};
use decide::Actions;

const HASH_LABEL: &str = "controller-revision-hash";
const GENERATION: &str = "deprecated.daemonset.template.generation";
const GENERATION_LABEL: &str = "pod-template-generation";
/// Pods made or deleted in one sync. Upstream: daemon `BurstReplicas`.
const BURST: usize = 250;
/// Failed pods of a node are replaced after a wait that doubles. Upstream: daemon `NewFlowController(1s, 15m)`.
const FAILED_FIRST: SimDuration = SimDuration::from_secs(1);
const FAILED_LONGEST: SimDuration = SimDuration::from_secs(900);
/// Changes of nodes go through a queue of their own before they reach DaemonSets, so that others who hear of a taint are
/// there first. Upstream: daemon `nodeUpdateQueue`.
const NODE_QUEUE: SimDuration = SimDuration::from_millis(2);

/// The controller.
#[derive(Debug, Default)]
pub(super) struct DaemonSetController {
    templates: RevisionTemplates,
    claims: PodClaims,
    /// The template with the tolerations of daemons, by template, revision and generation of templates.
    daemon_templates: FxHashMap<(TemplateId, Text, Text), TemplateId>,
    books: BTreeMap<ObjectRef, Book>,
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

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.concerns(Kind::DAEMON_SET)
    }

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if let Some(pod) = change.object.as_pod() {
            let owner = cluster.pod(pod).controller;
            let relevant =
                Fields::PHASE | Fields::READY | Fields::DELETION | Fields::OWNERSHIP | Fields::LABELS | Fields::BOUND;
            let matters = change.fields.intersects(relevant) || queue.has_failed(owner);
            if change.verb == Verb::Modified && change.fields.contains(Fields::OWNERSHIP) {
                // It may have been released.
                self.books.iter_mut().for_each(|(set, book)| book.note_pod(pod, *set, cluster));
            }
            if owner.kind == Kind::DAEMON_SET && owner.is_some() && matters {
                self.books.entry(owner).or_default().note_pod(pod, owner, cluster);
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
            let node = NodeId(change.object.id);
            for (set, book) in self.books.iter_mut().filter(|_| matters) {
                if book.note_node(node, cluster) {
                    queue.add_after(now, *set, NODE_QUEUE);
                }
            }
        } else {
            if let Some(set) = cluster.body(change.object).as_daemon_set() {
                self.claims.observe_set(change.object, &set.selector, change, cluster);
            }
            if cluster.is_live(change.object) {
                self.books.entry(change.object).or_default();
            }
            queue.add(change.object);
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Draft> {
        let Some(set) = cluster.body(key).as_daemon_set().filter(|_| cluster.is_live(key)).cloned() else {
            self.backoffs.retain(|(owner, _, _), _| *owner != key);
            self.books.remove(&key);
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
            Err(plan) => return plan.resume_with(Draft::Revised),
        };
        let basis = self.refresh(now, key, &set, &hash, cluster);
        let book = self.books.entry(key).or_default();
        let mut actions = book.manage(cluster);
        let mut again = self.delay_failed(now, key, &mut actions, cluster);
        let book = self.books.entry(key).or_default();
        if !set.on_delete && actions == Actions::default() {
            roll(&set, basis.surge, book, &mut actions);
        }
        let status = status(key, &set, book, cluster);
        if set.min_ready_seconds > 0 && book.waits() {
            let wait = SimDuration::from_secs(set.min_ready_seconds as u64);
            again = Some(again.map_or(wait, |known| known.min(wait)));
        }
        let mut plan = Plan::done();
        push_actions(key, basis.template, &actions, &mut plan, cluster);
        let live = |revision: &Revision| {
            let label = revision_hash(revision, cluster);
            label == hash || cluster.pods_of(key).any(|pod| label_of(pod, cluster) == label)
        };
        plan.push_together(history::truncate(&revisions, set.revision_history_limit, live));
        if plan.stages.is_empty() {
            // Nothing is written in between: what was found is the status.
            return status_plan(key, &set, status).again_after(again);
        }
        plan.resume_with(Draft::Managed { hash, again })
    }

    fn wrote(&mut self, object: ObjectRef, cluster: &Cluster) {
        if let Some(pod) = object.as_pod() {
            let owner = cluster.pod(pod).controller;
            if let Some(book) = self.books.get_mut(&owner) {
                book.note_pod(pod, owner, cluster);
            }
        }
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
            Draft::Revised if outcome.refusal.is_some() => {
                let collided = history::collision(outcome, set.status.collision_count);
                let Some(collision_count) = collided else { return Plan::done().fail() };
                let status = DaemonSetStatus { collision_count: Some(collision_count), ..set.status.clone() };
                status_plan(key, &set, status).fail()
            }
            Draft::Claimed | Draft::Revised => self.sync(now, key, cluster),
            Draft::Managed { hash, again } => {
                self.refresh(now, key, &set, &hash, cluster);
                let status = status(key, &set, self.books.entry(key).or_default(), cluster);
                let mut plan = status_plan(key, &set, status).again_after(again);
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
fn status_plan(key: ObjectRef, set: &DaemonSet, status: DaemonSetStatus) -> Plan<Draft> {
    if status == set.status {
        return Plan::done();
    }
    Plan::of(Call::Status { object: key, status: Status::DaemonSet(Box::new(status)) })
}

impl DaemonSetController {
    /// Brings the DaemonSet's book up to date.
    fn refresh(&mut self, now: SimTime, key: ObjectRef, set: &DaemonSet, hash: &Text, cluster: &mut Cluster) -> Basis {
        // Upstream: daemon/util `GetTemplateGeneration`.
        let generation: Text = cluster.meta(key).annotations.get(GENERATION).unwrap_or_default().into();
        let entry = self.daemon_templates.entry((set.template, hash.clone(), generation.clone()));
        let template = *entry.or_insert_with(|| {
            let raw = nodes::daemon_template(&cluster.template(set.template).raw, hash, &generation);
            cluster.intern_template(Arc::new(convert::pod_template(&raw)))
        });
        // Upstream: daemon/util `AllowsSurge`.
        let surge = set.max_surge.scaled(1, true) > 0;
        let basis = Basis { template, hash: hash.clone(), generation, min_ready_seconds: set.min_ready_seconds, surge };
        self.books.entry(key).or_default().refresh(now, key, &basis, cluster);
        basis
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

/// The hash of the current template's revision; or the writes that make the revision, adopt one that is there, or raise
/// its number.
fn current_hash(
    key: ObjectRef,
    set: &DaemonSet,
    revisions: &[Revision],
    cluster: &Cluster,
) -> Result<Text, Plan<Draft>> {
    let next = revisions.last().map_or(1, |last| last.number + 1);
    match revisions.iter().rposition(|revision| revision.template == set.template) {
        Some(last) if last + 1 == revisions.len() => Ok(revision_hash(&revisions[last], cluster)),
        Some(older) => Err(Plan::of(history::renumber(&revisions[older], next, cluster))),
        None => {
            let adopted = history::adoptions(key, &set.selector, cluster);
            if !adopted.is_empty() {
                let mut plan = Plan::done();
                plan.push_together(adopted);
                return Err(plan);
            }
            let template = cluster.template(set.template);
            let hash = pod_template_hash(&template.raw, set.status.collision_count);
            let labels = template.labels.with(HASH_LABEL, &hash);
            let decoded = history::new_revision(key, &template.raw, next, &hash, labels, cluster);
            Err(Plan::of(Call::Create(Box::new(decoded))))
        }
    }
}

fn revision_hash(revision: &Revision, cluster: &Cluster) -> Text {
    cluster.meta(revision.object).labels.get(HASH_LABEL).unwrap_or_default().into()
}

fn label_of(pod: PodId, cluster: &Cluster) -> &str {
    cluster.template_of(pod).labels.get(HASH_LABEL).unwrap_or_default()
}

/// Numbers and percentages are of the nodes that should run a pod, and both are rounded up.
/// Upstream: daemon/util `SurgeCount`, `UnavailableCount`.
fn roll(set: &DaemonSet, surge: bool, book: &Book, actions: &mut Actions) {
    let desired = book.totals.desired;
    if surge {
        let (create, delete) = book.roll_with_surge(set.max_surge.scaled(desired, true));
        actions.create.extend(create);
        actions.delete.extend(delete);
    } else {
        // Without any leeway the update could not begin.
        actions.delete.extend(book.roll(set.max_unavailable.scaled(desired, true).max(1)));
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

fn status(key: ObjectRef, set: &DaemonSet, book: &Book, cluster: &Cluster) -> DaemonSetStatus {
    let totals = &book.totals;
    DaemonSetStatus {
        observed_generation: cluster.meta(key).generation,
        collision_count: set.status.collision_count,
        conditions: set.status.conditions.clone(),
        desired: totals.desired,
        current: totals.current,
        ready: totals.ready,
        available: totals.available,
        unavailable: totals.desired - totals.available,
        updated: totals.updated,
        misscheduled: totals.misscheduled,
    }
}
