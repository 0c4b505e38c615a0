//! HorizontalPodAutoscalers: what a specification asks for, and what a status tells.
//! Amounts of metrics are in thousandths, as upstream's arithmetic has them (`Quantity.MilliValue`).

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::Text;
use super::condition::Condition;
use super::selector::LabelSelector;
use crate::engine::{SimDuration, SimTime};

/// `spec`.
#[derive(Clone, Debug, PartialEq)]
pub struct AutoscalerSpec {
    /// `scaleTargetRef`.
    pub target: ObjectReference,
    /// `minReplicas`.
    pub min_replicas: i32,
    /// `maxReplicas`.
    pub max_replicas: i32,
    /// `metrics`.
    pub metrics: Vec<Arc<MetricSpec>>,
    /// `behavior`; without one the older rules hold, which differ in more than their numbers.
    pub behavior: Option<Behavior>,
}

impl AutoscalerSpec {
    /// Does it look at anything that exists without pods? Upstream: podautoscaler `hasObjectOrExternalMetrics`.
    pub fn has_object_or_external_metrics(&self) -> bool {
        self.metrics.iter().any(|metric| matches!(**metric, MetricSpec::Object { .. } | MetricSpec::External { .. }))
    }
}

/// An object of the same namespace by its names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectReference {
    /// `apiVersion`, may be empty.
    pub api_version: Text,
    /// `kind`.
    pub kind: Text,
    /// `name`.
    pub name: Text,
}

/// The name of a metric that is not CPU or memory.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricIdentifier {
    /// `name`.
    pub name: Text,
    /// `selector`, as it matches and as it was written.
    pub selector: Option<(LabelSelector, Value)>,
}

/// An entry of `spec.metrics`.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricSpec {
    /// `Resource`, or `ContainerResource` where a container is named.
    Resource {
        /// `cpu`, `memory`.
        name: Text,
        /// The container that alone is looked at.
        container: Option<Text>,
        /// What is wanted.
        target: ResourceTarget,
    },
    /// `Pods`: an average over pods.
    Pods {
        /// Which metric.
        metric: MetricIdentifier,
        /// Wanted average in thousandths.
        average: i64,
    },
    /// `Object`: a number about one object.
    Object {
        /// The object.
        described: ObjectReference,
        /// Which metric.
        metric: MetricIdentifier,
        /// What is wanted.
        target: ValueTarget,
    },
    /// `External`: a number from outside the cluster.
    External {
        /// Which metric.
        metric: MetricIdentifier,
        /// What is wanted.
        target: ValueTarget,
    },
}

/// What is wanted of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceTarget {
    /// Percent of the pods' requests.
    Utilization(i32),
    /// Average over pods, in thousandths.
    AverageValue(i64),
}

/// What is wanted of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueTarget {
    /// The number itself, in thousandths.
    Value(i64),
    /// The number divided by the replicas, in thousandths.
    AverageValue(i64),
}

/// `spec.behavior`, defaulted.
#[derive(Clone, Debug, PartialEq)]
pub struct Behavior {
    /// `scaleUp`.
    pub up: ScalingRules,
    /// `scaleDown`.
    pub down: ScalingRules,
}

/// Rules of one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingRules {
    /// `stabilizationWindowSeconds`; absent is the controller's flag.
    pub stabilization_window: Option<SimDuration>,
    /// `selectPolicy`.
    pub select: SelectPolicy,
    /// `policies`.
    pub policies: Vec<ScalingPolicy>,
    /// `tolerance`; absent is the controller's flag.
    pub tolerance: Option<f64>,
}

/// `selectPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectPolicy {
    /// The policy that allows the greatest change.
    Max,
    /// The policy that allows the smallest change.
    Min,
    /// No change in this direction.
    Disabled,
}

/// An entry of `policies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// Is `value` in percent of the replicas (otherwise in pods)?
    pub percent: bool,
    /// How much may change in a period.
    pub value: i32,
    /// The period.
    pub period: SimDuration,
}

/// `status`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AutoscalerStatus {
    /// `lastScaleTime`.
    pub last_scale: Option<SimTime>,
    /// `currentReplicas`.
    pub current_replicas: i32,
    /// `desiredReplicas`.
    pub desired_replicas: i32,
    /// `currentMetrics`: `None` is null; an entry that is `None` is a metric that could not be read.
    pub current_metrics: Option<Vec<Option<MetricStatus>>>,
    /// `conditions`.
    pub conditions: Vec<Condition>,
}

/// An entry of `status.currentMetrics`.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricStatus {
    /// What was looked at.
    pub spec: Arc<MetricSpec>,
    /// `value` in thousandths.
    pub value: Option<i64>,
    /// `averageValue` in thousandths.
    pub average_value: Option<i64>,
    /// `averageUtilization` in percent.
    pub average_utilization: Option<i32>,
}

/// As Go prints a `*metav1.LabelSelector` with `%+v`: by the generated `String` of its protobuf form.
impl fmt::Display for MetricIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((_, written)) = &self.selector else { return f.write_str("nil") };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        f.write_str("&LabelSelector{MatchLabels:map[string]string{")?;
        for (key, value) in written["matchLabels"].as_object().into_iter().flatten() {
            write!(f, "{key}: {},", text(value))?;
        }
        f.write_str("},MatchExpressions:[]LabelSelectorRequirement{")?;
        for requirement in written["matchExpressions"].as_array().into_iter().flatten() {
            let values: Vec<String> = requirement["values"].as_array().into_iter().flatten().map(text).collect();
            let (key, operator) = (text(&requirement["key"]), text(&requirement["operator"]));
            write!(f, "LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{}],}},", values.join(" "))?;
        }
        f.write_str("},}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_printed_as_go_prints_them() {
        let mut metric = MetricIdentifier { name: Text::const_new("queue"), selector: None };
        assert_eq!(metric.to_string(), "nil");
        let written = serde_json::json!({"matchLabels": {"queue": "tasks"}});
        metric.selector = Some((LabelSelector::from_map([("queue", "tasks")]), written));
        let expected = "&LabelSelector{MatchLabels:map[string]string{queue: tasks,},MatchExpressions:[]LabelSelectorRequirement{},}";
        assert_eq!(metric.to_string(), expected);
    }
}
