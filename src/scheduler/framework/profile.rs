//! The plugins of a profile, sorted by how they are run.

use std::sync::Arc;

use super::plugin::{NodeFilter, NodeScore, Normalization, ScoreContext};
use super::plugin_name::{PluginName, PluginSet};
use super::shape::PodShape;
use super::verdict::Verdict;
use crate::engine::SimDuration;
use crate::model::Text;
use crate::model::affinity::NodeAffinity;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::plugins::inter_pod_affinity::{self, InterPodAffinityArgs};
use crate::scheduler::plugins::pod_topology_spread::{self, DefaultConstraints};
use crate::scheduler::plugins::{node_volume_limits, volume_binding, volume_restrictions, volume_zone};
use crate::scheduler::preemption::DefaultPreemptionArgs;

/// A filter at its place.
#[derive(Debug)]
pub struct EnabledFilter {
    /// Whose it is.
    pub name: PluginName,
    /// What it looks at.
    pub kind: FilterKind,
}

/// What a filter looks at.
#[derive(Debug)]
pub enum FilterKind {
    /// The node and the pods on it.
    Node(Box<dyn NodeFilter>),
    /// More than that; the plugin is known by its name, VolumeRestrictions being both.
    Wide,
}

/// A score plugin with its weight.
#[derive(Debug)]
pub struct WeightedScore {
    /// Its name.
    pub name: PluginName,
    /// The plugin.
    pub plugin: Box<dyn NodeScore>,
    /// Its weight.
    pub weight: i64,
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

/// The plugins of a profile.
#[derive(Debug, Default)]
pub struct Profile {
    /// `schedulerName`: the pods that it is for.
    pub scheduler_name: Text,
    /// `percentageOfNodesToScore`, where it differs from the scheduler's.
    pub percentage_of_nodes_to_score: Option<usize>,
    /// Filters in order.
    pub filters: Vec<EnabledFilter>,
    /// Scores that judge a node by itself, in order.
    pub node_scores: Vec<WeightedScore>,
    /// All scores in order, for people who ask.
    pub score_order: Vec<PluginName>,
    /// PodTopologySpread, where it is enabled.
    pub spread: Option<ClusterPlugin<DefaultConstraints>>,
    /// InterPodAffinity, where it is enabled.
    pub affinity: Option<ClusterPlugin<InterPodAffinityArgs>>,
    /// Who may hold pods back.
    pub pre_enqueue: PluginSet,
    /// Who prepares, and may reject, before any node is looked at.
    pub pre_filter: PluginSet,
    /// Who is asked when no node is feasible, in order.
    pub post_filter: Vec<PluginName>,
    /// Does VolumeBinding reserve and bind volumes?
    pub binds_volumes: bool,
    /// `bindTimeoutSeconds` of VolumeBinding.
    pub volume_bind_timeout: SimDuration,
    /// Arguments of DefaultPreemption.
    pub preemption: DefaultPreemptionArgs,
    /// `addedAffinity` of NodeAffinity.
    pub added_affinity: Option<Arc<NodeAffinity>>,
    /// Names of out-of-tree plugins, by their place.
    pub out_of_tree: Vec<Text>,
    /// Node-local filters that come after one that looks wider.
    pub late_filters: PluginSet,
}

/// The node-local plugins of a profile that have something to say of pods of one shape, by their places.
#[derive(Clone, Debug, Default)]
pub struct Applicable {
    filters: Vec<usize>,
    /// Scores that are 0..=100 already.
    fixed: Vec<usize>,
    /// Scores that need the whole list to become so.
    normalized: Vec<usize>,
}

impl EnabledFilter {
    /// Has it something to say of pods of a shape without a look at more than a node?
    fn applies(&self, pod: &PodShape) -> bool {
        matches!(&self.kind, FilterKind::Node(filter) if filter.applies(pod))
    }
}

impl Profile {
    /// The first rejection of a node by the filters that judge it by itself.
    pub fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        first_rejection(self.filters.iter().filter(|enabled| enabled.applies(pod)), pod, node)
    }

    /// The same, where it is known which filters apply.
    pub fn filter_applicable(&self, applicable: &Applicable, pod: &PodShape, node: &NodeInfo) -> Verdict {
        first_rejection(applicable.filters.iter().map(|place| &self.filters[*place]), pod, node)
    }

    /// Which node-local plugins have something to say of pods of this shape.
    pub fn applicable_to(&self, pod: &PodShape) -> Applicable {
        let filters = self.filters.iter().enumerate().filter(|(_, enabled)| enabled.applies(pod));
        let scores = self.node_scores.iter().enumerate().filter(|(_, score)| score.plugin.applies(pod));
        let is_fixed = |(_, score): &(usize, &WeightedScore)| score.plugin.normalization() == Normalization::None;
        let (fixed, normalized): (Vec<_>, Vec<_>) = scores.partition(is_fixed);
        Applicable {
            filters: filters.map(|(place, _)| place).collect(),
            fixed: fixed.into_iter().map(|(place, _)| place).collect(),
            normalized: normalized.into_iter().map(|(place, _)| place).collect(),
        }
    }

    /// The place of a plugin among the filters.
    pub fn filter_place(&self, plugin: PluginName) -> usize {
        self.filters.iter().position(|enabled| enabled.name == plugin).unwrap_or(usize::MAX)
    }

    /// Does this plugin filter?
    pub fn has_filter(&self, plugin: PluginName) -> bool {
        self.filters.iter().any(|enabled| enabled.name == plugin)
    }

    /// Does any plugin score?
    pub fn has_scores(&self) -> bool {
        !self.score_order.is_empty()
    }

    /// What a plugin is called.
    pub fn name_of(&self, plugin: PluginName) -> &str {
        match plugin {
            PluginName::OutOfTree(slot) => self.out_of_tree.get(usize::from(slot)).map_or("", Text::as_str),
            in_tree => in_tree.as_str(),
        }
    }

    /// The text of one of a verdict's reasons.
    pub fn reason(&self, pod: &PodShape, plugin: PluginName, bit: u32) -> Text {
        match plugin {
            PluginName::PodTopologySpread => return pod_topology_spread::reason(bit),
            PluginName::InterPodAffinity => return inter_pod_affinity::reason(bit),
            PluginName::VolumeRestrictions => return volume_restrictions::reason(bit),
            PluginName::NodeVolumeLimits => return node_volume_limits::reason(bit),
            PluginName::VolumeBinding => return volume_binding::reason(bit),
            PluginName::VolumeZone => return volume_zone::reason(bit),
            _ => {}
        }
        let filter = self.filters.iter().find_map(|enabled| match &enabled.kind {
            FilterKind::Node(filter) if enabled.name == plugin => Some(filter),
            _ => None,
        });
        filter.map_or_else(Text::default, |filter| filter.reason(pod, bit))
    }

    /// The scores that need the whole list to become 0..=100 and have a preference for this pod.
    pub fn normalized<'a>(&'a self, pod: &'a PodShape) -> impl Iterator<Item = &'a WeightedScore> {
        self.applicable(pod).filter(|score| score.plugin.normalization() != Normalization::None)
    }

    /// Weighted sum of the scores that are 0..=100 already.
    pub fn fixed_score(
        &self,
        applicable: &Applicable,
        pod: &PodShape,
        node: &NodeInfo,
        context: ScoreContext<'_>,
    ) -> i64 {
        let scores = applicable.fixed.iter().map(|place| &self.node_scores[*place]);
        scores.map(|score| score.weight * score.plugin.score(pod, node, context)).sum()
    }

    /// Raw scores that need the whole list to become 0..=100.
    pub fn raw_scores<'a>(
        &'a self,
        applicable: &'a Applicable,
        pod: &'a PodShape,
        node: &'a NodeInfo,
        context: ScoreContext<'a>,
    ) -> impl Iterator<Item = i64> + 'a {
        let scores = applicable.normalized.iter().map(|place| &self.node_scores[*place]);
        scores.map(move |score| score.plugin.score(pod, node, context))
    }

    /// The scores that have a preference for this pod.
    pub fn applicable<'a>(&'a self, pod: &'a PodShape) -> impl Iterator<Item = &'a WeightedScore> {
        self.node_scores.iter().filter(|score| score.plugin.applies(pod))
    }
}

fn first_rejection<'a>(filters: impl Iterator<Item = &'a EnabledFilter>, pod: &PodShape, node: &NodeInfo) -> Verdict {
    for enabled in filters {
        let FilterKind::Node(filter) = &enabled.kind else { continue };
        let verdict = filter.filter(pod, node);
        if !verdict.is_pass() {
            return verdict.by(enabled.name);
        }
    }
    Verdict::PASS
}
