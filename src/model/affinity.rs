//! Node affinity, pod affinity and anti-affinity, topology spread constraints: plain data.

use super::Text;
use super::labels::Labels;
use super::selector::{LabelSelector, Requirement};

/// A node selector term: label and field requirements, all of which must hold. A term without any selects nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeSelectorTerm {
    /// On labels.
    pub expressions: Vec<Requirement>,
    /// On fields; only `metadata.name` exists.
    pub fields: Vec<Requirement>,
}

impl NodeSelectorTerm {
    /// Does it select a node of this name and labels?
    /// Upstream: component-helpers `nodeaffinity.nodeSelectorTerm.match`.
    pub fn matches(&self, name: &str, labels: &Labels) -> bool {
        if self.expressions.is_empty() && self.fields.is_empty() {
            return false;
        }
        self.expressions.iter().all(|requirement| requirement.matches_value(labels.get(&requirement.key)))
            && self
                .fields
                .iter()
                .all(|requirement| requirement.matches_value((requirement.key == "metadata.name").then_some(name)))
    }
}

/// `nodeAffinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeAffinity {
    /// Required terms, one of which must match; `None`: no requirement (an empty list matches nothing).
    pub required: Option<Vec<NodeSelectorTerm>>,
    /// Preferred terms with weights 1..=100.
    pub preferred: Vec<(i32, NodeSelectorTerm)>,
}

/// `podAffinityTerm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodAffinityTerm {
    /// Which pods; `None` selects none.
    pub selector: Option<LabelSelector>,
    /// Namespaces by name; empty together with no `namespace_selector` means the pod's own.
    pub namespaces: Vec<Text>,
    /// Namespaces by label; an empty selector is all of them.
    pub namespace_selector: Option<LabelSelector>,
    /// The node label that makes a domain.
    pub topology_key: Text,
    /// `matchLabelKeys`.
    pub match_label_keys: Vec<Text>,
    /// `mismatchLabelKeys`.
    pub mismatch_label_keys: Vec<Text>,
}

/// `podAffinity` or `podAntiAffinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodAffinity {
    /// Required terms, all of which must hold.
    pub required: Vec<PodAffinityTerm>,
    /// Preferred terms with weights 1..=100.
    pub preferred: Vec<(i32, PodAffinityTerm)>,
}

/// `spec.affinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affinity {
    /// Towards nodes.
    pub node: Option<NodeAffinity>,
    /// Towards pods.
    pub pod: PodAffinity,
    /// Away from pods.
    pub anti_pod: PodAffinity,
}

/// `whenUnsatisfiable` of a spread constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenUnsatisfiable {
    /// A filter.
    DoNotSchedule,
    /// A score.
    ScheduleAnyway,
}

/// `nodeAffinityPolicy` and `nodeTaintsPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeInclusionPolicy {
    /// Nodes that do not match are left out of the count.
    Honor,
    /// All nodes count.
    Ignore,
}

/// `spec.topologySpreadConstraints[]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologySpreadConstraint {
    /// Greatest difference allowed.
    pub max_skew: i32,
    /// The node label that makes a domain.
    pub topology_key: Text,
    /// Filter or score.
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// Which pods count; `None` selects none.
    pub selector: Option<LabelSelector>,
    /// Least number of domains; `None` is 1.
    pub min_domains: Option<i32>,
    /// Default Honor.
    pub node_affinity_policy: NodeInclusionPolicy,
    /// Default Ignore.
    pub node_taints_policy: NodeInclusionPolicy,
    /// `matchLabelKeys`.
    pub match_label_keys: Vec<Text>,
}
