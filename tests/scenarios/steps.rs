//! Steps: triggers, lists, `forEach`, `set`, components that are down.

use super::{run_text, seconds_of, statuses};

const WEB: &str = r"
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [ { name: nginx, image: nginx } ] }
";

fn scenario(spec: &str) -> String {
    format!("apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n{spec}{WEB}")
}

#[test]
fn every_runs_at_each_period_and_as_often_as_it_says() {
    let (record, failures, _) = run_text(&scenario(
        "  until: 5m\n  steps:\n    - { every: 1m, kubectl: get pods }\n    - { at: 10s, every: 30s, times: 3, kubectl: get nodes }\n",
    ));
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(seconds_of(&record, "kubectl get pods"), [60, 120, 180, 240, 300]);
    assert_eq!(seconds_of(&record, "kubectl get nodes"), [10, 40, 70]);
}

#[test]
fn random_arrivals_are_the_same_for_the_same_seed() {
    let text = scenario("  until: 1h\n  steps: [ { every: { exponential: { mean: 2m } }, kubectl: get pods } ]\n");
    let (first, second) = (run_text(&text).0, run_text(&text).0);
    let times = seconds_of(&first, "kubectl get pods");
    assert!((15..50).contains(&times.len()), "{times:?}");
    assert_eq!(times, seconds_of(&second, "kubectl get pods"));
    assert_eq!(first.run.digest, second.run.digest);
}

#[test]
fn steps_of_an_instant_run_in_the_order_of_the_file() {
    let (record, ..) = run_text(&scenario(
        "  until: 2m\n  steps:\n    - { every: 1m, kubectl: get pods }\n    - { at: 1m, kubectl: get nodes }\n    - { at: 0s, every: 1m, kubectl: get rs }\n",
    ));
    let commands: Vec<&str> = record.steps.iter().map(|step| step.command.as_str()).collect();
    let (pods, nodes, sets) = ("kubectl get pods", "kubectl get nodes", "kubectl get rs");
    assert_eq!(commands, [sets, pods, nodes, sets, pods, sets]);
}

#[test]
fn for_each_runs_the_list_for_every_name_and_as_many_at_once_as_it_says() {
    let drained = |parallel: u32| {
        let (record, failures, _) = run_text(&scenario(&format!(
            "  until: 10m\n  cluster: {{ nodes: [ {{ name: 'old-{{}}', count: 3, labels: {{ pool: old }} }}, {{ name: 'new-{{}}', count: 2 }} ] }}\n  steps:\n    - at: 1m\n      forEach: {{ nodes: pool=old, parallel: {parallel} }}\n      kubectl: [ \"drain {{}} --ignore-daemonsets\", \"delete node {{}}\" ]\n"
        )));
        assert!(failures.is_empty(), "{failures:?}");
        let starts = |name: &str| {
            let command = format!("kubectl drain {name} --ignore-daemonsets");
            record.steps.iter().find(|step| step.command == command).map(|step| (step.start, step.end)).unwrap()
        };
        assert!(record.steps.iter().any(|step| step.command == "kubectl delete node old-3" && step.exit == Some(0)));
        [starts("old-1"), starts("old-2"), starts("old-3")]
    };
    let [first, second, third] = drained(1);
    assert!(first.1 <= second.0 && second.1 <= third.0, "one after another");
    let [first, second, third] = drained(2);
    assert_eq!(first.0, second.0, "two at once");
    assert!(third.0 >= first.1.min(second.1));
}

#[test]
fn a_group_of_nodes_grows_and_shrinks() {
    let (record, failures, _) = run_text(&scenario(
        "  until: 5m\n  cluster: { nodes: [ { name: 'w-{}', count: 2, price: 1 } ] }\n  steps:\n    - { at: 1m, set: { \"cluster.nodes[w].count\": 4 } }\n    - { at: 2m, kubectl: get nodes --no-headers }\n    - { at: 3m, set: { \"cluster.nodes[w].count\": 1 } }\n    - { at: 4m, kubectl: get nodes --no-headers }\n",
    ));
    assert!(failures.is_empty(), "{failures:?}");
    let lines = |index: usize| record.steps[index].output.lines().count();
    assert_eq!((lines(1), lines(3)), (4, 1), "{:?}", record.steps);
    let price: f64 = record.nodes.iter().map(|node| node.price).sum();
    assert!((price - 4.0).abs() < 1e-9, "{price}");
    assert!(record.warnings.is_empty(), "{:?}", record.warnings);
}

#[test]
fn a_set_step_changes_a_field_of_an_object_and_a_behaviour() {
    let (record, failures, _) = run_text(&scenario(
        "  until: 3m\n  behaviors: [ { name: web, match: { image: nginx }, cpu: 100m } ]\n  steps:\n    - { at: 1m, set: { \"Deployment/web:spec.replicas\": 6, \"behaviors[web].cpu\": 300m } }\n    - { at: 2m, kubectl: 'get deployment web -o jsonpath={.spec.replicas}' }\n",
    ));
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(record.steps[1].output, "6");
    let peak = record.node_rows.iter().filter_map(|row| row.state.used).map(|used| used.cpu_milli).max().unwrap();
    assert!(peak >= 600, "six pods of 300m on three nodes: {peak}");
}

#[test]
fn without_a_scheduler_pods_wait_until_it_is_back() {
    let (record, failures, _) = run_text(&scenario(
        "  until: 3m\n  steps:\n    - { at: 10s, fault: { component: kube-scheduler, kind: down, for: 1m } }\n    - { at: 20s, kubectl: run late --image=nginx }\n",
    ));
    assert!(failures.is_empty(), "{failures:?}");
    let bound = record.timeline.iter().find(|row| record.pod_name(row.pod) == "late" && row.state.node.is_some());
    let time = bound.expect("it was placed").time.seconds();
    assert!((70.0..71.0).contains(&time), "{time}");
    assert_eq!(statuses(&record, "late").last().map(String::as_str), Some("Running"));
}

#[test]
fn without_a_controller_manager_nothing_is_made_anew() {
    let (record, failures, _) = run_text(&scenario(
        "  until: 3m\n  steps:\n    - { at: 10s, fault: { component: kube-controller-manager, kind: down } }\n    - { at: 20s, kubectl: \"delete pods -l app=web --wait=false\" }\n    - { at: 1m, kubectl: get pods }\n    - { at: 1m, heal: { component: kube-controller-manager } }\n",
    ));
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(record.steps[2].output, "No resources found in default namespace.\n");
    assert_eq!(record.pods.iter().filter(|pod| pod.exists()).count(), 4);
}

#[test]
fn without_an_api_server_kubectl_is_refused_and_afterwards_all_goes_on() {
    let (record, failures, _) = run_text(&scenario(
        "  until: 5m\n  steps:\n    - { at: 30s, fault: { component: kube-apiserver, kind: down, for: 30s } }\n    - { at: 40s, kubectl: get pods, mayFail: true }\n    - { at: 2m, kubectl: scale deployment web --replicas=6 }\n",
    ));
    assert!(failures.is_empty(), "{failures:?}");
    let refused = record.steps.iter().find(|step| step.command == "kubectl get pods").unwrap();
    assert_eq!(refused.exit, Some(1));
    assert!(refused.output.starts_with("The connection to the server ") && refused.output.contains("was refused"));
    let ready = record.pods.iter().filter(|pod| pod.exists() && pod.became_ready.is_some()).count();
    assert_eq!(ready, 6);
}
