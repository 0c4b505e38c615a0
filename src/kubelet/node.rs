//! One kubelet's own state, and the registration of its node.

use std::collections::VecDeque;

use super::static_pods::StaticPods;
use super::worker::{Flags, Stage};
use super::{Hubs, Kubelets};
use crate::cluster::{EventDraft, EventType};
use crate::engine::{SimDuration, SimTime};
use crate::machines::Capacity;
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
    /// What its folder of manifests holds.
    pub static_pods: StaticPods,
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

/// How a kubelet came back.
#[derive(Clone, Copy, Debug)]
struct Back {
    /// Its process is a new one.
    restarted: bool,
    /// The machine was off.
    booted: bool,
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
        let has = |name: &str| columns.capacity.get(name);
        let bytes = |name: &str| has(name).map_or(0, |quantity| quantity.value().max(0) as u64);
        let capacity = Capacity {
            cpu_milli: has("cpu").map_or(0, |quantity| quantity.milli().max(0) as u64),
            memory: bytes("memory"),
            disk: bytes("ephemeral-storage"),
        };
        hubs.machines.set_capacity(node, capacity);
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
        self.manifests_changed(hubs, node);
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
        let back = Back {
            restarted: machine.kubelet_started() == hubs.now,
            booted: machine.booted() == hubs.now && machine.boots() > 0,
        };
        self.node_state(node);
        // Machines that are there from the start have been up for long.
        let is_news = hubs.machines.machine(node).booted() != hubs.now
            || back.booted
            || hubs.cluster.node(node).meta.created > SimTime::ZERO;
        if back.restarted && is_news {
            self.kubelet_starts(hubs, node, back.booted);
        }
        report_ready(hubs, node);
        // Pods that left the API meanwhile come first: their resources may be wanted.
        let mut pods: Vec<PodId> = self.workers.on_node(node).collect();
        pods.retain(|pod| !hubs.cluster.is_live(ObjectRef::pod(*pod)));
        for pod in pods {
            if back.restarted {
                self.forget_for_restart(hubs, pod, back.booted);
            }
            self.pod_removed(hubs, pod);
        }
        let pods: Vec<PodId> = hubs.cluster.pods_on(node).collect();
        for pod in pods {
            self.pod_seen_again(hubs, pod, back);
        }
        self.manifests_changed(hubs, node);
    }

    /// After its kubelet was away: what has happened to a pod meanwhile is news.
    fn pod_seen_again(&mut self, hubs: &mut Hubs<'_>, pod: PodId, back: Back) {
        if let Some(worker) = self.workers.get(pod) {
            let unreported = worker.stage == Stage::Finished && !hubs.cluster.pod(pod).status.phase.is_terminal();
            if unreported {
                let template = hubs.cluster.shared_template(hubs.cluster.pod(pod).template);
                self.publish(hubs, pod, &template.spec, true);
                self.workers.row(pod).extra = None;
            }
            if back.restarted {
                self.forget_for_restart(hubs, pod, back.booted);
            }
            let worker = self.workers.row(pod);
            worker.flags.insert(Flags::AGAIN);
            let at = hubs.now + self.settings.latencies.fixed(crate::model::latency::Latency::PodSync);
            self.wake(hubs, pod, at);
        }
        self.pod_changed(hubs, pod, crate::cluster::Fields::all());
    }
}

impl Kubelets {
    /// The Events of a kubelet's start. Upstream: kubelet `BirthCry`, kubelet_node_status `recordNodeStatusEvent`,
    /// nodestatus `NodeInfo` (Rebooted), cm `enforceNodeAllocatableCgroups`.
    fn kubelet_starts(&mut self, hubs: &mut Hubs<'_>, node: NodeId, booted: bool) {
        Self::node_event(hubs, node, EventType::Normal, "Starting", "Starting kubelet.");
        if booted {
            let name = hubs.cluster.node_name(node);
            let boots = u64::from(hubs.machines.machine(node).boots());
            let mut draws = self.settings.streams.stream("kubelet/boot-id", boots << 32 | u64::from(node.0));
            let message =
                format!("Node {name} has been rebooted, boot id: {}", random_uuid(draws.next_u64(), draws.next_u64()));
            Self::node_event(hubs, node, EventType::Warning, "Rebooted", message);
        }
        let message = "Updated Node Allocatable limit across pods";
        Self::node_event(hubs, node, EventType::Normal, "NodeAllocatableEnforced", message);
    }

    /// An Event about a node.
    pub(super) fn node_event(
        hubs: &mut Hubs<'_>,
        node: NodeId,
        kind: EventType,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        if !hubs.machines.is_reachable(node) {
            return;
        }
        let draft = EventDraft {
            object: ObjectRef::node(node),
            container: None,
            kind,
            reason: Text::const_new(reason),
            message: message.into(),
            component: "kubelet",
            host: node,
        };
        hubs.cluster.events.record(hubs.now, draft);
    }
}

/// A version 4 UUID of these bits.
fn random_uuid(high: u64, low: u64) -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        0x8000 | low >> 48 & 0x3fff,
        low & 0xffff_ffff_ffff
    )
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
