//! `compare`: one scenario with two sets of manifests, the base's and the head's, run under the same seeds; the
//! difference of every figure with its 95 % interval, for whoever reviews the change. Runs go through `sweep`'s runner;
//! nothing here knows how a run goes, and no result depends on the number of threads.

mod changes;
mod figures;
mod gate;
mod junit;
mod markdown;
mod picture;
mod sides;
mod text;

use serde::Serialize;

use crate::record::Moment;
use crate::scenario::expressions::Expression;
use crate::scenario::plan::Output;
use crate::scenario::{Diagnostics, LoadOptions, SourceFile};
use crate::sweep::{Finished, Jobs, RunError, in_order, simulate};
pub use changes::{Change, ObjectChange, What};
use figures::Numbers;
pub use figures::{Figure, Headline, Tone, Trend};
pub use gate::{Verdict, check};
pub use junit::suite;
pub use markdown::markdown;
pub use picture::{png, svg};
pub use sides::{Side, SideError};
pub use text::text;

/// What is compared.
#[derive(Debug)]
pub struct Question {
    /// Both sides, ready to be planned.
    pub sides: [Side; 2],
    /// Runs on each side.
    pub seeds: u64,
    /// Runs at once.
    pub jobs: Jobs,
    /// What must not be true of the figures.
    pub fail_if: Vec<Expression>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The scenario's name.
    pub name: String,
    /// Its description; may be empty.
    pub description: String,
    /// The version of kubelapse.
    pub version: String,
    /// The first seed; the others follow it.
    pub seed: u64,
    /// Runs on each side.
    pub runs: u64,
    /// The manifests of both sides, as named.
    pub paths: [String; 2],
    /// What differs between the manifests.
    pub changes: Vec<ObjectChange>,
    /// The figures that everybody asks for.
    pub headlines: Vec<Headline>,
    /// Every figure.
    pub figures: Vec<Figure>,
    /// What was expected, and in how many runs it did not hold.
    pub expectations: Vec<Expected>,
    /// Steps that failed, by their words: in how many runs.
    pub failures: Vec<Expected>,
    /// What `--fail-if` came to.
    pub verdicts: Vec<Verdict>,
    /// What the first run of each side warned of: a setting without effect, traffic that reached nobody, ….
    pub warnings: Vec<String>,
    /// One run of each side over time, for the picture.
    #[serde(skip)]
    course: [Course; 2],
}

/// Something that should be so in every run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// What it is called.
    pub name: String,
    /// In how many runs of the base it was not so.
    pub broken_base: u64,
    /// In how many of the head.
    pub broken_head: u64,
    /// What was true instead, in the first such run of the head, or else of the base.
    pub found: String,
}

/// A run over time: steps of a value.
#[derive(Clone, Debug, Default)]
struct Course {
    end: Moment,
    steps: Vec<Moment>,
    ready: Vec<(Moment, f64)>,
    pending: Vec<(Moment, f64)>,
    dropped: Vec<(Moment, f64)>,
    latency: Vec<(Moment, f64)>,
}

/// A comparison could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The scenario or manifests are wrong.
    #[error("{0:?}")]
    Input(Diagnostics),
    /// A side cannot be run.
    #[error("{side}: {error}")]
    Run {
        /// Which: `base` or `head`.
        side: &'static str,
        /// Why.
        error: RunError,
    },
    /// An expression of `--fail-if` asks for what is not there.
    #[error("--fail-if `{expression}`: {reason}")]
    Gate {
        /// The expression.
        expression: String,
        /// Why.
        reason: String,
    },
}

/// Names of the sides, in this order everywhere.
pub const SIDES: [&str; 2] = ["base", "head"];

impl Question {
    /// Reads the scenario and both sets of manifests (folders or files).
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(
        scenario: &SourceFile,
        options: &LoadOptions,
        paths: [&std::path::Path; 2],
        seeds: u64,
        jobs: Jobs,
        fail_if: Vec<Expression>,
    ) -> Result<Self, SideError> {
        let [base, head] = paths;
        let sides = [Side::read(scenario, options, base)?, Side::read(scenario, options, head)?];
        Ok(Self { sides, seeds, jobs, fail_if })
    }

    /// Runs both sides under every seed. `progress` hears after each run how many have ended.
    ///
    /// # Errors
    /// A side that cannot be run, or an expression that asks for a figure that is not there. A run that fails because
    /// of a bug ends the comparison, too: figures without it would not be paired.
    pub fn answer(&self, mut progress: impl FnMut(u64)) -> Result<Comparison, CompareError> {
        let first = self.sides[0].plan(None).map_err(CompareError::Input)?;
        // Both sides of a pair one after another: they take about as long.
        let runs: Vec<(usize, u64)> = (0..self.seeds).flat_map(|run| [(0, run), (1, run)]).collect();
        let work = |&(side, run): &(usize, u64)| -> Result<Outcome, CompareError> {
            let mut plan = self.sides[side].plan(Some(first.seed.wrapping_add(run))).map_err(CompareError::Input)?;
            let is_drawn = run == 0;
            plan.output = Output { timeline: is_drawn, ..plan.output.summary_only() };
            let finished = simulate(&plan).map_err(|error| CompareError::Run { side: SIDES[side], error })?;
            Ok(Outcome::of(&finished, is_drawn))
        };
        let mut outcomes: [Vec<Outcome>; 2] = [Vec::new(), Vec::new()];
        let mut failed = None;
        let mut done = 0;
        in_order(self.jobs, &runs, work, |&(side, _), outcome| {
            done += 1;
            progress(done);
            match outcome {
                Ok(outcome) => outcomes[side].push(outcome),
                Err(error) => failed = failed.take().or(Some(error)),
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let numbers = outcomes.each_ref().map(|side| side.iter().map(|one| &one.numbers).collect::<Vec<_>>());
        let figures = figures::paired(&numbers);
        let verdicts = self.fail_if.iter().map(|one| gate::judge(one, &figures)).collect::<Result<_, _>>()?;
        let [base, head] = outcomes;
        Ok(Comparison {
            name: first.name,
            description: first.description,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: first.seed,
            runs: self.seeds,
            paths: self.sides.each_ref().map(|side| side.path.clone()),
            changes: changes::between(&self.sides[0].objects, &self.sides[1].objects),
            headlines: figures::headlines(&figures),
            expectations: tally([&base, &head], |one| &one.expectations),
            failures: tally([&base, &head], |one| &one.failures),
            warnings: warnings([&base, &head]),
            course: [base, head].map(|side| side.into_iter().next().map(|one| one.course).unwrap_or_default()),
            figures,
            verdicts,
        })
    }
}

impl Comparison {
    /// Is there a reason to stop the change: a `--fail-if` that is true, or something expected that breaks more often
    /// with the head than with the base?
    pub fn is_bad(&self) -> bool {
        let breaks = |one: &Expected| one.broken_head > one.broken_base;
        self.verdicts.iter().any(|verdict| verdict.is_true)
            || self.expectations.iter().chain(&self.failures).any(breaks)
    }
}

/// What is kept of a run.
struct Outcome {
    numbers: Numbers,
    /// What was expected, and what was true instead; nothing if it held.
    expectations: Vec<(String, Option<String>)>,
    failures: Vec<(String, Option<String>)>,
    warnings: Vec<String>,
    course: Course,
}

impl Outcome {
    fn of(finished: &Finished, with_course: bool) -> Self {
        let record = &finished.record;
        let expectation = |one: &crate::record::Expectation| {
            (format!("{} ({})", one.name, one.when), (!one.held).then(|| format!("{} at {}s", one.found, one.time)))
        };
        Self {
            numbers: figures::numbers(finished),
            expectations: record.expectations.iter().map(expectation).collect(),
            failures: finished.failures.iter().map(|words| (words.clone(), Some(words.clone()))).collect(),
            warnings: record.warnings.clone(),
            course: if with_course { picture::course(record) } else { Course::default() },
        }
    }
}

/// The warnings of the first runs; of those that only one side has it is said which.
fn warnings(sides: [&[Outcome]; 2]) -> Vec<String> {
    let [base, head] = sides.map(|side| side.first().map_or(&[][..], |one| &one.warnings));
    let shared = base.iter().filter(|warning| head.contains(warning)).cloned();
    let own = |side: usize, list: &[String], others: &[String]| {
        let only = list.iter().filter(|warning| !others.contains(warning));
        only.map(|warning| format!("{}: {warning}", SIDES[side])).collect::<Vec<_>>()
    };
    shared.chain(own(0, base, head)).chain(own(1, head, base)).collect()
}

/// Counts in how many runs of each side something was not as expected.
fn tally(sides: [&[Outcome]; 2], of: impl Fn(&Outcome) -> &[(String, Option<String>)]) -> Vec<Expected> {
    let mut all: Vec<Expected> = Vec::new();
    // The head's words are the ones to show.
    for side in [1, 0] {
        for (name, found) in sides[side].iter().flat_map(&of) {
            let place = all.iter().position(|one| one.name == *name).unwrap_or_else(|| {
                all.push(Expected { name: name.clone(), ..Expected::default() });
                all.len() - 1
            });
            let one = &mut all[place];
            if let Some(found) = found {
                *(if side == 0 { &mut one.broken_base } else { &mut one.broken_head }) += 1;
                if one.found.is_empty() {
                    one.found.clone_from(found);
                }
            }
        }
    }
    all
}
