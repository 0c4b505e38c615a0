//! What a probe that asks a port is answered: pure. Upstream: pkg/probe/{http,tcp,grpc}.

use std::net::Ipv4Addr;

use super::probe_worker::ProbeKind;
use crate::engine::SimDuration;
use crate::machines::{ContainerId, ContainerRow, Machines, Serving};
use crate::model::pod_spec::{Container, ContainerPort};
use crate::model::probe::{Handler, PortRef, Probe};

/// What a probe has found out this time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A success.
    Well,
    /// A failure, with its output.
    Failed(String),
    /// Nothing: the probe itself could not be run, which counts for nothing.
    Errored(String),
}

/// Where a probe or hook goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub machines: &'a Machines,
    /// The container.
    pub own: &'a ContainerRow,
    /// The containers that answer at the node's own addresses, where it is sent there.
    pub of_node: Option<&'a [ContainerId]>,
    /// The pod's address.
    pub address: Ipv4Addr,
}

impl<'a> Target<'a> {
    /// What accepts connections at a port: the container itself, else another one, with which it shares its network.
    pub fn serving(&self, port: u16) -> Option<&'a Serving> {
        let is_open = |serving: &&Serving| serving.is_open(port);
        if let Some(containers) = self.of_node {
            return containers.iter().map(|run| &self.machines.container(*run).serving).find(is_open);
        }
        let others = || self.machines.runs_of_pod(self.own.pod).map(|run| &self.machines.container(run).serving);
        Some(&self.own.serving).filter(is_open).or_else(|| others().find(is_open))
    }

    /// Is the container's own server at a port known to speak HTTP without TLS?
    pub fn speaks_http(&self, container: &Container, port: u16) -> bool {
        self.of_node.is_none()
            && container.command.is_empty()
            && self.own.serving.is_open(port)
            && self.machines.registry.speaks_http(&container.image, port)
    }
}

/// Why no connection came about. Go tries both addresses of `localhost` and tells of the first.
pub(super) fn refused(host: &str, port: u16) -> String {
    let host = if host == "localhost" { "[::1]" } else { host };
    format!("dial tcp {host}:{port}: connect: connection refused")
}

/// Is a host the node itself, as its kubelet sees it?
pub(super) fn is_of_node(host: &str, node: Ipv4Addr) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback() || address == node)
}

/// The answer of a port.
pub(super) fn ask_port(container: &Container, probe: &Probe, kind: ProbeKind, target: Target<'_>) -> Answer {
    let well = |serving: &Serving| match kind {
        ProbeKind::Liveness => serving.alive,
        _ => serving.ready && serving.alive,
    };
    let timeout = SimDuration::from_secs(probe.timeout_seconds.max(1) as u64);
    let is_late = |serving: &Serving| serving.answer > timeout;
    let address = target.address;
    match &probe.handler {
        Handler::HttpGet { path, port, host, scheme, .. } => {
            let port = match port_number(&container.ports, port) {
                Ok(port) => port,
                Err(why) => return Answer::Errored(why),
            };
            let host = if host.is_empty() { address.to_string() } else { host.to_string() };
            let url = url(scheme, &host, port, path);
            let Some(serving) = target.serving(port) else {
                return Answer::Failed(format!("Get \"{url}\": {}", refused(&host, port)));
            };
            // Upstream: net/http `Transport`.
            if scheme == "HTTPS" && target.speaks_http(container, port) {
                return Answer::Failed(format!("Get \"{url}\": http: server gave HTTP response to HTTPS client"));
            }
            if is_late(serving) {
                return Answer::Failed(format!(
                    "Get \"{url}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                ));
            }
            let code = if serving.alive { 503 } else { 500 };
            if well(serving) {
                Answer::Well
            } else {
                Answer::Failed(format!("HTTP probe failed with statuscode: {code}"))
            }
        }
        Handler::TcpSocket { port, host } => {
            let port = match port_number(&container.ports, port) {
                Ok(port) => port,
                Err(why) => return Answer::Errored(why),
            };
            let host = if host.is_empty() { address.to_string() } else { host.to_string() };
            // The kernel accepts connections, however busy the process is.
            if target.serving(port).is_some_and(well) { Answer::Well } else { Answer::Failed(refused(&host, port)) }
        }
        Handler::Grpc { port, .. } => {
            // A server that speaks plain HTTP hangs up on each try.
            let Some(serving) = target.serving(*port).filter(|_| !target.speaks_http(container, *port)) else {
                return Answer::Failed(format!(
                    "timeout: failed to connect service \"{address}:{port}\" within {timeout}: context deadline exceeded"
                ));
            };
            if is_late(serving) {
                return Answer::Failed(format!("timeout: health rpc did not complete within {timeout}"));
            }
            if well(serving) {
                Answer::Well
            } else {
                Answer::Failed("service unhealthy (responded with \"NOT_SERVING\")".to_owned())
            }
        }
        Handler::Exec { .. } | Handler::Sleep { .. } => Answer::Well,
    }
}

/// The address that is asked, as Go writes it. Upstream: pkg/probe/http `formatURL`, net/url `URL.String`.
pub(super) fn url(scheme: &str, host: &str, port: u16, path: &str) -> String {
    let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
    format!("{}://{host}:{port}{slash}{path}", scheme.to_ascii_lowercase())
}

/// The number of a port; the error of a name that the container does not give to any of its ports.
/// Upstream: pkg/probe `ResolveContainerPort`.
pub(super) fn port_number(ports: &[ContainerPort], port: &PortRef) -> Result<u16, String> {
    let name = match port {
        PortRef::Number(number) => return Ok(*number),
        PortRef::Name(name) => name,
    };
    let named = ports.iter().find(|candidate| candidate.name == *name);
    let number = named.map(|port| i64::from(port.container_port)).or_else(|| name.parse().ok());
    match number {
        Some(number) => u16::try_from(number)
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| format!("invalid port number: {number}")),
        None => Err(format!("strconv.Atoi: parsing {:?}: invalid syntax", name.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;

    #[test]
    fn loopback_and_the_nodes_address_mean_the_node() {
        let node = Ipv4Addr::new(10, 0, 0, 2);
        for host in ["localhost", "127.0.0.1", "10.0.0.2"] {
            assert!(is_of_node(host, node), "{host}");
        }
        assert!(!is_of_node("10.244.0.2", node) && !is_of_node("example.com", node));
        assert_eq!(refused("localhost", 80), "dial tcp [::1]:80: connect: connection refused");
    }

    #[test]
    fn a_path_begins_with_a_slash_in_what_is_printed() {
        assert_eq!(url("HTTP", "10.1.2.3", 80, "healthz"), "http://10.1.2.3:80/healthz");
        assert_eq!(url("HTTPS", "10.1.2.3", 80, "/a?b=c"), "https://10.1.2.3:80/a?b=c");
    }

    #[test]
    fn a_name_that_no_port_has_may_still_be_a_number() {
        let number = |name: &str| port_number(&[], &PortRef::Name(Text::from(name)));
        assert_eq!(number("8080"), Ok(8080));
        assert_eq!(number("0"), Err("invalid port number: 0".to_owned()));
        assert_eq!(number("web"), Err("strconv.Atoi: parsing \"web\": invalid syntax".to_owned()));
    }
}
