//! W0002, W0003 and E0014: times that lie after the end of the run, windows that end before they begin.

use super::{CONTRADICTION, TOO_LATE, VOID};
use crate::engine::SimDuration;
use crate::scenario::field_path::FieldPath;
use crate::scenario::schema::behaviors::Window;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::leaves::Duration;
use crate::scenario::schema::scenario::{IdleOr, Scenario, When};

/// Latest end of a run until idle if nothing is said.
pub const MAX_TIME: SimDuration = SimDuration::from_secs(600);

/// Looks at all times of steps, expectations and behaviors.
pub fn check(scenario: &Scenario, findings: &mut Vec<Finding>) {
    let spec = &scenario.spec;
    let path = FieldPath::of(&["spec"]);
    let mut check = Check { end: end(scenario), findings };
    if let (Some(IdleOr::After(_)), Some(_)) = (spec.until, spec.max_time) {
        let message = "`maxTime` counts only for runs until `idle`";
        check.findings.push(Finding::key(&VOID, path.key("maxTime"), message));
    }
    for (index, step) in spec.steps.iter().enumerate() {
        check.within(step.at, &path.key("steps").index(index).key("at"));
    }
    for (index, expectation) in spec.expect.iter().enumerate() {
        let own = path.key("expect").index(index);
        check.within(expectation.by, &own.key("by"));
        if let Some(When::At(at)) = expectation.at {
            check.within(Some(at), &own.key("at"));
        }
        if let Some((from, to)) = expectation.during {
            check.ordered(from, to, &own.key("during"));
            check.within(Some(to), &own.key("during").index(1));
        }
    }
    for (index, behavior) in spec.behaviors.iter().enumerate() {
        let own = path.key("behaviors").index(index);
        check.windows(&behavior.unready, &own.key("unready"));
        check.windows(&behavior.dead, &own.key("dead"));
    }
}

/// The latest end of the run after t=0.
fn end(scenario: &Scenario) -> SimDuration {
    match scenario.spec.until {
        Some(IdleOr::After(Duration(until))) => until,
        _ => scenario.spec.max_time.map_or(MAX_TIME, |Duration(max)| max),
    }
}

struct Check<'a> {
    end: SimDuration,
    findings: &'a mut Vec<Finding>,
}

impl Check<'_> {
    fn within(&mut self, at: Option<Duration>, path: &FieldPath) {
        if let Some(Duration(at)) = at
            && at > self.end
        {
            let message = format!("{at} lies after the end of the run ({})", self.end);
            self.findings.push(Finding::value(&TOO_LATE, path.clone(), message).hint("raise `until` or `maxTime`"));
        }
    }

    fn ordered(&mut self, Duration(from): Duration, Duration(to): Duration, path: &FieldPath) {
        if to <= from {
            let message = format!("the end ({to}) is not after the begin ({from})");
            self.findings.push(Finding::value(&CONTRADICTION, path.clone(), message));
        }
    }

    fn windows(&mut self, windows: &[Window], path: &FieldPath) {
        for (index, window) in windows.iter().enumerate() {
            if let Some(to) = window.to {
                self.ordered(window.from, to, &path.index(index));
            }
        }
    }
}
