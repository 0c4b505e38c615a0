//! A day of a cluster's life: random steps, faults and load, with everything that must hold looked at after each event,
//! and a calm end at which the cluster has to be what its objects ask for.
//!
//! `cargo test --test soak` runs a short day on few nodes; `cargo test --release --test soak -- --ignored` 24 hours on
//! 100 nodes with 50 seeds (`KUBELAPSE_SOAK_SEEDS=10` for fewer, `10..20` for others).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use kubelapse::cluster::{Cluster, Cursor, Fields, Verb};
use kubelapse::engine::random::{Stream, Streams};
use kubelapse::engine::{SimDuration, SimTime};
use kubelapse::model::condition::find;
use kubelapse::model::deployment::DeploymentStrategy;
use kubelapse::model::kind::Kind;
use kubelapse::model::object::{Body, ObjectRef, PodId};
use kubelapse::model::pod::{PodConditionType, PodPhase};
use kubelapse::model::selector::LabelSelector;
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
---
apiVersion: v1
kind: Service
metadata: { name: web-3 }
spec: { selector: { app: web-3 }, ports: [ { port: 80 } ] }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web-3 }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web-3 }
  minReplicas: 2
  maxReplicas: 25
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
    for web in 0..4 {
        let _ = writeln!(
            steps,
            "    - at: {}s\n      kubectl: rollout resume deployment/web-{web}\n      mayFail: true",
            end + 60
        );
    }
    for node in 1..=nodes {
        let _ = writeln!(steps, "    - at: {}s\n      kubectl: uncordon node-{node}\n      mayFail: true", end + 60);
    }
    let load: Vec<String> = (0..hours * 2).map(|half| format!("[{}s, {}]", half * 1800, stream.below(120))).collect();
    let mut text = format!(
        r#"apiVersion: kubelapse/v1
kind: Scenario
metadata: {{ name: soak }}
spec:
  seed: {seed}
  until: {}s
  cluster: {{ nodes: [ {{ name: "node-{{}}", count: {nodes}, zones: [a, b, c], capacity: {{ cpu: 4, memory: 16Gi, pods: 110 }} }} ] }}
  images: {{ "nginx:1.26": {{ size: 72MiB }}, "nginx:1.27": {{ size: 72MiB }} }}
  behaviors: [ {{ match: {{ labels: {{ app: web-3 }} }}, startup: 3s, cpu: 1m, memory: 16Mi }} ]
  traffic: [ {{ name: users, service: web-3, rps: {{ steps: [{}] }}, cost: {{ cpu: 4ms }}, latency: 20ms, timeout: 2s }} ]
  steps:
{steps}
"#,
        end + 2 * 3600,
        load.join(", "),
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
    match stream.below(19) {
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
        13 => format!("fault: {{ node: {node}, kind: kubelet, for: {seconds}s }}"),
        14 => {
            let component = ["kube-scheduler", "kube-controller-manager", "kube-apiserver"][stream.below(3) as usize];
            format!("fault: {{ component: {component}, kind: down, for: {}s }}", 5 + stream.below(120))
        }
        15 => {
            format!("fault: {{ nodes: \"topology.kubernetes.io/zone=a\", count: 20%, kind: crash, for: {seconds}s }}")
        }
        16 => format!("kubectl: rollout restart {}", ["daemonset/agent", "statefulset/db"][stream.below(2) as usize]),
        17 => format!("kubectl: patch deployment {web} -p '{{\"spec\":{{\"paused\":{}}}}}'", stream.below(2) == 0),
        _ => format!("kubectl: create job job-{} --image=busybox:1.36 -- sleep 30", stream.next_u64() % 1_000_000),
    }
}

/// Looks at every change.
#[derive(Default)]
struct Invariants {
    cursor: Cursor,
    phases: Vec<PodPhase>,
    changes: u64,
    evictions: u64,
    /// `spec.replicas` of ReplicaSets, and when it last fell.
    specs: BTreeMap<ObjectRef, (i32, SimTime)>,
    /// Until then the budget's numbers may not yet know what happened to its pods.
    stale_until: SimTime,
}

/// How long a request that was decided on may be under way.
const UNDER_WAY: SimDuration = SimDuration::from_secs(60);

impl Observer for Invariants {
    fn transcript(&mut self, _at: SimTime, _command: &str, _output: &str) {}
    fn progress(&mut self, _now: SimTime, _events: u64) {}

    fn event(&mut self, now: SimTime, cluster: &Cluster) {
        while let Some(change) = cluster.log.next(&mut self.cursor, SimTime::NEVER) {
            self.changes += 1;
            if let Some(pod) = change.object.as_pod() {
                self.look_at_pod(now, pod, change.verb, change.fields, cluster);
            } else if change.object.kind == Kind::REPLICA_SET && change.fields.contains(Fields::SPEC) {
                self.look_at_replica_set(now, change.object, cluster);
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
        let active = || cluster.pods_of(row.controller).filter(|pod| cluster.pod(*pod).is_active()).count() as i32;
        if verb == Verb::Added && row.controller.kind == Kind::JOB {
            let job = cluster.body(row.controller).as_job().expect("a Job");
            assert!(active() <= job.parallelism, "{now:?}: {} pods of a Job with {}", active(), job.parallelism);
        }
        if verb == Verb::Added && row.controller.is_some() && row.controller.kind == Kind::REPLICA_SET {
            let (spec, fell) = self.specs.get(&row.controller).copied().expect("it was added before its pods");
            let may_be_late = fell > SimTime::ZERO && now <= fell + UNDER_WAY;
            assert!(active() <= spec || may_be_late, "{now:?}: {} pods of a set of {spec}", active());
        }
        if fields.contains(Fields::BOUND) && row.node.is_some() && verb != Verb::Deleted {
            let node = cluster.node(row.node).body.as_node().expect("a node");
            let bound = cluster.pods_on(row.node).filter(|pod| !cluster.pod(*pod).status.phase.is_terminal());
            let used: i64 = bound.map(|pod| cluster.template_of(pod).requests.cpu_milli).sum();
            let has = node.allocatable.get("cpu").map_or(0, |cpu| cpu.milli());
            assert!(used <= has, "{now:?}: {used}m of {has}m CPU are given away");
        }
        if cluster.template_of(pod).labels.get("app") == Some("web-0") {
            self.look_at_budget(now, pod, verb, fields, cluster);
        }
    }

    /// The budget of web-0: an eviction leaves as many healthy pods as it asks for.
    fn look_at_budget(&mut self, now: SimTime, pod: PodId, verb: Verb, fields: Fields, cluster: &Cluster) {
        let row = cluster.pod(pod);
        let target = row.status.condition(PodConditionType::DisruptionTarget);
        let is_evicted = target.is_some_and(|target| target.reason() == "EvictionByEvictionAPI");
        let is_eviction = is_evicted && verb == Verb::Modified && fields.contains(Fields::DELETION);
        if !is_eviction {
            if fields.intersects(Fields::READY | Fields::DELETION | Fields::OWNERSHIP) && !is_evicted {
                self.stale_until = now + SimDuration::from_secs(2);
            }
            return;
        }
        self.evictions += 1;
        let budget = cluster.list(Kind::POD_DISRUPTION_BUDGET).next().expect("there is one");
        let Body::Plain { status } = cluster.body(budget) else { return };
        let wanted = status["desiredHealthy"].as_i64().unwrap_or(0);
        let selector = LabelSelector::from_map([("app", "web-0")]);
        let healthy = cluster.pods_matching(row.namespace, &selector).into_iter().filter(|pod| {
            let row = cluster.pod(*pod);
            row.is_ready() && row.deletion.is_none()
        });
        let healthy = healthy.count() as i64;
        let is_counted = row.is_ready() && now > self.stale_until;
        assert!(!is_counted || healthy >= wanted, "{now:?}: an eviction leaves {healthy} of {wanted}");
    }

    /// What a Deployment makes of its ReplicaSets: never more than the surge allows, and what it takes away leaves enough
    /// that are available, unless somebody has just scaled it.
    fn look_at_replica_set(&mut self, now: SimTime, set: ObjectRef, cluster: &Cluster) {
        let spec = cluster.body(set).as_replica_set().expect("a ReplicaSet").replicas;
        let before = self.specs.get(&set).copied().unwrap_or_default();
        self.specs.insert(set, (spec, if spec < before.0 { now } else { before.1 }));
        let owner = cluster.meta(set).controller();
        if !cluster.is_live(owner) || !cluster.is_live(set) {
            return;
        }
        let deployment = cluster.body(owner).as_deployment().expect("Deployments own them");
        let sets: Vec<ObjectRef> = cluster.owned(owner, Kind::REPLICA_SET).collect();
        let desired = deployment.replicas.to_string();
        let is_sized = |set: &ObjectRef| {
            let sized_for = cluster.meta(*set).annotations.get("deployment.kubernetes.io/desired-replicas");
            self.specs[set].0 == 0 || sized_for == Some(&desired)
        };
        if !sets.iter().all(|set| self.specs.contains_key(set)) || !sets.iter().all(is_sized) {
            return;
        }
        let DeploymentStrategy::RollingUpdate { max_unavailable, max_surge } = deployment.strategy else { return };
        let replicas = deployment.replicas;
        let total: i32 = sets.iter().map(|set| self.specs[set].0).sum();
        let most = replicas + max_surge.scaled(replicas, true);
        assert!(spec <= before.0 || total <= most, "{now:?}: {total} replicas of at most {most}");
        let available = |of: ObjectRef, spec: i32| {
            cluster.body(of).as_replica_set().map_or(0, |set| set.status.available.min(spec))
        };
        let was: i32 = sets.iter().map(|of| available(*of, if *of == set { before.0 } else { self.specs[of].0 })).sum();
        let is: i32 = sets.iter().map(|of| available(*of, self.specs[of].0)).sum();
        let least = replicas - max_unavailable.scaled(replicas, false);
        assert!(spec >= before.0 || is >= was.min(least), "{now:?}: {is} of {least} stay available, {was} were");
    }
}

/// A day has passed, and nobody has touched the cluster for two hours.
fn assert_settled(cluster: &Cluster, seed: u64, end: SimTime) {
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
        let sets = cluster.owned(key, Kind::REPLICA_SET).count();
        assert!(sets <= 11, "seed {seed}: {name} has {sets} ReplicaSets");
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
    for job in cluster.list(Kind::JOB) {
        let status = &cluster.body(job).as_job().expect("a Job").status;
        let is_over = status.completion_time.is_some() || find(&status.conditions, "Failed").is_some();
        let is_young = cluster.meta(job).created + SimDuration::from_secs(1800) > end;
        assert!(is_over || is_young, "seed {seed}: {} is not over", cluster.meta(job).name);
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
    assert_settled(&simulation.cluster, seed, SimTime::from_secs((hours + 2) * 3600));
}

#[test]
fn a_short_day_on_few_nodes_keeps_every_invariant_and_settles() {
    soak(1, 12, 2);
}

#[test]
#[ignore = "minutes in a release build: 24 hours on 100 nodes, 50 seeds"]
fn whole_days_on_a_hundred_nodes_keep_every_invariant_and_settle() {
    #[expect(clippy::disallowed_methods, reason = "how long the test runs is its caller's choice")]
    let seeds = std::env::var("KUBELAPSE_SOAK_SEEDS").unwrap_or_default();
    let (first, end) = seeds.split_once("..").unwrap_or(("0", &seeds));
    let (first, end) = (first.parse().unwrap_or(0), end.parse().unwrap_or(50));
    let fails = |seed: &u64| std::panic::catch_unwind(|| soak(*seed, 100, 24)).is_err();
    let failed: Vec<u64> = (first..end).filter(fails).collect();
    for seed in &failed {
        let path = std::env::temp_dir().join(format!("kubelapse-soak-{seed}.yaml"));
        std::fs::write(path, scenario(*seed, 100, 24)).expect("the folder for temporary files can be written");
    }
    assert!(failed.is_empty(), "seeds {failed:?} failed; their scenarios are in the folder for temporary files");
}
