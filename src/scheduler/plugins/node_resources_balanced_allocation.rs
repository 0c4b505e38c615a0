//! NodeResourcesBalancedAllocation: prefers nodes whose CPU and memory a pod brings nearer to equal use.

use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{NodeScore, PodShape, ScoreContext};
use crate::scheduler::plugins::resource_name::ResourceName;

/// The plugin with its arguments.
#[derive(Clone, Debug)]
pub struct NodeResourcesBalancedAllocation {
    /// Resources that count.
    pub resources: Vec<ResourceName>,
}

impl Default for NodeResourcesBalancedAllocation {
    fn default() -> Self {
        Self { resources: vec![ResourceName::Cpu, ResourceName::Memory] }
    }
}

/// 100 for equal fractions, less the more they differ.
fn balance(fractions: &[f64]) -> i64 {
    let deviation = match fractions {
        [first, second] => ((first - second) / 2.0).abs(),
        [] | [_] => 0.0,
        _ => {
            let count = fractions.len() as f64;
            let mean = fractions.iter().sum::<f64>() / count;
            let squares: f64 = fractions.iter().map(|fraction| (fraction - mean) * (fraction - mean)).sum();
            (squares / count).sqrt()
        }
    };
    ((1.0 - deviation) * 100.0) as i64
}

fn fraction(requested: i64, allocatable: i64) -> f64 {
    let fraction = requested as f64 / allocatable as f64;
    if fraction > 1.0 { 1.0 } else { fraction }
}

impl NodeScore for NodeResourcesBalancedAllocation {
    fn applies(&self, pod: &PodShape) -> bool {
        self.resources.iter().any(|name| name.of(&pod.requests) != 0)
    }

    /// Half of the score is the balance, half what the pod changes of it.
    /// Upstream: noderesources.balancedResourceScorer.
    fn score(&self, pod: &PodShape, node: &NodeInfo, _context: ScoreContext<'_>) -> i64 {
        let mut with = smallvec::SmallVec::<[f64; 4]>::new();
        let mut without = smallvec::SmallVec::<[f64; 4]>::new();
        for name in &self.resources {
            let (allocatable, wanted) = (name.of(&node.facts.allocatable), name.of(&pod.requests));
            if allocatable == 0 || name.is_scalar() && wanted == 0 {
                continue;
            }
            let used = name.of(&node.requested);
            with.push(fraction(used + wanted, allocatable));
            without.push(fraction(used, allocatable));
        }
        50 + (50 + balance(&with) - balance(&without)) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{node_with, pod_shape, requests, score_context};

    #[test]
    fn scores_are_those_of_upstream() {
        for (existing, pod, score) in [
            (("1000m", "2Gi"), ("500m", "1Gi"), 75),
            (("3000m", "2Gi"), ("500m", "1Gi"), 75),
            (("3000m", "2Gi"), ("100m", "4Gi"), 86),
            (("4000m", "2Gi"), ("500m", "1Gi"), 78),
            (("0", "0"), ("100m", "100Mi"), 74),
        ] {
            let node = node_with(("4", "8Gi"), &[requests(existing.0, existing.1)]);
            let pod = pod_shape(requests(pod.0, pod.1));
            let plugin = NodeResourcesBalancedAllocation::default();
            assert_eq!(plugin.score(&pod, &node, score_context()), score, "{existing:?}");
        }
    }
}
