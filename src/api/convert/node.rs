//! Nodes, with the status that a manifest or a dump gives them.

use serde_json::Value;

use super::super::value::{flag, int, items, short, text, texts};
use super::{ipv4, resource_list};
use crate::engine::SimTime;
use crate::model::condition::{Condition, ConditionStatus};
use crate::model::node::{Node, NodeImage};
use crate::model::resources::Resources;
use crate::model::taint::{Taint, TaintEffect};

/// What a kubelet of v1.36 declares with its default gates; a node that says nothing has such a one.
/// Upstream: component-helpers/nodedeclaredfeatures.
const KUBELET_FEATURES: [&str; 1] = ["RestartAllContainersOnContainerExits"];

pub(super) fn node(object: &Value) -> Node {
    let (spec, status) = (&object["spec"], &object["status"]);
    let capacity = resource_list(&status["capacity"]);
    let mut allocatable = resource_list(&status["allocatable"]);
    if allocatable.entries.is_empty() {
        // Upstream: pkg/apis/core/v1 `SetDefaults_NodeStatus`.
        allocatable.clone_from(&capacity);
    }
    Node {
        taints_added: Vec::new(),
        unschedulable: flag(&spec["unschedulable"]),
        taints: items(&spec["taints"]).iter().filter_map(taint).collect(),
        pod_cidr: short(&spec["podCIDR"]),
        capacity,
        allocatable_resources: Resources::from_list(&allocatable),
        allocatable,
        conditions: items(&status["conditions"]).iter().filter_map(condition).collect(),
        images: items(&status["images"])
            .iter()
            .map(|image| NodeImage { names: texts(&image["names"]), size: int(&image["sizeBytes"]) })
            .collect(),
        internal_ip: items(&status["addresses"])
            .iter()
            .find(|address| text(&address["type"]) == "InternalIP")
            .map_or(0, |address| ipv4(text(&address["address"]))),
        declared_features: match &status["declaredFeatures"] {
            Value::Null => KUBELET_FEATURES.map(Into::into).into(),
            given => texts(given),
        },
    }
}

fn taint(value: &Value) -> Option<Taint> {
    let effect = TaintEffect::from_name(text(&value["effect"]))?;
    Some(Taint { key: short(&value["key"]), value: short(&value["value"]), effect })
}

/// Times of a dump lie before the run: they become its origin.
fn condition(value: &Value) -> Option<Condition> {
    Some(Condition {
        kind: short(&value["type"]),
        status: ConditionStatus::from_name(text(&value["status"]))?,
        reason: short(&value["reason"]),
        message: short(&value["message"]),
        last_transition: SimTime::ZERO,
        last_update: SimTime::ZERO,
    })
}
