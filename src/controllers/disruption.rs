//! The disruption controller: how many pods of each PodDisruptionBudget may be evicted now.
//! Upstream: disruption `trySync`, `getExpectedPodCount`, `countHealthyPods`, `buildDisruptedPodMap`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::api::convert::{int_or_percent, label_selector};
use crate::cluster::{Change, Cluster, EventType, Fields};
use crate::engine::{Significance, SimDuration, SimTime};
use crate::model::Text;
use crate::model::autoscaling::MetricIdentifier;
use crate::model::int_or_percent::IntOrPercent;
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::selector::LabelSelector;

use super::calls::event;
use super::plan::{Call, Plan, Status};
use super::runner::{Controller, News};
use super::selector_index::SelectorIndex;
use super::work_queue::WorkQueue;

/// An eviction that did not delete its pod is forgotten after this. Upstream: disruption `DeletionTimeout`.
const DELETION_TIMEOUT: SimDuration = SimDuration::from_secs(120);

/// The controller.
#[derive(Debug, Default)]
pub(super) struct DisruptionController {
    selectors: SelectorIndex,
}

/// A budget in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Budget {
    expected: i32,
    desired: i32,
    healthy: i32,
}

impl Budget {
    fn allowed(self) -> i32 {
        if self.expected <= 0 { 0 } else { (self.healthy - self.desired).max(0) }
    }
}

impl Controller for DisruptionController {
    type Draft = ();

    const COMPONENT: &'static str = "controllermanager";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        let relevant = Fields::READY | Fields::DELETION | Fields::LABELS | Fields::OWNERSHIP;
        news.touches(relevant) && (!self.selectors.is_empty() || !news.is_of_pod())
    }

    fn observe(&mut self, _now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if let Some(pod) = change.object.as_pod() {
            let relevant = Fields::READY | Fields::DELETION | Fields::LABELS | Fields::OWNERSHIP;
            let row = cluster.pod(pod);
            if change.fields.intersects(relevant) {
                let labels = &cluster.template(row.template).labels;
                self.selectors.matching(row.namespace, labels).into_iter().for_each(|budget| queue.add(budget));
            }
        } else if change.object.kind == Kind::POD_DISRUPTION_BUDGET {
            let live = cluster.is_live(change.object);
            let selector = cluster.object(change.object).raw.pointer("/spec/selector").and_then(label_selector);
            let selector = selector.as_ref().filter(|_| live);
            self.selectors.set(cluster.meta(change.object).namespace, change.object, selector);
            if live {
                queue.add(change.object);
            }
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        if !cluster.is_live(key) || cluster.meta(key).deletion.is_some() {
            return Plan::done();
        }
        let spec = cluster.object(key).raw.get("spec").cloned().unwrap_or_default();
        let Body::Plain { status: before } = cluster.body(key) else { return Plan::done() };
        let pods = match label_selector(&spec["selector"]) {
            Some(selector) => cluster.pods_matching(cluster.meta(key).namespace, &selector),
            None => Vec::new(),
        };
        let (disrupted, next) = disrupted(now, &before["disruptedPods"], &pods, cluster);
        let mut plan = Plan::done();
        if pods.is_empty() {
            let message = "No matching pods found";
            plan.push(Call::Event(Box::new(event(key, EventType::Normal, "NoPods", message, Self::COMPONENT))));
        }
        let healthy = pods.iter().filter(|pod| {
            let row = cluster.pod(**pod);
            row.deletion.is_none() && row.is_ready() && !disrupted.contains_key(row.name.as_str())
        });
        let healthy = healthy.count() as i32;
        let mut note = |kind, why, message: String| {
            plan.push(Call::Event(Box::new(event(key, kind, why, message, Self::COMPONENT))));
        };
        let status = match budget(&spec, &pods, healthy, cluster) {
            Ok((budget, unmanaged)) => {
                if unmanaged {
                    note(EventType::Warning, "UnmanagedPods", unmanaged_message(&spec["selector"]));
                }
                status(now, budget, disrupted, key, before, cluster)
            }
            Err(error) => {
                let message = format!("Failed to calculate the number of expected pods: {error}");
                note(EventType::Warning, "CalculateExpectedPodCountFailed", message);
                failed_status(now, &error, before, key, cluster)
            }
        };
        if status != **before {
            plan.push(Call::Status { object: key, status: Status::Plain(Arc::new(status)) });
        }
        plan.again_after(next)
    }

    fn significance(&self, _key: ObjectRef, _cluster: &Cluster) -> Significance {
        Significance::Live
    }
}

/// Evictions that are still to show: by pod name, and when the first of them is forgotten.
fn disrupted(
    now: SimTime,
    before: &Value,
    pods: &[PodId],
    cluster: &Cluster,
) -> (Map<String, Value>, Option<SimDuration>) {
    let mut kept = Map::new();
    let mut next: Option<SimDuration> = None;
    for (name, at) in before.as_object().into_iter().flatten() {
        let is_here = pods.iter().map(|pod| cluster.pod(*pod)).any(|row| row.name == *name && row.deletion.is_none());
        let second = at.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_second);
        let Some(second) = second.filter(|_| is_here) else { continue };
        let at = SimTime::from_secs(u64::try_from(second - cluster.clock().epoch_seconds).unwrap_or(0));
        let left = (at + DELETION_TIMEOUT).since(now);
        if left > SimDuration::ZERO {
            kept.insert(name.clone(), before[name].clone());
            next = Some(next.map_or(left, |known| known.min(left)));
        }
    }
    (kept, next)
}

/// The budget, and whether pods without a controller are left out of it.
///
/// # Errors
/// Why pods cannot be counted. Upstream: disruption `getExpectedPodCount`.
fn budget(spec: &Value, pods: &[PodId], healthy: i32, cluster: &Cluster) -> Result<(Budget, bool), String> {
    if let Some(most) = int_or_percent(&spec["maxUnavailable"]) {
        let (expected, unmanaged) = expected_scale(pods, cluster)?;
        return Ok((Budget { expected, desired: (expected - most.scaled(expected, true)).max(0), healthy }, unmanaged));
    }
    match int_or_percent(&spec["minAvailable"]) {
        Some(IntOrPercent::Int(least)) => Ok((Budget { expected: pods.len() as i32, desired: least, healthy }, false)),
        Some(percent) => {
            let (expected, unmanaged) = expected_scale(pods, cluster)?;
            Ok((Budget { expected, desired: percent.scaled(expected, true), healthy }, unmanaged))
        }
        // Upstream counts on validation to ask for one of the two; without either nothing is protected.
        None => Ok((Budget { expected: pods.len() as i32, desired: 0, healthy }, false)),
    }
}

/// What the controllers of the pods want together, and whether some pods have none. Upstream: disruption
/// `getExpectedScale`.
fn expected_scale(pods: &[PodId], cluster: &Cluster) -> Result<(i32, bool), String> {
    let mut scales: BTreeMap<ObjectRef, i32> = BTreeMap::new();
    let mut unmanaged = false;
    for pod in pods {
        let controller = cluster.pod(*pod).controller;
        if !controller.is_some() {
            unmanaged = true;
            continue;
        }
        let above =
            if controller.kind == Kind::REPLICA_SET { cluster.meta(controller).controller() } else { ObjectRef::NONE };
        let scaled = if above.is_some() && above.kind == Kind::DEPLOYMENT { above } else { controller };
        if let std::collections::btree_map::Entry::Vacant(entry) = scales.entry(scaled) {
            // Upstream: disruption `getScaleController`.
            let scale = cluster
                .scale_of(scaled)
                .ok_or_else(|| format!("{} does not implement the scale subresource", scaled.kind.resource()))?;
            entry.insert(scale);
        }
    }
    Ok((scales.into_values().sum(), unmanaged))
}

fn unmanaged_message(selector: &Value) -> String {
    let metric =
        MetricIdentifier { name: Text::default(), selector: Some((LabelSelector::default(), selector.clone())) };
    format!(
        "Pods selected by this PodDisruptionBudget (selector: {metric}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value."
    )
}

/// Nothing may be evicted, and the rest stays as it was. Upstream: disruption `failSafe`.
fn failed_status(now: SimTime, error: &str, before: &Value, key: ObjectRef, cluster: &Cluster) -> Value {
    let mut status = before.clone();
    if !status.is_object() {
        status = json!({"currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0});
    }
    status["disruptionsAllowed"] = json!(0);
    status["conditions"] = json!([condition(now, "False", "SyncFailed", error, before, key, cluster)]);
    status
}

fn condition(
    now: SimTime,
    flag: &str,
    why: &str,
    message: &str,
    before: &Value,
    key: ObjectRef,
    cluster: &Cluster,
) -> Value {
    let known = before["conditions"].get(0).filter(|known| known["status"] == flag);
    let since =
        known.map_or_else(|| json!(cluster.clock().timestamp(now)), |known| known["lastTransitionTime"].clone());
    json!({
        "type": "DisruptionAllowed", "status": flag, "reason": why, "message": message,
        "lastTransitionTime": since, "observedGeneration": cluster.meta(key).generation,
    })
}

fn status(
    now: SimTime,
    budget: Budget,
    disrupted: Map<String, Value>,
    key: ObjectRef,
    before: &Value,
    cluster: &Cluster,
) -> Value {
    let allowed = budget.allowed();
    let (flag, why) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let generation = cluster.meta(key).generation;
    let mut status = json!({
        "conditions": [condition(now, flag, why, "", before, key, cluster)],
        "currentHealthy": budget.healthy, "desiredHealthy": budget.desired,
        "disruptionsAllowed": allowed, "expectedPods": budget.expected, "observedGeneration": generation,
    });
    if !disrupted.is_empty() {
        status["disruptedPods"] = Value::Object(disrupted);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::super::testing::{World, deployment};
    use super::*;

    fn allowed(spec: &Value, replicas: i32) -> (i64, i64, i64) {
        let mut world = World::new(0);
        world.apply(deployment("web", replicas, "nginx:1.25"));
        let mut manifest = json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}},
        });
        for (field, value) in spec.as_object().unwrap() {
            manifest["spec"][field] = value.clone();
        }
        let key = world.apply(manifest);
        world.run(SimDuration::from_secs(5));
        let Body::Plain { status } = world.cluster.body(key) else { panic!("it is plain") };
        let number = |field: &str| status[field].as_i64().unwrap();
        (number("expectedPods"), number("desiredHealthy"), number("disruptionsAllowed"))
    }

    #[test]
    fn pods_without_a_scale_cannot_be_counted_and_those_without_a_controller_are_left_out() {
        let mut world = World::new(0);
        let container = json!([{"name": "main", "image": "busybox:1"}]);
        world.apply(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lone", "labels": {"app": "lone"}},
            "spec": {"containers": container},
        }));
        world.apply(json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
            "spec": {"template": {
                "metadata": {"labels": {"app": "work"}}, "spec": {"restartPolicy": "Never", "containers": container},
            }},
        }));
        world.run(SimDuration::from_secs(5));
        let mut budget = |app: &str| {
            world.apply(json!({
                "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": app},
                "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": app}}},
            }))
        };
        let (lone, work) = (budget("lone"), budget("work"));
        world.run(SimDuration::from_secs(5));
        let status = |key: ObjectRef| match world.cluster.body(key) {
            Body::Plain { status } => Value::clone(status),
            _ => Value::Null,
        };
        assert_eq!((&status(lone)["expectedPods"], &status(lone)["disruptionsAllowed"]), (&json!(0), &json!(0)));
        let selector =
            "&LabelSelector{MatchLabels:map[string]string{app: lone,},MatchExpressions:[]LabelSelectorRequirement{},}";
        assert!(world.messages("UnmanagedPods")[0].contains(selector));
        assert_eq!(status(work)["conditions"][0]["reason"], "SyncFailed");
        let message =
            "Failed to calculate the number of expected pods: jobs.batch does not implement the scale subresource";
        assert_eq!(world.messages("CalculateExpectedPodCountFailed")[0], message);
    }

    #[test]
    fn a_budget_allows_what_is_healthy_beyond_what_is_desired() {
        assert_eq!(allowed(&json!({"minAvailable": 2}), 3), (3, 2, 1));
        assert_eq!(allowed(&json!({"minAvailable": "50%"}), 5), (5, 3, 2));
        assert_eq!(allowed(&json!({"maxUnavailable": "30%"}), 4), (4, 2, 2));
        assert_eq!(allowed(&json!({"minAvailable": 5}), 3), (3, 5, 0));
    }
}
