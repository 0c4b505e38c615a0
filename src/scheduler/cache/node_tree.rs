//! Nodes by zone, and the order in which the scheduler looks at them: zones take turns.
//! Upstream: backend/cache `nodeTree`.

use crate::model::Text;
use crate::model::labels::Labels;
use crate::model::object::NodeId;

/// Nodes of each zone in order of arrival; zones in order of their first node.
#[derive(Clone, Debug, Default)]
pub struct NodeTree {
    zones: Vec<(Text, Vec<NodeId>)>,
    count: usize,
}

impl NodeTree {
    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.count
    }

    /// No nodes?
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a node at the end of its zone.
    pub fn add(&mut self, zone: &Text, node: NodeId) {
        match self.zones.iter_mut().find(|(name, _)| name == zone) {
            Some((_, nodes)) => nodes.push(node),
            None => self.zones.push((zone.clone(), vec![node])),
        }
        self.count += 1;
    }

    /// Removes a node, and its zone with the last node.
    pub fn remove(&mut self, zone: &Text, node: NodeId) {
        let Some(place) = self.zones.iter().position(|(name, _)| name == zone) else { return };
        let nodes = &mut self.zones[place].1;
        let before = nodes.len();
        nodes.retain(|candidate| *candidate != node);
        self.count -= before - nodes.len();
        if nodes.is_empty() {
            self.zones.remove(place);
        }
    }

    /// All nodes, the k-th of each zone before the (k+1)-th of any.
    pub fn list(&self, order: &mut Vec<NodeId>) {
        order.clear();
        let mut round = 0;
        while order.len() < self.count {
            order.extend(self.zones.iter().filter_map(|(_, nodes)| nodes.get(round)));
            round += 1;
        }
    }
}

/// Region and zone of a node as one text, empty without either. Upstream: component-helpers `GetZoneKey`.
pub fn zone_key(labels: &Labels) -> Text {
    let first = |beta: &str, stable: &str| labels.get(beta).or_else(|| labels.get(stable)).unwrap_or("").to_owned();
    let zone = first("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone");
    let region = first("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region");
    if zone.is_empty() && region.is_empty() {
        return Text::default();
    }
    compact_str::format_compact!("{region}:\0:{zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_take_turns() {
        let mut tree = NodeTree::default();
        for (zone, node) in [("a", 0), ("a", 1), ("a", 2), ("b", 10), ("c", 20), ("c", 21), ("", 30)] {
            tree.add(&zone.into(), NodeId(node));
        }
        let mut order = Vec::new();
        tree.list(&mut order);
        assert_eq!(order, [0, 10, 20, 30, 1, 21, 2].map(NodeId));
        tree.remove(&"b".into(), NodeId(10));
        tree.add(&"b".into(), NodeId(11));
        tree.list(&mut order);
        assert_eq!(order, [0, 20, 30, 11, 1, 21, 2].map(NodeId));
    }
}
