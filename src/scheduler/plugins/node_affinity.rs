//! NodeAffinity: node selectors, required and preferred node affinity.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::Text;
use crate::model::affinity::{NodeAffinity as Affinity, NodeSelectorTerm};
use crate::model::labels::Labels;
use crate::model::selector::{Operator, Requirement};
use crate::scheduler::cache::{NodeFacts, NodeInfo};
use crate::scheduler::framework::{NodeFilter, NodeScore, Normalization, PluginName, PodShape, ScoreContext, Verdict};

/// The plugin with its arguments.
#[derive(Debug, Default)]
pub struct NodeAffinity {
    /// `addedAffinity`: what the administrator asks for on top of each pod's own.
    pub added: Option<Arc<Affinity>>,
}

/// Reason bit: the pod's own affinity does not match.
const OWN: u32 = 0;
/// Reason bit: the added affinity does not match.
const ENFORCED: u32 = 1;

/// Does a node match a pod's node selector and required affinity?
/// Upstream: component-helpers nodeaffinity `GetRequiredNodeAffinity(pod).Match`.
pub fn matches_required(selector: &[(Text, Text)], affinity: Option<&Affinity>, node: &NodeFacts) -> bool {
    selector.iter().all(|(key, value)| node.labels.get(key) == Some(value))
        && affinity
            .and_then(|affinity| affinity.required.as_ref())
            .is_none_or(|terms| terms.iter().any(|term| matches_term(term, &node.name, &node.labels)))
}

/// A term with a requirement that cannot be parsed never matches.
fn matches_term(term: &NodeSelectorTerm, name: &str, labels: &Labels) -> bool {
    term.expressions.iter().all(is_legal)
        && term.fields.iter().all(|field| field.values.len() == 1)
        && term.matches(name, labels)
}

/// Values must be label values, also where they are compared as numbers: `-5` is none.
/// Upstream: apimachinery `labels.NewRequirement`.
fn is_legal(requirement: &Requirement) -> bool {
    let is_label_value = |value: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric();
        let bytes = value.as_bytes();
        bytes.len() <= 63
            && bytes.first().is_none_or(|first| inner(*first))
            && bytes.last().is_none_or(|last| inner(*last))
            && bytes.iter().all(|byte| inner(*byte) || matches!(byte, b'-' | b'_' | b'.'))
    };
    let count_is_right = match requirement.operator {
        Operator::In | Operator::NotIn => !requirement.values.is_empty(),
        Operator::Exists | Operator::DoesNotExist => requirement.values.is_empty(),
        Operator::Gt | Operator::Lt => requirement.values.len() == 1 && requirement.values[0].parse::<i64>().is_ok(),
    };
    count_is_right && requirement.values.iter().all(|value| is_label_value(value))
}

/// The nodes that required terms name by `metadata.name`, if each of them does; the search then looks at these only.
/// Upstream: nodeaffinity.PreFilter.
pub fn named_nodes(affinity: Option<&Affinity>) -> Option<BTreeSet<Text>> {
    let terms = affinity?.required.as_ref()?;
    let mut union = BTreeSet::new();
    for term in terms {
        let mut named: Option<BTreeSet<Text>> = None;
        for field in term.fields.iter().filter(|field| field.key == "metadata.name" && field.operator == Operator::In) {
            let values: BTreeSet<Text> = field.values.iter().cloned().collect();
            named = Some(match named {
                None => values,
                Some(before) => before.intersection(&values).cloned().collect(),
            });
        }
        union.extend(named?);
    }
    // No terms at all name nothing, and match nothing either.
    (!terms.is_empty()).then_some(union)
}

impl NodeFilter for NodeAffinity {
    fn applies(&self, pod: &PodShape) -> bool {
        let has_required = |affinity: &Affinity| affinity.required.is_some();
        !pod.node_selector.is_empty()
            || pod.node_affinity.as_ref().is_some_and(has_required)
            || self.added.as_deref().is_some_and(has_required)
    }

    fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        if !matches_required(&[], self.added.as_deref(), &node.facts) {
            Verdict::unresolvable(PluginName::NodeAffinity, 1 << ENFORCED)
        } else if matches_required(&pod.node_selector, pod.node_affinity.as_ref(), &node.facts) {
            Verdict::PASS
        } else {
            Verdict::unresolvable(PluginName::NodeAffinity, 1 << OWN)
        }
    }

    fn reason(&self, _pod: &PodShape, bit: u32) -> Text {
        Text::const_new(match bit {
            ENFORCED => "node(s) didn't match scheduler-enforced node affinity",
            _ => "node(s) didn't match Pod's node affinity/selector",
        })
    }
}

impl NodeScore for NodeAffinity {
    fn applies(&self, pod: &PodShape) -> bool {
        [pod.node_affinity.as_ref(), self.added.as_deref()]
            .into_iter()
            .flatten()
            .any(|affinity| !affinity.preferred.is_empty())
    }

    fn normalization(&self) -> Normalization {
        Normalization::Max
    }

    fn score(&self, pod: &PodShape, node: &NodeInfo, _context: ScoreContext<'_>) -> i64 {
        let both = [self.added.as_deref(), pod.node_affinity.as_ref()];
        let preferred = both.into_iter().flatten().flat_map(|affinity| &affinity.preferred);
        preferred
            .filter(|(_, term)| matches_term(term, &node.facts.name, &node.facts.labels))
            .map(|(weight, _)| i64::from(*weight))
            .sum()
    }
}
