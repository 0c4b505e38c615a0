//! Who gets requests: the endpoints that kube-proxy has programmed, the consumers of a backlog, and whether anybody
//! answers there. Pure reads of both hubs.

use crate::cluster::Cluster;
use crate::machines::{ContainerId, ContainerRow, Machines, RunState};
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef, PodId};
use crate::model::selector::LabelSelector;

use super::settings::Entry;

/// What a request finds at a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A container that serves it: the run and its serial number.
    Serving(ContainerId, u32),
    /// A container that takes it and never answers.
    Hung,
    /// Nobody listens.
    Refused,
    /// The node is off or cut off.
    Unreachable,
}

/// The object that a load's entry names.
pub(super) fn object_of(cluster: &Cluster, entry: &Entry) -> Option<ObjectRef> {
    let (kind, namespace, name) = entry.target();
    cluster.find(kind, cluster.namespace(namespace)?, name)
}

/// Pods that requests to a Service go to, by id: the ready endpoints; if there is none, those that still serve while
/// they end. Upstream: pkg/proxy `CategorizeEndpoints` with traffic policy Cluster.
pub(super) fn programmed(cluster: &Cluster, service: ObjectRef) -> Vec<PodId> {
    let (mut ready, mut ending) = (Vec::new(), Vec::new());
    for slice in cluster.owned(service, Kind::ENDPOINT_SLICE) {
        let Body::EndpointSlice(slice) = cluster.body(slice) else { continue };
        for endpoint in slice.endpoints.iter().filter(|endpoint| endpoint.pod.is_some()) {
            if endpoint.ready {
                ready.push(endpoint.pod);
            } else if endpoint.serving && endpoint.terminating {
                ending.push(endpoint.pod);
            }
        }
    }
    let mut pods = if ready.is_empty() { ending } else { ready };
    pods.sort_unstable();
    pods.dedup();
    pods
}

/// Ports of the pods of a Service, from its slices.
pub(super) fn ports(cluster: &Cluster, service: ObjectRef) -> Vec<u16> {
    let mut ports: Vec<u16> = cluster
        .owned(service, Kind::ENDPOINT_SLICE)
        .filter_map(|slice| match cluster.body(slice) {
            Body::EndpointSlice(slice) => Some(slice.ports.iter().map(|(_, _, number, _)| *number)),
            _ => None,
        })
        .flatten()
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Why nothing gets to the containers of a pod, if nothing does.
fn barrier(cluster: &Cluster, machines: &Machines, pod: PodId) -> Option<Reach> {
    let node = cluster.pod(pod).node;
    if !node.is_some() || !machines.has_machine(node) {
        return Some(Reach::Refused);
    }
    let machine = machines.machine(node);
    (!machine.is_on() || !machine.is_connected()).then_some(Reach::Unreachable)
}

/// The containers of a pod that run.
fn running(machines: &Machines, pod: PodId) -> impl Iterator<Item = (ContainerId, &ContainerRow)> {
    let runs = machines.runs_of_pod(pod).map(|run| (run, machines.container(run)));
    runs.filter(|(_, row)| row.state == RunState::Running)
}

/// What a request to one of these ports finds at a pod.
pub(super) fn reach(cluster: &Cluster, machines: &Machines, pod: PodId, ports: &[u16]) -> Reach {
    if let Some(barrier) = barrier(cluster, machines, pod) {
        return barrier;
    }
    // A process of which nobody says which ports it opens is taken to listen where its Service sends requests.
    let listens = |row: &ContainerRow| match &row.serving.ports {
        Some(open) if !open.is_empty() => ports.iter().any(|port| open.contains(port)),
        _ => row.serving.ready,
    };
    match running(machines, pod).find(|(_, row)| listens(row)) {
        None => Reach::Refused,
        Some((_, row)) if !row.serving.alive => Reach::Hung,
        Some((run, row)) => Reach::Serving(run, row.serial),
    }
}

/// Pods of the workload that takes from a backlog.
pub(super) fn consumers(cluster: &Cluster, workload: ObjectRef) -> Vec<PodId> {
    let selected = |selector: &LabelSelector| cluster.pods_matching(cluster.meta(workload).namespace, selector);
    match cluster.body(workload) {
        Body::Deployment(deployment) => selected(&deployment.selector),
        Body::ReplicaSet(set) => selected(&set.selector),
        Body::StatefulSet(set) => selected(&set.selector),
        Body::DaemonSet(set) => selected(&set.selector),
        _ => cluster.pods_of(workload).collect(),
    }
}

/// Does a consumer take from the backlog? As soon as its program has started; readiness says nothing to it.
pub(super) fn takes(cluster: &Cluster, machines: &Machines, pod: PodId) -> Reach {
    if let Some(barrier) = barrier(cluster, machines, pod) {
        return barrier;
    }
    let found = running(machines, pod).find(|(_, row)| row.serving.ready && row.serving.alive);
    found.map_or(Reach::Refused, |(run, row)| Reach::Serving(run, row.serial))
}
