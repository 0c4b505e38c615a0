//! Cluster IPs and node ports of Services.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::api::{Reason, Status};
use crate::engine::random::{Stream, Streams};
use crate::model::kind::Kind;
use crate::model::object::{Body, ObjectRef};
use crate::model::service::{Service, ServiceType};

use super::Cluster;

/// The default service CIDR of kubeadm, 10.96.0.0/12: first address as `Ipv4Addr` bits, number of addresses.
const SERVICE_RANGE: (u32, u32) = (0x0a60_0000, 1 << 20);
/// `--service-node-port-range` 30000-32767.
const NODE_PORTS: (u16, u16) = (30000, 32767);

/// Addresses in use.
#[derive(Debug)]
pub(super) struct Allocator {
    cluster_ips: BTreeSet<u32>,
    node_ports: BTreeSet<u16>,
    /// First address and number of addresses.
    service_range: (u32, u32),
    /// First and last node port.
    port_range: (u16, u16),
    stream: Stream,
}

impl Allocator {
    pub(super) fn new(streams: Streams) -> Self {
        Self {
            cluster_ips: BTreeSet::new(),
            node_ports: BTreeSet::new(),
            service_range: SERVICE_RANGE,
            port_range: NODE_PORTS,
            stream: streams.stream("apiserver/service-allocator", 0),
        }
    }

    /// Upstream: registry/core/service/ipallocator `calculateRangeOffset`, `allocateNext`: a lower band is kept for
    /// explicit requests and used only when the rest is full. Network and broadcast address are no hosts.
    fn cluster_ip(&mut self) -> Option<u32> {
        let (base, size) = self.service_range;
        let upper = 1 + band(size - 2, 16, 256);
        let start = upper + self.stream.below(u64::from(size - 1 - upper)) as u32;
        let order = (start..size - 1).chain(upper..start).chain(1..upper);
        let free = order.map(|host| base + host).find(|address| !self.cluster_ips.contains(address))?;
        self.cluster_ips.insert(free);
        Some(free)
    }

    /// Upstream: registry/core/service/portallocator: a random start, then the next free one, with a lower band for
    /// explicit requests.
    fn node_port(&mut self) -> Option<u16> {
        let (lowest, last) = self.port_range;
        let size = u32::from(last - lowest) + 1;
        let first = lowest + band(size, 32, 128) as u16;
        let start = first + self.stream.below(u64::from(last - first) + 1) as u16;
        let order = (start..=last).chain(first..start).chain(lowest..first);
        let free = order.into_iter().find(|port| !self.node_ports.contains(port))?;
        self.node_ports.insert(free);
        Some(free)
    }
}

/// How many of the lowest numbers are for explicit requests: a share, of at least 16; none where there are only 16.
/// Upstream: ipallocator and portallocator `calculateRangeOffset`.
fn band(size: u32, divisor: u32, most: u32) -> u32 {
    if size <= 16 { 0 } else { (size / divisor).clamp(16, most) }
}

impl Cluster {
    /// Sets `--service-cluster-ip-range` and `--service-node-port-range` of a cluster that nobody has used yet.
    pub fn set_service_ranges(&mut self, addresses: Option<(u32, u32)>, ports: Option<(u16, u16)>) {
        if let Some(ports) = ports {
            self.allocator.port_range = ports;
        }
        let Some(addresses) = addresses else { return };
        self.allocator.service_range = addresses;
        self.allocator.cluster_ips = BTreeSet::from([addresses.0 + 1]);
        let namespace = self.namespace("default").expect("every cluster has it");
        let Some(service) = self.find(Kind::SERVICE, namespace, "kubernetes") else { return };
        let row = self.table_mut(Kind::SERVICE).row_mut(service.id);
        if let Body::Service(columns) = &mut row.body {
            columns.cluster_ip = addresses.0 + 1;
        }
    }

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
            let (first, last) = self.allocator.port_range;
            if port.node_port != 0 && !(first..=last).contains(&port.node_port) {
                let message = format!(
                    "spec.ports[{index}].nodePort: Invalid value: {}: provided port is not in the valid range. The range of valid ports is {first}-{last}",
                    port.node_port
                );
                return Err(Status::new(Reason::Invalid, message));
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_band_is_used_when_the_upper_one_is_full() {
        assert_eq!([band(1 << 20, 16, 256), band(254, 16, 256), band(14, 16, 256)], [256, 16, 0]);
        assert_eq!(band(2768, 32, 128), 86);
        let mut allocator = Allocator::new(Streams::new(1));
        allocator.service_range = (0x0a00_0000, 64);
        let found: Vec<u32> = (0..62).map(|_| allocator.cluster_ip().unwrap() & 0xff).collect();
        assert!(found[..46].iter().all(|host| (17..63).contains(host)), "{found:?}");
        assert!(found[46..].iter().all(|host| (1..17).contains(host)), "{found:?}");
        assert_eq!(allocator.cluster_ip(), None);
    }
}
