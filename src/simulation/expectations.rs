//! What must be true: every expectation is looked at when what it reads has changed, at its instants, and at the end.
//! Decides nothing about the cluster; a run with and one without expectations are the same.

use std::collections::BTreeSet;

use crate::engine::SimTime;
use crate::record;
use crate::scenario::plan::{Expectation, ExpectationTime, Plan};

use super::Simulation;
use super::expressions::{Interest, Touched, clock_instants};

/// The expectations of a run.
#[derive(Debug, Default)]
pub(super) struct Expectations {
    rows: Vec<Row>,
    /// Instants at which one is looked at whatever happens; after everything else of the instant.
    timetable: BTreeSet<(SimTime, usize)>,
    /// Does a false one end the run?
    ends_at_failure: bool,
    /// It has, or will with the next event.
    pub(super) ends_now: bool,
}

#[derive(Debug)]
struct Row {
    plan: Expectation,
    /// From here on it may be decided.
    from: SimTime,
    /// Here it is decided at the latest; `NEVER` at the run's end.
    to: SimTime,
    interest: Interest,
    outcome: Option<Outcome>,
}

#[derive(Clone, Debug)]
struct Outcome {
    held: bool,
    found: String,
    at: SimTime,
}

impl Row {
    fn new(plan: &Expectation) -> Self {
        let (from, to) = (SimTime::NEVER, SimTime::NEVER);
        Self { plan: plan.clone(), from, to, interest: Interest::everything(), outcome: None }
    }

    /// t=0 is at `origin`.
    fn begin(&mut self, origin: SimTime) {
        (self.from, self.to) = match self.plan.time {
            ExpectationTime::By(by) => (origin, origin + by),
            ExpectationTime::During(from, to) => (origin + from, origin + to),
            ExpectationTime::At(at) => (origin + at, origin + at),
            ExpectationTime::End => (SimTime::NEVER, SimTime::NEVER),
        };
    }

    /// Is it looked at whenever something changes?
    fn is_live(&self, now: SimTime) -> bool {
        let lasts = matches!(self.plan.time, ExpectationTime::By(_) | ExpectationTime::During(..));
        lasts && self.outcome.is_none() && self.from <= now && now <= self.to
    }

    /// `by 30s`, as results show it.
    fn when(&self) -> String {
        match self.plan.time {
            ExpectationTime::By(by) => format!("by {by}"),
            ExpectationTime::During(from, to) => format!("during {from}-{to}"),
            ExpectationTime::At(at) => format!("at {at}"),
            ExpectationTime::End => "at end".to_owned(),
        }
    }
}

impl Expectations {
    /// Those of a plan; none is looked at before `begin`.
    pub(super) fn new(plan: &Plan) -> Self {
        let rows = plan.expectations.iter().map(Row::new).collect();
        Self { rows, ..Self::default() }
    }

    /// t=0 is at `origin`: from here times count.
    pub(super) fn begin(&mut self, origin: SimTime) {
        let timetable = &mut self.timetable;
        for (index, row) in self.rows.iter_mut().enumerate() {
            row.begin(origin);
            if row.to == SimTime::NEVER {
                continue;
            }
            timetable.extend([(row.from, index), (row.to, index)]);
            let clock = clock_instants(&row.plan.that, origin);
            timetable.extend(clock.into_iter().filter(|at| row.from < *at && *at < row.to).map(|at| (at, index)));
        }
    }

    /// The next instant after whose last event one is looked at.
    #[inline]
    pub(super) fn next_time(&self) -> Option<SimTime> {
        self.timetable.first().map(|(at, _)| *at)
    }

    /// Is anything left to decide?
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        !self.timetable.is_empty()
    }
}

impl Simulation {
    /// The run ends as soon as an expectation has turned out false.
    pub fn end_at_failure(&mut self) {
        self.expectations.ends_at_failure = true;
    }

    /// Everything of the instants up to `now` has happened: those whose instant it was are looked at.
    pub(super) fn look_at_due_expectations(&mut self) {
        while let Some((at, index)) = self.expectations.timetable.first().copied()
            && at <= self.now
        {
            self.expectations.timetable.pop_first();
            if self.expectations.rows[index].outcome.is_none() {
                self.look_at_expectation(index, at);
            }
        }
    }

    /// Something changed: those that read it are looked at.
    pub(super) fn look_at_touched_expectations(&mut self, touched: &Touched) {
        for index in 0..self.expectations.rows.len() {
            let row = &self.expectations.rows[index];
            if row.is_live(self.now) && row.interest.is_touched(touched) {
                self.look_at_expectation(index, self.now);
            }
        }
    }

    /// The run has ended: nothing changes any more, so what is open is decided by what is there.
    pub(super) fn close_expectations(&mut self) {
        self.expectations.timetable.clear();
        for index in 0..self.expectations.rows.len() {
            let row = &self.expectations.rows[index];
            if row.outcome.is_none() {
                let ended_within = row.from <= self.now && self.now < row.to;
                if let (ExpectationTime::During(..), true) = (row.plan.time, ended_within) {
                    let end = self.moment(self.now);
                    self.recording.collector.warn(format!(
                        "expectation `{}` ({}) was looked at until the run's end at {end}s only",
                        row.plan.name,
                        row.when()
                    ));
                }
                self.decide(index, self.now, true);
            }
        }
        for row in std::mem::take(&mut self.expectations.rows) {
            let when = row.when();
            let Some(outcome) = row.outcome else { continue };
            let time = self.moment(outcome.at);
            self.recording.collector.expectation(record::Expectation {
                name: row.plan.name,
                when,
                that: row.plan.that.text,
                held: outcome.held,
                found: outcome.found,
                time,
            });
        }
    }

    fn look_at_expectation(&mut self, index: usize, at: SimTime) {
        let is_last = at >= self.expectations.rows[index].to;
        self.decide(index, at, is_last);
    }

    /// Looks at an expectation and decides it if that can be done; at its last look it can.
    fn decide(&mut self, index: usize, at: SimTime, is_last: bool) {
        let row = &self.expectations.rows[index];
        let (time, expression) = (row.plan.time, row.plan.that.clone());
        let (evaluation, interest) = self.look_at(&expression);
        let holds = evaluation.result == Ok(true);
        let held = match time {
            ExpectationTime::By(_) if holds => true,
            ExpectationTime::During(..) if !holds => false,
            _ if is_last => holds,
            _ => {
                self.expectations.rows[index].interest = interest;
                return;
            }
        };
        let found = match evaluation.result {
            Ok(true) => String::new(),
            Ok(false) => self.explain(&expression),
            Err(error) => error.message,
        };
        let expectations = &mut self.expectations;
        expectations.ends_now |= !held && expectations.ends_at_failure;
        expectations.rows[index].outcome = Some(Outcome { held, found, at });
    }
}
