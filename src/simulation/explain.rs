//! What the scheduler would say of a pod at this instant of a run.

use super::Simulation;
use super::dump::{find_pod, pending_pods, pods_of_target};
use crate::model::object::PodId;
use crate::scheduler::explain::NamedExplanation;

impl Simulation {
    /// Explains a pod: one that waits as it is, one that runs as if it had still to be placed.
    ///
    /// # Errors
    /// Its scheduler is unknown.
    pub fn explain_pod(&mut self, pod: PodId) -> Result<NamedExplanation, String> {
        self.scheduler.explain(self.now, &self.cluster, pod)
    }

    /// A pod by namespace and name.
    ///
    /// # Errors
    /// There is none.
    pub fn find_pod(&self, namespace: &str, name: &str) -> Result<PodId, String> {
        find_pod(&self.cluster, namespace, name)
    }

    /// The pods that a target such as `pod/web-0` or `deployment/web` names: of a workload those that wait for a node, or
    /// its newest if none does.
    ///
    /// # Errors
    /// There is none.
    pub fn pods_of_target(&self, namespace: &str, target: &str) -> Result<Vec<PodId>, String> {
        pods_of_target(&self.cluster, namespace, target)
    }

    /// Pods that wait for a node.
    pub fn pending_pods(&self) -> Vec<PodId> {
        pending_pods(&self.cluster)
    }
}
