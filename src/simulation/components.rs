//! Settings of components in the words of the components.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::controllers::AutoscalerSettings;
use crate::engine::SimDuration;
use crate::kubelet::configuration::{self, KubeletConfiguration};
use crate::scenario::plan::{Plan, StepFile};

use super::SetupError;

/// `--horizontal-pod-autoscaler-…` of kube-controller-manager, and the gate that autoscalers know.
pub(super) fn autoscaler(plan: &Plan) -> AutoscalerSettings {
    let mut settings = AutoscalerSettings { scale_to_zero: feature_gate(plan, "HPAScaleToZero"), ..Default::default() };
    let flags = plan.cluster.components.as_ref().and_then(|components| components.controller_manager.as_ref());
    let flag = |name: &str| flags.and_then(|flags| flags.get(&format!("horizontal-pod-autoscaler-{name}")));
    let duration = |name: &str, place: &mut SimDuration| {
        let text = flag(name).and_then(Value::as_str);
        if let Some(value) = text.and_then(|text| SimDuration::parse(text).ok()) {
            *place = value;
        }
    };
    duration("sync-period", &mut settings.sync_period);
    duration("downscale-stabilization", &mut settings.downscale_stabilization);
    duration("cpu-initialization-period", &mut settings.cpu_initialization_period);
    duration("initial-readiness-delay", &mut settings.initial_readiness_delay);
    let tolerance = flag("tolerance").and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()));
    settings.tolerance = tolerance.unwrap_or(settings.tolerance);
    settings
}

/// Flags and gates that the model does not know.
pub(super) fn warnings(plan: &Plan) -> Vec<String> {
    let Some(components) = &plan.cluster.components else { return Vec::new() };
    let flags = components.controller_manager.iter().flat_map(BTreeMap::keys);
    let flags = flags
        .filter(|flag| !flag.starts_with("horizontal-pod-autoscaler-"))
        .map(|flag| format!("spec.cluster.components.kube-controller-manager.{flag} has no effect yet"));
    let gates = components.feature_gates.iter().flat_map(BTreeMap::keys);
    let gates = gates
        .filter(|gate| *gate != "HPAScaleToZero")
        .map(|gate| format!("spec.cluster.components.featureGates.{gate} has no effect yet"));
    flags.chain(gates).collect()
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
