//! The little operating system under a process tree: tasks, pipes, open files, signals. It decides who may run;
//! what a task does is the shell's (`interpreter`) or a program's (`programs`) affair.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::SimTime;

use super::programs::Program;
use super::shell::{After, Shell};
use super::signal::Signal;
use super::userland::Userland;

/// Bytes a pipe holds before its writer waits (Linux' default).
const PIPE_CAPACITY: usize = 65_536;

/// A text that is longer than this grows without end.
pub(super) const TEXT_MAX: usize = 1 << 26;
/// An array of more elements takes all memory.
pub(super) const ELEMENTS_MAX: usize = 1 << 20;
/// What a process takes that gathers a text without end: all memory that there is.
pub(super) const ALL_MEMORY: u64 = 1 << 50;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exit {
    pub status: i32,
    /// The signal that ended it.
    pub killed_by: Option<Signal>,
}

impl Exit {
    pub fn with(status: i32) -> Self {
        Self { status, killed_by: None }
    }

    pub fn by(signal: Signal) -> Self {
        Self { status: 128 + signal.number(), killed_by: Some(signal) }
    }
}

/// Number of a simulated process.
pub(super) type Pid = u32;

/// What a file descriptor leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Handle {
    /// `/dev/null`.
    Null,
    /// `/dev/zero`.
    Zero,
    /// `/dev/urandom`.
    Random,
    /// The container's standard output.
    Stdout,
    /// The container's standard error.
    Stderr,
    File(u32),
    PipeRead(u32),
    PipeWrite(u32),
}

/// Open file descriptors of a task.
pub(super) type Descriptors = BTreeMap<i32, Handle>;

#[derive(Clone, Debug)]
pub(super) struct OpenFile {
    pub path: String,
    pub offset: u64,
    pub append: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Pipe {
    pub buffer: Vec<u8>,
    /// A command substitution's: its reader takes all at the end, so the writer never waits.
    pub is_capture: bool,
}

/// Why a task does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Ready,
    /// A child that runs in the foreground.
    Child(Pid),
    /// All stages of a pipeline.
    Stages(Vec<Pid>),
    /// A command substitution: until nobody can write into the pipe any more.
    Capture(Pid, u32),
    /// `wait`: until these have ended, or a trapped signal.
    Jobs(Vec<Pid>),
    Until(SimTime),
    /// Until a child ends, at most until the instant.
    ChildUntil(Pid, SimTime),
    /// Until the descriptor can be read without waiting, at most until the instant.
    Input(i32, SimTime),
    /// Until one of the files may have changed.
    Files {
        paths: Vec<String>,
        changes: u64,
    },
    /// Only a signal ends it.
    Forever,
}

/// One simulated process.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub pid: Pid,
    pub parent: Pid,
    pub body: Body,
    pub descriptors: Descriptors,
    pub wait: Wait,
    /// Signals that have arrived and were not handled yet.
    pub signals: Vec<Signal>,
    /// Signals this task ignores (inherited from `trap ''`).
    pub ignored: BTreeSet<Signal>,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Shell(Box<Shell>),
    Program(Box<Program>),
}

/// What a task did when it was let run.
#[derive(Debug)]
pub(super) enum Run {
    Block(Wait),
    Exit(i32),
    /// A signal has ended it.
    Killed(Signal),
    /// It could go on; others first.
    Yield,
    /// `exec`: the task becomes this shell or program.
    Become(Box<Body>),
}

/// All tasks of one process tree and what they share.
#[derive(Clone, Debug, Default)]
pub(super) struct Kernel {
    pub tasks: Vec<Task>,
    /// How those ended that were not waited for.
    pub exited: BTreeMap<Pid, Exit>,
    pub pipes: BTreeMap<u32, Pipe>,
    pub files: BTreeMap<u32, OpenFile>,
    pub next_pid: Pid,
    pub userland: Userland,
    /// The container's first process: signals it has no handler for do nothing. 0 where it is none of these.
    pub init: Pid,
    pub next_handle: u32,
    /// A shell's variable has grown beyond all bounds.
    pub is_out_of_bounds: bool,
    /// Programs that were called and that nobody knows.
    pub unknown_programs: BTreeSet<String>,
    /// Counts what a process did that can be seen from outside or that depends on the instant.
    pub impure: u64,
    /// Counts changes of files by this tree.
    pub changes: u64,
    /// Paths looked at since the last turn of a loop.
    pub looked_at: BTreeSet<String>,
    /// Sleeps that ended since the last turn of a loop.
    pub wakes: u32,
    /// Command line of the running task.
    pub running: Option<std::sync::Arc<[String]>>,
    /// Instructions run in this instant.
    pub spent: u32,
    /// Something runs without waiting and without end, and depends on nothing but these paths.
    pub endless: Option<BTreeSet<String>>,
    /// A loop that did the same twice; see `process`.
    pub steady: Option<Steady>,
}

/// A loop whose turns cannot be told apart: it slept once a turn, for `period` from turn to turn, and did nothing
/// but look at files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steady {
    pub period: crate::engine::SimDuration,
    pub impure: u64,
    pub looked_at: BTreeSet<String>,
}

impl Kernel {
    pub fn position(&self, pid: Pid) -> Option<usize> {
        self.tasks.binary_search_by_key(&pid, |task| task.pid).ok()
    }

    pub fn new_pid(&mut self) -> Pid {
        self.next_pid += 1;
        self.next_pid - 1
    }

    pub fn new_pipe(&mut self, is_capture: bool) -> u32 {
        self.next_handle += 1;
        self.pipes.insert(self.next_handle, Pipe { buffer: Vec::new(), is_capture });
        self.next_handle
    }

    pub fn open_file(&mut self, path: String, append: bool) -> Handle {
        self.next_handle += 1;
        self.files.insert(self.next_handle, OpenFile { path, offset: 0, append });
        Handle::File(self.next_handle)
    }

    /// Words of a task's command line; of the running one, which has been taken out, those that were kept.
    pub fn command_of(&self, pid: Pid) -> Option<Vec<String>> {
        let Some(place) = self.position(pid) else { return self.running.clone().map(|words| words.to_vec()) };
        Some(match &self.tasks[place].body {
            Body::Shell(shell) => shell.arguments.to_vec(),
            Body::Program(program) => program.words().to_vec(),
        })
    }

    /// Does any task (the running one has been taken out) hold this handle?
    pub fn is_held(&self, handle: &Handle) -> bool {
        self.tasks.iter().any(|task| task.holds(handle))
    }

    /// May this task run now?
    pub fn is_runnable(&self, index: usize, now: SimTime) -> bool {
        let task = &self.tasks[index];
        let ready = match &task.wait {
            Wait::Ready => true,
            Wait::Child(pid) => self.exited.contains_key(pid),
            Wait::Stages(pids) => pids.iter().all(|pid| self.exited.contains_key(pid)),
            Wait::Capture(pid, pipe) => self.exited.contains_key(pid) && !self.is_held(&Handle::PipeWrite(*pipe)),
            Wait::Jobs(pids) => {
                task.has_trapped_signal()
                    || pids.iter().all(|pid| self.exited.contains_key(pid) || self.position(*pid).is_none())
            }
            Wait::Until(at) => *at <= now,
            Wait::ChildUntil(pid, at) => *at <= now || self.exited.contains_key(pid),
            Wait::Input(fd, until) => *until <= now || task.has_trapped_signal() || self.is_readable(task, *fd),
            Wait::Files { changes, .. } => *changes != self.changes,
            Wait::Forever => false,
        };
        ready && !task.descriptors.values().any(|handle| self.is_full(handle))
    }

    fn is_readable(&self, task: &Task, fd: i32) -> bool {
        match task.descriptors.get(&fd) {
            Some(Handle::PipeRead(pipe)) => {
                !self.pipes.get(pipe).is_some_and(|pipe| pipe.buffer.is_empty())
                    || !self.tasks.iter().any(|other| other.pid != task.pid && other.holds(&Handle::PipeWrite(*pipe)))
            }
            _ => true,
        }
    }

    /// A pipe with as much as it holds, and somebody who may still take from it.
    fn is_full(&self, handle: &Handle) -> bool {
        let Handle::PipeWrite(id) = handle else { return false };
        let Some(pipe) = self.pipes.get(id) else { return false };
        !pipe.is_capture && pipe.buffer.len() >= PIPE_CAPACITY && self.is_held(&Handle::PipeRead(*id))
    }

    /// Forgets pipes and files nobody holds; `running` is the task that has been taken out.
    pub fn sweep(&mut self) {
        if self.pipes.is_empty() && self.files.is_empty() {
            return;
        }
        let mut held = BTreeSet::new();
        for task in &self.tasks {
            if let Body::Shell(shell) = &task.body
                && let After::Capture(_, pipe) = &shell.after
            {
                held.insert(*pipe);
            }
            for handle in task.handles() {
                if let Handle::File(id) | Handle::PipeRead(id) | Handle::PipeWrite(id) = handle {
                    held.insert(*id);
                }
            }
        }
        self.pipes.retain(|id, _| held.contains(id));
        self.files.retain(|id, _| held.contains(id));
    }

    /// The running task (it has been taken out) would do the same again and again: true where no other can run and
    /// nobody else could notice.
    pub fn is_endless(&self, now: SimTime) -> bool {
        self.pipes.is_empty() && (0..self.tasks.len()).all(|index| !self.is_runnable(index, now))
    }

    /// Sends a signal to a task of this tree; false where there is none.
    pub fn signal(&mut self, pid: Pid, signal: Signal) -> bool {
        let Some(index) = self.position(pid) else { return false };
        self.tasks[index].signals.push(signal);
        true
    }

    /// Sends a signal to a task and to all that it has started.
    pub fn signal_family(&mut self, pid: Pid, signal: Signal) {
        let mut family = vec![pid];
        // Children have higher numbers than their parents.
        for task in &mut self.tasks {
            if family.contains(&task.pid) || family.contains(&task.parent) {
                family.push(task.pid);
                task.signals.push(signal);
            }
        }
    }

    /// A task has ended: its children belong to nobody, and its status waits for its parent.
    pub fn bury(&mut self, task: &Task, exit: Exit) {
        for child in &mut self.tasks {
            if child.parent == task.pid {
                child.parent = 0;
            }
        }
        if task.parent != 0 {
            self.exited.insert(task.pid, exit);
        }
    }
}

impl Task {
    pub fn holds(&self, handle: &Handle) -> bool {
        self.handles().any(|held| held == handle)
    }

    /// Descriptors and those put aside by redirections.
    fn handles(&self) -> impl Iterator<Item = &Handle> {
        let aside: Box<dyn Iterator<Item = &Handle>> = match &self.body {
            Body::Shell(shell) => Box::new(shell.handles_aside()),
            Body::Program(_) => Box::new(std::iter::empty()),
        };
        self.descriptors.values().chain(aside)
    }

    fn has_trapped_signal(&self) -> bool {
        match &self.body {
            Body::Shell(shell) => self.signals.iter().any(|signal| shell.has_trap(*signal)),
            Body::Program(_) => false,
        }
    }
}
