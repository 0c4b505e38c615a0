//! Facts about the run as a whole: scenario, steps, expectations, warnings, engine.

use serde::{Deserialize, Serialize};

use super::Moment;

/// Who ran, on what.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RunFacts {
    /// The scenario's name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The scenario's own document, settings of the command line included; empty for a record without one.
    pub scenario: String,
    /// Base of all random numbers.
    pub seed: u64,
    /// The version of kubelapse.
    pub version: String,
    /// The instant of t=0, RFC 3339.
    pub start: String,
    /// Digest of the change log.
    pub digest: String,
    /// Events of the engine that were handled.
    pub engine_events: u64,
    /// Changes in the change log.
    pub engine_changes: u64,
    /// When the record begins: t=0, or earlier with a warm-up.
    pub begin: Moment,
    /// Containers in all, and those on assumed behaviour.
    pub containers: u64,
    /// Containers whose behaviour nothing told.
    pub containers_assumed: u64,
}

/// A command or an action of a step that was carried out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Step {
    /// The step's number in the scenario, from 0.
    pub number: u32,
    /// The step's name; may be empty.
    pub name: String,
    /// What it is called: its command line, or its fault in words.
    pub command: String,
    /// When it started.
    pub start: Moment,
    /// When it ended; `NEVER` if the run ended first.
    pub end: Moment,
    /// Exit code; none for a step that is no command.
    pub exit: Option<i32>,
    /// What it printed, standard error included.
    pub output: String,
}

/// An expectation and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expectation {
    /// Its name, or its expression.
    pub name: String,
    /// `at 30s`, `by 5m`, `during 1m-5m`.
    pub when: String,
    /// The expression.
    pub that: String,
    /// Did it hold?
    pub held: bool,
    /// What was true instead, or where it could not be evaluated.
    pub found: String,
    /// When this was decided.
    pub time: Moment,
}
