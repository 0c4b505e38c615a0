//! A behaviour that changes during a run: containers that run take over what they use and how they answer and end from
//! now on; how they start and how long they run holds from their next start.

use super::behaviour::{ContainerBehaviour, Since, UsageSource};
use super::{Workload, WorkloadEvent};
use crate::cluster::Cluster;
use crate::engine::{Outbox, SimTime};
use crate::machines::{ContainerId, Machines, RunState};
use crate::model::container_matcher::Matcher;
use crate::model::kind::Kind;

impl Workload {
    /// Patterns of the containers whose life the scenario tells.
    pub fn described(&self) -> Vec<Matcher> {
        self.settings.behaviours.described()
    }

    /// Entry `index` of the behaviours says something else from now on.
    pub fn change_behaviour(
        &mut self,
        now: SimTime,
        index: usize,
        behaviour: ContainerBehaviour,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        self.settings.behaviours.entries[index].1 = behaviour;
        self.by_template.clear();
        let used = self.settings.behaviours.used.clone();
        for container in running(cluster, machines) {
            let row = machines.container(container);
            let id = self.program_of(cluster, row.pod, row.index, cluster.pod(row.pod).allocated());
            self.adopt(container, id);
            if self.runs[container.index()].serving {
                self.look(now, container, machines, outbox);
            } else {
                self.update_usage(now, container, machines);
            }
        }
        // Containers are counted when they start.
        self.settings.behaviours.used = used;
    }

    /// t=0 is at `origin`: traffic begins, and so do curves that count from there.
    pub fn begin(
        &mut self,
        now: SimTime,
        origin: SimTime,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let was_unknown = std::mem::replace(&mut self.settings.origin, origin) != origin;
        self.traffic.begin(origin, outbox);
        let from_start = |source: &UsageSource| matches!(source, UsageSource::Curve { since: Since::Start, .. });
        let any = self.programs.iter().any(|program| from_start(&program.cpu) || from_start(&program.memory));
        if was_unknown && any {
            for container in running(cluster, machines) {
                if self.runs[container.index()].serving {
                    self.look(now, container, machines, outbox);
                }
            }
        }
    }

    /// A running container goes on with what program `id` says of use, answers and end.
    fn adopt(&mut self, container: ContainerId, id: u32) {
        let run = self.runs[container.index()];
        let mut program = self.programs[run.program as usize].clone();
        let new = &self.programs[id as usize];
        let (cpu, memory) = (program.cpu != new.cpu, program.memory != new.memory);
        (program.cpu, program.memory) = (new.cpu.clone(), new.memory.clone());
        (program.unready, program.dead) = (new.unready.clone(), new.dead.clone());
        program.on_term = new.on_term.clone();
        if let (true, UsageSource::Drawn(source)) = (cpu, &program.cpu) {
            self.runs[container.index()].cpu = source.sample(&mut self.draws) as f32;
        }
        if let (true, UsageSource::Drawn(source)) = (memory, &program.memory) {
            self.runs[container.index()].memory = source.sample(&mut self.draws) as f32;
        }
        self.runs[container.index()].program = self.programs.len() as u32;
        self.programs.push(program);
    }
}

/// All containers that run.
fn running(cluster: &Cluster, machines: &Machines) -> Vec<ContainerId> {
    let pods = cluster.list(Kind::POD).filter_map(crate::model::object::ObjectRef::as_pod);
    pods.flat_map(|pod| machines.runs_of_pod(pod))
        .filter(|container| machines.container(*container).state == RunState::Running)
        .collect()
}
