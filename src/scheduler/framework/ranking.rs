//! Totals of nodes for one shape of pod in the order in which a cycle looks at them, two bytes a node: where nothing but
//! the node itself decides, a cycle is one pass over them.

use super::judgements::Judgement;
use crate::scheduler::cache::Cache;
use crate::scheduler::select_host::{after, select_host};

/// The node changed, or was never asked for.
const STALE: i16 = i16::MAX;
/// The filters reject the node.
const REJECTED: i16 = i16::MIN;
/// The node's total is not known before those of all feasible nodes are, or does not fit.
const RELATIVE: i16 = i16::MIN + 1;

/// Where a pod goes, by place in the list of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The place of the node.
    pub place: usize,
    /// Nodes that passed the filters.
    pub feasible: usize,
    /// Nodes that were looked at.
    pub evaluated: usize,
}

/// Totals by place in the list of nodes.
#[derive(Debug, Default)]
pub(super) struct Ranking {
    totals: Vec<i16>,
    /// The list that the places are those of.
    order: u32,
    /// Which touches of nodes are known.
    touches: u64,
    /// Totals of the feasible nodes where some are rejected, and their places.
    feasible: Vec<i16>,
    places: Vec<u32>,
}

impl Ranking {
    /// Everything is to be asked for anew.
    pub(super) fn clear(&mut self) {
        self.totals.clear();
    }

    /// Nodes that changed since the last time are stale.
    fn refresh(&mut self, cache: &Cache) {
        let nodes = cache.order().len();
        let touched = cache.touched_since(self.touches).filter(|_| self.order == cache.order_version());
        if let (Some(touched), true) = (touched, self.totals.len() == nodes) {
            for node in touched {
                if let Some(total) = cache.place_of(node).and_then(|place| self.totals.get_mut(place)) {
                    *total = STALE;
                }
            }
        } else {
            self.totals.clear();
            self.totals.resize(nodes, STALE);
            self.order = cache.order_version();
        }
        self.touches = cache.end_of_touches();
    }

    /// The best of the first `want` feasible nodes from `start` on. `None` where none is feasible, or where more than
    /// these totals decides. `judge` tells what the filters and scores say of the node at a place.
    pub(super) fn search(
        &mut self,
        cache: &Cache,
        start: usize,
        want: usize,
        mut judge: impl FnMut(usize) -> Judgement,
    ) -> Option<Found> {
        self.refresh(cache);
        let nodes = self.totals.len();
        let (least, greatest) = loop {
            let (least, greatest) = self.range(start, want);
            if greatest != STALE {
                break (least, greatest);
            }
            for offset in 0..want {
                self.judged((start + offset) % nodes, &mut judge);
            }
        };
        if least > RELATIVE {
            let total = |offset: usize| self.totals[(start + offset) % nodes];
            let mut offset = 0;
            while total(offset) != greatest {
                offset = after(offset, want)?;
            }
            let place = (start + offset) % nodes;
            let rejected = self.rejected_from(start + want, nodes - want, &mut judge);
            return Some(Found { place, feasible: want, evaluated: want + rejected });
        }
        self.search_among_rejected(start, want, &mut judge)
    }

    /// The least and the greatest total of the `want` places from `start` on.
    fn range(&self, start: usize, want: usize) -> (i16, i16) {
        let to_end = want.min(self.totals.len() - start);
        let (head, tail) = (&self.totals[start..start + to_end], &self.totals[..want - to_end]);
        let fold = |so_far: (i16, i16), totals: &[i16]| {
            totals.iter().fold(so_far, |(least, greatest), total| (least.min(*total), greatest.max(*total)))
        };
        fold(fold((i16::MAX, i16::MIN), head), tail)
    }

    fn judged(&mut self, place: usize, judge: &mut impl FnMut(usize) -> Judgement) -> i16 {
        if self.totals[place] == STALE {
            self.totals[place] = total_of(&judge(place));
        }
        self.totals[place]
    }

    /// How many rejected nodes come next; the search looks at them before it finds one too many.
    fn rejected_from(&mut self, place: usize, most: usize, judge: &mut impl FnMut(usize) -> Judgement) -> usize {
        let nodes = self.totals.len();
        (0..most).take_while(|offset| self.judged((place + offset) % nodes, judge) == REJECTED).count()
    }

    fn search_among_rejected(
        &mut self,
        start: usize,
        want: usize,
        judge: &mut impl FnMut(usize) -> Judgement,
    ) -> Option<Found> {
        let nodes = self.totals.len();
        self.feasible.clear();
        self.places.clear();
        let mut evaluated = 0;
        while evaluated < nodes {
            let place = (start + evaluated) % nodes;
            let total = self.judged(place, judge);
            if total == RELATIVE {
                return None;
            }
            if total != REJECTED {
                if self.feasible.len() == want {
                    break;
                }
                self.feasible.push(total);
                self.places.push(place as u32);
            }
            evaluated += 1;
        }
        let best = select_host(&self.feasible)?;
        Some(Found { place: self.places[best] as usize, feasible: self.feasible.len(), evaluated })
    }
}

fn total_of(judgement: &Judgement) -> i16 {
    if !judgement.verdict.is_pass() {
        return REJECTED;
    }
    match i16::try_from(judgement.fixed) {
        Ok(total) if judgement.raw.iter().all(|raw| *raw == 0) && total > RELATIVE && total < STALE => total,
        _ => RELATIVE,
    }
}
