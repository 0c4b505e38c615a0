//! What pods of one template share, with everything that is computed from it once.

use std::sync::Arc;

use serde_json::Value;

use super::Text;
use super::labels::Labels;
use super::pod_spec::{ContainerKind, PodSpec, Protocol};
use super::resources::{ResourceList, Resources};

/// A pod's quality of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QosClass {
    /// Limits equal requests everywhere.
    Guaranteed,
    /// Some request or limit.
    Burstable,
    /// None at all.
    BestEffort,
}

impl QosClass {
    /// `Guaranteed`, `Burstable`, `BestEffort`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Guaranteed => "Guaranteed",
            Self::Burstable => "Burstable",
            Self::BestEffort => "BestEffort",
        }
    }
}

/// A port that a pod claims on its node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    /// Address; `0.0.0.0` is all of them.
    pub ip: Text,
    /// Protocol.
    pub protocol: Protocol,
    /// Port.
    pub port: u16,
}

impl HostPort {
    /// Do the two exclude each other on one node? Upstream: kube-scheduler/framework `HostPortInfo.CheckConflict`.
    pub fn conflicts(&self, other: &Self) -> bool {
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || self.ip == "0.0.0.0" || other.ip == "0.0.0.0")
    }
}

/// Metadata, specification and derived numbers of a template.
#[derive(Clone, Debug)]
pub struct PodTemplate {
    /// Labels.
    pub labels: Arc<Labels>,
    /// Annotations.
    pub annotations: Arc<Labels>,
    /// Specification.
    pub spec: PodSpec,
    /// `{metadata: {labels, annotations}, spec}` after defaulting and admission: the source for printing.
    pub raw: Arc<Value>,
    /// Requests as the scheduler counts them (init containers, sidecars and overhead included), rounded up.
    pub requests: Resources,
    /// Requests for the score plugins: containers without a CPU or memory request count 100m and 200 MB; of a pod with
    /// requests of its own only where the whole pod names none.
    /// Upstream: scheduler/framework `PodInfo.CalculateResource`, `getNonMissingContainerRequests`.
    pub nonzero_requests: Resources,
    /// Quality of service.
    pub qos: QosClass,
    /// Ports claimed on the node, sorted.
    pub host_ports: Vec<HostPort>,
    /// Has it `spec.resourceClaims`?
    pub has_resource_claims: bool,
    /// Finalizers that a workload's template gives its pods. Upstream: controller_utils `GetPodFromTemplate`.
    pub finalizers: Vec<Text>,
}

/// Of which resources a container's missing request is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// 100m of CPU.
    pub cpu: bool,
    /// 200 MB of memory.
    pub memory: bool,
}

impl Assumed {
    /// CPU and memory.
    pub const BOTH: Self = Self { cpu: true, memory: true };
}

/// Requests assumed for scoring where a container states none.
const DEFAULT_CPU_MILLI: i64 = 100;
const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

impl PodTemplate {
    /// Computes the derived numbers. `raw` is the wire form that `spec` was read from.
    pub fn new(labels: Arc<Labels>, annotations: Arc<Labels>, spec: PodSpec, raw: Arc<Value>) -> Self {
        let stated = pod_requests(&spec);
        let is_missing = |name: &str| spec.pod_requests.entries.is_empty() || stated.get(name).is_none();
        let assumed = Assumed { cpu: is_missing("cpu"), memory: is_missing("memory") };
        let nonzero_requests = Resources::from_list(&assumed_requests(&spec, assumed));
        let requests = Resources::from_list(&stated);
        let qos = qos_class(&spec);
        let host_ports = host_ports(&spec);
        let has_resource_claims = raw["spec"]["resourceClaims"].as_array().is_some_and(|claims| !claims.is_empty());
        let finalizers = raw["metadata"]["finalizers"].as_array().into_iter().flatten();
        let finalizers = finalizers.filter_map(|name| name.as_str().map(Text::from)).collect();
        Self {
            labels,
            annotations,
            spec,
            raw,
            requests,
            nonzero_requests,
            qos,
            host_ports,
            has_resource_claims,
            finalizers,
        }
    }
}

/// The requests of one container, with what is assumed.
fn container_requests(requests: &ResourceList, assumed: Assumed) -> ResourceList {
    let mut list = requests.clone();
    if assumed.cpu && list.get("cpu").is_none() {
        list.set("cpu", super::quantity::Quantity::from_milli(DEFAULT_CPU_MILLI));
    }
    if assumed.memory && list.get("memory").is_none() {
        list.set("memory", super::quantity::Quantity::from_bytes(DEFAULT_MEMORY));
    }
    list
}

/// A pod's requests: the sum of main containers and sidecars, or the peak of the init phase if that is higher, plus
/// overhead; pod-level requests replace the sum for the resources they name.
/// Upstream: component-helpers `resource.PodRequests`, `AggregateContainerRequests`.
pub fn pod_requests(spec: &PodSpec) -> ResourceList {
    assumed_requests(spec, Assumed { cpu: false, memory: false })
}

/// The same with what is assumed of containers that state nothing. Upstream: `PodResourcesOptions.NonMissingContainerRequests`.
pub fn assumed_requests(spec: &PodSpec, assumed: Assumed) -> ResourceList {
    let mut total = ResourceList::default();
    for container in spec.main_containers() {
        total.add(&container_requests(&container.requests, assumed));
    }
    let mut sidecars = ResourceList::default();
    let mut peak = ResourceList::default();
    for (index, container) in spec.init_containers().iter().enumerate() {
        let own = container_requests(&container.requests, assumed);
        if spec.container_kind(index) == ContainerKind::Sidecar {
            total.add(&own);
            sidecars.add(&own);
            peak.max(&sidecars);
        } else {
            let mut running = own;
            running.add(&sidecars);
            peak.max(&running);
        }
    }
    total.max(&peak);
    for (name, quantity) in &spec.pod_requests.entries {
        total.set(name, *quantity);
    }
    total.add(&spec.overhead);
    total
}

/// Upstream: pkg/apis/core/v1/helper/qos `ComputePodQOS`: only CPU and memory count, zero amounts are left out.
pub fn qos_class(spec: &PodSpec) -> QosClass {
    let names = ["cpu", "memory"];
    let positive = |list: &ResourceList, name: &str| list.get(name).filter(|quantity| quantity.nano > 0);
    let pod_level = !spec.pod_requests.entries.is_empty() || !spec.pod_limits.entries.is_empty();
    let lists: Vec<(&ResourceList, &ResourceList)> = if pod_level {
        vec![(&spec.pod_requests, &spec.pod_limits)]
    } else {
        spec.containers[spec.own()].iter().map(|container| (&container.requests, &container.limits)).collect()
    };
    let any = lists.iter().any(|(requests, limits)| {
        names.iter().any(|name| positive(requests, name).is_some() || positive(limits, name).is_some())
    });
    if !any {
        return QosClass::BestEffort;
    }
    let all_limited = lists.iter().all(|(_, limits)| names.iter().all(|name| positive(limits, name).is_some()));
    let sum = |pick: &dyn Fn(&(&ResourceList, &ResourceList)) -> i128| lists.iter().map(pick).sum::<i128>();
    let equal = names.iter().all(|name| {
        let requested = sum(&|(requests, _)| positive(requests, name).map_or(0, |quantity| quantity.nano));
        let limited = sum(&|(_, limits)| positive(limits, name).map_or(0, |quantity| quantity.nano));
        requested == limited
    });
    if all_limited && equal { QosClass::Guaranteed } else { QosClass::Burstable }
}

/// Upstream: scheduler/util `GetHostPorts`: main containers and sidecars.
fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let mut ports: Vec<HostPort> = spec
        .containers
        .iter()
        .enumerate()
        .filter(|(index, _)| spec.container_kind(*index) != ContainerKind::Init)
        .flat_map(|(_, container)| &container.ports)
        .filter(|port| port.host_port > 0)
        .map(|port| HostPort {
            ip: if port.host_ip.is_empty() { Text::const_new("0.0.0.0") } else { port.host_ip.clone() },
            protocol: port.protocol,
            port: port.host_port,
        })
        .collect();
    ports.sort();
    ports.dedup();
    ports
}
