//! From groups of nodes to machines: names, zones, labels, capacity and allocatable.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Node, reserved};
use crate::model::quantity::Quantity;
use crate::model::resources::ResourceList;
use crate::model::taint::{Taint, TaintEffect};
use crate::scenario::checks::taints;
use crate::scenario::schema::cluster::{NodeGroup, Price, Reserved, Resources};

/// The memory at which the kubelet evicts by default (`memory.available<100Mi`), kept out of allocatable.
const EVICTION_MEMORY: Quantity = Quantity::from_bytes(100 << 20);
/// The same for the disk: `nodefs.available<10%`.
const EVICTION_STORAGE_PERCENT: i128 = 10;

/// The label of a node's zone.
pub const ZONE_LABEL: &str = "topology.kubernetes.io/zone";
/// The label of a node's name.
pub const HOSTNAME_LABEL: &str = "kubernetes.io/hostname";

/// Taints of conditions, and of autoscalers that are about to remove a node, begin with one of these.
const PASSING: [&str; 4] = [
    "node.kubernetes.io/",
    "node.cloudprovider.kubernetes.io/",
    "DeletionCandidateOfClusterAutoscaler",
    "ToBeDeletedByClusterAutoscaler",
];

/// Nodes of the default cluster.
const DEFAULT_COUNT: u32 = 3;

/// What a group's machines have, keep and give.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// What the machine has.
    pub capacity: ResourceList,
    /// What the kubelet keeps.
    pub reserved: ResourceList,
    /// What pods can have.
    pub allocatable: ResourceList,
}

impl Sizes {
    /// Of a group. What it does not say of its capacity is as in the default cluster.
    pub fn of(group: &NodeGroup) -> Self {
        let mut capacity = default_capacity();
        for (name, amount) in &group.capacity {
            capacity.set(name, amount.0);
        }
        let reserved = match &group.reserved {
            None => ResourceList::default(),
            Some(Reserved::Preset(preset)) => reserved::reserved(*preset, &capacity),
            Some(Reserved::Amounts(amounts)) => list(amounts),
        };
        let allocatable = allocatable(&capacity, &reserved);
        Self { capacity, reserved, allocatable }
    }
}

/// Upstream: kubelet cm.GetNodeAllocatableReservation: reserves, and the hard eviction thresholds of memory and
/// node disk; never below zero.
fn allocatable(capacity: &ResourceList, reserved: &ResourceList) -> ResourceList {
    let mut allocatable = ResourceList::default();
    for (name, has) in &capacity.entries {
        let kept = reserved.get(name).map_or(0, |quantity| quantity.nano);
        let threshold = match name.as_str() {
            "memory" => EVICTION_MEMORY.nano,
            "ephemeral-storage" => has.nano / 100 * EVICTION_STORAGE_PERCENT,
            _ => 0,
        };
        allocatable.set(name, Quantity { nano: (has.nano - kept - threshold).max(0), format: has.format });
    }
    allocatable
}

fn default_capacity() -> ResourceList {
    let mut capacity = ResourceList::default();
    capacity.set("cpu", Quantity::from_whole(4));
    capacity.set("memory", Quantity::from_bytes(16 << 30));
    capacity.set("ephemeral-storage", Quantity::from_bytes(100 << 30));
    capacity.set("pods", Quantity::from_whole(110));
    capacity
}

fn list(amounts: &Resources) -> ResourceList {
    let mut list = ResourceList::default();
    for (name, amount) in amounts {
        list.set(name, amount.0);
    }
    list
}

/// The name of a group: as given, or the nodes' name without its counter.
pub fn group_name(group: &NodeGroup) -> String {
    group.group.clone().unwrap_or_else(|| group.name.replace("-{}", "").replace("{}", ""))
}

/// The names of a group's nodes, in order.
pub fn names(group: &NodeGroup) -> impl Iterator<Item = String> + '_ {
    let count = group.count.unwrap_or(1);
    (1..=count).map(move |number| {
        if group.name.contains("{}") {
            group.name.replace("{}", &number.to_string())
        } else if count > 1 {
            format!("{}-{number}", group.name)
        } else {
            group.name.clone()
        }
    })
}

/// A Node object as a machine. Taints that only show a condition of the moment are left out.
pub fn of_object(object: &Value, prices: &[Price]) -> Node {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let amounts = |value: &Value| {
        let mut list = ResourceList::default();
        for (name, amount) in value.as_object().into_iter().flatten() {
            let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
            if let Some(quantity) = Quantity::parse(&text) {
                list.set(name, quantity);
            }
        }
        list
    };
    let status = &object["status"];
    let capacity = amounts(&status["capacity"]);
    let allocatable = amounts(&status["allocatable"]);
    let taint = |taint: &Value| {
        let text = |field: &str| taint[field].as_str().unwrap_or_default();
        let effect = TaintEffect::from_name(text("effect"))?;
        Some(Taint { key: text("key").into(), value: text("value").into(), effect })
    };
    let lasts = |taint: &Taint| !PASSING.iter().any(|passing| taint.key.starts_with(passing));
    let mut labels = strings(&object["metadata"]["labels"]);
    labels.entry(HOSTNAME_LABEL.to_owned()).or_insert_with(|| name.to_owned());
    let group: Arc<str> = name.into();
    let price = prices.iter().find(|price| price.labels.iter().all(|(key, value)| labels.get(key) == Some(value)));
    Node {
        name: name.to_owned(),
        group,
        index: 0,
        allocatable: if allocatable.entries.is_empty() { capacity.clone() } else { allocatable },
        capacity,
        reserved: ResourceList::default(),
        labels,
        annotations: strings(&object["metadata"]["annotations"]),
        taints: object["spec"]["taints"].as_array().into_iter().flatten().filter_map(taint).filter(lasts).collect(),
        images: Vec::new(),
        price: price.map(|price| price.price),
        static_pods: Vec::new(),
    }
}

fn strings(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The machines of all groups. `groups` have passed the checks.
pub fn expand(groups: &[NodeGroup]) -> Vec<Node> {
    let mut nodes = Vec::new();
    for group in groups {
        let sizes = Sizes::of(group);
        let name: Arc<str> = group_name(group).into();
        let taints: Vec<_> = group.taints.iter().filter_map(|text| taints::parse(text).ok()).collect();
        for (index, node) in names(group).enumerate() {
            nodes.push(Node {
                labels: labels(group, &node, index),
                name: node,
                group: name.clone(),
                index: index as u32,
                capacity: sizes.capacity.clone(),
                reserved: sizes.reserved.clone(),
                allocatable: sizes.allocatable.clone(),
                annotations: group.annotations.clone(),
                taints: taints.clone(),
                images: group.images.clone(),
                price: group.price,
                static_pods: Vec::new(),
            });
        }
    }
    nodes
}

/// What the kubelet gives (name, architecture, system), the zone, then the scenario's own.
fn labels(group: &NodeGroup, node: &str, index: usize) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut set = |key: &str, value: &str| labels.insert(key.to_owned(), value.to_owned());
    set(HOSTNAME_LABEL, node);
    for key in ["kubernetes.io/arch", "beta.kubernetes.io/arch"] {
        set(key, "amd64");
    }
    for key in ["kubernetes.io/os", "beta.kubernetes.io/os"] {
        set(key, "linux");
    }
    if !group.zones.is_empty() {
        set(ZONE_LABEL, &group.zones[index % group.zones.len()]);
    }
    labels.extend(group.labels.clone());
    labels
}

/// The cluster of a scenario that says nothing about nodes: `node-1` to `node-3`.
pub fn default_groups() -> Vec<NodeGroup> {
    let group = serde_json::json!({ "name": "node-{}", "count": DEFAULT_COUNT });
    vec![serde_json::from_value(group).expect("a name and a count make a group")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(value: Value) -> NodeGroup {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_counter_is_put_in_or_appended() {
        let of = |value| names(&group(value)).collect::<Vec<_>>();
        assert_eq!(of(serde_json::json!({"name": "w-{}-x", "count": 2})), ["w-1-x", "w-2-x"]);
        assert_eq!(of(serde_json::json!({"name": "w", "count": 2})), ["w-1", "w-2"]);
        assert_eq!(of(serde_json::json!({"name": "w"})), ["w"]);
        assert_eq!(of(serde_json::json!({"name": "w-{}"})), ["w-1"]);
        assert_eq!(group_name(&group(serde_json::json!({"name": "w-{}"}))), "w");
    }

    #[test]
    fn zones_are_given_in_turn_and_own_labels_win() {
        let groups = [group(serde_json::json!({
            "name": "w-{}", "count": 4, "zones": ["a", "b", "c"], "labels": {"kubernetes.io/arch": "arm64"}
        }))];
        let nodes = expand(&groups);
        let zones: Vec<&str> = nodes.iter().map(|node| node.labels[ZONE_LABEL].as_str()).collect();
        assert_eq!(zones, ["a", "b", "c", "a"]);
        assert_eq!(nodes[1].labels[HOSTNAME_LABEL], "w-2");
        assert_eq!(nodes[1].labels["kubernetes.io/arch"], "arm64");
    }

    #[test]
    fn allocatable_is_capacity_without_reserves_and_eviction_threshold() {
        let nodes = expand(&[group(serde_json::json!({
            "name": "w", "capacity": {"cpu": 4, "memory": "16Gi", "ephemeral-storage": "100Gi", "nvidia.com/gpu": 1},
            "reserved": {"cpu": "80m", "memory": "1Gi"}
        }))]);
        let shown = |name: &str| nodes[0].allocatable.get(name).unwrap().to_string();
        assert_eq!(shown("cpu"), "3920m");
        assert_eq!(shown("memory"), "15260Mi");
        assert_eq!(shown("ephemeral-storage"), "90Gi");
        assert_eq!(shown("nvidia.com/gpu"), "1");
        assert_eq!(shown("pods"), "110");
    }

    #[test]
    fn the_default_cluster_has_three_nodes_of_four_cores() {
        let nodes = expand(&default_groups());
        let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["node-1", "node-2", "node-3"]);
        assert_eq!(nodes[0].capacity.get("memory").unwrap().to_string(), "16Gi");
        assert_eq!(nodes[0].capacity.get("cpu").unwrap().to_string(), "4");
    }

    #[test]
    fn a_node_manifest_is_a_machine() {
        let object = serde_json::json!({
            "metadata": {"name": "n1", "labels": {"pool": "a"}},
            "spec": {"taints": [{"key": "k", "effect": "NoSchedule"}, {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]},
            "status": {"capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
        });
        let node = of_object(&object, &[]);
        assert_eq!(node.allocatable.get("cpu").unwrap().to_string(), "4");
        assert_eq!((node.labels["pool"].as_str(), node.labels[HOSTNAME_LABEL].as_str()), ("a", "n1"));
        assert_eq!(node.taints.len(), 1);
    }
}
