//! The queue of pending events, ordered by time and, within an instant, by insertion.
//! Knows nothing of what the events mean, never cancels (a stale timer carries a generation) and never
//! goes back in time, on which its design rests.
//!
//! A monotone radix heap: an event waits in the bucket named by the highest base-64 digit in which its time
//! differs from the present (`level`) and by the value of that digit. Popping empties the lowest bucket into lower
//! ones, so an event moves a few times in its life, always in bulk and in order, where a binary heap pays a cache
//! miss per level and event. No sequence number is stored: equal times share a bucket at every moment, a bucket is
//! spread in insertion order, and only into buckets that are empty. Events at the present instant skip all this
//! and wait in a plain FIFO lane. Only `pop` moves the present: were a peek to do it, a later push between the
//! present and the next event would be refused or misplaced.

use std::collections::{BTreeMap, VecDeque};

use super::time::SimTime;

/// Bits of a digit, and so 64 buckets a level: one word tells which of them are occupied.
const DIGIT_BITS: u32 = 6;
const DIGITS: usize = 1 << DIGIT_BITS;
/// Levels that 64 bits of time need.
const LEVELS: usize = 64usize.div_ceil(DIGIT_BITS as usize);
/// Events of a chunk. A bucket is a chain of chunks that are recycled at once: memory follows the number of
/// pending events, and no bucket is ever copied to grow.
const CHUNK: usize = 64;
/// No chunk.
const NONE: u32 = u32::MAX;

/// Pending events of type `E`, a small plain value.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    /// The present: time of the event popped last.
    now: SimTime,
    /// Events at `now`, in order.
    present: VecDeque<E>,
    /// Later events: `buckets[level * DIGITS + digit]`.
    buckets: Box<[Bucket]>,
    /// Occupied buckets of each level, a bit each.
    occupied: [u64; LEVELS],
    /// Levels with an occupied bucket, a bit each.
    levels: u32,
    /// The chunks of all buckets, and those waiting for reuse.
    chunks: Vec<Chunk<E>>,
    free: u32,
    /// Events that wait for the end of their instant; a handful of samplers.
    late: BTreeMap<(SimTime, u64), E>,
    late_sequence: u64,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    first: u32,
    last: u32,
    /// Earliest time inside; exact, because a bucket is only ever emptied as a whole.
    earliest: SimTime,
}

#[derive(Clone, Debug)]
struct Chunk<E> {
    entries: Vec<(SimTime, E)>,
    next: u32,
}

const EMPTY: Bucket = Bucket { first: NONE, last: NONE, earliest: SimTime::NEVER };

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy> EventQueue<E> {
    /// An empty queue at the run's origin.
    pub fn new() -> Self {
        Self {
            now: SimTime::ZERO,
            present: VecDeque::new(),
            buckets: vec![EMPTY; LEVELS * DIGITS].into_boxed_slice(),
            occupied: [0; LEVELS],
            levels: 0,
            chunks: Vec::new(),
            free: NONE,
            late: BTreeMap::new(),
            late_sequence: 0,
            len: 0,
        }
    }

    /// Adds `event` at `at`, behind all events of that instant that are pending already.
    ///
    /// # Panics
    /// Where `at` lies before the event popped last: the past cannot be changed.
    #[inline]
    pub fn push(&mut self, at: SimTime, event: E) {
        assert!(at >= self.now, "an event for {} ns was sent at {} ns", at.0, self.now.0);
        self.len += 1;
        if at == self.now {
            self.present.push_back(event);
        } else {
            self.file(at, event);
        }
    }

    /// Adds `event` to the end of the instant `at`: it fires when nothing else of that instant is pending, also
    /// nothing that was sent meanwhile, in the order of insertion among its like. For samplers, which must see
    /// the whole instant.
    ///
    /// # Panics
    /// Where `at` lies in the past.
    pub fn push_late(&mut self, at: SimTime, event: E) {
        assert!(at >= self.now, "a late event for {} ns was sent at {} ns", at.0, self.now.0);
        self.len += 1;
        self.late_sequence += 1;
        self.late.insert((at, self.late_sequence), event);
    }

    /// Takes the next event out and makes its time the present.
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        if let Some(event) = self.present.pop_front() {
            self.len -= 1;
            return Some((self.now, event));
        }
        if self.len == 0 {
            return None;
        }
        let next = self.next_in_buckets();
        if let Some((&key, _)) = self.late.first_key_value()
            && next.is_none_or(|next| key.0 < next)
        {
            let event = self.late.remove(&key)?;
            self.advance(key.0);
            self.len -= 1;
            return Some((key.0, event));
        }
        self.advance(next?);
        let event = self.present.pop_front()?;
        self.len -= 1;
        Some((self.now, event))
    }

    /// The next event, if it is one of the present instant. Moves nothing.
    #[inline]
    pub fn at_hand(&self) -> Option<&E> {
        self.present.front()
    }

    /// Time of the next event. Moves nothing.
    #[inline]
    pub fn next_time(&self) -> Option<SimTime> {
        if !self.present.is_empty() {
            return Some(self.now);
        }
        let late = self.late.first_key_value().map(|(key, _)| key.0);
        match (self.next_in_buckets(), late) {
            (Some(next), Some(late)) => Some(next.min(late)),
            (next, late) => next.or(late),
        }
    }

    /// Forgets the pending events that `keep` refuses; the others keep their order. Costs as much as handling all of
    /// them once: for rare turns, such as a process that ends with everything that it waited for.
    pub fn retain(&mut self, mut keep: impl FnMut(E) -> bool) {
        let mut old = std::mem::take(self);
        self.now = old.now;
        self.late_sequence = old.late_sequence;
        self.late = std::mem::take(&mut old.late);
        old.len -= self.late.len();
        self.late.retain(|_, event| keep(*event));
        self.len = self.late.len();
        while let Some((at, event)) = old.pop() {
            if keep(event) {
                self.push(at, event);
            }
        }
    }

    /// Number of pending events.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Nothing pending?
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All pending events with their times, in no particular order (though always in the same).
    pub fn iter(&self) -> impl Iterator<Item = (SimTime, E)> + '_ {
        let present = self.present.iter().map(|&event| (self.now, event));
        // Chunks that wait for reuse are empty.
        let later = self.chunks.iter().flat_map(|chunk| chunk.entries.iter().copied());
        present.chain(later).chain(self.late.iter().map(|(key, &event)| (key.0, event)))
    }

    /// The place of the earliest bucket. Times of a lower level differ from the present in lower digits only, and
    /// so come first; within a level, the lower digit does.
    #[inline]
    fn lowest(&self) -> Option<(usize, usize)> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        Some((level, self.occupied[level].trailing_zeros() as usize))
    }

    #[inline]
    fn next_in_buckets(&self) -> Option<SimTime> {
        self.lowest().map(|(level, digit)| self.buckets[level * DIGITS + digit].earliest)
    }

    /// Makes `to` the present. Nothing earlier is pending.
    #[inline]
    fn advance(&mut self, to: SimTime) {
        let Some((level, digit)) = self.lowest() else {
            self.now = to;
            return;
        };
        let enters = to != self.now && place(self.now, to) == (level, digit);
        self.now = to;
        if enters {
            self.spread(level, digit);
        }
    }

    /// Empties the lowest bucket, whose leading digits the present has just taken over, into lower ones.
    fn spread(&mut self, level: usize, digit: usize) {
        let bucket = std::mem::replace(&mut self.buckets[level * DIGITS + digit], EMPTY);
        self.occupied[level] &= !(1 << digit);
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
        let mut current = bucket.first;
        while current != NONE {
            // The chunk's entries are taken out while the others are filled, and its room is given back after.
            let chunk = &mut self.chunks[current as usize];
            let next = chunk.next;
            let mut entries = std::mem::take(&mut chunk.entries);
            for &(at, event) in &entries {
                if at == self.now {
                    self.present.push_back(event);
                } else {
                    self.file(at, event);
                }
            }
            entries.clear();
            self.chunks[current as usize] = Chunk { entries, next: self.free };
            self.free = current;
            current = next;
        }
    }

    /// Files an event later than the present.
    #[inline]
    fn file(&mut self, at: SimTime, event: E) {
        let (level, digit) = place(self.now, at);
        let bucket = &mut self.buckets[level * DIGITS + digit];
        bucket.earliest = bucket.earliest.min(at);
        if bucket.last != NONE {
            let chunk = &mut self.chunks[bucket.last as usize];
            if chunk.entries.len() < CHUNK {
                chunk.entries.push((at, event));
                return;
            }
        }
        self.file_in_new_chunk(level, digit, at, event);
    }

    #[cold]
    fn file_in_new_chunk(&mut self, level: usize, digit: usize, at: SimTime, event: E) {
        let fresh = self.free;
        let fresh = if fresh == NONE {
            self.chunks.push(Chunk { entries: Vec::with_capacity(CHUNK), next: NONE });
            u32::try_from(self.chunks.len() - 1).expect("2^32 chunks are more than memory holds")
        } else {
            self.free = std::mem::replace(&mut self.chunks[fresh as usize].next, NONE);
            fresh
        };
        self.chunks[fresh as usize].entries.push((at, event));
        let bucket = &mut self.buckets[level * DIGITS + digit];
        let before = std::mem::replace(&mut bucket.last, fresh);
        if before == NONE {
            bucket.first = fresh;
            self.occupied[level] |= 1 << digit;
            self.levels |= 1 << level;
        } else {
            self.chunks[before as usize].next = fresh;
        }
    }
}

/// Level and digit at which `at`, later than `now`, differs from it.
#[inline]
fn place(now: SimTime, at: SimTime) -> (usize, usize) {
    let level = (now.0 ^ at.0).ilog2() / DIGIT_BITS;
    (level as usize, (at.0 >> (level * DIGIT_BITS)) as usize % DIGITS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Operation {
        Push(u64),
        PushLate(u64),
        Pop,
        /// Forget every n-th.
        Forget(u32),
    }

    fn operations() -> impl Strategy<Value = Vec<Operation>> {
        // Delays of all magnitudes, many of them equal.
        let delay = prop_oneof![
            3 => Just(0u64),
            3 => 0..5u64,
            2 => (0..4u64).prop_map(|n| n * 1_000_000_000),
            2 => 0..10_000_000_000u64,
            1 => 0..(1u64 << 62),
        ];
        let operation = prop_oneof![
            6 => delay.clone().prop_map(Operation::Push),
            1 => delay.prop_map(Operation::PushLate),
            5 => Just(Operation::Pop),
            1 => (2..5u32).prop_map(Operation::Forget),
        ];
        prop::collection::vec(operation, 0..400)
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_a_sorted_map(operations in operations()) {
            let mut queue = EventQueue::new();
            // Key: time, late, sequence; late events come after all others of their instant.
            let mut model: BTreeMap<(SimTime, bool, u32), u32> = BTreeMap::new();
            let mut now = SimTime::ZERO;
            for (sequence, operation) in (0u32..).zip(operations) {
                match operation {
                    Operation::Push(delay) => {
                        let at = SimTime(now.0.saturating_add(delay));
                        queue.push(at, sequence);
                        model.insert((at, false, sequence), sequence);
                    }
                    Operation::PushLate(delay) => {
                        let at = SimTime(now.0.saturating_add(delay));
                        queue.push_late(at, sequence);
                        model.insert((at, true, sequence), sequence);
                    }
                    Operation::Forget(every) => {
                        queue.retain(|event| event % every != 0);
                        model.retain(|_, event| *event % every != 0);
                    }
                    Operation::Pop => {
                        let expected = model.pop_first().map(|(key, event)| (key.0, event));
                        prop_assert_eq!(queue.pop(), expected);
                        now = expected.map_or(now, |(at, _)| at);
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
                prop_assert_eq!(queue.next_time(), model.first_key_value().map(|(key, _)| key.0));
            }
            let mut pending: Vec<_> = queue.iter().collect();
            let mut expected: Vec<_> = model.iter().map(|(key, &event)| (key.0, event)).collect();
            pending.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(pending, expected);
            while let Some(expected) = model.pop_first() {
                prop_assert_eq!(queue.pop(), Some((expected.0.0, expected.1)));
            }
            prop_assert!(queue.is_empty() && queue.pop().is_none());
        }
    }

    #[test]
    fn equal_times_fire_in_the_order_of_insertion_across_chunks() {
        let mut queue = EventQueue::new();
        let at = SimTime::from_secs(5);
        for event in 0..1000u32 {
            queue.push(at, event);
            if event == 500 {
                queue.push(SimTime::from_secs(4), u32::MAX);
                assert_eq!(queue.pop(), Some((SimTime::from_secs(4), u32::MAX)));
            }
        }
        for event in 0..1000 {
            assert_eq!(queue.pop(), Some((at, event)));
        }
    }

    #[test]
    fn a_peek_allows_a_push_before_the_next_event() {
        let mut queue = EventQueue::new();
        queue.push(SimTime(1000), 'b');
        assert_eq!(queue.next_time(), Some(SimTime(1000)));
        queue.push(SimTime(999), 'a');
        assert_eq!(queue.pop(), Some((SimTime(999), 'a')));
        assert_eq!(queue.pop(), Some((SimTime(1000), 'b')));
    }

    #[test]
    fn a_late_event_sees_what_its_instant_sends_to_itself() {
        let mut queue = EventQueue::new();
        let at = SimTime(7);
        queue.push_late(at, 'z');
        queue.push(at, 'a');
        assert_eq!(queue.pop(), Some((at, 'a')));
        queue.push(at, 'b');
        assert_eq!(queue.pop(), Some((at, 'b')));
        assert_eq!(queue.pop(), Some((at, 'z')));
    }

    #[test]
    fn a_late_event_between_two_others_keeps_the_later_in_order() {
        let mut queue = EventQueue::new();
        queue.push(SimTime(70), 'c');
        queue.push(SimTime(69), 'b');
        queue.push_late(SimTime(66), 'a');
        assert_eq!(queue.pop(), Some((SimTime(66), 'a')));
        queue.push(SimTime(67), 'x');
        assert_eq!(queue.pop(), Some((SimTime(67), 'x')));
        assert_eq!(queue.pop(), Some((SimTime(69), 'b')));
        assert_eq!(queue.pop(), Some((SimTime(70), 'c')));
    }

    #[test]
    fn memory_is_recycled() {
        let mut queue = EventQueue::new();
        for round in 0..200u64 {
            for event in 0..100u64 {
                queue.push(SimTime(round * 1_000_000 + 1 + event * 977), event);
            }
            while queue.pop().is_some() {}
        }
        assert!(queue.chunks.len() < 64, "{} chunks for at most 100 events", queue.chunks.len());
    }

    #[test]
    fn a_pending_event_costs_little_more_than_its_own_size() {
        let mut queue = EventQueue::new();
        let mut delay = 1u64;
        for event in 0..200_000u64 {
            // Hold 100,000 events, up to 2^42 ns (an hour) ahead.
            delay = delay.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let now = if event < 100_000 { SimTime::ZERO } else { queue.pop().unwrap().0 };
            queue.push(SimTime(now.0 + 1 + (delay >> 22)), event);
        }
        let room = queue.chunks.len() * CHUNK;
        assert!(room < 120_000, "room for {room} events, 100,000 pending");
    }

    #[test]
    #[should_panic(expected = "an event for 1 ns was sent at 2 ns")]
    fn the_past_cannot_be_changed() {
        let mut queue = EventQueue::new();
        queue.push(SimTime(2), ());
        queue.pop();
        queue.push(SimTime(1), ());
    }
}
