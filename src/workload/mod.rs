//! What containers do once they run: when they serve, what they use, when and how they end, what they print.
//!
//! For each container the first of these decides: the scenario's behaviours, the built-in shell if it understands the
//! command, the catalogue of well-known images, or the assumption that it runs until it is stopped (`program`). Acts on
//! machines only; knows no kubelet and writes nothing to the API.

mod assumptions;
pub mod behaviour;
pub mod catalogue;
mod change;
mod container_world;
mod environment;
mod exec_program;
mod files;
mod needs;
mod network;
mod network_files;
mod object_volume;
mod out_of_memory;
mod process;
mod program;
mod run;
mod served;
mod shared_volume;
pub mod shell;
pub mod terminal;
pub mod traffic;
mod volume_files;
mod work;

use rustc_hash::FxHashMap;

use crate::cluster::Cluster;
use crate::engine::random::{Stream, Streams};
use crate::engine::rows::Rows;
use crate::engine::{Outbox, Significance, SimTime};
use crate::machines::{ContainerId, ExecId, ExitReason, MachineChange, Machines, Signal};
use crate::model::latency::Latencies;
use crate::model::object::TemplateId;
use behaviour::BehaviourTable;
use program::Program;
use run::Run;
use traffic::settings::TrafficSettings;
use traffic::{Traffic, TrafficEvent};

/// What the workload is started with.
#[derive(Clone, Debug)]
pub struct WorkloadSettings {
    /// The delays of the model.
    pub latencies: Latencies,
    /// The run's random streams.
    pub streams: Streams,
    /// What the scenario says of containers.
    pub behaviours: BehaviourTable,
    /// The scenario's t=0, from which curves count.
    pub origin: SimTime,
    /// Requests from outside, and what they cause.
    pub traffic: TrafficSettings,
}

/// What a container does later. `serial` tells runs in one row apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadEvent {
    /// It begins to serve.
    Serve {
        /// Which.
        container: ContainerId,
        /// Of the run.
        serial: u32,
    },
    /// It ends by itself.
    End {
        /// Which.
        container: ContainerId,
        /// Of the run.
        serial: u32,
    },
    /// It ends because it was told to.
    Stop {
        /// Which.
        container: ContainerId,
        /// Of the run.
        serial: u32,
    },
    /// A piece of CPU work is done.
    Work {
        /// Which.
        container: ContainerId,
        /// Of the run.
        serial: u32,
    },
    /// It has waited for Services for as long as it does.
    GiveUp {
        /// Which.
        container: ContainerId,
        /// Of the run.
        serial: u32,
    },
    /// It has filled more memory than it may.
    OutOfMemory {
        /// Which.
        container: ContainerId,
        /// Of the run.
        serial: u32,
    },
    /// Its process goes on.
    Resume {
        /// Which.
        container: ContainerId,
        /// Of the run.
        serial: u32,
    },
    /// A command that runs beside it goes on.
    Session {
        /// Which.
        exec: ExecId,
    },
    /// What it uses, or how it answers probes, may change.
    Look {
        /// Which.
        container: ContainerId,
        /// Of the run.
        serial: u32,
    },
    /// Requests come otherwise than before.
    Traffic(TrafficEvent),
}

/// What all containers do.
#[derive(Debug)]
pub struct Workload {
    settings: WorkloadSettings,
    programs: Vec<Program>,
    /// Programs of containers of a template, by template and container.
    by_template: FxHashMap<(TemplateId, TemplateId, u8), u32>,
    /// By container row.
    runs: Rows<Run>,
    /// How long processes live that do nothing which takes time.
    lives: Stream,
    /// How long runs last, and what they use.
    draws: Stream,
    /// `$RANDOM` and the like.
    shell_draws: Stream,
    processes: process::Processes,
    /// Pieces of CPU work under way.
    works: FxHashMap<ContainerId, work::Work>,
    /// Containers that need Services.
    needy: needs::AllNeedy,
    traffic: Traffic,
}

impl Workload {
    /// No containers yet.
    pub fn new(mut settings: WorkloadSettings) -> Self {
        let traffic = Traffic::new(std::mem::take(&mut settings.traffic));
        let stream = |name| settings.streams.stream(name, 0);
        Self {
            draws: stream("workload/behaviour"),
            shell_draws: stream("workload/shell"),
            lives: stream("workload/process-life"),
            settings,
            programs: Vec::new(),
            by_template: FxHashMap::default(),
            runs: Rows::default(),
            processes: process::Processes::default(),
            works: FxHashMap::default(),
            needy: needs::AllNeedy::default(),
            traffic,
        }
    }

    /// Requests, and what became of them.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The same, for those who change it or take its rows.
    pub fn traffic_mut(&mut self) -> &mut Traffic {
        &mut self.traffic
    }

    /// How often each entry of the behaviours has matched a container.
    pub fn behaviours_used(&self) -> &[u64] {
        &self.settings.behaviours.used
    }

    /// Something happened on a machine.
    pub fn observe_machine(
        &mut self,
        now: SimTime,
        change: MachineChange,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        match change {
            MachineChange::ContainerStarted { container } => self.started(now, container, cluster, machines, outbox),
            MachineChange::SignalSent { container, signal: Signal::Term } => {
                if self.has_process(container) {
                    self.signal_process(now, container, shell::Signal::Term, cluster, machines, outbox);
                } else {
                    self.told_to_stop(now, container, machines, outbox);
                }
            }
            MachineChange::ExecRequested { exec } => self.exec_requested(now, exec, cluster, machines, outbox),
            MachineChange::ContainerExited { container } => {
                self.forget_process(container);
                self.works.remove(&container);
                self.needy.remove(&container);
            }
            MachineChange::ContainerResized { container, resources } => {
                self.resized(now, (container, resources), cluster, machines);
            }
            MachineChange::UsageChanged { container } => self.usage_changed(now, container, machines, outbox),
            MachineChange::PodRenamed { from, to } => self.rename_volumes(from, to),
            MachineChange::VolumesRefreshed { pod } => self.refresh_volumes(now, pod, cluster, machines, outbox),
            MachineChange::Unmounted { pod } => self.forget_volumes(pod),
            _ => {}
        }
        if !self.traffic.is_empty() {
            self.traffic.observe_machine(now, change, cluster, machines, outbox);
        }
    }

    /// One of its own events is due.
    pub fn handle(
        &mut self,
        now: SimTime,
        event: WorkloadEvent,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        match event {
            WorkloadEvent::Serve { container, serial } if runs_still(machines, container, serial) => {
                self.serve(now, container, machines, outbox);
            }
            WorkloadEvent::End { container, serial } if runs_still(machines, container, serial) => {
                self.end(now, container, machines);
            }
            WorkloadEvent::Stop { container, serial } if runs_still(machines, container, serial) => {
                self.stop(now, container, machines);
            }
            WorkloadEvent::Resume { container, serial } if runs_still(machines, container, serial) => {
                self.process_due(now, container, cluster, machines, outbox);
            }
            WorkloadEvent::Work { container, serial } if runs_still(machines, container, serial) => {
                self.work_due(now, container, machines, outbox);
            }
            WorkloadEvent::GiveUp { container, serial } if runs_still(machines, container, serial) => {
                self.gives_up(now, container, machines);
            }
            WorkloadEvent::OutOfMemory { container, serial } if runs_still(machines, container, serial) => {
                machines.exit(now, container, 137, ExitReason::OomKilled);
            }
            WorkloadEvent::Session { exec } => self.session_due(now, exec, cluster, machines, outbox),
            WorkloadEvent::Traffic(event) => self.traffic_due(now, event, cluster, machines, outbox),
            WorkloadEvent::Look { container, serial } if runs_still(machines, container, serial) => {
                self.look(now, container, machines, outbox);
            }
            _ => {}
        }
    }

    /// What a pending event would still do.
    pub fn significance(&self, event: WorkloadEvent, machines: &Machines) -> Significance {
        let (container, serial) = match event {
            WorkloadEvent::Session { exec } if self.session_is_live(exec) => return Significance::Live,
            WorkloadEvent::Session { .. } => return Significance::Stale,
            WorkloadEvent::Traffic(event) => return self.traffic.significance(event),
            WorkloadEvent::Serve { container, serial }
            | WorkloadEvent::End { container, serial }
            | WorkloadEvent::Stop { container, serial }
            | WorkloadEvent::Work { container, serial }
            | WorkloadEvent::GiveUp { container, serial }
            | WorkloadEvent::OutOfMemory { container, serial }
            | WorkloadEvent::Resume { container, serial }
            | WorkloadEvent::Look { container, serial } => (container, serial),
        };
        if !runs_still(machines, container, serial) {
            Significance::Stale
        } else if matches!(event, WorkloadEvent::Look { .. }) {
            self.look_significance(container)
        } else if matches!(event, WorkloadEvent::Work { .. }) && !self.is_work_pending(container)
            || matches!(event, WorkloadEvent::GiveUp { .. }) && !self.is_lacking(container)
        {
            Significance::Stale
        } else {
            Significance::Live
        }
    }
}

/// Does this very run still go on?
fn runs_still(machines: &Machines, container: ContainerId, serial: u32) -> bool {
    machines.container_of_serial(container, serial).is_some_and(|row| row.state == crate::machines::RunState::Running)
}
