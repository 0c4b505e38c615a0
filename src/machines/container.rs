//! Container runs: one row for each, reused after its removal.

use std::sync::Arc;

use super::cpu::{CpuDemand, CpuTerms};
use super::log::ContainerLog;
use crate::engine::rows::Rows;
use crate::engine::{SimDuration, SimTime, typed_id};
use crate::model::object::{NodeId, PodId};

typed_id!(
    /// A container run's row. Rows are reused after removal; `ContainerRow::serial` tells runs apart for ever.
    ContainerId
);

/// What a container run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Created, not started.
    Created,
    /// Running.
    Running,
    /// Ended.
    Exited {
        /// Exit code.
        code: i32,
        /// What the container runtime calls it.
        reason: ExitReason,
    },
}

/// The container runtime's word for the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// Exit code 0.
    Completed,
    /// Any other exit code, or a signal.
    Error,
    /// Killed for using more memory than its limit.
    OomKilled,
    /// Its command could not be started.
    StartError,
    /// The machine lost it.
    Unknown,
}

impl ExitReason {
    /// `Completed`, `Error`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "Completed",
            Self::Error => "Error",
            Self::OomKilled => "OOMKilled",
            Self::StartError => "StartError",
            Self::Unknown => "Unknown",
        }
    }

    /// The reason of this name, or the one that goes with the exit code.
    pub fn from_name(name: &str, code: i32) -> Self {
        let all = [Self::Completed, Self::Error, Self::OomKilled, Self::StartError, Self::Unknown];
        all.into_iter().find(|reason| reason.name() == name).unwrap_or_else(|| Self::of_code(code))
    }

    /// The reason that goes with an exit code.
    pub fn of_code(code: i32) -> Self {
        if code == 0 { Self::Completed } else { Self::Error }
    }
}

/// CPU and memory in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// Bytes.
    pub memory: u64,
}

impl Usage {
    pub(super) fn take(&mut self, other: Self) {
        self.cpu_milli += other.cpu_milli;
        self.memory += other.memory;
    }

    pub(super) fn release(&mut self, other: Self) {
        self.cpu_milli = self.cpu_milli.saturating_sub(other.cpu_milli);
        self.memory = self.memory.saturating_sub(other.memory);
    }
}

/// Which parts of a container's use are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Stated, or known from its image.
    pub cpu: bool,
    /// Stated, or known from its image.
    pub memory: bool,
}

/// What a container's ports answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serving {
    /// Ports that accept connections.
    pub ports: Option<Arc<[u16]>>,
    /// Answers readiness and startup probes well.
    pub ready: bool,
    /// Answers liveness probes well.
    pub alive: bool,
    /// How long an answer takes.
    pub answer: SimDuration,
}

impl Serving {
    /// Does this port accept connections?
    pub fn is_open(&self, port: u16) -> bool {
        self.ports.as_ref().is_some_and(|ports| ports.contains(&port))
    }
}

/// What only some runs have.
#[derive(Debug, Default)]
pub struct RunExtra {
    /// Output.
    pub log: ContainerLog,
    /// What it left in its termination message file.
    pub termination_message: Box<str>,
}

/// Where a container is created.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// Its node.
    pub node: NodeId,
    /// Its pod.
    pub pod: PodId,
    /// The pod's address as an IPv4 number, 0 for none.
    pub address: u32,
}

/// A container run.
#[derive(Debug)]
pub struct ContainerRow {
    /// Its pod.
    pub pod: PodId,
    /// Its node.
    pub node: NodeId,
    /// The pod's address as an IPv4 number, 0 for none.
    pub address: u32,
    /// The run, counted over all machines from 1.
    pub serial: u32,
    /// How many runs of the container came before.
    pub attempt: u32,
    /// What it does.
    pub state: RunState,
    /// Creation.
    pub created: SimTime,
    /// Start, `NEVER` before it.
    pub started: SimTime,
    /// End, `NEVER` before it.
    pub finished: SimTime,
    /// What it uses while it runs.
    pub usage: Usage,
    /// Which parts of that somebody knows; the rest is an assumption, of which metrics tell nothing.
    pub measured: Measured,
    /// Bytes of its writable layer and logs.
    pub disk: u64,
    /// Files and directories of its writable layer.
    pub files: u32,
    /// Processes (and threads) while it runs.
    pub processes: u32,
    /// What it wants of CPU, of which `usage` is what it gets.
    pub cpu_demand: CpuDemand,
    /// Weight and limit of its cgroup.
    pub cpu_terms: CpuTerms,
    /// What its ports answer.
    pub serving: Serving,
    /// Index into the template's containers.
    pub index: u8,
    live: bool,
    /// Lost with its machine's power, and found by the container runtime since.
    found: bool,
    /// The pod's run before this one (of any container), as a chain.
    older: ContainerId,
    extra: Option<Box<RunExtra>>,
}

impl ContainerRow {
    /// Its output so far.
    pub fn log(&self) -> Option<&ContainerLog> {
        self.extra.as_ref().map(|extra| &extra.log)
    }

    /// What it left in its termination message file; empty for nothing.
    pub fn termination_message(&self) -> &str {
        self.extra.as_ref().map_or("", |extra| &extra.termination_message)
    }

    /// Thousandths of a CPU that it asks its node for: what it wants, up to its limit.
    pub fn cpu_asked(&self) -> u64 {
        self.cpu_demand.wanted().min(u64::from(self.cpu_terms.limit_milli))
    }

    /// Thousandths of a CPU that its limit keeps from it.
    pub fn cpu_throttled(&self) -> u64 {
        self.cpu_demand.wanted().saturating_sub(u64::from(self.cpu_terms.limit_milli))
    }

    /// Thousandths of a CPU that its piece of work gets: its part of what the container is granted.
    pub fn cpu_for_work(&self) -> u64 {
        match self.cpu_demand.wanted() {
            0 => 0,
            wanted => self.usage.cpu_milli * u64::from(self.cpu_demand.work) / wanted,
        }
    }

    /// How much longer something takes in it than with all the CPU it wants: 1 or more.
    pub fn cpu_stretch(&self) -> f64 {
        let (wanted, granted) = (self.cpu_demand.wanted(), self.usage.cpu_milli);
        if wanted <= granted { 1.0 } else { wanted as f64 / granted.max(1) as f64 }
    }

    pub(super) fn extra_mut(&mut self) -> &mut RunExtra {
        self.extra.get_or_insert_default()
    }
}

/// All container runs that are on some node.
#[derive(Debug, Default)]
pub(super) struct ContainerTable {
    rows: Rows<ContainerRow>,
    free: Vec<ContainerId>,
    /// Newest run of each pod, by pod id.
    newest: Rows<ContainerId>,
    serials: u32,
    running: usize,
    started: u64,
}

impl ContainerTable {
    pub(super) fn row(&self, container: ContainerId) -> &ContainerRow {
        &self.rows[container.index()]
    }

    pub(super) fn get(&self, container: ContainerId) -> Option<&ContainerRow> {
        self.rows.get(container.index()).filter(|row| row.live)
    }

    pub(super) fn row_mut(&mut self, container: ContainerId) -> &mut ContainerRow {
        &mut self.rows[container.index()]
    }

    pub(super) fn running_count(&self) -> usize {
        self.running
    }

    pub(super) fn started_count(&self) -> u64 {
        self.started
    }

    pub(super) fn create(&mut self, now: SimTime, place: Placement, index: u8, attempt: u32) -> ContainerId {
        let Placement { node, pod, address } = place;
        self.newest.fill_up(pod.index() + 1, ContainerId::NONE);
        self.serials += 1;
        let row = ContainerRow {
            pod,
            node,
            address,
            serial: self.serials,
            attempt,
            state: RunState::Created,
            created: now,
            started: SimTime::NEVER,
            finished: SimTime::NEVER,
            usage: Usage::default(),
            measured: Measured::default(),
            disk: 0,
            files: 0,
            processes: 0,
            cpu_demand: CpuDemand::default(),
            cpu_terms: CpuTerms::default(),
            serving: Serving::default(),
            index,
            live: true,
            found: false,
            older: self.newest[pod.index()],
            extra: None,
        };
        let id = if let Some(id) = self.free.pop() {
            self.rows[id.index()] = row;
            id
        } else {
            self.rows.push(row);
            ContainerId::from_index(self.rows.len() - 1)
        };
        self.newest[pod.index()] = id;
        id
    }

    pub(super) fn start(&mut self, now: SimTime, container: ContainerId) {
        let row = self.row_mut(container);
        row.state = RunState::Running;
        row.started = now;
        self.running += 1;
        self.started += 1;
    }

    /// A created container whose process could not be started.
    pub(super) fn fail_start(&mut self, now: SimTime, container: ContainerId) {
        let row = self.row_mut(container);
        row.state = RunState::Exited { code: 128, reason: ExitReason::StartError };
        (row.started, row.finished) = (now, now);
    }

    /// A run of which only the end is known.
    pub(super) fn found_ended(&mut self, container: ContainerId, times: (SimTime, SimTime), state: RunState) {
        let row = self.row_mut(container);
        row.state = state;
        (row.started, row.finished) = times;
    }

    pub(super) fn exit(&mut self, now: SimTime, container: ContainerId, code: i32, reason: ExitReason) {
        let row = self.row_mut(container);
        row.state = RunState::Exited { code, reason };
        row.finished = now;
        row.usage = Usage::default();
        row.processes = 0;
        row.cpu_demand = CpuDemand::default();
        row.serving = Serving::default();
        self.running -= 1;
    }

    pub(super) fn remove(&mut self, container: ContainerId) {
        let (pod, older) = {
            let row = self.row_mut(container);
            debug_assert!(row.state != RunState::Running, "a running container is removed");
            if !row.live {
                return;
            }
            row.live = false;
            row.extra = None;
            (row.pod, row.older)
        };
        let newest = self.newest[pod.index()];
        if newest == container {
            self.newest[pod.index()] = older;
        } else {
            let mut younger = newest;
            while self.row(younger).older != container {
                younger = self.row(younger).older;
            }
            self.row_mut(younger).older = older;
        }
        self.free.push(container);
    }

    pub(super) fn runs_of_pod(&self, pod: PodId) -> impl Iterator<Item = ContainerId> + '_ {
        let first = self.newest.get(pod.index()).copied().unwrap_or(ContainerId::NONE);
        std::iter::successors(Some(first).filter(|id| id.is_some()), |id| {
            Some(self.row(*id).older).filter(|older| older.is_some())
        })
    }

    pub(super) fn runs(&self, pod: PodId, index: u8) -> impl Iterator<Item = ContainerId> + '_ {
        self.runs_of_pod(pod).filter(move |id| self.row(*id).index == index)
    }

    /// Runs that a machine lost with its power ended, for all that its container runtime can tell, when it was back.
    pub(super) fn found_after_boot(&mut self, now: SimTime, node: NodeId) {
        for row in self.rows.iter_mut().filter(|row| row.live && row.node == node) {
            if matches!(row.state, RunState::Exited { reason: ExitReason::Unknown, .. }) && !row.found {
                row.finished = now;
                row.found = true;
            }
        }
    }

    pub(super) fn rename_pod(&mut self, from: PodId, to: PodId) {
        let runs: Vec<ContainerId> = self.runs_of_pod(from).collect();
        self.newest.fill_up(to.index() + 1, ContainerId::NONE);
        for run in &runs {
            self.row_mut(*run).pod = to;
        }
        if let Some(newest) = runs.first() {
            self.newest[from.index()] = ContainerId::NONE;
            self.newest[to.index()] = *newest;
        }
    }

    /// In order of their rows: only for a machine that loses its power.
    pub(super) fn running_on(&self, node: NodeId) -> Vec<ContainerId> {
        (0..self.rows.len())
            .filter(|&at| {
                let row = &self.rows[at];
                row.live && row.node == node && row.state == RunState::Running
            })
            .map(ContainerId::from_index)
            .collect()
    }
}
