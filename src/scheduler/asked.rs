//! What the scheduler answers to people: explanations and trial placements. A run never calls this.

use super::Scheduler;
use super::algorithm::Outcome;
use super::explain::{NamedExplanation, Verdicts};
use super::framework::PluginName;
use super::preemption::PostFilter;
use crate::cluster::{Change, Cluster, Fields, Verb};
use crate::engine::SimTime;
use crate::model::object::{NodeId, ObjectRef, PodId};

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

    /// What the filters say of a pod on each node.
    ///
    /// # Errors
    /// No profile is for it.
    pub fn verdicts(&mut self, cluster: &Cluster, pod: PodId) -> Result<Verdicts, String> {
        let profile = self.profile_for(cluster, pod)?;
        Ok(self.algorithms[profile].verdicts(cluster, &mut self.cache, &self.queue.nominator, pod))
    }

    /// What a pod misses on the nodes that a plugin rejects, in the order of the verdicts, as long as `each` returns true.
    pub fn missing(
        &mut self,
        cluster: &Cluster,
        pod: PodId,
        verdicts: &Verdicts,
        plugin: PluginName,
        each: &mut dyn FnMut(NodeId, Vec<String>) -> bool,
    ) {
        if let Ok(profile) = self.profile_for(cluster, pod) {
            let inputs = (cluster, &mut self.cache, &self.queue.nominator, pod);
            self.algorithms[profile].missing(inputs, (verdicts, plugin), each);
        }
    }

    /// Counts a pod as standing on a node, in this view only.
    pub fn occupy(&mut self, cluster: &Cluster, pod: PodId, node: NodeId) {
        self.cache.add_pod(cluster, pod, node);
    }

    /// Ends that.
    pub fn vacate(&mut self, cluster: &Cluster, pod: PodId) {
        self.cache.remove_pod(cluster, pod);
    }

    /// One attempt to place a pod, of which nothing is kept: the node, if there is one.
    ///
    /// # Errors
    /// No profile is for it.
    pub fn attempt(&mut self, cluster: &Cluster, pod: PodId) -> Result<Option<NodeId>, String> {
        let profile = self.profile_for(cluster, pod)?;
        let algorithm = &mut self.algorithms[profile];
        algorithm.next_start_node_index = self.next_start_node_index;
        let outcome = algorithm.schedule(cluster, &mut self.cache, &self.queue.nominator, pod);
        Ok(if let Outcome::Fits(decision) = outcome { Some(decision.node) } else { None })
    }

    /// Whom a pod that fits nowhere would evict, and where; nothing is kept.
    ///
    /// # Errors
    /// No profile is for it.
    pub fn preempt(
        &mut self,
        now: SimTime,
        cluster: &Cluster,
        pod: PodId,
    ) -> Result<Option<(NodeId, Vec<PodId>)>, String> {
        let profile = self.profile_for(cluster, pod)?;
        let algorithm = &mut self.algorithms[profile];
        let decided = algorithm.try_out(now, cluster, &mut self.cache, &self.queue.nominator, pod);
        Ok(match decided.post_filter {
            Some(PostFilter::Nominated(candidate)) => Some((candidate.node, candidate.victims)),
            _ => None,
        })
    }

    /// A node came, changed or went, outside of the log: the view follows, and nothing is scheduled.
    pub fn hear_of_node(&mut self, now: SimTime, node: NodeId, verb: Verb, cluster: &mut Cluster) {
        let change = Change { at: now, object: ObjectRef::node(node), verb, fields: Fields::all() };
        self.on_change(now, &change, cluster);
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
