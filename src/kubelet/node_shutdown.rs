//! Graceful node shutdown: pods end by priority before the machine goes off.
//! Upstream: kubelet nodeshutdown `managerImpl.processShutdownEvent`, `podManager.killPods`, `groupByPriority`.

use super::worker::{Flags, Stage};
use super::{Hubs, KubeletEvent, Kubelets};
use crate::cluster::EventType;
use crate::engine::SimTime;
use crate::model::object::{NodeId, PodId};

/// Upstream: nodeshutdown `nodeShutdownReason`, `nodeShutdownMessage`, `nodeShutdownNotAdmittedMessage`.
const REASON: &str = "Terminated";
const MESSAGE: &str = "Pod was terminated in response to imminent node shutdown.";
pub(super) const NOT_ADMITTED: &str = "Pod was rejected as the node is shutting down.";

/// A shutdown under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shutdown {
    /// The group of pods whose turn it is.
    group: usize,
    /// When its time is over.
    until: SimTime,
}

impl Kubelets {
    /// The operating system wants to shut down. Without grace periods the kubelet does not hold it up.
    pub(super) fn shutdown_requested(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        if self.settings.configuration.shutdown.iter().all(|(_, period)| period.0 == 0) {
            hubs.machines.set_power(hubs.now, node, false);
            return;
        }
        self.node_state(node).shutdown = Some(Shutdown { group: 0, until: hubs.now });
        Self::node_event(hubs, node, EventType::Normal, "Shutdown", "Shutdown manager detected shutdown event");
        self.write_node_status(hubs, node);
        self.begin_shutdown_group(hubs, node, 0);
    }

    /// Ends the pods of a group; groups without pods are passed over, and after the last one the machine goes off.
    fn begin_shutdown_group(&mut self, hubs: &mut Hubs<'_>, node: NodeId, first: usize) {
        for group in first..self.settings.configuration.shutdown.len() {
            let pods = self.pods_of_group(hubs, node, group);
            if pods.is_empty() {
                continue;
            }
            let period = self.settings.configuration.shutdown[group].1;
            let until = hubs.now + period;
            self.node_state(node).shutdown = Some(Shutdown { group, until });
            hubs.outbox.send(until, KubeletEvent::Shutdown { node, group: group as u8 });
            for pod in pods {
                let own = hubs.cluster.template_of(pod).spec.termination_grace_period_seconds.max(0) as u64;
                let grace = own.min(period.as_secs()).max(1);
                self.workers.row(pod).extra_mut().set_end(REASON, MESSAGE, true);
                self.end_pod(hubs, pod, u32::try_from(grace).unwrap_or(u32::MAX), Flags::empty());
            }
            return;
        }
        self.node_state(node).shutdown = None;
        hubs.machines.set_power(hubs.now, node, false);
    }

    /// Pods of a group that still have to end: those of its priority and above, up to the next group's; what lies below the
    /// first group belongs to it.
    fn pods_of_group(&self, hubs: &Hubs<'_>, node: NodeId, group: usize) -> Vec<PodId> {
        let groups = &self.settings.configuration.shutdown;
        let least = if group == 0 { i32::MIN } else { groups[group].0 };
        let next = groups.get(group + 1).map_or(i32::MAX, |(priority, _)| *priority);
        self.workers
            .on_node(node)
            .filter(|pod| {
                let priority = hubs.cluster.template_of(*pod).spec.priority;
                let ended = self
                    .workers
                    .get(*pod)
                    .is_none_or(|worker| matches!(worker.stage, Stage::Finished | Stage::Unmounting));
                !ended && priority >= least && (priority < next || group + 1 == groups.len())
            })
            .collect()
    }

    /// The time of a group is over: those that have not ended are left to the power switch.
    pub(super) fn shutdown_due(&mut self, hubs: &mut Hubs<'_>, node: NodeId, group: u8) {
        let Some(shutdown) = self.node_state(node).shutdown else { return };
        if shutdown.group == usize::from(group) && shutdown.until == hubs.now {
            self.begin_shutdown_group(hubs, node, shutdown.group + 1);
        }
    }

    /// Nothing of a pod runs any more: perhaps it was the last of its group.
    pub(super) fn shutdown_goes_on(&mut self, hubs: &mut Hubs<'_>, node: NodeId) {
        let Some(shutdown) = self.node_state(node).shutdown else { return };
        if self.pods_of_group(hubs, node, shutdown.group).is_empty() {
            self.begin_shutdown_group(hubs, node, shutdown.group + 1);
        }
    }
}
