//! How fast the scheduling algorithm decides: default plugins, pods from templates, each assumed before the next, one
//! thread. With `--plain` also without anything kept between cycles. `benches/README.md` holds the figures.

use std::sync::Arc;

use kubelapse::api::{Clock, Decoded, DecodedBody, convert};
use kubelapse::cluster::{Cluster, ClusterSettings, NewPod, PodName};
use kubelapse::engine::random::Streams;
use kubelapse::engine::{SimDuration, SimTime};
use kubelapse::model::kind::Kind;
use kubelapse::model::object::{ObjectRef, TemplateId};
use kubelapse::scheduler::algorithm::{Algorithm, Outcome};
use kubelapse::scheduler::cache::{Cache, NodeFacts};
use kubelapse::scheduler::queue::Nominator;
use kubelapse::scheduler::registry::default_profile;
use serde_json::{Value, json};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the pods are like.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    templates: usize,
    /// Labels and specification beyond one container, by template.
    make: fn(usize) -> (Value, Value),
    service: bool,
}

const LOADS: [Load; 9] = [
    Load { name: "plain", templates: 1, make: plain, service: false },
    Load { name: "with a Service", templates: 1, make: plain, service: true },
    Load { name: "zone spread", templates: 1, make: zone_spread, service: false },
    Load { name: "pod anti-affinity", templates: 1, make: anti_affinity, service: false },
    Load { name: "50 templates", templates: 50, make: plain, service: false },
    Load { name: "50 templates, required anti-affinity", templates: 50, make: required_anti_affinity, service: false },
    Load { name: "50 templates, host spread", templates: 50, make: host_spread, service: false },
    Load { name: "50 templates, zone spread", templates: 50, make: zone_spread, service: false },
    Load { name: "50 templates, all of these", templates: 50, make: mixed, service: true },
];

fn labels(template: usize) -> Value {
    json!({ "app": "web", "template": format!("t{template}") })
}

fn plain(template: usize) -> (Value, Value) {
    (labels(template), json!({}))
}

fn zone_spread(template: usize) -> (Value, Value) {
    let selector = json!({ "matchLabels": labels(template) });
    let constraint = json!({
        "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": selector,
    });
    (labels(template), json!({ "topologySpreadConstraints": [constraint] }))
}

/// The pods of a template keep hosts to themselves.
fn required_anti_affinity(template: usize) -> (Value, Value) {
    let term = json!({ "topologyKey": "kubernetes.io/hostname", "labelSelector": { "matchLabels": labels(template) } });
    let required = json!({ "requiredDuringSchedulingIgnoredDuringExecution": [term] });
    (labels(template), json!({ "affinity": { "podAntiAffinity": required } }))
}

/// As zone spread, over hosts: as many domains as nodes.
fn host_spread(template: usize) -> (Value, Value) {
    let (labels, mut spec) = zone_spread(template);
    spec["topologySpreadConstraints"][0]["topologyKey"] = json!("kubernetes.io/hostname");
    (labels, spec)
}

/// Few enough pods that each finds a host of its own.
fn anti_affinity(template: usize) -> (Value, Value) {
    let term = json!({ "topologyKey": "kubernetes.io/hostname", "labelSelector": { "matchLabels": labels(template) } });
    let preferred = json!([{ "weight": 50, "podAffinityTerm": term }]);
    (
        labels(template),
        json!({ "affinity": { "podAntiAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": preferred } } }),
    )
}

fn mixed(template: usize) -> (Value, Value) {
    match template % 3 {
        0 => plain(template),
        1 => zone_spread(template),
        _ => anti_affinity(template),
    }
}

fn cluster_with(nodes: usize, service: bool) -> (Cluster, Cache) {
    let settings = ClusterSettings {
        clock: Clock { epoch_seconds: 0, warmup: SimDuration::ZERO },
        streams: Streams::new(0),
        not_ready_toleration_seconds: 300,
        unreachable_toleration_seconds: 300,
    };
    let (mut cluster, mut cache) = (Cluster::new(settings), Cache::default());
    for index in 0..nodes {
        let name = format!("node-{index}");
        let allocatable = json!({ "cpu": "32", "memory": "128Gi", "pods": "110" });
        let node = json!({
            "metadata": { "name": name, "labels": {
                "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": format!("zone-{}", index % 3),
            } },
            "status": { "capacity": allocatable, "allocatable": allocatable },
        });
        let node = create(&mut cluster, Kind::NODE, &node).as_node().expect("a node");
        cache.set_node(node, NodeFacts::of(cluster.node(node)), &[]);
    }
    if service {
        let service =
            json!({ "metadata": { "name": "web", "namespace": "default" }, "spec": { "selector": { "app": "web" } } });
        create(&mut cluster, Kind::SERVICE, &service);
    }
    (cluster, cache)
}

fn create(cluster: &mut Cluster, kind: Kind, value: &Value) -> ObjectRef {
    let metadata = &value["metadata"];
    let text = |key: &str| metadata[key].as_str().unwrap_or_default().into();
    let decoded = Decoded {
        kind,
        namespace: text("namespace"),
        name: text("name"),
        generate_name: "".into(),
        labels: Arc::new(convert::labels(&metadata["labels"])),
        annotations: Arc::new(convert::labels(&metadata["annotations"])),
        finalizers: Vec::new(),
        owners: Vec::new(),
        resource_version: "".into(),
        raw: Arc::new(value.clone()),
        body: DecodedBody::Other { body: convert::body(kind, value), template: None },
    };
    cluster.create(SimTime::ZERO, decoded).expect("a valid object")
}

fn template(cluster: &mut Cluster, load: Load, index: usize) -> TemplateId {
    let (labels, mut spec) = (load.make)(index);
    let requests = json!({ "cpu": format!("{}m", 100 + index), "memory": "128Mi" });
    spec["containers"] = json!([{ "name": "main", "image": "nginx:1.27", "resources": { "requests": requests } }]);
    spec["schedulerName"] = json!("default-scheduler");
    let pod = json!({ "metadata": { "labels": labels }, "spec": spec });
    cluster.intern_template(Arc::new(convert::pod_template(&pod)))
}

/// What a run shows.
#[derive(Clone, Copy)]
struct Outcomes {
    /// Decisions a second of CPU time.
    speed: f64,
    /// A number that stands for all decisions.
    digest: u64,
    /// Time of the last quarter of the pods over that of the second.
    growth: f64,
}

fn run(load: Load, nodes: usize, pods: usize, forgetful: bool) -> Outcomes {
    let (mut cluster, mut cache) = cluster_with(nodes, load.service);
    let templates: Vec<TemplateId> = (0..load.templates).map(|index| template(&mut cluster, load, index)).collect();
    let namespace = cluster.namespace("default").expect("there from the start");
    let pods: Vec<_> = (0..pods)
        .map(|index| {
            let new = NewPod {
                namespace,
                name: PodName::Exact(format!("pod-{index}").into()),
                template: templates[index % templates.len()],
                controller: ObjectRef::NONE,
                finalizers: Vec::new(),
                mirror: true,
            };
            cluster.create_pod(SimTime::ZERO, new).expect("a valid pod")
        })
        .collect();
    let make = if forgetful { Algorithm::forgetful } else { Algorithm::new };
    let mut algorithm = make(default_profile(), 0);
    let nominator = Nominator::default();
    let begin = cpu_time();
    let mut digest = 0_u64;
    let mut quarters = Vec::new();
    for (index, pod) in pods.iter().enumerate() {
        if index % (pods.len() / 4).max(1) == 0 {
            quarters.push(cpu_time());
        }
        let Outcome::Fits(decision) = algorithm.schedule(&cluster, &mut cache, &nominator, *pod) else {
            panic!("{} does not fit", cluster.pod(*pod).name);
        };
        cache.assume(&cluster, *pod, decision.node);
        digest = digest.wrapping_mul(31).wrapping_add(u64::from(decision.node.0));
    }
    let end = cpu_time();
    let growth = (end - quarters[3]) / (quarters[2] - quarters[1]);
    Outcomes { speed: pods.len() as f64 / (end - begin), digest, growth }
}

/// Seconds of CPU that this thread has used.
fn cpu_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanos: f64 = stat.split(' ').next().and_then(|field| field.parse().ok()).expect("a number");
    nanos / 1e9
}

#[expect(clippy::print_stdout, reason = "the table is the output of this benchmark")]
fn main() {
    let compares = std::env::args().any(|argument| argument == "--plain");
    println!("| load | nodes | pods/s | made anew | last quarter ÷ second |\n|---|---:|---:|---:|---:|");
    for load in LOADS {
        for nodes in [1000, 5000] {
            let Outcomes { speed, digest, growth } = (0..3)
                .map(|_| run(load, nodes, 10_000, false))
                .max_by(|left, right| left.speed.total_cmp(&right.speed))
                .expect("three runs");
            let plain = compares.then(|| run(load, nodes, 1000, true).speed);
            let plain = plain.map_or_else(String::new, |speed| format!("{speed:.0}"));
            println!("| {} | {nodes} | {speed:.0} | {plain} | {growth:.2} | <!-- {digest:x} -->", load.name);
        }
    }
}
