//! What some rows of a large table have beside it, found by their numbers: no hashing, and no order but theirs.

use super::rows::Rows;

/// Values by the numbers of rows. It costs four bytes for each row up to the last one that ever had a value, and its values,
/// whose room is used again.
#[derive(Clone, Debug)]
pub struct IdMap<T> {
    /// By row: where its value is, and one; 0 for none.
    places: Rows<u32>,
    values: Rows<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for IdMap<T> {
    fn default() -> Self {
        Self { places: Rows::default(), values: Rows::default(), free: Vec::new() }
    }
}

impl<T> IdMap<T> {
    /// How many rows have a value.
    #[inline]
    pub fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    /// Has none?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Has this row a value?
    #[inline]
    pub fn contains(&self, row: usize) -> bool {
        self.places.get(row).is_some_and(|place| *place != 0)
    }

    /// The value of a row.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&T> {
        let place = self.places.get(row)?.checked_sub(1)?;
        self.values[place as usize].as_ref()
    }

    /// The value of a row, to be changed.
    #[inline]
    pub fn get_mut(&mut self, row: usize) -> Option<&mut T> {
        let place = self.places.get(row)?.checked_sub(1)?;
        self.values[place as usize].as_mut()
    }

    /// Gives a row a value. Returns the one it had.
    #[inline]
    pub fn insert(&mut self, row: usize, value: T) -> Option<T> {
        self.places.fill_up(row + 1, 0);
        if let Some(place) = self.places[row].checked_sub(1) {
            return self.values[place as usize].replace(value);
        }
        let place = if let Some(place) = self.free.pop() {
            self.values[place as usize] = Some(value);
            place
        } else {
            self.values.push(Some(value));
            self.values.len() as u32 - 1
        };
        self.places[row] = place + 1;
        None
    }

    /// The value of a row, which gets the default one if it has none.
    pub fn get_or_default(&mut self, row: usize) -> &mut T
    where
        T: Default,
    {
        if !self.contains(row) {
            self.insert(row, T::default());
        }
        self.get_mut(row).expect("it has one now")
    }

    /// Takes the value of a row away.
    #[inline]
    pub fn remove(&mut self, row: usize) -> Option<T> {
        let place = std::mem::take(self.places.get_mut(row)?).checked_sub(1)?;
        self.free.push(place);
        self.values[place as usize].take()
    }

    /// The rows that have a value, in order. Costs a look at each row.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.places.iter().enumerate().filter(|(_, place)| **place != 0).map(|(row, _)| row)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    proptest::proptest! {
        #[test]
        fn it_is_a_map_in_order(steps in proptest::collection::vec((0_usize..40, 0..4), 0..300)) {
            let (mut map, mut model) = (IdMap::default(), BTreeMap::new());
            for (value, (row, step)) in steps.into_iter().enumerate() {
                match step {
                    0 => proptest::prop_assert_eq!(map.insert(row, value), model.insert(row, value)),
                    1 => {
                        let (one, other) = (map.get_or_default(row), model.entry(row).or_default());
                        (*one, *other) = (*one + value, *other + value);
                    }
                    _ => proptest::prop_assert_eq!(map.remove(row), model.remove(&row)),
                }
                proptest::prop_assert_eq!((map.get(row), map.contains(row)), (model.get(&row), model.contains_key(&row)));
                proptest::prop_assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
            }
            proptest::prop_assert!(map.rows().eq(model.keys().copied()));
            proptest::prop_assert!(map.values.len() <= 40);
        }
    }
}
