//! Steps over time, reduced to one value a column of pixels. A long series costs one pass and a picture
//! never more marks than it has columns.

use std::ops::Range;

/// A value in each column of pixels from `left` on.
#[derive(Clone, Debug)]
pub struct Columns<T> {
    left: i32,
    /// The value at the end of each column.
    pub last: Vec<T>,
    current: T,
}

impl<T: Copy + PartialEq> Columns<T> {
    /// Columns from `left` to `right`, starting with `value`.
    pub fn new(left: i32, right: i32, value: T) -> Self {
        Self { left, last: Vec::with_capacity((right - left).max(1) as usize), current: value }
    }

    /// From pixel `x` on the value is another. Must be called from left to right.
    pub fn change(&mut self, x: i32, to: impl FnOnce(&mut T)) {
        self.fill(x);
        to(&mut self.current);
    }

    /// Columns up to `right`, the last value in the rest of them.
    pub fn finish(mut self, right: i32) -> Self {
        self.fill(right);
        self
    }

    fn fill(&mut self, x: i32) {
        let columns = (x - self.left).max(0) as usize;
        if columns > self.last.len() {
            self.last.resize(columns, self.current);
        }
    }

    /// Stretches of equal values: their pixels and the value.
    pub fn runs(&self) -> Vec<(Range<i32>, T)> {
        let mut runs: Vec<(Range<i32>, T)> = Vec::new();
        for (index, value) in self.last.iter().enumerate() {
            let x = self.left + index as i32;
            match runs.last_mut() {
                Some((range, last)) if last == value => range.end = x + 1,
                _ => runs.push((x..x + 1, *value)),
            }
        }
        runs
    }
}

/// A count over time of which each column keeps the highest value it saw: no spike is lost.
#[derive(Clone, Debug)]
pub struct Peaks {
    left: i32,
    highest: Vec<u64>,
    value: u64,
}

impl Peaks {
    /// Columns from `left` on, starting at 0.
    pub fn new(left: i32) -> Self {
        Self { left, highest: Vec::new(), value: 0 }
    }

    /// From pixel `x` on the count is `value`. Must be called from left to right.
    pub fn set(&mut self, x: i32, value: u64) {
        let column = (x - self.left).max(0) as usize;
        if self.highest.len() <= column {
            self.highest.resize(column + 1, self.value);
        }
        self.highest[column] = self.highest[column].max(value);
        self.value = value;
    }

    /// The columns up to `right`.
    pub fn finish(mut self, right: i32) -> Columns<u64> {
        self.highest.resize((right - self.left).max(0) as usize, self.value);
        Columns { left: self.left, last: self.highest, current: self.value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_hold_the_last_value_of_their_time() {
        let mut columns = Columns::new(10, 20, 0);
        columns.change(12, |value| *value = 1);
        columns.change(12, |value| *value = 2);
        columns.change(15, |value| *value = 0);
        assert_eq!(columns.finish(20).runs(), [(10..12, 0), (12..15, 2), (15..20, 0)]);
    }

    #[test]
    fn peaks_keep_a_spike_and_only_in_its_column() {
        let mut peaks = Peaks::new(0);
        peaks.set(3, 9);
        peaks.set(3, 1);
        peaks.set(6, 0);
        assert_eq!(peaks.finish(8).runs(), [(0..3, 0), (3..4, 9), (4..7, 1), (7..8, 0)]);
    }
}
