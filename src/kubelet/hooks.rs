//! Lifecycle hooks that ask a port: whatever the server answers is a success, only a connection that fails is none.
//! Upstream: kubelet lifecycle `handlerRunner.Run`.

use super::probe_answer::{port_number, refused, url};
use super::{Hubs, Kubelets};
use crate::machines::ContainerId;
use crate::model::object::PodId;
use crate::model::pod_spec::Container;
use crate::model::probe::{Handler, PortRef};

impl Kubelets {
    /// Why a hook that asks a port fails now; nothing for other hooks.
    pub(super) fn hook_error(
        &mut self,
        hubs: &mut Hubs<'_>,
        pod: PodId,
        run: ContainerId,
        container: &Container,
        handler: &Handler,
    ) -> Option<String> {
        let Handler::HttpGet { path, port, host, scheme, .. } = handler else {
            return invalid_handler(handler);
        };
        let port = match port_number(&container.ports, port) {
            Ok(port) => port,
            Err(why) => return Some(why),
        };
        let of_node = self.servers_of_node(hubs, pod, handler);
        let target = self.target(hubs, pod, run, of_node.as_deref());
        let host = if host.is_empty() { target.address.to_string() } else { host.to_string() };
        if target.serving(port).is_none() {
            let url = url(scheme, &host, port, path);
            return Some(format!("Get \"{url}\": {}", refused(&host, port)));
        }
        if scheme == "HTTPS" && target.speaks_http(container, port) {
            let message =
                format!("request to HTTPS lifecycle hook {host}:{port} got HTTP response, retry with HTTP succeeded");
            self.warning(hubs, pod, None, "LifecycleHTTPFallback", message);
        }
        None
    }
}

/// Upstream keeps tcpSocket for old objects only: it always fails, and the error shows the Go structure.
fn invalid_handler(handler: &Handler) -> Option<String> {
    let Handler::TcpSocket { port, host } = handler else { return None };
    let port = match port {
        PortRef::Number(number) => format!("{{0 {number} }}"),
        PortRef::Name(name) => format!("{{1 0 {name}}}"),
    };
    Some(format!(
        "invalid handler: &LifecycleHandler{{Exec:nil,HTTPGet:nil,TCPSocket:&TCPSocketAction{{Port:{port},Host:{host},}},Sleep:nil,}}"
    ))
}

/// The waiting message of a container whose postStart hook failed. Upstream: lifecycle `handlerRunner.Run`'s messages.
pub(super) fn failure(handler: &Handler, container: &str, pod: &str, error: &str, output: &str) -> String {
    let what = match handler {
        Handler::Exec { command } => format!("Exec lifecycle hook ([{}])", command.join(" ")),
        Handler::HttpGet { path, .. } => format!("HTTP lifecycle hook ({path})"),
        Handler::Sleep { seconds } => format!("Sleep lifecycle hook ({seconds})"),
        Handler::TcpSocket { .. } | Handler::Grpc { .. } => return format!("Cannot run handler: {error}"),
    };
    let message = match handler {
        Handler::Exec { .. } => format!(", message: {output:?}"),
        _ => String::new(),
    };
    format!("{what} for Container \"{container}\" in Pod \"{pod}\" failed - error: {error}{message}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_that_is_none_is_shown_as_go_shows_it() {
        let handler = Handler::TcpSocket { port: PortRef::Number(80), host: "".into() };
        let error = invalid_handler(&handler).unwrap();
        assert_eq!(
            failure(&handler, "c", "p_default(1)", &error, ""),
            "Cannot run handler: invalid handler: &LifecycleHandler{Exec:nil,HTTPGet:nil,TCPSocket:&TCPSocketAction{Port:{0 80 },Host:,},Sleep:nil,}"
        );
        assert_eq!(invalid_handler(&Handler::Sleep { seconds: 1 }), None);
    }
}
