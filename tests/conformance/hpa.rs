//! The HorizontalPodAutoscaler controller in virtual time: 60 ticks a case, each with its pods and metrics.

use std::path::Path;

use kubelapse::api::convert;
use kubelapse::cluster::EventType;
use kubelapse::controllers::horizontal_pod_autoscaler::observations::{Observations, PodFacts, Sample, Scale};
use kubelapse::controllers::horizontal_pod_autoscaler::{Autoscaler, AutoscalerSettings, Note, current_metrics};
use kubelapse::engine::SimTime;
use kubelapse::model::autoscaling::{MetricIdentifier, ObjectReference};
use kubelapse::model::condition::ConditionStatus;
use kubelapse::model::pod::PodPhase;
use serde_json::{Value, json};

use super::recorded_cluster::{list, text};
use super::suite::{Outcome, first_difference, json_lines};

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "hpa", "cases")?;
    Some(cases.iter().map(|case| (text(&case["name"]).to_owned(), one(case))).collect())
}

fn one(case: &Value) -> Result<(), String> {
    let spec = convert::autoscaler(&case["hpa"]["spec"]);
    let namespace = text(&case["hpa"]["metadata"]["namespace"]);
    let reference = format!("{}/{namespace}/{}", spec.target.kind, spec.target.name);
    let settings = AutoscalerSettings::default();
    let mut autoscaler = Autoscaler::default();
    for tick in list(&case["ticks"]) {
        let now = SimTime(u64::try_from(nanos(&tick["t"])).expect("ticks are not before the start"));
        let scale = Scale {
            spec_replicas: tick["specReplicas"].as_i64().unwrap_or(0) as i32,
            status_replicas: tick["statusReplicas"].as_i64().unwrap_or(0) as i32,
        };
        let world = Recorded::new(tick);
        let mut decision = autoscaler.decide(now, &spec, (&reference, namespace), scale, &settings, &world);
        let mut notes = std::mem::take(&mut decision.notes);
        let desired = if decision.rescale { decision.desired } else { scale.spec_replicas };
        notes.extend(autoscaler.finish(now, &spec, &settings, &mut decision, None));
        let conditions = autoscaler.status.conditions.iter().map(|condition| {
            format!("{}|{}|{}|{}", condition.kind, condition.status.name(), condition.reason, condition.message)
        });
        let found = json!({
            "desiredReplicas": desired,
            "error": decision.error.unwrap_or_default(),
            "events": notes.iter().map(event).collect::<Vec<_>>(),
            "conditions": conditions.collect::<Vec<_>>(),
            "currentMetrics": current_metrics(&autoscaler.status),
        });
        let expected = json!({
            "desiredReplicas": tick["desiredReplicas"],
            "error": text(&tick["error"]),
            "events": list(&tick["events"]),
            "conditions": list(&tick["conditions"]),
            "currentMetrics": tick["currentMetrics"],
        });
        if let Some(difference) = first_difference(&found, &expected, &format!("t={}", tick["t"])) {
            return Err(difference);
        }
    }
    Ok(())
}

fn event(note: &Note) -> String {
    let kind = if note.kind == EventType::Normal { "Normal" } else { "Warning" };
    format!("{kind} {} {}", note.reason, note.message)
}

/// The inputs of a tick.
struct Recorded<'a> {
    tick: &'a Value,
    pods: Vec<PodFacts>,
}

impl<'a> Recorded<'a> {
    fn new(tick: &'a Value) -> Self {
        Self { tick, pods: list(&tick["pods"]).iter().map(pod_facts).collect() }
    }

    fn sample(pod: &Value, value: Option<i64>) -> Option<Sample> {
        let value = value?;
        Some(Sample { value, timestamp: nanos(&pod["metricTimestamp"]), window: nanos(&pod["metricWindow"]) })
    }
}

fn pod_facts(pod: &Value) -> PodFacts {
    PodFacts {
        phase: match text(&pod["phase"]) {
            "Pending" => PodPhase::Pending,
            "Running" => PodPhase::Running,
            "Succeeded" => PodPhase::Succeeded,
            "Failed" => PodPhase::Failed,
            _ => PodPhase::Unknown,
        },
        is_deleting: pod["deleting"].as_bool().unwrap_or(false),
        start_time: (!pod["startTime"].is_null()).then(|| nanos(&pod["startTime"])),
        ready: pod["ready"].as_bool().map(|ready| (ConditionStatus::from(ready), nanos(&pod["readyTransitionTime"]))),
    }
}

fn nanos(seconds: &Value) -> i64 {
    (seconds.as_f64().expect("a number of seconds") * 1e9).round() as i64
}

impl Observations for Recorded<'_> {
    fn pods(&self) -> &[PodFacts] {
        &self.pods
    }

    fn request(&self, pod: usize, _resource: &str, container: Option<&str>) -> Result<i64, String> {
        let requests = self.tick["pods"][pod]["requestMilli"].as_object().expect("requests");
        let counted = requests.iter().filter(|(name, _)| container.is_none_or(|wanted| wanted == *name));
        Ok(counted.filter_map(|(_, request)| request.as_i64()).sum())
    }

    fn resource(&self, _resource: &str, container: Option<&str>) -> Result<Vec<Option<Sample>>, String> {
        let samples: Vec<Option<Sample>> = list(&self.tick["pods"])
            .iter()
            .map(|pod| {
                let metrics = pod["metricMilli"].as_object()?;
                let value = match container {
                    Some(name) => metrics.get(name)?.as_i64(),
                    None => Some(metrics.values().filter_map(Value::as_i64).sum()),
                };
                Self::sample(pod, value)
            })
            .collect();
        if list(&self.tick["pods"]).iter().all(|pod| pod["metricMilli"].is_null()) {
            return Err("no metrics returned from resource metrics API".to_owned());
        }
        Ok(samples)
    }

    fn pods_metric(&self, _metric: &MetricIdentifier) -> Result<Vec<Option<Sample>>, String> {
        let pods = list(&self.tick["pods"]).iter();
        let samples: Vec<Option<Sample>> = pods.map(|pod| Self::sample(pod, pod["podsMetricMilli"].as_i64())).collect();
        if samples.iter().all(Option::is_none) {
            return Err("no metrics returned from custom metrics API".to_owned());
        }
        Ok(samples)
    }

    fn object_metric(&self, _metric: &MetricIdentifier, _described: &ObjectReference) -> Result<i64, String> {
        self.tick["objectMetricMilli"].as_i64().ok_or_else(|| "no object metric".to_owned())
    }

    fn external_metric(&self, _metric: &MetricIdentifier) -> Result<Vec<i64>, String> {
        let series = self.tick["externalMetricMilli"].as_array().ok_or_else(|| "no external metric".to_owned())?;
        Ok(series.iter().filter_map(Value::as_i64).collect())
    }
}
