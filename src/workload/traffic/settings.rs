//! What a scenario says of its traffic, as plain data. The scenario's loader has checked it; here nothing can be wrong
//! any more but names that the cluster does not know.

use crate::engine::curve::Curve;
use crate::engine::distribution::Distribution;
use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// To the endpoints of a Service.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Into one backlog, from which the pods of a workload take them.
    Consumers {
        /// Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController or Job.
        kind: Kind,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The external metric that shows the backlog; empty for none.
        metric: String,
    },
}

impl Entry {
    /// Kind, namespace and name of the object that it names.
    pub fn target(&self) -> (Kind, &str, &str) {
        match self {
            Self::Service { namespace, name } => (Kind::SERVICE, namespace, name),
            Self::Consumers { kind, namespace, name, .. } => (*kind, namespace, name),
        }
    }
}

/// A request caused by another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call {
    /// Whose: an index into the loads.
    pub load: usize,
    /// How many for each request.
    pub per: f64,
}

/// One load.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadSettings {
    /// How expressions, paths and reports call it.
    pub name: String,
    /// Where its requests go.
    pub entry: Entry,
    /// Requests a second, from t=0 on.
    pub rate: Curve,
    /// CPU seconds of a request.
    pub cpu: f64,
    /// Bytes of a request while it waits or is served.
    pub memory: f64,
    /// Seconds of a request on an idle pod.
    pub latency: Distribution,
    /// Seconds after which a client gives up; infinite for never.
    pub timeout: f64,
    /// Requests that a pod serves at once; infinite for any number.
    pub concurrency: f64,
    /// Requests that wait at a pod (or in the backlog); infinite for any number.
    pub queue: f64,
    /// How often a client tries again.
    pub retries: u32,
    /// Requests that each request causes. No load calls itself, not even by way of others.
    pub calls: Vec<Call>,
}

/// What the traffic of a run is started with.
#[derive(Clone, Debug, Default)]
pub struct TrafficSettings {
    /// The loads, in the order of the scenario.
    pub loads: Vec<LoadSettings>,
    /// The scenario's t=0, from which curves count.
    pub origin: SimTime,
    /// The longest window over which somebody may ask (`.last('5m')`).
    pub window: SimDuration,
}

impl LoadSettings {
    /// A load of nothing at a Service: what others change.
    pub fn at_service(name: &str, namespace: &str, service: &str) -> Self {
        Self {
            name: name.to_owned(),
            entry: Entry::Service { namespace: namespace.to_owned(), name: service.to_owned() },
            rate: Curve::Constant(0.0),
            cpu: 0.0,
            memory: 0.0,
            latency: Distribution::Constant(0.0),
            timeout: f64::INFINITY,
            concurrency: f64::INFINITY,
            queue: f64::INFINITY,
            retries: 0,
            calls: Vec::new(),
        }
    }
}
