//! How much more a cluster takes: the highest load that still holds and what breaks beyond it, and how many replicas of
//! each workload the scheduler would still place at the peak.

use std::collections::BTreeMap;

use crate::engine::SimDuration;
use crate::record::{Moment, Number};
use crate::scenario::plan::Plan;
use crate::simulation::{Simulation, Unobserved};
use crate::sweep::RunError;

use super::fleet::Counts;
use super::growth::{Factors, LoadOf, grown};
use super::result::{FitResult, Headroom, LoadHeadroom};
use super::rows::failure_result;
use super::search::greatest;
use super::trial::{Depth, Memo, Trials};

/// The step in which load multipliers are searched.
const STEP: f64 = 0.05;
/// The highest multiplier that is tried, in steps above 1: ten times the load.
const STEPS_MAX: u32 = 180;
/// More replicas of a workload are not counted.
const REPLICAS_MAX: usize = 1000;

/// The headroom of a cluster that holds.
///
/// # Errors
/// A manifest that is refused.
pub fn headroom(
    trials: &Trials<'_>,
    factors: &Factors,
    counts: &Counts,
    plan: &Plan,
    peak: Moment,
) -> Result<Headroom, RunError> {
    Ok(Headroom { load: Some(load(trials, factors, counts)?), replicas: replicas(trials, counts, plan, peak)? })
}

fn load(trials: &Trials<'_>, factors: &Factors, counts: &Counts) -> Result<LoadHeadroom, RunError> {
    let case = trials.case;
    let multiplier = |steps: u32| 1.0 + STEP * f64::from(steps);
    let mut failures = BTreeMap::new();
    let mut memos: BTreeMap<u32, Memo> = BTreeMap::new();
    let mut look = |steps: u32, depth: Depth| -> Result<bool, RunError> {
        let load = multiplier(steps);
        let plans: Vec<Plan> = case.plans.iter().map(|plan| grown(plan, &case.inventory, factors, load)).collect();
        let memo = memos.entry(steps).or_default();
        let failure = trials.run(memo, &plans, counts, depth)?.failure;
        let held = failure.is_none();
        failures.insert(steps, failure);
        Ok(held)
    };
    let mut most = greatest(STEPS_MAX, |steps| look(steps, Depth::Quick(None)))?;
    // What the quick look lets pass must stand the thorough one; 1 has.
    while most > 0 && !look(most, Depth::Thorough)? {
        most -= 1;
    }
    let breaks = failures.remove(&(most + 1)).flatten();
    Ok(LoadHeadroom {
        multiplier: Number(multiplier(most)),
        of: LoadOf::of(&case.plans[0]).name(),
        or_more: most == STEPS_MAX,
        breaks: breaks.map(|failure| failure_result(&failure)),
    })
}

/// Copies of each workload's pod that are placed one after another in the cluster as it is at the peak.
fn replicas(
    trials: &Trials<'_>,
    counts: &Counts,
    plan: &Plan,
    peak: Moment,
) -> Result<BTreeMap<String, FitResult>, RunError> {
    let plan = Plan { expectations: Vec::new(), ..trials.on_nodes(plan, &trials.fleet.nodes(counts)) };
    let mut simulation = Simulation::new(&plan)?;
    simulation.run_to(SimDuration(peak.0.max(0) as u64), &mut Unobserved);
    (trials.after_run)();
    let mut fits = BTreeMap::new();
    for workload in &trials.case.inventory.workloads {
        let counted = simulation
            .copy_for_scheduler()
            .and_then(|mut copy| copy.ask().count_fitting(workload.manifest.clone(), REPLICAS_MAX));
        let fit = match counted {
            Ok(count) => FitResult { fit: count.fitted, then: super::reasons::short(&count.message) },
            // What the API server would refuse has been refused at the start of the run already.
            Err(message) => FitResult { fit: 0, then: message },
        };
        fits.insert(workload.key(), fit);
    }
    Ok(fits)
}
