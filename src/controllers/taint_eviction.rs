//! Evicts pods from nodes with NoExecute taints, after the time that their tolerations give.
//! Upstream: tainteviction `processPodOnNode`.

use std::collections::BTreeMap;

use crate::cluster::{Change, Cluster, DeleteOptions, EventType, Fields, Verb};
use crate::engine::{Significance, SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::pod::{PodCondition, PodConditionType, Why};
use crate::model::taint::{Taint, TaintEffect, Toleration};

use super::calls::event;
use super::plan::{Call, Plan};
use super::runner::{Controller, News};
use super::work_queue::WorkQueue;

/// The controller. Keys are nodes, whose taints changed, and pods, whose time is up.
#[derive(Debug, Default)]
pub(super) struct TaintEvictionController {
    /// When pods are to go. An armed timer is kept even if a later taint would give less time.
    deadlines: BTreeMap<PodId, SimTime>,
    /// The NoExecute taints of nodes that have some, as they were when last looked at.
    taints: BTreeMap<NodeId, Vec<Taint>>,
}

impl Controller for TaintEvictionController {
    type Draft = ();

    const COMPONENT: &'static str = "taint-eviction-controller";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.touches(Fields::BOUND)
    }

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if let Some(node) = change.object.as_node() {
            // Timers of pods whose node is gone go on.
            if change.verb == Verb::Deleted {
                self.taints.remove(&node);
            } else if change.fields.contains(Fields::TAINTS) {
                queue.add(change.object);
            }
        } else if let Some(pod) = change.object.as_pod() {
            let row = cluster.pod(pod);
            if row.deleted {
                if self.deadlines.contains_key(&pod) {
                    queue.add(change.object);
                }
            } else if change.fields.contains(Fields::BOUND) && row.node.is_some() {
                self.judge(now, pod, cluster, queue);
            }
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        match (key.as_node(), key.as_pod()) {
            (Some(node), _) => self.judge_node(now, node, cluster),
            (_, Some(pod)) => self.evict(now, pod, cluster),
            _ => Plan::done(),
        }
    }

    fn significance(&self, key: ObjectRef, _cluster: &Cluster) -> Significance {
        let pending = key.as_pod().is_none_or(|pod| self.deadlines.contains_key(&pod));
        if pending { Significance::Live } else { Significance::Stale }
    }
}

impl TaintEvictionController {
    /// A pod came to a node that may have taints.
    fn judge(&mut self, now: SimTime, pod: PodId, cluster: &Cluster, queue: &mut WorkQueue) {
        if let Some(stay) = stay(pod, &no_execute(cluster.pod(pod).node, cluster), cluster) {
            self.deadlines.entry(pod).or_insert(now + stay);
            queue.add_after(now, ObjectRef::pod(pod), stay);
        }
    }

    /// Arms, keeps or cancels the timers of all pods of a node. Those that go at once are dealt with here; the others
    /// come back with the node at the first deadline.
    fn judge_node(&mut self, now: SimTime, node: NodeId, cluster: &Cluster) -> Plan<()> {
        let mut plan = Plan::done();
        if !cluster.is_live(ObjectRef::node(node)) {
            return plan;
        }
        let taints = no_execute(node, cluster);
        let before =
            if taints.is_empty() { self.taints.remove(&node) } else { self.taints.insert(node, taints.clone()) };
        let is_news = before.unwrap_or_default() != taints;
        let mut next: Option<SimTime> = None;
        for pod in cluster.pods_on(node) {
            match stay(pod, &taints, cluster) {
                None => {
                    let has_ended = cluster.pod(pod).status.phase.is_terminal();
                    if self.deadlines.remove(&pod).is_some() && !has_ended {
                        plan.push(cancellation(pod, cluster));
                    }
                }
                Some(SimDuration::ZERO) if !is_news && cluster.pod(pod).deletion.is_some() => {}
                Some(SimDuration::ZERO) => {
                    // What was planned is called off, because the pod goes right away.
                    if self.deadlines.remove(&pod).is_some() {
                        plan.push(cancellation(pod, cluster));
                    }
                    plan.stages.extend(self.evict(now, pod, cluster).stages);
                }
                // A timer rings once.
                Some(_) if was_evicted(pod, cluster) => {}
                Some(stay) => {
                    let deadline = *self.deadlines.entry(pod).or_insert(now + stay);
                    if deadline <= now {
                        plan.stages.extend(self.evict(now, pod, cluster).stages);
                    } else {
                        next = Some(next.map_or(deadline, |known| known.min(deadline)));
                    }
                }
            }
        }
        plan.again_after(next.map(|next| next.since(now)))
    }

    /// Upstream: tainteviction `addConditionAndDeletePod`.
    fn evict(&mut self, now: SimTime, pod: PodId, cluster: &Cluster) -> Plan<()> {
        let row = cluster.pod(pod);
        let is_due = self.deadlines.get(&pod).is_some_and(|deadline| *deadline <= now)
            || stay(pod, &no_execute(row.node, cluster), cluster) == Some(SimDuration::ZERO);
        if row.deleted {
            // Upstream: tainteviction `handlePodUpdate`.
            let was_planned = self.deadlines.remove(&pod).is_some();
            return if was_planned { Plan::of(cancellation(pod, cluster)) } else { Plan::done() };
        }
        if !is_due {
            return Plan::done();
        }
        self.deadlines.remove(&pod);
        let message = format!("Marking for deletion Pod {}/{}", cluster.namespace_name(row.namespace), row.name);
        let object = ObjectRef::pod(pod);
        let marked = event(object, EventType::Normal, "TaintManagerEviction", message, Self::COMPONENT);
        let condition = PodCondition::new(
            PodConditionType::DisruptionTarget,
            ConditionStatus::True,
            Why::new(
                Text::const_new("DeletionByTaintManager"),
                Text::const_new("Taint manager: deleting due to NoExecute taint"),
            ),
            now,
        );
        // It is said of a pod that is on its way already, too.
        let mut plan = Plan::of(Call::Event(Box::new(marked)));
        if !was_evicted(pod, cluster) {
            plan = plan.then(Call::PatchPodStatus { pod, conditions: vec![condition], fail: false });
        }
        if row.deletion.is_none() {
            plan = plan.then(Call::Delete { object, options: DeleteOptions::default() });
        }
        plan
    }
}

/// Has this controller deleted it?
fn was_evicted(pod: PodId, cluster: &Cluster) -> bool {
    let row = cluster.pod(pod);
    let condition = row.status.condition(PodConditionType::DisruptionTarget);
    row.deletion.is_some() && condition.is_some_and(|condition| condition.reason() == "DeletionByTaintManager")
}

fn cancellation(pod: PodId, cluster: &Cluster) -> Call {
    let row = cluster.pod(pod);
    let message = format!("Cancelling deletion of Pod {}/{}", cluster.namespace_name(row.namespace), row.name);
    let component = TaintEvictionController::COMPONENT;
    let draft = event(ObjectRef::pod(pod), EventType::Normal, "TaintManagerEviction", message, component);
    Call::Event(Box::new(draft))
}

fn no_execute(node: NodeId, cluster: &Cluster) -> Vec<Taint> {
    let body = node.is_some().then(|| cluster.node(node).body.as_node()).flatten();
    let taints = body.into_iter().flat_map(|body| &body.taints);
    taints.filter(|taint| taint.effect == TaintEffect::NoExecute).cloned().collect()
}

/// How long a pod may stay: `None` for ever.
fn stay(pod: PodId, taints: &[Taint], cluster: &Cluster) -> Option<SimDuration> {
    let row = cluster.pod(pod);
    if taints.is_empty() || row.deleted || row.status.phase.is_terminal() {
        return None;
    }
    let seconds = stay_seconds(&cluster.template(row.template).spec.tolerations, taints)?;
    Some(SimDuration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// The least of the times that the tolerations used give; 0 where a taint is not tolerated, `None` for ever.
/// Upstream: tainteviction `getMinTolerationTime`.
fn stay_seconds(tolerations: &[Toleration], taints: &[Taint]) -> Option<i64> {
    let mut used = Vec::new();
    for taint in taints {
        match tolerations.iter().find(|toleration| toleration.tolerates(taint)) {
            Some(toleration) => used.push(toleration.seconds),
            None => return Some(0),
        }
    }
    used.into_iter().flatten().map(|seconds| seconds.max(0)).min()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::World;
    use super::*;
    use crate::model::taint::TolerationOperator;

    fn taint(key: &'static str) -> Taint {
        Taint { key: Text::const_new(key), value: Text::default(), effect: TaintEffect::NoExecute }
    }

    fn toleration(key: &'static str, seconds: Option<i64>) -> Toleration {
        Toleration {
            key: Text::const_new(key),
            operator: TolerationOperator::Exists,
            value: Text::default(),
            effect: Some(TaintEffect::NoExecute),
            seconds,
        }
    }

    #[test]
    fn the_shortest_toleration_decides_and_a_missing_one_ends_it() {
        let (one, other) = (taint("a"), taint("b"));
        let both = [toleration("a", Some(300)), toleration("b", Some(20))];
        assert_eq!(stay_seconds(&both, std::slice::from_ref(&one)), Some(300));
        assert_eq!(stay_seconds(&both, &[one.clone(), other.clone()]), Some(20));
        assert_eq!(stay_seconds(&[toleration("a", None)], std::slice::from_ref(&one)), None);
        assert_eq!(stay_seconds(&[toleration("a", None)], &[one.clone(), other]), Some(0));
        assert_eq!(stay_seconds(&[toleration("a", Some(-5))], &[one]), Some(0));
    }

    #[test]
    fn what_was_planned_is_called_off_when_a_pod_goes_at_once_or_is_gone() {
        let mut world = World::new(0);
        world.starts = false;
        world.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}}));
        let node = world.cluster.node_by_name("a").unwrap();
        for name in ["one", "two"] {
            world.apply(json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
                "spec": {
                    "nodeName": "a", "containers": [{"name": "main", "image": "nginx:1.25"}],
                    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
                },
            }));
        }
        let add = |world: &mut World, key: &'static str| {
            world.act(|now, cluster| {
                cluster.modify_spec(now, ObjectRef::node(node), |body| {
                    body.as_node_mut().expect("it is a node").taints.push(taint(key));
                    true
                })
            });
            world.run(SimDuration::from_secs(2));
        };
        let said = |world: &World, what: &str| {
            world.messages("TaintManagerEviction").iter().filter(|message| message.starts_with(what)).count()
        };
        world.run(SimDuration::from_secs(1));
        add(&mut world, "a");
        assert_eq!((said(&world, "Cancelling"), said(&world, "Marking")), (0, 0));
        let two = world.cluster.find(crate::model::kind::Kind::POD, world.default_namespace(), "two").unwrap();
        world.act(|now, cluster| cluster.delete(now, two, DeleteOptions::NOW)).unwrap();
        world.run(SimDuration::from_secs(2));
        assert_eq!((said(&world, "Cancelling"), said(&world, "Marking")), (1, 0));
        add(&mut world, "b");
        assert_eq!((said(&world, "Cancelling"), said(&world, "Marking")), (2, 1));
    }
}
