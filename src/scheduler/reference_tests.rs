//! The filters once more, by brute force and straight from the specification: every count is taken anew over all pods of
//! all nodes, nothing is shared with the plugins. What these find feasible, the scheduler must find feasible, and no more.

use super::cache::Cache;
use crate::cluster::Cluster;
use crate::model::affinity::{NodeInclusionPolicy, PodAffinityTerm, TopologySpreadConstraint, WhenUnsatisfiable};
use crate::model::labels::Labels;
use crate::model::object::{NodeId, PodId};
use crate::model::pod_template::PodTemplate;
use crate::model::taint::TaintEffect;

/// Who looks at what.
pub struct Reference<'a> {
    pub cluster: &'a Cluster,
    pub cache: &'a Cache,
    pub pod: PodId,
}

impl Reference<'_> {
    fn own(&self) -> &PodTemplate {
        self.cluster.template_of(self.pod)
    }

    /// All pods on nodes of the list, with their node.
    fn placed(&self) -> impl Iterator<Item = (NodeId, PodId)> + '_ {
        let nodes = self.cache.order().iter().copied();
        nodes.flat_map(|node| self.cache.node(node).pods.iter().map(move |entry| (node, entry.pod)))
    }

    fn labels(&self, node: NodeId) -> &Labels {
        &self.cluster.node(node).meta.labels
    }

    fn matches(term: &PodAffinityTerm, template: &PodTemplate) -> bool {
        term.selector.as_ref().is_some_and(|selector| selector.matches(&template.labels))
    }

    /// May the pod go to the node?
    pub fn is_feasible(&self, node: NodeId) -> bool {
        self.has_room(node)
            && self.tolerates(node)
            && self.has_ports(node)
            && self.keeps_spread(node)
            && self.has_neighbours(node)
            && self.keeps_away(node)
    }

    /// Requests of all pods together do not exceed what is allocatable.
    pub fn has_room(&self, node: NodeId) -> bool {
        let info = self.cache.node(node);
        let (own, facts) = (self.own(), &info.facts);
        let sum = |name: &str| -> i64 {
            let others = info.pods.iter().map(|entry| self.cluster.template(entry.template).requests.get(name));
            others.sum()
        };
        let fits = |name: &str| {
            let wanted = own.requests.get(name);
            wanted == 0 || sum(name) + wanted <= facts.allocatable.get(name)
        };
        (info.pods.len() as i64) < facts.allowed_pods && ["cpu", "memory"].into_iter().all(fits)
    }

    fn tolerates(&self, node: NodeId) -> bool {
        let object = self.cluster.node(node);
        let taints = &object.body.as_node().expect("it is a node").taints;
        let hard = taints.iter().filter(|taint| taint.effect != TaintEffect::PreferNoSchedule);
        hard.into_iter().all(|taint| self.own().spec.tolerations.iter().any(|toleration| toleration.tolerates(taint)))
    }

    fn has_ports(&self, node: NodeId) -> bool {
        let others = self.cache.node(node).pods.iter();
        let mut used = others.flat_map(|entry| &self.cluster.template(entry.template).host_ports);
        !used.any(|used| self.own().host_ports.iter().any(|wanted| wanted.conflicts(used)))
    }

    fn hard(&self) -> impl Iterator<Item = &TopologySpreadConstraint> {
        let all = self.own().spec.topology_spread.iter();
        all.filter(|constraint| constraint.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule)
    }

    fn keeps_spread(&self, node: NodeId) -> bool {
        self.hard().all(|constraint| {
            let Some(domain) = self.labels(node).get(&constraint.topology_key) else { return false };
            let mut counts: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
            for other in self.cache.order() {
                let has_keys = self.hard().all(|one| self.labels(*other).contains_key(&one.topology_key));
                let honors = constraint.node_taints_policy == NodeInclusionPolicy::Honor;
                if !has_keys || honors && !self.tolerates(*other) {
                    continue;
                }
                let value = self.labels(*other).get(&constraint.topology_key).expect("it has all keys");
                let count = counts.entry(value).or_default();
                for entry in &self.cache.node(*other).pods {
                    let row = self.cluster.pod(entry.pod);
                    let template = self.cluster.template(entry.template);
                    let selected = constraint.selector.as_ref().is_some_and(|one| one.matches(&template.labels));
                    *count += i64::from(selected && row.deletion.is_none());
                }
            }
            let enough = counts.len() as i32 >= constraint.min_domains.unwrap_or(1);
            let least = if enough { counts.values().copied().min().unwrap_or(0) } else { 0 };
            let own = constraint.selector.as_ref().is_some_and(|selector| selector.matches(&self.own().labels));
            counts.get(domain).copied().unwrap_or(0) + i64::from(own) - least <= i64::from(constraint.max_skew)
        })
    }

    /// Required affinity, with the exception for the first of a kind.
    fn has_neighbours(&self, node: NodeId) -> bool {
        let Some(affinity) = &self.own().spec.affinity else { return true };
        let terms = &affinity.pod.required;
        let fits_all = |pod: PodId| terms.iter().all(|term| Self::matches(term, self.cluster.template_of(pod)));
        let near = |term: &PodAffinityTerm| {
            let own = self.labels(node).get(&term.topology_key);
            self.placed()
                .any(|(other, pod)| own.is_some() && self.labels(other).get(&term.topology_key) == own && fits_all(pod))
        };
        if !terms.iter().all(|term| self.labels(node).contains_key(&term.topology_key)) {
            return false;
        }
        let nobody = !self.placed().any(|(other, pod)| {
            fits_all(pod) && terms.iter().any(|term| self.labels(other).contains_key(&term.topology_key))
        });
        terms.iter().all(near) || nobody && terms.iter().all(|term| Self::matches(term, self.own()))
    }

    /// Required anti-affinity of the pod, and of those that are there.
    fn keeps_away(&self, node: NodeId) -> bool {
        let together = |term: &PodAffinityTerm, other: NodeId| {
            let own = self.labels(node).get(&term.topology_key);
            own.is_some() && self.labels(other).get(&term.topology_key) == own
        };
        let none = Vec::new();
        let terms =
            |template: &PodTemplate| template.spec.affinity.as_ref().map(|affinity| affinity.anti_pod.required.clone());
        let own = terms(self.own()).unwrap_or(none);
        self.placed().all(|(other, pod)| {
            let template = self.cluster.template_of(pod);
            let theirs = terms(template).unwrap_or_default();
            !own.iter().any(|term| together(term, other) && Self::matches(term, template))
                && !theirs.iter().any(|term| together(term, other) && Self::matches(term, self.own()))
        })
    }
}
