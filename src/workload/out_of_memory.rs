//! A node that runs out of memory before its kubelet evicts anything: the kernel kills the container with the highest score.
//! A pod over the limit of the whole pod: its largest container.
//! Upstream: kubelet qos `GetContainerOOMScoreAdjust`; the kernel's `oom_badness`.

use super::Workload;
use crate::engine::SimTime;
use crate::machines::{ContainerId, ExitReason, Machines, RunState};
use crate::model::object::NodeId;
use crate::model::pod_template::QosClass;

/// What a container's score depends on beside its use.
#[derive(Clone, Copy, Debug)]
pub(super) struct OomClass {
    pub qos: QosClass,
    /// `spec.priority` is that of a node-critical pod.
    pub critical: bool,
    /// Memory request in bytes.
    pub request: u64,
}

/// Priority from which on a pod counts as node-critical. Upstream: scheduling `SystemCriticalPriority` + 1000.
pub(super) const NODE_CRITICAL: i32 = 2_000_001_000;

/// `oom_score_adj` on a machine with this much memory.
fn score_adjust(class: OomClass, capacity: u64) -> i64 {
    match class.qos {
        _ if class.critical => -997,
        QosClass::Guaranteed => -997,
        QosClass::BestEffort => 1000,
        QosClass::Burstable => {
            let adjust = 1000 - (1000 * u128::from(class.request) / u128::from(capacity.max(1))) as i64;
            // Below 3 it would rank with guaranteed ones, at 1000 with best-effort ones.
            if adjust < 3 { 3 } else { adjust.min(999) }
        }
    }
}

impl Workload {
    /// Kills containers of a pod until it is within the limit of the whole pod, the largest first. With `memory.oom.group`
    /// a container dies as one.
    pub(super) fn relieve_pod(&mut self, now: SimTime, container: ContainerId, machines: &mut Machines) {
        let run = self.runs[container.index()];
        let Some(limit) = self.programs[run.program as usize].pod_limit.filter(|limit| *limit > 0) else { return };
        let pod = machines.container(container).pod;
        loop {
            let used = |run: &ContainerId| machines.container(*run).usage.memory;
            let is_running = |run: &ContainerId| machines.container(*run).state == RunState::Running;
            let running: Vec<ContainerId> = machines.runs_of_pod(pod).filter(is_running).collect();
            if running.iter().map(used).sum::<u64>() <= limit {
                return;
            }
            let Some(victim) = running.into_iter().max_by_key(|run| (used(run), std::cmp::Reverse(*run))) else {
                return;
            };
            machines.exit(now, victim, 137, ExitReason::OomKilled);
        }
    }

    /// Kills containers until the node has memory again.
    pub(super) fn relieve_node(&mut self, now: SimTime, node: NodeId, machines: &mut Machines) {
        let capacity = machines.machine(node).capacity().memory;
        while capacity > 0 && machines.memory_used(node) > capacity {
            let badness = |container: &ContainerId| {
                let used = u128::from(machines.container(*container).usage.memory);
                let class = self.programs[self.runs[container.index()].program as usize].oom;
                (used * 1000 / u128::from(capacity)) as i64 + score_adjust(class, capacity)
            };
            let running = machines.machine(node).running().iter().copied();
            let Some(victim) = running.max_by_key(|container| (badness(container), std::cmp::Reverse(*container)))
            else {
                return;
            };
            machines.system_oom(now, victim);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_follow_class_and_request() {
        let of = |qos, request| score_adjust(OomClass { qos, critical: false, request }, 16 << 30);
        assert_eq!(of(QosClass::BestEffort, 0), 1000);
        assert_eq!(of(QosClass::Guaranteed, 1 << 30), -997);
        assert_eq!(of(QosClass::Burstable, 4 << 30), 750);
        assert_eq!(of(QosClass::Burstable, 0), 999);
        assert_eq!(of(QosClass::Burstable, 16 << 30), 3);
        assert_eq!(score_adjust(OomClass { qos: QosClass::BestEffort, critical: true, request: 0 }, 1), -997);
    }
}
