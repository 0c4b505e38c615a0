//! Containers whose command the built-in shell runs, and commands that run beside them (probes, hooks, exec).

use rustc_hash::FxHashMap;

use super::container_world::{ContainerWorld, Said};
use super::environment;
use super::exec_program::{self, Found};
use super::files::{ContainerFiles, PodVolumes, View, Volumes};
use super::shared_volume::SharedVolumes;
use super::shell::{Options, Process, Signal, Step, Understanding};
use super::{Workload, WorkloadEvent};
use crate::cluster::Cluster;
use crate::engine::distribution::Distribution;
use crate::engine::{Outbox, SimDuration, SimTime};
use crate::machines::{ContainerId, ExecId, ExecOutcome, ExitReason, Machines, RunState, Serving, Usage};
use crate::model::object::PodId;
use crate::model::pod_spec::Container;

/// A process and what it waits for.
#[derive(Debug)]
struct Waiting {
    process: Process,
    /// When it goes on by itself, `NEVER` if it does not.
    due: SimTime,
    /// Does it go on when files change?
    on_files: bool,
}

/// A command that runs beside a container's own.
#[derive(Debug)]
struct Session {
    waiting: Waiting,
    container: ContainerId,
    said: Said,
    varies: bool,
}

/// All processes and the files they see.
#[derive(Debug, Default)]
pub(super) struct Processes {
    mains: FxHashMap<ContainerId, Box<Waiting>>,
    sessions: FxHashMap<ExecId, Box<Session>>,
    pub(super) files: FxHashMap<ContainerId, Box<ContainerFiles>>,
    pub(super) volumes: FxHashMap<PodId, PodVolumes>,
    pub(super) shared: SharedVolumes,
}

/// What a step of a process did beside computing.
struct Stepped {
    step: Step,
    changed: bool,
    varies: bool,
    signals: Vec<Signal>,
}

/// Can the shell run this container's own command? Scripts called by their path are looked for when it starts; a script
/// that calls a program which the image is known not to hold runs too, and finds that out.
pub(super) fn is_understood(container: &Container) -> bool {
    match understanding(container) {
        Some(Understanding::Yes | Understanding::Broken(_)) => true,
        Some(Understanding::UnknownProgram(name)) => {
            let words = container.command.iter().chain(&container.args);
            let shells = ["sh", "/bin/sh", "ash", "/bin/ash"];
            words.into_iter().next().is_some_and(|first| shells.contains(&first.as_str()))
                && super::catalogue::lacks_program(&container.image, &name)
        }
        _ => false,
    }
}

/// What the shell makes of a container's own command; `None` without one.
pub(super) fn understanding(container: &Container) -> Option<Understanding> {
    let words: Vec<String> = container.command.iter().chain(&container.args).map(ToString::to_string).collect();
    (!words.is_empty()).then(|| Process::understands(&words, super::catalogue::userland(&container.image)))
}

/// Where the processes of a container begin.
fn working_dir(container: &Container) -> String {
    if container.working_dir.is_empty() { "/".to_owned() } else { container.working_dir.to_string() }
}

impl Workload {
    /// Starts the container's own command in the shell.
    pub(super) fn start_process(
        &mut self,
        now: SimTime,
        container: ContainerId,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let row = machines.container(container);
        let (pod, index, address) = (row.pod, usize::from(row.index), row.address);
        let definition = &cluster.template_of(pod).spec.containers[index];
        let variables = environment::variables(cluster, machines, container);
        let argv = environment::command(definition, &variables);
        let cwd = working_dir(definition);
        let mut files = ContainerFiles::new(cluster, pod, address, definition, &variables);
        let is_init = !cluster.template_of(pod).spec.shares_processes;
        let environment = environment::of_process(variables, cluster, pod);
        let userland = super::catalogue::userland(&definition.image);
        let process = Process::start(argv, Options { environment, cwd, is_init, userland, ..Options::default() });
        let volumes = self.processes.volumes.entry(pod).or_default();
        volumes.fill(cluster, pod, now, false);
        let mut volumes = Volumes { own: volumes, shared: &mut self.processes.shared };
        files.make_sub_paths(cluster, machines, pod, &mut volumes);
        self.processes.files.insert(container, Box::new(files));
        let started = machines.container(container).started;
        let mut waiting = Waiting { process, due: SimTime::NEVER, on_files: false };
        if started < now {
            self.catch_up((started, now), container, &mut waiting, cluster, machines);
        }
        self.processes.mains.insert(container, Box::new(waiting));
        self.resume_main(now, container, cluster, machines, outbox);
    }

    /// A process that was taken over has come as far as its time allows: what it did since its start is done again, as
    /// of then, up to a number of steps.
    fn catch_up(
        &mut self,
        (started, now): (SimTime, SimTime),
        container: ContainerId,
        waiting: &mut Waiting,
        cluster: &Cluster,
        machines: &mut Machines,
    ) {
        const STEPS: u32 = 1000;
        let mut at = started;
        for _ in 0..STEPS {
            let stepped = self.step_process(at, container, &mut waiting.process, None, cluster, machines);
            match stepped.step {
                Step::Sleep(until) if until <= now && until > at => at = until,
                _ => return,
            }
        }
    }

    /// Does the shell run this container's command?
    pub(super) fn has_process(&self, container: ContainerId) -> bool {
        self.processes.mains.contains_key(&container)
    }

    /// A booked instant of a container's process: others are stale.
    pub(super) fn process_due(
        &mut self,
        now: SimTime,
        container: ContainerId,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        if self.processes.mains.get(&container).is_some_and(|waiting| waiting.due <= now) {
            self.resume_main(now, container, cluster, machines, outbox);
        }
    }

    /// A signal for a container's process.
    pub(super) fn signal_process(
        &mut self,
        now: SimTime,
        container: ContainerId,
        signal: Signal,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        if let Some(waiting) = self.processes.mains.get_mut(&container) {
            waiting.process.signal(signal);
            self.resume_main(now, container, cluster, machines, outbox);
        }
    }

    fn resume_main(
        &mut self,
        now: SimTime,
        container: ContainerId,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let Some(mut waiting) = self.processes.mains.remove(&container) else { return };
        let stepped = self.step_process(now, container, &mut waiting.process, None, cluster, machines);
        let row = machines.container(container);
        let (pod, serial) = (row.pod, row.serial);
        let ended = match stepped.step {
            Step::Exit(code) => Some(code),
            Step::Sleep(until) => {
                (waiting.due, waiting.on_files) = (until, false);
                None
            }
            Step::Wait(wait) | Step::Busy(wait) => {
                (waiting.due, waiting.on_files) = (wait.until, !wait.files.is_empty());
                None
            }
        };
        if let Some(code) = ended {
            self.leave_message(container, cluster, machines);
            if machines.container(container).started == now {
                // Commands cost no time in the shell, but no process begins and ends in one instant.
                self.runs[container.index()].stop_code = code;
                let life = LIFE.sample(&mut self.lives).max(SHORTEST_LIFE);
                outbox.send(now + SimDuration::from_secs_f64(life), WorkloadEvent::Stop { container, serial });
            } else {
                machines.exit(now, container, code, ExitReason::of_code(code));
            }
        } else {
            let usage = waiting.process.usage();
            let ports = waiting.process.listening();
            let processes = waiting.process.count();
            outbox.send(waiting.due, WorkloadEvent::Resume { container, serial });
            self.processes.mains.insert(container, waiting);
            if !self.states_held(container)[2] {
                machines.set_processes(container, processes);
            }
            if stepped.changed {
                self.charge_volumes(container, pod, cluster);
            }
            self.apply_process_use(now, container, usage, ports, machines, outbox);
        }
        if stepped.changed {
            self.files_changed(now, pod, container, cluster, machines, outbox);
        }
    }

    /// What the process's own programs use and serve goes to the machine; more memory than allowed ends it.
    fn apply_process_use(
        &mut self,
        now: SimTime,
        container: ContainerId,
        usage: super::shell::Usage,
        ports: Vec<u16>,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let in_volumes = self.runs[container.index()].in_memory_volumes;
        let (cpu_milli, memory) = (usage.cpu_milli, usage.memory_bytes.saturating_add(in_volumes));
        let program = &self.programs[self.runs[container.index()].program as usize];
        let memory_limit = program.limits.1;
        if program.stated.0 || program.stated.1 {
            if !self.update_usage(now, container, machines) {
                Self::set_ports(container, ports, machines);
            }
            return;
        }
        if memory_limit.is_some_and(|limit| limit > 0 && memory > limit) {
            let serial = machines.container(container).serial;
            let after = ALLOCATION + program.memory_after;
            outbox.send(now + after, WorkloadEvent::OutOfMemory { container, serial });
            return;
        }
        machines.set_usage(container, Usage { cpu_milli, memory: memory.max(IDLE_SHELL_BYTES) });
        let node = machines.container(container).node;
        self.relieve_pod(now, container, machines);
        self.relieve_node(now, node, machines);
        if machines.container(container).state == RunState::Running {
            Self::set_ports(container, ports, machines);
        }
    }

    fn set_ports(container: ContainerId, ports: Vec<u16>, machines: &mut Machines) {
        let row = machines.container(container);
        let is_first = row.serving.ports.is_none();
        let mut serving = Serving { ports: Some(ports.into()), ..row.serving.clone() };
        if is_first {
            (serving.ready, serving.alive) = (true, true);
        }
        machines.set_serving(container, serving);
    }

    /// What the programs of a container's process use; `None` without a process.
    pub(super) fn process_usage(&self, container: ContainerId) -> Option<super::shell::Usage> {
        self.processes.mains.get(&container).map(|waiting| waiting.process.usage())
    }

    /// Runs a process until it waits.
    fn step_process(
        &mut self,
        now: SimTime,
        container: ContainerId,
        process: &mut Process,
        session: Option<&mut Said>,
        cluster: &Cluster,
        machines: &mut Machines,
    ) -> Stepped {
        let pod = machines.container(container).pod;
        let index = usize::from(machines.container(container).index);
        let address = machines.container(container).address;
        let own = self.processes.files.entry(container).or_insert_with(|| {
            let definition = &cluster.template_of(pod).spec.containers[index];
            let variables = environment::variables(cluster, machines, container);
            Box::new(ContainerFiles::new(cluster, pod, address, definition, &variables))
        });
        let volumes = self.processes.volumes.entry(pod).or_default();
        let volumes = Volumes { own: volumes, shared: &mut self.processes.shared };
        let files = View { own, volumes, changed: false };
        let random = &mut self.shell_draws;
        let mut world = ContainerWorld {
            files,
            cluster,
            machines,
            pod,
            container,
            random,
            session,
            varies: false,
            signals: Vec::new(),
        };
        let step = process.resume(now, &mut world);
        Stepped { step, changed: world.files.changed, varies: world.varies, signals: world.signals }
    }

    /// Files were written: whoever waits for files in this pod looks, and so do probes.
    pub(super) fn files_changed(
        &mut self,
        now: SimTime,
        pod: PodId,
        by: ContainerId,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let runs: Vec<ContainerId> =
            machines.runs_of_pod(pod).filter(|run| machines.container(*run).state == RunState::Running).collect();
        self.measure_disk(pod, &runs, cluster, machines);
        self.note_env_files(pod, cluster, machines);
        for run in &runs {
            machines.note_files_changed(*run);
            let waits = self.processes.mains.get(run).is_some_and(|waiting| waiting.on_files);
            if waits && *run != by {
                self.resume_main(now, *run, cluster, machines, outbox);
            }
        }
        // Others that see the same files hear of them too; what they write then is told in its turn.
        let neighbours = self.processes.shared.neighbours(pod);
        let runs: Vec<ContainerId> = neighbours.iter().flat_map(|other| machines.runs_of_pod(*other)).collect();
        for run in runs.into_iter().filter(|run| *run != by) {
            if machines.container(run).state != RunState::Running {
                continue;
            }
            machines.note_files_changed(run);
            if self.processes.mains.get(&run).is_some_and(|waiting| waiting.on_files) {
                self.resume_main(now, run, cluster, machines, outbox);
            }
        }
    }

    /// A container ended: its files and processes go with it.
    pub(super) fn forget_process(&mut self, container: ContainerId) {
        self.processes.mains.remove(&container);
        self.processes.files.remove(&container);
        self.processes.sessions.retain(|_, session| session.container != container);
    }

    /// A command is to be run in a container.
    pub(super) fn exec_requested(
        &mut self,
        now: SimTime,
        exec: ExecId,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let Some(row) = machines.exec(exec) else { return };
        let container = row.container;
        let argv = exec_program::words(row.purpose.clone(), cluster, machines, container);
        let serving = machines.container(container).serving.clone();
        let (pod, index, address) = {
            let row = machines.container(container);
            (row.pod, usize::from(row.index), row.address)
        };
        let variables = environment::variables(cluster, machines, container);
        self.processes.volumes.entry(pod).or_default().fill(cluster, pod, now, false);
        let definition = &cluster.template_of(pod).spec.containers[index];
        let own = self
            .processes
            .files
            .entry(container)
            .or_insert_with(|| Box::new(ContainerFiles::new(cluster, pod, address, definition, &variables)));
        let volumes = self.processes.volumes.entry(pod).or_default();
        let mut volumes = Volumes { own: volumes, shared: &mut self.processes.shared };
        own.make_sub_paths(cluster, machines, pod, &mut volumes);
        match exec_program::look(&argv, &definition.image, &View { own, volumes, changed: false }) {
            Found::InShell => {}
            Found::InImage => {
                // A program of the image's own (pg_isready, redis-cli ping): it does well while the container does.
                let code = i32::from(!(serving.ready && serving.alive));
                machines.finish_exec(exec, ExecOutcome { code, ..ExecOutcome::default() });
                return;
            }
            Found::Nowhere(error) => {
                let refused = Some(exec_program::runtime_error(&mut self.shell_draws, &error));
                machines.finish_exec(exec, ExecOutcome { code: 127, varies: true, refused, ..ExecOutcome::default() });
                return;
            }
        }
        // A command in a container begins where its own process began.
        let cwd = working_dir(definition);
        let environment = environment::of_process(variables, cluster, pod);
        let userland = super::catalogue::userland(&definition.image);
        let options = Options { environment, cwd, is_init: false, userland, ..Options::default() };
        let waiting = Waiting { process: Process::start(argv, options), due: SimTime::NEVER, on_files: false };
        let session = Session { waiting, container, said: Said::default(), varies: false };
        self.processes.sessions.insert(exec, Box::new(session));
        self.resume_session(now, exec, cluster, machines, outbox);
    }

    /// A command in a container goes on.
    pub(super) fn session_due(
        &mut self,
        now: SimTime,
        exec: ExecId,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        if self.processes.sessions.get(&exec).is_some_and(|session| session.waiting.due <= now) {
            self.resume_session(now, exec, cluster, machines, outbox);
        }
    }

    fn resume_session(
        &mut self,
        now: SimTime,
        exec: ExecId,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let Some(mut session) = self.processes.sessions.remove(&exec) else { return };
        let wanted = machines.exec(exec).is_some_and(|row| row.container == session.container && row.outcome.is_none());
        if !wanted {
            return;
        }
        let container = session.container;
        let Session { waiting, said, .. } = &mut *session;
        let stepped = self.step_process(now, container, &mut waiting.process, Some(said), cluster, machines);
        session.varies |= stepped.varies;
        match stepped.step {
            Step::Exit(code) => {
                let Said { output, errors } = std::mem::take(&mut session.said);
                machines.finish_exec(exec, ExecOutcome { code, output, errors, varies: session.varies, refused: None });
            }
            Step::Sleep(until) => session.waiting.due = until,
            Step::Wait(wait) | Step::Busy(wait) => {
                session.waiting.due = wait.until;
                session.waiting.on_files = !wait.files.is_empty();
            }
        }
        if machines.exec(exec).is_some_and(|row| row.outcome.is_none()) {
            outbox.send(session.waiting.due, WorkloadEvent::Session { exec });
            self.processes.sessions.insert(exec, session);
        }
        let pod = machines.container(container).pod;
        if stepped.changed {
            self.charge_volumes(container, pod, cluster);
            if !self.has_process(container) {
                self.update_usage(now, container, machines);
            }
        }
        for signal in stepped.signals {
            self.signal_process(now, container, signal, cluster, machines, outbox);
        }
        if stepped.changed {
            self.files_changed(now, pod, ContainerId::NONE, cluster, machines, outbox);
        }
    }

    /// Does a command still run?
    pub(super) fn session_is_live(&self, exec: ExecId) -> bool {
        self.processes.sessions.contains_key(&exec)
    }
}

/// How long a process takes to fill the memory it asks for.
const ALLOCATION: SimDuration = SimDuration::from_millis(200);
/// How long a process lives that does nothing which takes time, in seconds: a median of 4 ms, 20 ms at the 99th percentile,
/// as the twelve such runs of the recordings (0 to 19 ms).
const LIFE: Distribution = Distribution::LogNormal { mu: -5.521_461, sigma: 0.692 };
/// The shortest of all, in seconds: no process begins and ends in one instant.
const SHORTEST_LIFE: f64 = 0.0001;
/// What an idle shell occupies.
const IDLE_SHELL_BYTES: u64 = 1 << 20;
