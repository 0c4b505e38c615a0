//! What people ask about a cluster at rest, a scenario's at some time or a dumped one: where pods would go, what would let
//! those that wait be placed, how many more fit, why a workload lacks replicas, how an autoscaler came to its number.
//! Whoever asks throws the cluster away: trials may leave rows behind that are in no list.

mod autoscaler;
mod changes;
mod count;
mod pending;
mod refusals;
mod trial;
mod workload;

use crate::cluster::Cluster;
use crate::engine::SimTime;
use crate::engine::nearest::nearest;
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef, PodId};
use crate::scheduler::Scheduler;
use crate::scheduler::explain::NamedExplanation;

pub use autoscaler::{AutoscalerAnswer, MetricAnswer};
pub use changes::Change;
pub use count::FitCount;
pub use pending::{Pending, ReasonGroup, Waiting};
pub use workload::{Cause, WorkloadAnswer};

/// A cluster with a scheduler that has seen all of it.
pub struct Asked<'a> {
    pub(super) cluster: &'a mut Cluster,
    pub(super) scheduler: &'a mut Scheduler,
    pub(super) now: SimTime,
}

impl Asked<'_> {
    /// Explains a pod: one that waits as it is, one that runs as if it had still to be placed.
    ///
    /// # Errors
    /// Its scheduler is unknown.
    pub fn explain(&mut self, pod: PodId) -> Result<NamedExplanation, String> {
        self.scheduler.explain(self.now, self.cluster, pod)
    }

    /// The pods that a target such as `pod/web-0` or `job/work` names: of a workload those that wait for a node, or its
    /// newest if none does.
    ///
    /// # Errors
    /// There is none.
    pub fn pods_of_target(&self, namespace: &str, target: &str) -> Result<Vec<PodId>, String> {
        let (kind_name, name) = target.split_once('/').ok_or_else(|| format!("{target:?} is no pod/NAME"))?;
        let kind = match Kind::from_argument(kind_name) {
            Some(Kind::POD) => return find_pod(self.cluster, namespace, name).map(|pod| vec![pod]),
            Some(kind) if kind.is_workload() => kind,
            _ => {
                return Err(format!(
                    "explain knows pod/NAME, a workload's KIND/NAME, hpa/NAME and --pending, not {kind_name}/…"
                ));
            }
        };
        let workload = self.find(kind, namespace, name)?;
        let pods = self.pods_of(workload);
        let waiting: Vec<PodId> = pods.iter().copied().filter(|pod| self.waits(*pod)).collect();
        let newest = pods.last().copied().ok_or_else(|| format!("{target} has no pod"))?;
        Ok(if waiting.is_empty() { vec![newest] } else { waiting })
    }

    /// An object by namespace and name.
    pub(super) fn find(&self, kind: Kind, namespace: &str, name: &str) -> Result<ObjectRef, String> {
        let id = namespace_of(self.cluster, namespace)?;
        self.cluster.get(kind, id, name).map_err(|status| with_hint(self.cluster, &status.to_string(), kind, id, name))
    }

    /// Pods of a workload, also through a ReplicaSet or Job of its, by creation.
    pub(super) fn pods_of(&self, workload: ObjectRef) -> Vec<PodId> {
        let is_of = |pod: &PodId| {
            let controller = self.cluster.pod(*pod).controller;
            controller == workload
                || controller.is_some()
                    && controller.kind != Kind::POD
                    && self.cluster.meta(controller).controller() == workload
        };
        self.cluster.list(Kind::POD).filter_map(ObjectRef::as_pod).filter(is_of).collect()
    }

    /// Has it no node, although it could have one: not ended, not being deleted?
    fn waits(&self, pod: PodId) -> bool {
        let row = self.cluster.pod(pod);
        row.node.is_none() && row.deletion.is_none() && !row.status.phase.is_terminal()
    }

    /// `shop/web-0`.
    fn full_name(&self, pod: PodId) -> String {
        let row = self.cluster.pod(pod);
        format!("{}/{}", self.cluster.namespace_name(row.namespace), row.name)
    }

    /// The workload at the top of a pod's owners, as `deployment/web`; its own name if it has none.
    fn workload_name(&self, pod: PodId) -> String {
        let row = self.cluster.pod(pod);
        let mut top = row.controller;
        if !top.is_some() || top.kind == Kind::POD || top.kind == Kind::NODE {
            return format!("pod/{}", row.name);
        }
        while self.cluster.meta(top).controller().is_some() {
            top = self.cluster.meta(top).controller();
        }
        format!("{}/{}", top.kind.name().to_lowercase(), self.cluster.meta(top).name)
    }
}

/// A pod by namespace and name.
pub(super) fn find_pod(cluster: &Cluster, namespace: &str, name: &str) -> Result<PodId, String> {
    let id = namespace_of(cluster, namespace)?;
    let pod = cluster.find(Kind::POD, id, name).and_then(ObjectRef::as_pod);
    pod.ok_or_else(|| {
        let message = format!("pods \"{name}\" not found in namespace {namespace}");
        with_hint(cluster, &message, Kind::POD, id, name)
    })
}

fn namespace_of(cluster: &Cluster, name: &str) -> Result<NamespaceId, String> {
    cluster.namespace(name).ok_or_else(|| {
        let names: Vec<String> = cluster.list(Kind::NAMESPACE).map(|one| cluster.identity(one).1.to_string()).collect();
        let near = nearest(name, names.iter().map(String::as_str));
        format!("namespaces \"{name}\" not found{}", near.map_or_else(String::new, meant))
    })
}

/// The words with the name that was meant: one of another namespace, or the nearest one of this.
fn with_hint(cluster: &Cluster, message: &str, kind: Kind, namespace: NamespaceId, name: &str) -> String {
    let identities: Vec<(NamespaceId, String)> = cluster
        .list(kind)
        .map(|object| cluster.identity(object))
        .map(|(namespace, name)| (namespace, name.to_string()))
        .collect();
    if let Some((elsewhere, _)) = identities.iter().find(|(_, known)| known == name) {
        return format!("{message}; there is one in namespace {} (-n)", cluster.namespace_name(*elsewhere));
    }
    let own = identities.iter().filter(|(of, _)| *of == namespace).map(|(_, known)| known.as_str());
    format!("{message}{}", nearest(name, own).map_or_else(String::new, meant))
}

fn meant(name: &str) -> String {
    format!("; did you mean `{name}`?")
}
