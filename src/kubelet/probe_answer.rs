//! What a probe that asks a port is answered: pure. Upstream: pkg/probe/{http,tcp,grpc}.

use std::net::Ipv4Addr;

use super::probe_worker::ProbeKind;
use crate::engine::SimDuration;
use crate::machines::Serving;
use crate::model::pod_spec::Container;
use crate::model::probe::{Handler, PortRef, Probe};

/// The answer: `Err` is the output of a failure.
pub(super) fn ask_port(
    container: &Container,
    probe: &Probe,
    kind: ProbeKind,
    serving: &Serving,
    address: u32,
) -> Result<(), String> {
    let well = if kind == ProbeKind::Liveness { serving.alive } else { serving.ready && serving.alive };
    let is_late = serving.answer > SimDuration::from_secs(probe.timeout_seconds.max(1) as u64);
    let address = Ipv4Addr::from_bits(address);
    match &probe.handler {
        Handler::HttpGet { path, port, host, scheme, .. } => {
            let port = port_number(container, port);
            let host = if host.is_empty() { address.to_string() } else { host.to_string() };
            if !serving.is_open(port) {
                let scheme = scheme.to_ascii_lowercase();
                return Err(format!(
                    "Get \"{scheme}://{host}:{port}{path}\": dial tcp {host}:{port}: connect: connection refused"
                ));
            }
            if is_late {
                let scheme = scheme.to_ascii_lowercase();
                return Err(format!(
                    "Get \"{scheme}://{host}:{port}{path}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                ));
            }
            let code = if serving.alive { 503 } else { 500 };
            if well { Ok(()) } else { Err(format!("HTTP probe failed with statuscode: {code}")) }
        }
        Handler::TcpSocket { port, host } => {
            let port = port_number(container, port);
            let host = if host.is_empty() { address.to_string() } else { host.to_string() };
            // The kernel accepts connections, however busy the process is.
            if serving.is_open(port) && well {
                Ok(())
            } else {
                Err(format!("dial tcp {host}:{port}: connect: connection refused"))
            }
        }
        Handler::Grpc { port, .. } => {
            if !serving.is_open(*port) {
                let seconds = probe.timeout_seconds;
                return Err(format!(
                    "timeout: failed to connect service \"{address}:{port}\" within {seconds}s: context deadline exceeded"
                ));
            }
            if is_late {
                return Err(format!("timeout: health rpc did not complete within {}s", probe.timeout_seconds.max(1)));
            }
            if well { Ok(()) } else { Err("service unhealthy (responded with \"NOT_SERVING\")".to_owned()) }
        }
        Handler::Exec { .. } | Handler::Sleep { .. } => Ok(()),
    }
}

/// The number of a port.
pub(super) fn port_number(container: &Container, port: &PortRef) -> u16 {
    match port {
        PortRef::Number(number) => *number,
        PortRef::Name(name) => container
            .ports
            .iter()
            .find(|candidate| candidate.name == *name)
            .map_or(0, |candidate| candidate.container_port),
    }
}
