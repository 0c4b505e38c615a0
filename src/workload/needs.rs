//! Containers that need Services: while one of these has no ready endpoint they do not serve, and give up after a time.

use rustc_hash::FxHashMap;

use super::behaviour::Needs;
use super::network;
use super::{Workload, WorkloadEvent};
use crate::cluster::Cluster;
use crate::engine::{Outbox, SimDuration, SimTime};
use crate::machines::{ContainerId, ExitReason, Machines};
use crate::model::kind::Kind;
use crate::model::object::{Body, PodId};

/// A container that needs Services.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needy {
    /// When it gives up, `NEVER` while it has what it needs.
    gives_up: SimTime,
    /// Has it begun to start up?
    begun: bool,
}

/// All of them, by row.
pub(super) type AllNeedy = FxHashMap<ContainerId, Needy>;

/// Has every Service a ready endpoint? One without a selector counts: what is behind it is not the cluster's.
fn are_met(needs: &Needs, cluster: &Cluster, pod: PodId) -> bool {
    needs.services.iter().all(|service| {
        let (namespace, name) = match service.split_once('/') {
            Some((namespace, name)) => (cluster.namespace(namespace), name),
            None => (Some(cluster.pod(pod).namespace), service.as_str()),
        };
        let Some(object) = namespace.and_then(|namespace| cluster.find(Kind::SERVICE, namespace, name)) else {
            return false;
        };
        let Body::Service(columns) = cluster.body(object) else { return false };
        columns.selector.is_none() || !network::endpoints(cluster, object, columns).is_empty()
    })
}

impl Workload {
    /// A container with needs has started. Returns whether it may go on with its startup.
    pub(super) fn has_needs_met(
        &mut self,
        now: SimTime,
        container: ContainerId,
        cluster: &Cluster,
        machines: &Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) -> bool {
        if self.programs[self.runs[container.index()].program as usize].needs.is_none() {
            return true;
        }
        self.needy.insert(container, Needy { gives_up: SimTime::NEVER, begun: false });
        self.look_at_needs(now, container, cluster, machines, outbox);
        let needy = self.needy.get_mut(&container).expect("it was just inserted");
        needy.begun = needy.gives_up == SimTime::NEVER;
        needy.begun
    }

    /// Brings a container's patience up to date. Returns whether its lack began or ended.
    fn look_at_needs(
        &mut self,
        now: SimTime,
        container: ContainerId,
        cluster: &Cluster,
        machines: &Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) -> bool {
        let program = &self.programs[self.runs[container.index()].program as usize];
        let (Some(needs), Some(needy)) = (&program.needs, self.needy.get_mut(&container)) else { return false };
        let row = machines.container(container);
        let lacks = !are_met(needs, cluster, row.pod);
        if lacks == (needy.gives_up != SimTime::NEVER) {
            return false;
        }
        needy.gives_up = SimTime::NEVER;
        if lacks {
            let after = SimDuration::from_secs_f64(needs.otherwise.0.sample(&mut self.draws));
            // No process begins and ends in one instant.
            let earliest = row.started + SHORTEST_PROCESS;
            needy.gives_up = (now + after).max(earliest);
            outbox.send(needy.gives_up, WorkloadEvent::GiveUp { container, serial: row.serial });
        }
        true
    }

    /// Endpoints of some Service have changed.
    pub fn endpoints_changed(
        &mut self,
        now: SimTime,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let mut containers: Vec<ContainerId> = self.needy.keys().copied().collect();
        containers.sort_unstable();
        for container in containers {
            if !self.look_at_needs(now, container, cluster, machines, outbox) {
                continue;
            }
            let needy = self.needy.get_mut(&container).expect("it was just looked at");
            let starts = !needy.begun && needy.gives_up == SimTime::NEVER;
            needy.begun |= starts;
            if starts {
                self.start_up((now, now), container, cluster, machines, outbox);
            } else if needy.begun {
                self.look(now, container, machines, outbox);
            }
        }
    }

    /// Does any container need Services?
    pub fn has_needy(&self) -> bool {
        !self.needy.is_empty()
    }

    /// Does it lack a Service now?
    pub(super) fn is_lacking(&self, container: ContainerId) -> bool {
        self.needy.get(&container).is_some_and(|needy| needy.gives_up != SimTime::NEVER)
    }

    /// A container's patience is over.
    pub(super) fn gives_up(&mut self, now: SimTime, container: ContainerId, machines: &mut Machines) {
        if self.needy.get(&container).is_none_or(|needy| needy.gives_up != now) {
            return;
        }
        let program = &self.programs[self.runs[container.index()].program as usize];
        let code = program.needs.as_ref().map_or(1, |needs| needs.otherwise.1);
        machines.exit(now, container, code, ExitReason::of_code(code));
    }
}

/// How long the shortest process lives.
const SHORTEST_PROCESS: SimDuration = SimDuration::from_millis(5);
