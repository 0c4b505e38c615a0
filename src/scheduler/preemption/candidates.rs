//! What would have to leave a node for a pod to fit. Upstream: `DryRunPreemption`, `SelectVictimsOnNode`.

use super::disruption_budgets::DisruptionBudgets;
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::object::{NodeId, PodId};
use crate::scheduler::cache::{NodeInfo, PodEntry};
use crate::scheduler::cycle::Cycle;
use crate::scheduler::framework::Verdict;

/// A node with the pods that would have to leave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// Who would leave.
    pub victims: Vec<PodId>,
    /// How many of them against a disruption budget.
    pub violations: usize,
}

/// Tries nodes without the pods of lower priority.
pub(super) struct DryRun<'a, 'b> {
    pub(super) now: SimTime,
    pub(super) cycle: &'a Cycle<'b>,
    pub(super) budgets: &'a DisruptionBudgets,
}

/// When a pod was started; one that was not counts as started now.
pub(super) fn start_time(cluster: &Cluster, pod: PodId, now: SimTime) -> SimTime {
    cluster.pod(pod).status.start_time.get().unwrap_or(now)
}

impl DryRun<'_, '_> {
    /// Tries the nodes from `offset` on until enough candidates are found, one of them without violation. Fills in the
    /// verdicts of nodes that are none; `None` stays where there are no pods of lower priority.
    pub(super) fn run(
        &self,
        nodes: &[NodeId],
        offset: usize,
        wanted: usize,
        verdicts: &mut [Option<Verdict>],
    ) -> Vec<Candidate> {
        let (mut clean, mut violating) = (Vec::new(), Vec::new());
        for step in 0..nodes.len() {
            let place = (offset + step) % nodes.len();
            match self.select_victims(self.cycle.cache.node(nodes[place])) {
                Ok(candidate) if candidate.violations == 0 => clean.push(candidate),
                Ok(candidate) => violating.push(candidate),
                Err(verdict) => verdicts[place] = verdict,
            }
            if !clean.is_empty() && clean.len() + violating.len() >= wanted {
                break;
            }
        }
        clean.append(&mut violating);
        clean
    }

    /// The fewest victims on a node; otherwise why the pod does not fit even without them, `None` if there are none.
    fn select_victims(&self, node: &NodeInfo) -> Result<Candidate, Option<Verdict>> {
        let cluster = self.cycle.cluster;
        let mut lower: Vec<PodEntry> =
            node.pods.iter().copied().filter(|entry| entry.priority < self.cycle.priority).collect();
        if lower.is_empty() {
            return Err(None);
        }
        let mut trial = Trial { node: node.clone(), changes: Vec::new() };
        for entry in &lower {
            trial.remove(cluster, *entry);
        }
        let verdict = self.cycle.filter_with_nominated(&trial.node, &trial.changes);
        if !verdict.is_pass() {
            return Err(Some(verdict));
        }
        lower.sort_by_key(|entry| self.importance(entry));
        let pods: Vec<PodId> = lower.iter().map(|entry| entry.pod).collect();
        let violates = self.budgets.violations(cluster, &pods);
        let mut victims = Vec::new();
        let mut violations = 0;
        for turn in [true, false] {
            for (entry, violates) in lower.iter().zip(&violates).filter(|(_, violates)| **violates == turn) {
                if !self.is_reprieved(&mut trial, *entry) {
                    victims.push(*entry);
                    violations += usize::from(*violates);
                }
            }
        }
        if violates.contains(&true) && violates.contains(&false) {
            victims.sort_by_key(|entry| self.importance(entry));
        }
        Ok(Candidate { node: node.node, victims: victims.iter().map(|entry| entry.pod).collect(), violations })
    }

    /// Less is more important: higher priority, then longer running. Upstream: util `MoreImportantPod`.
    fn importance(&self, entry: &PodEntry) -> (std::cmp::Reverse<i32>, SimTime) {
        (std::cmp::Reverse(entry.priority), start_time(self.cycle.cluster, entry.pod, self.now))
    }

    /// Does the preemptor fit with this pod still there? Then it stays.
    fn is_reprieved(&self, trial: &mut Trial, entry: PodEntry) -> bool {
        trial.put_back(self.cycle.cluster, entry);
        let fits = self.cycle.filter_with_nominated(&trial.node, &trial.changes).is_pass();
        if !fits {
            trial.remove(self.cycle.cluster, entry);
        }
        fits
    }
}

/// A copy of a node, and how it differs from the original.
struct Trial {
    node: NodeInfo,
    changes: Vec<(PodEntry, i32)>,
}

impl Trial {
    fn remove(&mut self, cluster: &Cluster, entry: PodEntry) {
        self.node.remove_pod(entry.pod, cluster.template(entry.template));
        self.changes.push((entry, -1));
    }

    fn put_back(&mut self, cluster: &Cluster, entry: PodEntry) {
        self.node.add_pod(entry, cluster.template(entry.template));
        self.changes.retain(|(changed, _)| changed.pod != entry.pod);
    }
}
