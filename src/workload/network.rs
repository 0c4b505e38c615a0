//! Names and connections inside the cluster: what DNS answers, and who listens where. Pure reads of both hubs.

use std::net::{IpAddr, Ipv4Addr};

use super::network_files;
use super::shell::NetworkError;
use crate::cluster::Cluster;
use crate::engine::random::Stream;
use crate::machines::{Machines, Serving};
use crate::model::kind::Kind;
use crate::model::object::{Body, NamespaceId, ObjectRef, PodId};
use crate::model::probe::PortRef;
use crate::model::service::Service;

/// Suffix of the cluster's names. Upstream: kubeadm's `dnsDomain`.
const DOMAIN: &str = ".cluster.local";

/// The Service a name stands for, seen from a namespace.
fn service_of(cluster: &Cluster, from: NamespaceId, name: &str) -> Option<ObjectRef> {
    let name = name.trim_end_matches('.');
    let name = name.strip_suffix(DOMAIN).unwrap_or(name);
    let name = name.strip_suffix(".svc").unwrap_or(name);
    let (service, namespace) = match name.split_once('.') {
        None => (name, from),
        Some((service, namespace)) => (service, cluster.namespace(namespace)?),
    };
    cluster.find(Kind::SERVICE, namespace, service)
}

/// Pods behind a Service: ready ones, or all that have an address where it publishes those too.
pub(super) fn endpoints(cluster: &Cluster, service: ObjectRef, columns: &Service) -> Vec<PodId> {
    let Some(selector) = &columns.selector else { return Vec::new() };
    let namespace = cluster.meta(service).namespace;
    let mut pods = cluster.pods_matching(namespace, selector);
    pods.retain(|pod| {
        let row = cluster.pod(*pod);
        row.status.pod_ip != 0
            && (columns.publish_not_ready || row.is_ready() && row.deletion.is_none())
            && !row.status.phase.is_terminal()
    });
    pods
}

/// A pod's own name behind a headless Service that its spec names: `web-0.web`; others have their address, `10-244-0-7.web`.
/// Upstream: endpointslice `podToEndpoint`, CoreDNS kubernetes `endpointHostname`.
fn pod_behind(cluster: &Cluster, from: NamespaceId, name: &str) -> Option<PodId> {
    let (host, service) = name.split_once('.')?;
    let object = service_of(cluster, from, service)?;
    let columns = cluster.body(object).as_service().filter(|columns| columns.headless)?;
    let found = endpoints(cluster, object, columns);
    found.into_iter().find(|pod| {
        let own = cluster.hostname_of(*pod);
        if own.is_empty() || cluster.template_of(*pod).spec.subdomain != cluster.meta(object).name {
            Ipv4Addr::from_bits(cluster.pod(*pod).status.pod_ip).to_string().replace('.', "-") == host
        } else {
            own == host
        }
    })
}

/// Addresses of a name.
pub(super) fn resolve(cluster: &Cluster, from: NamespaceId, name: &str) -> Result<Vec<IpAddr>, NetworkError> {
    if let Ok(address) = name.parse::<Ipv4Addr>() {
        return Ok(vec![address.into()]);
    }
    if name == "localhost" {
        return Ok(vec![Ipv4Addr::LOCALHOST.into()]);
    }
    let address = |bits: u32| IpAddr::V4(Ipv4Addr::from_bits(bits));
    if let Some(object) = service_of(cluster, from, name) {
        let Body::Service(columns) = cluster.body(object) else { return Err(NetworkError::UnknownName) };
        if columns.cluster_ip != 0 {
            return Ok(vec![address(columns.cluster_ip)]);
        }
        if !columns.external_name.is_empty() {
            return Err(NetworkError::Unreachable);
        }
        let found: Vec<IpAddr> =
            endpoints(cluster, object, columns).iter().map(|pod| address(cluster.pod(*pod).status.pod_ip)).collect();
        return if found.is_empty() { Err(NetworkError::UnknownName) } else { Ok(found) };
    }
    match pod_behind(cluster, from, name) {
        Some(pod) => Ok(vec![address(cluster.pod(pod).status.pod_ip)]),
        // A name of the world outside: it exists as far as anybody can tell, but nobody is there.
        None if name.contains('.') && !name.trim_end_matches('.').ends_with(DOMAIN) => Err(NetworkError::Unreachable),
        None => Err(NetworkError::UnknownName),
    }
}

/// Who answers at a host and port for the pod `from`, and on which of its own ports.
pub(super) fn connect(
    cluster: &Cluster,
    machines: &Machines,
    from: PodId,
    host: &str,
    port: u16,
    random: &mut Stream,
) -> Result<(PodId, u16), NetworkError> {
    let alias = network_files::alias(&cluster.template_of(from).spec, host).map(|address| address.to_string());
    let host = alias.as_deref().unwrap_or(host);
    let namespace = cluster.pod(from).namespace;
    let is_local = host == "localhost" || host.starts_with("127.");
    if is_local {
        return if listens(machines, from, port) { Ok((from, port)) } else { Err(NetworkError::Refused) };
    }
    let address = *resolve(cluster, namespace, host)?.first().ok_or(NetworkError::UnknownName)?;
    let IpAddr::V4(address) = address else { return Err(NetworkError::Unreachable) };
    let address = address.to_bits();
    let by_address = || {
        cluster
            .list(Kind::SERVICE)
            .find(|object| cluster.body(*object).as_service().is_some_and(|columns| columns.cluster_ip == address))
    };
    let service = service_of(cluster, namespace, host).or_else(by_address);
    if let Some(object) = service {
        let columns = cluster.body(object).as_service().ok_or(NetworkError::Refused)?;
        if columns.cluster_ip != 0 {
            return through_service(cluster, machines, object, columns, port, random);
        }
    }
    let pod = pod_at(cluster, address).ok_or(NetworkError::TimedOut)?;
    if listens(machines, pod, port) { Ok((pod, port)) } else { Err(NetworkError::Refused) }
}

/// kube-proxy's choice: any of the endpoints, each as likely as the others (iptables mode).
fn through_service(
    cluster: &Cluster,
    machines: &Machines,
    object: ObjectRef,
    columns: &Service,
    port: u16,
    random: &mut Stream,
) -> Result<(PodId, u16), NetworkError> {
    let entry = columns.ports.iter().find(|candidate| candidate.port == port).ok_or(NetworkError::TimedOut)?;
    if cluster.meta(object).name == "kubernetes" && columns.selector.is_none() {
        return Err(NetworkError::Unreachable);
    }
    let target = |pod: PodId| match &entry.target {
        PortRef::Number(number) => *number,
        PortRef::Name(name) => cluster
            .template_of(pod)
            .spec
            .containers
            .iter()
            .flat_map(|container| &container.ports)
            .find(|port| port.name == *name)
            .map_or(0, |port| port.container_port),
    };
    let ready = endpoints(cluster, object, columns);
    if ready.is_empty() {
        return Err(NetworkError::Refused);
    }
    let pod = ready[random.below(ready.len() as u64) as usize];
    let port = target(pod);
    if listens(machines, pod, port) { Ok((pod, port)) } else { Err(NetworkError::Refused) }
}

/// The pod that has an address.
fn pod_at(cluster: &Cluster, address: u32) -> Option<PodId> {
    cluster.list(Kind::POD).filter_map(ObjectRef::as_pod).find(|pod| cluster.pod(*pod).status.pod_ip == address)
}

/// Does some container of the pod accept connections at a port?
fn listens(machines: &Machines, pod: PodId, port: u16) -> bool {
    serving(machines, pod, port).is_some()
}

/// What listens at a port of a pod.
pub(super) fn serving(machines: &Machines, pod: PodId, port: u16) -> Option<&Serving> {
    let mut rows = machines.runs_of_pod(pod).map(|run| machines.container(run));
    rows.find(|row| row.serving.is_open(port)).map(|row| &row.serving)
}
