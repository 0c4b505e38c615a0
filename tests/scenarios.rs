//! The scenarios that ship, run whole: every step succeeds, the pods end as the scenario says, and the same scenario
//! gives the same digest twice.

#[path = "scenarios/custom_kinds.rs"]
mod custom_kinds;
#[path = "scenarios/kubectl.rs"]
mod kubectl;
#[path = "scenarios/steps.rs"]
mod steps;
#[path = "scenarios/warm_up.rs"]
mod warm_up;

use std::path::{Path, PathBuf};

use kubelapse::record::{Record, Summary};
use kubelapse::scenario::plan::Output;
use kubelapse::scenario::{LoadOptions, Plan, load, load_source, source_of_text};
use kubelapse::simulation::{Ending, Simulation, Unobserved};

fn run_file(path: &Path, options: &LoadOptions) -> (Record, Vec<String>, Ending) {
    let plans = load(&[path.to_owned()], options).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let mut simulation = Simulation::new(&plans[0]).unwrap_or_else(|error| panic!("{error}"));
    let ending = simulation.run(&mut Unobserved);
    let (record, failures) = simulation.finish(&plans[0], ending);
    (record, failures, ending)
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{name}.yaml"))
}

fn run_text(text: &str) -> (Record, Vec<String>, Ending) {
    let source = source_of_text("test.yaml", text, Path::new("."));
    let plan =
        load_source(&source, &LoadOptions::default()).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let mut simulation = Simulation::new(&plan).unwrap_or_else(|error| panic!("{error}"));
    let ending = simulation.run(&mut Unobserved);
    let (record, failures) = simulation.finish(&plan, ending);
    (record, failures, ending)
}

/// kubectl's STATUS of every pod over time, in order, equal neighbours once.
fn statuses(record: &Record, pod: &str) -> Vec<String> {
    let rows = record.timeline.iter().filter(|row| record.pod_name(row.pod) == pod);
    let mut statuses: Vec<String> = rows.map(|row| record.text(row.state.status).to_owned()).collect();
    statuses.dedup();
    statuses
}

/// Whole seconds at which a command started.
fn seconds_of(record: &Record, command: &str) -> Vec<u64> {
    record.steps.iter().filter(|step| step.command == command).map(|step| step.start.seconds() as u64).collect()
}

#[test]
fn a_run_of_which_only_the_summary_is_read_says_the_same_and_keeps_less() {
    for name in ["web-shop", "node-crash", "batch-job"] {
        let plans = load(&[shipped(name)], &LoadOptions::default()).unwrap();
        let with = |output: &Output| {
            let plan = Plan { output: output.clone(), ..plans[0].clone() };
            let mut simulation = Simulation::new(&plan).unwrap();
            let ending = simulation.run(&mut Unobserved);
            simulation.finish(&plan, ending).0
        };
        let (whole, short) = (with(&plans[0].output), with(&plans[0].output.summary_only()));
        let summary = |record: &Record| serde_json::to_value(Summary::of(record)).unwrap();
        assert_eq!(summary(&whole), summary(&short), "{name}");
        assert!(!whole.timeline.is_empty() && !whole.events.is_empty() && !whole.attempts.is_empty(), "{name}");
        assert_eq!((short.timeline.len(), short.events.len(), short.attempts.len()), (0, 0, 0), "{name}");
        assert_eq!((whole.container_rows.is_empty(), short.container_rows.len()), (false, 0), "{name}");
    }
}

#[test]
fn every_shipped_scenario_runs_and_meets_what_it_expects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let (record, failures, _) = run_file(&path, &LoadOptions::default());
            assert!(failures.is_empty(), "{}: {failures:?}", path.display());
            assert!(!record.timeline.is_empty(), "{}: no pod ever changed", path.display());
            let unmet: Vec<_> = record.expectations.iter().filter(|expectation| !expectation.held).collect();
            assert!(unmet.is_empty(), "{}: {unmet:?}", path.display());
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} scenarios ship");
}

#[test]
fn the_same_scenario_and_seed_give_the_same_digest() {
    let digest = |seed| {
        let options = LoadOptions { seed: Some(seed), ..LoadOptions::default() };
        run_file(&shipped("rolling-update"), &options).0.run.digest
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn hello_world_lives_as_the_tutorial_tells() {
    let (record, ..) = run_file(&shipped("hello-world"), &LoadOptions::default());
    // Its process lives some milliseconds only, in which the kubelet may look at it or not.
    let shown: Vec<_> = statuses(&record, "hello-world").into_iter().filter(|status| *status != "Running").collect();
    assert_eq!(shown, ["Pending", "ContainerCreating", "Completed", "Deleted"]);
}

#[test]
fn a_rolling_update_keeps_its_bounds() {
    let (record, ..) = run_file(&shipped("rolling-update"), &LoadOptions::default());
    let summary = Summary::of(&record);
    let text = serde_json::to_value(&summary).unwrap();
    assert_eq!(text["pods"]["running"], 4);
    assert_eq!(text["pods"]["unschedulable"], 0);
}

#[test]
fn a_host_port_is_given_once_a_node() {
    let (record, ..) = run_file(&shipped("host-port-conflict"), &LoadOptions::default());
    let nodes: Vec<&str> = (1..=3)
        .map(|number| {
            let name = format!("proxy-{number}");
            let row = record
                .timeline
                .iter()
                .filter(|row| record.pod_name(row.pod) == name)
                .find(|row| row.state.node.is_some());
            record.node_name(row.expect("it was placed").state.node)
        })
        .collect();
    assert_eq!(nodes, ["node-1", "node-2", "node-3"]);
}

#[test]
fn a_crashing_container_is_restarted_with_growing_delays() {
    let (record, ..) = run_text(
        r"
apiVersion: kubelapse/v1
kind: Scenario
spec: { until: 3m }
---
apiVersion: v1
kind: Pod
metadata: { name: crash }
spec: { containers: [ { name: c, image: busybox, command: [sh, -c, 'sleep 1; exit 1'] } ] }
",
    );
    let pairs = record.timeline.iter().zip(record.timeline.iter().skip(1));
    let restarts: Vec<f64> = pairs
        .filter(|(before, after)| after.state.restarts > before.state.restarts)
        .map(|(_, after)| after.time.seconds())
        .collect();
    let gaps: Vec<f64> = restarts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() >= 3, "{restarts:?}");
    assert!(gaps.windows(2).all(|pair| pair[1] > pair[0] * 1.2), "{gaps:?}");
}

#[test]
fn an_idle_cluster_ends_at_its_last_change_whatever_maxtime_says() {
    let (record, _, ending) = run_text(
        "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [ { name: c, image: nginx } ] }\n",
    );
    assert_eq!(ending, Ending::Idle);
    assert!(record.end.seconds() < 60.0, "{}", record.end.seconds());
}

#[test]
fn kubectl_that_waits_takes_its_virtual_time() {
    let (record, failures, _) = run_text(
        r"
apiVersion: kubelapse/v1
kind: Scenario
spec:
  until: 2m
  steps:
    - at: 10s
      kubectl: [ delete pod a, get pods ]
    - { at: 11s, kubectl: get pods }
---
apiVersion: v1
kind: Pod
metadata: { name: a }
spec: { containers: [ { name: c, image: busybox, command: [sleep, '600'] } ] }
",
    );
    assert!(failures.is_empty(), "{failures:?}");
    let steps: Vec<(&str, f64)> =
        record.steps.iter().map(|step| (step.command.as_str(), step.start.seconds())).collect();
    assert_eq!(steps[0], ("kubectl get pods", 11.0), "other steps do not wait for a list: {steps:?}");
    let (command, at) = steps[2];
    assert_eq!(command, "kubectl get pods");
    // `sleep` as PID 1 ignores TERM: KILL comes at the end of the grace period of 30 s.
    assert!((40.0..42.0).contains(&at), "{steps:?}");
}

#[test]
fn a_behaviour_that_matches_nothing_is_a_warning() {
    let (record, ..) = run_text(
        r"
apiVersion: kubelapse/v1
kind: Scenario
spec:
  behaviors:
    - { name: web, match: { image: 'nginx*' }, startup: 2s }
    - { name: ghost, match: { image: 'postgres*' }, startup: 2s }
---
apiVersion: v1
kind: Pod
metadata: { name: a }
spec: { containers: [ { name: c, image: nginx } ] }
",
    );
    let about: Vec<&String> =
        record.warnings.iter().filter(|warning| warning.contains("matched no container")).collect();
    assert_eq!(about, ["spec.behaviors[1] (`ghost`) matched no container"]);
}

#[test]
fn a_flag_without_effect_is_refused_and_not_passed_over() {
    let (record, failures, _) = run_text(
        r"
apiVersion: kubelapse/v1
kind: Scenario
spec:
  until: 10s
  steps:
    - { at: 2s, kubectl: cluster-info dump --output-directory=/tmp/dump, mayFail: true }
",
    );
    assert!(failures.is_empty(), "{failures:?}");
    let refused = "error: kubectl cluster-info dump --output-directory is not supported by kubelapse yet\n";
    assert_eq!(record.steps[0].output, refused, "a refused command does nothing");
}
