//! The kubelets of all nodes: from a pod bound to a node to containers on its machine, and back to the pod's status.
//!
//! One value for all nodes; what upstream does in one goroutine for each pod is a `Worker` here, which moves from step
//! to step by events (`pod_worker`). A kubelet sees its containers only when it looks (`view`), once a second or right
//! after it changed something; what it does not see it does not know.
//! Decides neither what containers do (that is the workload) nor where pods go (the scheduler).

mod actions;
mod admission;
mod adoption;
mod conditions;
pub mod configuration;
mod container_config;
mod container_start;
mod critical_preemption;
mod eviction;
mod eviction_rank;
mod hooks;
mod host_path;
mod image_gc;
mod image_pull;
mod image_reference;
mod kill;
mod local_storage;
mod node;
mod node_shutdown;
mod node_status;
mod phase;
mod pod_event;
mod pod_sync;
mod pod_worker;
mod probe_answer;
mod probe_worker;
mod probes;
mod pull_secrets;
mod resize;
mod resize_action;
mod restart_all;
mod restart_backoff;
mod settings;
pub mod static_pods;
mod status;
mod sysctls;
mod termination;
pub mod thresholds;
mod view;
mod volumes;
mod worker;

pub use settings::KubeletSettings;

use crate::cluster::{Change, Cluster, Fields, Verb};
use crate::engine::SimTime;
use crate::engine::outbox::Outbox;
use crate::engine::random::Stream;
use crate::engine::significance::Significance;
use crate::machines::{MachineChange, Machines};
use crate::model::kind::Kind;
use crate::model::object::{NodeId, PodId};
use conditions::RecentWords;
use node::NodeState;
use worker::{Stage, Workers};

/// What a kubelet does later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KubeletEvent {
    /// A pod's worker goes on.
    Step {
        /// The pod.
        pod: PodId,
        /// Stale if the worker has another one.
        generation: u32,
    },
    /// A stop of a container reaches its next stage.
    Kill {
        /// The pod.
        pod: PodId,
        /// The container.
        slot: u8,
        /// Stale if the kill has another one.
        generation: u8,
    },
    /// A probe is due.
    Probe {
        /// The pod.
        pod: PodId,
        /// The container.
        slot: u8,
        /// Startup, readiness or liveness, as a number.
        kind: u8,
        /// Stale if the probe has another one.
        generation: u8,
    },
    /// A pod has been active for as long as it may.
    Deadline {
        /// The pod.
        pod: PodId,
    },
    /// A round of a node's eviction manager.
    Eviction {
        /// The node.
        node: NodeId,
    },
    /// A node's status is computed.
    NodeStatus {
        /// The node.
        node: NodeId,
    },
    /// Images that nobody uses are collected.
    ImageGc {
        /// The node.
        node: NodeId,
    },
    /// The time of a group of pods is over while their node shuts down.
    Shutdown {
        /// The node.
        node: NodeId,
        /// The group.
        group: u8,
    },
    /// A kubelet reads its folder of static pods.
    Manifests {
        /// The node.
        node: NodeId,
    },
}

/// The kubelets of all nodes.
#[derive(Debug)]
pub struct Kubelets {
    settings: KubeletSettings,
    nodes: Vec<NodeState>,
    workers: Workers,
    words: RecentWords,
    /// Delays of the container runtime.
    runtime: Stream,
    /// Factors 1 to 1.5 of requeues.
    jitter: Stream,
    /// Durations of pulls.
    registry: Stream,
    /// Factors 1 to 1.5 of the resyncs of quiet pods.
    resync: Stream,
}

/// All that a step may read and write.
struct Hubs<'a> {
    now: SimTime,
    cluster: &'a mut Cluster,
    machines: &'a mut Machines,
    outbox: &'a mut Outbox<KubeletEvent>,
}

impl Kubelets {
    /// Kubelets without nodes.
    pub fn new(settings: KubeletSettings) -> Self {
        let stream = |name| settings.streams.stream(name, 0);
        Self {
            runtime: stream("kubelet/runtime"),
            jitter: stream("kubelet/requeue-jitter"),
            registry: stream("kubelet/registry"),
            resync: stream("kubelet/resync-jitter"),
            settings,
            nodes: Vec::new(),
            workers: Workers::default(),
            words: RecentWords::default(),
        }
    }

    /// A change of the API reached the kubelets: of nodes, and of pods that are bound to one.
    pub fn observe(
        &mut self,
        now: SimTime,
        change: &Change,
        cluster: &mut Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<KubeletEvent>,
    ) {
        const OF_INTEREST: Fields = Fields::SPEC
            .union(Fields::LABELS)
            .union(Fields::ANNOTATIONS)
            .union(Fields::BOUND)
            .union(Fields::DELETION)
            .union(Fields::CONDITIONS);
        let mut hubs = Hubs { now, cluster, machines, outbox };
        match change.object.kind {
            Kind::POD if change.verb == Verb::Deleted => {
                let pod = PodId(change.object.id);
                self.pod_removed(&mut hubs, pod);
            }
            Kind::POD if change.fields.intersects(OF_INTEREST) => {
                self.pod_changed(&mut hubs, PodId(change.object.id), change.fields);
            }
            Kind::CONFIG_MAP | Kind::SECRET => {
                self.data_changed(&mut hubs, change.object);
            }
            Kind::NODE if change.verb == Verb::Modified => {
                let node = NodeId(change.object.id);
                if change.fields.contains(Fields::ALLOCATABLE) {
                    self.note_allocatable(&hubs, node);
                    self.retry_resizes(&mut hubs, node);
                }
                if change.fields.contains(Fields::UNSCHEDULABLE) && hubs.machines.is_reachable(node) {
                    self.book_node_status(&mut hubs, node, now);
                }
            }
            Kind::NODE if change.verb == Verb::Added => {
                self.register(&mut hubs, NodeId(change.object.id));
            }
            _ => {}
        }
    }

    /// Something happened on a machine.
    pub fn observe_machine(
        &mut self,
        now: SimTime,
        change: MachineChange,
        cluster: &mut Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<KubeletEvent>,
    ) {
        let mut hubs = Hubs { now, cluster, machines, outbox };
        match change {
            MachineChange::ContainerExited { container } => {
                let node = hubs.machines.container(container).node;
                self.container_exited(&mut hubs, container);
                self.answers_changed(&mut hubs, container);
                self.signals_changed(&mut hubs, node);
            }
            MachineChange::ServingChanged { container } | MachineChange::FilesChanged { container } => {
                self.answers_changed(&mut hubs, container);
            }
            MachineChange::ExecDone { exec } => self.exec_done(&mut hubs, exec),
            MachineChange::MachineChanged { node } => self.machine_changed(&mut hubs, node),
            MachineChange::ShutdownRequested { node } => self.shutdown_requested(&mut hubs, node),
            MachineChange::HealthChanged { node } => self.health_changed(&mut hubs, node),
            MachineChange::UsageChanged { container } => {
                let node = hubs.machines.container(container).node;
                self.signals_changed(&mut hubs, node);
            }
            MachineChange::DiskChanged { pod } => self.disk_changed(&mut hubs, pod),
            MachineChange::SystemOom { container } => Self::system_oom(&mut hubs, container),
            MachineChange::ManifestsChanged { node } => self.manifests_changed(&mut hubs, node),
            MachineChange::ContainerStarted { container } => {
                if self.counts_processes() {
                    let node = hubs.machines.container(container).node;
                    self.signals_changed(&mut hubs, node);
                }
            }
            MachineChange::SignalSent { .. }
            | MachineChange::ContainerResized { .. }
            | MachineChange::PodRenamed { .. }
            | MachineChange::VolumesRefreshed { .. }
            | MachineChange::Unmounted { .. }
            | MachineChange::ExecRequested { .. }
            | MachineChange::ThrottlingChanged { .. } => {}
        }
    }

    /// One of the kubelets' own events is due.
    pub fn handle(
        &mut self,
        now: SimTime,
        event: KubeletEvent,
        cluster: &mut Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<KubeletEvent>,
    ) {
        let mut hubs = Hubs { now, cluster, machines, outbox };
        match event {
            KubeletEvent::Step { pod, generation } => self.step(&mut hubs, self.workers.current(pod), generation),
            KubeletEvent::Kill { pod, slot, generation } => {
                self.kill_due(&mut hubs, self.workers.current(pod), slot, generation);
            }
            KubeletEvent::Probe { pod, slot, kind, generation } => {
                self.probe_due(&mut hubs, self.workers.current(pod), slot, kind, generation);
            }
            KubeletEvent::Deadline { pod } => self.deadline_due(&mut hubs, self.workers.current(pod)),
            KubeletEvent::Manifests { node } => self.manifests_due(&mut hubs, node),
            KubeletEvent::Eviction { node } => self.eviction_due(&mut hubs, node),
            KubeletEvent::NodeStatus { node } => self.node_status_due(&mut hubs, node),
            KubeletEvent::ImageGc { node } => self.image_gc_due(&mut hubs, node),
            KubeletEvent::Shutdown { node, group } => self.shutdown_due(&mut hubs, node, group),
        }
    }

    /// What a pending event would still do.
    pub fn significance(&self, event: KubeletEvent, cluster: &Cluster) -> Significance {
        match event {
            KubeletEvent::Step { pod, generation } => match self.workers.get(self.workers.current(pod)) {
                Some(worker) if worker.generation == generation && worker.due != SimTime::NEVER => {
                    pod_worker::step_significance(worker)
                }
                _ => Significance::Stale,
            },
            KubeletEvent::Kill { pod, slot, generation } => {
                let kills = self
                    .workers
                    .get(self.workers.current(pod))
                    .and_then(|worker| worker.extra.as_ref())
                    .map(|extra| &extra.kills);
                let live = kills
                    .is_some_and(|kills| kills.iter().any(|kill| kill.slot == slot && kill.generation == generation));
                if live { Significance::Live } else { Significance::Stale }
            }
            KubeletEvent::Probe { pod, slot, kind, generation } => {
                self.probe_significance(self.workers.current(pod), slot, kind, generation)
            }
            KubeletEvent::Deadline { pod } => match self.workers.get(self.workers.current(pod)) {
                Some(worker) if worker.stage != Stage::Finished && !cluster.pod(pod).status.phase.is_terminal() => {
                    Significance::Live
                }
                _ => Significance::Stale,
            },
            KubeletEvent::Manifests { .. }
            | KubeletEvent::NodeStatus { .. }
            | KubeletEvent::Eviction { .. }
            | KubeletEvent::Shutdown { .. } => Significance::Live,
            KubeletEvent::ImageGc { .. } => Significance::Background,
        }
    }
}
