//! Node manifests for the machines of a plan.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::kubelet::configuration::KubeletConfiguration;
use crate::kubelet::thresholds::Signal;
use crate::model::quantity::Quantity;
use crate::model::resources::ResourceList;
use crate::record::collector::NodeTags;
use crate::scenario::plan::{Node, Plan};

/// The Node object of a machine, as its kubelet would register it: ready, with everything it has.
pub(super) fn manifest(node: &Node, timestamp: &str, configuration: &KubeletConfiguration) -> Value {
    let (capacity, allocatable) = amounts(node, configuration);
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
            "capacity": quantities(&capacity),
            "allocatable": quantities(&allocatable),
            "conditions": conditions(timestamp),
            "images": node.images.iter().map(|name| json!({"names": [name]})).collect::<Vec<Value>>(),
        },
    })
}

/// Capacity and allocatable as a kubelet with this configuration reports them: `maxPods` and `podsPerCore` bound the pods,
/// and reserves of the file and its hard thresholds of memory and disk are taken off beside the scenario's own reserves.
/// Upstream: kubelet nodestatus `MachineInfo`, cm `GetNodeAllocatableReservation`, eviction `HardEvictionReservation`.
fn amounts(node: &Node, configuration: &KubeletConfiguration) -> (ResourceList, ResourceList) {
    if *configuration == KubeletConfiguration::default() {
        return (node.capacity.clone(), node.allocatable.clone());
    }
    let mut capacity = node.capacity.clone();
    let stated = capacity.get("pods").map_or(110, |pods| pods.value());
    let mut pods = configuration.max_pods.map_or(stated, i64::from);
    if configuration.pods_per_core > 0 {
        let cores = capacity.get("cpu").map_or(0, |cpu| cpu.milli() / 1000);
        pods = pods.min(cores * i64::from(configuration.pods_per_core));
    }
    capacity.set("pods", Quantity::from_whole(pods));
    let mut kept = node.reserved.clone();
    if let Some(reserved) = &configuration.reserved {
        kept.add(reserved);
    }
    for (resource, signal) in [("memory", Signal::Memory), ("ephemeral-storage", Signal::NodeFs)] {
        let total = capacity.get(resource).map_or(0, |amount| amount.value().max(0) as u64);
        let hard = configuration.thresholds.iter().find(|one| one.signal == signal && one.grace.is_none());
        let mut one = ResourceList::default();
        one.set(resource, Quantity::from_bytes(hard.map_or(0, |one| one.value.of(total)) as i64));
        kept.add(&one);
    }
    let mut allocatable = ResourceList::default();
    for (name, amount) in &capacity.entries {
        let kept = kept.get(name).map_or(0, |kept| kept.nano);
        allocatable.set(name, Quantity { nano: (amount.nano - kept).max(0), ..*amount });
    }
    (capacity, allocatable)
}

/// What the cluster does not know of the plan's machines.
pub(super) fn tags(plan: &Plan) -> BTreeMap<String, NodeTags> {
    plan.cluster.nodes.iter().map(|node| (node.name.clone(), tags_of(node))).collect()
}

/// What the cluster does not know of a machine.
pub(super) fn tags_of(node: &Node) -> NodeTags {
    NodeTags { group: node.group.to_string(), price: node.price.unwrap_or_default() }
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
