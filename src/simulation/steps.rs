//! Carries out the steps of a scenario: kubectl command lines at their times, lists in order, commands that wait in
//! virtual time.

use crate::engine::SimTime;
use crate::kubectl::Output;
use crate::record;
use crate::scenario::plan::{Action, Plan, Trigger};

use super::command::Pending;
use super::event::Event;
use super::{Observer, Simulation};

/// The steps of a run.
#[derive(Default)]
pub(super) struct StepRunner {
    steps: Vec<Running>,
    waiting: usize,
    /// Changes of the log that were there when waiting commands last looked.
    changes_seen: u64,
    /// Commands that failed and should not have.
    pub(super) failures: Vec<String>,
    /// What steps did not do, for the warnings.
    pub(super) notes: Vec<String>,
}

/// A step and how far it has come.
struct Running {
    /// Its number in the file, and what it does if it is no command.
    other: Option<(usize, Action)>,
    commands: Vec<String>,
    next: usize,
    may_fail: bool,
    current: Option<Current>,
}

/// A command that waits.
struct Current {
    pending: Pending,
    started: SimTime,
    command: String,
}

impl StepRunner {
    /// The steps of a plan that have an effect, and when they start.
    pub(super) fn new(plan: &Plan, origin: SimTime) -> (Self, Vec<(SimTime, Event)>) {
        let mut runner = Self::default();
        let mut events = Vec::new();
        for step in &plan.steps {
            let Trigger::At(at) = &step.trigger else { continue };
            let (commands, other) = match &step.action {
                Action::Kubectl(commands) => (commands.clone(), None),
                Action::Fault(_) | Action::Heal(_) | Action::StaticPod(_) => {
                    (Vec::new(), Some((step.index, step.action.clone())))
                }
                _ => continue,
            };
            events.push((origin + *at, Event::Step(runner.steps.len() as u32)));
            runner.steps.push(Running { other, commands, next: 0, may_fail: step.may_fail, current: None });
        }
        (runner, events)
    }

    /// Does any command wait?
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// Something happened that the change log does not tell: waiting commands look again.
    pub(super) fn look_again(&mut self) {
        self.changes_seen = u64::MAX;
    }

    /// Commands that had not ended when the run did.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = (&str, SimTime)> {
        self.steps
            .iter()
            .filter_map(|step| step.current.as_ref())
            .map(|current| (current.command.as_str(), current.started))
    }
}

impl Simulation {
    /// A step's time has come, or the deadline of its waiting command.
    pub(super) fn run_step(&mut self, index: u32, observer: &mut dyn Observer) {
        let index = index as usize;
        if let Some((step, action)) = self.steps.steps[index].other.take() {
            self.act_on_machines(step, &action, observer);
            return;
        }
        if self.steps.steps[index].current.is_some() && !self.poll_step(index, observer) {
            return;
        }
        while let Some(command) = self.steps.steps[index].commands.get(self.steps.steps[index].next).cloned() {
            self.steps.steps[index].next += 1;
            let started = self.now;
            match self.start_command(&command) {
                Ok(output) => {
                    if !self.command_ended(index, &command, started, &output, observer) {
                        return;
                    }
                }
                Err(pending) => {
                    self.wait_for(index, pending, command, started);
                    return;
                }
            }
        }
    }

    /// Waiting commands look again after changes.
    pub(super) fn poll_steps(&mut self, observer: &mut dyn Observer) {
        if self.steps.changes_seen == self.recording.changes {
            return;
        }
        self.steps.changes_seen = self.recording.changes;
        for index in 0..self.steps.steps.len() {
            if self.steps.steps[index].current.is_some() && self.poll_step(index, observer) {
                self.queue.push(self.now, Event::Step(index as u32));
            }
        }
    }

    /// Has the waiting command ended (and may the list go on)?
    fn poll_step(&mut self, index: usize, observer: &mut dyn Observer) -> bool {
        let Some(current) = self.steps.steps[index].current.take() else { return true };
        self.steps.waiting -= 1;
        match self.poll_command(current.pending) {
            Ok(output) => self.command_ended(index, &current.command, current.started, &output, observer),
            Err(pending) => {
                self.steps.waiting += 1;
                self.steps.steps[index].current = Some(Current { pending, ..current });
                false
            }
        }
    }

    fn wait_for(&mut self, index: usize, pending: Pending, command: String, started: SimTime) {
        let deadline = pending.deadline();
        if deadline != SimTime::NEVER && deadline > self.now {
            self.queue.push(deadline, Event::Step(index as u32));
        }
        self.steps.waiting += 1;
        self.steps.look_again();
        self.steps.steps[index].current = Some(Current { pending, started, command });
    }

    /// Writes a command down. Returns whether the list goes on.
    fn command_ended(
        &mut self,
        index: usize,
        command: &str,
        started: SimTime,
        output: &Output,
        observer: &mut dyn Observer,
    ) -> bool {
        let text = [output.stdout.as_str(), output.stderr.as_str()].concat();
        observer.transcript(started, command, &text);
        self.recording.collector.step(record::Step {
            command: format!("kubectl {command}"),
            start: self.moment(started),
            end: self.moment(self.now),
            exit: Some(output.exit),
            output: text,
        });
        let step = &mut self.steps.steps[index];
        if output.exit == 0 || step.may_fail {
            return true;
        }
        step.next = step.commands.len();
        let reason = output.stderr.lines().next().unwrap_or_default();
        self.steps.failures.push(format!("`kubectl {command}` exited with {}: {reason}", output.exit));
        false
    }
}
