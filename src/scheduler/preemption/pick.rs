//! The candidate that hurts least. Upstream: `pickOneNodeForPreemption`.

use std::cmp::Reverse;

use super::candidates::{Candidate, start_time};
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::object::PodId;

/// Fewest violations, lowest highest priority, lowest sum of priorities, fewest victims, latest start of the most
/// important; the first of equals.
pub(super) fn pick_one(candidates: Vec<Candidate>, cluster: &Cluster, now: SimTime) -> Option<Candidate> {
    let priority = |pod: &PodId| cluster.template_of(*pod).spec.priority;
    let cost = |candidate: &Candidate| {
        let highest = candidate.victims.first().map_or(i32::MIN, priority);
        // So that many pods of negative priority do not look cheaper than few.
        let sum: i64 = candidate.victims.iter().map(|pod| i64::from(priority(pod)) + (1 << 31)).sum();
        let important = candidate.victims.iter().filter(|pod| priority(pod) == highest);
        let earliest = important.map(|pod| start_time(cluster, *pod, now)).min();
        (candidate.violations, highest, sum, candidate.victims.len(), Reverse(earliest))
    };
    candidates.into_iter().min_by_key(cost)
}
