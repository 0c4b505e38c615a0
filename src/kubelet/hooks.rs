//! Lifecycle hooks that ask a port: whatever the server answers is a success, only a connection that fails is none.
//! Upstream: kubelet lifecycle `handlerRunner.Run`.

use std::net::Ipv4Addr;

use super::probe_answer::{port_number, serving_at, url};
use super::{Hubs, Kubelets};
use crate::machines::ContainerId;
use crate::model::object::PodId;
use crate::model::pod_spec::Container;
use crate::model::probe::Handler;

impl Kubelets {
    /// Why a hook that asks a port fails now; nothing for other hooks.
    pub(super) fn hook_error(
        &mut self,
        hubs: &Hubs<'_>,
        pod: PodId,
        run: ContainerId,
        container: &Container,
        handler: &Handler,
    ) -> Option<String> {
        let Handler::HttpGet { path, port, host, scheme, .. } = handler else {
            // Upstream keeps tcpSocket for old objects only: it always fails.
            return matches!(handler, Handler::TcpSocket { .. }).then(|| "invalid handler".to_owned());
        };
        let port = match port_number(&container.ports, port) {
            Ok(port) => port,
            Err(why) => return Some(why),
        };
        let row = hubs.machines.container(run);
        if serving_at(hubs.machines, row, port).is_open(port) {
            return None;
        }
        let own = self.workers.row(pod).address;
        let own = if own == 0 { hubs.machines.machine(row.node).internal_ip() } else { own };
        let host = if host.is_empty() { Ipv4Addr::from_bits(own).to_string() } else { host.to_string() };
        let url = url(scheme, &host, port, path);
        Some(format!("Get \"{url}\": dial tcp {host}:{port}: connect: connection refused"))
    }
}

/// The waiting message of a container whose postStart hook failed. Upstream: lifecycle `handlerRunner.Run`'s messages.
pub(super) fn failure(handler: &Handler, container: &str, pod: &str, error: &str, output: &str) -> String {
    let what = match handler {
        Handler::Exec { command } => format!("Exec lifecycle hook ([{}])", command.join(" ")),
        Handler::HttpGet { path, .. } => format!("HTTP lifecycle hook ({path})"),
        Handler::Sleep { seconds } => format!("Sleep lifecycle hook ({seconds})"),
        Handler::TcpSocket { .. } | Handler::Grpc { .. } => "Lifecycle hook".to_owned(),
    };
    let message = match handler {
        Handler::Exec { .. } => format!(", message: {output:?}"),
        _ => String::new(),
    };
    format!("{what} for Container \"{container}\" in Pod \"{pod}\" failed - error: {error}{message}")
}
