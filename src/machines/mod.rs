//! What nodes physically are and hold: power, images, addresses, containers with their use of CPU and memory, logs.
//!
//! The second hub of the model, beside the API server. Kubelets start and stop containers here, the workload decides
//! what they do and when they end, faults pull plugs; they hear of one another through `MachineChange`s, which are
//! delivered at once. Decides nothing itself and never touches API objects.

mod change;
mod container;
mod cpu;
mod disk;
mod exec;
mod health;
mod host_paths;
mod log;
mod machine;
mod manifest_folder;
mod power;
mod registry;

use crate::engine::SimTime;
use crate::engine::random::Streams;
use crate::model::container_matcher::Matcher;
use crate::model::object::{NodeId, PodId, TemplateId};

pub use change::{MachineChange, MachineCursor, MachineLog, Signal};
pub use container::{ContainerId, ContainerRow, ExitReason, Measured, Placement, RunState, Serving, Usage};
pub use cpu::{CpuDemand, CpuTerms};
pub use disk::VolumeUse;
pub use exec::{ExecId, ExecOutcome, ExecPurpose, ExecRow};
pub use health::{Health, Pressure};
pub use host_paths::{HostPaths, PathKind};
pub use log::{ContainerLog, LogLine};
pub use machine::{Capacity, Machine, StoredImage, UNPACKED};
pub use manifest_folder::ManifestFolder;
pub use registry::{ImageId, Registry, RegistryImage, Trouble, repository_of};

use container::ContainerTable;
use exec::ExecTable;

/// All machines.
#[derive(Debug)]
pub struct Machines {
    /// What happened, for those who have to act on it.
    pub log: MachineLog,
    /// Where images come from.
    pub registry: Registry,
    /// Containers whose life a scenario tells, so that their image's programs count for nothing.
    pub described: Vec<Matcher>,
    by_node: Vec<Machine>,
    /// The API server answers nobody.
    server_down: bool,
    containers: ContainerTable,
    execs: ExecTable,
    streams: Streams,
    volumes: disk::Volumes,
    env_files: disk::EnvFiles,
    /// Containers that ran on behaviour nobody stated or knew.
    assumed: u64,
}

impl Machines {
    /// No machines yet.
    pub fn new(registry: Registry, streams: Streams) -> Self {
        Self {
            log: MachineLog::default(),
            registry,
            described: Vec::new(),
            by_node: Vec::new(),
            server_down: false,
            containers: ContainerTable::default(),
            execs: ExecTable::default(),
            streams,
            volumes: disk::Volumes::default(),
            env_files: disk::EnvFiles::default(),
            assumed: 0,
        }
    }

    /// Plugs in the machine of a Node object; `internal_ip` 0 lets it take the next address of 10.0.0.0/16.
    pub fn add_machine(&mut self, now: SimTime, node: NodeId, internal_ip: u32) {
        self.make_room(node);
        self.by_node[node.index()].plug_in(now, internal_ip, &self.registry);
        self.by_node[node.index()].set_server(now, !self.server_down);
        self.log.append(MachineChange::MachineChanged { node });
    }

    /// Rows up to this node's, of machines that are not there yet.
    fn make_room(&mut self, node: NodeId) {
        while self.by_node.len() <= node.index() {
            let next = NodeId::from_index(self.by_node.len());
            self.by_node.push(Machine::absent(next, self.streams));
        }
    }

    /// Is there a machine for this node?
    pub fn has_machine(&self, node: NodeId) -> bool {
        self.by_node.get(node.index()).is_some_and(Machine::is_present)
    }

    /// A node's machine.
    ///
    /// # Panics
    /// There is none.
    pub fn machine(&self, node: NodeId) -> &Machine {
        &self.by_node[node.index()]
    }

    /// A node's machine for a write of something that nobody waits for.
    pub fn machine_mut(&mut self, node: NodeId) -> &mut Machine {
        &mut self.by_node[node.index()]
    }

    /// Millicores used by the containers of a node.
    pub fn cpu_used(&self, node: NodeId) -> u64 {
        self.by_node.get(node.index()).map_or(0, |machine| machine.used.cpu_milli)
    }

    /// Bytes used by the containers of a node.
    pub fn memory_used(&self, node: NodeId) -> u64 {
        self.by_node.get(node.index()).map_or(0, |machine| machine.used.memory)
    }

    /// A container run.
    ///
    /// # Panics
    /// It was removed.
    pub fn container(&self, container: ContainerId) -> &ContainerRow {
        self.containers.row(container)
    }

    /// A container run, unless it was removed (and its row perhaps given to another one).
    pub fn container_of_serial(&self, container: ContainerId, serial: u32) -> Option<&ContainerRow> {
        self.containers.get(container).filter(|row| row.serial == serial)
    }

    /// Runs of a pod's container that are still on the node, the newest first.
    pub fn runs(&self, pod: PodId, index: u8) -> impl Iterator<Item = ContainerId> + '_ {
        self.containers.runs(pod, index)
    }

    /// All runs of a pod that are still on its node, the newest first.
    pub fn runs_of_pod(&self, pod: PodId) -> impl Iterator<Item = ContainerId> + '_ {
        self.containers.runs_of_pod(pod)
    }

    /// Gives a node the network of its pods: the first address of a /24.
    pub fn set_pod_network(&mut self, node: NodeId, network: u32) {
        self.by_node[node.index()].set_pod_network(network);
    }

    /// Number of containers that run.
    pub fn running_count(&self) -> usize {
        self.containers.running_count()
    }

    /// Creates a container on a node; it does not run yet.
    pub fn create_container(&mut self, now: SimTime, place: Placement, index: u8, attempt: u32) -> ContainerId {
        self.containers.create(now, place, index, attempt)
    }

    /// Starts a created container.
    pub fn start_container(&mut self, now: SimTime, container: ContainerId) {
        self.containers.start(now, container);
        self.joins(container);
    }

    /// A container runs.
    fn joins(&mut self, container: ContainerId) {
        self.cpu_joins(container);
        let row = self.containers.row_mut(container);
        row.processes = 1;
        self.by_node[row.node.index()].processes += 1;
        self.log.append(MachineChange::ContainerStarted { container });
    }

    /// Takes over a run that began before anybody watched: it still goes on, or ended in this way.
    pub fn adopt_container(
        &mut self,
        place: Placement,
        (index, attempt): (u8, u32),
        started: SimTime,
        end: Option<(SimTime, i32, ExitReason)>,
    ) -> ContainerId {
        let container = self.containers.create(started, place, index, attempt);
        if let Some((finished, code, reason)) = end {
            self.containers.found_ended(container, (started, finished), RunState::Exited { code, reason });
        } else {
            self.containers.start(started, container);
            self.joins(container);
        }
        container
    }

    /// The process of a created container cannot be started: it ends as 128 `StartError`, with this message.
    pub fn fail_start(&mut self, now: SimTime, container: ContainerId, message: &str) {
        self.containers.fail_start(now, container);
        self.set_termination_message(container, message);
        self.log.append(MachineChange::ContainerExited { container });
    }

    /// Sends a signal to a container's first process. KILL ends it at once; what TERM does is the workload's business.
    pub fn signal(&mut self, now: SimTime, container: ContainerId, signal: Signal) {
        if self.container(container).state != RunState::Running {
            return;
        }
        match signal {
            Signal::Kill => self.exit(now, container, 137, ExitReason::Error),
            Signal::Term => self.log.append(MachineChange::SignalSent { container, signal }),
        }
    }

    /// Ends a running container.
    pub fn exit(&mut self, now: SimTime, container: ContainerId, code: i32, reason: ExitReason) {
        let row = self.containers.row(container);
        if row.state != RunState::Running {
            return;
        }
        let node = row.node;
        let (freed, asked, processes) = (row.usage, row.cpu_asked(), u64::from(row.processes));
        self.containers.exit(now, container, code, reason);
        let machine = &mut self.by_node[node.index()];
        machine.used.release(freed);
        machine.processes = machine.processes.saturating_sub(processes);
        self.cpu_leaves(node, container, asked);
        self.log.append(MachineChange::ContainerExited { container });
        self.execs.cut(container, &mut self.log);
    }

    /// Takes an ended or never started container from its node.
    pub fn remove_container(&mut self, container: ContainerId) {
        self.set_disk(container, 0, 0);
        self.containers.remove(container);
    }

    /// Which parts of a container's use are known.
    pub fn set_measured(&mut self, container: ContainerId, measured: Measured) {
        self.containers.row_mut(container).measured = measured;
    }

    /// What a running container uses of memory from now on, and what it wants of CPU (of which it may get less).
    pub fn set_usage(&mut self, container: ContainerId, wanted: Usage) {
        let row = self.containers.row(container);
        if row.state != RunState::Running {
            return;
        }
        self.use_resources(container, Usage { cpu_milli: row.usage.cpu_milli, memory: wanted.memory });
        self.set_cpu_base(container, u32::try_from(wanted.cpu_milli).unwrap_or(u32::MAX));
    }

    /// Gives a running container other limits and shares: those of its place in a template.
    pub fn resize_container(&mut self, container: ContainerId, resources: TemplateId) {
        self.log.append(MachineChange::ContainerResized { container, resources });
    }

    /// The kernel kills a container because its node is out of memory.
    pub fn system_oom(&mut self, now: SimTime, container: ContainerId) {
        self.log.append(MachineChange::SystemOom { container });
        self.exit(now, container, 137, ExitReason::OomKilled);
    }

    /// What a running container's ports answer from now on. `ports` are those that accept connections.
    pub fn set_serving(&mut self, container: ContainerId, serving: Serving) {
        let row = self.containers.row_mut(container);
        if row.state != RunState::Running || row.serving == serving {
            return;
        }
        row.serving = serving;
        self.log.append(MachineChange::ServingChanged { container });
    }

    /// Files in a container have changed: commands in it may answer otherwise than before.
    pub fn note_files_changed(&mut self, container: ContainerId) {
        self.log.append(MachineChange::FilesChanged { container });
    }

    /// A pod's volumes are to show their sources anew (its kubelet has synced it).
    pub fn refresh_volumes(&mut self, pod: PodId) {
        self.log.append(MachineChange::VolumesRefreshed { pod });
    }

    /// Nothing of a pod is left on its node but dead containers: its volumes are gone.
    pub fn unmount(&mut self, pod: PodId) {
        self.forget_volumes_disk(pod);
        self.env_files.remove(&pod);
        self.log.append(MachineChange::Unmounted { pod });
    }

    /// The text a container leaves as its termination message.
    pub fn set_termination_message(&mut self, container: ContainerId, message: &str) {
        self.containers.row_mut(container).extra_mut().termination_message = message.into();
    }

    /// Adds output to a container's log.
    pub fn write_log(&mut self, now: SimTime, container: ContainerId, text: &str) {
        self.containers.row_mut(container).extra_mut().log.write(now, text);
    }

    /// Asks for a command to be run in a container.
    pub fn request_exec(&mut self, now: SimTime, container: ContainerId, purpose: ExecPurpose) -> ExecId {
        let exec = self.execs.request(now, container, purpose);
        self.log.append(MachineChange::ExecRequested { exec });
        exec
    }

    /// A command that was asked for.
    pub fn exec(&self, exec: ExecId) -> Option<&ExecRow> {
        self.execs.get(exec)
    }

    /// A command has ended.
    pub fn finish_exec(&mut self, exec: ExecId, outcome: ExecOutcome) {
        if self.execs.finish(exec, outcome) {
            self.log.append(MachineChange::ExecDone { exec });
        }
    }

    /// Forgets a command whose outcome has been read, or that nobody waits for any more.
    pub fn forget_exec(&mut self, exec: ExecId) {
        self.execs.forget(exec);
    }

    /// Counts a container that runs on assumed behaviour.
    pub fn count_assumed(&mut self) {
        self.assumed += 1;
    }

    /// Containers that ran on assumed behaviour, and all containers ever started.
    pub fn coverage(&self) -> (u64, u64) {
        (self.assumed, self.containers.started_count())
    }
}

#[cfg(test)]
mod tests;
