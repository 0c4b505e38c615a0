//! Sets of completion indexes, as a Job's status writes them: `0,2-4,7`.
//! Upstream: job `orderedIntervals`, `parseIndexesFromString`.

use std::fmt::Write as _;

use crate::model::Text;

/// Disjoint intervals in order, both ends inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct IndexSet {
    intervals: Vec<(u32, u32)>,
}

impl IndexSet {
    /// Reads `0,2-4`; what is beyond `completions` or cannot be read is left out.
    pub(super) fn parse(text: &str, completions: u32) -> Self {
        let mut set = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) else { continue };
            if first < completions {
                let last = last.min(completions - 1);
                // Two in a row are written with a comma.
                match set.intervals.last_mut().filter(|(_, end)| *end + 1 == first) {
                    Some((_, end)) => *end = last,
                    None => set.intervals.push((first, last)),
                }
            }
        }
        set
    }

    /// Adds an index.
    pub(super) fn insert(&mut self, index: u32) {
        let at = self.intervals.partition_point(|(first, _)| *first <= index);
        if at > 0 && self.intervals[at - 1].1 >= index {
            return;
        }
        let joins_before = at > 0 && self.intervals[at - 1].1 + 1 == index;
        let joins_after = self.intervals.get(at).is_some_and(|(first, _)| *first == index + 1);
        match (joins_before, joins_after) {
            (true, true) => {
                self.intervals[at - 1].1 = self.intervals[at].1;
                self.intervals.remove(at);
            }
            (true, false) => self.intervals[at - 1].1 = index,
            (false, true) => self.intervals[at].0 = index,
            (false, false) => self.intervals.insert(at, (index, index)),
        }
    }

    /// Is it inside?
    pub(super) fn contains(&self, index: u32) -> bool {
        let at = self.intervals.partition_point(|(first, _)| *first <= index);
        at > 0 && self.intervals[at - 1].1 >= index
    }

    /// The lowest index from this one on that is not inside.
    pub(super) fn next_outside(&self, index: u32) -> u32 {
        let at = self.intervals.partition_point(|(first, _)| *first <= index);
        if at > 0 && self.intervals[at - 1].1 >= index { self.intervals[at - 1].1 + 1 } else { index }
    }

    /// How many indexes.
    pub(super) fn len(&self) -> u32 {
        self.intervals.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// How many of its indexes are in `other`.
    pub(super) fn common(&self, other: &Self) -> u32 {
        self.intervals.iter().flat_map(|(first, last)| *first..=*last).filter(|index| other.contains(*index)).count()
            as u32
    }

    /// `0,2-4,7`: three or more in a row as a range, two with a comma.
    pub(super) fn text(&self) -> Text {
        let mut text = Text::default();
        for (first, last) in &self.intervals {
            if !text.is_empty() {
                text.push(',');
            }
            let written = match last - first {
                0 => write!(text, "{first}"),
                1 => write!(text, "{first},{last}"),
                _ => write!(text, "{first}-{last}"),
            };
            written.expect("a text takes everything");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_in_a_row_are_listed_and_three_are_a_range() {
        let mut set = IndexSet::default();
        for index in [7, 3, 0, 4, 2] {
            set.insert(index);
        }
        assert_eq!((set.text().as_str(), set.len()), ("0,2-4,7", 5));
        set.insert(1);
        set.insert(1);
        assert_eq!(set.text(), "0-4,7");
        set.insert(8);
        assert_eq!(set.text(), "0-4,7,8");
        assert!(set.contains(8) && !set.contains(5));
    }

    #[test]
    fn what_is_written_reads_back_within_the_completions() {
        let set = IndexSet::parse("0,2-4,7", 10);
        assert_eq!(set.text(), "0,2-4,7");
        assert_eq!(IndexSet::parse("0,2-9,12", 5).text(), "0,2-4");
        assert_eq!(IndexSet::parse("", 5).len(), 0);
        assert_eq!(IndexSet::parse("1-3", 9).common(&set), 2);
    }
}
