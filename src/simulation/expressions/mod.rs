//! Expressions over a running cluster: what they may ask (`facts`), which numbers and lists are there even if the API leaves
//! them out (`absent`), and when they have to be looked at again (`Interest`).

mod absent;
mod facts;

use std::collections::BTreeSet;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::scenario::evaluation::{Call, Evaluation, evaluate, explain};
use crate::scenario::expressions::Expression;

use super::Simulation;
use facts::RunFacts;

/// What has happened since expressions were last looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    /// Kinds of which an object was written.
    pub kinds: BTreeSet<Kind>,
    /// A Kubernetes Event was written.
    pub events: bool,
    /// Some load took another course.
    pub traffic: bool,
}

impl Touched {
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty() && !self.events && !self.traffic
    }
}

/// What an expression has read: it is looked at again when one of these changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Interest {
    kinds: BTreeSet<Kind>,
    events: bool,
    traffic: bool,
    /// It read something that every change may change.
    everything: bool,
}

impl Interest {
    /// Before it has read anything: everything may matter.
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    fn of(asked: &[Call]) -> Self {
        let mut interest = Self::default();
        for call in asked {
            let kind = match call.function.as_str() {
                "now" => continue,
                "events" => {
                    interest.events = true;
                    continue;
                }
                "traffic" | "traffic.last" => {
                    interest.traffic = true;
                    continue;
                }
                "exists" | "object" | "objects" => call.arguments.first().and_then(|kind| Kind::from_argument(kind)),
                function => Kind::from_argument(function),
            };
            match kind {
                Some(kind) => drop(interest.kinds.insert(kind)),
                None => interest.everything = true,
            }
        }
        interest
    }

    /// Does it concern the expression?
    pub fn is_touched(&self, touched: &Touched) -> bool {
        self.everything && !touched.is_empty()
            || self.events && touched.events
            || self.traffic && touched.traffic
            || self.kinds.iter().any(|kind| touched.kinds.contains(kind))
    }
}

impl Simulation {
    /// Something happened: expectations and conditions that read it are looked at.
    pub(super) fn look_at_touched(&mut self) {
        let touched = std::mem::take(&mut self.touched);
        self.look_at_touched_expectations(&touched);
        self.look_at_conditions(&touched);
    }

    /// The clock moves on to `next`: what has to be looked at before, after everything of its instant, is.
    pub(super) fn look_until(&mut self, next: SimTime) {
        loop {
            let due = [self.expectations.next_time(), self.steps.next_condition()].into_iter().flatten().min();
            let Some(at) = due.filter(|at| *at < next) else { return };
            self.now = self.now.max(at);
            self.look_at_due_expectations();
            self.look_at_due_conditions();
        }
    }

    /// Is an expression true now? Also what it read.
    pub(super) fn look_at(&mut self, expression: &Expression) -> (Evaluation, Interest) {
        self.recording.collector.reach(self.now);
        if expression.program.references().has_variable("summary") {
            self.update_traffic_record();
        }
        let evaluation = evaluate(expression, &mut RunFacts { simulation: self });
        let interest = Interest::of(&evaluation.asked);
        (evaluation, interest)
    }

    /// Why an expression is not true now.
    pub(super) fn explain(&mut self, expression: &Expression) -> String {
        self.recording.collector.reach(self.now);
        explain(expression, &mut RunFacts { simulation: self })
    }
}

/// The instants at which a comparison of `now` with a number can change, counted from `origin`.
pub(super) fn clock_instants(expression: &Expression, origin: SimTime) -> Vec<SimTime> {
    let mut seconds = Vec::new();
    collect_clock(expression.program.expression(), &mut seconds);
    let mut instants: Vec<SimTime> = seconds
        .into_iter()
        .filter(|seconds| *seconds >= 0.0)
        .map(|seconds| origin + SimDuration::from_secs_f64(seconds))
        .flat_map(|at| [at, SimTime(at.0 + 1)])
        .collect();
    instants.sort_unstable();
    instants.dedup();
    instants
}

fn collect_clock(expression: &IdedExpr, seconds: &mut Vec<f64>) {
    match &expression.expr {
        Expr::Call(call) => {
            let comparison = [
                operators::EQUALS,
                operators::NOT_EQUALS,
                operators::GREATER,
                operators::GREATER_EQUALS,
                operators::LESS,
                operators::LESS_EQUALS,
            ];
            if let [left, right] = call.args.as_slice()
                && comparison.contains(&call.func_name.as_str())
            {
                match (&left.expr, &right.expr) {
                    (Expr::Ident(name), Expr::Literal(number)) | (Expr::Literal(number), Expr::Ident(name))
                        if name == "now" =>
                    {
                        seconds.extend(number_of(number));
                    }
                    _ => {}
                }
            }
            call.target.iter().for_each(|target| collect_clock(target, seconds));
            call.args.iter().for_each(|argument| collect_clock(argument, seconds));
        }
        Expr::Select(select) => collect_clock(&select.operand, seconds),
        Expr::Comprehension(comprehension) => {
            collect_clock(&comprehension.iter_range, seconds);
            collect_clock(&comprehension.loop_step, seconds);
        }
        Expr::List(list) => list.elements.iter().for_each(|element| collect_clock(element, seconds)),
        _ => {}
    }
}

fn number_of(literal: &LiteralValue) -> Option<f64> {
    match literal {
        LiteralValue::Int(number) => Some(*number.inner() as f64),
        LiteralValue::Double(number) => Some(*number.inner()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_looked_at_when_the_clock_passes_its_numbers() {
        let instants = |text: &str| clock_instants(&Expression::compile(text).unwrap(), SimTime(5));
        let second = 1_000_000_000;
        assert_eq!(
            instants("now > 2 && pods('').all(p, now <= 3.5)"),
            [SimTime(5 + 2 * second), SimTime(6 + 2 * second), SimTime(5 + 3_500_000_000), SimTime(6 + 3_500_000_000)]
        );
        assert_eq!(instants("pods('').size() > 2"), []);
    }

    #[test]
    fn interest_is_in_the_kinds_that_were_read() {
        let call = |function: &str, argument: &str| Call {
            function: function.to_owned(),
            arguments: vec![argument.to_owned()],
        };
        let interest = Interest::of(&[call("pod", "a"), call("exists", "node"), call("now", "")]);
        let touched = |kind| Touched { kinds: BTreeSet::from([kind]), ..Touched::default() };
        assert!(interest.is_touched(&touched(Kind::POD)) && interest.is_touched(&touched(Kind::NODE)));
        assert!(!interest.is_touched(&touched(Kind::DEPLOYMENT)));
        assert!(Interest::of(&[call("summary", "")]).is_touched(&touched(Kind::DEPLOYMENT)));
    }
}
