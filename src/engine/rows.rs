//! A table that only grows, and may grow to millions of rows.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

/// Bytes from which on a table asks for far more room than it has rows.
const LARGE: usize = 1 << 20;
/// How many times the room that it has.
const STRIDE: usize = 256;
/// The most bytes that it asks for at once, unless it has more.
const MOST: usize = 1 << 30;

/// Rows by number. While it is small it grows as a `Vec` does. A large one asks for addresses, which cost nothing until
/// something is written there, far ahead of its rows: it is hardly ever copied, and what it holds of memory is its rows,
/// where a `Vec` of a million rows that has just doubled holds them twice.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rows<T>(Vec<T>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Rows<T> {
    /// Adds a row behind all others.
    #[inline]
    pub fn push(&mut self, row: T) {
        if self.0.len() == self.0.capacity() {
            self.look_ahead();
        }
        self.0.push(row);
    }

    /// Adds rows like `row` until there are `length`, if there are fewer.
    #[inline]
    pub fn fill_up(&mut self, length: usize, row: T)
    where
        T: Clone,
    {
        if self.0.len() < length {
            if self.0.capacity() < length {
                self.look_ahead();
            }
            self.0.resize(length, row);
        }
    }

    /// Room far ahead, if it is large. Where the system refuses that, as under a limit on addresses, the table grows as any
    /// other does.
    #[cold]
    fn look_ahead(&mut self) {
        let (rows, size) = (self.0.len(), size_of::<T>().max(1));
        if rows * size >= LARGE {
            let ahead = (rows * (STRIDE - 1)).min(MOST / size).max(rows);
            // What could not be had is tried again at the next doubling.
            let _ = self.0.try_reserve_exact(ahead);
        }
    }

    /// All rows in order, from one on.
    pub fn iter_from(&self, row: usize) -> std::slice::Iter<'_, T> {
        self.0.get(row..).unwrap_or_default().iter()
    }
}

impl<T> Deref for Rows<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Rows<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<'a, T> IntoIterator for &'a Rows<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Rows<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

impl<T> FromIterator<T> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}

impl<T: fmt::Debug> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_table_is_hardly_ever_moved() {
        let (mut rows, mut moves, mut place) = (Rows::default(), 0, std::ptr::null());
        for number in 0..4_000_000_u64 {
            rows.push(number);
            if rows.as_ptr() != place {
                (moves, place) = (moves + u32::from(rows.len() * 8 > LARGE), rows.as_ptr());
            }
        }
        assert_eq!(moves, 1, "from {LARGE} to 32,000,000 bytes");
        assert!(rows.iter().copied().eq(0..4_000_000));
    }

    #[test]
    fn a_small_table_takes_no_more_room_than_a_vec() {
        let (mut rows, mut vec) = (Rows::default(), Vec::new());
        for number in 0..LARGE / 8 {
            rows.push(number);
            vec.push(number);
        }
        assert_eq!(rows.0.capacity(), vec.capacity());
    }

    #[test]
    fn rows_are_found_by_number() {
        let mut rows: Rows<usize> = (0..7).collect();
        rows.fill_up(9, 70);
        rows.fill_up(3, 5);
        assert_eq!((rows.len(), rows.last(), rows[6], rows.get(9)), (9, Some(&70), 6, None));
        assert_eq!(rows.iter_from(6).copied().collect::<Vec<_>>(), [6, 70, 70]);
        assert_eq!(rows.iter_from(10).next(), None);
        let read: Rows<usize> = serde_json::from_str(&serde_json::to_string(&rows).unwrap()).unwrap();
        assert_eq!(read, rows);
    }
}
