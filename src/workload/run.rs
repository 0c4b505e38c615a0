//! One run of a container from its start to its end.

use super::behaviour::{OnTerm, RunLength, Since, Startup, UsageSource, Window};
use super::work::Purpose;
use super::{Workload, WorkloadEvent};
use crate::cluster::Cluster;
use crate::engine::curve::Curve;
use crate::engine::random::Stream;
use crate::engine::{NonNegative, Outbox, Significance, SimDuration, SimTime};
use crate::machines::{ContainerId, ContainerRow, ExitReason, Machines, RunState, Serving, Usage};
use crate::model::object::TemplateId;

/// What the workload keeps of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    /// Index of its program.
    pub program: u32,
    /// Exit code when it stops.
    pub stop_code: i32,
    /// Was it told to stop?
    pub stopping: bool,
    /// Does it serve?
    pub serving: bool,
    /// Cores and bytes drawn for this run.
    pub cpu: f32,
    pub memory: f32,
    /// Seconds until it answers a probe, drawn for this run.
    pub answer: f32,
    /// Bytes that requests hold, if any come.
    pub requests: Option<u64>,
    /// Bytes that it wrote into volumes that live in memory.
    pub in_memory_volumes: u64,
    /// Bytes on disk, files and processes drawn for this run.
    pub held: [f32; 3],
}

impl Workload {
    /// A container runs: what it does from now on is drawn here.
    pub(super) fn started(
        &mut self,
        now: SimTime,
        container: ContainerId,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let row = machines.container(container);
        let (pod, index, serial, started) = (row.pod, row.index, row.serial, row.started);
        let id = self.program_of(cluster, pod, index, cluster.pod(pod).allocated());
        self.runs.fill_up(container.index() + 1, Run::default());
        let program = &self.programs[id as usize];
        machines.set_measured(container, program.measured);
        if program.assumed {
            machines.count_assumed();
        }
        let drawn = |source: &UsageSource, stream: &mut Stream| match source {
            UsageSource::Drawn(distribution) => distribution.sample(stream) as f32,
            UsageSource::Curve { .. } => 0.0,
        };
        let cpu = drawn(&program.cpu, &mut self.draws);
        let memory = drawn(&program.memory, &mut self.draws);
        let answer = program.answer.0.as_ref().map_or(0.0, |answer| answer.sample(&mut self.draws) as f32);
        let held = program.held.as_ref().map_or([0.0; 3], |held| {
            std::array::from_fn(|at| held[at].as_ref().map_or(0.0, |source| drawn(source, &mut self.draws)))
        });
        machines.set_cpu_terms(container, program.terms);
        if let Some((RunLength::Time(seconds), _)) = &program.run {
            let length = length_beyond(now.since(started), || seconds.sample(&mut self.draws));
            outbox.send((started + length).max(now), WorkloadEvent::End { container, serial });
        }
        self.runs[container.index()] = Run {
            program: id,
            stop_code: 0,
            stopping: false,
            serving: false,
            cpu,
            memory,
            answer,
            requests: None,
            in_memory_volumes: 0,
            held,
        };
        if self.has_needs_met(now, container, cluster, machines, outbox) {
            self.start_up((now, started), container, cluster, machines, outbox);
        } else {
            self.update_usage(now, container, machines);
        }
    }

    /// A running container was given other resources.
    pub(super) fn resized(
        &mut self,
        now: SimTime,
        (container, resources): (ContainerId, TemplateId),
        cluster: &Cluster,
        machines: &mut Machines,
    ) {
        let row = machines.container(container);
        let (pod, index) = (row.pod, row.index);
        if row.state != RunState::Running {
            return;
        }
        let program = self.program_of(cluster, pod, index, resources);
        self.runs[container.index()].program = program;
        machines.set_cpu_terms(container, self.programs[program as usize].terms);
        self.update_usage(now, container, machines);
    }

    /// A container that has what it needs begins with its startup, or began with it `since` then.
    pub(super) fn start_up(
        &mut self,
        (now, since): (SimTime, SimTime),
        container: ContainerId,
        cluster: &Cluster,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let program = &self.programs[self.runs[container.index()].program as usize];
        if program.in_shell {
            let has_windows = !program.unready.is_empty() || !program.dead.is_empty();
            let states = program.stated.0 || program.stated.1 || program.held.is_some();
            let looks = has_windows || states || program.answer.0.is_some();
            self.start_process(now, container, cluster, machines, outbox);
            if looks && self.has_process(container) {
                self.look(now, container, machines, outbox);
            }
            return;
        }
        let row = machines.container(container);
        let serial = row.serial;
        if since < now && is_shown_ready(cluster, row) {
            // It was taken over, and is past its startup.
            self.serve(now, container, machines, outbox);
            return;
        }
        match &program.startup {
            Startup::Time(seconds) => {
                let startup = SimDuration::from_secs_f64(seconds.sample(&mut self.draws));
                let served = since + startup;
                if served <= now {
                    self.serve(now, container, machines, outbox);
                } else {
                    self.update_usage(now, container, machines);
                    self.update_held(now, container, machines);
                    outbox.send(served, WorkloadEvent::Serve { container, serial });
                }
            }
            Startup::Cpu(work) => {
                let work = (work.as_secs_f64(), 1.0);
                self.begin_work(now, container, Purpose::Startup, work, machines, outbox);
                self.update_usage(now, container, machines);
            }
        }
    }

    /// It begins to serve.
    pub(super) fn serve(
        &mut self,
        now: SimTime,
        container: ContainerId,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let run = &mut self.runs[container.index()];
        run.serving = true;
        if let Some(text) = &self.programs[run.program as usize].logs {
            machines.write_log(now, container, text);
        }
        if let Some((RunLength::CpuSeconds(seconds), _)) = &self.programs[run.program as usize].run {
            // How many cores it takes is stated as its use of CPU; one if nothing is.
            let work = (*seconds, 1.0);
            self.begin_work(now, container, Purpose::Run, work, machines, outbox);
        }
        self.look(now, container, machines, outbox);
    }

    /// Brings use and answers up to date, and books the next instant at which they may change.
    pub(super) fn look(
        &mut self,
        now: SimTime,
        container: ContainerId,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        if self.update_usage(now, container, machines) {
            return;
        }
        self.update_held(now, container, machines);
        self.update_serving(now, container, machines);
        let run = self.runs[container.index()];
        let program = &self.programs[run.program as usize];
        let row = machines.container(container);
        let (started, serial) = (row.started, row.serial);
        let windows = program.unready.iter().chain(&program.dead).flat_map(|window| {
            let to = if window.to == SimTime::NEVER { window.to } else { started + SimDuration(window.to.0) };
            [started + window.from, to]
        });
        let next = windows.filter(|at| *at > now).min().unwrap_or(SimTime::NEVER);
        let next = next.min(self.next_usage_change(now, started, run.program));
        outbox.send(next, WorkloadEvent::Look { container, serial });
    }

    /// What the container's ports answer now.
    fn update_serving(&self, now: SimTime, container: ContainerId, machines: &mut Machines) {
        let run = self.runs[container.index()];
        let program = &self.programs[run.program as usize];
        let row = machines.container(container);
        let in_shell = self.has_process(container);
        let serves = (run.serving || in_shell) && !self.is_lacking(container);
        let stretch = if program.answer.1 { row.cpu_stretch() } else { 1.0 };
        let serving = Serving {
            ports: if in_shell { row.serving.ports.clone() } else { program.ports.clone().filter(|_| run.serving) },
            ready: serves && !is_inside(&program.unready, row.started, now),
            alive: !is_inside(&program.dead, row.started, now),
            answer: SimDuration::from_secs_f64(f64::from(run.answer) * stretch),
        };
        machines.set_serving(container, serving);
    }

    /// A container gets more or less CPU than before: its work goes faster or slower, and perhaps its answers.
    pub(super) fn usage_changed(
        &mut self,
        now: SimTime,
        container: ContainerId,
        machines: &mut Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        self.pace_work(now, container, machines, outbox);
        let Some(run) = self.runs.get(container.index()) else { return };
        if self.programs[run.program as usize].answer.1 && machines.container(container).state == RunState::Running {
            self.update_serving(now, container, machines);
        }
    }

    fn next_usage_change(&self, now: SimTime, started: SimTime, program: u32) -> SimTime {
        let program = &self.programs[program as usize];
        let next = |source: &UsageSource| match source {
            UsageSource::Drawn(_) => SimTime::NEVER,
            UsageSource::Curve { curve, since } => {
                let origin = self.curve_origin(*since, started);
                let local = SimTime(now.since(origin).0);
                curve.next_look(local).map_or(SimTime::NEVER, |at| origin + SimDuration(at.0))
            }
        };
        let held = program.held.iter().flat_map(|held| held.iter().flatten()).map(next);
        next(&program.cpu).min(next(&program.memory)).min(held.min().unwrap_or(SimTime::NEVER))
    }

    fn curve_origin(&self, since: Since, started: SimTime) -> SimTime {
        match since {
            Since::Start => self.settings.origin,
            Since::Container => started,
        }
    }

    /// Sets what the container uses now. Returns whether that killed it.
    pub(super) fn update_usage(&mut self, now: SimTime, container: ContainerId, machines: &mut Machines) -> bool {
        let run = self.runs[container.index()];
        let program = &self.programs[run.program as usize];
        let started = machines.container(container).started;
        let value = |source: &UsageSource, drawn: f32| match source {
            UsageSource::Drawn(_) => f64::from(drawn),
            UsageSource::Curve { curve, since } => {
                let origin = self.curve_origin(*since, started);
                value_since(curve, origin, now).non_negative()
            }
        };
        let memory_limit = program.limits.1;
        let process = self.process_usage(container);
        let mut cpu = match process {
            Some(usage) if !program.stated.0 => usage.cpu_milli as f64 / 1000.0,
            // Where nobody says what it uses, requests are all that it does.
            _ if run.requests.is_some() && !program.measured.cpu => 0.0,
            _ => value(&program.cpu, run.cpu),
        };
        let own = match process {
            Some(usage) if !program.stated.1 => usage.memory_bytes,
            _ => value(&program.memory, run.memory) as u64,
        };
        let memory = own + run.requests.unwrap_or(0) + run.in_memory_volumes;
        if memory_limit.is_some_and(|limit| limit > 0 && memory > limit) {
            machines.exit(now, container, 137, ExitReason::OomKilled);
            return true;
        }
        if let Some(purpose) = self.work_of(container) {
            // What it states it uses is what its work takes.
            if purpose == Purpose::Run && program.stated.0 {
                machines.set_cpu_work(container, (cpu * 1000.0).round() as u32);
            }
            cpu = 0.0;
        }
        machines.set_usage(container, Usage { cpu_milli: (cpu * 1000.0).round() as u64, memory });
        let node = machines.container(container).node;
        self.relieve_pod(now, container, machines);
        self.relieve_node(now, node, machines);
        machines.container(container).state != RunState::Running
    }

    /// Sets what the container holds now of disk, files and processes, where the scenario states it.
    fn update_held(&self, now: SimTime, container: ContainerId, machines: &mut Machines) {
        let run = self.runs[container.index()];
        let Some(held) = &self.programs[run.program as usize].held else { return };
        let started = machines.container(container).started;
        let stated = |at: usize| {
            held[at].as_ref().map(|source| match source {
                UsageSource::Drawn(_) => f64::from(run.held[at]).non_negative() as u64,
                UsageSource::Curve { curve, since } => {
                    value_since(curve, self.curve_origin(*since, started), now).non_negative() as u64
                }
            })
        };
        let (disk, files) = (stated(0), stated(1));
        if disk.is_some() || files.is_some() {
            let row = machines.container(container);
            let files = files.map_or(row.files, |files| u32::try_from(files).unwrap_or(u32::MAX));
            let disk = disk.unwrap_or(row.disk);
            machines.set_disk(container, disk, files);
        }
        if let Some(processes) = stated(2) {
            machines.set_processes(container, u32::try_from(processes).unwrap_or(u32::MAX));
        }
    }

    /// Which of disk and files the scenario states, so that nobody counts them.
    pub(super) fn states_held(&self, container: ContainerId) -> [bool; 3] {
        let program = self.runs.get(container.index()).map(|run| &self.programs[run.program as usize]);
        let held = program.and_then(|program| program.held.as_ref());
        held.map_or([false; 3], |held| [held[0].is_some(), held[1].is_some(), held[2].is_some()])
    }

    /// TERM reached the container.
    pub(super) fn told_to_stop(
        &mut self,
        now: SimTime,
        container: ContainerId,
        machines: &Machines,
        outbox: &mut Outbox<WorkloadEvent>,
    ) {
        let serial = machines.container(container).serial;
        let run = &mut self.runs[container.index()];
        if run.stopping {
            return;
        }
        if let OnTerm::Exit { after, exit } = &self.programs[run.program as usize].on_term {
            run.stopping = true;
            run.stop_code = *exit;
            let after = SimDuration::from_secs_f64(after.sample(&mut self.draws));
            outbox.send(now + after, WorkloadEvent::Stop { container, serial });
        }
    }

    /// It ends by itself.
    pub(super) fn end(&mut self, now: SimTime, container: ContainerId, machines: &mut Machines) {
        let program = &self.programs[self.runs[container.index()].program as usize];
        let code = program.run.as_ref().map_or(0, |(_, code)| *code);
        machines.exit(now, container, code, ExitReason::of_code(code));
    }

    /// It ends because it was told to.
    pub(super) fn stop(&mut self, now: SimTime, container: ContainerId, machines: &mut Machines) {
        let code = self.runs[container.index()].stop_code;
        machines.exit(now, container, code, ExitReason::of_code(code));
    }

    /// A change of use alone is nothing a run has to wait for.
    pub(super) fn look_significance(&self, container: ContainerId) -> Significance {
        let program = &self.programs[self.runs[container.index()].program as usize];
        let probed = !program.unready.is_empty() || !program.dead.is_empty();
        let limited = program.limits.1.is_some() && matches!(program.memory, UsageSource::Curve { .. });
        if probed || limited { Significance::Live } else { Significance::Background }
    }
}

/// A length of a run that lasts beyond the `age` it has: drawn until one is longer, as far as that has a chance.
fn length_beyond(age: SimDuration, mut draw: impl FnMut() -> f64) -> SimDuration {
    const DRAWS: u32 = 64;
    let mut length = SimDuration::from_secs_f64(draw());
    for _ in 1..DRAWS {
        if age == SimDuration::ZERO || length > age {
            break;
        }
        length = SimDuration::from_secs_f64(draw());
    }
    length
}

/// Does the API show the container of a run as ready?
fn is_shown_ready(cluster: &Cluster, row: &ContainerRow) -> bool {
    let containers = &cluster.pod(row.pod).status.containers;
    containers.get(usize::from(row.index)).is_some_and(|status| status.ready)
}

/// A curve's value at `now`; before its origin the value that it has there. Instants are subtracted before they become
/// floats: those at which a curve jumps are exact.
fn value_since(curve: &Curve, origin: SimTime, now: SimTime) -> f64 {
    curve.value(SimTime(now.since(origin).0))
}

/// Does `now` lie in one of the windows of a container that started at `started`?
fn is_inside(windows: &[Window], started: SimTime, now: SimTime) -> bool {
    let age = now - started;
    windows.iter().any(|window| window.from <= age && SimTime(age.0) < window.to)
}
