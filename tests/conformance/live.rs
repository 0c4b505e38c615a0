//! `live.kubelet`, `live.controllers`: recordings of whole clusters over time against a run of the same steps.
//! Compared as live/README.md says: per pod the sequences of columns, conditions and container states without what
//! lasted less than 0.1 s, their times, and the set of Events. Equal to either recording is enough.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kubelapse::engine::{SimDuration, SimTime};
use kubelapse::scenario::{LoadOptions, load_source, source_of_text};
use kubelapse::simulation::{Simulation, Unobserved};
use serde_json::{Value, json};

use super::live_history::{Event, History};
use super::suite::Outcome;

/// How often the running simulation is looked at: finer than what the rule drops.
const LOOK: SimDuration = SimDuration::from_millis(10);

/// The kubelet's cases.
pub fn check_kubelet(root: &Path) -> Option<Vec<Outcome>> {
    check(root, "kubelet")
}

/// The controllers' cases.
pub fn check_controllers(root: &Path) -> Option<Vec<Outcome>> {
    check(root, "controllers")
}

fn check(root: &Path, suite: &str) -> Option<Vec<Outcome>> {
    let mut folders: Vec<_> = fs::read_dir(root.join("live")).ok()?.filter_map(Result::ok).collect();
    folders.sort_by_key(fs::DirEntry::file_name);
    let mut outcomes = Vec::new();
    for folder in folders {
        let Ok(text) = fs::read_to_string(folder.path().join("case.yaml")) else { continue };
        let case: Value = serde_yaml::from_str(&text).expect("case.yaml is readable");
        if case["suite"] == suite {
            let name = case["name"].as_str().unwrap_or_default().to_owned();
            outcomes.push((name, check_case(&folder.path(), &case)));
        }
    }
    Some(outcomes)
}

fn check_case(folder: &Path, case: &Value) -> Result<(), String> {
    let simulated = simulate(folder, case)?;
    let runs = [folder.to_path_buf(), folder.join("run2")];
    let mut first = None;
    for run in runs.iter().filter(|run| run.join("timeline.jsonl").exists()) {
        match History::recorded(run).difference(&simulated) {
            None => return Ok(()),
            Some(difference) => first = first.or(Some(difference)),
        }
    }
    Err(first.unwrap_or_else(|| "nothing was recorded".to_owned()))
}

/// Runs a case's steps and writes down what could be seen.
fn simulate(folder: &Path, case: &Value) -> Result<History, String> {
    let text = scenario(case)?;
    let source = source_of_text("case.yaml", &text, folder);
    let plan = load_source(&source, &LoadOptions::default()).map_err(|error| format!("{error:?}"))?;
    let mut simulation = Simulation::new(&plan).map_err(|error| error.to_string())?;
    let end = SimTime::ZERO + SimDuration::from_secs_f64(case["duration"].as_f64().unwrap_or(0.0));
    let mut history = History::default();
    let mut now = SimTime::ZERO;
    while now < end {
        now += LOOK;
        simulation.run_until(now, &mut Unobserved);
        history.look(now.as_secs_f64(), &simulation.cluster);
    }
    history.events = events(&simulation);
    Ok(history)
}

fn events(simulation: &Simulation) -> Vec<Event> {
    let cluster = &simulation.cluster;
    let rows = cluster.events.rows().iter();
    rows.map(|row| Event {
        at: row.first.as_secs_f64(),
        object: format!("{}/{}", row.object.kind.name(), cluster.identity(row.object).1),
        kind: row.kind.name().to_owned(),
        reason: row.reason.to_string(),
        message: row.message.to_string(),
        count: u64::from(row.count),
    })
    .collect()
}

/// A case as a scenario of kubelapse.
fn scenario(case: &Value) -> Result<String, String> {
    let name = case["name"].as_str().unwrap_or_default();
    let namespace = case["namespace"].as_str().unwrap_or("default");
    let none = Vec::new();
    let mut images = serde_json::Map::new();
    let mut preloaded: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let nodes = case["nodes"].as_array().unwrap_or(&none);
    for image in case["images"].as_array().unwrap_or(&none) {
        let reference = image["name"].as_str().unwrap_or_default();
        let mut entry = json!({"size": image["size"].clone()});
        if image["missing"] == true {
            entry = json!({"missing": true});
        } else if let Some(seconds) = image["pull"].as_f64() {
            entry["pull"] = json!(format!("{seconds}s"));
        }
        images.insert(reference.to_owned(), entry);
        for node in nodes {
            let on = image["preloaded"].as_array().unwrap_or(&none);
            if on.iter().any(|pattern| *pattern == "*" || *pattern == node["name"]) {
                let stored = json!({"names": [reference], "sizeBytes": image["size"].clone()});
                preloaded.entry(node["name"].to_string()).or_default().push(stored);
            }
        }
    }
    let mut steps = Vec::new();
    for step in case["steps"].as_array().unwrap_or(&none) {
        let Some(command) = step["kubectl"].as_str() else {
            return Err(format!("action {} is not simulated", step["action"]));
        };
        if command.contains('{') && command.contains("{pod ") {
            return Err("a command names a pod by its label".to_owned());
        }
        let (before, after) = command.split_once(" -- ").map_or((command, None), |(b, a)| (b, Some(a)));
        let mut command = format!("{before} -n {namespace}");
        if let Some(after) = after {
            command = format!("{command} -- {after}");
        }
        let at = step["at"].as_f64().unwrap_or(0.0);
        steps.push(json!({"at": format!("{at}s"), "kubectl": command, "mayFail": true}));
    }
    let start = case["recorded"]["start"].as_str().unwrap_or("2026-01-01T00:00:00Z");
    let start = format!("{}Z", start.split('.').next().unwrap_or(start).trim_end_matches('Z'));
    let duration = case["duration"].as_f64().unwrap_or(0.0);
    let scenario = json!({
        "apiVersion": "kubelapse/v1", "kind": "Scenario", "metadata": {"name": name},
        "spec": {
            "seed": 1, "start": start, "until": format!("{duration}s"),
            "cluster": {"latency": "recorded"}, "images": images, "steps": steps,
        },
    });
    let mut documents =
        vec![scenario, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})];
    if namespace == "default" {
        documents.pop();
    }
    for node in nodes {
        let amounts =
            json!({"cpu": node["cpu"], "memory": node["memory"], "pods": "110", "ephemeral-storage": "100Gi"});
        let name = node["name"].as_str().unwrap_or_default();
        documents.push(json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}},
            "status": {"capacity": amounts, "allocatable": amounts, "images": preloaded.get(&node["name"].to_string())},
        }));
    }
    let texts: Vec<String> =
        documents.iter().map(|document| serde_yaml::to_string(document).expect("it is data")).collect();
    Ok(texts.join("---\n"))
}
