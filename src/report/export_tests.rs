//! trace.json and metrics.om as the programs that read them need them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{openmetrics, synthetic, trace};
use crate::record::{Moment, Record};

fn written(record: &Record, write: fn(&Record, &mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(record, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn events(record: &Record) -> Vec<Value> {
    let trace: Value = serde_json::from_str(&written(record, trace::write)).unwrap();
    assert_eq!(trace["displayTimeUnit"], "ms");
    trace["traceEvents"].as_array().unwrap().clone()
}

/// The names of processes or threads by their number.
fn names(events: &[Value], what: &str, number: &str) -> BTreeMap<u64, String> {
    let of_kind = events.iter().filter(|event| event["ph"] == "M" && event["name"] == what);
    of_kind.map(|event| (event[number].as_u64().unwrap(), event["args"]["name"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn every_event_of_a_trace_has_the_fields_of_its_phase() {
    let record = synthetic::record(60, 6, 600);
    let events = events(&record);
    let (processes, threads) = (names(&events, "process_name", "pid"), names(&events, "thread_name", "tid"));
    for event in &events {
        assert!(event["name"].is_string(), "{event}");
        assert!(processes.contains_key(&event["pid"].as_u64().unwrap()), "{event}");
        let time = || event["ts"].as_f64().filter(|time| (0.0..=600e6).contains(time));
        match event["ph"].as_str().unwrap() {
            "M" => assert!(event["args"].is_object(), "{event}"),
            "X" => {
                let end = time().unwrap() + event["dur"].as_f64().unwrap();
                assert!(end <= 600e6 + 1.0, "{event}");
                assert!(threads.contains_key(&event["tid"].as_u64().unwrap()), "{event}");
            }
            "i" => {
                assert!(time().is_some() && (event["s"] == "t" || event["s"] == "p"), "{event}");
            }
            "C" => {
                let mut values = event["args"].as_object().unwrap().values();
                assert!(time().is_some() && values.all(Value::is_number), "{event}");
            }
            other => panic!("phase {other}"),
        }
    }
}

#[test]
fn nodes_are_processes_pods_are_threads_and_slices_nest() {
    let record = synthetic::record(60, 6, 600);
    let events = events(&record);
    let processes: BTreeSet<String> = names(&events, "process_name", "pid").into_values().collect();
    assert!((0..6).all(|node| processes.contains(&format!("worker-{node}"))), "{processes:?}");
    let threads = names(&events, "thread_name", "tid");
    let known: BTreeSet<&str> = threads.values().map(String::as_str).collect();
    assert!(record.pods.iter().all(|pod| known.contains(record.text(pod.name))));
    let mut open: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    let slices = events.iter().filter(|event| event["ph"] == "X");
    for event in slices {
        let (from, dur) = (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
        let stack = open.entry(event["tid"].as_u64().unwrap()).or_default();
        while stack.last().is_some_and(|(_, end)| *end <= from + 1e-3) {
            stack.pop();
        }
        if let Some((begin, end)) = stack.last() {
            assert!(*begin <= from && from + dur <= end + 1e-3, "{event} does not nest in {begin}..{end}");
        }
        stack.push((from, from + dur));
    }
    for category in ["phase", "status", "container", "step"] {
        assert!(events.iter().any(|event| event["cat"] == category), "no slice of {category}");
    }
    assert_eq!(events.iter().filter(|event| event["cat"] == "event").count(), record.events.len());
}

#[test]
fn a_warm_up_has_no_negative_times() {
    let mut record = synthetic::record(5, 3, 60);
    record.shift(30_000_000_000);
    assert!(record.begin() < Moment::ZERO);
    assert!(events(&record).iter().all(|event| event["ph"] == "M" || event["ts"].as_f64().unwrap() >= 0.0));
}

#[test]
fn families_are_whole_and_samples_of_a_series_go_forward() {
    let record = synthetic::record(60, 6, 3600);
    let text = written(&record, openmetrics::write);
    let (body, end) = text.split_at(text.len() - 6);
    assert_eq!(end, "# EOF\n");
    let mut families = BTreeSet::new();
    let (mut family, mut series, mut last) = (String::new(), BTreeSet::new(), (String::new(), 0u64));
    for line in body.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().unwrap().to_owned();
            assert!(families.insert(family.clone()), "{family} is in two places");
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{family} gauge"));
            continue;
        }
        let (name, rest) = line.split_once("} ").unwrap();
        assert_eq!(name.split('{').next().unwrap(), family);
        let (value, time) = rest.split_once(' ').unwrap();
        assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
        let time: u64 = time.parse().unwrap();
        if last.0 == name {
            // Prometheus forgets a series of which it has not heard for five minutes.
            assert!(time > last.1 && time - last.1 <= 300, "{line} after {}", last.1);
        } else {
            assert!(series.insert(name.to_owned()), "{name} is in two places");
        }
        last = (name.to_owned(), time);
    }
    for name in ["kube_pod_status_phase", "kube_deployment_status_replicas_available", "kube_node_status_condition"] {
        assert!(families.contains(name), "{name}");
    }
}

#[test]
fn a_year_of_metrics_still_is_a_file() {
    let record = synthetic::record(60, 50, 365 * 86_400);
    let text = written(&record, openmetrics::write);
    assert!(text.len() < 100_000_000, "{}", text.len());
    assert!(text.contains("kubelapse_refresh_seconds"));
}

#[test]
fn metrics_say_what_happened() {
    let record = synthetic::record(60, 6, 3600);
    let text = written(&record, openmetrics::write);
    let last = |series: &str| {
        let line = text.lines().rfind(|line| line.starts_with(series)).unwrap_or_else(|| panic!("no {series}"));
        line.split("} ").nth(1).unwrap().split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let attempts = record.attempts.iter().filter(|attempt| attempt.result.name() == "scheduled").count();
    assert!((last("scheduler_schedule_attempts_total{result=\"scheduled\"") - attempts as f64).abs() < 1e-9);
    let restarted = record.pods.iter().find(|pod| pod.last.restarts > 0 && pod.exists()).unwrap();
    let pod = format!("pod=\"{}\"", record.text(restarted.name));
    let series =
        text.lines().find(|line| line.starts_with("kube_pod_container_status_restarts_total") && line.contains(&pod));
    let series = series.unwrap().split("} ").next().unwrap();
    assert!((last(series) - f64::from(restarted.last.restarts)).abs() < 1e-9);
}
