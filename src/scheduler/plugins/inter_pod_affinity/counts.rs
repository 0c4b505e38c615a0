//! For one template: in which domains pods are that it is drawn to or kept from, or that are so to it.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::terms::{Target, Term, Terms};
use super::{InterPodAffinityArgs, has_terms};
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::{NamespaceId, NodeId, TemplateId};
use crate::model::pod_template::PodTemplate;
use crate::scheduler::cache::{Cache, DeltaKind, KeyId, NO_DOMAIN, PodEntry, Topology};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// Existing pods' required anti-affinity terms that select the incoming pod.
    ExistingAntiAffinity,
    /// Pods that all of the incoming pod's required affinity terms select.
    Affinity,
    /// Pods that one of its required anti-affinity terms selects.
    AntiAffinity,
    /// Preferences, both ways.
    Score,
}

/// One pod's share in a count under one topology key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effect {
    pub(super) counted: Counted,
    /// Place of the topology key in `PodAffinities::keys`.
    pub(super) place: usize,
    pub(super) weight: i32,
}

pub(super) type Effects = SmallVec<[Effect; 2]>;

/// The counts under one topology key, by domain.
#[derive(Debug)]
pub(super) struct KeyCounts {
    name: Text,
    pub(super) key: KeyId,
    pub(super) existing_anti_affinity: Vec<i64>,
    pub(super) affinity: Vec<i64>,
    pub(super) anti_affinity: Vec<i64>,
    pub(super) score: Vec<i64>,
}

/// The counts for pods of one template.
#[derive(Debug)]
pub struct PodAffinities {
    namespace: NamespaceId,
    template: TemplateId,
    args: InterPodAffinityArgs,
    pub(super) terms: Terms,
    /// Does the pod meet all its own required affinity terms?
    pub(super) matches_itself: bool,
    pub(super) keys: Vec<KeyCounts>,
    /// Sum of all `affinity` counts.
    pub(super) affinity_sum: i64,
    /// Sum of all `existing_anti_affinity` counts.
    pub(super) existing_sum: i64,
    /// How often a preference was added to a score.
    pub(super) score_records: i64,
    effects: FxHashMap<(NamespaceId, TemplateId), Effects>,
    topology_version: Option<u32>,
    cursor: u64,
}

impl PodAffinities {
    pub(super) fn new(
        cluster: &Cluster,
        namespace: NamespaceId,
        template: TemplateId,
        args: InterPodAffinityArgs,
    ) -> Self {
        let content = cluster.template(template);
        let terms = Terms::of(cluster, namespace, content, |term, name| Term::of_incoming(cluster, term, name));
        let itself = Target::bare(cluster, namespace, &content.labels);
        let matches_itself = terms.affinity.iter().all(|term| term.matches(itself));
        Self {
            namespace,
            template,
            args,
            terms,
            matches_itself,
            keys: Vec::new(),
            affinity_sum: 0,
            existing_sum: 0,
            score_records: 0,
            effects: FxHashMap::default(),
            topology_version: None,
            cursor: 0,
        }
    }

    /// Are these the counts for pods of another template too?
    pub(super) fn serves(&self, cluster: &Cluster, namespace: NamespaceId, template: TemplateId) -> bool {
        let (own, other) = (cluster.template(self.template), cluster.template(template));
        let equal = |own: &PodTemplate, other: &PodTemplate| match (&own.spec.affinity, &other.spec.affinity) {
            (Some(own), Some(other)) => own.pod == other.pod && own.anti_pod == other.anti_pod,
            _ => false,
        };
        let none_or_equal = || match (has_terms(own), has_terms(other)) {
            (false, false) => true,
            (true, true) => equal(own, other),
            _ => false,
        };
        self.namespace == namespace && own.labels == other.labels && none_or_equal()
    }

    /// Brings the counts up to date.
    pub(super) fn update(&mut self, cluster: &Cluster, cache: &mut Cache) {
        let end = cache.end_of_deltas();
        let is_recent = self.topology_version == Some(cache.topology_version());
        let deltas = cache.deltas_since(self.cursor).filter(|_| is_recent);
        match deltas.map(|deltas| deltas.copied().collect::<SmallVec<[_; 8]>>()) {
            Some(deltas) => {
                for delta in deltas {
                    match delta.kind {
                        DeltaKind::Added => self.count(cluster, cache, delta.node, &delta.entry, 1),
                        DeltaKind::Removed => self.count(cluster, cache, delta.node, &delta.entry, -1),
                        DeltaKind::Terminating => {}
                    }
                }
            }
            None => self.rebuild(cluster, cache),
        }
        self.cursor = end;
    }

    fn rebuild(&mut self, cluster: &Cluster, cache: &mut Cache) {
        self.topology_version = Some(cache.topology_version());
        self.keys.clear();
        self.effects.clear();
        (self.affinity_sum, self.existing_sum, self.score_records) = (0, 0, 0);
        let required: Vec<Text> =
            self.terms.affinity.iter().chain(&self.terms.anti_affinity).map(|term| term.topology_key.clone()).collect();
        for name in required {
            self.place_of(cache, &name);
        }
        for place in 0..cache.order().len() {
            let node = cache.order()[place];
            for index in 0..cache.node(node).pods.len() {
                let entry = cache.node(node).pods[index];
                self.count(cluster, cache, node, &entry, 1);
            }
        }
    }

    /// Where the counts under a topology key are.
    fn place_of(&mut self, cache: &mut Cache, name: &Text) -> usize {
        if let Some(place) = self.keys.iter().position(|counts| counts.name == *name) {
            return place;
        }
        let key = cache.topology_key(name);
        let domains = cache.topology().count(key);
        let zeros = || vec![0; domains];
        self.keys.push(KeyCounts {
            name: name.clone(),
            key,
            existing_anti_affinity: zeros(),
            affinity: zeros(),
            anti_affinity: zeros(),
            score: zeros(),
        });
        self.keys.len() - 1
    }

    /// The place of a key that has counts.
    pub(super) fn known_place(&self, name: &str) -> Option<usize> {
        self.keys.iter().position(|counts| counts.name == name)
    }

    fn count(&mut self, cluster: &Cluster, cache: &mut Cache, node: NodeId, entry: &PodEntry, step: i64) {
        let key = (entry.namespace, entry.template);
        if !self.effects.contains_key(&key) {
            let named = self.effects_of(cluster, entry.namespace, entry.template);
            let effects = named
                .into_iter()
                .map(|(counted, name, weight)| Effect { counted, place: self.place_of(cache, &name), weight })
                .collect();
            self.effects.insert(key, effects);
        }
        for effect in &self.effects[&key] {
            let counts = &mut self.keys[effect.place];
            let domain = cache.topology().domain(counts.key, node);
            if domain == NO_DOMAIN {
                continue;
            }
            let change = step * i64::from(effect.weight);
            match effect.counted {
                Counted::ExistingAntiAffinity => {
                    counts.existing_anti_affinity[domain as usize] += change;
                    self.existing_sum += change;
                }
                Counted::Affinity => {
                    counts.affinity[domain as usize] += change;
                    self.affinity_sum += change;
                }
                Counted::AntiAffinity => counts.anti_affinity[domain as usize] += change,
                Counted::Score => {
                    counts.score[domain as usize] += change;
                    self.score_records += step;
                }
            }
        }
    }

    /// What a pod of another template counts for, by topology key.
    pub(super) fn effects_of(
        &self,
        cluster: &Cluster,
        namespace: NamespaceId,
        template: TemplateId,
    ) -> SmallVec<[(Counted, Text, i32); 4]> {
        let mut effects = SmallVec::new();
        let existing = cluster.template(template);
        let bare = Target::bare(cluster, namespace, &existing.labels);
        if !self.terms.affinity.is_empty() && self.terms.affinity.iter().all(|term| term.matches(bare)) {
            effects.extend(self.terms.affinity.iter().map(|term| (Counted::Affinity, term.topology_key.clone(), 1)));
        }
        let against = self.terms.anti_affinity.iter().filter(|term| term.matches(bare));
        effects.extend(against.map(|term| (Counted::AntiAffinity, term.topology_key.clone(), 1)));
        let preferred = self.terms.preferred.iter().filter(|(_, term)| term.matches(bare));
        effects.extend(preferred.map(|(weight, term)| (Counted::Score, term.topology_key.clone(), *weight)));
        if has_terms(existing) {
            self.effects_on_incoming(cluster, namespace, template, &mut effects);
        }
        effects
    }

    /// What the terms of an existing pod say of the incoming one.
    fn effects_on_incoming(
        &self,
        cluster: &Cluster,
        namespace: NamespaceId,
        template: TemplateId,
        effects: &mut SmallVec<[(Counted, Text, i32); 4]>,
    ) {
        let terms = Terms::of(cluster, namespace, cluster.template(template), Term::new);
        let incoming = Target::with_namespace(cluster, self.namespace, &cluster.template(self.template).labels);
        let against = terms.anti_affinity.iter().filter(|term| term.matches(incoming));
        effects.extend(against.map(|term| (Counted::ExistingAntiAffinity, term.topology_key.clone(), 1)));
        let hard_weight = self.args.hard_pod_affinity_weight;
        if hard_weight > 0 {
            let towards = terms.affinity.iter().filter(|term| term.matches(incoming));
            effects.extend(towards.map(|term| (Counted::Score, term.topology_key.clone(), hard_weight)));
        }
        if !self.args.ignore_preferred_terms_of_existing_pods || !self.terms.preferred.is_empty() {
            let preferred = terms.preferred.iter().filter(|(_, term)| term.matches(incoming));
            effects.extend(preferred.map(|(weight, term)| (Counted::Score, term.topology_key.clone(), *weight)));
        }
    }

    /// Effects of pods that would come to a node (+1) or leave it (−1), by key.
    pub(super) fn effects_of_changes(
        &self,
        cluster: &Cluster,
        changes: &[(PodEntry, i32)],
    ) -> Vec<(Counted, Text, i64)> {
        let mut all = Vec::new();
        for (entry, step) in changes {
            let effects = self.effects_of(cluster, entry.namespace, entry.template);
            all.extend(
                effects
                    .into_iter()
                    .map(|(counted, name, weight)| (counted, name, i64::from(weight) * i64::from(*step))),
            );
        }
        all
    }

    /// The domain of a node under a key with counts.
    pub(super) fn domain(&self, topology: &Topology, place: usize, node: NodeId) -> u32 {
        topology.domain(self.keys[place].key, node)
    }
}
