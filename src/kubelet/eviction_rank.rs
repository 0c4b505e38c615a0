//! Which pod goes first when a node is short of something, and in what words. Pure.
//! Upstream: kubelet eviction `rankMemoryPressure`, `rankDiskPressureFunc`, `rankPIDPressure`, `evictionMessage`.

use crate::model::object::PodId;
use crate::model::quantity::Quantity;

/// A pod, as far as its rank goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub pod: PodId,
    pub priority: i32,
    /// Of what is short: bytes, files or processes.
    pub used: u64,
    /// What it asked for; 0 of what cannot be asked for.
    pub requested: u64,
}

impl Candidate {
    fn exceeds(&self) -> bool {
        self.used > self.requested
    }

    fn excess(&self) -> i128 {
        i128::from(self.used) - i128::from(self.requested)
    }
}

/// Those that use more than they asked for come first, then those of lower priority, then those with the larger excess.
pub(super) fn rank(candidates: &mut [Candidate]) {
    candidates.sort_by(|left, right| {
        (right.exceeds().cmp(&left.exceeds()))
            .then(left.priority.cmp(&right.priority))
            .then(right.excess().cmp(&left.excess()))
            .then(left.pod.cmp(&right.pod))
    });
}

/// Process ids: lower priority first, then those with more processes.
pub(super) fn rank_by_processes(candidates: &mut [Candidate]) {
    candidates.sort_by(|left, right| {
        left.priority.cmp(&right.priority).then(right.used.cmp(&left.used)).then(left.pod.cmp(&right.pod))
    });
}

/// A container's part in the message.
pub(super) struct ContainerUse<'a> {
    pub name: &'a str,
    pub used: u64,
    pub requested: Option<Quantity>,
}

/// What the pod's status and Event say; the blank at the end is upstream's. `pod`: the part of one that requests memory
/// for itself, which is told in any case.
pub(super) fn message(
    resource: &str,
    threshold: Quantity,
    available: Quantity,
    pod: Option<&ContainerUse<'_>>,
    containers: &[ContainerUse<'_>],
) -> String {
    let mut text =
        format!("The node was low on resource: {resource}. Threshold quantity: {threshold}, available: {available}. ");
    if let Some(pod) = pod {
        text.push_str(&format!(
            "Pod {} was using {}, request is {}, has larger consumption of {resource}. ",
            pod.name,
            in_kibibytes(pod.used),
            pod.requested.unwrap_or(Quantity::ZERO)
        ));
    }
    for container in containers {
        let requested = container.requested.unwrap_or(Quantity::ZERO);
        if i128::from(container.used) * 1_000_000_000 > requested.nano {
            text.push_str(&format!(
                "Container {} was using {}, request is {requested}, has larger consumption of {resource}. ",
                container.name,
                in_kibibytes(container.used)
            ));
        }
    }
    text
}

/// Statistics of memory and disks come in whole pages, which print as `Ki`.
pub(super) fn in_kibibytes(amount: u64) -> Quantity {
    Quantity::from_bytes((amount & !1023) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(pod: u32, priority: i32, used: u64, requested: u64) -> Candidate {
        Candidate { pod: PodId(pod), priority, used, requested }
    }

    fn order(mut candidates: Vec<Candidate>) -> Vec<u32> {
        rank(&mut candidates);
        candidates.iter().map(|candidate| candidate.pod.0).collect()
    }

    #[test]
    fn excess_beats_priority_and_priority_beats_its_size() {
        let pods = vec![
            candidate(0, 0, 50, 100),
            candidate(1, 1000, 300, 100),
            candidate(2, 0, 110, 100),
            candidate(3, 0, 400, 100),
            candidate(4, -5, 10, 100),
        ];
        assert_eq!(order(pods), [3, 2, 1, 4, 0]);
    }

    #[test]
    fn the_message_names_containers_above_their_request() {
        let containers = [
            ContainerUse { name: "c", used: 512 << 20, requested: Quantity::parse("256Mi") },
            ContainerUse { name: "d", used: 1 << 20, requested: Quantity::parse("256Mi") },
            ContainerUse { name: "e", used: 1 << 20, requested: None },
        ];
        assert_eq!(
            message("memory", Quantity::from_bytes(100 << 20), in_kibibytes(80 << 20), None, &containers),
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. \
             Container c was using 512Mi, request is 256Mi, has larger consumption of memory. \
             Container e was using 1Mi, request is 0, has larger consumption of memory. "
        );
    }

    #[test]
    fn a_pod_with_a_request_of_its_own_is_told_first() {
        let pod = ContainerUse { name: "p", used: 1 << 20, requested: Quantity::parse("2Mi") };
        assert_eq!(
            message("memory", Quantity::from_bytes(100 << 20), in_kibibytes(80 << 20), Some(&pod), &[]),
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. \
             Pod p was using 1Mi, request is 2Mi, has larger consumption of memory. "
        );
    }

    proptest! {
        #[test]
        fn nobody_within_its_request_goes_before_one_above(
            pods in proptest::collection::vec((0i32..3, 0u64..500, 0u64..500), 1..20),
        ) {
            let mut list: Vec<Candidate> = pods
                .iter()
                .enumerate()
                .map(|(at, (priority, used, requested))| candidate(at as u32, *priority, *used, *requested))
                .collect();
            rank(&mut list);
            prop_assert!(list.windows(2).all(|pair| pair[0].exceeds() >= pair[1].exceeds()));
        }
    }
}
