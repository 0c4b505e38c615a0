//! Go's `sort.Sort`: a pattern-defeating quicksort that is not stable, so the order of equal rows is the algorithm's.
//! kubectl sorts with it, and what it prints of equal rows follows from nothing else.
//! Upstream: Go's package sort, `pdqsort`.

/// Ranges this short are sorted by insertion.
const INSERTION: usize = 12;
/// From here on the pivot is the median of three medians.
const NINTHER: usize = 50;
/// As many exchanges while a pivot is chosen tell of a falling range.
const MOST_SWAPS: u32 = 12;

/// Sorts by a `less` that need be no strict order.
pub(super) fn sort<T>(items: &mut [T], less: impl Fn(&T, &T) -> bool) {
    let limit = usize::BITS - items.len().leading_zeros();
    let end = items.len();
    let mut sorter = Sorter { items, less };
    sorter.range(0, end, limit);
}

struct Sorter<'a, T, F> {
    items: &'a mut [T],
    less: F,
}

/// What choosing a pivot tells of a range.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hint {
    Rising,
    Falling,
    Unknown,
}

impl<T, F: Fn(&T, &T) -> bool> Sorter<'_, T, F> {
    fn less(&self, left: usize, right: usize) -> bool {
        (self.less)(&self.items[left], &self.items[right])
    }

    fn range(&mut self, mut first: usize, mut end: usize, mut limit: u32) {
        let (mut is_balanced, mut was_partitioned) = (true, true);
        loop {
            let length = end - first;
            if length <= INSERTION {
                return self.insertion(first, end);
            }
            if limit == 0 {
                return self.heap(first, end);
            }
            if !is_balanced {
                self.break_patterns(first, end);
                limit -= 1;
            }
            let (mut pivot, mut hint) = self.choose_pivot(first, end);
            if hint == Hint::Falling {
                self.items[first..end].reverse();
                pivot = (end - 1) - (pivot - first);
                hint = Hint::Rising;
            }
            if is_balanced && was_partitioned && hint == Hint::Rising && self.partial_insertion(first, end) {
                return;
            }
            // Many are equal to the one before the range: they go first.
            if first > 0 && !self.less(first - 1, pivot) {
                first = self.partition_equal(first, end, pivot);
                continue;
            }
            let (middle, already) = self.partition(first, end, pivot);
            was_partitioned = already;
            let (left, right) = (middle - first, end - middle);
            if left < right {
                is_balanced = left >= length / 8;
                self.range(first, middle, limit);
                first = middle + 1;
            } else {
                is_balanced = right >= length / 8;
                self.range(middle + 1, end, limit);
                end = middle;
            }
        }
    }

    fn insertion(&mut self, first: usize, end: usize) {
        for start in first + 1..end {
            let mut place = start;
            while place > first && self.less(place, place - 1) {
                self.items.swap(place, place - 1);
                place -= 1;
            }
        }
    }

    fn heap(&mut self, first: usize, end: usize) {
        let length = end - first;
        for root in (0..=(length - 1) / 2).rev() {
            self.sift_down(root, length, first);
        }
        for last in (0..length).rev() {
            self.items.swap(first, first + last);
            self.sift_down(0, last, first);
        }
    }

    fn sift_down(&mut self, mut root: usize, end: usize, first: usize) {
        loop {
            let mut child = 2 * root + 1;
            if child >= end {
                return;
            }
            if child + 1 < end && self.less(first + child, first + child + 1) {
                child += 1;
            }
            if !self.less(first + root, first + child) {
                return;
            }
            self.items.swap(first + root, first + child);
            root = child;
        }
    }

    /// Scatters three elements by a generator that starts from the length: the same for every run.
    fn break_patterns(&mut self, first: usize, end: usize) {
        let length = end - first;
        if length < 8 {
            return;
        }
        let mut random = length as u64;
        let mask = (1_u64 << (usize::BITS - length.leading_zeros())) - 1;
        let index = first + (length / 4) * 2 - 1;
        for step in 0..3 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let mut other = (random & mask) as usize;
            if other >= length {
                other -= length;
            }
            self.items.swap(index - 1 + step, first + other);
        }
    }

    fn choose_pivot(&self, first: usize, end: usize) -> (usize, Hint) {
        let length = end - first;
        let mut swaps = 0;
        let [mut low, mut middle, mut high] = [1, 2, 3].map(|quarter| first + length / 4 * quarter);
        if length >= 8 {
            if length >= NINTHER {
                low = self.median(low - 1, low, low + 1, &mut swaps);
                middle = self.median(middle - 1, middle, middle + 1, &mut swaps);
                high = self.median(high - 1, high, high + 1, &mut swaps);
            }
            middle = self.median(low, middle, high, &mut swaps);
        }
        let hint = match swaps {
            0 => Hint::Rising,
            MOST_SWAPS => Hint::Falling,
            _ => Hint::Unknown,
        };
        (middle, hint)
    }

    fn median(&self, low: usize, middle: usize, high: usize, swaps: &mut u32) -> usize {
        let mut order = |left: usize, right: usize| {
            if self.less(right, left) {
                *swaps += 1;
                (right, left)
            } else {
                (left, right)
            }
        };
        let (low, middle) = order(low, middle);
        let (middle, _) = order(middle, high);
        order(low, middle).1
    }

    /// Sorts a range that is almost sorted; false if it is not.
    fn partial_insertion(&mut self, first: usize, end: usize) -> bool {
        const STEPS: usize = 5;
        let mut place = first + 1;
        for _ in 0..STEPS {
            while place < end && !self.less(place, place - 1) {
                place += 1;
            }
            if place == end {
                return true;
            }
            if end - first < NINTHER {
                return false;
            }
            self.items.swap(place, place - 1);
            if place - first >= 2 {
                let mut left = place - 1;
                while left >= 1 && self.less(left, left - 1) {
                    self.items.swap(left, left - 1);
                    left -= 1;
                }
            }
            if end - place >= 2 {
                let mut right = place + 1;
                while right < end && self.less(right, right - 1) {
                    self.items.swap(right, right - 1);
                    right += 1;
                }
            }
        }
        false
    }

    fn partition(&mut self, first: usize, end: usize, pivot: usize) -> (usize, bool) {
        self.items.swap(first, pivot);
        let (mut left, mut right) = (first + 1, end - 1);
        let mut exchanged = false;
        loop {
            while left <= right && self.less(left, first) {
                left += 1;
            }
            while left <= right && !self.less(right, first) {
                right -= 1;
            }
            if left > right {
                break;
            }
            self.items.swap(left, right);
            (left, right) = (left + 1, right - 1);
            exchanged = true;
        }
        self.items.swap(right, first);
        (right, !exchanged)
    }

    fn partition_equal(&mut self, first: usize, end: usize, pivot: usize) -> usize {
        self.items.swap(first, pivot);
        let (mut left, mut right) = (first + 1, end - 1);
        loop {
            while left <= right && !self.less(first, left) {
                left += 1;
            }
            while left <= right && self.less(first, right) {
                right -= 1;
            }
            if left > right {
                return left;
            }
            self.items.swap(left, right);
            (left, right) = (left + 1, right - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sort;

    #[test]
    fn every_length_and_pattern_comes_out_sorted() {
        for length in 0..200_u32 {
            let patterns: [fn(u32, u32) -> u32; 4] =
                [|place, _| place, |place, length| length - place, |place, _| place % 3, |place, _| place * 7919 % 101];
            for pattern in patterns {
                let mut items: Vec<u32> = (0..length).map(|place| pattern(place, length)).collect();
                let mut expected = items.clone();
                expected.sort_unstable();
                sort(&mut items, |left, right| left < right);
                assert_eq!(items, expected);
            }
        }
    }

    #[test]
    fn an_order_that_contradicts_itself_ends_too() {
        let mut items: Vec<u32> = (0..1000).collect();
        sort(&mut items, |_, _| true);
        assert_eq!(items.len(), 1000);
    }
}
