//! Probes and hooks.

use serde_json::Value;

use super::super::value::{int, int32, is_nil, items, short, text, texts};
use crate::model::probe::{Handler, Lifecycle, PortRef, Probe};

/// A port by number or by name.
pub(super) fn port(value: &Value) -> PortRef {
    match value.as_str() {
        Some(name) => PortRef::Name(name.into()),
        None => PortRef::Number(int(value) as u16),
    }
}

fn handler(value: &Value) -> Option<Handler> {
    let (exec, http, tcp) = (&value["exec"], &value["httpGet"], &value["tcpSocket"]);
    let (grpc, sleep) = (&value["grpc"], &value["sleep"]);
    if !is_nil(exec) {
        Some(Handler::Exec { command: texts(&exec["command"]) })
    } else if !is_nil(http) {
        Some(Handler::HttpGet {
            path: short(&http["path"]),
            port: port(&http["port"]),
            host: short(&http["host"]),
            scheme: short(&http["scheme"]),
            headers: items(&http["httpHeaders"])
                .iter()
                .map(|header| (short(&header["name"]), short(&header["value"])))
                .collect(),
        })
    } else if !is_nil(tcp) {
        Some(Handler::TcpSocket { port: port(&tcp["port"]), host: short(&tcp["host"]) })
    } else if !is_nil(grpc) {
        Some(Handler::Grpc { port: int(&grpc["port"]) as u16, service: text(&grpc["service"]).into() })
    } else if !is_nil(sleep) {
        Some(Handler::Sleep { seconds: int(&sleep["seconds"]) })
    } else {
        None
    }
}

pub(super) fn probe(value: &Value) -> Option<Probe> {
    Some(Probe {
        handler: handler(value)?,
        initial_delay_seconds: int32(&value["initialDelaySeconds"]),
        timeout_seconds: int32(&value["timeoutSeconds"]),
        period_seconds: int32(&value["periodSeconds"]),
        success_threshold: int32(&value["successThreshold"]),
        failure_threshold: int32(&value["failureThreshold"]),
        termination_grace_period_seconds: value["terminationGracePeriodSeconds"].as_i64(),
    })
}

pub(super) fn lifecycle(value: &Value) -> Lifecycle {
    Lifecycle {
        post_start: handler(&value["postStart"]),
        pre_stop: handler(&value["preStop"]),
        stop_signal: short(&value["stopSignal"]),
    }
}
