//! Requests through a whole cluster: what rollouts, lost nodes, overloads and calls do to them.

use std::path::{Path, PathBuf};

use kubelapse::engine::SimDuration;
use kubelapse::record::{Record, Summary, TrafficSummary};
use kubelapse::scenario::{LoadOptions, Plan, load, load_source, source_of_text};
use kubelapse::simulation::{Ending, Simulation, Unobserved};

/// A Deployment `web` with a Service before it.
fn web(replicas: u32, more: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec:\n  replicas: {replicas}\n  \
         selector: {{ matchLabels: {{ app: web }} }}\n  template:\n    metadata: {{ labels: {{ app: web }} }}\n    spec:\n      \
         containers:\n        - name: web\n          image: example.com/web:1\n          ports: [ {{ containerPort: 80 }} ]\n          \
         resources: {{ requests: {{ cpu: 500m, memory: 64Mi }}, limits: {{ cpu: 1 }} }}\n{more}---\napiVersion: v1\nkind: Service\n\
         metadata: {{ name: web }}\nspec: {{ selector: {{ app: web }}, ports: [ {{ port: 80 }} ] }}\n"
    )
}

fn scenario(spec: &str, manifests: &str) -> String {
    format!("apiVersion: kubelapse/v1\nkind: Scenario\nmetadata: {{ name: test }}\nspec:\n{spec}{manifests}")
}

fn plan(text: &str) -> Plan {
    let source = source_of_text("test.yaml", text, Path::new("."));
    load_source(&source, &LoadOptions::default()).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn run(text: &str) -> (Record, Summary) {
    let plan = plan(text);
    let mut simulation = Simulation::new(&plan).unwrap_or_else(|error| panic!("{error}"));
    let ending = simulation.run(&mut Unobserved);
    let (record, failures) = simulation.finish(&plan, ending);
    assert!(failures.is_empty(), "{failures:?}");
    let summary = Summary::of(&record);
    for (name, traffic) in &summary.traffic {
        conserves(name, traffic);
    }
    (record, summary)
}

/// What came was served or dropped, or waits.
fn conserves(name: &str, traffic: &TrafficSummary) {
    let known = traffic.served.0 + traffic.dropped.0 + traffic.queued.0;
    let near = (known - traffic.requests.0).abs() < 1e-6 * traffic.requests.0.max(1.0);
    assert!(near, "{name}: {} came, of {known} it is known what became of them", traffic.requests.0);
}

/// Counts of a load between two seconds, from the rows: (requests, served, dropped).
fn between(record: &Record, load: u32, from: f64, to: f64) -> (f64, f64, f64) {
    let at = |seconds: f64| {
        let mut rows = record.traffic_rows.iter().filter(|row| row.load == load);
        let row = rows.rfind(|row| row.time.seconds() <= seconds).expect("a row before the window");
        let passed = seconds - row.time.seconds();
        let of = |count: f64, rate: f64| count + rate * passed;
        let counts = &row.counts;
        (of(counts.requests, row.rps), of(counts.served, row.served_rps), of(counts.dropped(), row.dropped_rps))
    };
    let ((r0, s0, d0), (r1, s1, d1)) = (at(from), at(to));
    (r1 - r0, s1 - s0, d1 - d0)
}

fn dropped_by(summary: &Summary, load: &str, reason: &str) -> f64 {
    summary.traffic[load].dropped_by.get(reason).map_or(0.0, |count| count.0)
}

fn shipped(name: &str) -> (Record, Summary) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{name}.yaml"));
    let plan =
        load(&[path], &LoadOptions::default()).unwrap_or_else(|errors| panic!("{}", errors.render(false))).remove(0);
    let mut simulation = Simulation::new(&plan).unwrap_or_else(|error| panic!("{error}"));
    let ending = simulation.run(&mut Unobserved);
    let (record, _) = simulation.finish(&plan, ending);
    let summary = Summary::of(&record);
    (record, summary)
}

#[test]
fn a_rollout_drops_nothing_if_pods_end_gracefully_and_requests_are_refused_if_not() {
    let (record, summary) = shipped("rollout-under-load");
    let (requests, served, dropped) = between(&record, 0, 30.0, 290.0);
    assert!((requests - served).abs() < 1e-3 && dropped < 1e-3, "{requests} {served} {dropped}");
    // Four times a fifth of 320 a second, for the second in which kube-proxy has not heard.
    let refused = dropped_by(&summary, "shoppers", "refused");
    assert!(refused > 150.0 && refused < 300.0, "{refused}");
    assert!(dropped_by(&summary, "shoppers", "killed") > 5.0);
    // Each request that is served asks the cart 0.4 times.
    let ratio = summary.traffic["cart"].requests.0 / summary.traffic["shoppers"].served.0;
    assert!((ratio - 0.4).abs() < 1e-3, "{ratio}");
}

#[test]
fn a_crowd_is_dropped_until_somebody_scales() {
    let (record, _) = shipped("flash-crowd");
    let (requests, served, _) = between(&record, 0, 180.0, 300.0);
    assert!(served / requests < 0.7, "{served} of {requests}");
    let (requests, served, _) = between(&record, 0, 330.0, 480.0);
    assert!((served / requests - 1.0).abs() < 1e-6);
    let (requests, served, _) = between(&record, 0, 600.0, 780.0);
    assert!(served / requests > 0.999, "{served} of {requests}");
}

#[test]
fn a_lost_node_takes_its_share_of_requests_until_the_cluster_notices() {
    let spec = "  until: 5m\n  steps: [ { at: 1m, fault: { node: node-1, kind: crash } } ]\n  \
                traffic: [ { name: load, service: web, rps: 90, cost: { cpu: 2ms }, latency: 20ms, timeout: 1s } ]\n";
    let (record, summary) = run(&scenario(spec, &web(3, "")));
    // A third of 90 a second is lost for the 40 s until the node counts as not ready, some seconds more or less.
    let lost = dropped_by(&summary, "load", "unreachable");
    assert!(lost > 30.0 * 40.0 && lost < 30.0 * 60.0, "{lost}");
    let (requests, served, _) = between(&record, 0, 130.0, 290.0);
    assert!((requests - served).abs() < 1e-3);
}

#[test]
fn those_that_are_called_too_much_slow_and_fail_their_callers() {
    let entries = |per: f64| {
        scenario(
            &format!(
                "  until: 3m\n  traffic:\n    - {{ name: front, service: web, rps: 50, cost: {{ cpu: 1ms }}, latency: 10ms, \
                 concurrency: 100, timeout: 1s, calls: [ {{ service: db, per: {per} }} ] }}\n    \
                 - {{ name: db, service: db, rps: 0, latency: 50ms, concurrency: 4, timeout: 500ms }}\n"
            ),
            &(web(2, "") + &web(1, "").replace("name: web", "name: db").replace("app: web", "app: db")),
        )
    };
    // One pod with four places and 50 ms: 80 a second.
    let (_, calm) = run(&entries(1.0));
    let (_, hot) = run(&entries(2.0));
    let p50 = |summary: &Summary, load: &str| summary.traffic[load].latency_seconds.p50.0;
    assert!((p50(&calm, "front") - 0.06).abs() < 0.02, "{}", p50(&calm, "front"));
    assert!(p50(&hot, "front") > 0.5, "{}", p50(&hot, "front"));
    assert!(dropped_by(&hot, "db", "timeout") > 1000.0);
    assert!(dropped_by(&hot, "front", "call_failed") > 1000.0, "{:?}", hot.traffic["front"]);
}

#[test]
fn a_flat_load_costs_nothing_however_long_it_lasts() {
    let events = |until: &str| {
        let spec =
            format!("  until: {until}\n  traffic: [ {{ name: load, service: web, rps: 90, cost: {{ cpu: 2ms }} }} ]\n");
        run(&scenario(&spec, &web(3, ""))).1.engine.events
    };
    let (hour, month) = (events("1h"), events("720h"));
    assert!(month <= hour + 5, "{hour} {month}");
}

#[test]
fn the_area_under_a_curve_comes_as_requests() {
    let spec = "  until: 24h\n  traffic: [ { name: load, service: web, latency: 10ms, \
                rps: { sine: { mean: 40, amplitude: 30, period: 24h, peak: 14h } } } ]\n";
    let (record, summary) = run(&scenario(spec, &web(3, "")));
    let requests = summary.traffic["load"].requests.0;
    assert!((requests / (40.0 * 86_400.0) - 1.0).abs() < 1e-3, "{requests}");
    assert!(record.traffic_rows.len() < 400, "{}", record.traffic_rows.len());
}

#[test]
fn consumers_work_a_backlog_off() {
    let spec = "  until: 10m\n  traffic: [ { name: orders, target: deployment/web, backlog: { external: orders }, latency: 500ms, \
                rps: { steps: [ [ 0s, 2 ], [ 1m, 20 ], [ 2m, 2 ] ] } } ]\n";
    let (record, summary) = run(&scenario(spec, &web(3, "")));
    let orders = &summary.traffic["orders"];
    // Three consumers take six a second: 14 a second too much for a minute.
    assert!(orders.queued_peak.0 > 800.0 && orders.queued_peak.0 < 860.0, "{}", orders.queued_peak.0);
    assert!(orders.queued.0 < 1e-6 && orders.dropped.0 < 1e-6);
    assert!(record.traffic_rows.len() < 60);
}

#[test]
fn requests_use_cpu_and_traffic_that_matches_nothing_is_a_warning() {
    let spec = "  until: 2m\n  behaviors: [ { match: { image: \"*\" }, cpu: 10m } ]\n  \
                traffic:\n    - { name: load, service: web, rps: 100, cost: { cpu: 5ms } }\n    - { name: lost, service: wob, rps: 1 }\n";
    let plan = plan(&scenario(spec, &web(2, "")));
    let mut simulation = Simulation::new(&plan).unwrap();
    simulation.run_to(SimDuration::from_secs(60), &mut Unobserved);
    let used: u64 = simulation.cluster.nodes().map(|node| simulation.machines.cpu_used(node)).sum();
    // Half a core for 100 requests of 5 ms, and ten thousandths for each pod.
    assert_eq!(used, 520);
    let (record, _) = simulation.finish(&plan, Ending::Time);
    let warnings: Vec<&String> = record.warnings.iter().filter(|warning| warning.contains("lost")).collect();
    assert_eq!(warnings.len(), 1, "{:?}", record.warnings);
    assert!(warnings[0].contains("test.yaml:9") && warnings[0].contains("did you mean `web`?"), "{}", warnings[0]);
}

#[test]
fn a_window_is_a_part_of_the_whole() {
    let spec = "  until: 5m\n  traffic: [ { name: load, service: web, latency: 20ms, rps: { steps: [ [ 0s, 10 ], [ 1m, 50 ] ] } } ]\n  \
                expect: [ { at: end, that: \"traffic('load').last('2m').served_ratio > 0.9\" } ]\n";
    let plan = plan(&scenario(spec, &web(2, "")));
    let mut simulation = Simulation::new(&plan).unwrap();
    simulation.run_to(SimDuration::from_secs(90), &mut Unobserved);
    let whole = simulation.traffic("load", None).unwrap();
    assert!((whole.counts.requests - (600.0 + 1500.0)).abs() < 1e-6, "{}", whole.counts.requests);
    let last = simulation.traffic("load", Some(SimDuration::from_secs(40))).unwrap();
    assert!((last.counts.requests - (100.0 + 1500.0)).abs() < 1e-6, "{}", last.counts.requests);
    assert!((last.rps - 40.0).abs() < 1e-6);
    assert!((last.latency.count - last.counts.served).abs() < 1e-6 && (last.latency.p50 - 0.02).abs() < 1e-9);
    assert!(simulation.traffic("other", None).is_none());
}

#[test]
fn workers_scale_with_their_backlog() {
    let (record, summary) = shipped("worker-backlog");
    let orders = &summary.traffic["orders"];
    conserves("orders", orders);
    let replicas = record.workload_rows.iter().map(|row| row.replicas.desired).max().unwrap_or(0);
    assert!((5..=20).contains(&replicas), "{replicas}");
    // One worker takes two and a half a second: without more of them 27 a second would pile up for three minutes.
    assert!(orders.queued_peak.0 > 500.0 && orders.queued_peak.0 < 3000.0, "{}", orders.queued_peak.0);
    assert!(orders.queued.0 < 1.0 && orders.dropped.0 < 1e-6, "{orders:?}");
}

#[test]
fn autoscalers_see_the_requests_of_a_service() {
    let hpa = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: { name: web }\nspec:\n  \
               scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }\n  minReplicas: 1\n  maxReplicas: 9\n  \
               metrics:\n    - type: Pods\n      pods: { metric: { name: requests_per_second }, target: { type: AverageValue, averageValue: \"30\" } }\n";
    let spec =
        "  until: 5m\n  traffic: [ { name: load, service: web, rps: 150, latency: 10ms, cost: { cpu: 1ms } } ]\n";
    let (record, _) = run(&scenario(spec, &web(1, hpa)));
    let last = record
        .workload_rows
        .iter()
        .rfind(|row| record.text(record.workloads[row.workload.index()].kind) == "Deployment");
    assert_eq!(last.map(|row| row.replicas.desired), Some(5));
}

#[test]
fn a_full_node_serves_by_requests_of_cpu() {
    // Two pods on one core: the web pod requests three times as much as the one that burns what it gets.
    let burner = "---\napiVersion: v1\nkind: Pod\nmetadata: { name: burner }\nspec:\n  containers:\n    - name: burner\n      \
                  image: example.com/burner:1\n      resources: { requests: { cpu: 200m } }\n";
    let cluster = "  until: 3m\n  cluster: { nodes: [ { name: only, capacity: { cpu: 1, memory: 4Gi, pods: 20 }, reserved: { cpu: 0 } } ] }\n  \
                   behaviors: [ { match: { image: \"*/burner:*\" }, cpu: 4 } ]\n  \
                   traffic: [ { name: load, service: web, rps: 100, cost: { cpu: 10ms }, latency: 20ms, timeout: 1s } ]\n";
    let text = scenario(cluster, &(web(1, "") + burner)).replace("cpu: 500m", "cpu: 600m");
    let (record, summary) = run(&text);
    // 600 and 200 thousandths requested: three quarters of the core, 75 of 100 requests.
    let (requests, served, _) = between(&record, 0, 60.0, 170.0);
    assert!((served / requests - 0.75).abs() < 0.03, "{served} of {requests}: {:?}", summary.traffic["load"]);
}
