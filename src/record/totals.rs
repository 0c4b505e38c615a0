//! Counts and gauges over the whole cluster, kept up on every change so that reading them costs nothing.

use serde::{Deserialize, Serialize};

use super::{Gauge, Moment};

/// Counts since t=0 and gauges.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Pods created.
    pub pods_created: u64,
    /// Pods evicted.
    pub pods_evicted: u64,
    /// Pods preempted.
    pub pods_preempted: u64,
    /// Containers killed for their memory.
    pub oom_killed: u64,
    /// Restarts of containers.
    pub restarts: u64,
    /// Pods in phase Pending.
    pub pending: Gauge,
    /// Pods that wait for the scheduler, those that fit nowhere included.
    pub unscheduled: Gauge,
    /// Pods that the scheduler found no place for.
    pub unschedulable: Gauge,
    /// Millicores requested by pods that are bound and have not ended.
    pub cpu_requested: Gauge,
    /// Bytes requested by them.
    pub memory_requested: Gauge,
    /// Millicores that containers use.
    pub cpu_used: Gauge,
    /// Bytes that containers use.
    pub memory_used: Gauge,
    /// Allocatable millicores of all nodes.
    pub cpu_allocatable: Gauge,
    /// Allocatable bytes of all nodes.
    pub memory_allocatable: Gauge,
    /// Nodes.
    pub nodes: Gauge,
    /// Nodes that are ready.
    pub nodes_ready: Gauge,
}

impl Totals {
    /// Moves the origin later: everything up to here was warm-up.
    pub fn shift(&mut self, nanos: i64) {
        (self.pods_created, self.pods_evicted, self.pods_preempted, self.oom_killed, self.restarts) = (0, 0, 0, 0, 0);
        for gauge in self.gauges() {
            gauge.shift(nanos);
        }
    }

    fn gauges(&mut self) -> [&mut Gauge; 11] {
        [
            &mut self.pending,
            &mut self.unscheduled,
            &mut self.unschedulable,
            &mut self.cpu_requested,
            &mut self.memory_requested,
            &mut self.cpu_used,
            &mut self.memory_used,
            &mut self.cpu_allocatable,
            &mut self.memory_allocatable,
            &mut self.nodes,
            &mut self.nodes_ready,
        ]
    }

    /// Adds `count` to a counter unless `now` lies in the warm-up.
    pub(super) fn count(counter: &mut u64, now: Moment, count: u64) {
        if now >= Moment::ZERO {
            *counter += count;
        }
    }
}
