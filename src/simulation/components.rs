//! Settings of components by upstream's flag names, as the parts of the simulation take them.

use serde_json::Value;

use crate::cluster::Cluster;
use crate::controllers::{AutoscalerSettings, ControllerId, ControllerSettings};
use crate::engine::SimDuration;
use crate::kubelet::configuration::{self, KubeletConfiguration};
use crate::scenario::checks::flags::{port_range, service_range};
use crate::scenario::plan::{Plan, StepFile};
use crate::scenario::schema::cluster::Flags;

use super::SetupError;

/// A component's flags; all of them have passed the scenario's checks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings<'a> {
    flags: Option<&'a Flags>,
}

impl<'a> Settings<'a> {
    /// Of kube-controller-manager.
    pub(super) fn controller_manager(plan: &'a Plan) -> Self {
        Self { flags: plan.cluster.components.as_ref().and_then(|components| components.controller_manager.as_ref()) }
    }

    /// Of kube-apiserver.
    pub(super) fn api_server(plan: &'a Plan) -> Self {
        Self { flags: plan.cluster.components.as_ref().and_then(|components| components.apiserver.as_ref()) }
    }

    /// A flag as text.
    pub(super) fn text(self, name: &str) -> Option<String> {
        match self.flags?.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// A flag as a number.
    pub(super) fn number<T: std::str::FromStr>(self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// A flag as a duration.
    pub(super) fn duration(self, name: &str) -> Option<SimDuration> {
        let text = self.text(name)?;
        if text == "0" { Some(SimDuration::ZERO) } else { SimDuration::parse(&text).ok() }
    }
}

/// Gates that the model follows.
const GATES: [&str; 2] = ["HPAScaleToZero", "MaxUnavailableStatefulSet"];

/// Gates that the model does not know; of flags the scenario's checks tell.
pub(super) fn warnings(plan: &Plan) -> Vec<String> {
    let gates = plan.cluster.components.iter().flat_map(|components| components.feature_gates.iter().flatten());
    gates
        .filter(|(gate, _)| !GATES.contains(&gate.as_str()))
        .map(|(gate, _)| format!("spec.cluster.components.featureGates.{gate} has no effect yet"))
        .collect()
}

/// Is a feature gate on? Upstream's default of every gate that the model knows is off.
pub(super) fn feature_gate(plan: &Plan, name: &str) -> bool {
    let gates = plan.cluster.components.as_ref().and_then(|components| components.feature_gates.as_ref());
    gates.and_then(|gates| gates.get(name)).copied().unwrap_or(false)
}

/// The kubelets' file, if the scenario names one.
pub(super) fn kubelet(plan: &Plan) -> Result<KubeletConfiguration, SetupError> {
    let file = plan.cluster.components.as_ref().and_then(|components| components.kubelet.as_ref());
    let Some(file) = file else { return Ok(KubeletConfiguration::default()) };
    let error = |message: String| SetupError { file: file.config.clone(), line: 1, message };
    let Some(StepFile::File(bytes)) = plan.step_files.get(&file.config) else {
        return Err(error("it is not a file".to_owned()));
    };
    let text = std::str::from_utf8(bytes).map_err(|_| error("it is not text".to_owned()))?;
    configuration::parse(text).map_err(error)
}

/// `--horizontal-pod-autoscaler-…` of kube-controller-manager, and the gate that autoscalers know.
pub(super) fn autoscaler(plan: &Plan) -> AutoscalerSettings {
    let mut settings = AutoscalerSettings { scale_to_zero: feature_gate(plan, "HPAScaleToZero"), ..Default::default() };
    let flags = Settings::controller_manager(plan);
    let duration = |name: &str, place: &mut SimDuration| {
        *place = flags.duration(&format!("horizontal-pod-autoscaler-{name}")).unwrap_or(*place);
    };
    duration("sync-period", &mut settings.sync_period);
    duration("downscale-stabilization", &mut settings.downscale_stabilization);
    duration("cpu-initialization-period", &mut settings.cpu_initialization_period);
    duration("initial-readiness-delay", &mut settings.initial_readiness_delay);
    settings.tolerance = flags.number("horizontal-pod-autoscaler-tolerance").unwrap_or(settings.tolerance);
    settings
}

/// Seconds for which pods tolerate a node that is not ready, and one that is unreachable.
pub(super) fn default_tolerations(plan: &Plan) -> (i64, i64) {
    // Before taints took its place the controller manager had a timeout of its own.
    let timeout = Settings::controller_manager(plan).duration("pod-eviction-timeout");
    let usual = timeout.map_or(300, |timeout| timeout.as_secs() as i64);
    let api_server = Settings::api_server(plan);
    (
        api_server.number("default-not-ready-toleration-seconds").unwrap_or(usual),
        api_server.number("default-unreachable-toleration-seconds").unwrap_or(usual),
    )
}

/// `--service-cluster-ip-range` and `--service-node-port-range`, where they are set.
pub(super) fn set_service_ranges(plan: &Plan, cluster: &mut Cluster) {
    let api_server = Settings::api_server(plan);
    let addresses = api_server.text("service-cluster-ip-range").and_then(|text| service_range(&text));
    let ports = api_server.text("service-node-port-range").and_then(|text| port_range(&text));
    cluster.set_service_ranges(addresses, ports);
}

/// `--concurrent-…-syncs`.
const CONCURRENT: [(&str, ControllerId); 14] = [
    ("concurrent-cron-job-syncs", ControllerId::CronJob),
    ("concurrent-daemonset-syncs", ControllerId::DaemonSet),
    ("concurrent-deployment-syncs", ControllerId::Deployment),
    ("concurrent-endpoint-syncs", ControllerId::Endpoints),
    ("concurrent-gc-syncs", ControllerId::GarbageCollector),
    ("concurrent-horizontal-pod-autoscaler-syncs", ControllerId::HorizontalPodAutoscaler),
    ("concurrent-job-syncs", ControllerId::Job),
    ("concurrent-namespace-syncs", ControllerId::Namespace),
    ("concurrent-rc-syncs", ControllerId::ReplicationController),
    ("concurrent-replicaset-syncs", ControllerId::ReplicaSet),
    ("concurrent-resource-quota-syncs", ControllerId::ResourceQuota),
    ("concurrent-service-endpoint-syncs", ControllerId::EndpointSlice),
    ("concurrent-statefulset-syncs", ControllerId::StatefulSet),
    ("concurrent-ttl-after-finished-syncs", ControllerId::TtlAfterFinished),
];

/// Puts the flags of kube-controller-manager into the controllers' settings.
pub(super) fn set_controller_flags(plan: &Plan, settings: &mut ControllerSettings) {
    let flags = Settings::controller_manager(plan);
    let set_duration = |place: &mut SimDuration, name| *place = flags.duration(name).unwrap_or(*place);
    set_duration(&mut settings.node_monitor_period, "node-monitor-period");
    set_duration(&mut settings.node_monitor_grace_period, "node-monitor-grace-period");
    set_duration(&mut settings.node_startup_grace_period, "node-startup-grace-period");
    settings.client_qps = flags.number("kube-api-qps").unwrap_or(settings.client_qps);
    settings.client_burst = flags.number("kube-api-burst").unwrap_or(settings.client_burst);
    settings.node_eviction_rate = flags.number("node-eviction-rate").unwrap_or(settings.node_eviction_rate);
    settings.secondary_node_eviction_rate =
        flags.number("secondary-node-eviction-rate").unwrap_or(settings.secondary_node_eviction_rate);
    settings.unhealthy_zone_threshold =
        flags.number("unhealthy-zone-threshold").unwrap_or(settings.unhealthy_zone_threshold);
    settings.large_cluster_size_threshold =
        flags.number("large-cluster-size-threshold").unwrap_or(settings.large_cluster_size_threshold);
    settings.terminated_pod_gc_threshold =
        flags.number("terminated-pod-gc-threshold").unwrap_or(settings.terminated_pod_gc_threshold);
    for (name, controller) in CONCURRENT {
        if let Some(workers) = flags.number::<u16>(name) {
            settings.concurrent_syncs.push((controller, workers.max(1)));
        }
    }
    settings.max_unavailable_stateful_set = feature_gate(plan, "MaxUnavailableStatefulSet");
}
