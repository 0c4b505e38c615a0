//! Whole runs, in process and without files: time of one core and peak memory. One case a process, so that the peak is
//! the case's own: the bench runs itself again for each.
//!
//! `cargo bench --bench simulation` runs all cases; `cargo bench --bench simulation -- NAME` one of them.

#![expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use kubelapse::scenario::{LoadOptions, load_source, source_of_text};
use kubelapse::simulation::{Simulation, Unobserved};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The scenario of a case.
enum Source {
    Text(&'static str),
    Made(fn() -> String),
}

use Source::{Made, Text};

/// Name, what it is, scenario.
const CASES: &[(&str, &str, Source)] = &[
    (
        "deployment-10k",
        "10,000 pods of one Deployment on 1,000 nodes, to Running (target 2 s, 200 MiB)",
        Text(DEPLOYMENT),
    ),
    ("idle-year", "1,000 nodes with nothing to do for a year (target 1 s)", Text(IDLE_YEAR)),
    ("jobs-10k", "10,000 pods of one Job that run 10 s each, on 1,000 nodes", Text(JOB)),
    (
        "pods-1m",
        "1,000,000 pods that run 10 s each, from creation to gone, on 1,000 nodes (target 10 s)",
        Text(MILLION),
    ),
    ("probes-3h", "100,000 pods with three probes each on 1,000 nodes for three hours", Text(PROBES_HOURS)),
    ("probes-week", "the same for a week (target: no longer)", Text(PROBES_WEEK)),
    (
        "deployments-150k",
        "150,000 pods in 3,000 Deployments on 5,000 nodes, to steady (target 10 s, aim 5 s, 1 GiB)",
        Made(deployments_150k),
    ),
    ("flat-10m", "1,000 autoscaled Deployments under constant load for ten minutes", Made(flat_minutes)),
    ("flat-day", "the same for a day (target: no longer; 1 s)", Made(flat_day)),
    ("sine-day", "1,000 Services under a day's sine of load, without autoscalers", Made(sine_day)),
    ("sine-hpa-day", "the same with 1,000 autoscalers (target 30 s)", Made(sine_autoscaled_day)),
];

/// The Job's pods go with it, as soon as it is complete.
const MILLION: &str = r#"
apiVersion: kubelapse/v1
kind: Scenario
metadata: { name: pods-1m }
spec:
  until: idle
  maxTime: 100h
  cluster: { latency: instant, nodes: [ { name: "node-{}", count: 1000, capacity: { cpu: 16, memory: 64Gi, pods: 110 } } ] }
  behaviors: [ { run: { for: 10s, exit: 0 } } ]
---
apiVersion: batch/v1
kind: Job
metadata: { name: work }
spec:
  parallelism: 50000
  completions: 1000000
  ttlSecondsAfterFinished: 0
  template:
    spec: { restartPolicy: Never, containers: [ { name: work, image: "busybox:1.36", resources: { requests: { cpu: 100m, memory: 64Mi } } } ] }
"#;

macro_rules! probes {
    ($name:literal, $until:literal) => {
        concat!(
            "apiVersion: kubelapse/v1\nkind: Scenario\nmetadata: { name: ",
            $name,
            " }\nspec:\n  until: ",
            $until,
            r#"
  cluster: { latency: instant, nodes: [ { name: "node-{}", count: 1000, capacity: { cpu: 16, memory: 64Gi, pods: 110 } } ] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 100000
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
      - name: web
        image: "nginx:1.27"
        resources: { requests: { cpu: 100m, memory: 128Mi } }
        startupProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 1 }
        readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 5 }
        livenessProbe: { exec: { command: [ cat, /etc/hostname ] } }
"#
        )
    };
}

const PROBES_HOURS: &str = probes!("probes-3h", "3h");
const PROBES_WEEK: &str = probes!("probes-week", "168h");

const DEPLOYMENT: &str = r#"
apiVersion: kubelapse/v1
kind: Scenario
metadata: { name: deployment-10k }
spec:
  until: idle
  maxTime: 1h
  cluster: { nodes: [ { name: "node-{}", count: 1000, capacity: { cpu: 16, memory: 64Gi, pods: 110 } } ] }
  images: { nginx:1.27: { size: 72MiB } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 10000
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [ { name: web, image: "nginx:1.27", resources: { requests: { cpu: 100m, memory: 128Mi } } } ] }
"#;

const IDLE_YEAR: &str = r#"
apiVersion: kubelapse/v1
kind: Scenario
metadata: { name: idle-year }
spec:
  until: 8760h
  cluster: { nodes: [ { name: "node-{}", count: 1000, capacity: { cpu: 16, memory: 64Gi, pods: 110 } } ] }
"#;

const JOB: &str = r#"
apiVersion: kubelapse/v1
kind: Scenario
metadata: { name: jobs-10k }
spec:
  until: idle
  maxTime: 2h
  cluster: { nodes: [ { name: "node-{}", count: 1000, capacity: { cpu: 16, memory: 64Gi, pods: 110 } } ] }
  behaviors: [ { run: { for: 10s, exit: 0 } } ]
---
apiVersion: batch/v1
kind: Job
metadata: { name: work }
spec:
  parallelism: 10000
  completions: 10000
  template:
    spec: { restartPolicy: Never, containers: [ { name: work, image: "busybox:1.36", resources: { requests: { cpu: 100m, memory: 64Mi } } } ] }
"#;

/// Equal Deployments but for their names, in ten namespaces.
fn deployments_150k() -> String {
    let mut text = String::from(DEPLOYMENTS_HEAD);
    for namespace in 0..10 {
        let _ = write!(text, "---\napiVersion: v1\nkind: Namespace\nmetadata: {{ name: team-{namespace} }}\n");
    }
    for index in 0..3000 {
        let namespace = index % 10;
        let _ = write!(
            text,
            r#"---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web-{index}, namespace: team-{namespace} }}
spec:
  replicas: 50
  selector: {{ matchLabels: {{ app: web-{index} }} }}
  template:
    metadata: {{ labels: {{ app: web-{index} }} }}
    spec: {{ containers: [ {{ name: web, image: "nginx:1.27", resources: {{ requests: {{ cpu: 100m, memory: 128Mi }} }} }} ] }}
"#
        );
    }
    text
}

const DEPLOYMENTS_HEAD: &str = r#"
apiVersion: kubelapse/v1
kind: Scenario
metadata: { name: deployments-150k }
spec:
  until: idle
  maxTime: 12h
  cluster: { nodes: [ { name: "node-{}", count: 5000, zones: [a, b, c], capacity: { cpu: 16, memory: 64Gi, pods: 110 } } ] }
  images: { nginx:1.27: { size: 72MiB } }
"#;

fn flat_minutes() -> String {
    services("flat-10m", "10m", "20", "10ms", true)
}

fn flat_day() -> String {
    services("flat-day", "24h", "20", "10ms", true)
}

const SINE: &str = "{ sine: { mean: 40, amplitude: 30, period: 24h, peak: 14h } }";

fn sine_day() -> String {
    services("sine-day", "24h", SINE, "4ms", false)
}

fn sine_autoscaled_day() -> String {
    services("sine-hpa-day", "24h", SINE, "4ms", true)
}

/// 1,000 Deployments behind Services with this load each.
fn services(name: &str, until: &str, load: &str, cost: &str, are_autoscaled: bool) -> String {
    let mut text = format!(
        "apiVersion: kubelapse/v1\nkind: Scenario\nmetadata: {{ name: {name} }}\nspec:\n  until: {until}\n  cluster: {{ nodes: [ \
         {{ name: 'node-{{}}', count: 100, capacity: {{ cpu: 64, memory: 256Gi, pods: 250 }} }} ] }}\n  traffic:\n"
    );
    for index in 0..1000 {
        let _ = writeln!(
            text,
            "  - {{ name: t{index}, service: web-{index}, rps: {load}, cost: {{ cpu: {cost} }}, latency: 20ms }}"
        );
    }
    for index in 0..1000 {
        let _ = write!(
            text,
            r#"---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web-{index} }}
spec:
  replicas: 2
  selector: {{ matchLabels: {{ app: web-{index} }} }}
  template:
    metadata: {{ labels: {{ app: web-{index} }} }}
    spec: {{ containers: [ {{ name: web, image: "nginx:1.27", ports: [ {{ containerPort: 80 }} ], resources: {{ requests: {{ cpu: 200m, memory: 64Mi }} }} }} ] }}
---
apiVersion: v1
kind: Service
metadata: {{ name: web-{index} }}
spec: {{ selector: {{ app: web-{index} }}, ports: [ {{ port: 80 }} ] }}
"#
        );
        if are_autoscaled {
            let _ = write!(
                text,
                r"---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{ name: web-{index} }}
spec:
  minReplicas: 2
  maxReplicas: 20
  scaleTargetRef: {{ apiVersion: apps/v1, kind: Deployment, name: web-{index} }}
  metrics: [ {{ type: Resource, resource: {{ name: cpu, target: {{ type: Utilization, averageUtilization: 60 }} }} }} ]
"
            );
        }
    }
    text
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if let [case] = wanted.as_slice()
        && let Some((_, _, text)) = CASES.iter().find(|(name, _, _)| name == case)
    {
        match text {
            Text(text) => measure(case, text),
            Made(make) => measure(case, &make()),
        }
        return;
    }
    let this = std::env::current_exe().expect("a bench has a path");
    for (name, what, _) in CASES {
        println!("{name}: {what}");
        // As the program sets it (`main.rs`).
        let status = Command::new(&this)
            .arg(name)
            .env("MIMALLOC_PURGE_DELAY", "1000")
            .status()
            .expect("the bench starts itself");
        assert!(status.success(), "{name} failed");
    }
}

/// Runs a case and prints what it took.
fn measure(name: &str, text: &str) {
    let source = source_of_text(name, text, Path::new("."));
    let mut plan = load_source(&source, &LoadOptions::default()).expect("a bench's scenario is valid");
    plan.output = plan.output.summary_only();
    let before = cpu_seconds();
    let mut simulation = Simulation::new(&plan).expect("a bench's manifests are valid");
    let ending = simulation.run(&mut Unobserved);
    let simulated = cpu_seconds();
    let events = simulation.events_handled();
    let (record, failures) = simulation.finish(&plan, ending);
    assert!(failures.is_empty(), "{failures:?}");
    println!(
        "  simulated {:.2} s CPU, record {:.2} s, {events} events ({:.2} M/s), {} pods, virtual end {:.1} s ({ending:?}), peak {} MiB",
        simulated - before,
        cpu_seconds() - simulated,
        events as f64 / (simulated - before) / 1e6,
        record.pods.len(),
        record.end.seconds(),
        peak_mebibytes(),
    );
}

/// User and system time of this process, from /proc/self/stat (in hundredths of a second).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// The greatest resident size so far, from /proc/self/status.
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() / 1024
}
