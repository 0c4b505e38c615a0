//! The worked examples of the specification (spec/controllers.md 7.11), and what holds whatever the metrics say.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::observations::{Observations, PodFacts, Sample, Scale};
use super::{Autoscaler, AutoscalerSettings, Decision};
use crate::api::convert;
use crate::engine::SimTime;
use crate::model::autoscaling::{AutoscalerSpec, MetricIdentifier, ObjectReference};
use crate::model::condition::ConditionStatus;
use crate::model::pod::PodPhase;

/// Pods with their use and request, and an external metric.
#[derive(Clone, Debug, Default)]
struct Given {
    pods: Vec<PodFacts>,
    usage: Vec<Option<i64>>,
    requests: Vec<i64>,
    series: Vec<i64>,
}

impl Given {
    /// Ready pods of this use, each with a request of 100m.
    fn ready(usage: &[i64]) -> Self {
        let pods = vec![pod(PodPhase::Running); usage.len()];
        let requests = vec![100; usage.len()];
        Self { pods, usage: usage.iter().map(|value| Some(*value)).collect(), requests, series: Vec::new() }
    }

    fn missing(mut self, count: usize) -> Self {
        for _ in 0..count {
            self.pods.push(pod(PodPhase::Running));
            self.usage.push(None);
            self.requests.push(100);
        }
        self
    }

    fn pending(mut self, count: usize) -> Self {
        for _ in 0..count {
            self.pods.push(pod(PodPhase::Pending));
            self.usage.push(None);
            self.requests.push(100);
        }
        self
    }
}

fn pod(phase: PodPhase) -> PodFacts {
    PodFacts {
        phase,
        is_deleting: false,
        start_time: Some(-3_600_000_000_000),
        ready: Some((ConditionStatus::from(phase == PodPhase::Running), -3_590_000_000_000)),
    }
}

impl Observations for Given {
    fn pods(&self) -> &[PodFacts] {
        &self.pods
    }

    fn request(&self, pod: usize, _resource: &str, _container: Option<&str>) -> Result<i64, String> {
        Ok(self.requests[pod])
    }

    fn resource(&self, _resource: &str, _container: Option<&str>) -> Result<Vec<Option<Sample>>, String> {
        let sample = |value: &Option<i64>| value.map(|value| Sample { value, timestamp: 0, window: 15_000_000_000 });
        Ok(self.usage.iter().map(sample).collect())
    }

    fn pods_metric(&self, _metric: &MetricIdentifier) -> Result<Vec<Option<Sample>>, String> {
        self.resource("", None)
    }

    fn object_metric(&self, _metric: &MetricIdentifier, _described: &ObjectReference) -> Result<i64, String> {
        Err("none".to_owned())
    }

    fn external_metric(&self, _metric: &MetricIdentifier) -> Result<Vec<i64>, String> {
        Ok(self.series.clone())
    }
}

fn spec(metric: &Value, behavior: &Value) -> AutoscalerSpec {
    convert::autoscaler(&json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 1, "maxReplicas": 50, "metrics": [metric], "behavior": behavior,
    }))
}

fn utilization(percent: i32) -> Value {
    json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}})
}

fn external(target: &Value) -> Value {
    json!({"type": "External", "external": {"metric": {"name": "queue"}, "target": target}})
}

fn decide(
    autoscaler: &mut Autoscaler,
    now: u64,
    spec: &AutoscalerSpec,
    replicas: (i32, i32),
    given: &Given,
) -> Decision {
    let scale = Scale { spec_replicas: replicas.0, status_replicas: replicas.1 };
    let settings = AutoscalerSettings::default();
    let now = SimTime::from_secs(now);
    let mut decision = autoscaler.decide(now, spec, ("Deployment/default/web", "default"), scale, &settings, given);
    autoscaler.finish(now, spec, &settings, &mut decision, None);
    decision
}

/// What one sync recommends.
#[expect(clippy::needless_pass_by_value, reason = "metrics are written where they are asked about")]
fn recommended(metric: Value, current: i32, given: &Given) -> i32 {
    let decision = decide(&mut Autoscaler::default(), 0, &spec(&metric, &Value::Null), (current, current), given);
    decision.recommended.expect("a recommendation")
}

#[test]
fn the_worked_examples_of_cpu_utilization() {
    for (current, given, expected) in [
        (3, Given::ready(&[90, 90, 90]), 6),
        (4, Given::ready(&[56, 56, 56, 55]), 4),
        (4, Given::ready(&[100, 100, 100]).pending(1), 6),
        (10, Given::ready(&[20; 8]).missing(2), 8),
        (4, Given::ready(&[70, 70]).missing(2), 4),
        (4, Given::ready(&[130, 130, 130]).missing(1), 8),
    ] {
        assert_eq!(recommended(utilization(50), current, &given), expected, "{given:?}");
    }
    let uneven = Given { requests: vec![200, 400], ..Given::ready(&[150, 450]) };
    assert_eq!(recommended(utilization(80), 2, &uneven), 3);
}

#[test]
fn the_worked_examples_of_other_metrics() {
    let rps = json!({"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "10"}}});
    assert_eq!(recommended(rps, 3, &Given::ready(&[12_000, 15_000, 20_000])), 5);
    let queue = Given { series: vec![130_000, 120_000], ..Given::ready(&[0, 0, 0]) };
    assert_eq!(recommended(external(&json!({"type": "Value", "value": "100"})), 4, &queue), 8);
    let average = external(&json!({"type": "AverageValue", "averageValue": "30"}));
    let mut autoscaler = Autoscaler::default();
    let decision = decide(&mut autoscaler, 0, &spec(&average, &Value::Null), (5, 5), &queue);
    assert_eq!(decision.recommended, Some(9));
    let metrics = autoscaler.status.current_metrics.expect("metrics");
    assert_eq!(metrics[0].as_ref().unwrap().average_value, Some(50_000));
}

/// Replicas after each sync, 15 s apart, when the metric always asks for 40.
fn climb(behavior: &Value) -> Vec<i32> {
    let spec = spec(&external(&json!({"type": "AverageValue", "averageValue": "1"})), behavior);
    let given = Given { series: vec![40_000], ..Given::ready(&[0]) };
    let (mut autoscaler, mut current, mut seen) = (Autoscaler::default(), 1, Vec::new());
    for tick in 0..6 {
        current = decide(&mut autoscaler, tick * 15, &spec, (current, current), &given).desired;
        seen.push(current);
    }
    seen
}

#[test]
fn scale_up_is_limited_with_and_without_behavior() {
    assert_eq!(climb(&Value::Null), [4, 8, 16, 32, 40, 40]);
    let defaults = json!({
        "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
            {"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]},
        "scaleDown": {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
    });
    assert_eq!(climb(&defaults), [5, 10, 20, 40, 40, 40]);
}

/// When and to what the replicas fall from 10 if the metric asks for 3 from t=15 on.
fn fall(behavior: &Value) -> Vec<(u64, i32)> {
    let spec = spec(&external(&json!({"type": "AverageValue", "averageValue": "1"})), behavior);
    let mut given = Given { series: vec![10_000], ..Given::ready(&[0]) };
    let (mut autoscaler, mut current, mut seen) = (Autoscaler::default(), 10, Vec::new());
    for tick in 0..40 {
        let next = decide(&mut autoscaler, tick * 15, &spec, (current, current), &given).desired;
        given.series = vec![3_000];
        if next != current {
            seen.push((tick * 15, next));
        }
        current = next;
    }
    seen
}

#[test]
fn scale_down_waits_and_goes_by_steps() {
    // A recommendation that is exactly as old as the window still counts.
    assert_eq!(fall(&Value::Null), [(315, 3)]);
    let steps = json!({
        "scaleUp": {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]},
        "scaleDown": {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]},
    });
    assert_eq!(fall(&steps), [(15, 8), (75, 6), (135, 4), (195, 3)]);
}

#[test]
fn a_tolerance_of_ones_own_decides_for_its_direction() {
    let behavior = json!({"scaleUp": {"tolerance": "50m", "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}, "scaleDown": {}});
    let given = Given::ready(&[53, 53, 53, 53]);
    let decision = decide(&mut Autoscaler::default(), 0, &spec(&utilization(50), &behavior), (4, 4), &given);
    assert_eq!(decision.recommended, Some(5));
    assert_eq!(recommended(utilization(50), 4, &given), 4);
}

#[test]
fn only_what_the_autoscaler_put_to_sleep_wakes_up() {
    let spec = convert::autoscaler(&json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 0,
        "maxReplicas": 9, "metrics": [external(&json!({"type": "Value", "value": "100"}))],
    }));
    let settings = AutoscalerSettings { scale_to_zero: true, ..AutoscalerSettings::default() };
    let of = ("Deployment/default/web", "default");
    let step = |autoscaler: &mut Autoscaler, seconds, replicas: i32, series: i64| {
        let given = Given { series: vec![series], ..Given::ready(&vec![0; replicas as usize]) };
        let scale = Scale { spec_replicas: replicas, status_replicas: replicas };
        let now = SimTime::from_secs(seconds);
        let mut decision = autoscaler.decide(now, &spec, of, scale, &settings, &given);
        autoscaler.finish(now, &spec, &settings, &mut decision, None);
        decision.desired
    };
    let mut asleep = Autoscaler::default();
    assert_eq!(step(&mut asleep, 0, 1, 80_000), 1);
    assert_eq!(step(&mut asleep, 600, 1, 0), 0);
    assert_eq!(step(&mut asleep, 615, 0, 450_000), 4, "five, but four at most at once");
    let mut stopped = Autoscaler::default();
    assert_eq!(step(&mut stopped, 0, 1, 80_000), 1);
    assert_eq!(step(&mut stopped, 15, 0, 450_000), 0, "a person did that");
}

proptest! {
    /// Whatever is measured: replicas within the bounds once they were, and the same inputs decide the same.
    #[test]
    fn bounds_hold_and_decisions_repeat(
        loads in prop::collection::vec(0_i64..2_000, 1..40),
        missing in 0_usize..3,
        with_behavior in any::<bool>(),
    ) {
        let behavior = if with_behavior {
            json!({
                "scaleUp": {"stabilizationWindowSeconds": 30, "policies": [{"type": "Percent", "value": 50, "periodSeconds": 30}]},
                "scaleDown": {"stabilizationWindowSeconds": 60, "policies": [{"type": "Pods", "value": 3, "periodSeconds": 45}]},
            })
        } else {
            Value::Null
        };
        let mut spec = spec(&utilization(60), &behavior);
        (spec.min_replicas, spec.max_replicas) = (2, 17);
        let (mut one, mut other) = (Autoscaler::default(), Autoscaler::default());
        let mut current = 2;
        for (tick, load) in loads.iter().enumerate() {
            let ready = (current as usize).saturating_sub(missing).max(1);
            let given = Given::ready(&vec![*load / i64::from(current); ready]).missing(missing);
            let now = tick as u64 * 15;
            let decision = decide(&mut one, now, &spec, (current, current), &given);
            prop_assert_eq!(&decision, &decide(&mut other, now, &spec, (current, current), &given));
            prop_assert!((2..=17).contains(&decision.desired), "{:?}", decision);
            current = decision.desired;
        }
    }
}
