//! What can be seen of a run over time, from a recording or from a simulation, and the rule by which two are equal.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kubelapse::cluster::Cluster;
use kubelapse::model::kind::Kind;
use kubelapse::model::object::PodId;
use kubelapse::model::pod::ContainerState;
use kubelapse::model::pod_columns::columns;
use kubelapse::model::pod_spec::ContainerKind;
use serde_json::Value;

/// States that last less are dropped, in seconds.
const SHORTEST: f64 = 0.1;
/// Slack of every delay, in seconds.
const SLACK: f64 = 2.0;
/// Delays from here on may be back-offs, which are drawn from 1 to 1.5 times their length.
const BACKOFF_FROM: f64 = 8.0;

/// One state of one thing, and since when.
type States = Vec<(f64, String)>;

/// What was seen of one pod: READY, STATUS, RESTARTS and phase; conditions; container states.
#[derive(Clone, Debug, Default)]
struct PodHistory {
    name: String,
    tracks: [States; 3],
    gone: Option<f64>,
}

/// An Event.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: f64,
    pub object: String,
    pub kind: String,
    pub reason: String,
    pub message: String,
    pub count: u64,
}

/// All that was seen.
#[derive(Clone, Debug, Default)]
pub struct History {
    pods: Vec<PodHistory>,
    ids: Vec<PodId>,
    pub events: Vec<Event>,
}

const TRACKS: [&str; 3] = ["columns", "conditions", "containers"];

impl History {
    /// Reads a recording.
    pub fn recorded(folder: &Path) -> Self {
        let lines = |name: &str| -> Vec<Value> {
            let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
            text.lines().map(|line| serde_json::from_str(line).expect("a recording is readable")).collect()
        };
        let mut history = Self::default();
        let mut live: BTreeMap<String, usize> = BTreeMap::new();
        for line in lines("timeline.jsonl").iter().filter(|line| line["kind"] == "Pod") {
            let (at, name) = (line["t"].as_f64().unwrap_or(0.0), text(&line["name"]));
            let index = *live.entry(name.clone()).or_insert_with(|| {
                history.pods.push(PodHistory { name: name.clone(), ..PodHistory::default() });
                history.pods.len() - 1
            });
            if line["type"] == "DELETED" {
                history.pods[index].gone = Some(at);
                live.remove(&name);
            } else {
                history.pods[index].see(at, recorded_state(line));
            }
        }
        history.events = lines("events.jsonl")
            .iter()
            .map(|line| Event {
                at: line["t"].as_f64().unwrap_or(0.0),
                object: text(&line["object"]),
                kind: text(&line["type"]),
                reason: text(&line["reason"]),
                message: text(&line["message"]),
                count: line["count"].as_u64().unwrap_or(1),
            })
            .collect();
        history
    }

    /// Looks at a running simulation.
    pub fn look(&mut self, at: f64, cluster: &Cluster) {
        for object in cluster.list(Kind::POD) {
            let Some(pod) = object.as_pod() else { continue };
            if !self.ids.contains(&pod) {
                self.ids.push(pod);
                let name = cluster.pod(pod).name.to_string();
                self.pods.push(PodHistory { name, ..PodHistory::default() });
            }
        }
        for (index, pod) in self.ids.iter().enumerate() {
            let history = &mut self.pods[index];
            match cluster.pod(*pod).deleted {
                Some(gone) => history.gone = Some(gone.as_secs_f64()),
                None => history.see(at, simulated_state(cluster, *pod)),
            }
        }
    }

    /// The first difference between this recording and a simulation.
    pub fn difference(&self, simulated: &Self) -> Option<String> {
        let (recorded, simulated_pods) = (self.by_key(), simulated.by_key());
        let count = |groups: &BTreeMap<String, Vec<&PodHistory>>| {
            groups.iter().map(|(key, pods)| format!("{key} x{}", pods.len())).collect::<Vec<_>>().join(", ")
        };
        if count(&recorded) != count(&simulated_pods) {
            return Some(format!("pods: recorded {}, simulated {}", count(&recorded), count(&simulated_pods)));
        }
        for (key, pods) in &recorded {
            for (pod, other) in pods.iter().zip(&simulated_pods[key]) {
                if let Some(difference) = pod.difference(other) {
                    return Some(format!("pod {}: {difference}", pod.name));
                }
            }
        }
        self.event_difference(simulated)
    }

    /// Pods by name without random suffix, in order of creation.
    fn by_key(&self) -> BTreeMap<String, Vec<&PodHistory>> {
        let mut groups: BTreeMap<String, Vec<&PodHistory>> = BTreeMap::new();
        for pod in &self.pods {
            groups.entry(without_suffix(&pod.name)).or_default().push(pod);
        }
        groups
    }

    fn event_difference(&self, simulated: &Self) -> Option<String> {
        let grouped = |events: &[Event]| {
            let mut groups: BTreeMap<String, (f64, u64)> = BTreeMap::new();
            for event in events.iter().filter(|event| !event.object.starts_with("Node/")) {
                let (kind, name) = event.object.split_once('/').unwrap_or(("", &event.object));
                let object = format!("{kind}/{}", without_suffix(name));
                let key = format!("{object} {} {} {}", event.kind, event.reason, masked(&event.message));
                let entry = groups.entry(key).or_insert((event.at, 0));
                entry.0 = entry.0.min(event.at);
                entry.1 = entry.1.max(event.count);
            }
            groups
        };
        let (recorded, simulated) = (grouped(&self.events), grouped(&simulated.events));
        if let Some(missing) = recorded.keys().find(|key| !simulated.contains_key(*key)) {
            return Some(format!("no event {missing}"));
        }
        if let Some(extra) = simulated.keys().find(|key| !recorded.contains_key(*key)) {
            return Some(format!("event {extra} was not recorded"));
        }
        recorded.iter().find_map(|(key, (at, count))| {
            let (own_at, own_count) = simulated[key];
            if !is_near(*at, own_at) {
                return Some(format!("event {key}: recorded at {at:.2}, simulated at {own_at:.2}"));
            }
            let slack = 1 + count / 3;
            (own_count.abs_diff(*count) > slack)
                .then(|| format!("event {key}: recorded {count} times, simulated {own_count} times"))
        })
    }
}

impl PodHistory {
    fn see(&mut self, at: f64, states: [String; 3]) {
        for (track, state) in self.tracks.iter_mut().zip(states) {
            if track.last().is_none_or(|(_, last)| *last != state) {
                track.push((at, state));
            }
        }
    }

    fn difference(&self, other: &Self) -> Option<String> {
        for (index, name) in TRACKS.iter().enumerate() {
            let (recorded, simulated) =
                (steady(&self.tracks[index], self.gone), steady(&other.tracks[index], other.gone));
            for (position, (at, state)) in recorded.iter().enumerate() {
                let Some((own_at, own)) = simulated.get(position) else {
                    return Some(format!("{name}: no state {} ({state}, recorded at {at:.2})", position + 1));
                };
                if own != state {
                    return Some(format!(
                        "{name} {}: recorded {state} at {at:.2}, simulated {own} at {own_at:.2}",
                        position + 1
                    ));
                }
                let before = |states: &States| if position == 0 { 0.0 } else { states[position - 1].0 };
                if !is_near(at - before(&recorded), own_at - before(&simulated)) {
                    return Some(format!("{name} {state}: recorded at {at:.2}, simulated at {own_at:.2}"));
                }
            }
            if let Some((at, state)) = simulated.get(recorded.len()) {
                return Some(format!("{name}: {state} at {at:.2} was not recorded"));
            }
        }
        match (self.gone, other.gone) {
            (None, None) => None,
            (Some(at), Some(own)) if is_near(at, own) => None,
            (recorded, simulated) => Some(format!("gone: recorded {recorded:?}, simulated {simulated:?}")),
        }
    }
}

/// Are two delays as near as the rule asks?
fn is_near(recorded: f64, simulated: f64) -> bool {
    let slack = if recorded.max(simulated) >= BACKOFF_FROM { SLACK + recorded.max(simulated) * 0.5 } else { SLACK };
    (recorded - simulated).abs() <= slack
}

/// Without states that lasted less than 0.1 s, and without repetitions that this leaves.
fn steady(states: &States, gone: Option<f64>) -> States {
    let mut kept: States = Vec::new();
    for (index, (at, state)) in states.iter().enumerate() {
        let end = states.get(index + 1).map(|next| next.0).or(gone).unwrap_or(f64::INFINITY);
        if end - at >= SHORTEST && kept.last().is_none_or(|(_, last)| last != state) {
            kept.push((*at, state.clone()));
        }
    }
    kept
}

fn recorded_state(line: &Value) -> [String; 3] {
    let none = Vec::new();
    let columns = &line["columns"];
    let restarts = text(&columns["RESTARTS"]);
    let restarts = restarts.split(' ').next().unwrap_or_default().to_owned();
    let shown = format!("{} {} {restarts} {}", text(&columns["READY"]), text(&columns["STATUS"]), text(&line["phase"]));
    let mut conditions: Vec<String> = line["conditions"]
        .as_array()
        .unwrap_or(&none)
        .iter()
        .map(|condition| format!("{}={}:{}", text(&condition[0]), text(&condition[1]), text(&condition[2])))
        .collect();
    conditions.sort();
    let mut containers: Vec<String> = line["containers"]
        .as_array()
        .unwrap_or(&none)
        .iter()
        .map(|container| {
            format!(
                "{}:{} {} {} #{} ready={} started={}",
                text(&container["name"]),
                text(&container["state"]),
                text(&container["reason"]),
                container["exitCode"].as_i64().map_or(String::new(), |code| code.to_string()),
                container["restartCount"].as_u64().unwrap_or(0),
                container["ready"].as_bool().unwrap_or(false),
                container["started"].as_bool().unwrap_or(false),
            )
        })
        .collect();
    containers.sort();
    [shown, conditions.join(" "), containers.join("; ")]
}

fn simulated_state(cluster: &Cluster, pod: PodId) -> [String; 3] {
    let row = cluster.pod(pod);
    let template = cluster.template_of(pod);
    let shown = columns(row, template);
    let shown =
        format!("{}/{} {} {} {}", shown.ready, shown.total, shown.status, shown.restarts, row.status.phase.name());
    let mut conditions: Vec<String> = row
        .status
        .conditions
        .iter()
        .map(|condition| format!("{}={}:{}", condition.kind.name(), condition.status.name(), condition.reason))
        .collect();
    conditions.sort();
    let statuses = row.status.containers.iter().enumerate();
    let mut containers: Vec<String> = statuses
        .map(|(index, status)| {
            let (state, reason, code) = match &status.state {
                ContainerState::Waiting { reason, .. } => ("waiting", reason.as_str(), String::new()),
                ContainerState::Running { .. } => ("running", "", String::new()),
                ContainerState::Terminated(ended) => ("terminated", ended.reason.as_str(), ended.exit_code.to_string()),
            };
            let _: ContainerKind = template.spec.container_kind(index);
            format!(
                "{}:{state} {reason} {code} #{} ready={} started={}",
                template.spec.containers[index].name,
                status.restart_count,
                status.ready,
                status.started.unwrap_or(false),
            )
        })
        .collect();
    containers.sort();
    [shown, conditions.join(" "), containers.join("; ")]
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// `web-7d4f-x2b4c` without its last part, if that can be a random suffix.
fn without_suffix(name: &str) -> String {
    let is_random =
        |part: &str| part.len() == 5 && part.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte));
    match name.rsplit_once('-') {
        Some((front, last)) if is_random(last) => format!("{front}-*"),
        _ => name.to_owned(),
    }
}

/// A message without what differs between two runs: addresses, numbers, durations, UIDs, random suffixes.
fn masked(message: &str) -> String {
    let mut out = String::new();
    for word in message.split(' ') {
        if !out.is_empty() {
            out.push(' ');
        }
        let core = word.trim_matches(|c: char| "\"'.,:;()[]".contains(c));
        let name = without_suffix(core);
        let word = if core.is_empty() { word.to_owned() } else { word.replace(core, &name) };
        let mut digits = false;
        let mut uid = 0;
        for character in word.chars() {
            // A UID in parentheses, or a name inside a longer word.
            if character == '(' {
                uid = 1;
                out.push('(');
            } else if character == ')' {
                uid = 0;
                out.push(')');
            } else if uid == 1 {
            } else if character.is_ascii_digit() {
                if !digits {
                    out.push('N');
                }
                digits = true;
            } else if !(digits && character == '.') {
                digits = false;
                out.push(character);
            }
        }
    }
    out.replace("Nms", "D").replace("Ns", "D")
}
