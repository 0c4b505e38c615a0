//! Requests at containers: what traffic costs becomes demand for CPU, and memory.

use super::traffic::TrafficEvent;
use super::{Workload, WorkloadEvent, runs_still};
use crate::cluster::Cluster;
use crate::engine::{Outbox, SimTime};
use crate::machines::{Machines, Measured};

impl Workload {
    /// An event of the traffic is due.
    pub(super) fn traffic_due(
        &mut self,
        now: SimTime,
        event: TrafficEvent,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let demands = self.traffic.handle(now, event, cluster, machines, outbox);
        for demand in demands {
            let container = demand.container;
            if !runs_still(machines, container, demand.serial) {
                continue;
            }
            let Some(run) = self.runs.get_mut(container.index()) else { continue };
            let held = demand.memory.round() as u64;
            // The scenario says what requests cost: that is what it uses, where nobody says more.
            let known = self.programs[run.program as usize].measured;
            machines.set_measured(container, Measured { cpu: true, ..known });
            machines.set_cpu_load(container, (demand.wanted * 1000.0).round().min(f64::from(u32::MAX)) as u32);
            if run.requests.replace(held) != Some(held) {
                self.update_usage(now, container, machines);
            }
        }
    }
}
