//! The search for the least count that holds: from a guess outwards in doubling steps, then by halves. Pure: whoever asks
//! says what a count comes to.
//!
//! It assumes that what holds with n nodes holds with more. Schedulers can break that (one node more in a zone changes
//! every spread), so it is not taken on trust: the count above the result is looked at too, and a failure there moves the
//! search beyond it. Whatever was looked at is kept, so that a reader sees how far the assumption held.

use std::collections::BTreeMap;

/// How often the search starts again above a count that failed beyond one that held.
const RESTARTS_MAX: u32 = 4;

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The least count that holds, so that the next one holds as well; none if there is none up to the most.
    pub least: Option<u32>,
    /// Every count that was looked at.
    pub tried: BTreeMap<u32, bool>,
}

impl Found {
    /// Did everything that was looked at agree with "more nodes hold what fewer do"?
    pub fn is_monotone(&self) -> bool {
        let first = self.tried.iter().find(|(_, holds)| **holds).map(|(count, _)| *count);
        first.is_none_or(|first| self.tried.range(first..).all(|(_, holds)| *holds))
    }
}

/// Searches from `low` to `high`, starting at `guess`.
///
/// # Errors
/// The first one that `holds` returns.
pub fn least<E>(guess: u32, low: u32, high: u32, mut holds: impl FnMut(u32) -> Result<bool, E>) -> Result<Found, E> {
    let mut found = Found::default();
    if low > high {
        return Ok(found);
    }
    let mut look = |count: u32, tried: &mut BTreeMap<u32, bool>| -> Result<bool, E> {
        if let Some(known) = tried.get(&count) {
            return Ok(*known);
        }
        let answer = holds(count)?;
        tried.insert(count, answer);
        Ok(answer)
    };
    let mut start = guess.clamp(low, high);
    // Below this nothing is looked for.
    let mut floor = low;
    for _ in 0..=RESTARTS_MAX {
        // The greatest count known to fail, and the least known to hold.
        let (mut fails, mut least) = (None, None);
        let mut step = 1;
        let mut count = start;
        loop {
            if look(count, &mut found.tried)? {
                least = Some(count);
                if fails.is_some() || count == floor {
                    break;
                }
                count = count.saturating_sub(step).max(floor);
            } else {
                fails = Some(count);
                if least.is_some() || count == high {
                    break;
                }
                count = count.saturating_add(step).min(high);
            }
            step *= 2;
        }
        let Some(mut upper) = least else { return Ok(found) };
        if let Some(mut lower) = fails {
            while upper - lower > 1 {
                let middle = lower + (upper - lower) / 2;
                if look(middle, &mut found.tried)? {
                    upper = middle;
                } else {
                    lower = middle;
                }
            }
        }
        if upper == high || look(upper + 1, &mut found.tried)? {
            found.least = Some(upper);
            return Ok(found);
        }
        floor = upper + 2;
        if floor > high {
            return Ok(found);
        }
        start = floor;
    }
    // It never settled: the most that is allowed, if that holds.
    if look(high, &mut found.tried)? {
        found.least = Some(high);
    }
    Ok(found)
}

/// The greatest number from 0 to `high` that holds where those below do, 0 taken for granted. For headroom.
///
/// # Errors
/// The first one that `holds` returns.
pub fn greatest<E>(high: u32, mut holds: impl FnMut(u32) -> Result<bool, E>) -> Result<u32, E> {
    let (mut lower, mut upper) = (0, 1.min(high));
    while lower < high && holds(upper)? {
        lower = upper;
        upper = upper.saturating_mul(2).min(high);
    }
    if lower == high {
        return Ok(high);
    }
    while upper - lower > 1 {
        let middle = lower + (upper - lower) / 2;
        if holds(middle)? {
            lower = middle;
        } else {
            upper = middle;
        }
    }
    Ok(lower)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn search(guess: u32, low: u32, high: u32, holds: impl Fn(u32) -> bool) -> Found {
        least(guess, low, high, |count| Ok::<_, Infallible>(holds(count))).unwrap()
    }

    #[test]
    fn a_good_guess_costs_three_looks() {
        let found = search(7, 1, 100, |count| count >= 7);
        assert_eq!((found.least, found.tried.len()), (Some(7), 3));
        assert!(found.is_monotone());
    }

    #[test]
    fn nothing_holds() {
        let found = search(5, 1, 40, |_| false);
        assert_eq!(found.least, None);
        assert!(found.tried.contains_key(&40));
        assert_eq!(search(5, 3, 2, |_| true).least, None);
    }

    #[test]
    fn a_count_that_holds_by_chance_is_not_the_answer() {
        let found = search(3, 1, 50, |count| count == 4 || count >= 9);
        assert_eq!(found.least, Some(9));
        assert!(!found.is_monotone());
    }

    #[test]
    fn an_error_ends_the_search() {
        assert_eq!(least(3, 1, 9, Err::<bool, _>), Err(3));
    }

    proptest! {
        #[test]
        fn the_least_is_found_from_any_guess(threshold in 1_u32..300, guess in 0_u32..400, high in 1_u32..300) {
            let found = search(guess, 1, high, |count| count >= threshold);
            prop_assert_eq!(found.least, (threshold <= high).then_some(threshold));
            prop_assert!(found.tried.len() < 24, "{} looks", found.tried.len());
        }

        #[test]
        fn whatever_holds_the_answer_and_the_next_count_hold_and_the_one_before_does_not(
            pattern in proptest::collection::vec(any::<bool>(), 1..40), guess in 0_u32..50,
        ) {
            let high = pattern.len() as u32;
            let holds = |count: u32| pattern[count as usize - 1];
            let found = search(guess, 1, high, holds);
            if let Some(least) = found.least {
                prop_assert!(holds(least));
                prop_assert!(least == high || holds(least + 1));
                // Below it lies a failure that was seen, unless the search settled for the most.
                prop_assert!(least == 1 || least == high || found.tried.get(&(least - 1)).is_none_or(|held| !held));
            }
        }

        #[test]
        fn the_greatest_is_found(threshold in 0_u32..200, high in 0_u32..200) {
            let found = greatest(high, |number| Ok::<_, Infallible>(number <= threshold)).unwrap();
            prop_assert_eq!(found, threshold.min(high));
        }
    }
}
