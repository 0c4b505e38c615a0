//! Defaulted and validated JSON to the model's columns, one file a group of kinds.

mod affinity;
mod autoscaling;
mod container;
mod node;
mod pod;
mod probe;
mod service;
mod status;
pub mod storage;
mod volume;
mod workload;

use serde_json::Value;

pub use affinity::{label_selector, node_affinity, node_selector_terms, spread_constraint};
pub use autoscaling::autoscaler;
pub use pod::{pod_spec, pod_template};
pub use status::{lay_status, pod_status};

use super::value::{flag, int32, members, text};
use crate::model::Text;
use crate::model::int_or_percent::IntOrPercent;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::Body;
use crate::model::quantity::Quantity;
use crate::model::resources::ResourceList;

/// The columns of a kind other than Pod. Status is taken where a manifest's status means something (nodes).
pub fn body(kind: Kind, object: &Value) -> Body {
    let spec = &object["spec"];
    match kind {
        Kind::NODE => Body::Node(Box::new(node::node(object))),
        Kind::NAMESPACE => Body::Namespace { terminating: false, conditions: Vec::new() },
        Kind::DEPLOYMENT => Body::Deployment(Box::new(workload::deployment(spec))),
        Kind::REPLICA_SET | Kind::REPLICATION_CONTROLLER => {
            Body::ReplicaSet(Box::new(workload::replica_set(kind, spec)))
        }
        Kind::STATEFUL_SET => Body::StatefulSet(Box::new(workload::stateful_set(spec))),
        Kind::DAEMON_SET => Body::DaemonSet(Box::new(workload::daemon_set(spec))),
        Kind::JOB => Body::Job(Box::new(workload::job(spec))),
        Kind::SERVICE => Body::Service(Box::new(service::service(spec))),
        Kind::CONFIG_MAP | Kind::SECRET => Body::Data(service::data(kind, object)),
        Kind::PRIORITY_CLASS => Body::PriorityClass {
            value: int32(&object["value"]),
            global_default: flag(&object["globalDefault"]),
            preempts: text(&object["preemptionPolicy"]) != "Never",
        },
        _ => Body::default(),
    }
}

/// A `map[string]string`.
pub fn labels(value: &Value) -> Labels {
    Labels::from_pairs(members(value).map(|(key, value)| (key, text(value))))
}

/// A `v1.ResourceList`; what is no quantity was refused before.
pub fn resource_list(value: &Value) -> ResourceList {
    let mut list = ResourceList::default();
    for (name, quantity) in members(value) {
        if let Some(quantity) = self::quantity(quantity) {
            list.set(name, quantity);
        }
    }
    list
}

/// A quantity written as text or number.
pub fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text.trim()),
        Value::Number(number) => Quantity::parse(&number.to_string()),
        _ => None,
    }
}

/// An `IntOrString` that means a count or a percentage.
pub fn int_or_percent(value: &Value) -> Option<IntOrPercent> {
    match value {
        Value::String(text) => IntOrPercent::parse(text),
        Value::Number(_) => Some(IntOrPercent::Int(int32(value))),
        _ => None,
    }
}

/// An IPv4 address as a number, 0 for everything else.
pub fn ipv4(text: &str) -> u32 {
    text.parse::<std::net::Ipv4Addr>().map_or(0, u32::from)
}

/// The `metadata.name` of objects that a list refers to.
fn reference_names(value: &Value) -> Vec<Text> {
    super::value::items(value).iter().map(|item| super::value::short(&item["name"])).collect()
}

/// Bytes of base64 text; what is not was refused before.
pub fn base64_decode(text: &str) -> Vec<u8> {
    use serde::Deserialize;
    k8s_openapi::ByteString::deserialize(Value::from(text)).map(|bytes| bytes.0).unwrap_or_default()
}

/// Base64 text of bytes.
pub fn base64_encode(bytes: &[u8]) -> String {
    match serde_json::to_value(k8s_openapi::ByteString(bytes.to_vec())) {
        Ok(Value::String(text)) => text,
        _ => String::new(),
    }
}
