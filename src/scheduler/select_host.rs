//! The choice among nodes of equal score. Upstream: schedule_one `newSortedNodeScores` over container/heap.
//!
//! Upstream builds a binary heap in place over the feasible list and takes its top. Sifting down with a strict
//! comparison makes the top the first node of greatest score in the pre-order of the implicit tree (a node, then the
//! subtree of its left child 2i+1, then that of 2i+2), so no heap is needed to find it.

/// The index after `at` in the pre-order of the implicit binary tree of `len` nodes; the last one has none.
#[inline]
pub(super) const fn after(mut at: usize, len: usize) -> Option<usize> {
    let left = 2 * at + 1;
    if left < len {
        return Some(left);
    }
    while at > 0 {
        // Left children have odd indexes, and their sibling comes next.
        if at % 2 == 1 && at + 1 < len {
            return Some(at + 1);
        }
        at = (at - 1) / 2;
    }
    None
}

/// The index of the winner among `totals`; `None` of an empty list.
pub fn select_host<T: Copy + Ord>(totals: &[T]) -> Option<usize> {
    let greatest = *totals.iter().max()?;
    // Many totals are equal on a cluster with equal nodes: the walk is short there.
    let mut at = 0;
    while totals[at] != greatest {
        at = after(at, totals.len())?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_greatest_in_pre_order_wins() {
        for (totals, winner) in [
            (&[5, 7, 7][..], 1),
            (&[5, 7, 5, 7, 5, 5, 7], 1),
            (&[1, 2, 2, 3, 3, 3, 3], 3),
            (&[1, 1, 2, 1, 2], 4),
            (&[9], 0),
        ] {
            assert_eq!(select_host(totals), Some(winner), "{totals:?}");
        }
        assert_eq!(select_host::<i64>(&[]), None);
    }

    /// Upstream's heap: sift down from the last inner node to the root.
    fn heap_top(totals: &[i64]) -> usize {
        let mut heap: Vec<usize> = (0..totals.len()).collect();
        for start in (0..totals.len() / 2).rev() {
            let mut at = start;
            loop {
                let left = 2 * at + 1;
                if left >= heap.len() {
                    break;
                }
                let right = left + 1;
                let child = if right < heap.len() && totals[heap[right]] > totals[heap[left]] { right } else { left };
                if totals[heap[child]] <= totals[heap[at]] {
                    break;
                }
                heap.swap(at, child);
                at = child;
            }
        }
        heap[0]
    }

    proptest::proptest! {
        #[test]
        fn it_is_the_top_of_upstreams_heap(totals in proptest::collection::vec(0_i64..4, 1..200)) {
            proptest::prop_assert_eq!(select_host(&totals), Some(heap_top(&totals)));
        }
    }
}
