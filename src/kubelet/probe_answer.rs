//! What a probe that asks a port is answered: pure. Upstream: pkg/probe/{http,tcp,grpc}.

use std::net::Ipv4Addr;

use super::probe_worker::ProbeKind;
use crate::engine::SimDuration;
use crate::machines::{ContainerRow, Machines, Serving};
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

/// What listens at a port of a container's pod: the container itself, else another one, with which it shares its network.
pub(super) fn serving_at<'a>(machines: &'a Machines, own: &'a ContainerRow, port: u16) -> &'a Serving {
    let others = || machines.runs_of_pod(own.pod).map(|run| &machines.container(run).serving);
    if own.serving.is_open(port) {
        return &own.serving;
    }
    others().find(|serving| serving.is_open(port)).unwrap_or(&own.serving)
}

/// The answer of a port of a container's pod.
pub(super) fn ask_port(
    container: &Container,
    probe: &Probe,
    kind: ProbeKind,
    (machines, own): (&Machines, &ContainerRow),
    address: u32,
) -> Answer {
    let well = |serving: &Serving| match kind {
        ProbeKind::Liveness => serving.alive,
        _ => serving.ready && serving.alive,
    };
    let is_late = |serving: &Serving| serving.answer > SimDuration::from_secs(probe.timeout_seconds.max(1) as u64);
    let address = Ipv4Addr::from_bits(address);
    match &probe.handler {
        Handler::HttpGet { path, port, host, scheme, .. } => {
            let port = match port_number(&container.ports, port) {
                Ok(port) => port,
                Err(why) => return Answer::Errored(why),
            };
            let host = if host.is_empty() { address.to_string() } else { host.to_string() };
            let url = url(scheme, &host, port, path);
            let serving = serving_at(machines, own, port);
            if !serving.is_open(port) {
                return Answer::Failed(format!("Get \"{url}\": dial tcp {host}:{port}: connect: connection refused"));
            }
            // Upstream: net/http `Transport`.
            let speaks_http = container.command.is_empty() && machines.registry.speaks_http(&container.image, port);
            if scheme == "HTTPS" && speaks_http && own.serving.is_open(port) {
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
            let serving = serving_at(machines, own, port);
            // The kernel accepts connections, however busy the process is.
            if serving.is_open(port) && well(serving) {
                Answer::Well
            } else {
                Answer::Failed(format!("dial tcp {host}:{port}: connect: connection refused"))
            }
        }
        Handler::Grpc { port, .. } => {
            let serving = serving_at(machines, own, *port);
            if !serving.is_open(*port) {
                let seconds = probe.timeout_seconds;
                return Answer::Failed(format!(
                    "timeout: failed to connect service \"{address}:{port}\" within {seconds}s: context deadline exceeded"
                ));
            }
            if is_late(serving) {
                let seconds = probe.timeout_seconds.max(1);
                return Answer::Failed(format!("timeout: health rpc did not complete within {seconds}s"));
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
