//! Empties namespaces that are being deleted: pods first, then everything else, then the namespace itself.
//! Upstream: namespace/deletion `namespacedResourcesDeleter`.

use crate::cluster::{Change, Cluster, DeleteOptions};
use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef, PodId};
use crate::model::selector::LabelSelector;

use super::plan::{Call, Outcome, Plan};
use super::runner::Controller;
use super::work_queue::WorkQueue;

/// How long a deletion waits for others to hear of it. Upstream: namespace `namespaceDeletionGracePeriod`.
const GRACE: SimDuration = SimDuration::from_secs(5);
/// What objects with finalizers are assumed to take. Upstream: namespace/deletion `finalizerEstimateSeconds`.
const FINALIZER_ESTIMATE_SECONDS: u64 = 15;

/// The controller.
#[derive(Debug, Default)]
pub(super) struct NamespaceController;

impl Controller for NamespaceController {
    /// How long the remaining objects are assumed to take, in seconds.
    type Draft = u64;

    const COMPONENT: &'static str = "namespace-controller";

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if cluster.is_live(change.object) && cluster.meta(change.object).deletion.is_some() {
            queue.add_after(now, change.object, GRACE);
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<u64> {
        if !cluster.is_live(key) || cluster.meta(key).deletion.is_none() {
            return Plan::done();
        }
        let namespace = NamespaceId(key.id);
        let pods = pods(namespace, cluster);
        let mut plan = Plan::done();
        if pods.is_empty() {
            plan.push_together(objects(namespace, cluster).into_iter().map(delete).collect());
            return plan.resume_with(0);
        }
        let estimate = pods.iter().map(|pod| remaining_grace(*pod, cluster)).max().unwrap_or(0);
        plan.push_together(pods.into_iter().map(ObjectRef::pod).map(delete).collect());
        plan.resume_with(estimate)
    }

    fn resume(
        &mut self,
        now: SimTime,
        key: ObjectRef,
        estimate: u64,
        _outcome: &Outcome,
        cluster: &mut Cluster,
    ) -> Plan<u64> {
        let namespace = NamespaceId(key.id);
        let estimate = if !pods(namespace, cluster).is_empty() {
            estimate
        } else if estimate > 0 {
            // No pod is left after all: the other objects' turn.
            return self.sync(now, key, cluster);
        } else if !objects(namespace, cluster).is_empty() {
            FINALIZER_ESTIMATE_SECONDS
        } else {
            return Plan::of(Call::FinalizeNamespace(key));
        };
        Plan::done().again_after(Some(SimDuration::from_secs(estimate / 2 + 1)))
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
    let kinds = Kind::all().filter(|kind| kind.is_namespaced() && *kind != Kind::POD);
    kinds.flat_map(|kind| cluster.list(kind)).filter(|object| cluster.meta(*object).namespace == namespace).collect()
}

/// Upstream: namespace/deletion `estimateGracefulTerminationForPods`.
fn remaining_grace(pod: PodId, cluster: &Cluster) -> u64 {
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
}
