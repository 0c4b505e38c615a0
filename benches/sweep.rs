//! What a sweep costs beside its simulations, and how it scales: `cargo bench --bench sweep`.
//!
//! CPU time of this thread for the parts of a run that are the sweep's own (plan, set-up, summary), per run of a scenario
//! with 50 pods; then the wall time of the same runs on one thread and on all cores.

#![expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;

use kubelapse::scenario::{LoadOptions, Plan, Template, source_of_text};
use kubelapse::simulation::{Simulation, Unobserved};
use kubelapse::sweep::{Finished, Jobs, Metric, in_order, simulate};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HEAD: &str = "apiVersion: kubelapse/v1
kind: Scenario
metadata: { name: bench }
spec:
  until: 10m
  cluster: { nodes: [ { name: 'worker-{}', count: 5, capacity: { cpu: 8, memory: 32Gi }, price: 0.2 } ] }
  behaviors: [ { match: { image: 'web:*' }, startup: { lognormal: { median: 5s, p99: 20s } }, cpu: 50m } ]
";

const CONTAINER: &str = "containers: [ { name: web, image: 'web:1', ports: [ { containerPort: 80 } ], readinessProbe: { \
                         httpGet: { path: /, port: 80 } }, resources: { requests: { cpu: 100m, memory: 64Mi } } } ]";

/// Five Deployments of ten.
fn deployments() -> String {
    let mut text = HEAD.to_owned();
    for index in 0..5 {
        let labels = format!("{{ app: web-{index} }}");
        let _ = write!(
            text,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web-{index} }}\nspec:\n  replicas: 10\n  \
             selector: {{ matchLabels: {labels} }}\n  template:\n    metadata: {{ labels: {labels} }}\n    spec: {{ {CONTAINER} }}\n"
        );
    }
    text
}

/// Fifty Pods, each a manifest.
fn pods() -> String {
    let mut text = HEAD.to_owned();
    for index in 0..50 {
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{ name: web-{index}, labels: {{ app: web }} }}\nspec: {{ {CONTAINER} }}\n"
        );
    }
    text
}

/// CPU time of this thread in seconds.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

#[expect(clippy::disallowed_types, reason = "a benchmark measures real time")]
fn wall(work: impl FnOnce()) -> f64 {
    let started = std::time::Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

fn template(text: &str) -> Template {
    Template::of(source_of_text("bench.yaml", text, Path::new("")), &LoadOptions::default()).expect("it is valid")
}

fn settings(seed: u64) -> Vec<(String, serde_json::Value)> {
    vec![("cluster.nodes[worker].count".to_owned(), (4 + seed % 3).into()), ("seed".to_owned(), seed.into())]
}

/// The plan of a run, of which a sweep reads the summary only.
fn plan(template: &Template, seed: u64) -> Plan {
    let plan = template.plan(&settings(seed)).expect("it is valid");
    Plan { output: plan.output.summary_only(), ..plan }
}

fn main() {
    println!("CPU ms a run, 50 pods, mean of 200 runs:");
    println!("{:24} {:>8} {:>8} {:>8} {:>8} {:>8}", "manifests", "plan", "set-up", "summary", "own", "run");
    for (name, text) in [("5 Deployments", deployments()), ("50 Pods", pods())] {
        let template = template(&text);
        let mut parts = [0.0; 4];
        for seed in 0..200 {
            let start = cpu();
            let plan = plan(&template, seed);
            let planned = cpu();
            let mut simulation = Simulation::new(&plan).expect("it is valid");
            let ready = cpu();
            let ending = simulation.run(&mut Unobserved);
            let run = cpu();
            let (record, failures) = simulation.finish(&plan, ending);
            let summary = Finished { record, failures }.summary();
            assert!(Metric::parse("pods.running").is_ok_and(|metric| metric.find(&summary) == Ok(50.0)));
            let done = cpu();
            for (part, spent) in parts.iter_mut().zip([planned - start, ready - planned, done - run, run - ready]) {
                *part += spent * 1e3 / 200.0;
            }
        }
        let [plan, setup, summary, run] = parts;
        let own = plan + setup + summary;
        println!("{name:24} {plan:8.2} {setup:8.2} {summary:8.2} {own:8.2} {run:8.2}");
    }
    let template = template(&deployments());
    let seeds: Vec<u64> = (0..400).collect();
    let sweep = |jobs: Jobs| {
        wall(|| {
            let work = |seed: &u64| simulate(&plan(&template, *seed)).is_ok();
            in_order(jobs, &seeds, work, |_, held| assert!(held));
        })
    };
    // In turns, the best of three: a machine's speed changes more from minute to minute than with the threads.
    let all = Jobs::default();
    let (mut one, mut many) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..3 {
        one = one.min(sweep(Jobs(NonZeroUsize::MIN)));
        many = many.min(sweep(all));
    }
    let speed = one / many;
    println!("400 runs: {one:.2} s on 1 thread, {many:.2} s on {}: {speed:.2} times as fast", all.0);
}
