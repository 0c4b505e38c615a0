//! One pod's filters for the length of a cycle: all of them, on a node as it is or as it would be.

use smallvec::SmallVec;

use super::cache::{Cache, NodeInfo, PodEntry};
use super::framework::{PluginName, PodShape, Profile, Verdict};
use super::plugins::inter_pod_affinity::AffinityFilter;
use super::plugins::pod_topology_spread::SpreadFilter;
use super::plugins::volumes::PodVolumes;
use super::plugins::{node_volume_limits, volume_binding, volume_restrictions, volume_zone};
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
    /// The filters that look at more than the node and may reject this pod, with their place among all.
    pub wide: SmallVec<[(usize, Wide<'a>); 1]>,
}

/// A filter that looks at more than the node.
#[derive(Debug)]
pub enum Wide<'a> {
    /// One of those that look at claims.
    Claims(PluginName, &'a PodVolumes),
    /// PodTopologySpread, if the pod has hard constraints.
    Spread(SpreadFilter<'a>),
    /// InterPodAffinity, if some term may reject.
    Affinity(AffinityFilter<'a>),
}

impl Cycle<'_> {
    /// The first rejection, given that of the plugins that look at the node only.
    #[inline]
    pub fn filter_wide(&self, node: NodeId, local: Verdict) -> Verdict {
        self.first_rejection(local, |wide| match wide {
            Wide::Spread(spread) => spread.filter(self.cluster, node, &self.cache.node(node).facts, &[]),
            Wide::Affinity(affinity) => affinity.filter(node),
            Wide::Claims(plugin, volumes) => self.filter_claims(*plugin, volumes, self.cache.node(node), &[]),
        })
    }

    /// All filters on a node as it would be; `changes` are the pods that come (+1) or leave (−1) to make it so.
    pub fn filter(&self, node: &NodeInfo, changes: &[(PodEntry, i32)]) -> Verdict {
        let local = self.profile.filter(self.shape, node);
        self.first_rejection(local, |wide| match wide {
            Wide::Spread(spread) => spread.filter(self.cluster, node.node, &node.facts, changes),
            Wide::Affinity(affinity) => affinity.filter_with(self.cluster, node.node, &node.facts, changes),
            Wide::Claims(plugin, volumes) => self.filter_claims(*plugin, volumes, node, changes),
        })
    }

    /// What comes first in the profile's order.
    #[inline]
    fn first_rejection(&self, local: Verdict, judge: impl Fn(&Wide<'_>) -> Verdict) -> Verdict {
        let until = match local.plugin() {
            None => usize::MAX,
            Some(plugin) if self.profile.late_filters.contains(plugin) => self.profile.filter_place(plugin),
            Some(_) => return local,
        };
        for (_, wide) in self.wide.iter().take_while(|(place, _)| *place < until) {
            let verdict = judge(wide);
            if !verdict.is_pass() {
                return verdict;
            }
        }
        local
    }

    #[cold]
    fn filter_claims(
        &self,
        plugin: PluginName,
        volumes: &PodVolumes,
        node: &NodeInfo,
        changes: &[(PodEntry, i32)],
    ) -> Verdict {
        match plugin {
            PluginName::VolumeRestrictions => volume_restrictions::filter_exclusive(self.cluster, volumes, changes),
            PluginName::NodeVolumeLimits => node_volume_limits::filter(self.cluster, self.pod, node),
            PluginName::VolumeBinding => {
                volume_binding::filter(self.cluster, self.cache.volumes(), volumes, &node.facts)
            }
            _ => volume_zone::filter(volumes, &node.facts),
        }
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
