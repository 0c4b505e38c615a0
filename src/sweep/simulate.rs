//! One run of many: a plan in, its record out. Nothing that goes wrong in it reaches the other runs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;
use thiserror::Error;

use crate::record::{Record, Summary};
use crate::scenario::Plan;
use crate::simulation::{SetupError, Simulation, Unobserved};

/// A run that came to its end.
#[derive(Debug)]
pub struct Finished {
    /// What happened.
    pub record: Record,
    /// Steps that should not have failed, in words.
    pub failures: Vec<String>,
}

/// Why a run has no record.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// A manifest or configuration that is refused.
    #[error("{0}")]
    Setup(#[from] SetupError),
    /// A bug of kubelapse.
    #[error("kubelapse failed: {0}")]
    Panic(String),
}

impl Finished {
    /// The summary as summary.json holds it (but for the digest of files that are not written).
    pub fn summary(&self) -> Value {
        serde_json::to_value(Summary::of(&self.record)).expect("a summary holds strings, numbers and maps")
    }

    /// Did every expectation hold and every step go well?
    pub fn held(&self) -> bool {
        self.failures.is_empty() && self.record.expectations.iter().all(|expectation| expectation.held)
    }

    /// What did not, one a line; empty if all went well.
    pub fn complaints(&self) -> Vec<String> {
        let not_met = self.record.expectations.iter().filter(|expectation| !expectation.held);
        let not_met = not_met.map(|one| format!("{} ({}): {}", one.name, one.when, one.found));
        self.failures.iter().cloned().chain(not_met).collect()
    }
}

/// Runs a plan to its end on this thread.
///
/// # Errors
/// A manifest that is refused; a panic, which is a bug, caught so that other runs go on.
pub fn simulate(plan: &Plan) -> Result<Finished, RunError> {
    simulate_with(plan, |_| {})
}

/// The same, ended as soon as an expectation has turned out false: for callers who need to know no more.
///
/// # Errors
/// As for [`simulate`].
pub fn simulate_until_failure(plan: &Plan) -> Result<Finished, RunError> {
    simulate_with(plan, Simulation::end_at_failure)
}

fn simulate_with(plan: &Plan, prepare: fn(&mut Simulation)) -> Result<Finished, RunError> {
    let run = || -> Result<Finished, SetupError> {
        let mut simulation = Simulation::new(plan)?;
        prepare(&mut simulation);
        let ending = simulation.run(&mut Unobserved);
        let (record, failures) = simulation.finish(plan, ending);
        Ok(Finished { record, failures })
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(finished) => Ok(finished?),
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
            Err(RunError::Panic(text.unwrap_or_else(|| "a panic without words".to_owned())))
        }
    }
}
