//! One pod as an endpoint of a Service. Upstream: k8s.io/endpointslice `podToEndpoint`, `getEndpointPorts`.

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod_spec::{PodSpec, Protocol};
use crate::model::pod_template::PodTemplate;
use crate::model::probe::PortRef;
use crate::model::service::{Endpoint, Service, ServicePort};

/// Ports of a slice: name, protocol, number, appProtocol.
pub(in crate::controllers) type Ports = Vec<(Text, Protocol, u16, Text)>;

/// The endpoint that a pod is to have, with the ports of its slice; `None` if it is not to be one.
/// Upstream: endpointslice `syncService`, util `ShouldPodBeInEndpoints`.
pub(super) fn wanted(pod: PodId, key: ObjectRef, service: &Service, cluster: &Cluster) -> Option<(Ports, Endpoint)> {
    let row = cluster.pod(pod);
    let template = cluster.template(row.template);
    let selected = row.namespace == cluster.meta(key).namespace
        && service.selector.as_ref().is_some_and(|selector| selector.matches(&template.labels));
    if !selected || row.deleted || row.status.phase.is_terminal() || row.status.pod_ip == 0 {
        return None;
    }
    let serving = row.is_ready();
    let terminating = row.deletion.is_some();
    let endpoint = Endpoint {
        pod,
        address: row.status.pod_ip,
        node: row.node,
        ready: service.publish_not_ready || serving && !terminating,
        serving,
        terminating,
    };
    Some((ports(service, template), endpoint))
}

/// Ports that the pod does not have are left out. Upstream: k8s.io/endpointslice/util `FindPort`.
pub(in crate::controllers) fn ports(service: &Service, template: &PodTemplate) -> Ports {
    let resolve = |port: &ServicePort| {
        let number = match &port.target {
            PortRef::Number(0) => Some(port.port),
            PortRef::Number(number) => Some(*number),
            PortRef::Name(name) => named_port(&template.spec, name, port.protocol),
        }?;
        Some((port.name.clone(), port.protocol, number, port.app_protocol.clone()))
    };
    service.ports.iter().filter_map(resolve).collect()
}

fn named_port(spec: &PodSpec, name: &str, protocol: Protocol) -> Option<u16> {
    let ports = spec.containers.iter().flat_map(|container| &container.ports);
    ports.into_iter().find(|port| port.name == name && port.protocol == protocol).map(|port| port.container_port)
}
