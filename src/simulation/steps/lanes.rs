//! Lists of commands: each runs in a lane of its own, one command after another, and waits in virtual time where a
//! command does. A `forEach` keeps several lanes busy.

use std::collections::VecDeque;

use crate::engine::SimTime;
use crate::kubectl::Output;
use crate::record;

use super::super::command::{Pending, Program};
use super::super::event::Event;
use super::super::{Observer, Simulation};

/// All lanes of a run; those that are done are used again.
#[derive(Default)]
pub(super) struct Lanes {
    rows: Vec<Lane>,
    free: Vec<u32>,
    batches: Vec<VecDeque<String>>,
    waiting: usize,
    /// Changes of the log that were there when waiting commands last looked.
    changes_seen: u64,
}

/// A list of commands and how far it has come.
#[derive(Default)]
struct Lane {
    step: u32,
    program: Program,
    commands: Vec<String>,
    next: usize,
    current: Option<Current>,
    /// The names that are still to be done, if it is a lane of a `forEach`.
    batch: Option<usize>,
}

/// A command that waits.
struct Current {
    pending: Pending,
    started: SimTime,
    command: String,
}

impl Current {
    /// One that only looks on does so as long as it was told.
    fn holds_up(&self) -> bool {
        !self.pending.looks_on() || self.pending.deadline() != SimTime::NEVER
    }
}

impl Lanes {
    /// Does a command wait for which the run must go on?
    pub(super) fn hold_up(&self) -> bool {
        self.waiting > 0 && self.rows.iter().filter_map(|lane| lane.current.as_ref()).any(Current::holds_up)
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.waiting > 0
    }

    pub(super) fn look_again(&mut self) {
        self.changes_seen = u64::MAX;
    }

    fn open(&mut self, lane: Lane) -> u32 {
        if let Some(free) = self.free.pop() {
            self.rows[free as usize] = lane;
            return free;
        }
        self.rows.push(lane);
        self.rows.len() as u32 - 1
    }
}

impl super::StepRunner {
    /// Commands that had not ended when the run did.
    pub(in super::super) fn unfinished(&self) -> impl Iterator<Item = Unfinished> + '_ {
        self.lanes.rows.iter().filter_map(|lane| {
            let current = lane.current.as_ref()?;
            let plan = &self.steps[lane.step as usize].plan;
            Some(Unfinished {
                number: plan.index as u32,
                name: plan.name.clone(),
                command: format!("kubectl {}", current.command),
                started: current.started,
                may_fail: plan.may_fail,
            })
        })
    }
}

/// A command that still waited when the run ended.
pub(in super::super) struct Unfinished {
    pub number: u32,
    pub name: String,
    pub command: String,
    pub started: SimTime,
    pub may_fail: bool,
}

impl Simulation {
    /// Runs a list of commands: once, or once for each of `names` with `{}` replaced, `parallel` at a time.
    pub(super) fn run_commands(
        &mut self,
        step: u32,
        program: Program,
        commands: &[String],
        names: Option<(Vec<String>, usize)>,
        observer: &mut dyn Observer,
    ) {
        let Some((names, parallel)) = names else {
            let lane = self.steps.lanes.open(Lane { step, program, commands: commands.to_vec(), ..Lane::default() });
            self.run_lane(lane, observer);
            return;
        };
        let batch = self.steps.lanes.batches.len();
        let lanes = parallel.min(names.len());
        self.steps.lanes.batches.push(names.into());
        for _ in 0..lanes {
            let lane = self.steps.lanes.open(Lane { step, program, batch: Some(batch), ..Lane::default() });
            self.run_lane(lane, observer);
        }
    }

    /// The deadline of a lane's waiting command.
    pub(in super::super) fn command_due(&mut self, lane: u32, observer: &mut dyn Observer) {
        if self.steps.lanes.rows[lane as usize].current.is_some() {
            self.run_lane(lane, observer);
        }
    }

    /// Waiting commands look again after changes.
    pub(in super::super) fn poll_steps(&mut self, observer: &mut dyn Observer) {
        let lanes = &mut self.steps.lanes;
        if lanes.changes_seen == self.recording.changes {
            return;
        }
        lanes.changes_seen = self.recording.changes;
        for lane in 0..lanes.rows.len() as u32 {
            if self.steps.lanes.rows[lane as usize].current.is_some() {
                self.run_lane(lane, observer);
            }
        }
    }

    /// Goes on with a lane until a command waits or there is none left.
    fn run_lane(&mut self, lane: u32, observer: &mut dyn Observer) {
        let index = lane as usize;
        if let Some(current) = self.steps.lanes.rows[index].current.take() {
            self.steps.lanes.waiting -= 1;
            let Current { pending, started, command } = current;
            let known = pending.deadline();
            match self.poll_command(pending) {
                Ok(output) => self.command_ended(index, &command, started, &output, observer),
                Err(pending) => {
                    // A command that looks again and again (`drain`) has another deadline each time.
                    let deadline = pending.deadline();
                    if deadline != known && deadline != SimTime::NEVER && deadline > self.now {
                        self.queue.push(deadline, Event::Command(lane));
                    }
                    self.steps.lanes.waiting += 1;
                    self.steps.lanes.rows[index].current = Some(Current { pending, started, command });
                    return;
                }
            }
        }
        while let Some(command) = self.next_command(index) {
            let started = self.now;
            let program = self.steps.lanes.rows[index].program;
            match self.start_command(program, &command) {
                Ok(output) => self.command_ended(index, &command, started, &output, observer),
                Err(pending) => {
                    self.wait_for(lane, pending, command, started);
                    return;
                }
            }
        }
        self.steps.lanes.free.push(lane);
    }

    /// The next command of a lane; of a `forEach`, the next name's first one if a list is through.
    fn next_command(&mut self, index: usize) -> Option<String> {
        let lanes = &mut self.steps.lanes;
        let lane = &mut lanes.rows[index];
        if lane.next == lane.commands.len() {
            let name = lanes.batches[lane.batch?].pop_front()?;
            let (commands, _) = super::actions::commands(&self.steps.steps[lane.step as usize].plan.action)?;
            lane.commands = commands.iter().map(|command| command.replace("{}", &name)).collect();
            lane.next = 0;
        }
        lane.next += 1;
        lane.commands.get(lane.next - 1).cloned()
    }

    fn wait_for(&mut self, lane: u32, pending: Pending, command: String, started: SimTime) {
        let deadline = pending.deadline();
        if deadline != SimTime::NEVER && deadline > self.now {
            self.queue.push(deadline, Event::Command(lane));
        }
        self.steps.lanes.waiting += 1;
        self.steps.lanes.look_again();
        self.steps.lanes.rows[lane as usize].current = Some(Current { pending, started, command });
    }

    /// Writes a command down; a list whose command failed ends with it.
    fn command_ended(
        &mut self,
        index: usize,
        command: &str,
        started: SimTime,
        output: &Output,
        observer: &mut dyn Observer,
    ) {
        let lane = &mut self.steps.lanes.rows[index];
        let typed = format!("kubectl {command}");
        let plan = &self.steps.steps[lane.step as usize].plan;
        if output.exit != 0 && !plan.may_fail {
            lane.next = lane.commands.len();
            let reason = output.stderr.lines().next().unwrap_or_default();
            self.steps.failures.push(format!("`{typed}` exited with {}: {reason}", output.exit));
        }
        let text = [output.stdout.as_str(), output.stderr.as_str()].concat();
        observer.transcript(started, &typed, &text);
        let (number, name) = (plan.index as u32, plan.name.clone());
        self.recording.collector.step(record::Step {
            number,
            name,
            command: typed,
            start: self.moment(started),
            end: self.moment(self.now),
            exit: Some(output.exit),
            output: text,
        });
    }
}
