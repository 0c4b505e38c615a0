//! Required terms. Upstream: interpodaffinity/filtering.go.

use super::counts::{Counted, PodAffinities};
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::NodeId;
use crate::scheduler::cache::{NO_DOMAIN, NodeFacts, PodEntry, Topology};
use crate::scheduler::framework::{PluginName, Verdict};

/// Reason bit: affinity of the incoming pod.
pub const AFFINITY: u32 = 0;
/// Reason bit: anti-affinity of the incoming pod.
pub const ANTI_AFFINITY: u32 = 1;
/// Reason bit: anti-affinity of a pod that is there.
pub const EXISTING_ANTI_AFFINITY: u32 = 2;

/// The required terms about a pod in one cycle.
#[derive(Debug)]
pub struct AffinityFilter<'a> {
    counts: &'a PodAffinities,
    topology: &'a Topology,
    /// Place of each required affinity term's key, then of each anti-affinity term's.
    affinity: Vec<usize>,
    anti_affinity: Vec<usize>,
}

type Changes = [(Counted, Text, i64)];

impl<'a> AffinityFilter<'a> {
    /// For a cycle; `None` if no term can reject anything.
    pub fn new(counts: &'a PodAffinities, topology: &'a Topology, hypothetical: bool) -> Option<Self> {
        let terms = &counts.terms;
        let is_idle = terms.affinity.is_empty() && terms.anti_affinity.is_empty() && counts.existing_sum == 0;
        if is_idle && !hypothetical {
            return None;
        }
        let place = |name: &Text| counts.known_place(name).expect("required keys have counts");
        Some(Self {
            counts,
            topology,
            affinity: terms.affinity.iter().map(|term| place(&term.topology_key)).collect(),
            anti_affinity: terms.anti_affinity.iter().map(|term| place(&term.topology_key)).collect(),
        })
    }

    /// May the pod go to a node as it is?
    #[inline]
    pub fn filter(&self, node: NodeId) -> Verdict {
        if !self.meets_affinity(node, &[]) {
            return Verdict::unresolvable(PluginName::InterPodAffinity, 1 << AFFINITY);
        }
        let keys = &self.counts.keys;
        let taken = |place: usize, counts: &[i64]| {
            let domain = self.topology.domain(keys[place].key, node);
            domain != NO_DOMAIN && counts[domain as usize] > 0
        };
        if self.anti_affinity.iter().any(|place| taken(*place, &keys[*place].anti_affinity)) {
            return Verdict::unschedulable(PluginName::InterPodAffinity, 1 << ANTI_AFFINITY);
        }
        if self.counts.existing_sum > 0
            && (0..keys.len()).any(|place| taken(place, &keys[place].existing_anti_affinity))
        {
            return Verdict::unschedulable(PluginName::InterPodAffinity, 1 << EXISTING_ANTI_AFFINITY);
        }
        Verdict::PASS
    }

    /// May it, with pods that would come to the node (+1) or leave it (−1)?
    pub fn filter_with(
        &self,
        cluster: &Cluster,
        node: NodeId,
        facts: &NodeFacts,
        changes: &[(PodEntry, i32)],
    ) -> Verdict {
        if changes.is_empty() {
            return self.filter(node);
        }
        let changes = self.counts.effects_of_changes(cluster, changes);
        if !self.meets_affinity(node, &changes) {
            return Verdict::unresolvable(PluginName::InterPodAffinity, 1 << AFFINITY);
        }
        let taken = |counted: Counted, name: &str| {
            facts.labels.contains_key(name) && self.count(counted, name, node, &changes) > 0
        };
        let terms = &self.counts.terms;
        if terms.anti_affinity.iter().any(|term| taken(Counted::AntiAffinity, &term.topology_key)) {
            return Verdict::unschedulable(PluginName::InterPodAffinity, 1 << ANTI_AFFINITY);
        }
        if facts.labels.iter().any(|(name, _)| taken(Counted::ExistingAntiAffinity, name)) {
            return Verdict::unschedulable(PluginName::InterPodAffinity, 1 << EXISTING_ANTI_AFFINITY);
        }
        Verdict::PASS
    }

    /// Upstream: `satisfyPodAffinity`.
    fn meets_affinity(&self, node: NodeId, changes: &Changes) -> bool {
        let mut pods_exist = true;
        for (place, term) in self.affinity.iter().zip(&self.counts.terms.affinity) {
            let domain = self.counts.domain(self.topology, *place, node);
            if domain == NO_DOMAIN {
                return false;
            }
            let count = self.counts.keys[*place].affinity[domain as usize]
                + changed(Counted::Affinity, &term.topology_key, changes);
            pods_exist &= count > 0;
        }
        if pods_exist {
            return true;
        }
        // The first pod of a group that wants to be together has nobody to join.
        let all: i64 = self.counts.affinity_sum
            + changes
                .iter()
                .filter(|(counted, name, _)| {
                    *counted == Counted::Affinity
                        && self
                            .counts
                            .known_place(name)
                            .is_some_and(|place| self.counts.domain(self.topology, place, node) != NO_DOMAIN)
                })
                .map(|(_, _, step)| step)
                .sum::<i64>();
        all == 0 && self.counts.matches_itself
    }

    fn count(&self, counted: Counted, name: &str, node: NodeId, changes: &Changes) -> i64 {
        let stored = self.counts.known_place(name).map_or(0, |place| {
            let domain = self.counts.domain(self.topology, place, node);
            let counts = &self.counts.keys[place];
            let column = match counted {
                Counted::ExistingAntiAffinity => &counts.existing_anti_affinity,
                Counted::Affinity => &counts.affinity,
                Counted::AntiAffinity => &counts.anti_affinity,
                Counted::Score => &counts.score,
            };
            if domain == NO_DOMAIN { 0 } else { column[domain as usize] }
        });
        stored + changed(counted, name, changes)
    }
}

fn changed(counted: Counted, name: &str, changes: &Changes) -> i64 {
    let ours = changes.iter().filter(|(kind, key, _)| *kind == counted && key == name);
    ours.map(|(_, _, step)| step).sum()
}
