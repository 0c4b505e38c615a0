//! Autoscaling in whole runs: the logs of real clusters, and that what does not change costs nothing.

mod whole_run;

use std::path::Path;

use kubelapse::record::{Record, Summary};
use kubelapse::scenario::{LoadOptions, load, load_source, source_of_text};
use kubelapse::simulation::{Simulation, Unobserved};

fn shipped(name: &str) -> Record {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{name}.yaml"));
    let plans = load(&[path], &LoadOptions::default()).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let mut simulation = Simulation::new(&plans[0]).unwrap_or_else(|error| panic!("{error}"));
    let ending = simulation.run(&mut Unobserved);
    simulation.finish(&plans[0], ending).0
}

fn run(text: &str) -> (Record, u64) {
    let source = source_of_text("test.yaml", text, Path::new("."));
    let plan = load_source(&source, &LoadOptions::default()).unwrap_or_else(|found| panic!("{}", found.render(false)));
    let mut simulation = Simulation::new(&plan).unwrap_or_else(|error| panic!("{error}"));
    let ending = simulation.run(&mut Unobserved);
    let events = simulation.events_handled();
    (simulation.finish(&plan, ending).0, events)
}

/// REPLICAS of `kubectl get hpa` over the AGE of an autoscaler that was made at `created`: the replicas before each
/// sync, in seconds and only where they change.
fn replicas_by_age(record: &Record, created: f64) -> Vec<(f64, u32)> {
    let mut seen: Vec<(f64, u32)> = Vec::new();
    for row in &record.autoscaler_rows {
        if seen.last().is_none_or(|(_, last)| *last != row.current) {
            seen.push((row.time.seconds() - created, row.current));
        }
    }
    seen
}

/// The log's changes are the run's, each within one scrape period and the second between two looks of the log.
fn assert_as_logged(found: &[(f64, u32)], logged: &[(f64, u32)]) {
    let numbers = |changes: &[(f64, u32)]| changes.iter().map(|(_, replicas)| *replicas).collect::<Vec<_>>();
    assert_eq!(numbers(found), numbers(logged), "{found:?}");
    for ((at, replicas), (log, _)) in found.iter().zip(logged) {
        assert!((at - log).abs() <= 16.0, "{replicas} at {at}, in the log at {log}");
    }
}

#[test]
fn containers_that_burn_cpu_while_they_start_drive_an_autoscaler_as_in_the_log() {
    // github.com/gangmuk/k8s-failure-reproduction, C1, gethpa: the first time of each number in its REPLICAS column.
    let logged = [(15.0, 1), (93.0, 2), (168.0, 4), (213.0, 6), (364.0, 5), (379.0, 4), (409.0, 1)];
    assert_as_logged(&replicas_by_age(&shipped("hpa-startup-cpu"), 5.0), &logged);
}

#[test]
fn a_manifest_without_replicas_undoes_an_autoscaler_as_in_the_log() {
    // The same, C2.
    let logged = [(16.0, 3), (61.0, 5), (76.0, 1), (91.0, 3), (107.0, 5)];
    assert_as_logged(&replicas_by_age(&shipped("hpa-replicas-in-manifest"), 10.5), &logged);
}

/// A Deployment with an autoscaler of version 1.
fn service(name: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: 2, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: app, image: app, resources: {{requests: {{cpu: 100m}}}}}}]}}}}}}\n{}",
        autoscaler(name, name)
    )
}

fn autoscaler(name: &str, target: &str) -> String {
    format!(
        "---\napiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {name}}}\nspec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {target}}}, minReplicas: 1, maxReplicas: 10, targetCPUUtilizationPercentage: 50}}\n"
    )
}

fn scenario(until: &str, rest: &str) -> String {
    format!(
        "apiVersion: kubelapse/v1\nkind: Scenario\nmetadata: {{name: test}}\nspec:\n  until: {until}\n  cluster: {{nodes: [{{name: n, count: 4, capacity: {{cpu: 64, memory: 256Gi, pods: 1000}}}}]}}\n  behaviors: [{rest}]\n"
    )
}

#[test]
fn flat_load_costs_no_events_however_long_it_lasts() {
    let text = |until| scenario(until, "{match: {image: app}, cpu: 50m, memory: 1Mi}") + &service("web");
    let (_, hour) = run(&text("1h"));
    let (record, week) = run(&text("168h"));
    assert!(week <= hour + 10, "{hour} events in an hour, {week} in a week");
    assert_eq!(Summary::of(&record).workloads["default/deployment/web"].desired, 2);
}

#[test]
fn use_of_cpu_scales_and_the_decision_is_explained() {
    let text = scenario("10m", "{match: {image: app}, cpu: {steps: [[0s, 50m], [2m, 150m]]}, memory: 1Mi}");
    let (record, _) = run(&(text + &service("web")));
    let summary = &Summary::of(&record).hpa["default/web"];
    assert_eq!((summary.max_replicas, summary.scale_downs), (10, 0));
    let first = record.autoscaler_rows.iter().find(|row| row.rescaled).expect("it scaled");
    let metric = first.deciding().expect("a metric decided");
    assert!(metric.formula.contains("x 2 ready) ="), "{}", metric.formula);
    assert_eq!(record.text(first.reason), "cpu resource utilization (percentage of request) above target");
}

#[test]
fn unknown_use_is_a_missing_metric_and_a_warning() {
    let (record, _) = run(&(scenario("5m", "") + &service("web")));
    let row = record.autoscaler_rows.last().expect("a decision");
    assert_eq!(record.text(row.limit), "FailedGetResourceMetric");
    assert!(
        record.warnings.iter().any(|warning| warning.contains("hpa default/web has no cpu metric of container app"))
    );
}

#[test]
fn two_autoscalers_of_the_same_pods_both_stop() {
    let text = scenario("5m", "{match: {image: app}, cpu: 500m, memory: 1Mi}");
    let (record, _) = run(&[text, service("web"), autoscaler("again", "web")].concat());
    assert!(record.autoscaler_rows.iter().all(|row| !row.rescaled));
    let messages: Vec<&str> = record.events.iter().map(|event| record.text(event.message)).collect();
    let expected = "pods by selector app=web are controlled by multiple HPAs: [default/web default/again]";
    assert!(messages.contains(&expected), "{messages:?}");
}

#[test]
fn a_target_that_is_not_there_is_named() {
    let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: app}]}\n";
    let text = scenario("2m", "{match: {image: app}, cpu: 1m}") + pod + &autoscaler("web", "web");
    let (record, _) = run(&text);
    let messages: Vec<&str> = record.events.iter().map(|event| record.text(event.message)).collect();
    assert!(messages.contains(&"deployments.apps \"web\" not found"), "{messages:?}");
}

#[test]
fn an_object_of_a_kind_of_ones_own_is_scaled_by_its_definition() {
    let manifests = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: farms.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: farms, singular: farm, kind: Farm }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
      subresources:
        scale: { specReplicasPath: .spec.workers, statusReplicasPath: .status.workers, labelSelectorPath: .status.selector }
---
apiVersion: example.com/v1
kind: Farm
metadata: { name: green }
spec: { workers: 2 }
status: { workers: 2, selector: app=green }
---
apiVersion: example.com/v1
kind: Farm
metadata: { name: blind }
spec: { workers: 2 }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: green }
spec:
  scaleTargetRef: { apiVersion: example.com/v1, kind: Farm, name: green }
  minReplicas: 1
  maxReplicas: 9
  metrics: [ { type: External, external: { metric: { name: orders }, target: { type: AverageValue, averageValue: "10" } } } ]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: blind }
spec:
  scaleTargetRef: { apiVersion: example.com/v1, kind: Farm, name: blind }
  maxReplicas: 9
  metrics: [ { type: External, external: { metric: { name: orders }, target: { type: AverageValue, averageValue: "10" } } } ]
---
"#;
    let spec = "  metrics: [ { name: orders, kind: external, value: 70 } ]\n";
    let mut run = whole_run::Run::new(spec, manifests);
    run.to(60);
    assert_eq!(run.kubectl("get farm green -o jsonpath={.spec.workers}"), "7");
    assert_eq!(run.kubectl("get farm blind -o jsonpath={.spec.workers}"), "2");
    let events = run.kubectl("get events");
    assert!(events.contains("New size: 7; reason: external metric orders"), "{events}");
    assert!(events.contains("SelectorRequired"), "{events}");
    run.kubectl("scale farm green --replicas=3");
    run.to(120);
    assert_eq!(run.kubectl("get farm green -o jsonpath={.spec.workers}"), "7");
}
