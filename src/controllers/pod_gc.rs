//! Deletes pods of nodes that are gone, and ended pods beyond the threshold. Upstream: podgc `gc`.

use crate::cluster::{Change, Cluster, DeleteOptions, Fields, PodSet, Verb};
use crate::engine::{Significance, SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::kind::Kind;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::pod::{PodCondition, PodConditionType, Why};

use super::ControllerSettings;
use super::plan::{Call, Plan};
use super::runner::{Controller, News};
use super::work_queue::WorkQueue;

/// Upstream: podgc `gcCheckPeriod`.
const PERIOD: SimDuration = SimDuration::from_secs(20);
/// A node may come back this long. Upstream: podgc `quarantineTime`.
const QUARANTINE: SimDuration = SimDuration::from_secs(40);
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
/// The key of the count of ended pods; no node has this row.
const ENDED: ObjectRef = ObjectRef::new(Kind::POD, u32::MAX - 1);

/// The controller. Keys are nodes that are gone, and `ENDED`.
#[derive(Debug)]
pub(super) struct PodGarbageCollector {
    threshold: i32,
    /// First pass.
    phase: SimTime,
    /// Ended pods that are still there: those that were evicted, and all others.
    evicted: PodSet,
    ended: PodSet,
}

/// The first `count` of some pods, the oldest first.
fn oldest(pods: &PodSet, count: usize, cluster: &Cluster) -> Vec<PodId> {
    if cluster.are_pods_by_age() {
        return pods.iter().take(count).collect();
    }
    let mut pods: Vec<PodId> = pods.iter().collect();
    pods.sort_by_cached_key(|pod| (cluster.pod(*pod).created, *pod));
    pods.truncate(count);
    pods
}

impl super::Create for PodGarbageCollector {
    fn create(settings: &ControllerSettings) -> Self {
        let phase = SimTime(settings.streams.stream("controllers/pod-gc", 0).below(PERIOD.0));
        Self {
            threshold: settings.terminated_pod_gc_threshold,
            phase,
            evicted: PodSet::default(),
            ended: PodSet::default(),
        }
    }
}

impl PodGarbageCollector {
    fn excess(&self) -> usize {
        usize::try_from(self.threshold)
            .ok()
            .filter(|most| *most > 0)
            .map_or(0, |most| (self.evicted.len() + self.ended.len()).saturating_sub(most))
    }

    /// The first `count` ended pods to go: evicted ones first, then the oldest. Upstream: podgc
    /// `byEvictionAndCreationTimestamp`.
    fn first_to_go(&self, count: usize, cluster: &Cluster) -> Vec<PodId> {
        let mut pods = oldest(&self.evicted, count, cluster);
        pods.extend(oldest(&self.ended, count - pods.len(), cluster));
        pods
    }

    fn next_pass(&self, time: SimTime) -> SimTime {
        time.next_on_grid(self.phase, PERIOD)
    }
}

impl Controller for PodGarbageCollector {
    type Draft = ();

    const COMPONENT: &'static str = "pod-garbage-collector-controller";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.touches(Fields::DELETION | Fields::PHASE)
    }

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let Some(pod) = change.object.as_pod() else {
            let node = NodeId(change.object.id);
            if change.fields.intersects(Fields::TAINTS | Fields::READY) && is_out_of_service(node, cluster) {
                queue.add_after(now, change.object, self.next_pass(now).since(now));
            }
            if change.verb == Verb::Deleted && cluster.pods_on(node).next().is_some() {
                let due = self.next_pass(self.next_pass(now) + QUARANTINE);
                queue.add_after(now, change.object, due.since(now));
            }
            return;
        };
        let row = cluster.pod(pod);
        if change.fields.contains(Fields::DELETION) && !row.deleted && is_out_of_service(row.node, cluster) {
            queue.add_after(now, ObjectRef::node(row.node), self.next_pass(now).since(now));
        }
        if !change.fields.contains(Fields::PHASE) {
            return;
        }
        if row.deleted {
            self.evicted.remove(pod);
            self.ended.remove(pod);
        } else if row.status.phase.is_terminal() {
            let was_evicted = row.status.reason.as_ref().is_some_and(|reason| reason.0 == "Evicted");
            if was_evicted { &mut self.evicted } else { &mut self.ended }.insert(pod);
            if self.excess() > 0 {
                queue.add_after(now, ENDED, self.next_pass(now).since(now));
            }
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        let mut plan = Plan::done();
        if key == ENDED {
            let excess = self.first_to_go(self.excess(), cluster).into_iter().map(ObjectRef::pod);
            let deletions = excess.filter(|pod| cluster.is_live(*pod));
            plan.push_together(deletions.map(|object| Call::Delete { object, options: DeleteOptions::NOW }).collect());
            return plan;
        }
        let Some(node) = key.as_node() else { return plan };
        if cluster.is_live(key) {
            if is_out_of_service(node, cluster) {
                let leaving = cluster.pods_on(node).filter(|pod| cluster.pod(*pod).deletion.is_some());
                for pod in leaving {
                    plan.push(Call::PatchPodStatus { pod, conditions: Vec::new(), fail: true });
                    plan.push(Call::Delete { object: ObjectRef::pod(pod), options: DeleteOptions::NOW });
                }
            }
            return plan;
        }
        let gone = cluster.node(node).deleted.unwrap_or(now);
        let due = self.next_pass(self.next_pass(gone) + QUARANTINE);
        if now < due {
            return plan.again_after(Some(due.since(now)));
        }
        for pod in cluster.pods_on(node) {
            let condition = PodCondition::new(
                PodConditionType::DisruptionTarget,
                ConditionStatus::True,
                Why::new(Text::const_new("DeletionByPodGC"), Text::const_new("PodGC: node no longer exists")),
                now,
            );
            plan.push(Call::PatchPodStatus { pod, conditions: vec![condition], fail: true });
            plan.push(Call::Delete { object: ObjectRef::pod(pod), options: DeleteOptions::NOW });
        }
        plan
    }

    fn significance(&self, _key: ObjectRef, _cluster: &Cluster) -> Significance {
        Significance::Live
    }
}

/// Down, and given up by its administrator. Upstream: podgc `gcTerminating`.
fn is_out_of_service(node: NodeId, cluster: &Cluster) -> bool {
    if node.is_none() || !cluster.is_live(ObjectRef::node(node)) {
        return false;
    }
    cluster
        .node(node)
        .body
        .as_node()
        .is_some_and(|body| !body.is_ready() && body.taints.iter().any(|taint| taint.key == OUT_OF_SERVICE))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::World;
    use super::super::work_queue::RateLimiter;
    use super::*;
    use crate::api::decode::DecodeCache;
    use crate::model::pod::PodPhase;

    #[test]
    fn evicted_pods_go_first_and_then_the_oldest() {
        let mut world = World::new(0);
        let pod = |world: &mut World, name: &str| {
            let container = json!([{"name": "main", "image": "busybox:1"}]);
            let pod = world.apply(json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": container},
            }));
            pod.as_pod().unwrap()
        };
        let pods = ["c", "b", "a"].map(|name| pod(&mut world, name));
        let (evicted, ended) = (PodSet::default(), PodSet::default());
        let mut collector = PodGarbageCollector { threshold: 1, phase: SimTime::ZERO, evicted, ended };
        for pod in pods {
            let mut change = None;
            world.act(|now, cluster| {
                cluster.modify_pod_status(now, pod, |status| {
                    status.phase = PodPhase::Failed;
                    if pod == pods[2] {
                        status.reason = Some(Box::new((Text::const_new("Evicted"), Text::default())));
                    }
                });
                let (object, fields) = (ObjectRef::pod(pod), Fields::PHASE);
                change = Some(Change { at: now, object, verb: Verb::Modified, fields });
            });
            let mut queue = WorkQueue::new(RateLimiter::default_controller());
            collector.observe(SimTime::ZERO, &change.unwrap(), &world.cluster, &mut queue);
        }
        assert_eq!(collector.excess(), 2);
        assert_eq!(collector.first_to_go(2, &world.cluster), [pods[2], pods[0]]);
        assert_eq!(collector.first_to_go(9, &world.cluster), [pods[2], pods[0], pods[1]]);
    }

    #[test]
    fn of_pods_of_another_cluster_the_oldest_goes_first_whatever_its_number() {
        let mut world = World::new(0);
        let mut ended = PodSet::default();
        let pods = ["2040-01-02T00:00:00Z", "2040-01-01T00:00:00Z"].map(|created| {
            let pod = json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": created[..10], "namespace": "default", "creationTimestamp": created},
                "spec": {"containers": [{"name": "main", "image": "busybox:1"}]}, "status": {"phase": "Succeeded"},
            });
            let mut imported = None;
            world.act(|now, cluster| {
                imported = cluster.import(now, pod, &mut DecodeCache::default()).unwrap().as_pod();
            });
            ended.insert(imported.unwrap());
            imported.unwrap()
        });
        assert_eq!(oldest(&ended, 1, &world.cluster), [pods[1]]);
        assert_eq!(oldest(&ended, 9, &world.cluster), [pods[1], pods[0]]);
    }
}
