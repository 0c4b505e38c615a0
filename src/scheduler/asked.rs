//! What the scheduler answers to people: explanations and trial placements. A run never calls this.

use super::Scheduler;
use super::algorithm::Outcome;
use super::explain::NamedExplanation;
use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::model::object::{NodeId, PodId};

impl Scheduler {
    /// Explains a pod as it would be scheduled now; one that has a node is taken off it first, in this view only.
    ///
    /// # Errors
    /// No profile is for it.
    pub fn explain(&mut self, now: SimTime, cluster: &Cluster, pod: PodId) -> Result<NamedExplanation, String> {
        let profile = self.profile_for(cluster, pod)?;
        let node = self.cache.node_of(pod);
        if node.is_some() {
            self.cache.remove_pod(cluster, pod);
        }
        let algorithm = &mut self.algorithms[profile];
        algorithm.next_start_node_index = self.next_start_node_index;
        let nominator = &self.queue.nominator;
        let explanation = algorithm.explain(cluster, &mut self.cache, nominator, pod);
        let decided = algorithm.try_out(now, cluster, &mut self.cache, nominator, pod);
        let named = NamedExplanation::new(cluster, &algorithm.profile, pod, &explanation, &decided);
        if node.is_some() {
            self.cache.add_pod(cluster, pod, node);
        }
        Ok(named)
    }

    /// Places a pod in its own view, as a binding would: the node, or why there is none.
    ///
    /// # Errors
    /// No profile is for it.
    pub fn place(&mut self, now: SimTime, cluster: &Cluster, pod: PodId) -> Result<Result<NodeId, String>, String> {
        let profile = self.profile_for(cluster, pod)?;
        let algorithm = &mut self.algorithms[profile];
        algorithm.next_start_node_index = self.next_start_node_index;
        let outcome = algorithm.schedule(cluster, &mut self.cache, &self.queue.nominator, pod);
        self.next_start_node_index = algorithm.next_start_node_index;
        if let Outcome::Fits(decision) = outcome {
            let volumes = algorithm.volume_decisions(cluster, &self.cache, decision.node);
            self.cache.assume(cluster, pod, decision.node);
            self.cache.volumes_mut().assume(&volumes, decision.node);
            return Ok(Ok(decision.node));
        }
        let decided = algorithm.try_out(now, cluster, &mut self.cache, &self.queue.nominator, pod);
        Ok(Err(decided.message))
    }

    fn profile_for(&self, cluster: &Cluster, pod: PodId) -> Result<usize, String> {
        let found = self.profile_of(cluster, pod);
        found.ok_or_else(|| format!("no scheduler named {:?} runs here", cluster.template_of(pod).spec.scheduler_name))
    }
}
