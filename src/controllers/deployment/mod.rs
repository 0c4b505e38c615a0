//! The Deployment controller: turns a Deployment into ReplicaSets and moves replicas between them.
//! It never looks at pods but for Recreate; ReplicaSets' statuses tell it enough.
//! Upstream: pkg/controller/deployment.

mod progress;
mod proportional;
mod recreate;
mod revision;
mod rollback;
mod rolling;
mod sync;
#[cfg(test)]
mod tests;
mod view;
#[cfg(test)]
mod worked_examples;

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::cluster::{Change, Cluster, Fields, Verb};
use crate::engine::{Significance, SimTime};
use crate::model::Text;
use crate::model::deployment::DeploymentStrategy;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{NamespaceId, ObjectRef, PodId, TemplateId};
use crate::model::selector::{LabelSelector, Operator};

use super::plan::{Outcome, Plan};
use super::runner::{Controller, News};
use super::selector_index::SelectorIndex;
use super::work_queue::WorkQueue;

/// The controller.
#[derive(Debug, Default)]
pub(super) struct DeploymentController {
    selectors: SelectorIndex,
    /// ReplicaSets without a controller that a Deployment was seen to match.
    orphans: FxHashMap<ObjectRef, BTreeSet<ObjectRef>>,
    /// ReplicaSets without a controller, by namespace and by each of their labels.
    free: FxHashMap<(NamespaceId, Text, Text), BTreeSet<ObjectRef>>,
    /// The labels by which those are filed.
    filed: FxHashMap<ObjectRef, Arc<Labels>>,
    /// Are two templates equal but for the hash label? Asked again in every sync.
    equal_templates: FxHashMap<(TemplateId, TemplateId), bool>,
}

/// What a sync waits for.
#[derive(Debug)]
pub(super) enum Draft {
    /// Adopted and released ReplicaSets; the sync begins after that.
    Claimed,
    /// The new ReplicaSet, which is being made.
    Created {
        /// Its replicas.
        replicas: i32,
        /// Its name.
        name: String,
    },
    /// An annotation or minReadySeconds of the new ReplicaSet, which is being written.
    Annotated,
}

impl Controller for DeploymentController {
    type Draft = Draft;

    const COMPONENT: &'static str = "deployment-controller";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.is(Verb::Deleted)
    }

    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        match change.object.kind {
            Kind::DEPLOYMENT => self.observe_deployment(change, cluster, queue),
            Kind::REPLICA_SET => self.observe_replica_set(change, cluster, queue),
            Kind::POD if change.verb == Verb::Deleted => {
                if let Some(deployment) = change.object.as_pod().and_then(|pod| emptied_deployment(pod, cluster)) {
                    queue.add(deployment);
                }
            }
            _ => {}
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Draft> {
        if !cluster.is_live(key) {
            return Plan::done();
        }
        let claims = self.claims(key, cluster);
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
            return Plan::done();
        }
        match draft {
            Draft::Annotated if outcome.refusal.is_some() => Plan::done().fail(),
            Draft::Claimed | Draft::Annotated => self.reconcile(now, key, cluster),
            Draft::Created { replicas, name } => self.after_creation(now, key, (replicas, &name), outcome, cluster),
        }
    }

    fn significance(&self, key: ObjectRef, cluster: &Cluster) -> Significance {
        if !cluster.is_live(key) {
            return Significance::Stale;
        }
        let live = cluster
            .body(key)
            .as_deployment()
            .is_some_and(|deployment| progress::is_deadline_pending(deployment, cluster.meta(key).generation));
        if live { Significance::Live } else { Significance::Stale }
    }
}

impl DeploymentController {
    fn observe_replica_set(&mut self, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let object = change.object;
        let meta = cluster.meta(object);
        let controller = meta.controller();
        let is_free = !controller.is_some() && cluster.is_live(object);
        self.file(object, is_free, cluster);
        if controller.kind == Kind::DEPLOYMENT && controller.is_some() {
            queue.add(controller);
        } else if is_free && change.fields.intersects(Fields::LABELS | Fields::OWNERSHIP) {
            for deployment in self.selectors.matching(meta.namespace, &meta.labels) {
                self.orphans.entry(deployment).or_default().insert(object);
                queue.add(deployment);
            }
        }
    }

    fn observe_deployment(&mut self, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let key = change.object;
        queue.add(key);
        let (meta, live) = (cluster.meta(key), cluster.is_live(key));
        let Some(deployment) = cluster.body(key).as_deployment() else { return };
        if !live {
            self.selectors.set(meta.namespace, key, None);
            self.orphans.remove(&key);
        } else if change.fields.contains(Fields::SPEC) {
            self.selectors.set(meta.namespace, key, Some(&deployment.selector));
            if change.verb == Verb::Added && !self.filed.is_empty() {
                let matching = self.free_with(meta.namespace, &deployment.selector);
                let matching =
                    matching.into_iter().filter(|set| deployment.selector.matches(&cluster.meta(*set).labels));
                let matching: BTreeSet<ObjectRef> = matching.collect();
                self.orphans.entry(key).or_default().extend(matching);
            }
        }
    }

    /// Files a ReplicaSet without a controller under its labels, or takes it out.
    fn file(&mut self, set: ObjectRef, is_free: bool, cluster: &Cluster) {
        let meta = cluster.meta(set);
        let known = self.filed.get(&set);
        if known.is_none() && !is_free || known.is_some_and(|known| is_free && *known == meta.labels) {
            return;
        }
        let place = |(key, value): (&str, &str)| (meta.namespace, Text::from(key), Text::from(value));
        for pair in self.filed.remove(&set).iter().flat_map(|labels| labels.iter()) {
            if let Some(sets) = self.free.get_mut(&place(pair)) {
                sets.remove(&set);
            }
        }
        if is_free {
            for pair in meta.labels.iter() {
                self.free.entry(place(pair)).or_default().insert(set);
            }
            self.filed.insert(set, Arc::clone(&meta.labels));
        }
    }

    /// Free ReplicaSets that a selector may select. Selectors of Deployments are not empty, and those without a label that
    /// they ask for are rare.
    fn free_with(&self, namespace: NamespaceId, selector: &LabelSelector) -> BTreeSet<ObjectRef> {
        let required = selector.requirements.iter().find(|one| one.operator == Operator::In && one.values.len() == 1);
        match required {
            Some(one) => {
                self.free.get(&(namespace, one.key.clone(), one.values[0].clone())).cloned().unwrap_or_default()
            }
            None => self
                .free
                .iter()
                .filter(|((home, ..), _)| *home == namespace)
                .flat_map(|(_, sets)| sets)
                .copied()
                .collect(),
        }
    }
}

/// The Recreate Deployment that just lost its last pod. Upstream: deployment `deletePod`.
fn emptied_deployment(pod: PodId, cluster: &Cluster) -> Option<ObjectRef> {
    let replica_set = cluster.pod(pod).controller;
    if !replica_set.is_some() || replica_set.kind != Kind::REPLICA_SET {
        return None;
    }
    let deployment = cluster.meta(replica_set).controller();
    if !deployment.is_some() || deployment.kind != Kind::DEPLOYMENT {
        return None;
    }
    let recreates = cluster.body(deployment).as_deployment()?.strategy == DeploymentStrategy::Recreate;
    let has_pods = |set: ObjectRef| cluster.pods_of(set).next().is_some();
    (recreates && !cluster.owned(deployment, Kind::REPLICA_SET).any(has_pods)).then_some(deployment)
}
