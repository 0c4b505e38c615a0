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

/// Ready and unready nodes by zone, kept as nodes change.
#[derive(Debug, Default)]
pub(super) struct ZoneBook {
    zones: BTreeMap<Zone, (u32, u32)>,
    /// Where a node is counted, and as what.
    nodes: BTreeMap<NodeId, (Zone, bool)>,
}

/// Whose eviction rate changed with a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shift {
    /// Nobody's.
    None,
    /// That of the nodes of a zone.
    Zone(Zone),
    /// All: the last zone went down.
    AllDown,
    /// All: a first zone works again.
    FirstUp,
}

impl ZoneBook {
    /// Counts a node as it is now.
    pub(super) fn note(&mut self, node: NodeId, cluster: &Cluster, threshold: f32) -> Shift {
        let row = cluster.node(node);
        let counted = row.deleted.is_none() && !row.meta.labels.contains_key(EXCLUDED);
        let ready = row.body.as_node().is_some_and(crate::model::node::Node::is_ready);
        let entry = counted.then(|| (zone_of(node, cluster), ready));
        if self.nodes.get(&node) == entry.as_ref() {
            return Shift::None;
        }
        let all_down = self.is_all_down();
        let zone = zone_of(node, cluster);
        let before = self.state(&zone, threshold);
        if let Some((zone, ready)) = self.nodes.remove(&node) {
            let count = self.zones.entry(zone.clone()).or_default();
            if ready {
                count.0 -= 1;
            } else {
                count.1 -= 1;
            }
            if *count == (0, 0) {
                self.zones.remove(&zone);
            }
        }
        if let Some((zone, ready)) = entry {
            let count = self.zones.entry(zone.clone()).or_default();
            if ready {
                count.0 += 1;
            } else {
                count.1 += 1;
            }
            self.nodes.insert(node, (zone, ready));
        }
        match (all_down, self.is_all_down()) {
            (false, true) => Shift::AllDown,
            (true, false) => Shift::FirstUp,
            _ if before != self.state(&zone, threshold) => Shift::Zone(zone),
            _ => Shift::None,
        }
    }

    fn is_all_down(&self) -> bool {
        self.zones.values().all(|(ready, _)| *ready == 0)
    }

    fn state(&self, zone: &Zone, threshold: f32) -> ZoneState {
        let count = self.zones.get(zone).copied().unwrap_or_default();
        state(count.0, count.1, threshold)
    }

    /// How many nodes a second may be tainted in a zone.
    pub(super) fn rate(&self, zone: &Zone, settings: &ControllerSettings) -> Rate {
        if self.is_all_down() {
            return Rate::MasterDisruption;
        }
        let Some(count) = self.zones.get(zone) else { return Rate::Limited(settings.node_eviction_rate) };
        match self.state(zone, settings.unhealthy_zone_threshold) {
            ZoneState::Normal | ZoneState::Full => Rate::Limited(settings.node_eviction_rate),
            ZoneState::Partial if count.0 + count.1 > settings.large_cluster_size_threshold => {
                Rate::Limited(settings.secondary_node_eviction_rate)
            }
            ZoneState::Partial => Rate::Limited(0.0),
        }
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
