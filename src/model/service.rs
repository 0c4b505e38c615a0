//! Service and EndpointSlice.

use super::Text;
use super::object::{NodeId, ObjectRef, PodId};
use super::pod_spec::Protocol;
use super::probe::PortRef;
use super::selector::LabelSelector;

/// `spec.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceType {
    /// `ClusterIP`.
    ClusterIp,
    /// `NodePort`.
    NodePort,
    /// `LoadBalancer`.
    LoadBalancer,
    /// `ExternalName`.
    ExternalName,
}

/// One `spec.ports[]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Name, may be empty.
    pub name: Text,
    /// Protocol.
    pub protocol: Protocol,
    /// `appProtocol`, may be empty.
    pub app_protocol: Text,
    /// Port of the service.
    pub port: u16,
    /// Port of the pods.
    pub target: PortRef,
    /// Port on every node, 0 for none.
    pub node_port: u16,
}

/// A Service beyond its metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Type.
    pub kind: ServiceType,
    /// Which pods; `None` for a service without selector.
    pub selector: Option<LabelSelector>,
    /// Ports.
    pub ports: Vec<ServicePort>,
    /// Cluster IP as an IPv4 number, 0 for none or headless.
    pub cluster_ip: u32,
    /// `clusterIP: None`.
    pub headless: bool,
    /// `publishNotReadyAddresses`.
    pub publish_not_ready: bool,
    /// `externalName`, may be empty.
    pub external_name: Text,
}

/// One endpoint of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The pod.
    pub pod: PodId,
    /// Its address as an IPv4 number.
    pub address: u32,
    /// Where it runs.
    pub node: NodeId,
    /// `conditions.ready`.
    pub ready: bool,
    /// `conditions.serving`.
    pub serving: bool,
    /// `conditions.terminating`.
    pub terminating: bool,
}

/// An EndpointSlice beyond its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSlice {
    /// The service it belongs to.
    pub service: ObjectRef,
    /// Ports: name, protocol, number, appProtocol.
    pub ports: Vec<(Text, Protocol, u16, Text)>,
    /// Endpoints in order.
    pub endpoints: Vec<Endpoint>,
}
