//! Why a pod goes where it goes: every node's verdict, every plugin's score of the feasible ones, the choice, and what is
//! missing where the pod does not fit. Nothing is sampled and nothing is changed: for people who ask, and for comparison
//! with recordings.

mod missing;
mod named;
mod verdicts;

pub use named::{NamedExplanation, NamedNode, NamedPreemption, NamedScore};
pub use verdicts::Verdicts;

use super::algorithm::{Algorithm, Inputs, Outcome, PluginScores};
use super::cache::Cache;
use super::fit_error::Diagnosis;
use super::framework::{PluginName, Verdict};
use super::preemption::PostFilter;
use super::queue::Nominator;
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::engine::random::Streams;
use crate::model::Text;
use crate::model::object::{NodeId, PodId};

/// What the plugins say of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeExplanation {
    /// The node.
    pub node: NodeId,
    /// The rejecting plugin with its reasons, and whether preemption cannot help; `None` for a feasible node.
    pub rejection: Option<Rejection>,
    /// Each plugin's score; plugins without a preference for this pod are not listed.
    pub scores: Vec<ScoreExplanation>,
}

/// What one plugin says of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreExplanation {
    /// The plugin.
    pub plugin: PluginName,
    /// As the plugin gives it.
    pub raw: i64,
    /// As one of 0..=100.
    pub normalized: i64,
    /// Times the plugin's weight.
    pub weighted: i64,
}

/// Why a node is not feasible.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// Who rejected; `None` for a node that was not looked at because the pod names others.
    pub plugin: Option<PluginName>,
    /// Why.
    pub reasons: Vec<Text>,
    /// Can preemption not help?
    pub is_unresolvable: bool,
    /// What the pod misses there, in numbers and names; empty where the reason says it all.
    pub missing: Vec<String>,
}

/// What the plugins say of all nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// In the order in which the scheduler lists nodes.
    pub nodes: Vec<NodeExplanation>,
    /// The rejection of the pod before any node was looked at.
    pub pre_filter: Option<(PluginName, Text)>,
    /// The text of the FitError if no node is feasible, without what preemption adds; else empty.
    pub message: String,
}

/// What the scheduler would do now.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// Its search, which may look at a part of the nodes only.
    pub outcome: Outcome,
    /// What it would do after a search in vain.
    pub post_filter: Option<PostFilter>,
    /// All that it would write as the condition's message; empty if there is a node.
    pub message: String,
}

impl Algorithm {
    /// Explains a pod.
    pub fn explain(&mut self, cluster: &Cluster, cache: &mut Cache, nominator: &Nominator, pod: PodId) -> Explanation {
        cache.update_snapshot();
        let prepared = self.prepare(cluster, cache, true, pod);
        let inputs = Inputs { cluster, cache, nominator, pod };
        let candidates = match self.pre_filter(inputs, prepared) {
            Ok(candidates) => candidates,
            Err(diagnosis) => {
                let message = diagnosis.message(&self.profile, self.shape_content(prepared.shape), "");
                return Explanation { nodes: Vec::new(), pre_filter: diagnosis.pre_filter, message };
            }
        };
        let cycle = self.cycle(inputs, prepared, true);
        let looked_at = |node: &NodeId| candidates.as_ref().is_none_or(|candidates| candidates.contains(node));
        let verdicts: Vec<(NodeId, Option<Verdict>)> = cache
            .order()
            .iter()
            .map(|node| (*node, looked_at(node).then(|| cycle.filter_with_nominated(cache.node(*node), &[]))))
            .collect();
        let missing: Vec<Vec<String>> = verdicts
            .iter()
            .map(|(node, verdict)| missing::on(&cycle, *node, verdict.unwrap_or(Verdict::PASS)))
            .collect();
        drop(cycle);
        let feasible: Vec<NodeId> = verdicts
            .iter()
            .filter(|(_, verdict)| verdict.is_some_and(Verdict::is_pass))
            .map(|(node, _)| *node)
            .collect();
        let scores = self.scores_by_plugin(inputs, prepared, &feasible);
        let message = if feasible.is_empty() {
            let mut diagnosis = Diagnosis { nodes: cache.order().len(), ..Diagnosis::default() };
            if candidates.is_some() {
                diagnosis.absent = Some(super::algorithm::not_named());
            }
            diagnosis.verdicts = verdicts.iter().filter_map(|(node, verdict)| Some((*node, (*verdict)?))).collect();
            diagnosis.message(&self.profile, self.shape_content(prepared.shape), "")
        } else {
            String::new()
        };
        let mut place = 0;
        let nodes = verdicts.into_iter().zip(missing).map(|((node, verdict), missing)| {
            let rejection = self.rejection(inputs, verdict, missing);
            let mut own = Vec::new();
            if rejection.is_none() {
                own = scores.iter().map(|column| score_at(column, place)).collect();
                place += 1;
            }
            NodeExplanation { node, rejection, scores: own }
        });
        Explanation { nodes: nodes.collect(), pre_filter: None, message }
    }

    /// Tries to schedule a pod as the scheduler would now, without a trace.
    pub fn try_out(
        &mut self,
        now: SimTime,
        cluster: &Cluster,
        cache: &mut Cache,
        nominator: &Nominator,
        pod: PodId,
    ) -> Decided {
        let start = self.next_start_node_index;
        let outcome = self.schedule(cluster, cache, nominator, pod);
        self.next_start_node_index = start;
        let Outcome::Unfit(diagnosis) = &outcome else {
            let message = if outcome == Outcome::NoNodes { "no nodes available to schedule pods" } else { "" };
            return Decided { outcome, post_filter: None, message: message.to_owned() };
        };
        // Where upstream draws an offset at random, explanations begin at the first node.
        let mut stream = Streams::new(0).stream("scheduler/explain", 0);
        let inputs = Inputs { cluster, cache, nominator, pod };
        let post_filter = self.post_filter(now, inputs, diagnosis, &mut stream);
        let suffix = match &post_filter {
            Some(PostFilter::Rejected { message, .. }) => message.as_str(),
            _ => "",
        };
        let message = diagnosis.message(&self.profile, self.shape_content_of(inputs), suffix);
        Decided { outcome, post_filter, message }
    }

    fn rejection(&self, inputs: Inputs<'_>, verdict: Option<Verdict>, missing: Vec<String>) -> Option<Rejection> {
        let Some(verdict) = verdict else {
            return Some(Rejection { plugin: None, reasons: Vec::new(), is_unresolvable: true, missing });
        };
        if verdict.is_pass() {
            return None;
        }
        let shape = self.shape_content_of(inputs);
        let plugin = verdict.plugin();
        let reason = |bit| plugin.map_or_else(Text::default, |plugin| self.profile.reason(shape, plugin, bit));
        let reasons = verdict.reasons().map(reason).collect();
        Some(Rejection { plugin, reasons, is_unresolvable: verdict.is_unresolvable(), missing })
    }
}

fn score_at(column: &PluginScores, place: usize) -> ScoreExplanation {
    let normalized = column.normalized[place];
    ScoreExplanation { plugin: column.plugin, raw: column.raw[place], normalized, weighted: column.weight * normalized }
}
