//! Alibaba's trace of a production GPU cluster (cluster-trace-gpu-v2023, "openb"): a CSV of nodes and one of pods, to Node
//! objects and to pods that come at their time and run for theirs.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulation::arrivals::AT;

/// Thousandths of GPUs, of all devices of a node together.
const GPU_MILLI: &str = "alibabacloud.com/gpu-milli";
const GPU_COUNT: &str = "alibabacloud.com/gpu-count";
const GPU_MODEL: &str = "alibabacloud.com/gpu-card-model";
/// Pods of one node: the trace states no bound.
const PODS: &str = "1001";

/// What a trace holds.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub nodes: Vec<Value>,
    pub pods: Vec<Value>,
    /// When the last pod ends, in seconds.
    pub end: u64,
}

#[derive(Deserialize)]
struct NodeRow {
    sn: String,
    cpu_milli: u64,
    memory_mib: u64,
    gpu: u64,
    #[serde(default)]
    model: String,
}

#[derive(Deserialize)]
struct PodRow {
    name: String,
    cpu_milli: u64,
    memory_mib: u64,
    num_gpu: u64,
    gpu_milli: u64,
    #[serde(default)]
    gpu_spec: String,
    #[serde(default)]
    qos: String,
    #[serde(default)]
    pod_phase: String,
    creation_time: u64,
    deletion_time: Option<u64>,
    scheduled_time: Option<u64>,
}

/// Reads the files of a trace, in whatever order they are named; a folder stands for the CSVs in it.
///
/// # Errors
/// A file that is neither of the two, or a row that cannot be read, by file and line.
pub(super) fn read(paths: &[PathBuf]) -> Result<Trace, String> {
    let mut trace = Trace::default();
    for path in files_of(paths)? {
        trace.file(&path)?;
    }
    if trace.nodes.is_empty() || trace.pods.is_empty() {
        let lacks = if trace.nodes.is_empty() { "nodes (sn,cpu_milli,…)" } else { "pods (name,cpu_milli,…)" };
        return Err(format!("the trace lacks the CSV of {lacks}: name both files, or their folder"));
    }
    Ok(trace)
}

fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        found.retain(|file| file.extension().is_some_and(|ending| ending == "csv"));
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

impl Trace {
    fn file(&mut self, path: &Path) -> Result<(), String> {
        let name = path.display();
        let unreadable = |error: csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            format!("{name}:{line}: {error}")
        };
        let mut reader = csv::Reader::from_path(path).map_err(|error| format!("cannot read `{name}`: {error}"))?;
        let header = reader.headers().map_err(unreadable)?.clone();
        let has = |column: &str| header.iter().any(|one| one == column);
        if has("sn") && has("cpu_milli") {
            for row in reader.deserialize() {
                self.nodes.push(node(&row.map_err(unreadable)?));
            }
        } else if has("name") && has("creation_time") {
            for row in reader.deserialize() {
                let row: PodRow = row.map_err(unreadable)?;
                self.end = self.end.max(row.creation_time + lifetime(&row));
                self.pods.push(pod(&row));
            }
        } else {
            return Err(format!(
                "{name}:1: no columns of openb's nodes (sn, cpu_milli, …) or pods (name, creation_time, …)"
            ));
        }
        Ok(())
    }
}

/// How long the pod ran, from its scheduling to its deletion; a pod that never was scheduled: for as long as it lived.
fn lifetime(row: &PodRow) -> u64 {
    let begin = row.scheduled_time.unwrap_or(row.creation_time);
    row.deletion_time.map_or(0, |end| end.saturating_sub(begin)).max(1)
}

fn node(row: &NodeRow) -> Value {
    let mut amounts = json!({
        "cpu": format!("{}m", row.cpu_milli), "memory": format!("{}Mi", row.memory_mib), "pods": PODS,
    });
    let mut labels = json!({"kubernetes.io/hostname": row.sn, "kubernetes.io/os": "linux"});
    if row.gpu > 0 {
        amounts[GPU_MILLI] = (row.gpu * 1000).to_string().into();
        amounts[GPU_COUNT] = row.gpu.to_string().into();
        labels[GPU_MODEL] = row.model.as_str().into();
    }
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": row.sn, "labels": labels},
        "status": {"capacity": amounts, "allocatable": amounts},
    })
}

fn pod(row: &PodRow) -> Value {
    let mut requests = json!({"cpu": format!("{}m", row.cpu_milli), "memory": format!("{}Mi", row.memory_mib)});
    if row.num_gpu > 0 {
        requests[GPU_MILLI] = (row.num_gpu * row.gpu_milli).to_string().into();
    }
    let sleep = lifetime(row);
    let command = if row.pod_phase == "Failed" { format!("sleep {sleep}; exit 1") } else { format!("sleep {sleep}") };
    let mut spec = json!({
        "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "main", "image": "busybox", "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-c", command], "resources": {"requests": requests, "limits": requests}}],
    });
    let models: Vec<&str> = row.gpu_spec.split('|').filter(|model| !model.is_empty()).collect();
    if !models.is_empty() {
        let term = json!({"matchExpressions": [{"key": GPU_MODEL, "operator": "In", "values": models}]});
        spec["affinity"] =
            json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}});
    }
    let mut metadata =
        json!({"name": row.name, "namespace": "openb", "annotations": {AT: format!("{}s", row.creation_time)}});
    if !row.qos.is_empty() {
        metadata["labels"] = json!({"qos": row.qos});
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> PodRow {
        let header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time";
        let text = format!("{header}\n{text}\n");
        csv::Reader::from_reader(text.as_bytes()).deserialize().next().unwrap().unwrap()
    }

    #[test]
    fn a_pod_comes_at_its_time_and_runs_for_its_own() {
        let made = pod(&row("openb-pod-0001,6000,12288,1,460,V100M16|V100M32,LS,Running,427061,12902960,427070"));
        assert_eq!(made["metadata"]["annotations"][AT], "427061s");
        assert_eq!(made["spec"]["containers"][0]["command"][2], "sleep 12475890");
        assert_eq!(made["spec"]["containers"][0]["resources"]["requests"][GPU_MILLI], "460");
        let terms = &made["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        assert_eq!(terms["nodeSelectorTerms"][0]["matchExpressions"][0]["values"], json!(["V100M16", "V100M32"]));
    }

    #[test]
    fn pods_that_never_ran_and_that_failed_end_too() {
        assert_eq!(lifetime(&row("p,1,1,0,0,,BE,Pending,100,160,")), 60);
        let failed = pod(&row("p,1,1,0,0,,BE,Failed,100,160,130"));
        assert_eq!(failed["spec"]["containers"][0]["command"][2], "sleep 30; exit 1");
        assert!(failed["spec"].get("affinity").is_none());
    }
}
