//! What the scheduler would say of a pod at this instant of a run.

use super::Simulation;
use super::dump::{DumpedCluster, find_pod, pending_pods, pods_of_target};
use crate::model::kind::Kind;
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

    /// The cluster of this instant, apart from the run, with a scheduler of the same configuration that has seen all of
    /// it: to place pods in it that the run knows nothing of.
    ///
    /// # Errors
    /// A scheduler's configuration that is refused.
    pub fn copy_for_scheduler(&self) -> Result<DumpedCluster, String> {
        let settings = self.settings.scheduler.settings().map_err(|error| error.to_string())?;
        let kinds = Kind::all().filter(|kind| !matches!(*kind, Kind::EVENT | Kind::LEASE));
        let objects = kinds.flat_map(|kind| self.cluster.list(kind)).map(|object| self.cluster.view(object));
        DumpedCluster::new(objects.collect(), settings.configuration)
    }
}
