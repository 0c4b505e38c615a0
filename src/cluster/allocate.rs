//! Cluster IPs and node ports of Services.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::api::{Reason, Status};
use crate::engine::random::{Stream, Streams};
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef};
use crate::model::service::{Service, ServiceType};

use super::Cluster;

/// The default service CIDR of kubeadm, 10.96.0.0/12, as `Ipv4Addr` bits.
const SERVICE_CIDR: u32 = 0x0a60_0000;
const SERVICE_CIDR_SIZE: u32 = 1 << 20;
/// `--service-node-port-range` 30000-32767.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

/// Addresses in use.
#[derive(Debug)]
pub(super) struct Allocator {
    cluster_ips: BTreeSet<u32>,
    node_ports: BTreeSet<u16>,
    stream: Stream,
}

impl Allocator {
    pub(super) fn new(streams: Streams) -> Self {
        Self {
            cluster_ips: BTreeSet::new(),
            node_ports: BTreeSet::new(),
            stream: streams.stream("apiserver/service-allocator", 0),
        }
    }

    /// Upstream: registry/core/service/ipallocator: the first 256 addresses are kept for explicit requests
    /// (offset min(max(16, size/16), 256)) and used only when the rest is full.
    fn cluster_ip(&mut self) -> Option<u32> {
        const OFFSET: u32 = 256;
        let upper = SERVICE_CIDR_SIZE - 1 - OFFSET;
        let start = OFFSET + self.stream.below(u64::from(upper - OFFSET)) as u32;
        let order = (start..SERVICE_CIDR_SIZE - 1).chain(OFFSET..start).chain(1..OFFSET);
        let free = order.map(|host| SERVICE_CIDR + host).find(|address| !self.cluster_ips.contains(address))?;
        self.cluster_ips.insert(free);
        Some(free)
    }

    /// Upstream: registry/core/service/portallocator: a random start, then the next free one; the first 86 ports are
    /// kept for explicit requests.
    fn node_port(&mut self) -> Option<u16> {
        const RESERVED: u16 = 86;
        let first = NODE_PORTS.start() + RESERVED;
        let start = first + self.stream.below(u64::from(NODE_PORTS.end() - first + 1)) as u16;
        let order = (start..=*NODE_PORTS.end()).chain(first..start).chain(*NODE_PORTS.start()..first);
        let free = order.into_iter().find(|port| !self.node_ports.contains(port))?;
        self.node_ports.insert(free);
        Some(free)
    }
}

impl Cluster {
    /// Gives a new Service its addresses.
    pub(super) fn allocate_addresses(&mut self, body: &mut Body) -> Result<(), Status> {
        let Body::Service(service) = body else { return Ok(()) };
        if service.kind == ServiceType::ExternalName {
            return Ok(());
        }
        if service.cluster_ip != 0 {
            self.claim_cluster_ip(service.cluster_ip)?;
        } else if !service.headless {
            service.cluster_ip =
                self.allocator.cluster_ip().ok_or_else(|| Status::new(Reason::InternalError, "range is full"))?;
        }
        if matches!(service.kind, ServiceType::NodePort | ServiceType::LoadBalancer) {
            self.allocate_node_ports(service)?;
        }
        Ok(())
    }

    fn claim_cluster_ip(&mut self, address: u32) -> Result<(), Status> {
        if self.allocator.cluster_ips.insert(address) {
            return Ok(());
        }
        let address = Ipv4Addr::from_bits(address);
        Err(Status::new(
            Reason::Invalid,
            format!(
                "spec.clusterIPs: Invalid value: [\"{address}\"]: failed to allocate IP {address}: provided IP is already allocated"
            ),
        ))
    }

    fn allocate_node_ports(&mut self, service: &mut Service) -> Result<(), Status> {
        for (index, port) in service.ports.iter_mut().enumerate() {
            if port.node_port != 0 && !self.allocator.node_ports.insert(port.node_port) {
                let message = format!(
                    "spec.ports[{index}].nodePort: Invalid value: {}: provided port is already allocated",
                    port.node_port
                );
                return Err(Status::new(Reason::Invalid, message));
            }
            if port.node_port == 0 {
                port.node_port =
                    self.allocator.node_port().ok_or_else(|| Status::new(Reason::InternalError, "range is full"))?;
            }
        }
        Ok(())
    }

    /// Frees a deleted Service's addresses.
    pub(super) fn release_addresses(&mut self, object: ObjectRef) {
        if object.kind != Kind::SERVICE {
            return;
        }
        let Some(service) = self.body(object).as_service().cloned() else { return };
        self.allocator.cluster_ips.remove(&service.cluster_ip);
        for port in &service.ports {
            self.allocator.node_ports.remove(&port.node_port);
        }
    }
}
