//! A node's specification and status: plain data.

use super::Text;
use super::condition::Condition;
use super::resources::{ResourceList, Resources};
use super::taint::Taint;
use crate::engine::SimTime;

/// A node beyond its metadata.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// `spec.unschedulable`.
    pub unschedulable: bool,
    /// `spec.taints` in order.
    pub taints: Vec<Taint>,
    /// When the taints that have a `timeAdded` were put there.
    pub taints_added: Vec<(Taint, SimTime)>,
    /// `spec.podCIDR`, may be empty.
    pub pod_cidr: Text,
    /// `status.capacity`.
    pub capacity: ResourceList,
    /// `status.allocatable`.
    pub allocatable: ResourceList,
    /// `status.allocatable` in integers (`pods` among the others).
    pub allocatable_resources: Resources,
    /// `status.conditions` in order.
    pub conditions: Vec<Condition>,
    /// `status.images`: names and size in bytes.
    pub images: Vec<NodeImage>,
    /// `InternalIP` as an IPv4 number, 0 for none.
    pub internal_ip: u32,
    /// `status.declaredFeatures`: what its kubelet can do that not every kubelet can.
    pub declared_features: Vec<Text>,
}

/// An image on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeImage {
    /// Its names (tags and digests).
    pub names: Vec<Text>,
    /// Bytes.
    pub size: i64,
}

impl Node {
    /// How many pods fit: `allocatable.pods`.
    pub fn allowed_pods(&self) -> i64 {
        self.allocatable.get("pods").map_or(0, |quantity| quantity.value())
    }

    /// Is its Ready condition `True`?
    pub fn is_ready(&self) -> bool {
        super::condition::find(&self.conditions, "Ready").is_some_and(|condition| condition.status.is_true())
    }
}
