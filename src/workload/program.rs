//! From a container to what it does: behaviours, command, catalogue, assumption. Resolved once for each template.

use std::borrow::Cow;
use std::sync::Arc;

use super::Workload;
use super::behaviour::{ContainerBehaviour, Needs, OnTerm, RunLength, Startup, UsageSource, Window};
use super::catalogue::{self, Entry};
use super::out_of_memory::{NODE_CRITICAL, OomClass};
use super::process::is_understood;
use crate::cluster::Cluster;
use crate::engine::SimDuration;
use crate::engine::distribution::Distribution;
use crate::machines::{CpuTerms, Measured};
use crate::model::container_matcher::ContainerFacts;
use crate::model::object::{PodId, TemplateId};
use crate::model::pod_spec::Container;
use crate::model::pod_template::QosClass;
use crate::model::probe::{Handler, PortRef, Probe};
use crate::model::resources::ResourceList;

/// What a container's runs do. Times are drawn anew for each run.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// From start to serving: seconds, or work.
    pub startup: Startup,
    /// Ports that accept connections from then on.
    pub ports: Option<Arc<[u16]>>,
    /// When it ends by itself, and its exit code then.
    pub run: Option<(RunLength, i32)>,
    pub on_term: OnTerm,
    /// Cores.
    pub cpu: UsageSource,
    /// Bytes.
    pub memory: UsageSource,
    /// What the scenario states of disk, files and processes.
    pub held: Option<Box<[Option<UsageSource>; 3]>>,
    /// Does the scenario state use of CPU and memory?
    pub stated: (bool, bool),
    /// Weight and limit of its cgroup.
    pub terms: CpuTerms,
    /// What the kernel goes by when memory is out.
    pub oom: OomClass,
    /// Services it needs.
    pub needs: Option<Needs>,
    /// Seconds until it answers a probe, and whether that takes longer while it starves.
    pub answer: (Option<Distribution>, bool),
    /// CPU limit in cores and memory limit in bytes.
    pub limits: (Option<f64>, Option<u64>),
    /// Memory limit of the whole pod in bytes.
    pub pod_limit: Option<u64>,
    pub logs: Option<Box<str>>,
    pub unready: Box<[Window]>,
    pub dead: Box<[Window]>,
    /// How long its process waits before it fills its memory (`stress --backoff`).
    pub memory_after: SimDuration,
    /// The built-in shell runs its command.
    pub in_shell: bool,
    /// Nobody stated or knows what it does.
    pub assumed: bool,
    /// Which parts of its use somebody stated or knows.
    pub measured: Measured,
}

impl Workload {
    /// The program of a container with the resources of a template, as an index.
    pub(super) fn program_of(&mut self, cluster: &Cluster, pod: PodId, index: u8, granted: TemplateId) -> u32 {
        let row = cluster.pod(pod);
        let key = (row.template, granted, index);
        let by_pod = self.settings.behaviours.depends_on_pod();
        if !by_pod && let Some(known) = self.by_template.get(&key) {
            return *known;
        }
        let template = cluster.template(row.template);
        let container = &template.spec.containers[usize::from(index)];
        let facts = ContainerFacts {
            image: &container.image,
            container: &container.name,
            pod: &row.name,
            namespace: cluster.namespace_name(row.namespace),
            labels: &template.labels,
        };
        let stated = self.settings.behaviours.resolve(&facts);
        let term = self.settings.latencies.fixed(crate::model::latency::Latency::TermExit).as_secs_f64();
        let granted = &cluster.template(granted).spec;
        // Ephemeral containers are never resized, and may be newer than what the pod was promised.
        let has = granted.containers.get(usize::from(index)).unwrap_or(container);
        let container = if has.requests == container.requests && has.limits == container.limits {
            Cow::Borrowed(container)
        } else {
            let (requests, limits) = (has.requests.clone(), has.limits.clone());
            Cow::Owned(Container { requests, limits, ..container.clone() })
        };
        let mut program = resolve(&container, stated, term);
        program.oom.qos = template.qos;
        program.pod_limit = granted.pod_limits.get("memory").map(|memory| memory.value().max(0) as u64);
        program.oom.critical = template.spec.priority >= NODE_CRITICAL;
        let id = self.programs.len() as u32;
        self.programs.push(program);
        self.by_template.insert(key, id);
        id
    }
}

/// What the container does without a scenario's word.
fn known_program(container: &Container, term: f64) -> Program {
    let exits = |code| OnTerm::Exit { after: Distribution::Constant(term), exit: code };
    let mut program = Program {
        startup: Startup::Time(Distribution::Constant(0.0)),
        ports: None,
        run: None,
        on_term: exits(0),
        cpu: UsageSource::constant(container.requests.get("cpu").map_or(0.0, |cpu| cpu.milli() as f64 / 1000.0)),
        memory: UsageSource::constant(container.requests.get("memory").map_or(0.0, |bytes| bytes.value() as f64)),
        held: None,
        stated: (false, false),
        terms: CpuTerms::new(milli_cpu(&container.requests), milli_cpu(&container.limits)),
        oom: OomClass {
            qos: QosClass::BestEffort,
            critical: false,
            request: container.requests.get("memory").map_or(0, |bytes| bytes.value().max(0) as u64),
        },
        needs: None,
        answer: (None, false),
        limits: (
            container.limits.get("cpu").map(|cpu| cpu.milli() as f64 / 1000.0),
            container.limits.get("memory").map(|memory| memory.value().max(0) as u64),
        ),
        pod_limit: None,
        logs: None,
        unready: Box::default(),
        dead: Box::default(),
        memory_after: stress_backoff(container),
        in_shell: false,
        assumed: true,
        measured: Measured::default(),
    };
    if let Some(seconds) = plain_sleep(container) {
        // The commonest command of all needs no process; the first process of a container ignores TERM.
        program.assumed = false;
        program.run = Some((RunLength::Time(Distribution::Constant(seconds)), 0));
        program.on_term = OnTerm::Ignore;
        (program.cpu, program.memory) = (UsageSource::constant(0.0), UsageSource::constant(1_048_576.0));
        return program;
    }
    if is_understood(container) {
        program.assumed = false;
        program.in_shell = true;
        return program;
    }
    if let Some(command) = catalogue::agnhost_command(container) {
        catalogue::apply_agnhost(&command, &mut program.ports, &mut program.dead);
        program.assumed = false;
        program.on_term = exits(2);
        (program.cpu, program.memory) = (UsageSource::constant(0.0), UsageSource::constant(8_388_608.0));
        return program;
    }
    let Some(image) = catalogue::find(&container.image).filter(|_| container.command.is_empty()) else {
        program.ports = Some(declared_ports(container));
        return program;
    };
    program.assumed = false;
    program.startup = Startup::Time(Distribution::Constant(f64::from(image.startup) / 1000.0));
    program.on_term = exits(image.on_term);
    program.cpu = UsageSource::constant(f64::from(image.cpu_milli) / 1000.0);
    program.memory = UsageSource::constant(f64::from(image.memory) * 1024.0 * 1024.0);
    match image.entry {
        Entry::Serves(ports) => program.ports = Some(ports.into()),
        Entry::Runs => program.ports = Some(declared_ports(container)),
        Entry::Ends => program.run = Some((RunLength::Time(Distribution::Constant(0.005)), 0)),
        Entry::Prints(text) => {
            program.run = Some((RunLength::Time(Distribution::Constant(0.005)), 0));
            program.logs = Some(text.into());
        }
    }
    program
}

/// Merges what the scenario states over what is known.
fn resolve(container: &Container, stated: Option<ContainerBehaviour>, term: f64) -> Program {
    let mut program = known_program(container, term);
    let is_known = !program.assumed;
    // What a script uses is nothing that its text tells.
    let is_known = is_known && !program.in_shell;
    program.measured = Measured { cpu: is_known, memory: is_known };
    let Some(stated) = stated else { return program };
    program.assumed = false;
    if stated.startup.is_some() || stated.run.is_some() || stated.on_term.is_some() {
        program.in_shell = false;
    }
    if program.ports.is_none() {
        program.ports = Some(declared_ports(container));
    }
    if let Some(startup) = stated.startup {
        program.startup = startup;
    }
    if let Some(run) = stated.run {
        program.run = Some((run.length, run.exit));
    } else if matches!(&program.run, Some((RunLength::Time(Distribution::Constant(_)), 0))) {
        // A stated behaviour without `run` goes on until it is stopped.
        program.run = None;
    }
    if let Some(on_term) = stated.on_term {
        program.on_term = on_term;
    }
    program.stated = (stated.cpu.is_some(), stated.memory.is_some());
    program.needs = stated.needs;
    program.answer = (stated.answer, stated.under_load.unwrap_or(false));
    if let Some(cpu) = stated.cpu {
        program.measured.cpu = true;
        program.cpu = cpu;
    }
    if let Some(memory) = stated.memory {
        program.measured.memory = true;
        program.memory = memory;
    }
    let held = [stated.disk, stated.files, stated.processes];
    program.held = held.iter().any(Option::is_some).then(|| Box::new(held));
    if let Some(logs) = stated.logs {
        program.logs = Some(logs.into());
    }
    program.unready = stated.unready.into();
    program.dead = stated.dead.into();
    program
}

/// A list's CPU in thousandths.
fn milli_cpu(list: &ResourceList) -> Option<u64> {
    list.get("cpu").map(|cpu| cpu.milli().max(0) as u64)
}

/// `--backoff` of `stress`, in microseconds.
fn stress_backoff(container: &Container) -> SimDuration {
    let words: Vec<&str> =
        container.command.iter().chain(&container.args).map(compact_str::CompactString::as_str).collect();
    let given = words.windows(2).find(|pair| pair[0] == "--backoff").and_then(|pair| pair[1].parse::<u64>().ok());
    SimDuration::from_micros(given.unwrap_or(0))
}

/// The seconds of a container that only sleeps: `sleep 3600`.
fn plain_sleep(container: &Container) -> Option<f64> {
    let mut words = container.command.iter().chain(&container.args);
    let (name, seconds) = (words.next()?, words.next()?);
    let sleeps = matches!(name.as_str(), "sleep" | "/bin/sleep" | "/usr/bin/sleep") && words.next().is_none();
    seconds.parse::<u32>().ok().filter(|_| sleeps).map(f64::from)
}

/// The ports the manifest names: `ports`, and those its probes ask.
fn declared_ports(container: &Container) -> Arc<[u16]> {
    let mut ports: Vec<u16> = container.ports.iter().map(|port| port.container_port).collect();
    let probes = [&container.startup_probe, &container.readiness_probe, &container.liveness_probe];
    ports.extend(probes.into_iter().flatten().filter_map(|probe| probed_port(container, probe)));
    ports.sort_unstable();
    ports.dedup();
    ports.into()
}

/// The port a probe asks, if it asks one.
fn probed_port(container: &Container, probe: &Probe) -> Option<u16> {
    let named = |port: &PortRef| match port {
        PortRef::Number(number) => Some(*number),
        PortRef::Name(name) => {
            container.ports.iter().find(|candidate| candidate.name == *name).map(|port| port.container_port)
        }
    };
    match &probe.handler {
        Handler::HttpGet { port, .. } | Handler::TcpSocket { port, .. } => named(port),
        Handler::Grpc { port, .. } => Some(*port),
        Handler::Exec { .. } | Handler::Sleep { .. } => None,
    }
}
