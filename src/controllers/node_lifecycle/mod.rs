//! The node lifecycle controller: notices nodes that do not report any more, and taints nodes by their conditions.
//!
//! Heartbeats cost nothing: the simulation says when a node falls silent and when it is heard again, and the
//! controller computes the first pass of its monitor at which that shows.
//! Upstream: nodelifecycle `monitorNodeHealth`, `tryUpdateNodeHealth`, `doNoExecuteTaintingPass`.

mod taints;
#[cfg(test)]
mod tests;
mod zones;

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::{Change, Cluster, EventType, Fields, Verb};
use crate::engine::random::Stream;
use crate::engine::{Significance, SimTime};
use crate::model::Text;
use crate::model::condition::{Condition, ConditionStatus};
use crate::model::node::Node;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::pod::{PodCondition, PodConditionType};

use super::calls::event;
use super::plan::{Call, Plan, Status};
use super::runner::{Controller, News};
use super::settings::ControllerSettings;
use super::work_queue::WorkQueue;
use crate::engine::token_bucket::TokenBucket;
use zones::{Rate, Shift, Zone, ZoneBook};

/// Conditions that turn Unknown with a silent node; NetworkUnavailable is not the kubelet's.
const REPORTED: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// The controller.
#[derive(Debug)]
pub(super) struct NodeLifecycleController {
    settings: ControllerSettings,
    /// First pass of the monitor.
    phase: SimTime,
    nodes: BTreeMap<NodeId, Known>,
    zones: BTreeMap<Zone, Limiter>,
    book: ZoneBook,
    /// Nodes that the monitor has yet to greet or to part with, in its next pass.
    news: BTreeSet<NodeId>,
}

/// What is known of a node.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The last heartbeat of a node that has fallen silent.
    silent_since: Option<SimTime>,
    /// Was Ready when last looked at?
    was_ready: bool,
    /// When its NoExecute taint is due.
    taint_at: Option<SimTime>,
    /// When that taint is taken back.
    untaint_at: Option<SimTime>,
}

/// The token bucket of a zone.
#[derive(Clone, Copy, Debug)]
struct Limiter {
    rate: f64,
    bucket: TokenBucket,
}

impl super::Create for NodeLifecycleController {
    fn create(settings: &ControllerSettings) -> Self {
        let mut stream: Stream = settings.streams.stream("controllers/node-monitor", 0);
        let phase = SimTime(stream.below(settings.node_monitor_period.0));
        Self {
            settings: settings.clone(),
            phase,
            nodes: BTreeMap::new(),
            zones: BTreeMap::new(),
            book: ZoneBook::default(),
            news: BTreeSet::new(),
        }
    }
}

impl NodeLifecycleController {
    /// A node fell silent after this heartbeat, or (with `None`) reports again.
    pub(super) fn heard(&mut self, now: SimTime, node: NodeId, last_heartbeat: Option<SimTime>, queue: &mut WorkQueue) {
        self.nodes.entry(node).or_default().silent_since = last_heartbeat;
        if let Some(due) = self.unknown_at(node) {
            queue.add_after(now, ObjectRef::node(node), due.since(now));
        }
    }

    /// The rates of other nodes changed with one node. Upstream: nodelifecycle `handleDisruption`.
    fn follow(&mut self, now: SimTime, shift: &Shift, cluster: &Cluster, queue: &mut WorkQueue) {
        if *shift == Shift::None {
            return;
        }
        for (node, known) in &mut self.nodes {
            if known.was_ready {
                if *shift == Shift::FirstUp && known.silent_since.is_some() {
                    // The failure may have been the manager's own: the others get a fresh grace period.
                    known.silent_since = Some(now);
                    queue.add(ObjectRef::node(*node));
                }
                continue;
            }
            let concerned = match shift {
                Shift::Zone(zone) => zones::zone_of(*node, cluster) == *zone,
                _ => true,
            };
            if concerned {
                queue.add(ObjectRef::node(*node));
            }
        }
    }

    /// The first pass of the monitor at or after this instant.
    fn next_pass(&self, time: SimTime) -> SimTime {
        time.next_on_grid(self.phase, self.settings.node_monitor_period)
    }

    /// When a silent node is declared Unknown. A pass takes some time of its own, so that the pass a full number of
    /// periods later already comes after the grace period.
    fn unknown_at(&self, node: NodeId) -> Option<SimTime> {
        let heartbeat = self.nodes.get(&node)?.silent_since?;
        Some(self.next_pass(self.next_pass(heartbeat) + self.settings.node_monitor_grace_period))
    }
}

impl Controller for NodeLifecycleController {
    type Draft = ();

    const COMPONENT: &'static str = "node-controller";

    #[inline]
    fn hears(&self, news: News<'_>, _cluster: &Cluster) -> bool {
        news.is(Verb::Modified) && news.touches(Fields::BOUND)
    }

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        if let Some(node) = change.object.as_node() {
            if change.fields.intersects(Fields::READY | Fields::LABELS) {
                let shift = self.book.note(node, cluster, self.settings.unhealthy_zone_threshold);
                self.follow(now, &shift, cluster, queue);
            }
            if change.verb == Verb::Deleted {
                self.nodes.remove(&node);
            } else if change
                .fields
                .intersects(Fields::CONDITIONS | Fields::READY | Fields::TAINTS | Fields::UNSCHEDULABLE)
            {
                queue.add(change.object);
            }
            // Nodes of the first instant were there before.
            let is_news = change.verb == Verb::Added && now > self.settings.begin + self.settings.node_monitor_period
                || change.verb == Verb::Deleted;
            if is_news {
                self.news.insert(node);
                queue.add_after(now, change.object, self.next_pass(now).since(now));
            }
        } else if let Some(pod) = change.object.as_pod() {
            // A pod bound to a node that is not ready is not ready either.
            if change.fields.contains(Fields::BOUND) && change.verb == Verb::Modified {
                let node = cluster.pod(pod).node;
                if self.nodes.get(&node).is_some_and(|known| !known.was_ready) {
                    queue.add(ObjectRef::node(node));
                }
            }
        }
    }

    fn sync(&mut self, now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        let Some(node) = key.as_node() else { return Plan::done() };
        let mut plan = Plan::done();
        if self.next_pass(now) == now && self.news.remove(&node) {
            plan.push(greeting(node, cluster));
        }
        if !cluster.is_live(key) {
            return plan;
        }
        let Some(body) = cluster.node(node).body.as_node() else { return Plan::done() };
        let known = self.nodes.entry(node).or_insert(Known { was_ready: body.is_ready(), ..Known::default() });
        let was_ready = std::mem::replace(&mut known.was_ready, body.is_ready());
        if self.unknown_at(node).is_some_and(|due| due <= now) && taints::ready(body) != Some(ConditionStatus::Unknown)
        {
            let conditions = unknown_conditions(now, body);
            // The change of the conditions brings the node back here for its taints.
            plan.push(Call::Status { object: key, status: Status::NodeConditions(conditions) });
            self.nodes.entry(node).or_default().was_ready = was_ready;
            return plan;
        }
        if was_ready && !body.is_ready() {
            let message = format!("Node {} status is now: NodeNotReady", cluster.node_name(node));
            plan.push(Call::Event(Box::new(event(key, EventType::Normal, "NodeNotReady", message, Self::COMPONENT))));
        }
        let wanted = taints::with_conditions(body);
        if wanted != body.taints {
            plan.push(Call::SetTaints { object: key, taints: wanted.clone() });
        }
        // A node that has never reported is no reason to doubt its pods.
        if taints::ready(body).is_some_and(|ready| !ready.is_true()) {
            mark_pods_not_ready(now, node, &mut plan, cluster);
        }
        let tainted = Node { taints: wanted, ..body.clone() };
        let again = self.no_execute(now, node, &tainted, &mut plan, cluster);
        let unknown = self.unknown_at(node).filter(|due| *due > now);
        plan.again_after(again.map(|at| at.since(now))).again_after(unknown.map(|at| at.since(now)))
    }

    fn significance(&self, _key: ObjectRef, _cluster: &Cluster) -> Significance {
        Significance::Live
    }
}

impl NodeLifecycleController {
    /// NoExecute taints come one node after another in a zone, and go at a pass of the monitor. Returns when to look
    /// again. Upstream: nodelifecycle `processTaintBaseEviction`, `markNodeAsReachable`.
    fn no_execute(
        &mut self,
        now: SimTime,
        node: NodeId,
        body: &Node,
        plan: &mut Plan<()>,
        cluster: &Cluster,
    ) -> Option<SimTime> {
        let key = ObjectRef::node(node);
        let has_any =
            taints::has_no_execute(body, taints::NOT_READY) || taints::has_no_execute(body, taints::UNREACHABLE);
        let Some((wanted, other)) = taints::no_execute(body) else {
            self.nodes.entry(node).or_default().taint_at = None;
            return has_any.then(|| self.at_next_pass(now, node, taints::with_no_execute(body, None), plan)).flatten();
        };
        self.nodes.entry(node).or_default().untaint_at = None;
        if taints::has_no_execute(body, other) {
            plan.push(Call::SetTaints { object: key, taints: taints::with_no_execute(body, Some(wanted)) });
            return None;
        }
        let zone = zones::zone_of(node, cluster);
        let rate = match self.book.rate(&zone, &self.settings) {
            Rate::MasterDisruption => {
                self.nodes.entry(node).or_default().taint_at = None;
                if has_any {
                    plan.push(Call::SetTaints { object: key, taints: taints::with_no_execute(body, None) });
                }
                return None;
            }
            Rate::Limited(rate) => rate,
        };
        if taints::has_no_execute(body, wanted) {
            return None;
        }
        if rate <= 0.0 {
            self.nodes.entry(node).or_default().taint_at = None;
            return None;
        }
        let limiter = self.zones.entry(zone).or_insert(Limiter { rate, bucket: TokenBucket::new(rate, 1) });
        if limiter.rate.to_bits() != rate.to_bits() {
            *limiter = Limiter { rate, bucket: TokenBucket::new(rate, 1) };
        }
        let known = self.nodes.entry(node).or_default();
        let at = *known.taint_at.get_or_insert_with(|| limiter.bucket.reserve(now));
        if at > now {
            return Some(at);
        }
        known.taint_at = None;
        plan.push(Call::SetTaints { object: key, taints: taints::with_no_execute(body, Some(wanted)) });
        None
    }

    /// Takes taints back at the next pass of the monitor, or now if this is one.
    fn at_next_pass(
        &mut self,
        now: SimTime,
        node: NodeId,
        taints: Vec<crate::model::taint::Taint>,
        plan: &mut Plan<()>,
    ) -> Option<SimTime> {
        let known = self.nodes.entry(node).or_default();
        let pass = now.next_on_grid(self.phase, self.settings.node_monitor_period);
        let due = *known.untaint_at.get_or_insert(pass);
        if due > now {
            return Some(due);
        }
        known.untaint_at = None;
        plan.push(Call::SetTaints { object: ObjectRef::node(node), taints });
        None
    }
}

/// Upstream: nodelifecycle `monitorNodeHealth` for nodes that were added or deleted.
fn greeting(node: NodeId, cluster: &Cluster) -> Call {
    let name = cluster.node_name(node);
    let key = ObjectRef::node(node);
    let (why, message) = if cluster.is_live(key) {
        ("RegisteredNode", format!("Node {name} event: Registered Node {name} in Controller"))
    } else {
        ("RemovingNode", format!("Node {name} event: Removing Node {name} from Controller"))
    };
    Call::Event(Box::new(event(key, EventType::Normal, why, message, NodeLifecycleController::COMPONENT)))
}

/// The conditions of a node that has not reported for the grace period.
fn unknown_conditions(now: SimTime, node: &Node) -> Vec<Condition> {
    let mut conditions = node.conditions.clone();
    let now = SimTime::from_secs(now.as_secs());
    for kind in REPORTED {
        match conditions.iter_mut().find(|condition| condition.kind == kind) {
            Some(condition) if condition.status == ConditionStatus::Unknown => {}
            Some(condition) => {
                condition.status = ConditionStatus::Unknown;
                condition.reason = Text::const_new("NodeStatusUnknown");
                condition.message = Text::const_new("Kubelet stopped posting node status.");
                condition.last_transition = now;
            }
            None => conditions.push(Condition {
                kind: Text::const_new(kind),
                status: ConditionStatus::Unknown,
                reason: Text::const_new("NodeStatusNeverUpdated"),
                message: Text::const_new("Kubelet never posted node status."),
                last_transition: now,
                last_update: SimTime::ZERO,
            }),
        }
    }
    conditions
}

/// Upstream: controller/util/node `MarkPodsNotReady`.
fn mark_pods_not_ready(now: SimTime, node: NodeId, plan: &mut Plan<()>, cluster: &Cluster) {
    let ready_pods: Vec<PodId> = cluster.pods_on(node).filter(|pod| cluster.pod(*pod).is_ready()).collect();
    let mut patches = Vec::with_capacity(ready_pods.len());
    let mut events = Vec::with_capacity(ready_pods.len());
    for pod in ready_pods {
        let Some(ready) = cluster.pod(pod).status.condition(PodConditionType::Ready) else { continue };
        let condition = PodCondition::new(ready.kind(), ConditionStatus::False, ready.why().clone(), now);
        patches.push(Call::PatchPodStatus { pod, conditions: vec![condition], fail: false });
        let warning = event(
            ObjectRef::pod(pod),
            EventType::Warning,
            "NodeNotReady",
            "Node is not ready",
            NodeLifecycleController::COMPONENT,
        );
        events.push(Call::Event(Box::new(warning)));
    }
    plan.push_together(patches);
    plan.push_together(events);
}
