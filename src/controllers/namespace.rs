//! Empties namespaces that are being deleted: pods first, then everything else, then the namespace itself.
//! Upstream: namespace/deletion `namespacedResourcesDeleter`.

use std::collections::BTreeMap;

use crate::cluster::{Change, Cluster, DeleteOptions};
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition::{self, Condition, ConditionStatus};
use crate::model::kind::Kind;
use crate::model::object::{Body, NamespaceId, ObjectRef, PodId};
use crate::model::selector::LabelSelector;

use super::plan::{Call, Outcome, Plan, Status};
use super::runner::Controller;
use super::work_queue::WorkQueue;

/// How long a deletion waits for others to hear of it. Upstream: namespace `namespaceDeletionGracePeriod`.
const GRACE: SimDuration = SimDuration::from_secs(5);
/// What objects with finalizers are assumed to take. Upstream: namespace/deletion `finalizerEstimateSeconds`.
const FINALIZER_ESTIMATE_SECONDS: u64 = 15;

/// The controller.
#[derive(Debug, Default)]
pub(super) struct NamespaceController;

/// What a round found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Draft {
    /// Pods are being deleted; nothing else is touched before they are gone.
    Pods,
    /// Everything is being deleted.
    Rest,
}

impl Controller for NamespaceController {
    type Draft = Draft;

    const COMPONENT: &'static str = "namespace-controller";

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if cluster.is_live(change.object) && cluster.meta(change.object).deletion.is_some() {
            queue.add_after(now, change.object, GRACE);
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<Draft> {
        if !cluster.is_live(key) || cluster.meta(key).deletion.is_none() {
            return Plan::done();
        }
        let namespace = NamespaceId(key.id);
        let pods = pods(namespace, cluster);
        let mut plan = Plan::done();
        if pods.is_empty() {
            plan.push_together(objects(namespace, cluster).into_iter().map(delete).collect());
            return plan.resume_with(Draft::Rest);
        }
        plan.push_together(pods.into_iter().map(ObjectRef::pod).map(delete).collect());
        plan.resume_with(Draft::Pods)
    }

    fn resume(
        &mut self,
        now: SimTime,
        key: ObjectRef,
        draft: Draft,
        _outcome: &Outcome,
        cluster: &mut Cluster,
    ) -> Plan<Draft> {
        let namespace = NamespaceId(key.id);
        let pods = pods(namespace, cluster);
        if pods.is_empty() && matches!(draft, Draft::Pods) {
            return self.sync(now, key, cluster);
        }
        let mut state = Remaining::default();
        let mut again = None;
        if pods.is_empty() {
            state.count(&objects(namespace, cluster), cluster);
            if !state.resources.is_empty() {
                again = Some(FINALIZER_ESTIMATE_SECONDS);
            }
        } else {
            let since = cluster.meta(key).deletion.map_or(SimDuration::ZERO, |deletion| now.since(deletion.requested));
            let estimate = pods.iter().map(|pod| grace(*pod, cluster)).max().unwrap_or(0);
            let is_held = |pod: &PodId| !cluster.pod(*pod).finalizers().is_empty();
            // Upstream: namespace/deletion `estimateGracefulTermination`, `deleteAllContentForGroupVersionResource`.
            if since.as_secs() < estimate {
                again = Some(estimate);
            } else if pods.iter().any(is_held) {
                again = Some(FINALIZER_ESTIMATE_SECONDS);
            } else {
                let name = &cluster.meta(key).name;
                state.failure = Some(format!(
                    "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: {name} for gvr: /v1, Resource=pods"
                ));
            }
        }
        let mut plan = Plan::done();
        let conditions = state.conditions(now, key, cluster);
        let same = matches!(cluster.body(key), Body::Namespace { conditions: known, .. } if *known == conditions);
        if !same {
            plan.push(Call::Status { object: key, status: Status::NamespaceConditions(conditions) });
        }
        if state.failure.is_some() {
            return plan.fail();
        }
        match again {
            Some(estimate) => plan.again_after(Some(SimDuration::from_secs(estimate / 2 + 1))),
            None => plan.then(Call::FinalizeNamespace(key)),
        }
    }
}

/// What is left in a namespace.
#[derive(Debug, Default)]
struct Remaining {
    /// Objects by resource (`pods.`, `deployments.apps`).
    resources: BTreeMap<String, usize>,
    /// Objects by finalizer.
    finalizers: BTreeMap<String, usize>,
    failure: Option<String>,
}

impl Remaining {
    fn count(&mut self, objects: &[ObjectRef], cluster: &Cluster) {
        for object in objects {
            let info = object.kind.info();
            *self.resources.entry(format!("{}.{}", info.plural, info.group)).or_default() += 1;
            for finalizer in &cluster.meta(*object).finalizers {
                *self.finalizers.entry(finalizer.to_string()).or_default() += 1;
            }
        }
    }

    /// Upstream: namespace/deletion/status_condition_utils `namespaceConditionUpdater`.
    fn conditions(&self, now: SimTime, key: ObjectRef, cluster: &Cluster) -> Vec<Condition> {
        let list = |counts: &BTreeMap<String, usize>, what: &str| {
            let words = counts.iter().map(|(name, count)| format!("{name} {what} {count} resource instances"));
            words.collect::<Vec<_>>().join(", ")
        };
        let resources = format!("Some resources are remaining: {}", list(&self.resources, "has"));
        let finalizers =
            format!("Some content in the namespace has finalizers remaining: {}", list(&self.finalizers, "in"));
        let rows = [
            (
                "NamespaceDeletionDiscoveryFailure",
                None,
                "",
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                None,
                "",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            (
                "NamespaceDeletionContentFailure",
                self.failure.clone(),
                "ContentDeletionFailed",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            (
                "NamespaceContentRemaining",
                (!self.resources.is_empty()).then_some(resources),
                "SomeResourcesRemain",
                "ContentRemoved",
                "All content successfully removed",
            ),
            (
                "NamespaceFinalizersRemaining",
                (!self.finalizers.is_empty()).then_some(finalizers),
                "SomeFinalizersRemain",
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            ),
        ];
        let known = match cluster.body(key) {
            Body::Namespace { conditions, .. } => conditions.as_slice(),
            _ => &[],
        };
        let now = SimTime::from_secs(now.as_secs());
        let condition =
            |(kind, problem, bad, good, fine): (&'static str, Option<String>, &'static str, _, &'static str)| {
                let status = ConditionStatus::from(problem.is_some());
                let before = condition::find(known, kind).filter(|before| before.status == status);
                Condition {
                    kind: Text::const_new(kind),
                    status,
                    reason: Text::const_new(if problem.is_some() { bad } else { good }),
                    message: problem.map_or(Text::const_new(fine), Text::from),
                    last_transition: before.map_or(now, |before| before.last_transition),
                    last_update: SimTime::ZERO,
                }
            };
        rows.into_iter().map(condition).collect()
    }
}

fn delete(object: ObjectRef) -> Call {
    Call::Delete { object, options: DeleteOptions::default() }
}

fn pods(namespace: NamespaceId, cluster: &Cluster) -> Vec<PodId> {
    cluster.pods_matching(namespace, &LabelSelector::default())
}

/// Everything but pods.
fn objects(namespace: NamespaceId, cluster: &Cluster) -> Vec<ObjectRef> {
    let kinds = cluster.kinds().filter(|kind| kind.is_namespaced() && *kind != Kind::POD);
    kinds.flat_map(|kind| cluster.list(kind)).filter(|object| cluster.meta(*object).namespace == namespace).collect()
}

/// The grace period of a pod that has not ended, in seconds.
fn grace(pod: PodId, cluster: &Cluster) -> u64 {
    let row = cluster.pod(pod);
    if row.status.phase.is_terminal() {
        return 0;
    }
    u64::try_from(cluster.template(row.template).spec.termination_grace_period_seconds).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{World, deployment};
    use super::*;

    #[test]
    fn a_deleted_namespace_is_emptied_after_five_seconds_and_goes() {
        let mut world = World::new(0);
        let namespace = world.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
        let mut manifest = deployment("web", 2, "nginx:1.25");
        manifest["metadata"]["namespace"] = json!("shop");
        world.run(SimDuration::from_secs(1));
        world.apply(manifest);
        world.run(SimDuration::from_secs(5));
        world.act(|now, cluster| cluster.delete(now, namespace, DeleteOptions::default())).unwrap();
        world.run(SimDuration::from_secs(4));
        assert_eq!(world.cluster.count(Kind::POD), 2);
        world.run(SimDuration::from_secs(40));
        assert_eq!((world.cluster.count(Kind::POD), world.cluster.count(Kind::DEPLOYMENT)), (0, 0));
        assert!(!world.cluster.is_live(namespace));
    }

    #[test]
    fn ended_pods_with_finalizers_are_waited_for() {
        let mut world = World::new(0);
        let namespace = world.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
        world.run(SimDuration::from_secs(1));
        let held = world.apply(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "held", "namespace": "shop", "finalizers": ["example.com/hold"]},
            "spec": {"containers": [{"name": "main", "image": "nginx:1.25"}]},
        }));
        let pod = held.as_pod().unwrap();
        world.run(SimDuration::from_secs(2));
        world.end(pod, crate::model::pod::PodPhase::Succeeded);
        world.act(|now, cluster| cluster.delete(now, namespace, DeleteOptions::default())).unwrap();
        world.run(SimDuration::from_secs(60));
        let Body::Namespace { conditions, .. } = world.cluster.body(namespace) else { panic!("it is a namespace") };
        assert!(conditions.len() == 5 && conditions.iter().all(|condition| !condition.status.is_true()));
        world.act(|now, cluster| cluster.remove_pod_finalizer(now, pod, "example.com/hold"));
        world.run(SimDuration::from_secs(9));
        assert!(!world.cluster.is_live(namespace));
    }
}
