//! Why a pod goes where it goes: every node's verdict, and every plugin's score of the feasible ones. Nothing is
//! sampled and nothing is changed: for people who ask, and for comparison with recordings.

use super::algorithm::{Algorithm, Inputs};
use super::cache::Cache;
use super::fit_error::Diagnosis;
use super::framework::{PluginName, Verdict};
use super::queue::Nominator;
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::{NodeId, PodId};

/// What the plugins say of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeExplanation {
    /// The node.
    pub node: NodeId,
    /// The rejecting plugin with its reasons, and whether preemption cannot help; `None` for a feasible node.
    pub rejection: Option<Rejection>,
    /// Each plugin's score, normalized and weighted; plugins without a preference for this pod are not listed.
    pub scores: Vec<(PluginName, i64)>,
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
        let shape = self.shape_content(prepared.shape);
        let rejection = |verdict: Option<Verdict>| match verdict {
            Some(verdict) if verdict.is_pass() => None,
            Some(verdict) => {
                let plugin = verdict.plugin();
                let reason = |bit| plugin.map_or_else(Text::default, |plugin| self.profile.reason(shape, plugin, bit));
                let reasons = verdict.reasons().map(reason).collect();
                Some(Rejection { plugin, reasons, is_unresolvable: verdict.is_unresolvable() })
            }
            None => Some(Rejection { plugin: None, reasons: Vec::new(), is_unresolvable: true }),
        };
        let mut place = 0;
        let nodes = verdicts
            .into_iter()
            .map(|(node, verdict)| {
                let rejection = rejection(verdict);
                let mut own = Vec::new();
                if rejection.is_none() {
                    own = scores.iter().map(|(plugin, column)| (*plugin, column[place])).collect();
                    place += 1;
                }
                NodeExplanation { node, rejection, scores: own }
            })
            .collect();
        Explanation { nodes, pre_filter: None, message }
    }
}
