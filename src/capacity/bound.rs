//! Lower bounds of bin packing: no schedule whatsoever gets by with fewer nodes. Shown beside what the search found, and
//! where it starts. Knows amounts only.
//!
//! For each resource alone: what is asked for in all by what a node gives, and the bound of Martello and Toth (1990) L2,
//! which also counts items that no two fit into a node together. The greatest of these bounds counts.

use serde::Serialize;

/// CPU in millicores, memory in bytes, pods in pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Millicores.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
    /// Pods.
    pub pods: u64,
}

impl Amount {
    /// All three, in the order of [`RESOURCES`].
    pub fn all(self) -> [u64; 3] {
        [self.cpu, self.memory, self.pods]
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let Self { cpu, memory, pods } = self;
        Self { cpu: cpu + other.cpu, memory: memory + other.memory, pods: pods + other.pods }
    }

    /// What is left of it without `other`.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(other.cpu),
            memory: self.memory.saturating_sub(other.memory),
            pods: self.pods.saturating_sub(other.pods),
        }
    }

    /// Is there room for `other`?
    pub fn holds(self, other: Self) -> bool {
        self.cpu >= other.cpu && self.memory >= other.memory && self.pods >= other.pods
    }
}

/// Names of the resources of an [`Amount`].
pub const RESOURCES: [&str; 3] = ["cpu", "memory", "pods"];

/// A bound and the resource that makes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// At least this many nodes.
    pub nodes: u32,
    /// The resource that needs them.
    pub by: &'static str,
}

/// The fewest nodes of which each gives `node` that hold `items`, beside `kept`, which is there anyway. None if an item
/// fits neither into a node nor into what is kept.
pub fn nodes(items: &[Amount], node: Amount, kept: Amount) -> Option<Bound> {
    let fits = |item: &&Amount| !node.holds(**item) && !kept.holds(**item);
    if items.iter().any(|item| fits(&item)) {
        return None;
    }
    let mut bound = Bound { nodes: 0, by: "cpu" };
    for (place, name) in RESOURCES.into_iter().enumerate() {
        let sizes: Vec<u64> = items.iter().map(|item| item.all()[place]).collect();
        let least = of_one(sizes, node.all()[place], kept.all()[place])?;
        if least > bound.nodes {
            bound = Bound { nodes: least, by: name };
        }
    }
    Some(bound)
}

/// The same for one resource alone, of which a node gives `size` and what is kept `spare`.
pub fn of_one(sizes: Vec<u64>, size: u64, spare: u64) -> Option<u32> {
    let total: u64 = sizes.iter().sum();
    let mut least = match total.saturating_sub(spare) {
        0 => 0,
        _ if size == 0 => return None,
        rest => rest.div_ceil(size),
    };
    if sizes.iter().any(|item| *item > size && *item > spare) {
        return None;
    }
    if spare == 0 && size > 0 {
        least = least.max(martello_toth(sizes, size));
    }
    Some(u32::try_from(least).unwrap_or(u32::MAX))
}

/// L2: for each k up to half a bin, items above `bin − k` have a bin each, those above half a bin as well, and what
/// these leave is filled by items of at least k.
fn martello_toth(mut sizes: Vec<u64>, bin: u64) -> u64 {
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let half = bin / 2;
    let alone = sizes.partition_point(|size| *size > half);
    let mut best = alone as u64;
    let mut thresholds: Vec<u64> = sizes.iter().copied().filter(|size| *size <= half && *size > 0).collect();
    thresholds.dedup();
    let sums: Vec<u64> = std::iter::once(0)
        .chain(sizes.iter().scan(0_u64, |sum, size| {
            *sum += size;
            Some(*sum)
        }))
        .collect();
    for threshold in thresholds {
        let first = sizes.partition_point(|size| *size > bin - threshold);
        let last = sizes.partition_point(|size| *size >= threshold);
        let large = (alone - first) as u64 * bin - (sums[alone] - sums[first]);
        let small = sums[last] - sums[alone];
        best = best.max(alone as u64 + small.saturating_sub(large).div_ceil(bin));
    }
    best
}

/// The fewest nodes of which `needed` are left when `lost` of `zones` zones are gone, the fullest ones, and `more` nodes
/// with them; nodes are given to zones in turn. None if nothing is ever left.
pub fn surviving(needed: u32, zones: u32, lost: u32, more: u32) -> Option<u32> {
    if lost > 0 && zones <= lost {
        return None;
    }
    let left = |nodes: u32| {
        let in_lost: u32 = if lost == 0 { 0 } else { (0..lost).map(|zone| (nodes + zones - 1 - zone) / zones).sum() };
        nodes.saturating_sub(in_lost).saturating_sub(more)
    };
    // With one zone left of many, all of it may be among the nodes that go with the zones.
    (needed..=needed.saturating_add(more).saturating_mul(zones.max(1)).saturating_add(zones))
        .find(|nodes| left(*nodes) >= needed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cpu(sizes: &[u64]) -> Vec<Amount> {
        sizes.iter().map(|size| Amount { cpu: *size, memory: 0, pods: 1 }).collect()
    }

    const NODE: Amount = Amount { cpu: 1000, memory: 1 << 30, pods: 110 };

    #[test]
    fn the_scarcest_resource_makes_the_bound() {
        let items = vec![Amount { cpu: 100, memory: 1 << 29, pods: 1 }; 7];
        assert_eq!(nodes(&items, NODE, Amount::default()), Some(Bound { nodes: 4, by: "memory" }));
        let tiny = Amount { pods: 2, ..NODE };
        assert_eq!(nodes(&cpu(&[1; 9]), tiny, Amount::default()), Some(Bound { nodes: 5, by: "pods" }));
        assert_eq!(nodes(&[], NODE, Amount::default()).unwrap().nodes, 0);
    }

    #[test]
    fn items_of_which_no_two_fit_have_a_node_each() {
        // 6 × 0.6 is 3.6 nodes by sum, but six nodes by size.
        assert_eq!(nodes(&cpu(&[600; 6]), NODE, Amount::default()).unwrap().nodes, 6);
        // 0.6 and 0.3 go together, 0.5 is alone beside another 0.5.
        assert_eq!(nodes(&cpu(&[600, 600, 300, 300, 500, 500]), NODE, Amount::default()).unwrap().nodes, 3);
    }

    #[test]
    fn what_is_kept_holds_its_part_and_what_fits_nowhere_has_no_bound() {
        let kept = Amount { cpu: 2500, memory: 8 << 30, pods: 100 };
        assert_eq!(nodes(&cpu(&[500; 8]), NODE, kept).unwrap().nodes, 2);
        assert_eq!(nodes(&cpu(&[1500]), NODE, Amount::default()), None);
        assert_eq!(nodes(&cpu(&[1500]), NODE, kept).unwrap().nodes, 0);
    }

    #[test]
    fn a_lost_zone_takes_its_share() {
        assert_eq!(surviving(4, 3, 1, 0), Some(6));
        assert_eq!(surviving(5, 3, 1, 0), Some(8));
        assert_eq!(surviving(5, 3, 0, 2), Some(7));
        assert_eq!(surviving(1, 3, 2, 0), Some(3));
        assert_eq!(surviving(3, 2, 2, 0), None);
        assert_eq!(surviving(0, 3, 1, 0), Some(0));
    }

    /// First fit decreasing: some packing, so no bound may exceed it.
    fn packed(mut sizes: Vec<u64>, bin: u64) -> usize {
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let mut bins: Vec<u64> = Vec::new();
        for size in sizes {
            match bins.iter_mut().find(|used| **used + size <= bin) {
                Some(used) => *used += size,
                None => bins.push(size),
            }
        }
        bins.len()
    }

    proptest! {
        #[test]
        fn no_bound_exceeds_a_packing(sizes in proptest::collection::vec(1_u64..=1000, 0..60)) {
            let bound = nodes(&cpu(&sizes), NODE, Amount::default()).unwrap().nodes as usize;
            let total: u64 = sizes.iter().sum();
            prop_assert!(bound <= packed(sizes, 1000));
            prop_assert!(bound as u64 >= total.div_ceil(1000));
        }

        #[test]
        fn enough_is_left(needed in 1_u32..50, zones in 1_u32..6, lost in 0_u32..5, more in 0_u32..4) {
            match surviving(needed, zones, lost, more) {
                None => prop_assert!(lost >= zones),
                Some(nodes) => {
                    let mut per_zone = vec![0_u32; zones as usize];
                    (0..nodes).for_each(|node| per_zone[(node % zones) as usize] += 1);
                    let left: u32 = per_zone.iter().skip(lost as usize).sum();
                    prop_assert!(left.saturating_sub(more) >= needed);
                }
            }
        }
    }
}
