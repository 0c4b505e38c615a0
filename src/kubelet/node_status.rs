//! A node's conditions: what the kubelet finds out about its machine, written when it changes, at the instants at which it
//! computes its status. While nothing changes, heartbeats cost nothing.
//! Upstream: kubelet kubelet_node_status `updateNodeStatus`, nodestatus setters.

use super::{Hubs, KubeletEvent, Kubelets};
use crate::cluster::EventType;
use crate::engine::{SimDuration, SimTime};
use crate::model::Text;
use crate::model::condition::{Condition, ConditionStatus};
use crate::model::object::{Body, NodeId, ObjectRef};

/// Upstream: `nodeStatusUpdateFrequency`.
const STATUS: SimDuration = SimDuration::from_secs(10);
/// A runtime that did not answer for so long is down. Upstream: kubelet `maxWaitForContainerRuntime`.
pub(super) const RUNTIME_PATIENCE: SimDuration = SimDuration::from_secs(30);

/// A condition with its words, and the Event of a change.
struct Verdict {
    kind: &'static str,
    holds: bool,
    reason: &'static str,
    message: Text,
    event: &'static str,
}

impl Kubelets {
    /// Books the first computation of the node's status at or after an instant.
    pub(super) fn book_node_status(&mut self, hubs: &mut Hubs<'_>, node: NodeId, from: SimTime) {
        let state = self.node_state(node);
        let at = from.max(SimTime(hubs.now.0 + 1)).next_on_grid(state.status_phase, STATUS);
        if at < state.status_due {
            state.status_due = at;
            hubs.outbox.send(at, KubeletEvent::NodeStatus { node });
        }
    }

    /// The node's status is computed.
    pub(super) fn node_status_due(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        let state = self.node_state(node);
        if state.status_due == hubs.now {
            state.status_due = SimTime::NEVER;
            self.note_schedulable(hubs, node);
            self.write_node_status(hubs, node);
        }
    }

    /// The disk broke or works again, or something outside pods eats a resource or no longer does.
    pub(super) fn health_changed(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        let now = hubs.now;
        let dead = hubs.machines.machine(node).health().disk_dead;
        let state = self.node_state(node);
        if dead && state.runtime_lost == SimTime::NEVER {
            state.runtime_lost = now;
            self.book_node_status(hubs, node, now + RUNTIME_PATIENCE);
        } else if !dead && state.runtime_lost != SimTime::NEVER {
            state.runtime_lost = SimTime::NEVER;
            let stalled = std::mem::take(&mut state.stalled);
            self.book_node_status(hubs, node, now);
            for pod in stalled {
                if self.workers.get(pod).is_some() {
                    self.schedule(hubs, pod, now);
                }
            }
        }
        self.signals_changed(hubs, node);
    }

    /// The conditions as they are now, in upstream's order.
    fn verdicts(&mut self, hubs: &Hubs<'_>, node: NodeId) -> [Verdict; 4] {
        let now = hubs.now;
        let state = self.node_state(node);
        let [memory, disk, pids] = state.eviction.holds;
        let runtime_down = state.runtime_lost != SimTime::NEVER && now >= state.runtime_lost + RUNTIME_PATIENCE;
        let shutting_down = state.shutdown.is_some();
        let text = |text: &'static str| Text::const_new(text);
        let of = |kind, holds: bool, words: [(&'static str, &'static str, &'static str); 2]| {
            let (reason, message, event) = words[usize::from(holds)];
            Verdict { kind, holds, reason, message: text(message), event }
        };
        let mut wrong: Vec<&str> = Vec::new();
        if runtime_down {
            wrong.push("container runtime is down");
        }
        if shutting_down {
            wrong.push("node is shutting down");
        }
        let ready = if wrong.is_empty() {
            Verdict {
                kind: "Ready",
                holds: true,
                reason: "KubeletReady",
                message: text("kubelet is posting ready status"),
                event: "NodeReady",
            }
        } else {
            let message = if wrong.len() == 1 { wrong[0].into() } else { format!("[{}]", wrong.join(", ")).into() };
            Verdict { kind: "Ready", holds: false, reason: "KubeletNotReady", message, event: "NodeNotReady" }
        };
        [
            of(
                "MemoryPressure",
                memory,
                [
                    (
                        "KubeletHasSufficientMemory",
                        "kubelet has sufficient memory available",
                        "NodeHasSufficientMemory",
                    ),
                    (
                        "KubeletHasInsufficientMemory",
                        "kubelet has insufficient memory available",
                        "NodeHasInsufficientMemory",
                    ),
                ],
            ),
            of(
                "DiskPressure",
                disk,
                [
                    ("KubeletHasNoDiskPressure", "kubelet has no disk pressure", "NodeHasNoDiskPressure"),
                    ("KubeletHasDiskPressure", "kubelet has disk pressure", "NodeHasDiskPressure"),
                ],
            ),
            of(
                "PIDPressure",
                pids,
                [
                    ("KubeletHasSufficientPID", "kubelet has sufficient PID available", "NodeHasSufficientPID"),
                    ("KubeletHasInsufficientPID", "kubelet has insufficient PID available", "NodeHasInsufficientPID"),
                ],
            ),
            ready,
        ]
    }

    /// The Events of all conditions but Ready as they are now.
    pub(super) fn pressure_events(&mut self, hubs: &Hubs<'_>, node: NodeId) -> Vec<&'static str> {
        self.verdicts(hubs, node).into_iter().filter(|one| one.kind != "Ready").map(|one| one.event).collect()
    }

    /// Writes addresses and conditions if they differ from what is stored.
    pub(super) fn write_node_status(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        if !hubs.machines.is_reachable(node) || !hubs.cluster.is_live(ObjectRef::node(node)) {
            return;
        }
        let verdicts = self.verdicts(hubs, node);
        let machine = hubs.machines.machine(node);
        let (ip, network) = (machine.internal_ip(), machine.pod_network());
        let now = hubs.now;
        let mut events: Vec<&'static str> = Vec::new();
        hubs.cluster.modify_status(now, ObjectRef::node(node), |body| {
            let Body::Node(columns) = body else { return false };
            let before = columns.clone();
            columns.internal_ip = ip;
            if columns.pod_cidr.is_empty() {
                columns.pod_cidr = Text::from(format!("{}/24", std::net::Ipv4Addr::from_bits(network)));
            }
            for verdict in &verdicts {
                let status = ConditionStatus::from(verdict.holds);
                let condition = Condition {
                    kind: Text::const_new(verdict.kind),
                    status,
                    reason: Text::const_new(verdict.reason),
                    message: verdict.message.clone(),
                    last_transition: now,
                    last_update: now,
                };
                match columns.conditions.iter_mut().find(|known| known.kind == verdict.kind) {
                    Some(known) if known.status == status && known.message == verdict.message => {}
                    Some(known) => {
                        let same = known.status == status;
                        let last_transition = if same { known.last_transition } else { now };
                        if !same {
                            events.push(verdict.event);
                        }
                        *known = Condition { last_transition, ..condition };
                    }
                    None => columns.conditions.push(condition),
                }
            }
            before != *columns
        });
        for reason in events {
            let message = format!("Node {} status is now: {reason}", hubs.cluster.node_name(node));
            Self::node_event(hubs, node, EventType::Normal, reason, message);
        }
    }
}
