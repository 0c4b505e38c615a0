//! A day of a cluster's life: random steps, faults and load, with everything that must hold looked at after each event,
//! and a calm end at which the cluster has to be what its objects ask for.
//!
//! `cargo test --test soak` runs a short day on few nodes; `cargo test --release --test soak -- --ignored` 24 hours on
//! 100 nodes with 50 seeds (`KUBELAPSE_SOAK_SEEDS=10` for fewer).

use std::fmt::Write as _;
use std::path::Path;

use kubelapse::cluster::{Cluster, Cursor, Fields, Verb};
use kubelapse::engine::SimTime;
use kubelapse::engine::random::{Stream, Streams};
use kubelapse::model::kind::Kind;
use kubelapse::model::object::{Body, ObjectRef, PodId};
use kubelapse::model::pod::PodPhase;
use kubelapse::scenario::{LoadOptions, load_source, source_of_text};
use kubelapse::simulation::{Observer, Simulation};

const WORKLOADS: &str = r#"---
apiVersion: v1
kind: ResourceQuota
metadata: { name: all }
spec: { hard: { pods: "5000", count/jobs.batch: "5000" } }
---
apiVersion: v1
kind: Service
metadata: { name: web-0 }
spec: { selector: { app: web-0 }, ports: [ { port: 80 } ] }
---
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { clusterIP: None, selector: { app: db }, ports: [ { port: 80 } ] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 3
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [ { name: main, image: "nginx:1.27", resources: { requests: { cpu: 100m, memory: 64Mi } } } ] }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:
  selector: { matchLabels: { app: agent } }
  template:
    metadata: { labels: { app: agent } }
    spec: { containers: [ { name: main, image: "nginx:1.27", resources: { requests: { cpu: 10m, memory: 16Mi } } } ] }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: tick }
spec:
  schedule: "*/10 * * * *"
  jobTemplate:
    spec:
      parallelism: 2
      completions: 3
      template:
        spec:
          restartPolicy: Never
          containers: [ { name: main, image: "busybox:1.36", command: [ sleep, "20" ] } ]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web-0 }
spec: { maxUnavailable: 25%, selector: { matchLabels: { app: web-0 } } }
"#;

/// The scenario of a seed.
fn scenario(seed: u64, nodes: u64, hours: u64) -> String {
    let mut stream = Streams::new(seed).stream("test/soak", 0);
    let end = hours * 3600;
    let mut steps = String::new();
    let mut at = 60;
    while at < end {
        let step = step(&mut stream, nodes);
        let _ = writeln!(steps, "    - at: {at}s\n      {step}\n      mayFail: true");
        at += 20 + stream.below(400);
    }
    for node in 1..=nodes {
        let _ = writeln!(steps, "    - at: {}s\n      kubectl: uncordon node-{node}\n      mayFail: true", end + 60);
    }
    let mut text = format!(
        r#"apiVersion: kubelapse/v1
kind: Scenario
metadata: {{ name: soak }}
spec:
  seed: {seed}
  until: {}s
  cluster: {{ nodes: [ {{ name: "node-{{}}", count: {nodes}, zones: [a, b, c], capacity: {{ cpu: 4, memory: 16Gi, pods: 110 }} }} ] }}
  images: {{ "nginx:1.26": {{ size: 72MiB }}, "nginx:1.27": {{ size: 72MiB }} }}
  steps:
{steps}
"#,
        end + 2 * 3600,
    );
    for index in 0..4 {
        let _ = write!(
            text,
            r#"---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web-{index} }}
spec:
  replicas: {}
  selector: {{ matchLabels: {{ app: web-{index} }} }}
  template:
    metadata: {{ labels: {{ app: web-{index} }} }}
    spec: {{ containers: [ {{ name: main, image: "nginx:1.27", resources: {{ requests: {{ cpu: 50m, memory: 32Mi }} }} }} ] }}
"#,
            4 + index * 3
        );
    }
    text + WORKLOADS
}

/// One random step.
fn step(stream: &mut Stream, nodes: u64) -> String {
    let web = format!("web-{}", stream.below(4));
    let node = format!("node-{}", 1 + stream.below(nodes));
    let seconds = 30 + stream.below(900);
    match stream.below(14) {
        0 | 1 => format!("kubectl: scale deployment {web} --replicas={}", stream.below(25)),
        2 | 3 => format!("kubectl: set image deployment/{web} main=nginx:1.2{}", 6 + stream.below(2)),
        4 => format!("kubectl: rollout restart deployment/{web}"),
        5 => format!("kubectl: rollout undo deployment/{web}"),
        6 => format!("kubectl: scale statefulset db --replicas={}", stream.below(6)),
        7 => format!("kubectl: delete pods -l app={web} --wait=false"),
        8 => format!("kubectl: drain {node} --ignore-daemonsets --force --delete-emptydir-data --timeout=120s"),
        9 => format!("kubectl: uncordon {node}"),
        10 => format!("fault: {{ node: {node}, kind: crash, for: {seconds}s }}"),
        11 => format!("fault: {{ node: {node}, kind: partition, for: {seconds}s }}"),
        12 => format!("fault: {{ node: {node}, kind: reboot, for: 40s }}"),
        _ => format!("kubectl: create job job-{} --image=busybox:1.36 -- sleep 30", stream.next_u64() % 1_000_000),
    }
}

/// Looks at every change.
#[derive(Default)]
struct Invariants {
    cursor: Cursor,
    phases: Vec<PodPhase>,
    changes: u64,
}

impl Observer for Invariants {
    fn transcript(&mut self, _at: SimTime, _command: &str, _output: &str) {}
    fn progress(&mut self, _now: SimTime, _events: u64) {}

    fn event(&mut self, now: SimTime, cluster: &Cluster) {
        while let Some(change) = cluster.log.next(&mut self.cursor, SimTime::NEVER) {
            self.changes += 1;
            if let Some(pod) = change.object.as_pod() {
                self.look_at_pod(now, pod, change.verb, change.fields, cluster);
            } else if change.object.kind == Kind::POD_DISRUPTION_BUDGET
                && let Body::Plain { status } = cluster.body(change.object)
            {
                let allowed = status["disruptionsAllowed"].as_i64().unwrap_or(0);
                assert!(allowed >= 0, "{now:?}: a budget allows {allowed} disruptions");
            }
        }
    }
}

impl Invariants {
    fn look_at_pod(&mut self, now: SimTime, pod: PodId, verb: Verb, fields: Fields, cluster: &Cluster) {
        let row = cluster.pod(pod);
        if self.phases.len() <= pod.index() {
            self.phases.resize(pod.index() + 1, PodPhase::Pending);
        }
        let before = std::mem::replace(&mut self.phases[pod.index()], row.status.phase);
        let is_final = !before.is_terminal() || before == row.status.phase;
        assert!(is_final, "{now:?}: {} was {before:?} and is {:?}", row.name, row.status.phase);
        if verb == Verb::Added && row.controller.kind == Kind::JOB {
            let job = cluster.body(row.controller).as_job().expect("a Job");
            let active = cluster.pods_of(row.controller).filter(|pod| cluster.pod(*pod).is_active()).count() as i32;
            assert!(active <= job.parallelism, "{now:?}: {active} pods of a Job with {}", job.parallelism);
        }
        if fields.contains(Fields::BOUND) && row.node.is_some() && verb != Verb::Deleted {
            let node = cluster.node(row.node).body.as_node().expect("a node");
            let bound = cluster.pods_on(row.node).filter(|pod| !cluster.pod(*pod).status.phase.is_terminal());
            let used: i64 = bound.map(|pod| cluster.template_of(pod).requests.cpu_milli).sum();
            let has = node.allocatable.get("cpu").map_or(0, |cpu| cpu.milli());
            assert!(used <= has, "{now:?}: {used}m of {has}m CPU are given away");
        }
    }
}

/// A day has passed, and nobody has touched the cluster for two hours.
fn assert_settled(cluster: &Cluster, seed: u64) {
    for key in cluster.list(Kind::NODE) {
        let node = cluster.body(key).as_node().expect("a node");
        assert!(node.is_ready(), "seed {seed}: {} is not ready", cluster.meta(key).name);
        assert!(node.taints.is_empty(), "seed {seed}: {} has {:?}", cluster.meta(key).name, node.taints);
    }
    for key in cluster.list(Kind::DEPLOYMENT) {
        let (name, body) = (&cluster.meta(key).name, cluster.body(key).as_deployment().expect("a Deployment"));
        let status = &body.status;
        let found = (status.replicas, status.updated, status.available);
        assert_eq!(found, (body.replicas, body.replicas, body.replicas), "seed {seed}: {name}");
    }
    for key in cluster.list(Kind::STATEFUL_SET) {
        let body = cluster.body(key).as_stateful_set().expect("a StatefulSet");
        assert_eq!((body.status.replicas, body.status.ready), (body.replicas, body.replicas), "seed {seed}: db");
    }
    for key in cluster.list(Kind::DAEMON_SET) {
        let status = &cluster.body(key).as_daemon_set().expect("a DaemonSet").status;
        let nodes = cluster.count(Kind::NODE) as i32;
        assert_eq!((status.desired, status.ready, status.misscheduled), (nodes, nodes, 0), "seed {seed}: agent");
    }
    for pod in cluster.list(Kind::POD).filter_map(ObjectRef::as_pod) {
        let row = cluster.pod(pod);
        assert!(row.deletion.is_none(), "seed {seed}: {} does not go", row.name);
        assert!(!row.controller.is_some() || cluster.is_live(row.controller), "seed {seed}: {} is left over", row.name);
    }
    for kind in [Kind::REPLICA_SET, Kind::ENDPOINT_SLICE, Kind::CONTROLLER_REVISION, Kind::JOB] {
        for object in cluster.list(kind) {
            let owner = cluster.meta(object).controller();
            assert!(
                !owner.is_some() || cluster.is_live(owner),
                "seed {seed}: {} is left over",
                cluster.meta(object).name
            );
        }
    }
    for quota in cluster.list(Kind::RESOURCE_QUOTA) {
        let stored = cluster.quota(quota);
        let counted = cluster.quota_usage(SimTime::NEVER, cluster.meta(quota).namespace, &stored);
        assert_eq!(stored.used, counted, "seed {seed}: the quota");
    }
    let ready = |pod: &PodId| cluster.pod(*pod).is_ready();
    for service in cluster.list(Kind::SERVICE) {
        let Some(selector) = cluster.body(service).as_service().and_then(|service| service.selector.clone()) else {
            continue;
        };
        let wanted: Vec<PodId> =
            cluster.pods_matching(cluster.meta(service).namespace, &selector).into_iter().filter(ready).collect();
        let slices =
            cluster.owned(service, Kind::ENDPOINT_SLICE).filter_map(|slice| cluster.body(slice).as_endpoint_slice());
        let mut found: Vec<PodId> =
            slices.flat_map(|slice| &slice.endpoints).filter(|endpoint| endpoint.ready).map(|one| one.pod).collect();
        found.sort_unstable();
        assert_eq!(found, wanted, "seed {seed}: endpoints of {}", cluster.meta(service).name);
    }
}

fn soak(seed: u64, nodes: u64, hours: u64) {
    let text = scenario(seed, nodes, hours);
    let plan = load_source(&source_of_text("soak", &text, Path::new(".")), &LoadOptions::default())
        .unwrap_or_else(|found| panic!("{}", found.render(false)));
    let mut simulation = Simulation::new(&plan).expect("the manifests are valid");
    let mut invariants = Invariants::default();
    simulation.run(&mut invariants);
    assert!(invariants.changes > 1000, "seed {seed}: only {} changes", invariants.changes);
    assert_settled(&simulation.cluster, seed);
}

#[test]
fn a_short_day_on_few_nodes_keeps_every_invariant_and_settles() {
    soak(1, 12, 2);
}

#[test]
#[ignore = "minutes in a release build: 24 hours on 100 nodes, 50 seeds"]
fn whole_days_on_a_hundred_nodes_keep_every_invariant_and_settle() {
    #[expect(clippy::disallowed_methods, reason = "how long the test runs is its caller's choice")]
    let seeds = std::env::var("KUBELAPSE_SOAK_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(50);
    for seed in 0..seeds {
        soak(seed, 100, 24);
    }
}
