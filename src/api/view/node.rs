//! Nodes.

use serde_json::{Value, json};

use super::super::clock::Clock;
use super::super::value::Object;
use super::{ip_text, object_of, put_text};
use crate::model::condition::Condition;
use crate::model::node::Node;
use crate::model::resources::ResourceList;

/// The version every simulated component reports.
pub const KUBELET_VERSION: &str = "v1.36.2";

/// Lays the columns over `spec`.
pub(super) fn spec(spec: &mut Object, node: &Node, clock: Clock) {
    spec.remove("unschedulable");
    if node.unschedulable {
        spec.insert("unschedulable".to_owned(), json!(true));
    }
    let submitted = spec.remove("taints").unwrap_or_default();
    if !node.taints.is_empty() {
        let taints = node.taints.iter().map(|taint| {
            let mut out = object_of(json!({"key": taint.key.as_str(), "effect": taint.effect.name()}));
            put_text(&mut out, "value", &taint.value);
            // A taint that was submitted keeps the time it was submitted with.
            let written = super::super::value::items(&submitted)
                .iter()
                .find(|written| written["key"] == taint.key.as_str() && written["effect"] == taint.effect.name());
            if let Some(time) = written.map(|written| &written["timeAdded"]).filter(|time| !time.is_null()) {
                out.insert("timeAdded".to_owned(), time.clone());
            } else if let Some((_, at)) = node.taints_added.iter().find(|(known, _)| known == taint) {
                out.insert("timeAdded".to_owned(), json!(clock.timestamp(*at)));
            }
            Value::Object(out)
        });
        spec.insert("taints".to_owned(), taints.collect());
    }
    if !node.pod_cidr.is_empty() {
        spec.insert("podCIDR".to_owned(), json!(node.pod_cidr.as_str()));
        spec.insert("podCIDRs".to_owned(), json!([node.pod_cidr.as_str()]));
    }
}

/// `status`. A node whose kubelet never reported has no conditions and empty system information.
pub(super) fn status(node: &Node, name: &str, clock: Clock) -> Value {
    let reported = !node.conditions.is_empty();
    let mut out = object_of(json!({
        "daemonEndpoints": {"kubeletEndpoint": {"Port": if reported { 10250 } else { 0 }}},
        "nodeInfo": system_info(name, reported),
    }));
    for (key, list) in [("capacity", &node.capacity), ("allocatable", &node.allocatable)] {
        if !list.entries.is_empty() {
            out.insert(key.to_owned(), resources(list));
        }
    }
    if reported {
        let conditions = node.conditions.iter().map(|condition| self::condition(condition, clock));
        out.insert("conditions".to_owned(), conditions.collect());
    }
    if node.internal_ip != 0 {
        out.insert(
            "addresses".to_owned(),
            json!([{"type": "InternalIP", "address": ip_text(node.internal_ip)}, {"type": "Hostname", "address": name}]),
        );
    }
    if !node.images.is_empty() {
        let images = node.images.iter().map(|image| {
            let names: Vec<&str> = image.names.iter().map(compact_str::CompactString::as_str).collect();
            json!({"names": names, "sizeBytes": image.size})
        });
        out.insert("images".to_owned(), images.collect());
    }
    Value::Object(out)
}

fn system_info(name: &str, reported: bool) -> Value {
    let say = |text: &str| if reported { text.to_owned() } else { String::new() };
    json!({
        "architecture": say("amd64"), "bootID": say(name), "containerRuntimeVersion": say("containerd://2.2.0"),
        "kernelVersion": say("6.12.0"), "kubeProxyVersion": "", "kubeletVersion": say(KUBELET_VERSION),
        "machineID": say(name), "operatingSystem": say("linux"), "osImage": say("Linux"), "systemUUID": say(name),
    })
}

fn condition(condition: &Condition, clock: Clock) -> Value {
    json!({
        "type": condition.kind.as_str(), "status": condition.status.name(),
        "lastHeartbeatTime": clock.timestamp(condition.last_update),
        "lastTransitionTime": clock.timestamp(condition.last_transition),
        "reason": condition.reason.as_str(), "message": condition.message.as_str(),
    })
}

/// A `v1.ResourceList`.
pub(super) fn resources(list: &ResourceList) -> Value {
    list.entries.iter().map(|(name, quantity)| (name.to_string(), Value::from(quantity.to_string()))).collect()
}
