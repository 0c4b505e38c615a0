//! Slow start: pods are made in growing batches, so that a quota refuses few requests and not hundreds.
//! Upstream: replicaset `slowStartBatch`, and its equals in the Job and DaemonSet controllers.

use super::plan::{Call, Stage};

/// Cuts calls into batches of 1, 2, 4, … that go out one after another; the first with an error is the last.
pub(super) fn batches(calls: Vec<Call>) -> impl Iterator<Item = Stage> {
    let mut rest = calls.into_iter();
    let mut size = 1;
    std::iter::from_fn(move || {
        let batch: Vec<Call> = rest.by_ref().take(size).collect();
        size *= 2;
        (!batch.is_empty()).then(|| Stage::new(batch))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::object::PodId;

    #[test]
    fn batches_double_and_the_last_takes_the_rest() {
        let calls = (0..13).map(|pod| Call::RemovePodFinalizer { pod: PodId(pod), finalizer: "x" }).collect();
        let sizes: Vec<usize> = batches(calls).map(|stage| stage.len()).collect();
        assert_eq!(sizes, [1, 2, 4, 6]);
    }
}
