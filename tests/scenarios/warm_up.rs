//! `warmup`: the cluster lives before t=0, and what is timed counts from there.

use super::{run_text, seconds_of};

fn scenario(warmup: &str) -> String {
    format!(
        r"
apiVersion: kubelapse/v1
kind: Scenario
spec:
  start: 2026-03-01T12:00:00Z
  until: 5m
  warmup: {warmup}
  steps:
    - {{ at: 0s, kubectl: get deployment web }}
    - {{ at: 1m, kubectl: scale deployment web --replicas=3 }}
  expect:
    - {{ at: 0s, that: deployment('web').status.readyReplicas == 2 }}
    - {{ by: 70s, that: deployment('web').status.readyReplicas == 3 }}
  traffic: [ {{ name: shoppers, service: web, rps: 10 }} ]
---
apiVersion: v1
kind: Service
metadata: {{ name: web }}
spec: {{ selector: {{ app: web }}, ports: [ {{ port: 80 }} ] }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec:
  replicas: 2
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec: {{ containers: [ {{ name: nginx, image: nginx }} ] }}
"
    )
}

#[test]
fn rows_before_t0_are_negative_and_steps_expectations_and_traffic_count_from_it() {
    for warmup in ["10m", "idle"] {
        let (record, failures, _) = run_text(&scenario(warmup));
        assert!(failures.is_empty(), "{failures:?}");
        assert!(record.warnings.is_empty(), "{:?}", record.warnings);
        let missed: Vec<_> = record.expectations.iter().filter(|one| !one.held).collect();
        assert!(missed.is_empty(), "{warmup}: {missed:?}");
        assert_eq!(seconds_of(&record, "kubectl scale deployment web --replicas=3"), [60]);
        let begin = record.begin().seconds();
        assert!(
            if warmup == "idle" { (-60.0..-1.0).contains(&begin) } else { (begin + 600.0).abs() < 1e-9 },
            "{warmup}: {begin}"
        );
        assert!(record.timeline[0].time.seconds() < -1.0);
        let summary = kubelapse::record::Summary::of(&record);
        assert_eq!((summary.pods.created, summary.pod_start_seconds.count), (1, 1), "pods of the warm-up do not count");
        let requests = summary.traffic["shoppers"].requests.0;
        assert!((requests - 3000.0).abs() < 1.0, "{warmup}: {requests} requests in five minutes");
        let start = &record.run.start;
        let expected = if warmup == "idle" { "2026-03-01T12:00:" } else { "2026-03-01T12:00:00Z" };
        assert!(start.starts_with(expected), "{start}");
    }
}

#[test]
fn objects_are_as_old_as_they_are_at_t0() {
    let (record, ..) = run_text(&scenario("10m"));
    assert!(record.steps[0].output.contains("2/2     2            2           10m"), "{}", record.steps[0].output);
}
