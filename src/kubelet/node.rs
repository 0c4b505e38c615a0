//! One kubelet's own state, and the registration of its node.

use std::collections::VecDeque;

use super::worker::Flags;
use super::{Hubs, Kubelets};
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition::{Condition, ConditionStatus};
use crate::model::object::{Body, NodeId, ObjectRef, PodId};
use crate::model::resources::Resources;

/// Upstream: kubelet `genericPlegRelistPeriod`, and the sync loop's ticker.
pub(super) const SECOND: SimDuration = SimDuration::from_secs(1);

/// A kubelet.
#[derive(Debug, Default)]
pub(super) struct NodeState {
    /// Its looks at the container runtime are at this instant plus whole seconds.
    relist_phase: SimTime,
    /// The ticks at which it takes due pods from its work queue, likewise.
    tick_phase: SimTime,
    /// Requests of the pods it has admitted and not yet ended.
    pub admitted: Resources,
    /// Number of these pods.
    pub pods: u32,
    /// Those of them that claim ports of the node.
    pub with_host_ports: Vec<PodId>,
    /// Pulls under way, and the pods that wait for theirs.
    pub pulling: u32,
    pub pull_queue: VecDeque<PodId>,
}

impl NodeState {
    /// The first look at the runtime after `now`.
    pub fn relist_after(&self, now: SimTime) -> SimTime {
        (now + SimDuration(1)).next_on_grid(self.relist_phase, SECOND)
    }

    /// The last look at or before `now`.
    pub fn relist_before(&self, now: SimTime) -> SimTime {
        let next = self.relist_after(now);
        SimTime(next.0.saturating_sub(SECOND.0))
    }

    /// The first tick at or after `at`.
    pub fn tick_from(&self, at: SimTime) -> SimTime {
        at.next_on_grid(self.tick_phase, SECOND)
    }
}

/// Conditions of a healthy node in upstream's order, with reason and message.
const HEALTHY: [(&str, bool, &str, &str); 4] = [
    ("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", true, "KubeletReady", "kubelet is posting ready status"),
];

impl Kubelets {
    /// A Node object stands for a machine whose kubelet starts at once.
    pub(super) fn register(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        let Some(columns) = hubs.cluster.node(node).body.as_node() else { return };
        let stated_ip = columns.internal_ip;
        hubs.machines.add_machine(hubs.now, node, stated_ip);
        for stated in &columns.images {
            for name in &stated.names {
                let image = hubs.machines.registry.id(name);
                let known = hubs.machines.registry.image(image).size;
                let size = u64::try_from(stated.size).ok().filter(|size| *size > 0).unwrap_or(known);
                hubs.machines.machine_mut(node).store_image(hubs.now, image, size);
            }
        }
        self.node_state(node);
        report_ready(hubs, node);
    }

    /// The kubelet of a node; its phases are drawn when it is first needed.
    pub(super) fn node_state(&mut self, node: NodeId) -> &mut NodeState {
        while self.nodes.len() <= node.index() {
            let id = self.nodes.len() as u64;
            let phase = |name| SimTime(self.settings.streams.stream(name, id).below(SECOND.0));
            self.nodes.push(NodeState {
                relist_phase: phase("kubelet/pleg"),
                tick_phase: phase("kubelet/sync-tick"),
                ..NodeState::default()
            });
        }
        &mut self.nodes[node.index()]
    }

    /// Power, network or the kubelet's process changed: a kubelet that is back looks at everything anew.
    pub(super) fn machine_changed(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        let machine = hubs.machines.machine(node);
        if !machine.is_reachable() || !hubs.cluster.is_live(ObjectRef::node(node)) {
            return;
        }
        let restarted = machine.kubelet_started() == hubs.now;
        self.node_state(node);
        report_ready(hubs, node);
        let pods: Vec<PodId> = hubs.cluster.pods_on(node).collect();
        for pod in pods {
            self.pod_seen_again(hubs, pod, restarted);
        }
    }

    /// After its kubelet was away: what has happened to a pod meanwhile is news.
    fn pod_seen_again(&mut self, hubs: &mut Hubs<'_>, pod: PodId, restarted: bool) {
        if self.workers.get(pod).is_some() {
            if restarted {
                self.forget_for_restart(hubs, pod);
            }
            let worker = self.workers.row(pod);
            worker.flags.insert(Flags::AGAIN);
            let at = hubs.now + self.settings.latencies.fixed(crate::model::latency::Latency::PodSync);
            self.wake(hubs, pod, at);
        }
        self.pod_changed(hubs, pod, crate::cluster::Fields::all());
    }
}

/// The node status of a kubelet that works: addresses and healthy conditions.
fn report_ready(hubs: &mut Hubs<'_>, node: NodeId) {
    let machine = hubs.machines.machine(node);
    let (ip, network) = (machine.internal_ip(), machine.pod_network());
    let now = hubs.now;
    hubs.cluster.modify_status(now, ObjectRef::node(node), |body| {
        let Body::Node(columns) = body else { return false };
        let before = columns.clone();
        columns.internal_ip = ip;
        if columns.pod_cidr.is_empty() {
            columns.pod_cidr = Text::from(format!("{}/24", std::net::Ipv4Addr::from_bits(network)));
        }
        for (kind, holds, reason, message) in HEALTHY {
            let status = ConditionStatus::from(holds);
            let known = columns.conditions.iter_mut().find(|condition| condition.kind == kind);
            match known {
                Some(condition) if condition.status == status => {}
                Some(condition) => {
                    *condition = healthy(kind, status, reason, message, now);
                }
                None => columns.conditions.push(healthy(kind, status, reason, message, now)),
            }
        }
        before != *columns
    });
}

fn healthy(
    kind: &'static str,
    status: ConditionStatus,
    reason: &'static str,
    message: &'static str,
    now: SimTime,
) -> Condition {
    Condition {
        kind: Text::const_new(kind),
        status,
        reason: Text::const_new(reason),
        message: Text::const_new(message),
        last_transition: now,
        last_update: now,
    }
}
