//! The scheduling algorithm for one pod: find feasible nodes, score them, choose one. Reads the cache and keeps only
//! what it may forget; writes nothing. Upstream: schedule_one `schedulePod`.

use std::collections::BTreeSet;

use super::cache::Cache;
use super::cycle::{Cycle, Wide};
use super::feasible_nodes::feasible_nodes_to_find;
use super::fit_error::Diagnosis;
use super::framework::{
    ClusterPlugin, FilterKind, Judgements, NORMALIZED, PluginName, PluginSet, PodShape, Profile, ScoreContext, ShapeId,
    Shapes,
};
use super::plugins::inter_pod_affinity::{Affinities, AffinityFilter, AffinityScores};
use super::plugins::node_affinity::named_nodes;
use super::plugins::pod_topology_spread::{SpreadFilter, SpreadId, SpreadScores, Spreads};
use super::plugins::volume_binding::decide;
use super::plugins::volumes::{PodVolumes, VolumeDecisions};
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

/// The algorithm with its profile.
#[derive(Debug)]
pub struct Algorithm {
    /// Plugins.
    pub profile: Profile,
    /// Share of nodes to find feasible ones among, in percent; 0 adapts it to their number.
    pub percentage_of_nodes_to_score: usize,
    counts: Counts,
    judgements: Judgements,
    /// Where the next search begins in the list of nodes; the scheduler's, not the profile's.
    pub(super) next_start_node_index: usize,
    feasible: Vec<NodeId>,
    /// By place in `feasible`: first the sum of the scores that need no normalization, then of all.
    totals: Vec<i64>,
    /// The greatest raw score among the feasible nodes by each plugin that is normalized.
    greatest: [i32; NORMALIZED],
    spread_scores: SpreadScores,
    affinity_scores: AffinityScores,
    /// Is nothing kept between cycles? For comparisons.
    is_forgetful: bool,
}

/// What is kept between cycles besides judgements.
#[derive(Debug, Default)]
struct Counts {
    shapes: Shapes,
    spreads: Spreads,
    affinities: Affinities,
    /// The claims of the pod of the cycle.
    volumes: Option<PodVolumes>,
}

/// What a cycle reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The API server, for templates, namespaces, Services and controllers.
    pub cluster: &'a Cluster,
    /// Nodes and pods.
    pub cache: &'a Cache,
    /// Nominations.
    pub nominator: &'a Nominator,
    /// The pod.
    pub pod: PodId,
}

/// What a pod's cycle is prepared with: where its counts are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prepared {
    pub(super) shape: ShapeId,
    pub(super) spread: Option<SpreadId>,
    pub(super) has_affinity: bool,
}

impl Algorithm {
    /// With this profile.
    pub fn new(profile: Profile, percentage_of_nodes_to_score: usize) -> Self {
        let percentage_of_nodes_to_score = profile.percentage_of_nodes_to_score.unwrap_or(percentage_of_nodes_to_score);
        let spreads = Spreads::new(profile.spread.as_ref().map(|plugin| plugin.args.clone()).unwrap_or_default());
        let affinities = Affinities::new(profile.affinity.as_ref().map(|plugin| plugin.args).unwrap_or_default());
        Self {
            profile,
            percentage_of_nodes_to_score,
            counts: Counts { shapes: Shapes::default(), spreads, affinities, volumes: None },
            judgements: Judgements::default(),
            next_start_node_index: 0,
            feasible: Vec::new(),
            totals: Vec::new(),
            greatest: [0; NORMALIZED],
            spread_scores: SpreadScores::default(),
            affinity_scores: AffinityScores::default(),
            is_forgetful: false,
        }
    }

    /// The same without anything kept between cycles: slower, for comparisons.
    pub fn forgetful(profile: Profile, percentage_of_nodes_to_score: usize) -> Self {
        Self { is_forgetful: true, ..Self::new(profile, percentage_of_nodes_to_score) }
    }

    /// The shape of a pod.
    pub fn shape(&mut self, cluster: &Cluster, pod: PodId) -> ShapeId {
        self.counts.shapes.of(cluster.pod(pod).template, cluster.template_of(pod))
    }

    /// A shape's content.
    pub fn shape_content(&self, shape: ShapeId) -> &PodShape {
        self.counts.shapes.get(shape)
    }

    /// The shape of a pod that has been through a cycle.
    pub(super) fn shape_content_of(&self, inputs: Inputs<'_>) -> &PodShape {
        let template = inputs.cluster.pod(inputs.pod).template;
        self.counts.shapes.get(self.counts.shapes.known(template).expect("its cycle has stored it"))
    }

    /// What the pod's last cycle was prepared with; its counts are those of then.
    pub(super) fn prepared(&self, inputs: Inputs<'_>) -> Prepared {
        let Inputs { cluster, pod, .. } = inputs;
        let shape = self.counts.shapes.known(cluster.pod(pod).template).expect("its cycle has stored it");
        let spread = self.counts.spreads.known(cluster, pod).filter(|_| self.profile.spread.is_some());
        let has_affinity = self.profile.affinity.is_some() && self.counts.affinities.get(cluster, pod).is_some();
        Prepared { shape, spread, has_affinity }
    }

    /// A Service came, changed or went.
    pub fn services_changed(&mut self) {
        self.counts.spreads.forget_selectors();
    }

    /// A namespace came, went or changed its labels.
    pub fn namespaces_changed(&mut self) {
        self.counts.affinities.clear();
    }

    /// Finds a node for a pod.
    pub fn schedule(&mut self, cluster: &Cluster, cache: &mut Cache, nominator: &Nominator, pod: PodId) -> Outcome {
        cache.update_snapshot();
        if cache.order().is_empty() {
            return Outcome::NoNodes;
        }
        let prepared = self.prepare(cluster, cache, nominator.has_pods(), pod);
        let inputs = Inputs { cluster, cache, nominator, pod };
        let candidates = match self.pre_filter(inputs, prepared) {
            Ok(candidates) => candidates,
            Err(diagnosis) => return Outcome::Unfit(diagnosis),
        };
        if candidates.is_none()
            && let Some(decision) = self.search(inputs, prepared)
        {
            return Outcome::Fits(decision);
        }
        let mut diagnosis = Diagnosis { nodes: cache.order().len(), ..Diagnosis::default() };
        if !self.try_nominated(inputs, prepared, &mut diagnosis) {
            self.find_feasible(inputs, prepared, candidates.as_deref(), &mut diagnosis);
        }
        let feasible = self.feasible.len();
        if feasible == 0 {
            return Outcome::Unfit(diagnosis);
        }
        let evaluated = feasible + diagnosis.verdicts.len();
        let node = match self.feasible[..] {
            [only] => only,
            _ => self.prioritize(inputs, prepared),
        };
        Outcome::Fits(Decision { node, evaluated, feasible })
    }

    /// Brings what is counted for a pod up to date (PreFilter and PreScore of the plugins that look at all nodes).
    pub(super) fn prepare(&mut self, cluster: &Cluster, cache: &mut Cache, hypothetical: bool, pod: PodId) -> Prepared {
        if self.is_forgetful {
            self.judgements = Judgements::default();
            self.counts.spreads.clear();
            self.counts.affinities.clear();
        }
        let shape = self.shape(cluster, pod);
        let spread = if self.profile.spread.is_some() { self.counts.spreads.of(cluster, cache, pod) } else { None };
        // What only scores is counted when there is a choice.
        if let Some(id) = spread.filter(|id| self.counts.spreads.get(*id).has_hard()) {
            self.counts.spreads.update(cluster, cache, id);
        }
        let has_affinity =
            self.profile.affinity.is_some() && self.counts.affinities.update(cluster, cache, pod, hypothetical);
        Prepared { shape, spread, has_affinity }
    }

    /// The filters of a pod's cycle. `hypothetical`: nodes will also be judged as they would be with other pods.
    pub(super) fn cycle<'a>(&'a self, inputs: Inputs<'a>, prepared: Prepared, hypothetical: bool) -> Cycle<'a> {
        cycle(&self.profile, &self.counts, inputs, prepared, hypothetical)
    }

    /// What becomes of the unbound claims of the pod of the last cycle on the node that it found.
    pub(super) fn volume_decisions(&self, cluster: &Cluster, cache: &Cache, node: NodeId) -> VolumeDecisions {
        let volumes = self.counts.volumes.as_ref().filter(|_| self.profile.binds_volumes);
        let decided = volumes.map(|volumes| decide(cluster, cache.volumes(), volumes, &cache.node(node).facts));
        decided.and_then(Result::ok).unwrap_or_default()
    }

    /// The nodes to look at if the pod names them; an error if the pod is rejected at once.
    pub(super) fn pre_filter(
        &mut self,
        inputs: Inputs<'_>,
        prepared: Prepared,
    ) -> Result<Option<Vec<NodeId>>, Diagnosis> {
        let Inputs { cluster, cache, pod, .. } = inputs;
        let reject = |pre_filter| {
            let nodes = cache.order().len();
            Diagnosis { nodes, pre_filter: Some(pre_filter), ..Diagnosis::default() }
        };
        let shape = self.counts.shapes.get(prepared.shape);
        let narrows = self.profile.pre_filter.contains(PluginName::NodeAffinity);
        let names = named_nodes(shape.node_affinity.as_ref().filter(|_| narrows));
        if names.as_ref().is_some_and(BTreeSet::is_empty) {
            let reason = Text::const_new("pod affinity terms conflict");
            return Err(reject((PluginName::NodeAffinity, reason)));
        }
        self.counts.volumes = None;
        if shape.uses_claims {
            self.counts.volumes = PodVolumes::read(cluster, cache, pod, self.profile.pre_filter).map_err(reject)?;
        }
        let Some(names) = names else { return Ok(None) };
        if let (Some(name), 1) = (names.first(), names.len()) {
            return Ok(Some(cluster.node_by_name(name).filter(|node| cache.is_known(*node)).into_iter().collect()));
        }
        let named = |node: &NodeId| names.contains(cluster.node_name(*node));
        Ok(Some(cache.order().iter().copied().filter(named).collect()))
    }

    /// The node that the pod is nominated to, before all others. Upstream: `evaluateNominatedNode`.
    fn try_nominated(&mut self, inputs: Inputs<'_>, prepared: Prepared, diagnosis: &mut Diagnosis) -> bool {
        let node = inputs.cluster.pod(inputs.pod).nominated;
        if !inputs.cache.is_known(node) {
            return false;
        }
        let cycle = self.cycle(inputs, prepared, true);
        let verdict = cycle.filter_with_nominated(inputs.cache.node(node), &[]);
        drop(cycle);
        if !verdict.is_pass() {
            diagnosis.verdicts.push((node, verdict));
            return false;
        }
        self.feasible.clear();
        self.feasible.push(node);
        true
    }

    /// The decision where nothing but the nodes themselves matters: no pods elsewhere, no claims, no nominations.
    fn search(&mut self, inputs: Inputs<'_>, prepared: Prepared) -> Option<Decision> {
        let Inputs { cluster, cache, nominator, pod } = inputs;
        let looks_wider = prepared.spread.is_some() || prepared.has_affinity || self.counts.volumes.is_some();
        let is_nominated = nominator.has_pods() || cluster.pod(pod).nominated.is_some();
        if looks_wider || is_nominated || self.is_forgetful || !self.profile.has_scores() {
            return None;
        }
        let list = cache.order();
        let start = self.next_start_node_index % list.len();
        let want = feasible_nodes_to_find(list.len(), self.percentage_of_nodes_to_score);
        let shape = self.counts.shapes.get(prepared.shape);
        let found = self.judgements.of(&self.profile, prepared.shape, shape, cache).search(start, want)?;
        self.next_start_node_index = (self.next_start_node_index + found.evaluated) % list.len();
        Some(Decision { node: list[found.place], evaluated: found.evaluated, feasible: found.feasible })
    }

    /// Fills `feasible`, and the diagnosis with what the other nodes looked at have against the pod.
    fn find_feasible(
        &mut self,
        inputs: Inputs<'_>,
        prepared: Prepared,
        candidates: Option<&[NodeId]>,
        diagnosis: &mut Diagnosis,
    ) {
        let Inputs { cache, nominator, .. } = inputs;
        if candidates.is_some() {
            diagnosis.absent = Some(not_named());
        }
        let list = candidates.unwrap_or(cache.order());
        let has_nominated = nominator.has_pods();
        let cycle = cycle(&self.profile, &self.counts, inputs, prepared, has_nominated);
        if let Some([only]) = candidates {
            // A DaemonSet's pod: not worth a column of judgements for its shape.
            self.feasible.clear();
            let verdict = cycle.filter_with_nominated(cache.node(*only), &[]);
            if verdict.is_pass() {
                self.feasible.push(*only);
            } else {
                diagnosis.verdicts.retain(|(node, _)| node != only);
                diagnosis.verdicts.push((*only, verdict));
            }
            self.next_start_node_index = (self.next_start_node_index + 1) % cache.order().len();
            return;
        }
        let looks_wider = !cycle.wide.is_empty();
        let mut view = self.judgements.of(&self.profile, prepared.shape, cycle.shape, cache);
        let (feasible, totals, greatest) = (&mut self.feasible, &mut self.totals, &mut self.greatest);
        feasible.clear();
        totals.clear();
        *greatest = [0; NORMALIZED];
        let mut want = feasible_nodes_to_find(list.len(), self.percentage_of_nodes_to_score);
        if !self.profile.has_scores() {
            // The first is as good as any.
            want = 1;
        }
        // A verdict on the nominated node stands once, as upstream keeps them by node.
        let tried = std::mem::take(&mut diagnosis.verdicts);
        let start = if list.is_empty() { 0 } else { self.next_start_node_index % list.len() };
        for node in list[start..].iter().chain(&list[..start]).copied() {
            let judgement = view.get(node);
            let mut verdict = judgement.verdict;
            if has_nominated && !nominator.pods_on(node).is_empty() {
                verdict = cycle.filter_with_nominated(cache.node(node), &[]);
            } else if looks_wider {
                verdict = cycle.filter_wide(node, verdict);
            }
            if !verdict.is_pass() {
                diagnosis.verdicts.push((node, verdict));
            } else if feasible.len() < want {
                feasible.push(node);
                totals.push(judgement.fixed);
                for (greatest, raw) in greatest.iter_mut().zip(judgement.raw) {
                    *greatest = raw.max(*greatest);
                }
            } else {
                break;
            }
        }
        for (node, verdict) in tried {
            let is_feasible = feasible.contains(&node);
            if !is_feasible && !diagnosis.verdicts.iter().any(|(seen, _)| *seen == node) {
                diagnosis.verdicts.push((node, verdict));
            }
        }
        let processed = feasible.len() + diagnosis.verdicts.len();
        self.next_start_node_index = (self.next_start_node_index + processed) % cache.order().len();
    }

    /// The best of the feasible nodes.
    fn prioritize(&mut self, inputs: Inputs<'_>, prepared: Prepared) -> NodeId {
        let cache = inputs.cache;
        if let Some(id) = prepared.spread {
            self.counts.spreads.update(inputs.cluster, cache, id);
        }
        // Scores that are 0 for all nodes have no effect on the choice.
        if self.greatest != [0; NORMALIZED] {
            let shape = self.counts.shapes.get(prepared.shape);
            let view = self.judgements.of(&self.profile, prepared.shape, shape, cache);
            for (slot, score) in self.profile.normalized(shape).enumerate() {
                let raw = |node: &NodeId| i64::from(view.known(*node).raw[slot]);
                let greatest = i64::from(self.greatest[slot]);
                if greatest == 0 {
                    continue;
                }
                let normalization = score.plugin.normalization();
                for (total, node) in self.totals.iter_mut().zip(&self.feasible) {
                    *total += score.weight * normalization.apply(raw(node), greatest);
                }
            }
        }
        let (topology, feasible) = (cache.topology(), &self.feasible);
        if let (Some(id), Some(weight)) = (prepared.spread, weight_of(self.profile.spread.as_ref())) {
            let scores = self.spread_scores.score(self.counts.spreads.get(id), topology, feasible);
            add(&mut self.totals, scores, weight);
        }
        let counts = self.counts.affinities.get(inputs.cluster, inputs.pod).filter(|_| prepared.has_affinity);
        if let (Some(counts), Some(weight)) = (counts, weight_of(self.profile.affinity.as_ref())) {
            add(&mut self.totals, self.affinity_scores.score(counts, topology, feasible), weight);
        }
        self.feasible[select_host(&self.totals).expect("there are feasible nodes")]
    }

    /// Each plugin's scores of these nodes, in the profile's order; plugins without a preference for the pod are left out.
    pub(super) fn scores_by_plugin(
        &mut self,
        inputs: Inputs<'_>,
        prepared: Prepared,
        nodes: &[NodeId],
    ) -> Vec<PluginScores> {
        let cache = inputs.cache;
        if let Some(id) = prepared.spread {
            self.counts.spreads.update(inputs.cluster, cache, id);
        }
        let shape = self.counts.shapes.get(prepared.shape);
        let context = ScoreContext { nodes: cache.order().len(), images: cache.images() };
        let mut columns: Vec<PluginScores> = Vec::new();
        for score in self.profile.applicable(shape) {
            let raw: Vec<i64> =
                nodes.iter().map(|node| score.plugin.score(shape, cache.node(*node), context)).collect();
            let greatest = raw.iter().copied().max().unwrap_or(0).max(0);
            let normalization = score.plugin.normalization();
            let normalized = raw.iter().map(|raw| normalization.apply(*raw, greatest)).collect();
            columns.push(PluginScores { plugin: score.name, weight: score.weight, raw, normalized });
        }
        let topology = cache.topology();
        if let (Some(id), Some(weight)) = (prepared.spread, weight_of(self.profile.spread.as_ref())) {
            let spread = self.counts.spreads.get(id);
            if let Some(raw) = self.spread_scores.raw(spread, topology, nodes).map(<[i64]>::to_vec) {
                let normalized = self.spread_scores.score(spread, topology, nodes).unwrap_or_default().to_vec();
                columns.push(PluginScores { plugin: PluginName::PodTopologySpread, weight, raw, normalized });
            }
        }
        let counts = self.counts.affinities.get(inputs.cluster, inputs.pod).filter(|_| prepared.has_affinity);
        if let (Some(counts), Some(weight)) = (counts, weight_of(self.profile.affinity.as_ref()))
            && let Some(raw) = self.affinity_scores.raw(counts, topology, nodes).map(<[i64]>::to_vec)
        {
            let normalized = self.affinity_scores.score(counts, topology, nodes).unwrap_or_default().to_vec();
            columns.push(PluginScores { plugin: PluginName::InterPodAffinity, weight, raw, normalized });
        }
        let order = &self.profile.score_order;
        columns.sort_by_key(|column| order.iter().position(|plugin| *plugin == column.plugin));
        columns
    }
}

/// What one plugin says of some nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PluginScores {
    pub(super) plugin: PluginName,
    pub(super) weight: i64,
    pub(super) raw: Vec<i64>,
    /// 0..=100.
    pub(super) normalized: Vec<i64>,
}

/// Why the nodes that a pod does not name are out.
pub(super) fn not_named() -> (PluginSet, Text) {
    let reason = Text::const_new("node(s) didn't satisfy plugin(s) [NodeAffinity]");
    (PluginSet::of(PluginName::NodeAffinity), reason)
}

fn weight_of<A>(plugin: Option<&ClusterPlugin<A>>) -> Option<i64> {
    plugin.and_then(|plugin| plugin.weight)
}

fn add(totals: &mut [i64], scores: Option<&[i64]>, weight: i64) {
    for (total, score) in totals.iter_mut().zip(scores.unwrap_or_default()) {
        *total += weight * score;
    }
}

fn cycle<'a>(
    profile: &'a Profile,
    counts: &'a Counts,
    inputs: Inputs<'a>,
    prepared: Prepared,
    hypothetical: bool,
) -> Cycle<'a> {
    let Inputs { cluster, cache, nominator, pod } = inputs;
    let template = cluster.template_of(pod);
    let spread = |place: usize| {
        let counts = counts.spreads.get(prepared.spread?);
        Some((place, Wide::Spread(SpreadFilter::new(counts, cache.topology(), &template.labels)?)))
    };
    let affinity = |place: usize| {
        let counts = counts.affinities.get(cluster, pod).filter(|_| prepared.has_affinity)?;
        Some((place, Wide::Affinity(AffinityFilter::new(counts, cache.topology(), hypothetical)?)))
    };
    let claims = |place: usize, name: PluginName| Some((place, Wide::Claims(name, counts.volumes.as_ref()?)));
    let wide = profile.filters.iter().enumerate().filter(|(_, enabled)| matches!(enabled.kind, FilterKind::Wide));
    Cycle {
        cluster,
        cache,
        nominator,
        profile,
        pod,
        priority: template.spec.priority,
        shape: counts.shapes.get(prepared.shape),
        wide: wide
            .filter_map(|(place, enabled)| match enabled.name {
                PluginName::PodTopologySpread => spread(place),
                PluginName::InterPodAffinity => affinity(place),
                name => claims(place, name),
            })
            .collect(),
    }
}
