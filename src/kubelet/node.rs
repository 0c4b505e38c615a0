//! One kubelet's own state, and the registration of its node.

use std::collections::{BTreeMap, VecDeque};

use super::eviction::EvictionState;
use super::node_shutdown::Shutdown;
use super::pull_secrets::PulledRecord;
use super::static_pods::StaticPods;
use super::worker::{Flags, Stage};
use super::{Hubs, Kubelets};
use crate::cluster::{EventDraft, EventType, Said};
use crate::engine::token_bucket::TokenBucket;
use crate::engine::{SimDuration, SimTime};
use crate::machines::{Capacity, ContainerId, ImageId};
use crate::model::Text;
use crate::model::condition::ConditionStatus;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::resources::Resources;

/// Upstream: kubelet `genericPlegRelistPeriod`, and the sync loop's ticker.
pub(super) const SECOND: SimDuration = SimDuration::from_secs(1);

/// A kubelet.
#[derive(Debug)]
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
    /// Pulls that it may ask registries for.
    pub pull_tokens: TokenBucket,
    /// Who may use the images that it has pulled; it remembers that over restarts.
    pub pulled: BTreeMap<ImageId, PulledRecord>,
    /// Was its Node unschedulable when it last looked?
    pub unschedulable: bool,
    /// What its folder of manifests holds.
    pub static_pods: StaticPods,
    pub eviction: EvictionState,
    /// Allocatable memory in bytes; 0 where the Node does not say.
    pub allocatable_memory: u64,
    /// It computes its status at this instant plus whole tens of seconds.
    pub status_phase: SimTime,
    /// When that is booked, `NEVER` if it is not.
    pub status_due: SimTime,
    /// It looks for images to collect at this instant plus multiples of five minutes.
    pub image_gc_phase: SimTime,
    pub image_gc_due: SimTime,
    /// Did the last collection not free enough?
    pub image_gc_failed: bool,
    /// Since when the container runtime has not answered, `NEVER` while it does.
    pub runtime_lost: SimTime,
    /// Workers that wait for the container runtime.
    pub stalled: Vec<PodId>,
    pub shutdown: Option<Shutdown>,
    /// When the kubelet's process that is known of started, and after how many boots.
    pub started: SimTime,
    pub boots: u32,
    /// Critical pods that wait for others to make room; static ones say so.
    /// Pods whose resize waits, in the order in which they are looked at.
    pub pending_resizes: Vec<PodId>,
    pub waiting_critical: Vec<(PodId, bool)>,
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
        if let Some(network) = network_of(&columns.pod_cidr) {
            hubs.machines.set_pod_network(node, network);
        }
        for stated in &columns.images {
            for name in &stated.names {
                let image = hubs.machines.registry.id(name);
                let known = hubs.machines.registry.image(image).size;
                let size = u64::try_from(stated.size).ok().filter(|size| *size > 0).unwrap_or(known);
                hubs.machines.machine_mut(node).store_image(hubs.now, image, size);
            }
        }
        let now = hubs.now;
        let created = hubs.cluster.node(node).meta.created;
        self.note_allocatable(hubs, node);
        let state = self.node_state(node);
        state.started = now;
        let begin = self.settings.begin;
        if created > begin {
            // Machines that are there from the start have been up for long.
            self.kubelet_starts(hubs, node, false);
        }
        if created < begin && is_silent(hubs, node) {
            // An imported node of which nothing was heard: cut off until somebody heals it.
            hubs.machines.set_connected(now, node, false);
            return;
        }
        self.write_node_status(hubs, node);
        self.manifests_changed(hubs, node);
    }

    /// What pods may have of memory, looked up once for all rounds of the eviction manager.
    pub(super) fn note_allocatable(&mut self, hubs: &Hubs<'_>, node: NodeId) {
        let columns = hubs.cluster.node(node).body.as_node();
        let memory = columns.map_or(0, |columns| columns.allocatable_resources.memory.max(0) as u64);
        self.node_state(node).allocatable_memory = memory;
    }

    /// The kubelet of a node; its phases are drawn when it is first needed.
    #[inline]
    pub(super) fn node_state(&mut self, node: NodeId) -> &mut NodeState {
        if self.nodes.len() <= node.index() {
            self.make_node_states(node);
        }
        &mut self.nodes[node.index()]
    }

    #[cold]
    fn make_node_states(&mut self, node: NodeId) {
        while self.nodes.len() <= node.index() {
            let id = self.nodes.len() as u64;
            let phase = |name, seconds: u64| SimTime(self.settings.streams.stream(name, id).below(SECOND.0 * seconds));
            let (qps, burst) = self.settings.configuration.registry_pulls;
            self.nodes.push(NodeState {
                unschedulable: false,
                relist_phase: phase("kubelet/pleg", 1),
                tick_phase: phase("kubelet/sync-tick", 1),
                admitted: Resources::default(),
                pods: 0,
                with_host_ports: Vec::new(),
                pulling: 0,
                pull_queue: VecDeque::new(),
                pull_tokens: TokenBucket::new(qps, burst),
                pulled: BTreeMap::new(),
                static_pods: StaticPods::new(),
                eviction: EvictionState::new(phase("kubelet/eviction", 10)),
                allocatable_memory: 0,
                status_phase: phase("kubelet/node-status", 10),
                status_due: SimTime::NEVER,
                image_gc_phase: phase("kubelet/image-gc", 300),
                image_gc_due: SimTime::NEVER,
                image_gc_failed: false,
                runtime_lost: SimTime::NEVER,
                stalled: Vec::new(),
                shutdown: None,
                started: SimTime::NEVER,
                boots: 0,
                pending_resizes: Vec::new(),
                waiting_critical: Vec::new(),
            });
        }
    }

    /// Power, network or the kubelet's process changed: a kubelet that is back looks at everything anew.
    pub(super) fn machine_changed(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        let machine = hubs.machines.machine(node);
        if !machine.is_reachable() || !hubs.cluster.is_live(ObjectRef::node(node)) {
            return;
        }
        // It may have been cut off when it started, so that its start is compared, not the present.
        let (started, boots) = (machine.kubelet_started(), machine.boots());
        let state = self.node_state(node);
        let back = Back { restarted: started != state.started, booted: boots != state.boots };
        (state.started, state.boots) = (started, boots);
        if back.restarted {
            // What a kubelet knows of pressure and shutdowns it knows from its own process.
            state.eviction = EvictionState::new(state.eviction.phase);
            state.shutdown = None;
            state.stalled.clear();
            state.pulling = 0;
            state.pull_queue.clear();
        }
        if back.restarted {
            self.kubelet_starts(hubs, node, back.booted);
        }
        self.write_node_status(hubs, node);
        if back.restarted {
            self.admit_anew(hubs, node);
        }
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
        if back.restarted {
            self.revive_static_pods(hubs, node);
        }
        self.manifests_changed(hubs, node);
        self.signals_changed(hubs, node);
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
        // The Node that it would register has conditions too, and what sets them sends their Events before the first status
        // does. Upstream: `initialNode`, `setNodeStatus`.
        for reason in self.pressure_events(hubs, node) {
            let message = format!("Node {} status is now: {reason}", hubs.cluster.node_name(node));
            Self::node_event(hubs, node, EventType::Normal, reason, message);
        }
    }

    /// The kernel has killed a container because the node was out of memory. Upstream: kubelet oom watcher.
    pub(super) fn system_oom(hubs: &mut Hubs<'_>, container: ContainerId) {
        let row = hubs.machines.container(container);
        let (node, pod, index, serial) = (row.node, row.pod, usize::from(row.index), row.serial);
        let spec = &hubs.cluster.template_of(pod).spec.containers[index];
        let process = spec.command.first().or(spec.args.first()).map_or(spec.name.as_str(), Text::as_str);
        let process = process.rsplit('/').next().unwrap_or(process);
        // Process ids are not modelled; the run's number stands in.
        let message = format!("System OOM encountered, victim process: {process}, pid: {}", 1000 + serial);
        Self::node_event(hubs, node, EventType::Warning, "SystemOOM", message);
    }

    /// Upstream: kubelet_node_status `recordNodeSchedulableEvent`.
    pub(super) fn note_schedulable(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        if !hubs.machines.is_reachable(node) || !hubs.cluster.is_live(ObjectRef::node(node)) {
            return;
        }
        let object = hubs.cluster.node(node);
        let unschedulable = object.body.as_node().is_some_and(|columns| columns.unschedulable);
        if std::mem::replace(&mut self.node_state(node).unschedulable, unschedulable) == unschedulable {
            return;
        }
        let reason = if unschedulable { "NodeNotSchedulable" } else { "NodeSchedulable" };
        let message = format!("Node {} status is now: {reason}", hubs.cluster.node_name(node));
        Self::node_event(hubs, node, EventType::Normal, reason, message);
    }

    /// An Event about a node.
    pub(super) fn node_event(
        hubs: &mut Hubs<'_>,
        node: NodeId,
        kind: EventType,
        reason: &'static str,
        message: impl Into<Said>,
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
        hubs.cluster.record_event(hubs.now, draft);
    }
}

/// The first address of a node's own network of pods, where its Node says it.
fn network_of(cidr: &str) -> Option<u32> {
    let (address, bits) = cidr.split_once('/')?;
    let bits: u32 = bits.parse().ok().filter(|bits| (8..=24).contains(bits))?;
    Some(address.parse::<std::net::Ipv4Addr>().ok()?.to_bits() & (u32::MAX << (32 - bits)))
}

/// Does a node's status say that its kubelet stopped reporting?
fn is_silent(hubs: &Hubs<'_>, node: NodeId) -> bool {
    let columns = hubs.cluster.node(node).body.as_node();
    let ready = columns.and_then(|columns| columns.conditions.iter().find(|one| one.kind == "Ready"));
    ready.is_some_and(|ready| ready.status == ConditionStatus::Unknown)
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
