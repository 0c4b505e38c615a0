//! NodeResourcesFit: requests fit into what is allocatable and not yet requested; prefers empty nodes, or full ones, or
//! a curve, as configured.

use crate::model::Text;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{
    MAX_NODE_SCORE, MOST_REASONS, NodeFilter, NodeScore, PluginName, PodShape, ScoreContext, Verdict,
};
use crate::scheduler::plugins::resource_name::ResourceName;

/// How a resource's use becomes a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScoringStrategy {
    /// More for more that is left.
    LeastAllocated,
    /// More for more that is used.
    MostAllocated,
    /// Points of (utilization in percent, score 0..=10), rising in utilization.
    RequestedToCapacityRatio(Vec<(i64, i64)>),
}

/// The plugin with its arguments.
#[derive(Clone, Debug)]
pub struct NodeResourcesFit {
    /// How it scores.
    pub strategy: ScoringStrategy,
    /// Resources that are scored, with weights.
    pub resources: Vec<(ResourceName, i64)>,
    /// Extended resources that are not checked.
    pub ignored_resources: Vec<Text>,
    /// Groups (the text before `/`) of extended resources that are not checked.
    pub ignored_resource_groups: Vec<Text>,
}

impl Default for NodeResourcesFit {
    fn default() -> Self {
        Self {
            strategy: ScoringStrategy::LeastAllocated,
            resources: vec![(ResourceName::Cpu, 1), (ResourceName::Memory, 1)],
            ignored_resources: Vec::new(),
            ignored_resource_groups: Vec::new(),
        }
    }
}

const TOO_MANY_PODS: u32 = 1;
const CPU: u32 = 1 << 1;
const MEMORY: u32 = 1 << 2;
const EPHEMERAL_STORAGE: u32 = 1 << 3;
/// Bit of the pod's first other resource.
const FIRST_OTHER: u32 = 4;

impl NodeResourcesFit {
    /// The resources that are lacking, as reason bits; and whether one exceeds the whole node.
    /// Upstream: noderesources.fitsRequest.
    fn lacking(&self, pod: &PodShape, node: &NodeInfo) -> (u32, bool) {
        let mut reasons = 0;
        let mut hopeless = false;
        if node.pods.len() as i64 + 1 > node.facts.allowed_pods {
            reasons |= TOO_MANY_PODS;
        }
        if pod.is_best_effort() {
            return (reasons, false);
        }
        let (allocatable, used, wanted) = (&node.facts.allocatable, &node.requested, &pod.requests);
        let mut check = |bit: u32, wanted: i64, allocatable: i64, used: i64| {
            if wanted > 0 && wanted > allocatable - used {
                reasons |= bit;
                hopeless |= wanted > allocatable;
            }
        };
        check(CPU, wanted.cpu_milli, allocatable.cpu_milli, used.cpu_milli);
        check(MEMORY, wanted.memory, allocatable.memory, used.memory);
        check(EPHEMERAL_STORAGE, wanted.ephemeral_storage, allocatable.ephemeral_storage, used.ephemeral_storage);
        for (index, (name, amount)) in wanted.others.iter().enumerate() {
            if !self.is_ignored(name) {
                let bit = 1 << (FIRST_OTHER + index as u32).min(MOST_REASONS - 1);
                check(bit, *amount, allocatable.get(name), used.get(name));
            }
        }
        (reasons, hopeless)
    }

    fn is_ignored(&self, name: &str) -> bool {
        let Some((group, _)) = name.split_once('/') else { return false };
        !group.ends_with("kubernetes.io")
            && (self.ignored_resources.iter().any(|ignored| ignored == name)
                || self.ignored_resource_groups.iter().any(|ignored| ignored == group))
    }

    fn resource_score(&self, requested: i64, allocatable: i64) -> i64 {
        match &self.strategy {
            ScoringStrategy::LeastAllocated if requested > allocatable => 0,
            ScoringStrategy::LeastAllocated => (allocatable - requested) * MAX_NODE_SCORE / allocatable,
            ScoringStrategy::MostAllocated => requested.min(allocatable) * MAX_NODE_SCORE / allocatable,
            ScoringStrategy::RequestedToCapacityRatio(shape) => {
                let utilization = if requested > allocatable { 100 } else { requested * 100 / allocatable };
                broken_linear(shape, utilization)
            }
        }
    }
}

/// The score at a utilization on the line through the points. Upstream: helper.BuildBrokenLinearFunction.
fn broken_linear(shape: &[(i64, i64)], utilization: i64) -> i64 {
    let Some(next) = shape.iter().position(|(at, _)| utilization <= *at) else {
        return shape.last().map_or(0, |(_, score)| score * 10);
    };
    let (right, right_score) = (shape[next].0, shape[next].1 * 10);
    if next == 0 {
        return right_score;
    }
    let (left, left_score) = (shape[next - 1].0, shape[next - 1].1 * 10);
    left_score + (right_score - left_score) * (utilization - left) / (right - left)
}

impl NodeFilter for NodeResourcesFit {
    fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        match self.lacking(pod, node) {
            (0, _) => Verdict::PASS,
            (reasons, true) => Verdict::unresolvable(PluginName::NodeResourcesFit, reasons),
            (reasons, false) => Verdict::unschedulable(PluginName::NodeResourcesFit, reasons),
        }
    }

    fn reason(&self, pod: &PodShape, bit: u32) -> Text {
        match bit {
            0 => Text::const_new("Too many pods"),
            1 => Text::const_new("Insufficient cpu"),
            2 => Text::const_new("Insufficient memory"),
            3 => Text::const_new("Insufficient ephemeral-storage"),
            _ => {
                let name = pod.requests.others.get((bit - FIRST_OTHER) as usize).map_or("", |(name, _)| name);
                compact_str::format_compact!("Insufficient {name}")
            }
        }
    }
}

impl NodeScore for NodeResourcesFit {
    fn score(&self, pod: &PodShape, node: &NodeInfo, _context: ScoreContext<'_>) -> i64 {
        let (mut sum, mut weights) = (0, 0);
        let is_ratio = matches!(self.strategy, ScoringStrategy::RequestedToCapacityRatio(_));
        for (name, weight) in &self.resources {
            let (allocatable, wanted) = (name.of(&node.facts.allocatable), name.of(&pod.scored_requests));
            let used = match name {
                ResourceName::Cpu => node.nonzero_cpu_milli,
                ResourceName::Memory => node.nonzero_memory,
                ResourceName::EphemeralStorage | ResourceName::Scalar(_) => name.of(&node.requested),
            };
            if allocatable == 0 || name.is_scalar() && wanted == 0 {
                continue;
            }
            let score = self.resource_score(used + wanted, allocatable);
            if !is_ratio || score > 0 {
                sum += weight * score;
                weights += weight;
            }
        }
        match (weights, is_ratio) {
            (0, _) => 0,
            (_, false) => sum / weights,
            (_, true) => (sum as f64 / weights as f64).round() as i64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{node_with, pod_shape, requests, score_context};

    fn score(strategy: ScoringStrategy, existing: (&str, &str), pod: (&str, &str)) -> i64 {
        let node = node_with(("4", "8Gi"), &[requests(existing.0, existing.1)]);
        let plugin = NodeResourcesFit { strategy, ..NodeResourcesFit::default() };
        plugin.score(&pod_shape(requests(pod.0, pod.1)), &node, score_context())
    }

    #[test]
    fn least_and_most_allocated_are_those_of_upstream() {
        for (existing, pod, least, most) in [
            (("1000m", "2Gi"), ("500m", "1Gi"), 62, 37),
            (("0", "0"), ("500m", "1Gi"), 87, 12),
            (("3000m", "2Gi"), ("500m", "1Gi"), 37, 62),
            (("4000m", "2Gi"), ("500m", "1Gi"), 31, 68),
        ] {
            assert_eq!(score(ScoringStrategy::LeastAllocated, existing, pod), least, "{existing:?}");
            assert_eq!(score(ScoringStrategy::MostAllocated, existing, pod), most, "{existing:?}");
        }
    }

    #[test]
    fn a_requested_to_capacity_shape_is_interpolated() {
        let ratio = |shape: &[(i64, i64)], existing, pod| {
            score(ScoringStrategy::RequestedToCapacityRatio(shape.to_vec()), existing, pod)
        };
        assert_eq!(ratio(&[(0, 0), (50, 10), (100, 2)], ("0", "0"), ("3000m", "3Gi")), 67);
        assert_eq!(ratio(&[(0, 0), (100, 10)], ("0", "0"), ("1500m", "3Gi")), 37);
    }

    #[test]
    fn a_pod_without_requests_is_scored_with_defaults_and_fits_a_full_node() {
        let node = node_with(("4", "8Gi"), &[requests("4", "8Gi")]);
        let empty = pod_shape(crate::model::resources::ResourceList::default());
        let plugin = NodeResourcesFit::default();
        assert!(plugin.filter(&empty, &node).is_pass());
        let free = node_with(("4", "8Gi"), &[]);
        assert_eq!(NodeScore::score(&plugin, &empty, &free, score_context()), 97);
    }

    #[test]
    fn what_exceeds_the_whole_node_is_unresolvable() {
        let node = node_with(("4", "8Gi"), &[requests("3", "1Gi")]);
        let plugin = NodeResourcesFit::default();
        let verdict = plugin.filter(&pod_shape(requests("2", "9Gi")), &node);
        assert!(verdict.is_unresolvable());
        assert_eq!(verdict.reasons().collect::<Vec<_>>(), [1, 2]);
        assert!(!plugin.filter(&pod_shape(requests("2", "1Gi")), &node).is_unresolvable());
    }
}
