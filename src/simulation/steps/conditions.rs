//! `when`: steps that run once, at the first instant at which something is true. Looked at when what they read has
//! changed, and at the instants with which they compare the clock.

use std::collections::BTreeSet;

use crate::engine::SimTime;
use crate::scenario::expressions::Expression;

use super::super::Simulation;
use super::super::expressions::{Interest, Touched, clock_instants};
use super::StepRunner;

/// The conditions that have not come true.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    open: Vec<Condition>,
    /// When one is looked at whatever happens; after everything else of the instant.
    timetable: BTreeSet<SimTime>,
}

#[derive(Debug)]
struct Condition {
    step: u32,
    expression: Expression,
    interest: Interest,
}

impl Conditions {
    /// A step waits for `expression` from t=0 (at `origin`) on.
    pub fn add(&mut self, step: u32, expression: &Expression, origin: SimTime) {
        self.open.push(Condition { step, expression: expression.clone(), interest: Interest::everything() });
        self.timetable.insert(origin);
        self.timetable.extend(clock_instants(expression, origin));
    }
}

impl StepRunner {
    /// Does any step wait for something to become true?
    #[inline]
    pub(in super::super) fn has_conditions(&self) -> bool {
        !self.conditions.open.is_empty()
    }

    /// The next instant after whose last event conditions are looked at.
    #[inline]
    pub(in super::super) fn next_condition(&self) -> Option<SimTime> {
        self.conditions.timetable.first().copied()
    }
}

impl Simulation {
    /// Conditions that read what changed are looked at; the steps of those that are true now run next.
    pub(in super::super) fn look_at_conditions(&mut self, touched: &Touched) {
        self.look_at_conditions_where(|condition| condition.interest.is_touched(touched));
    }

    /// The clock has reached an instant with which some condition compares it.
    pub(in super::super) fn look_at_due_conditions(&mut self) {
        let conditions = &mut self.steps.conditions;
        let before = conditions.timetable.len();
        conditions.timetable = conditions.timetable.split_off(&SimTime(self.now.0 + 1));
        if conditions.timetable.len() < before {
            self.look_at_conditions_where(|_| true);
        }
    }

    fn look_at_conditions_where(&mut self, is_due: impl Fn(&Condition) -> bool) {
        if self.now < self.origin {
            return;
        }
        let mut index = 0;
        while index < self.steps.conditions.open.len() {
            if !is_due(&self.steps.conditions.open[index]) {
                index += 1;
                continue;
            }
            let expression = self.steps.conditions.open[index].expression.clone();
            let (evaluation, interest) = self.look_at(&expression);
            if evaluation.result == Ok(true) {
                let condition = self.steps.conditions.open.remove(index);
                self.steps.timetable.insert((self.now, condition.step));
            } else {
                self.steps.conditions.open[index].interest = interest;
                index += 1;
            }
        }
    }
}
