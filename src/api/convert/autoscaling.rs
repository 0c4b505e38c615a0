//! HorizontalPodAutoscalers of version 2, defaulted.

use std::sync::Arc;

use serde_json::Value;

use super::super::value::{int, int32, is_nil, items, short, text};
use super::{label_selector, quantity};
use crate::engine::SimDuration;
use crate::model::autoscaling::{
    AutoscalerSpec, Behavior, MetricIdentifier, MetricSpec, ObjectReference, ResourceTarget, ScalingPolicy,
    ScalingRules, SelectPolicy, ValueTarget,
};

/// The columns of `spec`. A metric of a kind that the server does not know was refused before.
pub fn autoscaler(spec: &Value) -> AutoscalerSpec {
    let behavior = &spec["behavior"];
    AutoscalerSpec {
        target: reference(&spec["scaleTargetRef"]),
        min_replicas: if is_nil(&spec["minReplicas"]) { 1 } else { int32(&spec["minReplicas"]) },
        max_replicas: int32(&spec["maxReplicas"]),
        metrics: items(&spec["metrics"]).iter().filter_map(metric).map(Arc::new).collect(),
        behavior: (!is_nil(behavior))
            .then(|| Behavior { up: rules(&behavior["scaleUp"]), down: rules(&behavior["scaleDown"]) }),
    }
}

fn reference(value: &Value) -> ObjectReference {
    ObjectReference {
        api_version: short(&value["apiVersion"]),
        kind: short(&value["kind"]),
        name: short(&value["name"]),
    }
}

fn metric(value: &Value) -> Option<MetricSpec> {
    Some(match text(&value["type"]) {
        "Resource" => resource(&value["resource"]),
        "ContainerResource" => resource(&value["containerResource"]),
        "Pods" => {
            let source = &value["pods"];
            MetricSpec::Pods {
                metric: identifier(&source["metric"]),
                average: milli(&source["target"]["averageValue"]),
            }
        }
        "Object" => {
            let source = &value["object"];
            MetricSpec::Object {
                described: reference(&source["describedObject"]),
                metric: identifier(&source["metric"]),
                // Upstream decides by `type` here, elsewhere by the field that is set.
                target: if text(&source["target"]["type"]) == "Value" {
                    ValueTarget::Value(milli(&source["target"]["value"]))
                } else {
                    ValueTarget::AverageValue(milli(&source["target"]["averageValue"]))
                },
            }
        }
        "External" => {
            let source = &value["external"];
            MetricSpec::External {
                metric: identifier(&source["metric"]),
                target: if is_nil(&source["target"]["averageValue"]) {
                    ValueTarget::Value(milli(&source["target"]["value"]))
                } else {
                    ValueTarget::AverageValue(milli(&source["target"]["averageValue"]))
                },
            }
        }
        _ => return None,
    })
}

fn resource(source: &Value) -> MetricSpec {
    let target = &source["target"];
    MetricSpec::Resource {
        name: short(&source["name"]),
        container: (!is_nil(&source["container"])).then(|| short(&source["container"])),
        target: if is_nil(&target["averageValue"]) {
            ResourceTarget::Utilization(int32(&target["averageUtilization"]))
        } else {
            ResourceTarget::AverageValue(milli(&target["averageValue"]))
        },
    }
}

fn identifier(value: &Value) -> MetricIdentifier {
    let written = &value["selector"];
    let selector = label_selector(written).map(|selector| (selector, written.clone()));
    MetricIdentifier { name: short(&value["name"]), selector }
}

fn milli(value: &Value) -> i64 {
    quantity(value).map_or(0, |quantity| quantity.milli())
}

fn rules(value: &Value) -> ScalingRules {
    ScalingRules {
        stabilization_window: value["stabilizationWindowSeconds"].as_u64().map(SimDuration::from_secs),
        select: match text(&value["selectPolicy"]) {
            "Min" => SelectPolicy::Min,
            "Disabled" => SelectPolicy::Disabled,
            _ => SelectPolicy::Max,
        },
        policies: items(&value["policies"])
            .iter()
            .map(|policy| ScalingPolicy {
                percent: text(&policy["type"]) == "Percent",
                value: int32(&policy["value"]),
                period: SimDuration::from_secs(u64::try_from(int(&policy["periodSeconds"])).unwrap_or(0)),
            })
            .collect(),
        tolerance: quantity(&value["tolerance"]).map(|quantity| approximate(quantity.nano)),
    }
}

/// Upstream: `Quantity.AsApproximateFloat64`: the digits times a power of ten.
fn approximate(nano: i128) -> f64 {
    let (mut digits, mut scale) = (nano, -9);
    while digits % 1000 == 0 && scale < 0 {
        digits /= 1000;
        scale += 3;
    }
    let power = [1e-9, 1e-6, 1e-3, 1.0][usize::try_from((scale + 9) / 3).unwrap_or(3)];
    digits as f64 * power
}
