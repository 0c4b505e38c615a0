//! Node manifests for the machines of a plan.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::resources::ResourceList;
use crate::record::collector::NodeTags;
use crate::scenario::plan::{Node, Plan};

/// The Node object of a machine, as its kubelet would register it: ready, with everything it has.
pub(super) fn manifest(node: &Node, timestamp: &str) -> Value {
    let taints: Vec<Value> = node
        .taints
        .iter()
        .map(|taint| {
            let mut fields = json!({"key": taint.key.as_str(), "effect": taint.effect.name()});
            if !taint.value.is_empty() {
                fields["value"] = taint.value.as_str().into();
            }
            fields
        })
        .collect();
    let mut spec = Map::new();
    if !taints.is_empty() {
        spec.insert("taints".to_owned(), taints.into());
    }
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "labels": node.labels, "annotations": node.annotations},
        "spec": spec,
        "status": {
            "capacity": quantities(&node.capacity),
            "allocatable": quantities(&node.allocatable),
            "conditions": conditions(timestamp),
            "images": node.images.iter().map(|name| json!({"names": [name]})).collect::<Vec<Value>>(),
        },
    })
}

/// What the cluster does not know of the plan's machines.
pub(super) fn tags(plan: &Plan) -> BTreeMap<String, NodeTags> {
    let tags = |node: &Node| NodeTags { group: node.group.to_string(), price: node.price.unwrap_or_default() };
    plan.cluster.nodes.iter().map(|node| (node.name.clone(), tags(node))).collect()
}

fn quantities(list: &ResourceList) -> Value {
    let amounts = list.entries.iter().map(|(name, quantity)| (name.to_string(), Value::from(quantity.to_string())));
    Value::Object(amounts.collect())
}

/// Upstream: kubelet/nodestatus `MemoryPressureCondition`, `DiskPressureCondition`, `PIDPressureCondition`,
/// `ReadyCondition`, in the order in which the kubelet sets them.
fn conditions(timestamp: &str) -> Value {
    let rows = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ];
    let condition = |(kind, status, reason, message): (&str, &str, &str, &str)| json!({"type": kind, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": timestamp, "lastTransitionTime": timestamp});
    rows.into_iter().map(condition).collect()
}
