//! Many simulations. What sweeps, capacity plans and comparisons share stands here; each of them is a caller of the same
//! four parts. The only module that starts threads; no result depends on how many.
//!
//! How to run many things at once:
//!
//! 1. [`Template::read`](crate::scenario::Template::read) reads a scenario once; `template.plan(&settings)` makes a
//!    [`Plan`](crate::scenario::Plan) with settings of its own (`("seed".to_owned(), json!(7))` is one). The caller may
//!    change the plan as it likes: it is plain data.
//! 2. [`simulate`] runs a plan on the thread it is called on. Errors of set-up and panics are values. Of its record it
//!    keeps what the plan's output asks for: [`Output::summary_only`](crate::scenario::plan::Output::summary_only) makes
//!    runs smaller.
//! 3. [`in_order`] calls a function for many inputs on several threads and hands on the results in the order of the
//!    inputs, while the others still run; [`Jobs`] says on how many.
//! 4. [`Metric`] finds a number in a summary by its path, with the nearest name for one that is not there;
//!    [`Statistics`] is what many runs say about it.
//!
//! ```no_run
//! use kubelapse::scenario::{LoadOptions, Template};
//! use kubelapse::sweep::{Finished, Jobs, Metric, in_order, simulate};
//!
//! let template = Template::read("web.yaml".as_ref(), &LoadOptions::default()).unwrap();
//! let seeds: Vec<u64> = (0..20).collect();
//! let metric = Metric::parse("pod_start_seconds.p99").unwrap();
//! let work = |seed: &u64| {
//!     let mut plan = template.plan(&[("seed".to_owned(), (*seed).into())]).unwrap();
//!     plan.cluster.nodes.pop();
//!     plan.output = plan.output.summary_only();
//!     simulate(&plan).map(|finished: Finished| metric.find(&finished.summary()))
//! };
//! in_order(Jobs::default(), &seeds, work, |seed, result| println!("{seed}: {result:?}"));
//! ```

mod aggregate;
mod asserts;
mod error;
mod execute;
mod merge;
mod metric;
mod names;
mod outline;
mod partial;
mod pictures;
mod results;
mod row;
mod runner;
mod shard;
mod simulate;
mod statistics;
mod study;

pub use aggregate::Combination;
pub use error::SweepError;
pub use execute::{Interrupted, Progress, SweepOptions, carry_out, interrupted};
pub use merge::{draw_again, is_sweep, merge};
pub use metric::{Metric, MetricError};
pub use names::{names_of, path_of};
pub use outline::Outline;
pub use pictures::{headline, numbers};
pub use results::{Assert, Counts, SweepSummary, Written, complaint};
pub use row::{Row, Status};
pub use runner::{Arrival, Jobs, in_order, on_arrival};
pub use shard::{Shard, asked_for};
pub use simulate::{Finished, RunError, simulate, simulate_until_failure};
pub use statistics::{Statistics, student_t};
pub use study::{RUNS_MAX, Study};
