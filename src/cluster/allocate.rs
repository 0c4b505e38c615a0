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

fn needs_node_ports(kind: ServiceType) -> bool {
    matches!(kind, ServiceType::NodePort | ServiceType::LoadBalancer)
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

    /// Are the addresses that a Service asks for free? `old` is the Service before an update: what it has it may keep.
    /// Upstream: registry/core/service/storage `Allocators.allocateCreate`, `allocateUpdate`.
    pub(super) fn check_addresses(&self, name: &str, new: &Service, old: Option<&Service>) -> Result<(), Status> {
        let refuse = |cause: String| Err(Status::invalid("", "Service", name, vec![cause]));
        let kept = old.map_or(0, |old| old.cluster_ip);
        if new.kind != ServiceType::ExternalName && new.cluster_ip != 0 && new.cluster_ip != kept {
            let address = Ipv4Addr::from_bits(new.cluster_ip);
            let (base, size) = self.allocator.service_range;
            let is_host = new.cluster_ip > base && new.cluster_ip - base < size - 1;
            let reason = match self.allocator.cluster_ips.contains(&new.cluster_ip) {
                _ if !is_host => "the provided network does not match the current range",
                true => "provided IP is already allocated",
                false => "",
            };
            if !reason.is_empty() {
                return refuse(format!(
                    "spec.clusterIPs: Invalid value: [\"{address}\"]: failed to allocate IP {address}: {reason}"
                ));
            }
        }
        if !needs_node_ports(new.kind) {
            return Ok(());
        }
        let kept: Vec<u16> = old.into_iter().flat_map(|old| &old.ports).map(|port| port.node_port).collect();
        let (first, last) = self.allocator.port_range;
        let mut asked = Vec::new();
        for (index, port) in new.ports.iter().enumerate().filter(|(_, port)| port.node_port != 0) {
            let number = port.node_port;
            // One number may serve several protocols of one Service.
            let twice = asked.iter().any(|(other, protocol)| *other == number && *protocol == port.protocol);
            asked.push((number, port.protocol));
            let reason = match kept.contains(&number) && !twice {
                true => continue,
                false if !(first..=last).contains(&number) => {
                    format!("provided port is not in the valid range. The range of valid ports is {first}-{last}")
                }
                false if twice || self.allocator.node_ports.contains(&number) => {
                    "provided port is already allocated".to_owned()
                }
                false => continue,
            };
            return refuse(format!("spec.ports[{index}].nodePort: Invalid value: {number}: {reason}"));
        }
        Ok(())
    }

    /// Gives a Service the addresses that it lacks, and takes note of those that it has.
    pub(super) fn allocate_addresses(&mut self, service: &mut Service) -> Result<(), Status> {
        let full = || Status::new(Reason::InternalError, "failed to allocate a serviceIP: range is full");
        if service.kind == ServiceType::ExternalName {
            return Ok(());
        }
        if service.cluster_ip != 0 {
            self.allocator.cluster_ips.insert(service.cluster_ip);
        } else if !service.headless {
            service.cluster_ip = self.allocator.cluster_ip().ok_or_else(full)?;
        }
        if !needs_node_ports(service.kind) {
            return Ok(());
        }
        self.allocator.node_ports.extend(service.ports.iter().map(|port| port.node_port).filter(|port| *port != 0));
        for port in service.ports.iter_mut().filter(|port| port.node_port == 0) {
            port.node_port = self.allocator.node_port().ok_or_else(full)?;
        }
        Ok(())
    }

    /// Notes the addresses that an imported Service has, from whatever range.
    pub(super) fn reserve_addresses(&mut self, body: &Body) {
        let Body::Service(service) = body else { return };
        if service.cluster_ip != 0 {
            self.allocator.cluster_ips.insert(service.cluster_ip);
        }
        self.allocator.node_ports.extend(service.ports.iter().map(|port| port.node_port).filter(|port| *port != 0));
    }

    /// Frees what a changed Service no longer has and allocates what it newly needs.
    pub(super) fn reallocate(&mut self, old: &Service, new: &mut Service) -> Result<(), Status> {
        self.release(old);
        self.allocate_addresses(new)
    }

    pub(super) fn release(&mut self, service: &Service) {
        self.allocator.cluster_ips.remove(&service.cluster_ip);
        for port in &service.ports {
            self.allocator.node_ports.remove(&port.node_port);
        }
    }

    /// Frees a deleted Service's addresses.
    pub(super) fn release_addresses(&mut self, object: ObjectRef) {
        if object.kind != Kind::SERVICE {
            return;
        }
        let Some(service) = self.body(object).as_service().cloned() else { return };
        self.release(&service);
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
