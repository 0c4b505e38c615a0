//! A table that only grows, in pieces of one size: a row that was written stays where it is, so that a table of a million
//! rows costs its own memory, where one piece that doubles costs twice as much and is copied again and again.

use std::fmt;
use std::ops::{Index, IndexMut};

use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Rows of a piece: a power of two.
const PIECE: usize = 1 << 12;

/// Rows by number.
#[derive(Clone, PartialEq)]
pub struct Rows<T> {
    /// All full but for the last.
    pieces: Vec<Vec<T>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<T> Rows<T> {
    /// Adds a row behind all others.
    #[inline]
    pub fn push(&mut self, row: T) {
        match self.pieces.last_mut() {
            Some(last) if last.len() < PIECE => last.push(row),
            // The first piece grows by itself: many tables stay small.
            before => {
                let mut piece = if before.is_some() { Vec::with_capacity(PIECE) } else { Vec::new() };
                piece.push(row);
                self.pieces.push(piece);
            }
        }
    }

    /// How many rows there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.pieces.last().map_or(0, |last| (self.pieces.len() - 1) * PIECE + last.len())
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The row of a number, if there is one.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&T> {
        self.pieces.get(row / PIECE)?.get(row % PIECE)
    }

    /// The last row.
    pub fn last(&self) -> Option<&T> {
        self.pieces.last()?.last()
    }

    /// All rows in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.pieces.iter().flatten()
    }

    /// All rows in order, from one on.
    pub fn iter_from(&self, row: usize) -> impl Iterator<Item = &T> + Clone {
        let pieces = self.pieces.get(row / PIECE..).unwrap_or_default();
        let (first, rest) = pieces.split_first().map_or((&[][..], &[][..]), |(first, rest)| (first.as_slice(), rest));
        first.get(row % PIECE..).unwrap_or_default().iter().chain(rest.iter().flatten())
    }

    /// All rows in order, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pieces.iter_mut().flatten()
    }
}

impl<T> Index<usize> for Rows<T> {
    type Output = T;

    #[inline]
    fn index(&self, row: usize) -> &T {
        &self.pieces[row / PIECE][row % PIECE]
    }
}

impl<T> IndexMut<usize> for Rows<T> {
    #[inline]
    fn index_mut(&mut self, row: usize) -> &mut T {
        &mut self.pieces[row / PIECE][row % PIECE]
    }
}

impl<'a, T> IntoIterator for &'a Rows<T> {
    type Item = &'a T;
    type IntoIter = std::iter::Flatten<std::slice::Iter<'a, Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.pieces.iter().flatten()
    }
}

impl<T> FromIterator<T> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        let mut table = Self::default();
        table.extend(rows);
        table
    }
}

impl<T> Extend<T> for Rows<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, rows: I) {
        rows.into_iter().for_each(|row| self.push(row));
    }
}

impl<T: fmt::Debug> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<T: Serialize> Serialize for Rows<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.len()))?;
        for row in self {
            sequence.serialize_element(row)?;
        }
        sequence.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Rows<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence of rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Rows<T>, A::Error> {
                let mut rows = Rows::default();
                while let Some(row) = sequence.next_element()? {
                    rows.push(row);
                }
                Ok(rows)
            }
        }

        deserializer.deserialize_seq(Reader(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_number_over_many_pieces() {
        let count = PIECE * 2 + 7;
        let mut rows: Rows<usize> = (0..count).collect();
        assert_eq!((rows.len(), rows.last(), rows[PIECE], rows.get(count)), (count, Some(&(count - 1)), PIECE, None));
        rows[PIECE - 1] = 1;
        assert_eq!(rows.iter().rev().nth(count - PIECE), Some(&1));
        assert!(rows.iter_from(PIECE + 3).copied().eq(PIECE + 3..count));
        assert_eq!(rows.iter_from(count).next(), None);
        assert_eq!(rows.iter_from(PIECE * 9).next(), None);
        let read: Rows<usize> = serde_json::from_str(&serde_json::to_string(&rows).unwrap()).unwrap();
        assert_eq!(read, rows);
        assert!(Rows::<u8>::default().is_empty() && Rows::<u8>::default().iter_from(0).next().is_none());
    }
}
