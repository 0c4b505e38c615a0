//! The in-tree plugins and their default order and weights. A new plugin is one file in `plugins/` and one line here.

use super::framework::{ClusterPlugin, NodeScore, Profile, WeightedScore};
use super::plugins::image_locality::ImageLocality;
use super::plugins::inter_pod_affinity::InterPodAffinityArgs;
use super::plugins::node_affinity::NodeAffinity;
use super::plugins::node_name::NodeName;
use super::plugins::node_ports::NodePorts;
use super::plugins::node_resources_balanced_allocation::NodeResourcesBalancedAllocation;
use super::plugins::node_resources_fit::NodeResourcesFit;
use super::plugins::node_unschedulable::NodeUnschedulable;
use super::plugins::pod_topology_spread::DefaultConstraints;
use super::plugins::taint_toleration::TaintToleration;
use super::plugins::volume_restrictions::VolumeRestrictions;

/// The default profile. Upstream: apis/config/v1 `getDefaultPlugins`.
pub fn default_profile() -> Profile {
    Profile {
        node_filters: vec![
            Box::new(NodeUnschedulable),
            Box::new(NodeName),
            Box::new(TaintToleration),
            Box::new(NodeAffinity),
            Box::new(NodePorts),
            Box::new(NodeResourcesFit::default()),
            Box::new(VolumeRestrictions),
        ],
        node_scores: vec![
            weighted(3, TaintToleration),
            weighted(2, NodeAffinity),
            weighted(1, NodeResourcesFit::default()),
            weighted(1, NodeResourcesBalancedAllocation::default()),
            weighted(1, ImageLocality),
        ],
        spread: Some(ClusterPlugin { args: DefaultConstraints::System, filters: true, weight: Some(2) }),
        affinity: Some(ClusterPlugin { args: InterPodAffinityArgs::default(), filters: true, weight: Some(2) }),
    }
}

fn weighted(weight: i64, plugin: impl NodeScore + 'static) -> WeightedScore {
    WeightedScore { plugin: Box::new(plugin), weight }
}
