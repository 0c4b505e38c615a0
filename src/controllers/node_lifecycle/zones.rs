//! How fast nodes of a zone are evicted, by how many of them are down.
//! Upstream: nodelifecycle `ComputeZoneState`, `setLimiterInZone`, `handleDisruption`.

use std::collections::BTreeMap;

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::NodeId;

use super::super::settings::ControllerSettings;

const REGION: &str = "topology.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";
const EXCLUDED: &str = "node.kubernetes.io/exclude-disruption";

/// Region and zone; empty ones make a zone too.
pub(super) type Zone = (Text, Text);

/// How a zone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ZoneState {
    /// Most nodes work.
    Normal,
    /// Many do not.
    Partial,
    /// None works.
    Full,
}

/// The zone of a node.
pub(super) fn zone_of(node: NodeId, cluster: &Cluster) -> Zone {
    let labels = &cluster.node(node).meta.labels;
    (labels.get(REGION).unwrap_or_default().into(), labels.get(ZONE).unwrap_or_default().into())
}

/// The state of a zone with so many nodes.
pub(super) fn state(ready: u32, not_ready: u32, threshold: f32) -> ZoneState {
    if ready == 0 && not_ready > 0 {
        ZoneState::Full
    } else if not_ready > 2 && not_ready as f32 / (not_ready + ready) as f32 >= threshold {
        ZoneState::Partial
    } else {
        ZoneState::Normal
    }
}

/// How many nodes a second may be tainted in a zone; `None` for none, because all zones are down (then taints go) or
/// because the zone is small and mostly down.
pub(super) fn rate(zone: &Zone, cluster: &Cluster, settings: &ControllerSettings) -> Rate {
    let mut zones: BTreeMap<Zone, (u32, u32)> = BTreeMap::new();
    for node in cluster.nodes() {
        if cluster.node(node).meta.labels.contains_key(EXCLUDED) {
            continue;
        }
        let count = zones.entry(zone_of(node, cluster)).or_default();
        let ready = cluster.node(node).body.as_node().is_some_and(crate::model::node::Node::is_ready);
        if ready { count.0 += 1 } else { count.1 += 1 }
    }
    let state_of = |count: &(u32, u32)| state(count.0, count.1, settings.unhealthy_zone_threshold);
    if zones.values().all(|count| state_of(count) == ZoneState::Full) {
        return Rate::MasterDisruption;
    }
    let Some(count) = zones.get(zone) else { return Rate::Limited(settings.node_eviction_rate) };
    match state_of(count) {
        ZoneState::Normal | ZoneState::Full => Rate::Limited(settings.node_eviction_rate),
        ZoneState::Partial if count.0 + count.1 > settings.large_cluster_size_threshold => {
            Rate::Limited(settings.secondary_node_eviction_rate)
        }
        ZoneState::Partial => Rate::Limited(0.0),
    }
}

/// What a zone may do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rate {
    /// No zone works: nobody is evicted, and taints are taken back.
    MasterDisruption,
    /// So many nodes a second.
    Limited(f64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_partly_down_with_more_than_two_nodes_and_55_percent() {
        for (ready, not_ready, expected) in [
            (2, 1, ZoneState::Normal),
            (1, 2, ZoneState::Normal),
            (1, 3, ZoneState::Partial),
            (0, 1, ZoneState::Full),
            (45, 55, ZoneState::Partial),
            (46, 54, ZoneState::Normal),
        ] {
            assert_eq!(state(ready, not_ready, 0.55), expected, "{ready} {not_ready}");
        }
    }
}
