//! How many matching pods are on each node and in each domain, kept up to date.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::constraints::{Constraint, ConstraintSet};
use super::shared::{Inclusion, Shared, is_honored};
use crate::cluster::Cluster;
use crate::model::object::{NodeId, TemplateId};
use crate::scheduler::cache::{Cache, DeltaKind, KeyId, NodeFacts, PodDelta, Topology};

/// The name of the key whose domains are single nodes.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

/// The counts of one constraint.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) key: KeyId,
    /// By node: matching pods on it.
    pub(super) on_node: Vec<u32>,
    /// By domain: matching pods on the nodes that count.
    pub(super) in_domain: Vec<u32>,
    /// The nodes that count.
    pub(super) inclusion: Arc<Inclusion>,
}

/// A constraint set with its counts.
#[derive(Debug)]
pub struct Spread {
    pub(super) set: ConstraintSet,
    /// Of the hard constraints, then of the soft ones.
    pub(super) counts: Vec<Count>,
    /// Templates of the namespace that constraints select, with a bit for each of those.
    selected: BTreeMap<TemplateId, u32>,
    /// By constraint: how many of the templates that it may select were looked at.
    seen: Vec<usize>,
    topology_version: Option<u32>,
    cursor: u64,
}

impl Spread {
    pub(super) fn new(set: ConstraintSet, cache: &mut Cache) -> Self {
        let count = |constraint: &Constraint| Count {
            key: cache.topology_key(&constraint.topology_key),
            on_node: Vec::new(),
            in_domain: Vec::new(),
            inclusion: Arc::default(),
        };
        let counts: Vec<Count> = set.hard.iter().chain(&set.soft).map(count).collect();
        let seen = vec![0; counts.len()];
        cache.keep_deltas_by_template();
        Self { set, counts, selected: BTreeMap::new(), seen, topology_version: None, cursor: 0 }
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
    pub(super) fn update(&mut self, cluster: &Cluster, cache: &Cache, shared: &mut Shared) {
        self.learn(cluster);
        let is_recent = self.topology_version == Some(cache.topology_version());
        if is_recent && cache.delta_log().reaches(self.cursor) {
            for (template, matches) in self.selected() {
                for delta in cache.delta_log().of_template((self.set.namespace, template), self.cursor) {
                    self.apply(cache.topology(), &delta, matches);
                }
            }
        } else {
            self.rebuild(cache, shared);
        }
        self.cursor = cache.end_of_deltas();
    }

    /// Looks at templates that are new in the namespace: none of their pods is on a node yet, or all of them come in the log.
    fn learn(&mut self, cluster: &Cluster) {
        for (index, constraint) in self.set.hard.iter().chain(&self.set.soft).enumerate() {
            // An empty selector counts nothing. Upstream: `countPodsMatchSelector`.
            let Some(selector) = constraint.selector.as_ref().filter(|selector| !selector.is_empty()) else { continue };
            let candidates = cluster.templates_for(self.set.namespace, selector);
            for template in &candidates[self.seen[index]..] {
                if selector.matches(&cluster.template(*template).labels) {
                    *self.selected.entry(*template).or_default() |= 1 << index;
                }
            }
            self.seen[index] = candidates.len();
        }
    }

    fn rebuild(&mut self, cache: &Cache, shared: &mut Shared) {
        self.topology_version = Some(cache.topology_version());
        let keys: Vec<KeyId> = self.counts.iter().map(|count| count.key).collect();
        let inclusions = shared.inclusions(&self.set, &keys, cache);
        let all = cache.generations().len();
        for (count, inclusion) in self.counts.iter_mut().zip(inclusions) {
            for (column, length) in [(&mut count.on_node, all), (&mut count.in_domain, inclusion.nodes.len())] {
                column.clear();
                column.resize(length, 0);
            }
            count.inclusion = inclusion;
        }
        for (template, matches) in self.selected() {
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

    fn selected(&self) -> SmallVec<[(TemplateId, u32); 4]> {
        self.selected.iter().map(|(template, matches)| (*template, *matches)).collect()
    }

    pub(super) fn is_honored(&self, constraint: &Constraint, node: &NodeFacts) -> bool {
        is_honored(&self.set, constraint, node)
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
            if count.inclusion.is_included[node.index()] {
                step(&mut count.in_domain[topology.domain(count.key, node) as usize]);
            }
        }
    }
}
