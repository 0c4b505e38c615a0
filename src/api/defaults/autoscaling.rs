//! HorizontalPodAutoscaler: version 1 becomes version 2, then the defaults of version 2.

use serde_json::{Map, Value, json};

use super::super::value::{Object, default_nil, default_zero, find_mut, get, is_nil, is_zero, object_mut};

/// Upstream: pkg/apis/autoscaling/v2 `SetDefaults_HorizontalPodAutoscaler`, `SetDefaults_HorizontalPodAutoscalerBehavior`.
pub(super) fn horizontal_pod_autoscaler(object: &mut Object) {
    if get(object, "apiVersion") == "autoscaling/v1" {
        from_version_1(object);
    }
    let spec = object_mut(object, "spec");
    default_nil(spec, "minReplicas", 1);
    if is_zero(get(spec, "metrics")) {
        spec.insert(
            "metrics".to_owned(),
            json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]),
        );
    }
    let Some(behavior) = find_mut(spec, "behavior") else { return };
    if behavior.values().all(is_nil) {
        return;
    }
    let up = object_mut(behavior, "scaleUp");
    default_nil(up, "selectPolicy", "Max");
    default_nil(up, "stabilizationWindowSeconds", 0);
    default_zero(
        up,
        "policies",
        json!([{"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]),
    );
    let down = object_mut(behavior, "scaleDown");
    default_nil(down, "selectPolicy", "Max");
    default_zero(down, "policies", json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]));
}

/// The CPU target becomes a metric; other metrics and the behavior travel in annotations.
/// Upstream: pkg/apis/autoscaling/v1 `Convert_v1_HorizontalPodAutoscaler_To_autoscaling_HorizontalPodAutoscaler`.
fn from_version_1(object: &mut Object) {
    object.insert("apiVersion".to_owned(), json!("autoscaling/v2"));
    let mut annotation = |name: &str| -> Value {
        let annotations = find_mut(object, "metadata").and_then(|metadata| find_mut(metadata, "annotations"));
        let text = annotations.and_then(|annotations: &mut Map<String, Value>| annotations.remove(name));
        text.and_then(|text| serde_json::from_str(text.as_str()?).ok()).unwrap_or_default()
    };
    let more = annotation("autoscaling.alpha.kubernetes.io/metrics");
    let behavior = annotation("autoscaling.alpha.kubernetes.io/behavior");
    for name in ["conditions", "current-metrics"] {
        annotation(&format!("autoscaling.alpha.kubernetes.io/{name}"));
    }
    let spec = object_mut(object, "spec");
    let target = spec.remove("targetCPUUtilizationPercentage").unwrap_or_default();
    let mut metrics: Vec<Value> = more.as_array().cloned().unwrap_or_default();
    if !is_nil(&target) {
        metrics.push(json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}}));
    }
    if !metrics.is_empty() {
        spec.insert("metrics".to_owned(), Value::Array(metrics));
    }
    if !is_nil(&behavior) {
        spec.insert("behavior".to_owned(), behavior);
    }
}
