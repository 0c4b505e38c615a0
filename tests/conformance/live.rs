//! `live.kubelet`, `live.controllers`: recordings of whole clusters over time against a run of the same steps.
//! Compared as live/README.md says (`live_compare`). Equal to either recording is enough.

use std::fs;
use std::path::Path;

use kubelapse::engine::{SimDuration, SimTime};
use kubelapse::machines::{ContainerId, Signal};
use kubelapse::model::object::PodId;
use kubelapse::model::selector::LabelSelector;
use kubelapse::scenario::{LoadOptions, load_source, source_of_text};
use kubelapse::simulation::{Simulation, Unobserved};
use serde_json::Value;

use super::live_history::{History, is_recorded};
use super::live_scenario::{LateCommand, killed_nodes, late_commands, scenario};
use super::suite::{Outcome, variable};

/// How often the running simulation is looked at: far finer than what the rule drops.
const LOOK: SimDuration = SimDuration::from_millis(1);

/// Chance has its part on both sides (phases of loops, jitter, order among equals): a case was recorded twice and is
/// simulated up to this often, until one pair is equal. Most are equal at once; one that tosses a coin for each of
/// several pods shows a given row once in a few dozen runs.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=100;

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
    let folders = [folder.to_path_buf(), folder.join("run2")];
    let runs: Vec<History> = folders.iter().filter(|run| is_recorded(run)).map(|run| History::recorded(run)).collect();
    let mut differences = Vec::new();
    for seed in SEEDS {
        let simulated = simulate(folder, case, seed)?;
        if seed == *SEEDS.start() && variable("KUBELAPSE_SHOW").is_some_and(|shown| case["name"] == shown.as_str()) {
            simulated.show();
        }
        for run in &runs {
            match run.difference(&simulated) {
                None => return Ok(()),
                Some(difference) => differences.push(format!("seed {seed}: {difference}")),
            }
        }
    }
    Err(differences.join("\n    or: "))
}

/// Runs a case's steps and writes down what could be seen.
fn simulate(folder: &Path, case: &Value, seed: u64) -> Result<History, String> {
    let text = scenario(case, seed)?;
    let source = source_of_text("case.yaml", &text, folder);
    let plan = load_source(&source, &LoadOptions::default()).map_err(|error| format!("{error:?}"))?;
    let mut simulation = Simulation::new(&plan).map_err(|error| error.to_string())?;
    let end = SimTime::ZERO + SimDuration::from_secs_f64(case["duration"].as_f64().unwrap_or(0.0));
    let namespace = case["namespace"].as_str().unwrap_or("default");
    let mut history = History::default();
    let mut late = late_commands(case).into_iter().peekable();
    let mut killed = killed_nodes(case).into_iter().peekable();
    let mut now = SimTime::ZERO;
    history.look(0.0, &simulation.cluster, namespace);
    while now < end {
        now += LOOK;
        simulation.run_until(now, &mut Unobserved);
        while let Some((_, node)) = killed.next_if(|(at, _)| *at <= now) {
            kill_containers(&mut simulation, now, &node);
        }
        while let Some(command) = late.next_if(|command| command.at <= now) {
            let command = with_names(&simulation, namespace, &command)?;
            simulation.kubectl(&command, &mut Unobserved);
        }
        history.look(now.as_secs_f64(), &simulation.cluster, namespace);
    }
    Ok(history)
}

/// All that runs on a node is killed.
fn kill_containers(simulation: &mut Simulation, now: SimTime, node: &str) {
    let Some(node) = simulation.cluster.node_by_name(node) else { return };
    let pods: Vec<PodId> = simulation.cluster.pods_on(node).collect();
    for pod in pods {
        let runs: Vec<ContainerId> = simulation.machines.runs_of_pod(pod).collect();
        for run in runs {
            simulation.machines.signal(now, run, Signal::Kill);
        }
    }
}

/// The command with the names of the pods that its placeholders mean by now.
fn with_names(simulation: &Simulation, namespace: &str, command: &LateCommand) -> Result<String, String> {
    let cluster = &simulation.cluster;
    let mut text = command.text.clone();
    while let Some((front, rest)) = text.split_once("{pod ") {
        let (inside, back) = rest.split_once('}').ok_or("a placeholder does not end")?;
        let (label, index) = inside.split_once(' ').ok_or("a placeholder has no index")?;
        let (key, value) = label.split_once('=').ok_or("a placeholder has no label")?;
        let namespace = cluster.namespace(namespace).ok_or("the namespace is not there")?;
        let selected = cluster.pods_matching(namespace, &LabelSelector::from_map([(key, value)]));
        let mut names: Vec<&str> = selected.iter().map(|pod| cluster.pod(*pod).name.as_str()).collect();
        names.sort_unstable();
        let name = index.parse().ok().and_then(|index: usize| names.get(index)).ok_or("no such pod")?;
        text = format!("{front}{name}{back}");
    }
    Ok(text)
}
