//! How many matching pods are on each node and in each domain, kept up to date.

use super::constraints::{Constraint, ConstraintSet};
use crate::cluster::Cluster;
use crate::model::object::{NodeId, TemplateId};
use crate::scheduler::cache::{Cache, DeltaKind, KeyId, NO_DOMAIN, NodeFacts, PodDelta, Topology};
use crate::scheduler::plugins::node_affinity::matches_required;
use crate::scheduler::plugins::taint_toleration::tolerates_all;

/// The name of the key whose domains are single nodes.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

/// The counts of one constraint.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) key: KeyId,
    /// By node: matching pods on it.
    pub(super) on_node: Vec<u32>,
    /// By node: does it count towards its domain?
    pub(super) is_included: Vec<bool>,
    /// By domain: matching pods on the nodes that count.
    pub(super) in_domain: Vec<u32>,
    /// By domain: nodes that count.
    pub(super) nodes: Vec<u32>,
}

/// A constraint set with its counts.
#[derive(Debug)]
pub struct Spread {
    pub(super) set: ConstraintSet,
    /// Of the hard constraints, then of the soft ones.
    pub(super) counts: Vec<Count>,
    /// Templates of the namespace that constraints select, with a bit for each of those.
    selected: Vec<(TemplateId, u32)>,
    /// How many templates of the namespace were looked at.
    seen: usize,
    topology_version: Option<u32>,
    cursor: u64,
}

impl Spread {
    pub(super) fn new(set: ConstraintSet, cache: &mut Cache) -> Self {
        let count = |constraint: &Constraint| Count {
            key: cache.topology_key(&constraint.topology_key),
            on_node: Vec::new(),
            is_included: Vec::new(),
            in_domain: Vec::new(),
            nodes: Vec::new(),
        };
        let counts = set.hard.iter().chain(&set.soft).map(count).collect();
        Self { set, counts, selected: Vec::new(), seen: 0, topology_version: None, cursor: 0 }
    }

    /// Are there constraints that filter?
    pub fn has_hard(&self) -> bool {
        !self.set.hard.is_empty()
    }

    pub(super) fn hard(&self) -> impl Iterator<Item = (&Constraint, &Count)> {
        self.set.hard.iter().zip(&self.counts)
    }

    pub(super) fn soft(&self) -> impl Iterator<Item = (&Constraint, &Count)> {
        self.set.soft.iter().zip(&self.counts[self.set.hard.len()..])
    }

    /// Brings the counts up to date.
    pub(super) fn update(&mut self, cluster: &Cluster, cache: &Cache) {
        self.learn(cluster, cache);
        let is_recent = self.topology_version == Some(cache.topology_version());
        if is_recent && cache.delta_log().reaches(self.cursor) {
            for index in 0..self.selected.len() {
                let (template, matches) = self.selected[index];
                for delta in cache.delta_log().of_template((self.set.namespace, template), self.cursor) {
                    self.apply(cache.topology(), &delta, matches);
                }
            }
        } else {
            self.rebuild(cache);
        }
        self.cursor = cache.end_of_deltas();
    }

    /// Looks at templates that are new in the namespace.
    fn learn(&mut self, cluster: &Cluster, cache: &Cache) {
        let templates = cache.delta_log().templates(self.set.namespace);
        for template in &templates[self.seen..] {
            let labels = &cluster.template(*template).labels;
            let selects = |constraint: &Constraint| {
                // An empty selector counts nothing. Upstream: `countPodsMatchSelector`.
                constraint.selector.as_ref().is_some_and(|selector| !selector.is_empty() && selector.matches(labels))
            };
            let constraints = self.set.hard.iter().chain(&self.set.soft).enumerate();
            let matches =
                constraints.fold(0, |bits, (index, constraint)| bits | u32::from(selects(constraint)) << index);
            if matches != 0 {
                self.selected.push((*template, matches));
            }
        }
        self.seen = templates.len();
    }

    fn rebuild(&mut self, cache: &Cache) {
        self.topology_version = Some(cache.topology_version());
        let all = cache.generations().len();
        for count in &mut self.counts {
            let domains = cache.topology().count(count.key);
            for (column, length) in
                [(&mut count.on_node, all), (&mut count.in_domain, domains), (&mut count.nodes, domains)]
            {
                column.clear();
                column.resize(length, 0);
            }
            count.is_included.clear();
            count.is_included.resize(all, false);
        }
        let honored_everywhere: Vec<bool> = self
            .set
            .hard
            .iter()
            .chain(&self.set.soft)
            .map(|constraint| self.is_honored_everywhere(constraint))
            .collect();
        for node in cache.order() {
            self.include(cache, *node, &honored_everywhere);
        }
        for index in 0..self.selected.len() {
            let (template, matches) = self.selected[index];
            for pod in cache.delta_log().placed((self.set.namespace, template)) {
                let Some((node, entry)) = cache.entry_of(pod).filter(|(node, _)| cache.is_known(*node)) else {
                    continue;
                };
                if !entry.terminating {
                    self.count(cache.topology(), node, matches, true);
                }
            }
        }
    }

    /// Decides towards which constraints a node counts.
    fn include(&mut self, cache: &Cache, node: NodeId, honored_everywhere: &[bool]) {
        let topology = cache.topology();
        let hard = self.set.hard.len();
        let has_keys = |counts: &[Count]| counts.iter().all(|count| topology.domain(count.key, node) != NO_DOMAIN);
        let (has_hard, has_soft) = (has_keys(&self.counts[..hard]), has_keys(&self.counts[hard..]));
        for (index, everywhere) in honored_everywhere.iter().enumerate() {
            let constraint = if index < hard { &self.set.hard[index] } else { &self.set.soft[index - hard] };
            let has_keys = if index < hard { has_hard } else { has_soft || !self.set.requires_all_keys };
            let is_included = has_keys && (*everywhere || self.is_honored(constraint, &cache.node(node).facts));
            let count = &mut self.counts[index];
            let domain = topology.domain(count.key, node);
            if is_included && domain != NO_DOMAIN {
                count.is_included[node.index()] = true;
                count.nodes[domain as usize] += 1;
            }
        }
    }

    /// Does no node's labels or taints matter to a constraint? Then they need not be fetched.
    fn is_honored_everywhere(&self, constraint: &Constraint) -> bool {
        let asks_nothing = self.set.node_selector.is_empty() && self.set.node_affinity.is_none();
        (!constraint.honors_affinity || asks_nothing) && !constraint.honors_taints
    }

    /// Upstream: `topologySpreadConstraint.matchNodeInclusionPolicies`.
    pub(super) fn is_honored(&self, constraint: &Constraint, node: &NodeFacts) -> bool {
        (!constraint.honors_affinity
            || matches_required(&self.set.node_selector, self.set.node_affinity.as_ref(), node))
            && (!constraint.honors_taints || tolerates_all(&self.set.tolerations, &node.taints))
    }

    fn apply(&mut self, topology: &Topology, delta: &PodDelta, matches: u32) {
        match delta.kind {
            DeltaKind::Added if !delta.entry.terminating => self.count(topology, delta.node, matches, true),
            DeltaKind::Removed if !delta.entry.terminating => self.count(topology, delta.node, matches, false),
            DeltaKind::Terminating => self.count(topology, delta.node, matches, false),
            DeltaKind::Added | DeltaKind::Removed => {}
        }
    }

    /// Counts a pod that came (or went), for the constraints that select it.
    fn count(&mut self, topology: &Topology, node: NodeId, matches: u32, came: bool) {
        for (index, count) in self.counts.iter_mut().enumerate() {
            if matches & 1 << index == 0 {
                continue;
            }
            let step = |cell: &mut u32| if came { *cell += 1 } else { *cell -= 1 };
            let Some(cell) = count.on_node.get_mut(node.index()) else { continue };
            step(cell);
            if count.is_included[node.index()] {
                step(&mut count.in_domain[topology.domain(count.key, node) as usize]);
            }
        }
    }
}
