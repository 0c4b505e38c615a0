//! Hard constraints: which nodes a pod may not go to. Upstream: podtopologyspread/filtering.go.

use smallvec::SmallVec;

use super::counts::Spread;
use crate::cluster::Cluster;
use crate::model::labels::Labels;
use crate::model::object::NodeId;
use crate::scheduler::cache::{NO_DOMAIN, NodeFacts, PodEntry, Topology};
use crate::scheduler::framework::{PluginName, Verdict};

/// Reason bit: the node lacks a topology key.
pub const MISSING_LABEL: u32 = 0;
/// Reason bit: the domain has too many already.
pub const SKEW: u32 = 1;

/// The hard constraints of a pod in one cycle.
#[derive(Debug)]
pub struct SpreadFilter<'a> {
    spread: &'a Spread,
    topology: &'a Topology,
    /// For each constraint: least count of a domain, and whether the pod selects itself.
    minimums: SmallVec<[(i64, bool); 2]>,
}

impl<'a> SpreadFilter<'a> {
    /// For a pod with these labels; `None` without hard constraints.
    pub fn new(spread: &'a Spread, topology: &'a Topology, labels: &Labels) -> Option<Self> {
        if spread.set.hard.is_empty() {
            return None;
        }
        let own = spread
            .hard()
            .map(|(constraint, _)| constraint.selector.as_ref().is_some_and(|selector| selector.matches(labels)));
        let minimums = own.enumerate().map(|(index, own)| (minimum(spread, index, None), own)).collect();
        Some(Self { spread, topology, minimums })
    }

    /// May the pod go to a node? `changes` are pods that would come to it (+1) or leave it (−1) besides.
    pub fn filter(&self, cluster: &Cluster, node: NodeId, facts: &NodeFacts, changes: &[(PodEntry, i32)]) -> Verdict {
        for (index, (constraint, count)) in self.spread.hard().enumerate() {
            let domain = self.topology.domain(count.key, node);
            if domain == NO_DOMAIN {
                return Verdict::unresolvable(PluginName::PodTopologySpread, 1 << MISSING_LABEL);
            }
            let (mut least, own) = self.minimums[index];
            let mut matching = i64::from(count.in_domain[domain as usize]);
            if !changes.is_empty() {
                let change = self.change(cluster, index, node, facts, changes);
                matching += change;
                least = minimum(self.spread, index, Some((domain, change)));
            }
            if matching + i64::from(own) - least > i64::from(constraint.max_skew) {
                return Verdict::unschedulable(PluginName::PodTopologySpread, 1 << SKEW);
            }
        }
        Verdict::PASS
    }

    /// The constraints that a further pod on a node would break, in words and numbers.
    pub fn shortfall(&self, node: NodeId) -> Vec<String> {
        let mut found = Vec::new();
        for (index, (constraint, count)) in self.spread.hard().enumerate() {
            let (key, domain) = (&constraint.topology_key, self.topology.domain(count.key, node));
            if domain == NO_DOMAIN {
                found.push(format!("label {key}"));
                continue;
            }
            let (least, own) = self.minimums[index];
            let matching = i64::from(count.in_domain[domain as usize]);
            let skew = matching + i64::from(own) - least;
            if skew > i64::from(constraint.max_skew) {
                let max = constraint.max_skew;
                found.push(format!(
                    "fewer matching pods in its {key}: {matching} there, {least} in the emptiest, so the skew would be {skew} with {max} allowed"
                ));
            }
        }
        found
    }

    /// What the changes do to the count of the node's domain. Upstream: `preFilterState.updateWithPod`.
    fn change(
        &self,
        cluster: &Cluster,
        index: usize,
        node: NodeId,
        facts: &NodeFacts,
        changes: &[(PodEntry, i32)],
    ) -> i64 {
        let (set, constraint) = (&self.spread.set, &self.spread.set.hard[index]);
        let has_all_keys = self.spread.hard().all(|(_, count)| self.topology.domain(count.key, node) != NO_DOMAIN);
        if !has_all_keys || !self.spread.is_honored(constraint, facts) {
            return 0;
        }
        let Some(selector) = &constraint.selector else { return 0 };
        let counts = |entry: &PodEntry| {
            entry.namespace == set.namespace && selector.matches(&cluster.template(entry.template).labels)
        };
        changes.iter().filter(|(entry, _)| counts(entry)).map(|(_, step)| i64::from(*step)).sum()
    }
}

/// The least count of a domain, one of them changed; 0 if there are fewer domains than asked for.
/// Upstream: `preFilterState.minMatchNum`.
fn minimum(spread: &Spread, index: usize, change: Option<(u32, i64)>) -> i64 {
    let (constraint, count) = (&spread.set.hard[index], &spread.counts[index]);
    let (mut least, mut domains) = (i64::MAX, 0);
    for (domain, (pods, nodes)) in count.in_domain.iter().zip(&count.inclusion.nodes).enumerate() {
        if *nodes > 0 {
            domains += 1;
            let changed = change.filter(|(changed, _)| *changed as usize == domain).map_or(0, |(_, step)| step);
            least = least.min(i64::from(*pods) + changed);
        }
    }
    if domains < constraint.min_domains {
        return 0;
    }
    // Upstream's minimum over no domains is the greatest integer of 32 bits.
    least.min(i64::from(i32::MAX))
}
