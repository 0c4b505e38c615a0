//! The in-tree plugins, one file (or folder) each. A plugin sees nodes and pods through the framework only: none knows
//! the queue, and none knows another.

pub mod dynamic_resources;
pub mod image_locality;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_declared_features;
pub mod node_name;
pub mod node_ports;
pub mod node_resources_balanced_allocation;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod node_volume_limits;
pub mod pod_topology_spread;
pub mod resource_name;
pub mod taint_toleration;
pub mod volume_binding;
pub mod volume_restrictions;
#[cfg(test)]
mod volume_tests;
pub mod volume_zone;
pub mod volumes;
