//! The cheapest mix of two candidates: clusters in the order of their price, the first one that holds. Pure: whoever asks
//! says what a cluster comes to.
//!
//! Clusters that cannot hold what is asked for, by the sums of what their nodes give, are passed over, and so are those
//! that are nowhere larger than one that failed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bound::Amount;

/// A candidate, as far as mixes see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    /// Its place among the candidates.
    pub place: usize,
    /// What a node gives.
    pub gives: Amount,
    /// Its price per hour.
    pub price: f64,
    /// The least number of it alone that holds; none if none does.
    pub alone: Option<u32>,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// What all nodes together have to give.
    pub needs: Amount,
    /// A mix has to cost less.
    pub below: f64,
    /// The most nodes.
    pub most: u32,
    /// The most clusters that are tried.
    pub tries: u32,
    /// No further one is tried when those before have cost so many events.
    pub events: u64,
}

/// A cluster of two candidates: their places in the list of kinds, and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mix {
    /// The first, and how many.
    pub first: (usize, u32),
    /// The second, and how many.
    pub second: (usize, u32),
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundMix {
    /// The cheapest mix; none if none is cheaper than what is known.
    pub best: Option<Mix>,
    /// What was tried, in order.
    pub tried: Vec<(Mix, bool)>,
    /// The cheapest one that was not looked at any more; none if everything cheaper was looked at or passed over.
    pub next: Option<Mix>,
}

/// A price that can be ordered, in millionths.
fn micros(price: f64) -> u64 {
    (price * 1e6).round() as u64
}

/// Searches. `holds` tells whether a cluster does, and how many events it took to find out.
///
/// # Errors
/// The first one that `holds` returns.
pub fn cheapest<E>(
    kinds: &[Kind],
    wanted: Wanted,
    mut holds: impl FnMut(Mix) -> Result<(bool, u64), E>,
) -> Result<FoundMix, E> {
    let cost = |mix: &Mix| {
        kinds[mix.first.0].price * f64::from(mix.first.1) + kinds[mix.second.0].price * f64::from(mix.second.1)
    };
    let nodes = |mix: &Mix| mix.first.1 + mix.second.1;
    let is_candidate = |mix: &Mix| nodes(mix) <= wanted.most && micros(cost(mix)) < micros(wanted.below);
    let mut queue = BinaryHeap::new();
    let push = |queue: &mut BinaryHeap<_>, mix: Mix| {
        if is_candidate(&mix) {
            queue.push(Reverse((micros(cost(&mix)), nodes(&mix), mix)));
        }
    };
    for first in 0..kinds.len() {
        for second in first + 1..kinds.len() {
            // As many of the first as alone would do need no second.
            let most = kinds[first].alone.unwrap_or(wanted.most + 1).saturating_sub(1).min(wanted.most);
            for count in 1..=most {
                let Some(rest) = fewest(kinds, wanted.needs, (first, count), second) else { continue };
                push(&mut queue, Mix { first: (first, count), second: (second, rest) });
            }
        }
    }
    let mut found = FoundMix::default();
    let mut events = 0_u64;
    while let Some(Reverse((.., mix))) = queue.pop() {
        let is_within = |(failed, held): &(Mix, bool)| {
            !held
                && (failed.first.0, failed.second.0) == (mix.first.0, mix.second.0)
                && mix.first.1 <= failed.first.1
                && mix.second.1 <= failed.second.1
        };
        if !found.tried.iter().any(is_within) {
            if found.tried.len() as u32 >= wanted.tries || events >= wanted.events {
                found.next = Some(mix);
                break;
            }
            let (held, cost) = holds(mix)?;
            events += cost;
            found.tried.push((mix, held));
            if held {
                found.best = Some(mix);
                break;
            }
        }
        let (place, count) = mix.second;
        // As many of the second as alone would do need no first.
        if kinds[place].alone.is_none_or(|alone| count + 1 < alone) {
            push(&mut queue, Mix { second: (place, count + 1), ..mix });
        }
    }
    Ok(found)
}

/// The fewest of `second` that give the rest of what is needed; none if no number does.
fn fewest(kinds: &[Kind], needs: Amount, (first, count): (usize, u32), second: usize) -> Option<u32> {
    let mut fewest = 1;
    for ((needed, given), each) in needs.all().into_iter().zip(kinds[first].gives.all()).zip(kinds[second].gives.all())
    {
        let rest = needed.saturating_sub(given * u64::from(count));
        if rest == 0 {
            continue;
        }
        if each == 0 {
            return None;
        }
        fewest = fewest.max(u32::try_from(rest.div_ceil(each)).ok()?);
    }
    Some(fewest)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn kind(place: usize, cpu: u64, price: f64) -> Kind {
        Kind { place, gives: Amount { cpu, memory: 1 << 40, pods: 1000 }, price, alone: None }
    }

    fn wanted(cpu: u64, below: f64) -> Wanted {
        Wanted { needs: Amount { cpu, memory: 0, pods: 0 }, below, most: 100, tries: 1000, events: 1000 }
    }

    #[test]
    fn the_cheapest_mix_comes_first() {
        // Nine cores: two of four and one of one cost less than three of four or nine of one.
        let kinds = [kind(0, 1000, 1.1), kind(1, 4000, 4.0)];
        let holds = |mix: Mix| Ok::<_, Infallible>((mix.first.1 * 1000 + mix.second.1 * 4000 >= 9000, 1));
        let found = cheapest(&kinds, wanted(9000, 9.9), holds).unwrap();
        assert_eq!(found.best, Some(Mix { first: (0, 1), second: (1, 2) }));
        assert_eq!(found.tried.len(), 1, "what is too small is passed over");
    }

    #[test]
    fn nothing_dearer_than_what_is_known_is_tried() {
        let kinds = [kind(0, 1000, 1.0), kind(1, 4000, 4.0)];
        let found = cheapest(&kinds, wanted(9000, 9.0), |_| Ok::<_, Infallible>((true, 1))).unwrap();
        assert_eq!(found, FoundMix::default());
    }

    #[test]
    fn tries_are_bounded_and_that_is_told() {
        let kinds = [kind(0, 1000, 1.0), kind(1, 4000, 4.1)];
        let search = |wanted: Wanted| cheapest(&kinds, wanted, |_| Ok::<_, Infallible>((false, 10))).unwrap();
        for bounded in [Wanted { tries: 3, ..wanted(9000, 100.0) }, Wanted { events: 25, ..wanted(9000, 100.0) }] {
            let found = search(bounded);
            assert_eq!((found.tried.len(), found.best), (3, None));
            let cost = |mix: &Mix| f64::from(mix.first.1) + f64::from(mix.second.1) * 4.1;
            assert!(cost(&found.next.unwrap()) >= cost(&found.tried[2].0));
        }
    }

    proptest! {
        #[test]
        fn no_cheaper_mix_holds(small in 1_u64..5, large in 2_u64..9, need in 1_u64..40, waste in 0_u64..3) {
            let kinds = [kind(0, small, small as f64 * 1.1), kind(1, large, large as f64)];
            let holds = |a: u32, b: u32| u64::from(a) * small + u64::from(b) * large >= need + waste;
            let price = |a: u32, b: u32| f64::from(a) * kinds[0].price + f64::from(b) * kinds[1].price;
            let found = cheapest(&kinds, wanted(need, 80.0), |mix| Ok::<_, Infallible>((holds(mix.first.1, mix.second.1), 0)));
            let found = found.unwrap().best.map(|mix| price(mix.first.1, mix.second.1));
            let mut best: Option<f64> = None;
            for a in 1..100 {
                for b in 1..100 - a {
                    if holds(a, b) && price(a, b) < 79.999_999 {
                        best = Some(best.map_or(price(a, b), |known: f64| known.min(price(a, b))));
                    }
                }
            }
            prop_assert_eq!(found.map(|price| (price * 1e6).round()), best.map(|price| (price * 1e6).round()));
        }
    }
}
