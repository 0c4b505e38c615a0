//! What a state of an object is: the texts that a recording's line and a running cluster are turned into, so that both
//! can be compared. Two or three tracks an object: a pod's columns, conditions and containers; any other object's
//! numbers and conditions, which change together.

use kubelapse::cluster::Cluster;
use kubelapse::model::object::{ObjectRef, PodId};
use kubelapse::model::pod::ContainerState;
use kubelapse::model::pod_columns::columns;
use serde_json::Value;

/// The states of an object's tracks at one instant.
pub type State = Vec<String>;

/// Names of a pod's tracks.
pub const POD_TRACKS: [&str; 3] = ["columns", "conditions", "containers"];
/// Names of the tracks of all others.
pub const OBJECT_TRACKS: [&str; 1] = ["state"];

/// Kinds other than pods whose states are compared, and the numbers of their status. Times are left out, and of Jobs
/// what is finished but not yet counted.
pub const KINDS: [(&str, &[&str]); 15] = [
    ("Node", &[]),
    ("Namespace", &[]),
    ("ReplicationController", REPLICAS),
    ("ReplicaSet", REPLICAS),
    (
        "Deployment",
        &[
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
        ],
    ),
    (
        "StatefulSet",
        &["observedGeneration", "replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"],
    ),
    (
        "DaemonSet",
        &[
            "observedGeneration",
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberMisscheduled",
            "updatedNumberScheduled",
            "numberReady",
            "numberAvailable",
            "numberUnavailable",
        ],
    ),
    ("Job", &["active", "ready", "succeeded", "failed", "terminating", "completedIndexes", "failedIndexes"]),
    ("CronJob", &[]),
    ("EndpointSlice", &[]),
    ("PodDisruptionBudget", &["currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"]),
    ("HorizontalPodAutoscaler", &["currentReplicas", "desiredReplicas"]),
    ("ResourceQuota", &[]),
    ("PersistentVolumeClaim", &[]),
    ("PersistentVolume", &[]),
];

const REPLICAS: &[&str] =
    &["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "terminatingReplicas"];

/// Numbers of the specification, by their names in a recording, and where they are in the object.
const SPEC: [(&str, &str); 6] = [
    ("replicas", "/spec/replicas"),
    ("paused", "/spec/paused"),
    ("suspend", "/spec/suspend"),
    ("completions", "/spec/completions"),
    ("parallelism", "/spec/parallelism"),
    ("unschedulable", "/spec/unschedulable"),
];

/// A pod's line of a recording.
pub fn recorded_pod(line: &Value) -> State {
    let columns = &line["columns"];
    let restarts = text(&columns["RESTARTS"]);
    let restarts = restarts.split(' ').next().unwrap_or_default().to_owned();
    let shown = format!("{} {} {restarts} {}", text(&columns["READY"]), text(&columns["STATUS"]), text(&line["phase"]));
    let containers = line["containers"].as_array().into_iter().flatten().map(|container| {
        format!(
            "{}:{} {} {} {:?} #{} ready={} started={}",
            text(&container["name"]),
            text(&container["state"]),
            text(&container["reason"]),
            container["exitCode"].as_i64().map_or(String::new(), |code| code.to_string()),
            without_ids(&text(&container["message"])),
            container["restartCount"].as_u64().unwrap_or(0),
            container["ready"].as_bool().unwrap_or(false),
            container["started"].as_bool().unwrap_or(false),
        )
    });
    vec![shown, recorded_conditions(line), sorted(containers, "; ")]
}

/// A pod of a running cluster.
pub fn simulated_pod(cluster: &Cluster, pod: PodId) -> State {
    let row = cluster.pod(pod);
    let template = cluster.template_of(pod);
    let shown = columns(row, template);
    let shown =
        format!("{}/{} {} {} {}", shown.ready, shown.total, shown.status, shown.restarts, row.status.phase.name());
    let conditions = row
        .status
        .conditions
        .iter()
        .map(|condition| format!("{}={}:{}", condition.kind().name(), condition.status.name(), condition.reason()));
    let statuses = row.status.containers.iter().enumerate();
    let containers = statuses.map(|(index, status)| {
        let (state, reason, code, message) = match &status.state {
            ContainerState::Waiting { reason, message } => {
                ("waiting", reason.as_str(), String::new(), message.as_str())
            }
            ContainerState::Running { .. } => ("running", "", String::new(), ""),
            ContainerState::Terminated(ended) => {
                ("terminated", ended.reason.as_str(), ended.exit_code.to_string(), ended.message.as_str())
            }
        };
        format!(
            "{}:{state} {reason} {code} {:?} #{} ready={} started={}",
            template.spec.containers[index].name,
            without_ids(message),
            status.restart_count,
            status.ready,
            status.started.unwrap_or(false),
        )
    });
    vec![shown, sorted(conditions, " "), sorted(containers, "; ")]
}

/// A message without what is drawn or taken from a pool: UIDs, ids, addresses.
fn without_ids(message: &str) -> String {
    let is_id = |word: &str| {
        let is_hex = word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
        is_hex && (word.len() == 36 && word.contains('-') || word.len() == 64) || word == "uid" || word == "id"
    };
    let mut out = String::new();
    for word in message.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.') {
        let core = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_id(core) || core.parse::<std::net::Ipv4Addr>().is_ok() {
            out.push('*');
        } else {
            out.push_str(core);
        }
        out.push_str(&word[core.len()..]);
    }
    out.replace("<*>", "*")
}

/// A line of a recording about anything but a pod.
pub fn recorded_object(kind: &str, line: &Value) -> State {
    let mut numbers = Vec::new();
    for (name, _) in SPEC {
        put(&mut numbers, name, &line[name]);
    }
    for name in status_numbers(kind) {
        put(&mut numbers, &format!("status.{name}"), &line["status"][*name]);
    }
    match kind {
        "Node" => numbers.push(format!("taints={}", sorted(list(&line["taints"]).map(text), ","))),
        "Namespace" | "PersistentVolumeClaim" | "PersistentVolume" => numbers.push(text(&line["phase"])),
        "CronJob" => numbers.push(cron_job(&line["active"], &line["lastScheduleTime"], &line["lastSuccessfulTime"])),
        "EndpointSlice" => numbers.push(endpoints(list(&line["endpoints"]))),
        "ResourceQuota" => numbers.push(format!("hard={} used={}", amounts(&line["hard"]), amounts(&line["used"]))),
        _ => {}
    }
    vec![format!("{} | {}", numbers.join(" "), recorded_conditions(line))]
}

/// Anything but a pod in a running cluster.
pub fn simulated_object(kind: &str, cluster: &Cluster, object: ObjectRef) -> State {
    let view = cluster.view(object);
    let at = |path: &str| view.pointer(path).unwrap_or(&Value::Null);
    let mut numbers = Vec::new();
    for (name, path) in SPEC {
        put(&mut numbers, name, at(path));
    }
    for name in status_numbers(kind) {
        put(&mut numbers, &format!("status.{name}"), at(&format!("/status/{name}")));
    }
    match kind {
        "Node" => {
            let taints = list(at("/spec/taints"))
                .map(|taint| format!("{}={}:{}", text(&taint["key"]), text(&taint["value"]), text(&taint["effect"])));
            numbers.push(format!("taints={}", sorted(taints, ",")));
        }
        "Namespace" | "PersistentVolumeClaim" | "PersistentVolume" => numbers.push(text(at("/status/phase"))),
        "CronJob" => numbers.push(cron_job(
            at("/status/active"),
            at("/status/lastScheduleTime"),
            at("/status/lastSuccessfulTime"),
        )),
        "EndpointSlice" => numbers.push(endpoints(list(at("/endpoints")).map(|endpoint| &endpoint["conditions"]))),
        "ResourceQuota" => {
            numbers.push(format!("hard={} used={}", amounts(at("/status/hard")), amounts(at("/status/used"))));
        }
        _ => {}
    }
    let conditions = list(at("/status/conditions"))
        .map(|one| format!("{}={}:{}", text(&one["type"]), text(&one["status"]), text(&one["reason"])));
    vec![format!("{} | {}", numbers.join(" "), sorted(conditions, " "))]
}

fn status_numbers(kind: &str) -> &'static [&'static str] {
    KINDS.iter().find(|(name, _)| *name == kind).map_or(&[], |(_, numbers)| numbers)
}

/// A number or a flag that is not zero: an absent one means the same.
fn put(numbers: &mut Vec<String>, name: &str, value: &Value) {
    let shown = match value {
        Value::Bool(true) => "true".to_owned(),
        Value::Number(number) if number.as_f64() != Some(0.0) => number.to_string(),
        Value::String(text) if !text.is_empty() => text.clone(),
        _ => return,
    };
    numbers.push(format!("{name}={shown}"));
}

fn cron_job(active: &Value, scheduled: &Value, succeeded: &Value) -> String {
    let known = |value: &Value| if value.is_null() { "never" } else { "once" };
    format!("active={} scheduled={} succeeded={}", list(active).count(), known(scheduled), known(succeeded))
}

/// How many endpoints there are of each combination of conditions.
fn endpoints<'a>(conditions: impl Iterator<Item = &'a Value>) -> String {
    let flag = |value: &Value| value.as_bool().unwrap_or(false);
    let shown = conditions.map(|one| {
        format!(
            "[ready={} serving={} terminating={}]",
            flag(&one["ready"]),
            flag(&one["serving"]),
            flag(&one["terminating"])
        )
    });
    sorted(shown, "")
}

fn amounts(value: &Value) -> String {
    sorted(value.as_object().into_iter().flatten().map(|(name, amount)| format!("{name}:{}", text(amount))), ",")
}

fn recorded_conditions(line: &Value) -> String {
    let conditions = list(&line["conditions"])
        .map(|condition| format!("{}={}:{}", text(&condition[0]), text(&condition[1]), text(&condition[2])));
    sorted(conditions, " ")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn sorted(items: impl Iterator<Item = String>, separator: &str) -> String {
    let mut items: Vec<String> = items.collect();
    items.sort();
    items.join(separator)
}

/// A string without quotes, empty for anything else.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
