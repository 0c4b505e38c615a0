//! What the filters say of a pod on each node, in numbers only: cheap enough for many pods. Words on what is missing are
//! made for the nodes that somebody asks about.

use super::missing;
use crate::cluster::Cluster;
use crate::model::object::{NodeId, PodId};
use crate::scheduler::algorithm::{Algorithm, Inputs, not_named};
use crate::scheduler::cache::Cache;
use crate::scheduler::fit_error::Diagnosis;
use crate::scheduler::framework::{PluginName, Verdict};
use crate::scheduler::queue::Nominator;

/// The filters' verdicts on all nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdicts {
    /// In the order in which the scheduler lists nodes; none for a node that is not looked at because the pod names others.
    pub nodes: Vec<(NodeId, Option<Verdict>)>,
    /// The text of the FitError if no node is feasible; else empty.
    pub message: String,
}

impl Verdicts {
    /// Is there a feasible node?
    pub fn fits(&self) -> bool {
        self.nodes.iter().any(|(_, verdict)| verdict.is_some_and(Verdict::is_pass))
    }

    /// Nodes that a plugin rejects.
    pub fn rejected_by(&self, plugin: PluginName) -> impl Iterator<Item = NodeId> {
        let rejects = move |verdict: &Option<Verdict>| verdict.and_then(Verdict::plugin) == Some(plugin);
        self.nodes.iter().filter(move |(_, verdict)| rejects(verdict)).map(|(node, _)| *node)
    }

    /// Is there a node on which preemption may help?
    pub fn preemption_may_help(&self) -> bool {
        let may = |verdict: Verdict| !verdict.is_pass() && !verdict.is_unresolvable();
        self.nodes.iter().any(|(_, verdict)| verdict.is_some_and(may))
    }
}

impl Algorithm {
    /// Verdicts on a pod.
    pub fn verdicts(&mut self, cluster: &Cluster, cache: &mut Cache, nominator: &Nominator, pod: PodId) -> Verdicts {
        cache.update_snapshot();
        let has_nominated = nominator.has_pods();
        let prepared = self.prepare(cluster, cache, has_nominated, pod);
        let inputs = Inputs { cluster, cache, nominator, pod };
        let candidates = match self.pre_filter(inputs, prepared) {
            Ok(candidates) => candidates,
            Err(diagnosis) => {
                let message = diagnosis.message(&self.profile, self.shape_content(prepared.shape), "");
                return Verdicts { nodes: Vec::new(), message };
            }
        };
        let cycle = self.cycle(inputs, prepared, has_nominated);
        let looked_at = |node: &NodeId| candidates.as_ref().is_none_or(|candidates| candidates.contains(node));
        let verdict = |node: &NodeId| looked_at(node).then(|| cycle.filter_with_nominated(cache.node(*node), &[]));
        let mut found = Verdicts {
            nodes: cache.order().iter().map(|node| (*node, verdict(node))).collect(),
            ..Verdicts::default()
        };
        drop(cycle);
        if !found.fits() {
            let mut diagnosis = Diagnosis { nodes: cache.order().len(), ..Diagnosis::default() };
            diagnosis.absent = candidates.is_some().then(not_named);
            diagnosis.verdicts = found.nodes.iter().filter_map(|(node, verdict)| Some((*node, (*verdict)?))).collect();
            found.message = diagnosis.message(&self.profile, self.shape_content(prepared.shape), "");
        }
        found
    }

    /// What the pod misses on the nodes that a plugin rejects, until `each` has heard enough.
    pub(in crate::scheduler) fn missing(
        &mut self,
        inputs: (&Cluster, &mut Cache, &Nominator, PodId),
        (verdicts, plugin): (&Verdicts, PluginName),
        each: &mut dyn FnMut(NodeId, Vec<String>) -> bool,
    ) {
        let (cluster, cache, nominator, pod) = inputs;
        let prepared = self.prepare(cluster, cache, false, pod);
        let cycle = self.cycle(Inputs { cluster, cache, nominator, pod }, prepared, false);
        for (node, verdict) in &verdicts.nodes {
            let Some(verdict) = verdict.filter(|verdict| verdict.plugin() == Some(plugin)) else { continue };
            if !each(*node, missing::on(&cycle, *node, verdict)) {
                return;
            }
        }
    }
}
