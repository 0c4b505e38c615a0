//! The plugins of a profile, sorted by how they are run.

use super::plugin::{NodeFilter, NodeScore, Normalization, ScoreContext};
use super::plugin_name::PluginName;
use super::shape::PodShape;
use super::verdict::Verdict;
use crate::model::Text;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::plugins::inter_pod_affinity::{self, InterPodAffinityArgs};
use crate::scheduler::plugins::pod_topology_spread::{self, DefaultConstraints};

/// A score plugin with its weight.
#[derive(Debug)]
pub struct WeightedScore {
    /// The plugin.
    pub plugin: Box<dyn NodeScore>,
    /// Its weight.
    pub weight: i64,
}

/// The plugins of a profile.
#[derive(Debug, Default)]
pub struct Profile {
    /// Filters that judge a node by itself, in order.
    pub node_filters: Vec<Box<dyn NodeFilter>>,
    /// Scores that judge a node by itself, in order.
    pub node_scores: Vec<WeightedScore>,
    /// PodTopologySpread, where it is enabled.
    pub spread: Option<ClusterPlugin<DefaultConstraints>>,
    /// InterPodAffinity, where it is enabled.
    pub affinity: Option<ClusterPlugin<InterPodAffinityArgs>>,
}

/// A plugin that judges a node by what is on all nodes.
#[derive(Clone, Debug)]
pub struct ClusterPlugin<A> {
    /// Its arguments.
    pub args: A,
    /// Does it filter?
    pub filters: bool,
    /// Its weight; `None` if it does not score.
    pub weight: Option<i64>,
}

impl Profile {
    /// The first rejection of a node by the filters that judge it by itself.
    pub fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        let verdicts = self.node_filters.iter().filter(|filter| filter.applies(pod));
        verdicts.map(|filter| filter.filter(pod, node)).find(|verdict| !verdict.is_pass()).unwrap_or(Verdict::PASS)
    }

    /// The text of one of a verdict's reasons.
    pub fn reason(&self, pod: &PodShape, plugin: PluginName, bit: u32) -> Text {
        match plugin {
            PluginName::PodTopologySpread => return pod_topology_spread::reason(bit),
            PluginName::InterPodAffinity => return inter_pod_affinity::reason(bit),
            _ => {}
        }
        let filter = self.node_filters.iter().find(|filter| filter.name() == plugin);
        filter.map_or_else(Text::default, |filter| filter.reason(pod, bit))
    }

    /// The scores that need the whole list to become 0..=100 and have a preference for this pod.
    pub fn normalized<'a>(&'a self, pod: &'a PodShape) -> impl Iterator<Item = &'a WeightedScore> {
        self.applicable(pod).filter(|score| score.plugin.normalization() != Normalization::None)
    }

    /// Weighted sum of the scores that are 0..=100 already.
    pub fn fixed_score(&self, pod: &PodShape, node: &NodeInfo, context: ScoreContext<'_>) -> i64 {
        self.applicable(pod)
            .filter(|score| score.plugin.normalization() == Normalization::None)
            .map(|score| score.weight * score.plugin.score(pod, node, context))
            .sum()
    }

    /// The scores that have a preference for this pod.
    pub fn applicable<'a>(&'a self, pod: &'a PodShape) -> impl Iterator<Item = &'a WeightedScore> {
        self.node_scores.iter().filter(|score| score.plugin.applies(pod))
    }
}
