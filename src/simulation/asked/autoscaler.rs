//! How a HorizontalPodAutoscaler came to its number: its last decision in a run, or what its stored status tells.
//! Upstream: podautoscaler `computeReplicasForMetrics`, `GetResourceReplicas`.

use serde::Serialize;
use serde_json::Value;

use super::Asked;
use crate::model::kind::Kind;
use crate::model::quantity::Quantity;

/// Upstream: `--horizontal-pod-autoscaler-tolerance`.
const TOLERANCE: f64 = 0.1;

/// One metric's part.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricAnswer {
    /// `cpu of pods`, ….
    pub name: String,
    /// What was measured and what is wanted, as the object shows them; empty where that is not known.
    pub current: String,
    /// The target.
    pub target: String,
    /// Replicas that it asks for; none if it cannot say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i64>,
    /// The formula with its numbers, or why there is none.
    pub formula: String,
}

/// An autoscaler's number and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoscalerAnswer {
    /// `hpa/web`.
    pub autoscaler: String,
    /// Its namespace.
    pub namespace: String,
    /// `Deployment/web`.
    pub target: String,
    /// Bounds.
    pub min: i64,
    /// Bounds.
    pub max: i64,
    /// Replicas now.
    pub current: i64,
    /// Replicas wanted.
    pub desired: i64,
    /// By metric; the largest counts.
    pub metrics: Vec<MetricAnswer>,
    /// What held the number back, from its conditions.
    pub limits: Vec<String>,
    /// Its conditions in words.
    pub conditions: Vec<String>,
}

impl Asked<'_> {
    /// Explains an autoscaler from its stored object.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn autoscaler(&self, namespace: &str, name: &str) -> Result<AutoscalerAnswer, String> {
        let object = self.find(Kind::HORIZONTAL_POD_AUTOSCALER, namespace, name)?;
        let view = self.cluster.view(object);
        let (spec, status) = (&view["spec"], &view["status"]);
        let number = |value: &Value, otherwise: i64| value.as_i64().unwrap_or(otherwise);
        let current = number(&status["currentReplicas"], 0);
        let measured = status["currentMetrics"].as_array().cloned().unwrap_or_default();
        let metrics = spec["metrics"].as_array().into_iter().flatten();
        let metrics = metrics.map(|metric| metric_answer(metric, &measured, current)).collect();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let words = |one: &Value| {
            format!(
                "{} is {}: {}: {}",
                text(&one["type"]),
                text(&one["status"]),
                text(&one["reason"]),
                text(&one["message"])
            )
        };
        let limited = status["conditions"].as_array().into_iter().flatten();
        let limited = limited.filter(|one| {
            one["type"] == "ScalingLimited" && one["status"] == "True"
                || one["reason"] == "ScaleDownStabilized"
                || one["reason"] == "ScaleUpStabilized"
                || one["type"] == "AbleToScale" && one["status"] == "False"
        });
        let limits = limited.map(|one| text(&one["message"])).collect();
        let target = &spec["scaleTargetRef"];
        Ok(AutoscalerAnswer {
            autoscaler: format!("hpa/{name}"),
            namespace: namespace.to_owned(),
            target: format!("{}/{}", text(&target["kind"]), text(&target["name"])),
            min: number(&spec["minReplicas"], 1),
            max: number(&spec["maxReplicas"], 0),
            current,
            desired: number(&status["desiredReplicas"], current),
            metrics,
            limits,
            conditions: conditions.map(words).collect(),
        })
    }
}

/// A metric's spec with its counterpart in `currentMetrics`.
fn metric_answer(metric: &Value, measured: &[Value], replicas: i64) -> MetricAnswer {
    let kind = metric["type"].as_str().unwrap_or_default();
    let field = format!("{}{}", kind[..1.min(kind.len())].to_lowercase(), &kind[1.min(kind.len())..]);
    let own = &metric[&field];
    let name_of = |own: &Value| {
        let name = own["name"].as_str().or_else(|| own["metric"]["name"].as_str()).unwrap_or_default().to_owned();
        let container = own["container"].as_str().map_or(String::new(), |name| format!(" of container {name}"));
        format!("{name}{container}")
    };
    let name = name_of(own);
    let found = measured.iter().find(|one| one["type"] == kind && name_of(&one[&field]) == name);
    let target = &own["target"];
    let current = found.map_or(&Value::Null, |one| &one[&field]["current"]);
    let keys = [("averageUtilization", "%"), ("averageValue", " per pod"), ("value", "")];
    let (key, unit) = keys.into_iter().find(|(key, _)| !target[key].is_null()).unwrap_or(("value", ""));
    let shown = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => format!("{text}{unit}"),
        other => format!("{other}{unit}"),
    };
    let amount = |value: &Value| match value {
        Value::String(text) => Quantity::parse(text).map(|quantity| quantity.nano as f64 / 1e9),
        other => other.as_f64(),
    };
    let answer = |replicas: Option<i64>, formula: String| MetricAnswer {
        name: format!("{name} ({kind})"),
        current: shown(&current[key]),
        target: shown(&target[key]),
        replicas,
        formula,
    };
    let (Some(now), Some(wanted)) = (amount(&current[key]), amount(&target[key]).filter(|wanted| *wanted > 0.0)) else {
        return answer(None, "nothing is measured: the status holds no current value".to_owned());
    };
    let ratio = now / wanted;
    let (had, aimed) = (shown(&current[key]), shown(&target[key]));
    if (ratio - 1.0).abs() <= TOLERANCE {
        let formula = format!("{had} / {aimed} = {ratio:.3}, within {TOLERANCE} of 1: {replicas} stay");
        return answer(Some(replicas), formula);
    }
    let asked = (ratio * replicas as f64).ceil() as i64;
    answer(Some(asked), format!("ceil({replicas} × {had} / {aimed}) = ceil({replicas} × {ratio:.3}) = {asked}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cpu(target: i64) -> Value {
        json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}})
    }

    #[test]
    fn the_formula_has_its_numbers() {
        let measured = [json!({"type": "Resource", "resource": {"name": "cpu",
            "current": {"averageUtilization": 90, "averageValue": "90m"}}})];
        let found = metric_answer(&cpu(60), &measured, 4);
        assert_eq!((found.replicas, found.formula.as_str()), (Some(6), "ceil(4 × 90% / 60%) = ceil(4 × 1.500) = 6"));
        assert_eq!(metric_answer(&cpu(85), &measured, 4).replicas, Some(4));
        assert_eq!(metric_answer(&cpu(85), &[], 4).replicas, None);
    }
}
