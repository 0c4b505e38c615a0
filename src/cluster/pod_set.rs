//! Sets of pods in the order of their ids. Ids only grow, so that a pod that comes goes to the end, and one that leaves
//! is marked: neither moves the others.

use crate::model::object::PodId;

/// Marks a place whose pod has left.
const GONE: u32 = 1 << 31;
/// Fewer places are not worth a clean-up.
const FEW: usize = 16;

/// A set of pods.
#[derive(Clone, Debug, Default)]
pub struct PodSet {
    /// Ids, ascending without their marks.
    places: Vec<u32>,
    gone: usize,
}

impl PodSet {
    /// Adds a pod. Returns whether it is new.
    pub fn insert(&mut self, pod: PodId) -> bool {
        debug_assert!(pod.0 < GONE, "{pod:?} has no room for the mark");
        if self.places.last().is_none_or(|last| last & !GONE < pod.0) {
            self.places.push(pod.0);
            return true;
        }
        match self.find(pod) {
            Ok(place) if self.places[place] & GONE == 0 => false,
            Ok(place) => {
                self.places[place] = pod.0;
                self.gone -= 1;
                true
            }
            Err(place) => {
                self.places.insert(place, pod.0);
                true
            }
        }
    }

    /// Takes a pod out. Returns whether it was there.
    pub fn remove(&mut self, pod: PodId) -> bool {
        let Some(place) = self.find(pod).ok().filter(|place| self.places[*place] & GONE == 0) else { return false };
        self.places[place] |= GONE;
        self.gone += 1;
        if self.places.len() > FEW && self.gone * 2 > self.places.len() {
            self.places.retain(|id| id & GONE == 0);
            self.gone = 0;
        }
        true
    }

    /// How many pods there are.
    pub fn len(&self) -> usize {
        self.places.len() - self.gone
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pods, by id.
    pub fn iter(&self) -> impl Iterator<Item = PodId> + '_ {
        self.places.iter().filter(|id| **id & GONE == 0).map(|id| PodId(*id))
    }

    /// Ids ascend, so that one lies at most as far behind the first as it is greater, and at most as far before the last as
    /// it is less. Where most of a stretch of ids is in the set, as with the pods of a large workload, it lies just at one
    /// of these places, or little behind the one and before the other.
    fn find(&self, pod: PodId) -> Result<usize, usize> {
        let id_at = |place: usize| self.places[place] & !GONE;
        let (Some(first), Some(last)) = (self.places.first(), self.places.last()) else { return Err(0) };
        let Some(distance) = pod.0.checked_sub(first & !GONE) else { return Err(0) };
        let Some(to_last) = (last & !GONE).checked_sub(pod.0) else { return Err(self.places.len()) };
        let least = (self.places.len() - 1).saturating_sub(to_last as usize);
        if id_at(least) == pod.0 {
            return Ok(least);
        }
        let mut end = self.places.len().min(distance as usize + 1);
        let mut step = 1;
        // What is looked for lies before `end`, or would be inserted there.
        while end > step && id_at(end - step) > pod.0 {
            end -= step;
            step *= 2;
        }
        let begin = end.saturating_sub(step).max(least);
        let found = self.places[begin..end].binary_search_by_key(&pod.0, |id| id & !GONE);
        found.map(|place| begin + place).map_err(|place| begin + place)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    proptest::proptest! {
        #[test]
        fn it_is_a_set_in_order(steps in proptest::collection::vec((0_u32..60, proptest::bool::ANY), 0..300)) {
            let (mut set, mut model) = (PodSet::default(), BTreeSet::new());
            for (id, comes) in steps {
                let pod = PodId(id);
                if comes {
                    proptest::prop_assert_eq!(set.insert(pod), model.insert(pod));
                } else {
                    proptest::prop_assert_eq!(set.remove(pod), model.remove(&pod));
                }
                proptest::prop_assert_eq!(set.len(), model.len());
            }
            proptest::prop_assert!(set.iter().eq(model.iter().copied()));
            proptest::prop_assert_eq!(set.is_empty(), model.is_empty());
        }
    }
}
