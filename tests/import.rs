//! Imported clusters: a dump that kubelapse itself made lives on as if nothing had happened, others as far as they go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kubelapse::engine::SimDuration;
use kubelapse::scenario::{LoadOptions, Plan, load_source, source_of_text};
use kubelapse::simulation::{Simulation, Unobserved};
use proptest::prelude::*;
use serde_json::{Value, json};

const KINDS: &str = "nodes,pods,deployments,replicasets,statefulsets,daemonsets,jobs,cronjobs,hpa,services,pdb,\
                     priorityclasses,pv,pvc,events";

fn plan(text: &str, directory: &Path) -> Plan {
    let source = source_of_text("test.yaml", text, directory);
    load_source(&source, &LoadOptions::default()).unwrap_or_else(|found| panic!("{}", found.render(false)))
}

fn at(text: &str, directory: &Path, seconds: u64) -> Simulation {
    let mut simulation = Simulation::new(&plan(text, directory)).unwrap_or_else(|error| panic!("{error}"));
    simulation.run_to(SimDuration::from_secs(seconds), &mut Unobserved);
    simulation
}

fn objects(simulation: &mut Simulation, kinds: &str) -> Vec<Value> {
    let output = simulation.kubectl(&format!("get {kinds} -A -o json"), &mut Unobserved);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let list: Value = serde_json::from_str(&output.stdout).expect("kubectl prints JSON");
    list["items"].as_array().cloned().unwrap_or_default()
}

/// A folder that is gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kubelapse-import-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary folder is writable");
        Self(path)
    }

    /// A scenario that goes on from a dump of these objects.
    fn scenario(&self, objects: &[Value]) -> String {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        std::fs::write(self.0.join("dump.json"), list.to_string()).expect("the temporary folder is writable");
        "apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n  until: 1h\n  cluster: {import: [dump.json]}\n".to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Pods by name: where they are, what they are, and how often their containers were restarted.
fn pods(objects: &[Value]) -> BTreeMap<String, (Value, Value, Value)> {
    let restarts = |pod: &Value| {
        let statuses = pod["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
        statuses.iter().map(|status| status["restartCount"].clone()).collect::<Value>()
    };
    let pods = objects.iter().filter(|object| object["kind"] == "Pod");
    pods.map(|pod| {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        (name, (pod["metadata"]["uid"].clone(), pod["spec"].clone(), restarts(pod)))
    })
    .collect()
}

const APP: &str = r#"
apiVersion: kubelapse/v1
kind: Scenario
spec:
  cluster:
    nodes: [{name: "w-{}", count: 4, zones: [a, b]}]
    systemPods: kubeadm
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: nginx:1.27
        resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 500m}}
        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5}
        livenessProbe: {httpGet: {path: /, port: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: "postgres:16"}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: c, image: "fluentd:v1"}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: work}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: c, image: busybox, command: [sh, -c, "sleep 120; echo done"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: huge}
spec: {containers: [{name: c, image: nginx, resources: {requests: {cpu: "64"}}}]}
"#;

#[test]
fn a_dump_of_a_run_goes_on_without_a_restart_or_a_move() {
    let scratch = Scratch::new("goes-on");
    let dumped = objects(&mut at(APP, &scratch.0, 60), KINDS);
    let before = pods(&dumped);
    let scenario = scratch.scenario(&dumped);
    let mut simulation = at(&scenario, &scratch.0, 1);
    let after = pods(&objects(&mut simulation, "pods"));
    assert_eq!(before, after);
    // Half an hour later only the Job's pod has done what it had to: it ended when it would have.
    let mut later = at(&scenario, &scratch.0, 1800);
    assert_eq!(before, pods(&objects(&mut later, "pods")));
    let jobs = objects(&mut later, "jobs");
    let original = objects(&mut at(APP, &scratch.0, 1800), "jobs");
    assert_eq!(jobs[0]["status"]["succeeded"], 1);
    let seconds = |job: &Value| job["status"]["completionTime"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let drift = seconds(&jobs[0]).as_second() - seconds(&original[0]).as_second();
    assert!(drift.abs() <= 2, "the Job ended {drift} s after it would have");
    let expected = ["agent", "db", "web"].map(|name| format!("{name}-"));
    let revisions = objects(&mut later, "controllerrevisions");
    let of =
        |prefix: &String| revisions.iter().filter(|one| text(&one["metadata"]["name"]).starts_with(prefix)).count();
    assert_eq!(expected.each_ref().map(of), [1, 1, 0], "a template has one revision");
    assert_eq!(
        objects(&mut later, "replicasets")
            .iter()
            .filter(|set| text(&set["metadata"]["name"]).starts_with("web"))
            .count(),
        1
    );
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn pods_without_their_owners_and_nodes_live_on() {
    let scratch = Scratch::new("pods-only");
    let dumped = objects(&mut at(APP, &scratch.0, 60), "pods,deployments,statefulsets");
    let before = pods(&dumped);
    let scenario = scratch.scenario(&dumped);
    let dump = plan(&scenario, &scratch.0).cluster.dump.expect("it was read");
    for kind in ["Node", "ReplicaSet", "DaemonSet", "Job"] {
        assert!(dump.assumed.iter().any(|sentence| sentence.contains(kind)), "{kind}: {:#?}", dump.assumed);
    }
    assert_eq!(before, pods(&objects(&mut at(&scenario, &scratch.0, 600), "pods")));
}

#[test]
fn static_pods_come_again_when_their_mirrors_are_deleted() {
    let scratch = Scratch::new("mirrors");
    let dumped = objects(&mut at(APP, &scratch.0, 60), KINDS);
    let before = pods(&dumped);
    assert!(before.keys().any(|name| name == "etcd-w-1"));
    let scenario = scratch.scenario(&dumped);
    let mut simulation = at(&scenario, &scratch.0, 600);
    assert_eq!(before, pods(&objects(&mut simulation, "pods")), "the kubelets know the mirrors as their own");
    let gone = simulation.kubectl("delete pod etcd-w-1 -n kube-system", &mut Unobserved);
    assert_eq!(gone.exit, 0, "{}", gone.stderr);
    simulation.run_to(SimDuration::from_secs(660), &mut Unobserved);
    let after = objects(&mut simulation, "pods");
    let mirror = after.iter().find(|pod| pod["metadata"]["name"] == "etcd-w-1").expect("it was made anew");
    assert_ne!(mirror["metadata"]["uid"], before["etcd-w-1"].0);
    let container = &mirror["status"]["containerStatuses"][0];
    assert_eq!((&container["restartCount"], &container["ready"]), (&json!(0), &json!(true)));
    let started = |pod: &Value| pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"].clone();
    let old = dumped.iter().find(|pod| pod["kind"] == "Pod" && pod["metadata"]["name"] == "etcd-w-1").unwrap();
    assert_eq!(started(mirror), started(old), "the container runs on");
}

#[test]
fn a_warm_up_before_an_imported_cluster_lives_on_changes_nothing() {
    let scratch = Scratch::new("warm-up");
    let dumped = objects(&mut at(APP, &scratch.0, 60), KINDS);
    let before = pods(&dumped);
    for warmup in ["5m", "idle"] {
        let scenario = scratch.scenario(&dumped).replace("until: 1h", &format!("until: 1h\n  warmup: {warmup}"));
        let mut simulation = at(&scenario, &scratch.0, 1200);
        assert_eq!(before, pods(&objects(&mut simulation, "pods")), "{warmup}");
    }
}

#[test]
fn a_crash_loop_keeps_its_count_and_its_back_off() {
    let scratch = Scratch::new("crash");
    let crash = "apiVersion: v1\nkind: Pod\nmetadata: {name: crash}\nspec:\n  containers: [{name: c, image: busybox, command: [sh, -c, 'sleep 5; exit 1']}]\n";
    let dumped = objects(&mut at(crash, &scratch.0, 240), KINDS);
    let scenario = scratch.scenario(&dumped);
    let starts = |simulation: &mut Simulation| {
        let pods = objects(simulation, "pods");
        pods[0]["status"]["containerStatuses"][0]["lastState"]["terminated"]["startedAt"].clone()
    };
    let start = plan(&scenario, &scratch.0).start.as_second() - plan(crash, &scratch.0).start.as_second();
    let later = 900 - u64::try_from(start).unwrap();
    let (mut original, mut imported) = (at(crash, &scratch.0, 900), at(&scenario, &scratch.0, later));
    let restarts = |simulation: &mut Simulation| {
        objects(simulation, "pods")[0]["status"]["containerStatuses"][0]["restartCount"].clone()
    };
    assert_eq!(restarts(&mut original), restarts(&mut imported));
    let moment = |value: Value| text(&value).parse::<jiff::Timestamp>().unwrap().as_second();
    let drift = moment(starts(&mut original)) - moment(starts(&mut imported));
    assert!(drift.abs() <= 15, "the last run began {drift} s apart");
}

#[test]
fn recorded_objects_import_and_nothing_panics() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/api/print");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the recordings are there").map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let recorded: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let objects_of = recorded["objects"].as_array().cloned().unwrap_or_default();
        let running: Vec<String> = objects_of
            .iter()
            .filter(|object| object["kind"] == "Pod" && object["status"]["phase"] == "Running")
            .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
            .map(|pod| text(&pod["metadata"]["name"]).to_owned())
            .collect();
        let scratch = Scratch::new("recorded");
        let scenario = scratch.scenario(&objects_of);
        let mut simulation = at(&scenario, &scratch.0, 1);
        let there = pods(&objects(&mut simulation, "pods"));
        for name in running {
            assert!(there.contains_key(&name), "{}: {name} is gone", file.display());
        }
        at(&scenario, &scratch.0, 900);
    }
}

#[derive(Clone, Debug)]
struct Workload {
    kind: usize,
    replicas: u32,
    milli: u32,
    image: usize,
    probes: bool,
    sleeps: u32,
}

fn workloads() -> impl Strategy<Value = Vec<Workload>> {
    let one = (0..4_usize, 1..5_u32, 0..1500_u32, 0..3_usize, any::<bool>(), 1..300_u32);
    let one = one.prop_map(|(kind, replicas, milli, image, probes, sleeps)| Workload {
        kind,
        replicas,
        milli,
        image,
        probes,
        sleeps,
    });
    prop::collection::vec(one, 1..5)
}

fn manifests(workloads: &[Workload]) -> String {
    let mut documents = Vec::new();
    for (index, one) in workloads.iter().enumerate() {
        let name = format!("w{index}");
        let image = ["nginx:1.27", "redis:7", "example.com/app:1"][one.image];
        let mut container = json!({"name": "c", "image": image,
            "resources": {"requests": {"cpu": format!("{}m", one.milli)}}});
        if one.probes {
            container["ports"] = json!([{"containerPort": 80}]);
            container["readinessProbe"] = json!({"tcpSocket": {"port": 80}});
        }
        if one.kind == 3 {
            container["image"] = "busybox".into();
            container["command"] = json!(["sh", "-c", format!("sleep {}", one.sleeps)]);
        }
        let mut spec = json!({"containers": [container]});
        let labels = json!({"app": name});
        let template = |spec: &Value| json!({"metadata": {"labels": labels}, "spec": spec});
        let selector = json!({"matchLabels": labels});
        let (api, kind, spec) = match one.kind {
            0 => (
                "apps/v1",
                "Deployment",
                json!({"replicas": one.replicas, "selector": selector, "template": template(&spec)}),
            ),
            1 => (
                "apps/v1",
                "StatefulSet",
                json!({"replicas": one.replicas, "serviceName": name,
                "selector": selector, "template": template(&spec)}),
            ),
            2 => ("apps/v1", "DaemonSet", json!({"selector": selector, "template": template(&spec)})),
            _ => {
                spec["restartPolicy"] = "OnFailure".into();
                ("batch/v1", "Job", json!({"completions": one.replicas, "parallelism": 2, "template": template(&spec)}))
            }
        };
        documents.push(json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec}).to_string());
    }
    documents.join("\n---\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever runs when it is dumped: imported and dumped again it is the same, and its owners want nothing else.
    #[test]
    fn what_is_dumped_and_imported_is_the_same(workloads in workloads(), seconds in 1..400_u64) {
        let scratch = Scratch::new(&format!("property-{seconds}"));
        let dumped = objects(&mut at(&manifests(&workloads), &scratch.0, seconds), KINDS);
        let scenario = scratch.scenario(&dumped);
        let again = objects(&mut at(&scenario, &scratch.0, 0), KINDS);
        prop_assert_eq!(pods(&dumped), pods(&again));
        // What ran then still does: nobody was restarted or deleted, though Jobs may have gone on.
        let later = pods(&objects(&mut at(&scenario, &scratch.0, 900), KINDS));
        for (name, (uid, spec, restarts)) in pods(&dumped) {
            if spec["nodeName"].is_null() {
                continue;
            }
            let Some(found) = later.get(&name) else { panic!("{name} is gone") };
            prop_assert_eq!(&found.0, &uid, "{}", name);
            prop_assert_eq!(&found.1, &spec, "{}", name);
            if !restarts.as_array().is_none_or(Vec::is_empty) {
                prop_assert_eq!(&found.2, &restarts, "{}", name);
            }
        }
    }
}
