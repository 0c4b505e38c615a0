//! Capacity plans: which nodes, how many, at what price, for a scenario that grows and loses a zone. A plan is a search
//! over runs: `search` and `mix` say which cluster is looked at next, `trial` runs the scenario on it, `rows` and `headroom`
//! tell what came of it, `result` is what plan.json holds, `output` writes it. Decides nothing about Kubernetes.
//!
//! 1. Every growth is run on the scenario's own nodes: what is asked for (`demand`), and with it the bin-packing bound of
//!    each candidate (`bound`), at which its search starts.
//! 2. Each candidate under each growth is searched on a thread of its own. A cluster holds if the scenario keeps every
//!    requirement on it with nothing lost and with each loss, for every seed.
//! 3. Mixes follow, bounded by the cheapest single candidate; then headroom.

mod bound;
mod demand;
mod fleet;
mod growth;
mod headroom;
mod mix;
mod mixes;
pub mod output;
mod reasons;
mod result;
mod rows;
mod search;
#[cfg(test)]
mod tests;
mod trial;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::record::Number;
use crate::scenario::CapacityCase;
use crate::scenario::plan::Plan;
use crate::scenario::schema::capacity::{Growth, Loss};
use crate::scenario::schema::leaves::Duration;
use crate::sweep::{Jobs, RunError, in_order};

use bound::Amount;
use demand::Snapshot;
use fleet::{Counts, Fleet, HOURS_OF_A_MONTH};
use growth::{Factors, grown, held_back};
use result::{Confidence, DemandResult, FORMAT, KeptResult, MixesResult, OneLess, SurviveResult, Today};
pub use result::{GrowthResult, PlanResult, Row};
use trial::{Depth, Memo, Trial, Trials};

/// Most nodes that are tried if a plan does not say.
const MAX_NODES: u32 = 1000;

/// One growth: its factors, the scenario grown by them for each seed, and what is asked for.
struct Grown {
    factors: Factors,
    plans: Vec<Plan>,
    asked: Snapshot,
}

/// A row and what it was made of.
struct Planned {
    row: Row,
    counts: Counts,
    asked: Snapshot,
}

/// Searches a plan. `after_run` is called after every run, from any thread.
///
/// # Errors
/// A manifest that the API server refuses.
pub fn plan(case: &CapacityCase, jobs: Jobs, after_run: &(dyn Fn() + Sync)) -> Result<PlanResult, RunError> {
    let fleet = Fleet::of(case);
    let runs = AtomicU64::new(0);
    let count_run = || {
        runs.fetch_add(1, Ordering::Relaxed);
        after_run();
    };
    let trials = Trials { case, fleet: &fleet, after_run: &count_run };
    let factors: Vec<Factors> = if case.spec.growth.is_empty() {
        vec![Factors::new(&Growth::All(1.0))]
    } else {
        case.spec.growth.iter().map(Factors::new).collect()
    };
    let growths = all(jobs, &factors, |factors| {
        let plans: Vec<Plan> = case.plans.iter().map(|plan| grown(plan, &case.inventory, factors, 1.0)).collect();
        let asked = trials.demand(&plans[0])?;
        Ok(Grown { factors: factors.clone(), plans, asked })
    })?;
    let pairs: Vec<(usize, usize)> =
        (0..growths.len()).flat_map(|growth| (0..fleet.candidates.len()).map(move |place| (growth, place))).collect();
    let singles = all(jobs, &pairs, |(growth, place)| trials.candidate(&growths[*growth], *place))?;
    let mut by_growth: Vec<Vec<Planned>> = growths.iter().map(|_| Vec::new()).collect();
    for ((growth, _), planned) in pairs.iter().zip(singles) {
        by_growth[*growth].push(planned);
    }
    let mut mixed: Vec<Option<MixesResult>> = growths.iter().map(|_| None).collect();
    let mut warnings = case.warnings.clone();
    warnings.extend(factors.iter().flat_map(|factors| held_back(&case.inventory, factors)));
    if case.spec.mixed == Some(true) {
        let places: Vec<usize> = (0..growths.len()).collect();
        let mixes = all(jobs, &places, |place| trials.mix(&growths[*place], &by_growth[*place]))?;
        for (place, (mix, result)) in mixes.into_iter().enumerate() {
            by_growth[place].extend(mix);
            if let Some(cost) = result.next_cost_per_hour {
                warnings.push(format!(
                    "growth {}: {} mixes were tried, all that cost less than {} an hour; a dearer one may still be cheaper than what was found",
                    growths[place].factors.name,
                    result.tried,
                    cost.rounded()
                ));
            }
            mixed[place] = Some(result);
        }
    }
    let mut growth: Vec<GrowthResult> =
        growths.iter().zip(&by_growth).map(|(grown, planned)| growth_result(grown, planned)).collect();
    for (growth, mixed) in growth.iter_mut().zip(mixed) {
        growth.mixes = mixed;
    }
    let cheapest: Vec<Option<usize>> = growth.iter().map(GrowthResult::cheapest_place).collect();
    let places: Vec<usize> = (0..growths.len()).collect();
    let headrooms = all(jobs, &places, |place| {
        let Some(cheapest) = cheapest[*place] else { return Ok(None) };
        let (grown, planned) = (&growths[*place], &by_growth[*place][cheapest]);
        headroom::headroom(&trials, &grown.factors, &planned.counts, &grown.plans[0], planned.asked.at).map(Some)
    })?;
    for ((growth, cheapest), headroom) in growth.iter_mut().zip(cheapest).zip(headrooms) {
        if let Some(cheapest) = cheapest {
            growth.plans[cheapest].headroom = headroom;
        }
    }
    Ok(PlanResult {
        format: FORMAT,
        name: case.name.clone(),
        description: case.description.clone(),
        scenario: case.spec.scenario.clone(),
        version: env!("CARGO_PKG_VERSION"),
        seed: case.plans[0].seed,
        seeds: case.plans.len() as u32,
        require: case.require.iter().map(|require| require.text.clone()).collect(),
        survive: survive_result(case),
        kept: KeptResult {
            nodes: fleet.kept.iter().map(|node| node.name.clone()).collect(),
            cost_per_hour: Number(fleet.price(&Vec::new())),
        },
        max_nodes: case.spec.max_nodes.unwrap_or(MAX_NODES),
        met: growth.iter().all(|growth| growth.cheapest.is_some()),
        growth,
        warnings,
        runs: runs.load(Ordering::Relaxed),
    })
}

/// `work` for each input on several threads; results in order, or the first error.
fn all<I: Sync, T: Send>(
    jobs: Jobs,
    inputs: &[I],
    work: impl Fn(&I) -> Result<T, RunError> + Sync,
) -> Result<Vec<T>, RunError> {
    let mut results = Vec::with_capacity(inputs.len());
    in_order(jobs, inputs, work, |_, result| results.push(result));
    results.into_iter().collect()
}

fn survive_result(case: &CapacityCase) -> Option<SurviveResult> {
    let survive = case.spec.survive.as_ref()?;
    Some(SurviveResult {
        zones: survive.zones.unwrap_or(0),
        nodes: survive.nodes.unwrap_or(0),
        at: match survive.at {
            Some(Loss::At(Duration(at))) => Number(at.as_secs_f64()).rounded().to_string(),
            _ => "peak".to_owned(),
        },
        seconds: survive.duration.map(|Duration(lasts)| Number(lasts.as_secs_f64())),
        hold: survive.hold.clone(),
    })
}

fn growth_result(grown: &Grown, planned: &[Planned]) -> GrowthResult {
    let mut result = GrowthResult {
        name: grown.factors.name.clone(),
        factors: grown.factors.by.iter().map(|(name, factor)| (name.clone(), Number(*factor))).collect(),
        demand: DemandResult::default(),
        cheapest: None,
        mixes: None,
        plans: planned.iter().map(|planned| planned.row.clone()).collect(),
    };
    let cheapest = result.cheapest_place();
    result.cheapest = cheapest.map(|place| result.plans[place].candidate.clone());
    let asked = cheapest.map_or(&grown.asked, |place| &planned[place].asked);
    let sum = asked.items.iter().fold(Amount::default(), |sum, item| sum.plus(*item));
    result.demand = DemandResult {
        at_seconds: Number(asked.at.seconds()),
        pods: sum.pods,
        cpu: Number(sum.cpu as f64 / 1000.0),
        memory: Number(sum.memory as f64),
    };
    result
}

impl Trials<'_> {
    fn max_nodes(&self) -> u32 {
        self.case.spec.max_nodes.unwrap_or(MAX_NODES)
    }

    /// Zones and nodes that are lost.
    fn lost(&self) -> Option<(u32, u32)> {
        let survive = self.case.spec.survive.as_ref()?;
        Some((survive.zones.unwrap_or(0), survive.nodes.unwrap_or(0)))
    }

    /// The least number of a candidate under a growth.
    fn candidate(&self, grown: &Grown, place: usize) -> Result<Planned, RunError> {
        let candidate = &self.fleet.candidates[place];
        let bound = rows::lower_bound(self.fleet, place, &grown.asked, self.lost());
        let guess = bound.as_ref().map_or(1, |bound| bound.surviving.unwrap_or(bound.nodes));
        let low = u32::from(self.fleet.kept.is_empty());
        let mut seen: BTreeMap<u32, Trial> = BTreeMap::new();
        let mut memo = Memo::default();
        let mut at = None;
        let mut look = |count: u32, seen: &mut BTreeMap<u32, Trial>| -> Result<bool, RunError> {
            let trial = match seen.entry(count) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    unknown.insert(self.run(&mut memo, &grown.plans, &vec![(place, count)], Depth::Quick(at))?)
                }
            };
            // The instant of the loss is that of the first cluster that holds with nothing lost: clusters of one kind of
            // node differ little in it, and the result is looked at with its own.
            if let (None, None, Some(peak)) = (at, &trial.failure, &trial.peak) {
                at = Some(self.loss_time(peak.at));
            }
            Ok(trial.failure.is_none())
        };
        let today = match candidate.today() {
            Some(nodes) => Some(Today { nodes, holds: look(nodes, &mut seen)? }),
            None => None,
        };
        let mut found = search::least(guess, low, self.max_nodes(), |count| look(count, &mut seen))?;
        // What the quick look lets pass must stand the thorough one.
        while let Some(least) = found.least {
            let trial = self.run(&mut memo, &grown.plans, &vec![(place, least)], Depth::Thorough)?;
            let held = trial.failure.is_none();
            found.tried.insert(least, held);
            seen.insert(least, trial);
            if held {
                break;
            }
            found.least = Some(least + 1).filter(|next| *next <= self.max_nodes());
        }
        let mut row = Row { candidate: candidate.name.clone(), today, monotone: found.is_monotone(), ..Row::default() };
        let least = found.least.unwrap_or(0);
        let counts: Counts = vec![(place, least)];
        row.tried = seen.iter().map(|(count, trial)| rows::tried(self.fleet, &vec![(place, *count)], trial)).collect();
        if found.least.is_none() {
            row.impossible = Some(rows::impossible(self, place, &grown.asked, &seen));
            row.lower_bound = bound;
            return Ok(Planned { row, counts, asked: grown.asked.clone() });
        }
        let one_less = match least.checked_sub(1).filter(|less| *less >= low) {
            Some(less) => Some((vec![(place, less)], seen.remove(&less))),
            None => None,
        };
        let trial = seen.remove(&least).unwrap_or_default();
        self.describe(grown, &counts, trial, one_less, row)
    }

    /// Fills in a row that holds.
    fn describe(
        &self,
        grown: &Grown,
        counts: &Counts,
        trial: Trial,
        one_less: Option<(Counts, Option<Trial>)>,
        mut row: Row,
    ) -> Result<Planned, RunError> {
        let peak = trial.peak.unwrap_or_default();
        row.holds = true;
        row.count = counts.iter().map(|(_, count)| count).sum();
        row.nodes = rows::by_name(self.fleet, counts);
        let price = self.fleet.price(counts);
        (row.cost_per_hour, row.cost_per_month) = (Number(price), Number(price * HOURS_OF_A_MONTH));
        row.priced = self.fleet.is_priced(counts);
        row.peak = Some(rows::peak(&peak, &self.fleet.nodes(counts)));
        let seeds = grown.plans.len() as u32;
        row.confidence = Some(Confidence {
            seeds,
            held: trial.seeds.1,
            // All of n held: the lower limit of Clopper and Pearson.
            holds_at_least: Number(libm::pow(0.05, 1.0 / f64::from(seeds))),
        });
        let mut smaller = None;
        if let Some((less, known)) = one_less {
            // With several seeds it is told how many of them one node less would do for.
            let again = match known.filter(|trial| trial.failure.is_some()) {
                Some(trial) if seeds == 1 => trial,
                _ => self.run(&mut Memo::default(), &grown.plans, &less, Depth::EverySeed)?,
            };
            if let Some(failure) = &again.failure {
                row.one_less = Some(OneLess {
                    nodes: rows::by_name(self.fleet, &less),
                    failure: rows::failure_result(failure),
                    seeds_held: again.seeds.1,
                });
            }
            smaller = again.failure;
        }
        row.bottleneck = Some(rows::bottleneck(smaller.as_ref(), &peak));
        if let [(place, _)] = counts.as_slice() {
            row.lower_bound = rows::lower_bound(self.fleet, *place, &peak, self.lost());
        }
        Ok(Planned { row, counts: counts.clone(), asked: peak })
    }
}
