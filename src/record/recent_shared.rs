//! What was found for shared values that came lately, by where they lie in memory: a million pods' Events share their sorts.

use std::sync::Arc;

/// Places: a power of two.
const PLACES: usize = 256;

/// A small table in which each shared value has one place, until another one takes it.
#[derive(Debug)]
pub(super) struct RecentShared<T, V> {
    places: Vec<Option<(Arc<T>, V)>>,
}

impl<T, V> Default for RecentShared<T, V> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<T, V: Clone> Clone for RecentShared<T, V> {
    fn clone(&self) -> Self {
        Self { places: self.places.clone() }
    }
}

impl<T, V: Copy> RecentShared<T, V> {
    /// What was noted last of this very value.
    pub(super) fn get(&self, shared: &Arc<T>) -> Option<V> {
        match self.places.get(place(shared)) {
            Some(Some((known, found))) if Arc::ptr_eq(known, shared) => Some(*found),
            _ => None,
        }
    }

    /// Notes what was found for a value.
    pub(super) fn put(&mut self, shared: &Arc<T>, found: V) {
        self.places.resize_with(PLACES, || None);
        self.places[place(shared)] = Some((Arc::clone(shared), found));
    }
}

fn place<T>(shared: &Arc<T>) -> usize {
    let address = Arc::as_ptr(shared).cast::<u8>().addr();
    (address >> 4).wrapping_mul(0x9E37_79B9) >> 7 & (PLACES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_again_until_another_takes_its_place() {
        let mut recent = RecentShared::default();
        let values: Vec<Arc<String>> = (0..2 * PLACES).map(|number| Arc::new(number.to_string())).collect();
        for (number, value) in values.iter().enumerate() {
            assert_eq!(recent.get(value), None);
            recent.put(value, number);
            assert_eq!(recent.get(value), Some(number));
        }
        let kept = values.iter().filter(|value| recent.get(value).is_some()).count();
        assert!((1..=PLACES).contains(&kept), "{kept}");
        // An equal text at another place is another value.
        assert_eq!(recent.get(&Arc::new("511".to_owned())), None);
    }
}
