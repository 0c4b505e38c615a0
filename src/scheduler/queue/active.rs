//! Pods ready to be tried, in order. They come nearly in order, so that a list for each priority is all that it takes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use super::queued_pod::ActiveKey;
use crate::engine::SimTime;
use crate::model::object::PodId;

/// The active queue. Who leaves it otherwise than by `pop` stays in its list until its turn comes, and is passed over then.
#[derive(Debug, Default)]
pub(super) struct ActiveQueue {
    /// By priority, the highest first: pods by time and order of arrival.
    lanes: BTreeMap<Reverse<i32>, VecDeque<(SimTime, u32, PodId)>>,
    /// How many have not left.
    len: usize,
}

impl ActiveQueue {
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn push(&mut self, pod: PodId, (priority, Reverse(time), Reverse(sequence)): ActiveKey) {
        self.len += 1;
        let lane = self.lanes.entry(Reverse(priority)).or_default();
        let entry = (time, sequence, pod);
        if lane.back().is_none_or(|last| *last < entry) {
            lane.push_back(entry);
        } else {
            let place = lane.partition_point(|other| *other < entry);
            lane.insert(place, entry);
        }
    }

    /// A pod that is in the queue has left.
    pub(super) fn leave(&mut self) {
        self.len -= 1;
    }

    /// The first pod that `is_there`, with its place in the queue as it was pushed.
    pub(super) fn pop(&mut self, is_there: impl Fn(PodId, ActiveKey) -> bool) -> Option<PodId> {
        if self.is_empty() {
            return None;
        }
        for (Reverse(priority), lane) in &mut self.lanes {
            while let Some((time, sequence, pod)) = lane.pop_front() {
                if is_there(pod, (*priority, Reverse(time), Reverse(sequence))) {
                    self.len -= 1;
                    return Some(pod);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    proptest::proptest! {
        #[test]
        fn pods_come_by_priority_then_time_then_arrival(
            steps in proptest::collection::vec((0_u32..3, 0_i32..3, 0_u64..5), 0..100),
        ) {
            let mut queue = ActiveQueue::default();
            let mut model: BTreeMap<Reverse<ActiveKey>, PodId> = BTreeMap::new();
            for (sequence, (step, priority, time)) in steps.into_iter().enumerate() {
                match step {
                    // Pods leave, the last in order first.
                    0 => {
                        if model.pop_last().is_some() {
                            queue.leave();
                        }
                    }
                    1 => {
                        let popped = queue.pop(|pod, key| model.get(&Reverse(key)) == Some(&pod));
                        proptest::prop_assert_eq!(popped, model.pop_first().map(|(_, pod)| pod));
                    }
                    _ => {
                        let (pod, sequence) = (PodId(sequence as u32), sequence as u32);
                        let key = (priority, Reverse(SimTime(time)), Reverse(sequence));
                        queue.push(pod, key);
                        model.insert(Reverse(key), pod);
                    }
                }
                proptest::prop_assert_eq!(queue.is_empty(), model.is_empty());
            }
        }
    }
}
