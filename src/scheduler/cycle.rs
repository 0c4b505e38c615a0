//! One pod's filters for the length of a cycle: all of them, on a node as it is or as it would be.

use super::cache::{Cache, NodeInfo, PodEntry};
use super::framework::{PodShape, Profile, Verdict};
use super::plugins::inter_pod_affinity::AffinityFilter;
use super::plugins::pod_topology_spread::SpreadFilter;
use super::queue::Nominator;
use crate::cluster::Cluster;
use crate::model::object::{NodeId, PodId};

/// What the filters of a cycle read.
#[derive(Debug)]
pub struct Cycle<'a> {
    /// The API server, for templates and namespaces.
    pub cluster: &'a Cluster,
    /// Nodes and pods.
    pub cache: &'a Cache,
    /// Nominations.
    pub nominator: &'a Nominator,
    /// Plugins.
    pub profile: &'a Profile,
    /// The pod.
    pub pod: PodId,
    /// Its priority.
    pub priority: i32,
    /// Its shape.
    pub shape: &'a PodShape,
    /// PodTopologySpread, if the pod has hard constraints.
    pub spread: Option<SpreadFilter<'a>>,
    /// InterPodAffinity, if some term may reject.
    pub affinity: Option<AffinityFilter<'a>>,
}

impl Cycle<'_> {
    /// The verdict of the plugins that look at more than the node.
    #[inline]
    pub fn filter_cluster(&self, node: NodeId) -> Verdict {
        if let Some(spread) = &self.spread {
            let verdict = spread.filter(self.cluster, node, &self.cache.node(node).facts, &[]);
            if !verdict.is_pass() {
                return verdict;
            }
        }
        self.affinity.as_ref().map_or(Verdict::PASS, |affinity| affinity.filter(node))
    }

    /// All filters on a node as it would be; `changes` are the pods that come (+1) or leave (−1) to make it so.
    pub fn filter(&self, node: &NodeInfo, changes: &[(PodEntry, i32)]) -> Verdict {
        let verdict = self.profile.filter(self.shape, node);
        if !verdict.is_pass() {
            return verdict;
        }
        if let Some(spread) = &self.spread {
            let verdict = spread.filter(self.cluster, node.node, &node.facts, changes);
            if !verdict.is_pass() {
                return verdict;
            }
        }
        let affinity = self.affinity.as_ref();
        affinity.map_or(Verdict::PASS, |filter| filter.filter_with(self.cluster, node.node, &node.facts, changes))
    }

    /// The filters twice: with the pods nominated to the node that this pod has to respect, then without. The second
    /// counts if the first passes. Upstream: runtime `RunFilterPluginsWithNominatedPods`.
    pub fn filter_with_nominated(&self, node: &NodeInfo, changes: &[(PodEntry, i32)]) -> Verdict {
        let nominated: Vec<PodEntry> =
            self.nominator.respected(self.cluster, node.node, self.pod, self.priority).collect();
        if nominated.is_empty() {
            return self.filter(node, changes);
        }
        let mut copy = node.clone();
        let mut all = changes.to_vec();
        for entry in nominated {
            copy.add_pod(entry, self.cluster.template(entry.template));
            all.push((entry, 1));
        }
        let verdict = self.filter(&copy, &all);
        if verdict.is_pass() { self.filter(node, changes) } else { verdict }
    }
}
