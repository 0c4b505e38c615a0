//! A recorded case as a scenario of kubelapse: nodes, images, steps, actions on nodes, load.

use std::collections::BTreeMap;

use kubelapse::engine::{SimDuration, SimTime};
use serde_json::{Value, json};

/// A command that names pods by their place among those with a label: its text is known only when it is typed.
pub struct LateCommand {
    pub at: SimTime,
    pub text: String,
}

/// Those of a case, in order. They never wait: the run is looked at while time passes.
pub fn late_commands(case: &Value) -> Vec<LateCommand> {
    let steps = case["steps"].as_array().into_iter().flatten();
    steps
        .filter_map(|step| {
            let command = step["kubectl"].as_str().filter(|command| command.contains("{pod "))?;
            let mut text = in_namespace(case, command);
            if command.starts_with("delete") && !command.contains("--wait") {
                text.push_str(" --wait=false");
            }
            let at = SimTime::ZERO + SimDuration::from_secs_f64(step["at"].as_f64().unwrap_or(0.0));
            Some(LateCommand { at, text })
        })
        .collect()
}

fn namespace_of(case: &Value) -> &str {
    case["namespace"].as_str().unwrap_or("default")
}

/// The command as it was typed, in the case's namespace.
fn in_namespace(case: &Value, command: &str) -> String {
    let namespace = namespace_of(case);
    match command.split_once(" -- ") {
        Some((before, after)) => format!("{before} -n {namespace} -- {after}"),
        None => format!("{command} -n {namespace}"),
    }
}

/// Nodes of which all containers are killed, and when.
pub fn killed_nodes(case: &Value) -> Vec<(SimTime, String)> {
    let steps = case["steps"].as_array().into_iter().flatten().filter(|step| step["action"] == "machine-down");
    let at = |step: &Value| SimTime::ZERO + SimDuration::from_secs_f64(step["at"].as_f64().unwrap_or(0.0));
    steps.map(|step| (at(step), step["node"].as_str().unwrap_or_default().to_owned())).collect()
}

/// The scenario file.
pub fn scenario(case: &Value, seed: u64) -> Result<String, String> {
    let name = case["name"].as_str().unwrap_or_default();
    let namespace = namespace_of(case);
    let none = Vec::new();
    let nodes = case["nodes"].as_array().unwrap_or(&none);
    let (images, preloaded) = images(case, nodes);
    let mut steps = Vec::new();
    for step in case["steps"].as_array().unwrap_or(&none) {
        let mut entry = match (step["kubectl"].as_str(), step["action"].as_str()) {
            (Some(command), _) if command.contains("{pod ") => continue,
            (Some(command), _) => json!({"kubectl": in_namespace(case, command), "mayFail": true}),
            (None, action) => action_step(action.unwrap_or_default(), step)?,
        };
        entry["at"] = json!(format!("{}s", step["at"].as_f64().unwrap_or(0.0)));
        steps.push(entry);
    }
    let start = case["recorded"]["start"].as_str().unwrap_or("2026-01-01T00:00:00Z");
    let start = format!("{}Z", start.split('.').next().unwrap_or(start).trim_end_matches('Z'));
    let duration = case["duration"].as_f64().unwrap_or(0.0);
    let mut spec = json!({
        "seed": seed, "start": start, "until": format!("{duration}s"),
        "cluster": {"latency": "recorded"}, "images": images, "steps": steps,
    });
    let standins = standins(case);
    if !standins.is_empty() {
        spec["behaviors"] = Value::Array(standins);
    }
    let traffic = load(case);
    if !traffic.is_empty() {
        spec["traffic"] = Value::Array(traffic);
    }
    let mut documents =
        vec![json!({"apiVersion": "kubelapse/v1", "kind": "Scenario", "metadata": {"name": name}, "spec": spec})];
    if namespace != "default" {
        documents.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
    }
    documents.extend(nodes.iter().map(|node| node_manifest(node, preloaded.get(&node["name"].to_string()))));
    let texts: Vec<String> =
        documents.iter().map(|document| serde_yaml::to_string(document).expect("it is data")).collect();
    Ok(texts.join("---\n"))
}

/// What was done to a node.
fn action_step(action: &str, step: &Value) -> Result<Value, String> {
    let (node, file) = (&step["node"], &step["file"]);
    Ok(match action {
        // No power failure: processes were killed (`killed_nodes`), and the container runtime knows how they ended.
        "machine-down" | "stop-kubelet" => json!({"fault": {"node": node, "kind": "kubelet"}}),
        "start-kubelet" => json!({"heal": {"node": node}}),
        "write-static-manifest" => json!({"staticPod": {"node": node, "add": file}}),
        "remove-static-manifest" => json!({"staticPod": {"node": node, "remove": file}}),
        _ => return Err(format!("action {action} is not simulated")),
    })
}

/// The registry, and what lies on which node from the start.
fn images(case: &Value, nodes: &[Value]) -> (serde_json::Map<String, Value>, BTreeMap<String, Vec<Value>>) {
    let none = Vec::new();
    let mut images = serde_json::Map::new();
    let mut preloaded: BTreeMap<String, Vec<Value>> = BTreeMap::new();
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
    (images, preloaded)
}

/// The recordings' servers are stand-ins that listen within milliseconds, unlike the images after which they are named: in
/// six of twelve runs before the first readiness probe came, which the model sends when Running is shown (35 ms).
fn standins(case: &Value) -> Vec<Value> {
    let images = case["images"].as_array().into_iter().flatten();
    images
        .filter(|image| matches!(image["entrypoint"][0].as_str(), Some("/bin/nginx" | "/bin/tcpserver")))
        .map(|image| json!({"match": {"image": image["name"]}, "startup": {"lognormal": {"median": "35ms", "p99": "100ms"}}}))
        .collect()
}

/// The load of the autoscaler's cases as traffic: requests that cost one millisecond of CPU each, so that as many a
/// second cost as many millicores, shared out over the Deployment's Ready pods.
fn load(case: &Value) -> Vec<Value> {
    let namespace = namespace_of(case);
    let mut by_deployment: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for entry in case["load"].as_array().into_iter().flatten() {
        let at = format!("{}s", entry["at"].as_f64().unwrap_or(0.0));
        let deployment = entry["deployment"].as_str().unwrap_or_default();
        by_deployment.entry(deployment).or_default().push(json!([at, entry["millicores"].clone()]));
    }
    by_deployment
        .into_iter()
        .map(|(deployment, steps)| {
            json!({
                "name": deployment, "target": format!("{namespace}/deployment/{deployment}"),
                "rps": {"steps": steps}, "cost": {"cpu": "1ms"},
            })
        })
        .collect()
}

fn node_manifest(node: &Value, images: Option<&Vec<Value>>) -> Value {
    let amounts = json!({"cpu": node["cpu"], "memory": node["memory"], "pods": "110", "ephemeral-storage": "100Gi"});
    let name = node["name"].as_str().unwrap_or_default();
    // Its kubelet has registered it before the case begins.
    let conditions: Vec<Value> = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ]
    .iter()
    .map(
        |(kind, status, reason, message)| json!({"type": kind, "status": status, "reason": reason, "message": message}),
    )
    .collect();
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}},
        "status": {"capacity": amounts, "allocatable": amounts, "images": images, "conditions": conditions},
    })
}
