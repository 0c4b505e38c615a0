//! The scheduling algorithm for one pod: find feasible nodes, score them, choose one. Reads the cache and keeps only what
//! it may forget; writes nothing. Upstream: schedule_one `schedulePod`.

use super::cache::Cache;
use super::fit_error::Diagnosis;
use super::framework::{Judgements, PluginName, PluginSet, PodShape, Profile, ShapeId, Shapes, Verdict};
use super::plugins::node_affinity::named_nodes;
use super::queue::Nominator;
use super::select_host::select_host;
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::{NodeId, PodId};

/// The outcome of the algorithm.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A node was found.
    Fits(Decision),
    /// There is no feasible node.
    Unfit(Diagnosis),
    /// There is no node at all.
    NoNodes,
}

/// Where a pod goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The node.
    pub node: NodeId,
    /// Nodes that were looked at.
    pub evaluated: usize,
    /// Nodes that passed the filters.
    pub feasible: usize,
}

/// Upstream: `minFeasibleNodesToFind`, `minFeasibleNodesPercentageToFind`.
const MIN_FEASIBLE_NODES: usize = 100;
const MIN_FEASIBLE_PERCENTAGE: usize = 5;

/// The algorithm with its profile.
#[derive(Debug)]
pub struct Algorithm {
    /// Plugins.
    pub profile: Profile,
    /// Share of nodes to find feasible ones among, in percent; 0 adapts it to their number.
    pub percentage_of_nodes_to_score: usize,
    shapes: Shapes,
    judgements: Judgements,
    /// Where the next search begins in the list of nodes.
    next_start_node_index: usize,
    feasible: Vec<NodeId>,
    totals: Vec<i64>,
}

/// How many feasible nodes to look for. Upstream: `numFeasibleNodesToFind`.
pub fn feasible_nodes_to_find(nodes: usize, percentage: usize) -> usize {
    if nodes < MIN_FEASIBLE_NODES {
        return nodes;
    }
    let adaptive = 50_usize.saturating_sub(nodes / 125).max(MIN_FEASIBLE_PERCENTAGE);
    let percentage = if percentage == 0 { adaptive } else { percentage };
    (nodes * percentage / 100).max(MIN_FEASIBLE_NODES)
}

impl Algorithm {
    /// With this profile.
    pub fn new(profile: Profile, percentage_of_nodes_to_score: usize) -> Self {
        Self {
            profile,
            percentage_of_nodes_to_score,
            shapes: Shapes::default(),
            judgements: Judgements::default(),
            next_start_node_index: 0,
            feasible: Vec::new(),
            totals: Vec::new(),
        }
    }

    /// The same without anything kept between cycles: slower, for comparisons.
    pub fn without_judgements(profile: Profile, percentage_of_nodes_to_score: usize) -> Self {
        Self { judgements: Judgements::disabled(), ..Self::new(profile, percentage_of_nodes_to_score) }
    }

    /// The shape of a pod.
    pub fn shape(&mut self, cluster: &Cluster, pod: PodId) -> ShapeId {
        self.shapes.of(cluster.pod(pod).template, cluster.template_of(pod))
    }

    /// A shape's content.
    pub fn shape_content(&self, shape: ShapeId) -> &PodShape {
        self.shapes.get(shape)
    }

    /// Finds a node for a pod.
    pub fn schedule(&mut self, cluster: &Cluster, cache: &mut Cache, nominator: &Nominator, pod: PodId) -> Outcome {
        cache.update_snapshot();
        if cache.order().is_empty() {
            return Outcome::NoNodes;
        }
        let shape = self.shape(cluster, pod);
        let candidates = match self.pre_filter(cluster, cache, shape) {
            Ok(candidates) => candidates,
            Err(diagnosis) => return Outcome::Unfit(diagnosis),
        };
        let mut diagnosis = self.find_feasible(cluster, cache, nominator, pod, shape, candidates.as_deref());
        let feasible = self.feasible.len();
        if feasible == 0 {
            diagnosis.nodes = cache.order().len();
            return Outcome::Unfit(diagnosis);
        }
        let evaluated = feasible + diagnosis.verdicts.len();
        let node = if feasible == 1 { self.feasible[0] } else { self.prioritize(cache, shape) };
        Outcome::Fits(Decision { node, evaluated, feasible })
    }

    /// The nodes to look at if the pod names them; an error if that leaves none.
    fn pre_filter(&self, cluster: &Cluster, cache: &Cache, shape: ShapeId) -> Result<Option<Vec<NodeId>>, Diagnosis> {
        let Some(names) = named_nodes(self.shapes.get(shape).node_affinity.as_ref()) else { return Ok(None) };
        if names.is_empty() {
            return Err(Diagnosis {
                nodes: cache.order().len(),
                pre_filter: Some((PluginName::NodeAffinity, Text::const_new("pod affinity terms conflict"))),
                ..Diagnosis::default()
            });
        }
        let named = |node: &NodeId| names.contains(cluster.node_name(*node));
        Ok(Some(cache.order().iter().copied().filter(named).collect()))
    }

    /// Fills `feasible`; returns what the other nodes looked at have against the pod.
    fn find_feasible(
        &mut self,
        cluster: &Cluster,
        cache: &Cache,
        nominator: &Nominator,
        pod: PodId,
        shape: ShapeId,
        candidates: Option<&[NodeId]>,
    ) -> Diagnosis {
        let mut diagnosis = Diagnosis::default();
        if candidates.is_some() {
            let reason = Text::const_new("node(s) didn't satisfy plugin(s) [NodeAffinity]");
            diagnosis.absent = Some((PluginSet::of(PluginName::NodeAffinity), reason));
        }
        let list = candidates.unwrap_or(cache.order());
        let content = self.shapes.get(shape);
        let mut view = self.judgements.of(&self.profile, shape, content, cache);
        let feasible = &mut self.feasible;
        feasible.clear();
        let want = feasible_nodes_to_find(list.len(), self.percentage_of_nodes_to_score);
        let nominated = nominator.has_pods();
        for step in 0..list.len() {
            let place = self.next_start_node_index + step;
            let node = list[place % list.len()];
            let mut verdict = view.get(node).verdict;
            if nominated && verdict.is_pass() {
                verdict = filter_with_nominated(&self.profile, content, cluster, cache, nominator, pod, node);
            }
            if verdict.is_pass() {
                if feasible.len() == want {
                    break;
                }
                feasible.push(node);
            } else {
                diagnosis.verdicts.push((node, verdict));
            }
        }
        let processed = feasible.len() + diagnosis.verdicts.len();
        self.next_start_node_index = (self.next_start_node_index + processed) % cache.order().len();
        diagnosis
    }

    /// The best of the feasible nodes.
    fn prioritize(&mut self, cache: &Cache, shape: ShapeId) -> NodeId {
        let content = self.shapes.get(shape);
        let view = self.judgements.of(&self.profile, shape, content, cache);
        self.totals.clear();
        self.totals.extend(self.feasible.iter().map(|node| i64::from(view.known(*node).fixed)));
        for (slot, score) in self.profile.normalized(content).enumerate() {
            let raw = |node: &NodeId| i64::from(view.known(*node).raw[slot]);
            let greatest = self.feasible.iter().map(raw).max().unwrap_or(0).max(0);
            let normalization = score.plugin.normalization();
            for (total, node) in self.totals.iter_mut().zip(&self.feasible) {
                *total += score.weight * normalization.apply(raw(node), greatest);
            }
        }
        self.feasible[select_host(&self.totals).expect("there are feasible nodes")]
    }
}

/// The filters with the pods nominated to a node on it. A node that passes without them (which the caller has found) has
/// to pass with them too. Upstream: runtime `RunFilterPluginsWithNominatedPods`.
fn filter_with_nominated(
    profile: &Profile,
    shape: &PodShape,
    cluster: &Cluster,
    cache: &Cache,
    nominator: &Nominator,
    pod: PodId,
    node: NodeId,
) -> Verdict {
    let priority = cluster.template_of(pod).spec.priority;
    let Some(info) = nominator.with_nominated(cluster, cache.node(node), pod, priority) else { return Verdict::PASS };
    profile.filter(shape, &info)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_nodes_are_sought_as_upstream_seeks() {
        for (nodes, want) in [
            (99, 99),
            (100, 100),
            (125, 100),
            (200, 100),
            (250, 120),
            (300, 144),
            (500, 230),
            (1000, 420),
            (1500, 570),
            (2000, 680),
            (2500, 750),
            (3000, 780),
            (4000, 720),
            (5000, 500),
            (5625, 281),
            (6000, 300),
            (10000, 500),
        ] {
            assert_eq!(feasible_nodes_to_find(nodes, 0), want, "{nodes} nodes");
        }
        assert_eq!(feasible_nodes_to_find(1000, 30), 300);
    }
}
