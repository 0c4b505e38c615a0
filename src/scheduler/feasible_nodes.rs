//! How many feasible nodes a search looks for: all of few nodes, a share of many.

/// Upstream: `minFeasibleNodesToFind`, `minFeasibleNodesPercentageToFind`.
const MIN_FEASIBLE_NODES: usize = 100;
const MIN_FEASIBLE_PERCENTAGE: usize = 5;

/// How many feasible nodes to look for. Upstream: `numFeasibleNodesToFind`.
pub(super) fn feasible_nodes_to_find(nodes: usize, percentage: usize) -> usize {
    if nodes < MIN_FEASIBLE_NODES {
        return nodes;
    }
    let adaptive = 50_usize.saturating_sub(nodes / 125).max(MIN_FEASIBLE_PERCENTAGE);
    let percentage = if percentage == 0 { adaptive } else { percentage };
    (nodes * percentage / 100).max(MIN_FEASIBLE_NODES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_nodes_are_sought_as_upstream_seeks() {
        for (nodes, want) in [
            (99, 99),
            (100, 100),
            (125, 100),
            (250, 120),
            (500, 230),
            (1000, 420),
            (2000, 680),
            (3000, 780),
            (5000, 500),
            (5625, 281),
            (10000, 500),
        ] {
            assert_eq!(feasible_nodes_to_find(nodes, 0), want, "{nodes} nodes");
        }
        assert_eq!(feasible_nodes_to_find(1000, 30), 300);
    }
}
