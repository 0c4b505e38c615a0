//! A container's process with its children, as a machine that stops at every wait and goes on when told to. It
//! holds plain data only: it can be cloned, kept, and resumed at any later instant.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{SimDuration, SimTime};

use super::context::Context;
use super::kernel::{ALL_MEMORY, Body, Descriptors, Exit, Handle, Kernel, Pid, Run, Task, Wait};
use super::launch::{Launched, launch, shell};
use super::parsed::Programs;
use super::shell::After;
use super::signal::Signal;
use super::userland::Userland;
use super::world::World;

/// How a process is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Working directory, absolute.
    pub cwd: String,
    /// Is it the container's main process (PID 1)? Then signals it has no handler for do nothing.
    pub is_init: bool,
    /// The programs of the container's image.
    pub userland: Userland,
    /// What standard input holds (`kubectl exec -i`); empty: `/dev/null`.
    pub stdin: Vec<u8>,
    /// Commands in one instant after which the process counts as burning CPU.
    pub commands_per_instant: u32,
}

impl Default for Options {
    fn default() -> Self {
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned();
        Self {
            environment: BTreeMap::from([("PATH".to_owned(), path), ("HOME".to_owned(), "/root".to_owned())]),
            cwd: "/".to_owned(),
            is_init: true,
            userland: Userland::default(),
            stdin: Vec::new(),
            commands_per_instant: 10_000,
        }
    }
}

/// What a process does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing until this instant; resume it then.
    Sleep(SimTime),
    /// Nothing until something happens outside; resume it then (needlessly does no harm).
    Wait(WaitFor),
    /// It burns one CPU until something happens outside; resume it then. Where its turns cannot be told apart nobody
    /// need ask again (`until` is `NEVER`, or when another of its tasks wakes); otherwise it has much to compute, and
    /// goes on at `until`.
    Busy(WaitFor),
    /// It has ended with this status (0–255).
    Exit(i32),
}

/// What ends a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitFor {
    /// It goes on at this instant in any case; `NEVER` if not.
    pub until: SimTime,
    /// A change of what is at one of these paths (also its appearance); none: only a signal.
    pub files: Vec<String>,
}

/// CPU and memory of programs that are there to use them (`stress`, busy loops).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// Bytes.
    pub memory_bytes: u64,
}

/// Can the built-in shell run a command line?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Understanding {
    /// Every program in it is known.
    Yes,
    /// It is, or calls, a program that is not known.
    UnknownProgram(String),
    /// A script that the built-in shell cannot read: why.
    Unparsable(String),
    /// A script that no shell can read, and what it will say.
    Broken(String),
    /// A file that must be looked at: a script called by its path.
    NeedsFile(String),
}

/// A process tree.
#[derive(Clone, Debug)]
pub struct Process {
    kernel: Kernel,
    root: Pid,
    is_init: bool,
    commands_per_instant: u32,
    /// What is run at the first step.
    argv: Option<(Vec<String>, Options)>,
    finished: Option<i32>,
    is_busy: bool,
    /// Times in a row that it was not done computing.
    spans: u32,
}

/// How long a shell computes on what one instant allows: a microsecond a command of the default limit. What has not
/// ended after the first spans is taken to have no end, and is asked ever more seldom.
fn span(spans: u32) -> SimDuration {
    let doublings = spans.saturating_sub(HONEST_SPANS).min(LONGEST_SPAN_DOUBLINGS);
    SimDuration::from_millis(SPAN_MILLIS << doublings)
}

/// bash runs its EXIT trap before a signal ends it, also as a container's first process.
fn runs_exit_trap(task: &Task, signal: Signal) -> bool {
    matches!(signal, Signal::Term | Signal::Int | Signal::Hup)
        && matches!(&task.body, Body::Shell(shell) if shell.ends_by_exit_trap())
}

/// Virtual time that `commands_per_instant` commands take.
const SPAN_MILLIS: u64 = 10;
/// Spans (one second in all) that take their true time.
const HONEST_SPANS: u32 = 100;
/// The longest span is 10 ms × 2¹³, about 82 s.
const LONGEST_SPAN_DOUBLINGS: u32 = 13;

impl Process {
    /// A process that will run `argv`; nothing happens before the first `resume`.
    pub fn start(argv: Vec<String>, options: Options) -> Self {
        let root = if options.is_init { 1 } else { 100 };
        let init = if options.is_init { root } else { 0 };
        let kernel = Kernel { next_pid: root + 1, userland: options.userland, init, ..Kernel::default() };
        let (is_init, commands_per_instant) = (options.is_init, options.commands_per_instant.max(1));
        Self {
            kernel,
            root,
            is_init,
            commands_per_instant,
            argv: Some((argv, options)),
            finished: None,
            is_busy: false,
            spans: 0,
        }
    }

    /// Can `argv` be run by the built-in shell? Looks at the text only.
    pub fn understands(argv: &[String], userland: Userland) -> Understanding {
        Self::understands_sharing(argv, userland, &mut Programs::new())
    }

    /// As `understands`; what it parses is kept for `resume_sharing`.
    pub fn understands_sharing(argv: &[String], userland: Userland, programs: &mut Programs) -> Understanding {
        super::understanding::check(argv, userland, programs)
    }

    /// Runs until everything waits, and says for what. `now` must not go back.
    pub fn resume(&mut self, now: SimTime, world: &mut dyn World) -> Step {
        self.resume_sharing(now, world, &mut Programs::new())
    }

    /// As `resume`, for callers that run many processes: a text that one of them has parsed is not parsed again.
    pub fn resume_sharing(&mut self, now: SimTime, world: &mut dyn World, programs: &mut Programs) -> Step {
        if let Some((argv, options)) = self.argv.take() {
            self.begin(argv, options, now, world, programs);
        }
        for task in &mut self.kernel.tasks {
            if matches!(task.wait, Wait::Files { .. }) {
                task.wait = Wait::Ready;
            }
        }
        self.skip_turns(now);
        self.kernel.spent = 0;
        self.is_busy = false;
        self.kernel.endless = None;
        loop {
            let ran = self.turn(now, world, programs);
            if let Some(status) = self.finished {
                return Step::Exit(status);
            }
            if let Some(files) = self.kernel.endless.take() {
                (self.is_busy, self.spans) = (true, 0);
                return Step::Busy(WaitFor { until: self.wake(), files: files.into_iter().collect() });
            }
            if self.kernel.spent > self.commands_per_instant {
                self.is_busy = true;
                self.spans = self.spans.saturating_add(1);
                return Step::Busy(WaitFor { until: self.wake().min(now + span(self.spans)), files: Vec::new() });
            }
            if !ran {
                self.spans = 0;
                return self.next_step();
            }
        }
    }

    /// Sends a signal to the main process of the tree. Resume it afterwards, in the same instant.
    pub fn signal(&mut self, signal: Signal) {
        if self.finished.is_none() {
            self.kernel.signal(self.root, signal);
            if self.argv.is_some() && !self.is_init {
                self.finished = Some(128 + signal.number());
            }
        }
    }

    /// Ports it listens on now, in ascending order.
    pub fn listening(&self) -> Vec<u16> {
        let programs = self.kernel.tasks.iter().filter_map(|task| match &task.body {
            Body::Program(program) => program.port(),
            Body::Shell(_) => None,
        });
        programs.collect::<BTreeSet<u16>>().into_iter().collect()
    }

    /// What its programs use of CPU and memory now.
    pub fn usage(&self) -> Usage {
        let mut usage = Usage {
            cpu_milli: if self.is_busy { 1000 } else { 0 },
            memory_bytes: if self.kernel.is_out_of_bounds { ALL_MEMORY } else { 0 },
        };
        for task in &self.kernel.tasks {
            if let Body::Program(program) = &task.body {
                let own = program.usage();
                usage.cpu_milli += own.cpu_milli;
                usage.memory_bytes += own.memory_bytes;
            }
        }
        usage
    }

    /// Processes that run: its own and its children's.
    pub fn count(&self) -> u32 {
        u32::try_from(self.kernel.tasks.len()).unwrap_or(u32::MAX)
    }

    /// Programs it has called that nobody knows.
    pub fn unknown_programs(&self) -> impl Iterator<Item = &str> {
        self.kernel.unknown_programs.iter().map(String::as_str)
    }

    /// What the last `resume` returned.
    #[cfg(test)]
    pub(super) fn next_step_for_tests(&self) -> Step {
        self.next_step()
    }

    fn begin(
        &mut self,
        argv: Vec<String>,
        options: Options,
        now: SimTime,
        world: &mut dyn World,
        programs: &mut Programs,
    ) {
        let mut descriptors = Descriptors::from([(0, Handle::Null), (1, Handle::Stdout), (2, Handle::Stderr)]);
        if !options.stdin.is_empty() {
            let pipe = self.kernel.new_pipe(false);
            if let Some(pipe) = self.kernel.pipes.get_mut(&pipe) {
                pipe.buffer = options.stdin;
            }
            descriptors.insert(0, Handle::PipeRead(pipe));
        }
        let mut context = Context {
            kernel: &mut self.kernel,
            world,
            programs,
            now,
            pid: self.root,
            descriptors,
            signals: Vec::new(),
            ignored: BTreeSet::new(),
        };
        let name = argv.first().cloned().unwrap_or_default();
        let body = if argv.is_empty() {
            Err((String::new(), 0))
        } else if super::launch::dialect(&name, options.userland).is_some() {
            match shell(context.programs, options.userland, &argv, &options.environment, &options.cwd, self.root) {
                Ok(shell) => Ok(Body::Shell(Box::new(shell))),
                Err(message) => Err((message, 2)),
            }
        } else {
            match launch(&mut context, argv, options.environment, &options.cwd, 0o022) {
                Launched::Body(Body::Shell(mut shell)) => {
                    shell.process_id = self.root;
                    Ok(Body::Shell(shell))
                }
                Launched::Body(body) => Ok(body),
                Launched::Failed(message, status) | Launched::Refused(message, status) => Err((message, status)),
            }
        };
        let descriptors = std::mem::take(&mut context.descriptors);
        match body {
            Ok(body) => {
                let task = Task {
                    pid: self.root,
                    parent: 0,
                    body,
                    descriptors,
                    wait: Wait::Ready,
                    signals: Vec::new(),
                    ignored: BTreeSet::new(),
                };
                self.kernel.tasks.push(task);
            }
            Err((message, status)) => {
                if !message.is_empty() {
                    context.descriptors = descriptors;
                    context.complain(&message);
                }
                self.finished = Some(status);
            }
        }
    }

    /// Lets every task run that may; true where one did.
    fn turn(&mut self, now: SimTime, world: &mut dyn World, programs: &mut Programs) -> bool {
        let mut ran = false;
        let mut index = 0;
        while index < self.kernel.tasks.len() && self.finished.is_none() {
            if self.deliver(index) {
                ran = true;
                continue;
            }
            if self.kernel.is_runnable(index, now) {
                ran = true;
                self.run_task(index, now, world, programs);
            }
            // Tasks before this one may be gone; those that run twice in a turn do no harm.
            index += 1;
        }
        ran
    }

    /// Ends a task that a signal kills; leaves those it has a trap for.
    fn deliver(&mut self, index: usize) -> bool {
        let task = &mut self.kernel.tasks[index];
        if task.signals.is_empty() {
            return false;
        }
        let is_init = self.is_init && task.pid == self.root;
        let mut fatal = None;
        let signals = std::mem::take(&mut task.signals);
        for signal in signals {
            let has_trap = matches!(&task.body, Body::Shell(shell) if shell.has_trap(signal));
            let is_harmless = matches!(signal, Signal::Child | Signal::Continue | Signal::Stop);
            if signal == Signal::Kill && !is_init {
                fatal = Some(signal);
            } else if task.ignored.contains(&signal) || is_harmless && !has_trap {
            } else if has_trap {
                task.signals.push(signal);
            } else if runs_exit_trap(task, signal) {
                // Whatever it waits for.
                task.signals.push(signal);
                task.wait = Wait::Ready;
                if let Body::Shell(shell) = &mut task.body {
                    shell.after = After::Nothing;
                }
            } else if !is_init {
                fatal = fatal.or(Some(signal));
            }
        }
        let Some(signal) = fatal else { return false };
        let task = self.kernel.tasks.remove(index);
        self.end(&task, Exit::by(signal));
        true
    }

    fn run_task(&mut self, index: usize, now: SimTime, world: &mut dyn World, programs: &mut Programs) {
        let mut task = self.kernel.tasks.remove(index);
        if matches!(task.wait, Wait::Until(_)) {
            self.kernel.wakes += 1;
        }
        task.wait = Wait::Ready;
        let mut context = Context {
            kernel: &mut self.kernel,
            world,
            programs,
            now,
            pid: task.pid,
            descriptors: std::mem::take(&mut task.descriptors),
            signals: std::mem::take(&mut task.signals),
            ignored: std::mem::take(&mut task.ignored),
        };
        let run = match &mut task.body {
            Body::Shell(shell) => {
                context.kernel.running = Some(std::sync::Arc::clone(&shell.arguments));
                shell.run(&mut context)
            }
            Body::Program(program) => {
                context.kernel.running = Some(program.shared_words());
                program.run(&mut context)
            }
        };
        task.descriptors = std::mem::take(&mut context.descriptors);
        task.signals = std::mem::take(&mut context.signals);
        task.ignored = std::mem::take(&mut context.ignored);
        match run {
            Run::Exit(status) => return self.end(&task, Exit::with(status)),
            Run::Killed(signal) => return self.end(&task, Exit::by(signal)),
            Run::Block(wait) => task.wait = wait,
            Run::Yield => {}
            Run::Become(body) => task.body = *body,
        }
        let place = self.kernel.tasks.partition_point(|other| other.pid < task.pid);
        self.kernel.tasks.insert(place, task);
        self.kernel.sweep();
    }

    fn end(&mut self, task: &Task, exit: Exit) {
        self.kernel.bury(task, exit);
        self.kernel.sweep();
        if task.pid == self.root {
            self.finished = Some(exit.status);
        }
    }

    /// The first instant a task waits for.
    fn wake(&self) -> SimTime {
        let wakes = self.kernel.tasks.iter().filter_map(|task| match task.wait {
            Wait::Until(at) | Wait::Input(_, at) | Wait::ChildUntil(_, at) => Some(at),
            _ => None,
        });
        wakes.min().unwrap_or(SimTime::NEVER)
    }

    fn next_step(&self) -> Step {
        let wake = self.wake();
        if self.steady_sleeper().is_some() {
            let files = self.kernel.steady.iter().flat_map(|steady| steady.looked_at.iter().cloned()).collect();
            return Step::Wait(WaitFor { until: SimTime::NEVER, files });
        }
        let mut files = BTreeSet::new();
        for task in &self.kernel.tasks {
            if let Wait::Files { paths, .. } = &task.wait {
                files.extend(paths.iter().cloned());
            }
        }
        if wake != SimTime::NEVER && files.is_empty() {
            return Step::Sleep(wake);
        }
        Step::Wait(WaitFor { until: wake, files: files.into_iter().collect() })
    }

    /// The one sleeping task of a loop whose turns are all alike, with the loop's period.
    fn steady_sleeper(&self) -> Option<(usize, SimDuration)> {
        let steady = self.kernel.steady.as_ref()?;
        if steady.impure != self.kernel.impure || steady.period == SimDuration::ZERO {
            return None;
        }
        let mut sleeper = None;
        for (index, task) in self.kernel.tasks.iter().enumerate() {
            match task.wait {
                Wait::Until(_) if sleeper.is_none() => sleeper = Some((index, steady.period)),
                Wait::Child(_) => {}
                _ => return None,
            }
        }
        sleeper
    }

    /// Turns of a steady loop that nobody looked at have passed: its sleep is now the one it would be in.
    fn skip_turns(&mut self, now: SimTime) {
        if let Some((index, period)) = self.steady_sleeper()
            && let Wait::Until(at) = self.kernel.tasks[index].wait
        {
            self.kernel.tasks[index].wait = Wait::Until(now.next_on_grid(at, period));
        }
        // A wake-up from outside is a reason to look twice.
        self.kernel.steady = None;
    }
}
