//! Carries out the steps of a scenario at their times: which step is due (here), lists of commands that wait in virtual
//! time (`lanes`), and what a step that is no command does (`actions`).
//! Steps have a timetable of their own, so that those of an instant run in the order of the file and before anything else.

mod actions;
mod conditions;
mod lanes;
mod targets;

use std::collections::BTreeSet;

use crate::engine::random::{Stream, Streams};
use crate::engine::{SimDuration, SimTime};
use crate::scenario::plan::{self, Plan, Trigger};

use super::{Observer, Simulation};
pub(super) use actions::Effect;
use conditions::Conditions;
use lanes::Lanes;

/// The steps of a run.
pub(super) struct StepRunner {
    steps: Vec<Step>,
    /// When which step is due next; equal times in the order of the file.
    timetable: BTreeSet<(SimTime, u32)>,
    lanes: Lanes,
    conditions: Conditions,
    /// Commands that failed and should not have.
    pub(super) failures: Vec<String>,
}

/// A step and how often it ran.
struct Step {
    plan: plan::Step,
    fired: u32,
    /// Of random periods.
    stream: Stream,
}

impl StepRunner {
    /// The steps of a plan; none is due before `start`.
    pub(super) fn new(plan: &Plan, streams: Streams) -> Self {
        let step = |step: &plan::Step| Step {
            plan: step.clone(),
            fired: 0,
            stream: streams.stream("simulation/steps", step.index as u64),
        };
        Self {
            steps: plan.steps.iter().map(step).collect(),
            timetable: BTreeSet::new(),
            lanes: Lanes::default(),
            conditions: Conditions::default(),
            failures: Vec::new(),
        }
    }

    /// The scenario's t=0 is at `origin`: from here times count.
    pub(super) fn start(&mut self, origin: SimTime) {
        for index in 0..self.steps.len() {
            let step = &mut self.steps[index];
            let first = match &step.plan.trigger {
                Trigger::At(at) | Trigger::Every { first: Some(at), .. } => *at,
                Trigger::Every { first: None, .. } => step.period(),
                Trigger::When(condition) => {
                    self.conditions.add(index as u32, condition, origin);
                    continue;
                }
            };
            self.timetable.insert((origin + first, index as u32));
        }
    }

    /// When the next step is due.
    #[inline]
    pub(super) fn next_time(&self) -> Option<SimTime> {
        self.timetable.first().map(|(at, _)| *at)
    }

    /// Is one due by `now`?
    #[inline]
    pub(super) fn is_due(&self, now: SimTime) -> bool {
        self.next_time().is_some_and(|at| at <= now)
    }

    /// Does any command wait?
    #[inline]
    pub(super) fn is_waiting(&self) -> bool {
        self.lanes.is_waiting()
    }

    /// Does a command wait for which the run must go on?
    pub(super) fn holds_up(&self) -> bool {
        self.lanes.hold_up()
    }

    /// Something happened that the change log does not tell: waiting commands look again.
    pub(super) fn look_again(&mut self) {
        self.lanes.look_again();
    }

    /// Steps that never ran, in words.
    pub(super) fn never_ran(&self) -> impl Iterator<Item = String> + '_ {
        self.steps.iter().filter(|step| step.fired == 0).filter_map(|step| {
            let Trigger::When(expression) = &step.plan.trigger else { return None };
            Some(format!("spec.steps[{}]: `when: {}` never became true", step.plan.index, expression.text))
        })
    }
}

impl Step {
    /// The time until it runs again, at least a nanosecond.
    fn period(&mut self) -> SimDuration {
        let Trigger::Every { period, .. } = &self.plan.trigger else { return SimDuration::ZERO };
        SimDuration(SimDuration::from_secs_f64(period.sample(&mut self.stream)).0.max(1))
    }

    /// May it run again?
    fn goes_on(&self) -> bool {
        match &self.plan.trigger {
            Trigger::Every { times, .. } => times.is_none_or(|times| self.fired < times),
            _ => false,
        }
    }
}

impl Simulation {
    /// Runs every step that is due now.
    pub(super) fn run_due_steps(&mut self, observer: &mut dyn Observer) {
        while let Some(&(at, index)) = self.steps.timetable.first()
            && at <= self.now
        {
            self.steps.timetable.pop_first();
            self.run_step(index, observer);
        }
    }

    /// Runs a step now.
    pub(super) fn run_step(&mut self, index: u32, observer: &mut dyn Observer) {
        let step = &mut self.steps.steps[index as usize];
        step.fired += 1;
        if step.goes_on() {
            let next = self.now + step.period();
            self.steps.timetable.insert((next, index));
        }
        self.act(index, observer);
    }
}
