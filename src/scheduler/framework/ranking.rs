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
    /// Places that are stale, or were.
    stale: Vec<u32>,
    /// Totals of the feasible nodes where some are rejected, and their places.
    feasible: Vec<i16>,
    places: Vec<u32>,
    turns: Turns,
}

/// In which order so many feasible nodes are asked whether their total is the greatest; see `select_host`.
#[derive(Debug, Default)]
struct Turns {
    /// By turn.
    places: Vec<u16>,
    /// By place.
    of_places: Vec<i16>,
}

impl Turns {
    /// Those of so many nodes, fewer than `MOST`, which are the same for most pods.
    fn prepare(&mut self, nodes: usize) {
        if self.places.len() == nodes {
            return;
        }
        self.places =
            std::iter::successors((nodes > 0).then_some(0), |at| after(*at, nodes)).map(|at| at as u16).collect();
        self.of_places = vec![0; nodes];
        for (turn, place) in (0..).zip(&self.places) {
            self.of_places[usize::from(*place)] = turn;
        }
    }
}

/// As many totals can be compared in one pass.
const MOST: usize = i16::MAX as usize;

impl Ranking {
    /// Everything is to be asked for anew.
    pub(super) fn clear(&mut self) {
        self.totals.clear();
        self.stale.clear();
    }

    /// Nodes that changed since the last time are stale.
    fn refresh(&mut self, cache: &Cache) {
        let nodes = cache.order().len();
        let touched = cache.touched_since(self.touches).filter(|_| self.order == cache.order_version());
        if let (Some(touched), true) = (touched, self.totals.len() == nodes) {
            for node in touched {
                let Some(place) = cache.place_of(node) else { continue };
                if let Some(total) = self.totals.get_mut(place).filter(|total| **total != STALE) {
                    *total = STALE;
                    self.stale.push(place as u32);
                }
            }
        } else {
            self.totals.clear();
            self.totals.resize(nodes, STALE);
            self.stale = (0..nodes as u32).collect();
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
        judge: impl FnMut(usize) -> Judgement,
    ) -> Option<Found> {
        self.refresh(cache);
        self.find(start, want, judge)
    }

    fn find(&mut self, start: usize, want: usize, mut judge: impl FnMut(usize) -> Judgement) -> Option<Found> {
        let nodes = self.totals.len();
        self.judge_within(start, want, &mut judge);
        let (least, greatest) = self.range(start, want);
        if least > RELATIVE && want < MOST {
            let place = (start + self.winner(start, want, greatest)?) % nodes;
            let rejected = self.rejected_from(start + want, nodes - want, &mut judge);
            return Some(Found { place, feasible: want, evaluated: want + rejected });
        }
        self.search_among_rejected(start, want, &mut judge)
    }

    /// The `want` totals from `start` on, up to the end of the list and from its beginning.
    fn window(&self, start: usize, want: usize) -> (&[i16], &[i16]) {
        let to_end = want.min(self.totals.len() - start);
        (&self.totals[start..start + to_end], &self.totals[..want - to_end])
    }

    /// Which of the `want` places from `start` on wins of those with the greatest total.
    fn winner(&mut self, start: usize, want: usize, greatest: i16) -> Option<usize> {
        self.turns.prepare(want);
        let (head, tail) = self.window(start, want);
        let (turns_of_head, turns_of_tail) = self.turns.of_places.split_at(head.len());
        let turn = first_turn(head, turns_of_head, greatest).min(first_turn(tail, turns_of_tail, greatest));
        self.turns.places.get(usize::try_from(turn).ok()?).map(|place| usize::from(*place))
    }

    /// The least and the greatest total of the `want` places from `start` on.
    fn range(&self, start: usize, want: usize) -> (i16, i16) {
        let (head, tail) = self.window(start, want);
        // Two passes each, because the compiler knows how to do them eight at a time.
        let least = |totals: &[i16]| totals.iter().fold(i16::MAX, |least, total| least.min(*total));
        let greatest = |totals: &[i16]| totals.iter().fold(i16::MIN, |greatest, total| greatest.max(*total));
        (least(head).min(least(tail)), greatest(head).max(greatest(tail)))
    }

    /// Judges the stale ones of the `want` places from `start` on.
    fn judge_within(&mut self, start: usize, want: usize, judge: &mut impl FnMut(usize) -> Judgement) {
        let (nodes, totals) = (self.totals.len(), &mut self.totals);
        self.stale.retain(|place| {
            let place = *place as usize;
            let offset = if place < start { place + nodes - start } else { place - start };
            if offset < want && totals[place] == STALE {
                totals[place] = total_of(&judge(place));
            }
            totals[place] == STALE
        });
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

/// The first turn of those with this total, `i16::MAX` for none. One pass without a branch, which the compiler knows how to
/// do eight at a time: a walk from turn to turn would go to and fro in the totals, and be surprised by each step.
fn first_turn(totals: &[i16], turns: &[i16], wanted: i16) -> i16 {
    let mut first = i16::MAX;
    for (total, turn) in totals.iter().zip(turns) {
        let others_last = if *total == wanted { 0 } else { i16::MAX };
        first = first.min(*turn | others_last);
    }
    first
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scheduler::framework::Verdict;
    use crate::scheduler::framework::plugin_name::PluginName;

    fn ranking(totals: &[i16]) -> Ranking {
        let stale = totals.iter().enumerate().filter(|(_, total)| **total == STALE).map(|(place, _)| place as u32);
        Ranking { totals: totals.to_vec(), stale: stale.collect(), ..Ranking::default() }
    }

    /// Nodes one after another, as upstream looks at them: stops at the first feasible one beyond those that it wants.
    fn one_by_one(totals: &[i16], start: usize, want: usize) -> Option<Found> {
        let (mut feasible, mut places, mut evaluated) = (Vec::new(), Vec::new(), 0);
        for offset in 0..totals.len() {
            let place = (start + offset) % totals.len();
            if totals[place] == REJECTED {
                evaluated += 1;
            } else if feasible.len() < want {
                evaluated += 1;
                feasible.push(i64::from(totals[place]));
                places.push(place);
            } else {
                break;
            }
        }
        let best = select_host(&feasible)?;
        Some(Found { place: places[best], feasible: feasible.len(), evaluated })
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_a_look_at_each_node_finds(
            kinds in prop::collection::vec((0_i16..9, any::<bool>()), 1..60),
            start in any::<prop::sample::Index>(),
            want in any::<prop::sample::Index>(),
            rejects in any::<bool>(),
        ) {
            let known: Vec<i16> =
                kinds.iter().map(|(total, _)| if *total == 8 && rejects { REJECTED } else { *total }).collect();
            let stale: Vec<i16> =
                kinds.iter().zip(&known).map(|((_, stale), total)| if *stale { STALE } else { *total }).collect();
            let (start, want) = (start.index(known.len()), want.index(known.len()) + 1);
            let judge = |place: usize| match known[place] {
                REJECTED => Judgement {
                    verdict: Verdict::unschedulable(PluginName::NodeResourcesFit, 1),
                    ..Judgement::default()
                },
                total => Judgement { fixed: i64::from(total), ..Judgement::default() },
            };
            prop_assert_eq!(ranking(&stale).find(start, want, judge), one_by_one(&known, start, want));
        }
    }

    #[test]
    fn more_nodes_than_turns_have_numbers_are_looked_at_one_by_one() {
        let totals: Vec<i16> = (0..MOST + 9).map(|place| if place % 5_000 == 4_999 { 7 } else { 3 }).collect();
        for want in [MOST - 1, MOST, totals.len()] {
            let judge = |_| unreachable!("all totals are known");
            assert_eq!(ranking(&totals).find(2, want, judge), one_by_one(&totals, 2, want));
        }
    }

    #[test]
    fn a_score_that_depends_on_other_nodes_is_left_to_the_long_way() {
        let relative = Judgement { raw: [0, 3, 0, 0], ..Judgement::default() };
        assert_eq!(ranking(&[STALE, 7]).find(0, 2, |_| relative), None);
        assert_eq!(total_of(&Judgement { fixed: 1 << 20, ..Judgement::default() }), RELATIVE);
        assert_eq!(ranking(&[REJECTED, REJECTED]).find(1, 1, |_| relative), None);
    }
}
