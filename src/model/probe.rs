//! Probes and lifecycle hooks of a container: plain data.

use super::Text;

/// A container port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortRef {
    /// By number.
    Number(u16),
    /// By the name of one of the container's ports.
    Name(Text),
}

/// What a probe or hook does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Runs a command in the container.
    Exec {
        /// argv.
        command: Vec<Text>,
    },
    /// An HTTP GET.
    HttpGet {
        /// Path and query.
        path: Text,
        /// Port.
        port: PortRef,
        /// Host; empty is the pod's IP.
        host: Text,
        /// `HTTP` or `HTTPS`.
        scheme: Text,
        /// Extra headers.
        headers: Vec<(Text, Text)>,
    },
    /// Opens a TCP connection.
    TcpSocket {
        /// Port.
        port: PortRef,
        /// Host; empty is the pod's IP.
        host: Text,
    },
    /// Asks the gRPC health service.
    Grpc {
        /// Port.
        port: u16,
        /// Service name, may be empty.
        service: Text,
    },
    /// Sleeps (hooks only).
    Sleep {
        /// Seconds.
        seconds: i64,
    },
}

/// A startup, readiness or liveness probe after defaulting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What it does.
    pub handler: Handler,
    /// Seconds after the container's start before the first probe counts.
    pub initial_delay_seconds: i32,
    /// Seconds until an answer counts as failed.
    pub timeout_seconds: i32,
    /// Seconds between probes.
    pub period_seconds: i32,
    /// Successes in a row that turn it good.
    pub success_threshold: i32,
    /// Failures in a row that turn it bad.
    pub failure_threshold: i32,
    /// Grace period of a kill by this probe, in place of the pod's.
    pub termination_grace_period_seconds: Option<i64>,
}

/// `lifecycle`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// Runs beside the container's entry point; the container is not Running before it returns.
    pub post_start: Option<Handler>,
    /// Runs before TERM is sent.
    pub pre_stop: Option<Handler>,
    /// `stopSignal`, empty for the image's own.
    pub stop_signal: Text,
}
