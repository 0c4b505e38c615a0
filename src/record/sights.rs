//! What a collector tells a record of pods and nodes: borrowed, and forgotten when it is written down.

use super::{Amounts, NodeIndex, Phase, WorkloadIndex};

/// What a pod is born with.
#[derive(Clone, Copy, Debug)]
pub struct PodFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its uid.
    pub uid: u128,
    /// The workload that controls it.
    pub owner: WorkloadIndex,
    /// The workload at the top of its owners.
    pub workload: WorkloadIndex,
    /// Its priority.
    pub priority: i32,
    /// What the scheduler counts for it.
    pub requests: Amounts,
    /// It had a node before the run began: left out of counts and latencies.
    pub was_placed: bool,
}

/// What is seen of a pod after a change.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodSight<'a> {
    /// `status.phase`.
    pub phase: Phase,
    /// kubectl's STATUS.
    pub status: &'a str,
    /// The cause as a word.
    pub reason: &'a str,
    /// Where it is bound.
    pub node: NodeIndex,
    /// kubectl's RESTARTS.
    pub restarts: u32,
    /// kubectl's READY, first number.
    pub ready: u16,
    /// kubectl's READY, second number.
    pub containers: u16,
    /// Is condition Ready True?
    pub is_ready: bool,
    /// Is it being deleted?
    pub is_terminating: bool,
    /// Was it tried and found to fit nowhere (or is it gated)?
    pub is_unschedulable: bool,
}

/// What a node is born with.
#[derive(Clone, Copy, Debug)]
pub struct NodeFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its group.
    pub group: &'a str,
    /// Its zone.
    pub zone: &'a str,
    /// Price per hour, 0 for none.
    pub price: f64,
    /// What its pods may request.
    pub allocatable: Amounts,
    /// How many pods it may hold.
    pub allocatable_pods: u32,
}
