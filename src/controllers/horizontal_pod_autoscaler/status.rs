//! An autoscaler's status as the API shows it.

use serde_json::{Map, Value, json};

use crate::api::Clock;
use crate::model::autoscaling::{AutoscalerStatus, MetricIdentifier, MetricSpec, MetricStatus, ObjectReference};
use crate::model::quantity::{Format, Quantity};

/// `status` of autoscaling/v2.
pub fn view(status: &AutoscalerStatus, clock: Clock) -> Value {
    let mut out = Map::new();
    if !status.conditions.is_empty() {
        let conditions = status.conditions.iter().map(|condition| {
            json!({
                "type": condition.kind.as_str(), "status": condition.status.name(),
                "lastTransitionTime": clock.timestamp(condition.last_transition),
                "reason": condition.reason.as_str(), "message": condition.message.as_str(),
            })
        });
        out.insert("conditions".to_owned(), conditions.collect());
    }
    out.insert("currentMetrics".to_owned(), current_metrics(status));
    if status.current_replicas != 0 {
        out.insert("currentReplicas".to_owned(), status.current_replicas.into());
    }
    out.insert("desiredReplicas".to_owned(), status.desired_replicas.into());
    if let Some(at) = status.last_scale {
        out.insert("lastScaleTime".to_owned(), clock.timestamp(at).into());
    }
    Value::Object(out)
}

/// `status.currentMetrics`.
pub fn current_metrics(status: &AutoscalerStatus) -> Value {
    match &status.current_metrics {
        Some(metrics) => {
            metrics.iter().map(|metric| metric.as_ref().map_or_else(|| json!({"type": ""}), metric_view)).collect()
        }
        None => Value::Null,
    }
}

fn metric_view(status: &MetricStatus) -> Value {
    let mut current = Map::new();
    let is_memory = matches!(&*status.spec, MetricSpec::Resource { name, .. } if name == "memory");
    let format = if is_memory { Format::BinarySi } else { Format::DecimalSi };
    let amount = |milli: i64| Quantity { nano: i128::from(milli) * 1_000_000, format }.to_string();
    if let Some(value) = status.value {
        current.insert("value".to_owned(), amount(value).into());
    }
    if let Some(average) = status.average_value {
        current.insert("averageValue".to_owned(), amount(average).into());
    }
    if let Some(percent) = status.average_utilization {
        current.insert("averageUtilization".to_owned(), percent.into());
    }
    match &*status.spec {
        MetricSpec::Resource { name, container: None, .. } => {
            json!({"type": "Resource", "resource": {"name": name.as_str(), "current": current}})
        }
        MetricSpec::Resource { name, container: Some(container), .. } => json!({
            "type": "ContainerResource",
            "containerResource": {"name": name.as_str(), "container": container.as_str(), "current": current},
        }),
        MetricSpec::Pods { metric, .. } => {
            json!({"type": "Pods", "pods": {"metric": identifier(metric), "current": current}})
        }
        MetricSpec::Object { described, metric, .. } => json!({
            "type": "Object",
            "object": {"metric": identifier(metric), "current": current, "describedObject": reference(described)},
        }),
        MetricSpec::External { metric, .. } => {
            json!({"type": "External", "external": {"metric": identifier(metric), "current": current}})
        }
    }
}

fn identifier(metric: &MetricIdentifier) -> Value {
    let mut out = json!({"name": metric.name.as_str()});
    if let Some((_, selector)) = &metric.selector {
        out["selector"] = selector.clone();
    }
    out
}

fn reference(object: &ObjectReference) -> Value {
    let mut out = json!({"kind": object.kind.as_str(), "name": object.name.as_str()});
    if !object.api_version.is_empty() {
        out["apiVersion"] = object.api_version.as_str().into();
    }
    out
}
