//! An explanation in names and numbers only: what is printed, and what `-o json` shows.

use serde::Serialize;

use super::{Decided, Explanation};
use crate::cluster::Cluster;
use crate::model::object::PodId;
use crate::scheduler::algorithm::Outcome;
use crate::scheduler::framework::Profile;
use crate::scheduler::preemption::PostFilter;

/// Why a pod goes where it goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedExplanation {
    /// Namespace of the pod.
    pub namespace: String,
    /// Its name.
    pub pod: String,
    /// The profile that schedules it.
    pub scheduler_name: String,
    /// Where it runs already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<String>,
    /// Where it would go now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub winner: Option<String>,
    /// Nodes with the winner's total, itself among them; one if there was no tie.
    pub ties: Vec<String>,
    /// How many nodes the scheduler would look at.
    pub evaluated: usize,
    /// How many of these are feasible.
    pub feasible: usize,
    /// Who rejected the pod before any node was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_by: Option<String>,
    /// The message of the PodScheduled condition; empty if there is a node.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What preemption would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preemption: Option<NamedPreemption>,
    /// Every node, in the scheduler's order.
    pub nodes: Vec<NamedNode>,
}

/// Whom preemption would evict, and where.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedPreemption {
    /// The node to which the pod would be nominated.
    pub node: String,
    /// Who would have to leave, as namespace/name.
    pub victims: Vec<String>,
    /// How many of them against a disruption budget.
    pub budget_violations: usize,
}

/// What the plugins say of a node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedNode {
    /// Its name.
    pub node: String,
    /// Sum of the weighted scores; none if the node is not feasible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// Each plugin's score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<NamedScore>,
    /// Who rejected it; `PreFilter` for a node that the pod does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_by: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What the pod misses there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Might preemption help?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preemption_may_help: Option<bool>,
}

/// What one plugin says of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedScore {
    /// The plugin.
    pub plugin: String,
    /// As the plugin gives it.
    pub raw: i64,
    /// As one of 0..=100.
    pub normalized: i64,
    /// Times the plugin's weight.
    pub weighted: i64,
}

impl NamedExplanation {
    /// Puts both answers together.
    pub fn new(cluster: &Cluster, profile: &Profile, pod: PodId, explanation: &Explanation, decided: &Decided) -> Self {
        let row = cluster.pod(pod);
        let node_name = |node| cluster.node_name(node).to_owned();
        let nodes: Vec<NamedNode> = explanation.nodes.iter().map(|node| named_node(cluster, profile, node)).collect();
        let decision = match &decided.outcome {
            Outcome::Fits(decision) => Some(*decision),
            _ => None,
        };
        let winner = decision.map(|decision| node_name(decision.node));
        let total = |name: &String| nodes.iter().find(|node| node.node == *name).and_then(|node| node.total);
        let best = winner.as_ref().and_then(total);
        let ties =
            nodes.iter().filter(|node| best.is_some() && node.total == best).map(|node| node.node.clone()).collect();
        let evaluated = match &decided.outcome {
            Outcome::Fits(decision) => decision.evaluated,
            Outcome::Unfit(diagnosis) => diagnosis.verdicts.len(),
            Outcome::NoNodes => 0,
        };
        let preemption = match &decided.post_filter {
            Some(PostFilter::Nominated(candidate)) => Some(NamedPreemption {
                node: node_name(candidate.node),
                victims: candidate
                    .victims
                    .iter()
                    .map(|victim| {
                        let row = cluster.pod(*victim);
                        format!("{}/{}", cluster.namespace_name(row.namespace), row.name)
                    })
                    .collect(),
                budget_violations: candidate.violations,
            }),
            _ => None,
        };
        Self {
            namespace: cluster.namespace_name(row.namespace).to_owned(),
            pod: row.name.to_string(),
            scheduler_name: profile.scheduler_name.to_string(),
            bound_to: row.node.is_some().then(|| node_name(row.node)),
            winner,
            ties,
            evaluated,
            feasible: decision.map_or(0, |decision| decision.feasible),
            rejected_by: explanation.pre_filter.as_ref().map(|(plugin, _)| profile.name_of(*plugin).to_owned()),
            message: decided.message.clone(),
            preemption,
            nodes,
        }
    }
}

fn named_node(cluster: &Cluster, profile: &Profile, node: &super::NodeExplanation) -> NamedNode {
    let rejection = node.rejection.as_ref();
    let scores: Vec<NamedScore> = node
        .scores
        .iter()
        .map(|score| NamedScore {
            plugin: profile.name_of(score.plugin).to_owned(),
            raw: score.raw,
            normalized: score.normalized,
            weighted: score.weighted,
        })
        .collect();
    NamedNode {
        node: cluster.node_name(node.node).to_owned(),
        total: rejection.is_none().then(|| scores.iter().map(|score| score.weighted).sum()),
        scores,
        rejected_by: rejection
            .map(|rejection| rejection.plugin.map_or("PreFilter", |plugin| profile.name_of(plugin)).to_owned()),
        reasons: rejection.map_or_else(Vec::new, |rejection| {
            if rejection.plugin.is_none() {
                return vec!["node(s) didn't satisfy plugin(s) [NodeAffinity]".to_owned()];
            }
            rejection.reasons.iter().map(ToString::to_string).collect()
        }),
        missing: rejection.map_or_else(Vec::new, |rejection| rejection.missing.clone()),
        preemption_may_help: rejection.map(|rejection| !rejection.is_unresolvable),
    }
}
