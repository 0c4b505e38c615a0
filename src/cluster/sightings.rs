//! When which Event was seen: what the recorder, `kubectl get events --watch` and observers of a run follow.

use std::collections::VecDeque;

use crate::engine::SimTime;

/// One sighting: which row was made or counted, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When.
    pub at: SimTime,
    /// The row.
    pub row: u32,
    /// Its count then.
    pub count: u32,
}

/// All sightings by number, of which only the last are kept: a million pods have several million.
#[derive(Debug, Default)]
pub struct Sightings {
    /// The last ones.
    kept: VecDeque<Sighting>,
    /// How many came before those.
    forgotten: usize,
    /// The number up to which they may be forgotten next.
    old: usize,
}

impl Sightings {
    pub(super) fn push(&mut self, sighting: Sighting) {
        self.kept.push_back(sighting);
    }

    /// How many there have been: the number of the next one.
    #[inline]
    pub fn end(&self) -> usize {
        self.forgotten + self.kept.len()
    }

    /// Those from a number on, as far as they are kept.
    pub fn from(&self, number: usize) -> impl Iterator<Item = &Sighting> + '_ {
        let first = number.saturating_sub(self.forgotten).min(self.kept.len());
        self.kept.range(first..)
    }

    /// Forgets those that were there at the last call of this.
    pub(super) fn forget_old(&mut self) {
        let end = self.end();
        self.kept.drain(..self.old - self.forgotten);
        (self.forgotten, self.old) = (self.old, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_when_the_first_are_forgotten() {
        let mut sightings = Sightings::default();
        let push = |sightings: &mut Sightings, row| sightings.push(Sighting { at: SimTime::ZERO, row, count: 1 });
        let rows = |sightings: &Sightings, number| sightings.from(number).map(|one| one.row).collect::<Vec<_>>();
        (0..3).for_each(|row| push(&mut sightings, row));
        sightings.forget_old();
        assert_eq!(rows(&sightings, 1), [1, 2]);
        (3..5).for_each(|row| push(&mut sightings, row));
        sightings.forget_old();
        assert_eq!((rows(&sightings, 0), rows(&sightings, 4), sightings.end()), (vec![3, 4], vec![4], 5));
        sightings.forget_old();
        assert_eq!((rows(&sightings, 0), rows(&sightings, 9), sightings.end()), (vec![], vec![], 5));
    }
}
