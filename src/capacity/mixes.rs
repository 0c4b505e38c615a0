//! Mixes of two candidates over runs: what each pair has to give, and the cheapest cluster that holds.

use std::collections::BTreeMap;

use crate::record::Number;
use crate::sweep::RunError;

use super::bound::Amount;
use super::fleet::{Counts, Parts};
use super::result::{MixesResult, Row};
use super::trial::{Depth, Memo, Trial, Trials};
use super::{Grown, Planned, mix, rows};

/// Most mixes that are tried for a growth.
const MIXES_MAX: u32 = 1000;
/// No further mix is tried for a growth when the runs of those before have handled so many events: a minute or so. Events
/// rather than time, so that the same plan comes to the same everywhere.
const EVENTS_MAX: u64 = 60_000_000;

impl Trials<'_> {
    /// The cheapest mix of two candidates that costs less than each of them alone, and what was looked at.
    pub(super) fn mix(&self, grown: &Grown, singles: &[Planned]) -> Result<(Option<Planned>, MixesResult), RunError> {
        let equal = |place: &usize| matches!(self.fleet.candidates[*place].parts, Parts::Equal(_));
        let kinds: Vec<mix::Kind> = (0..self.fleet.candidates.len())
            .filter(equal)
            .map(|place| mix::Kind {
                place,
                gives: self.fleet.candidates[place].node_amount().minus(grown.asked.per_node),
                price: self.fleet.candidates[place].node_price(),
                alone: singles[place].row.holds.then_some(singles[place].row.count),
            })
            .collect();
        let kept = self.fleet.price(&Vec::new());
        let cheapest = singles.iter().filter(|single| single.row.holds).map(|single| single.row.cost_per_hour.0 - kept);
        let dearest = kinds.iter().map(|kind| kind.price).fold(0.0, f64::max) * f64::from(self.max_nodes());
        let below = cheapest.fold(None, |least: Option<f64>, cost| Some(least.map_or(cost, |least| least.min(cost))));
        let wanted = mix::Wanted {
            needs: self.needs(&kinds, grown),
            below: below.unwrap_or(dearest),
            most: self.max_nodes(),
            tries: MIXES_MAX,
            events: EVENTS_MAX,
        };
        let counts_of = |mix: &mix::Mix| -> Counts {
            let mut counts = vec![(kinds[mix.first.0].place, mix.first.1), (kinds[mix.second.0].place, mix.second.1)];
            counts.sort_unstable();
            counts
        };
        let mut seen: BTreeMap<Counts, Trial> = BTreeMap::new();
        let mut memo = Memo::default();
        let at = singles.iter().find(|single| single.row.holds).map(|single| self.loss_time(single.asked.at));
        let found = mix::cheapest(&kinds, wanted, |mix| {
            let counts = counts_of(&mix);
            let mut trial = self.run(&mut memo, &grown.plans, &counts, Depth::Quick(at))?;
            if trial.failure.is_none() {
                let events = trial.events;
                trial = self.run(&mut memo, &grown.plans, &counts, Depth::Thorough)?;
                trial.events += events;
            }
            let answer = (trial.failure.is_none(), trial.events);
            seen.insert(counts, trial);
            Ok::<_, RunError>(answer)
        })?;
        let result = MixesResult {
            tried: found.tried.len() as u32,
            complete: found.next.is_none(),
            next_cost_per_hour: found.next.map(|mix| Number(self.fleet.price(&counts_of(&mix)))),
        };
        let Some(best) = found.best else { return Ok((None, result)) };
        let counts = counts_of(&best);
        let names: Vec<&str> = counts.iter().map(|(place, _)| self.fleet.candidates[*place].name.as_str()).collect();
        let mut row = Row { candidate: names.join(" + "), monotone: true, ..Row::default() };
        row.tried = found
            .tried
            .iter()
            .map(|(mix, _)| rows::tried(self.fleet, &counts_of(mix), &seen[&counts_of(mix)]))
            .collect();
        let trial = seen.remove(&counts).unwrap_or_default();
        // One less of the cheaper kind.
        let mut less = counts.clone();
        let price = |(place, _): &(usize, u32)| self.fleet.candidates[*place].node_price();
        if let Some((_, count)) = less.iter_mut().min_by(|a, b| price(a).total_cmp(&price(b))) {
            *count -= 1;
        }
        let known = seen.remove(&less);
        Ok((Some(self.describe(grown, &counts, trial, Some((less, known)), row)?), result))
    }

    /// What a mix has to give in all, so that it is worth a trial. Where a candidate alone gets by with less than its
    /// bound (the requirements allow for pods without a node), so may mixes.
    fn needs(&self, kinds: &[mix::Kind], grown: &Grown) -> Amount {
        let sum = grown.asked.items.iter().fold(Amount::default(), |sum, item| sum.plus(*item));
        let sum = sum.minus(self.fleet.kept_amount());
        let zones = kinds.iter().map(|kind| self.fleet.candidates[kind.place].zones()).max().unwrap_or(1);
        let lost = self.lost().map_or(0, |(zones, _)| zones).min(zones - 1);
        let left = f64::from(zones - lost) / f64::from(zones);
        let mut part = 1.0 / left;
        for kind in kinds {
            let Some(alone) = kind.alone else { continue };
            for (given, needed) in kind.gives.all().into_iter().zip(sum.all()) {
                if needed > 0 {
                    part = part.min(given as f64 * f64::from(alone) / needed as f64);
                }
            }
        }
        let scale = |amount: u64| (amount as f64 * part).floor() as u64;
        Amount { cpu: scale(sum.cpu), memory: scale(sum.memory), pods: scale(sum.pods) }
    }
}
