//! Which nodes count towards constraints: shared by constraint sets that differ in what they select only, so that a new
//! one does not cost a look at each node.

use std::sync::Arc;

use super::constraints::{Constraint, ConstraintSet};
use crate::model::object::NodeId;
use crate::scheduler::cache::{Cache, KeyId, NO_DOMAIN, NodeFacts};
use crate::scheduler::plugins::node_affinity::matches_required;
use crate::scheduler::plugins::taint_toleration::tolerates_all;

/// Shapes of constraint sets kept; beyond that all are made anew.
const MOST_SHAPES: usize = 64;

/// Which nodes count towards a constraint, whatever it selects.
#[derive(Debug, Default)]
pub(super) struct Inclusion {
    /// By node: does it count towards its domain?
    pub(super) is_included: Vec<bool>,
    /// By domain: nodes that count.
    pub(super) nodes: Vec<u32>,
}

/// What constraint sets have in common.
#[derive(Debug, Default)]
pub struct Shared {
    topology_version: Option<u32>,
    inclusions: Vec<(ConstraintSet, Vec<Arc<Inclusion>>)>,
}

impl Shared {
    /// Which nodes count, for each constraint of a set with these keys.
    pub(super) fn inclusions(&mut self, set: &ConstraintSet, keys: &[KeyId], cache: &Cache) -> Vec<Arc<Inclusion>> {
        let version = Some(cache.topology_version());
        if self.topology_version != version || self.inclusions.len() == MOST_SHAPES {
            self.inclusions.clear();
            self.topology_version = version;
        }
        let shape = set.shape();
        if let Some((_, known)) = self.inclusions.iter().find(|(known, _)| *known == shape) {
            return known.clone();
        }
        let made: Vec<Arc<Inclusion>> = inclusions(set, keys, cache).into_iter().map(Arc::new).collect();
        self.inclusions.push((shape, made.clone()));
        made
    }
}

fn inclusions(set: &ConstraintSet, keys: &[KeyId], cache: &Cache) -> Vec<Inclusion> {
    let all = cache.generations().len();
    let empty = |key: &KeyId| Inclusion { is_included: vec![false; all], nodes: vec![0; cache.topology().count(*key)] };
    let mut made: Vec<Inclusion> = keys.iter().map(empty).collect();
    for node in cache.order() {
        include(set, keys, cache, *node, &mut made);
    }
    made
}

/// Decides towards which constraints a node counts.
fn include(set: &ConstraintSet, keys: &[KeyId], cache: &Cache, node: NodeId, made: &mut [Inclusion]) {
    let (topology, facts) = (cache.topology(), &cache.node(node).facts);
    let hard = set.hard.len();
    let has_keys = |keys: &[KeyId]| keys.iter().all(|key| topology.domain(*key, node) != NO_DOMAIN);
    let (has_hard, has_soft) = (has_keys(&keys[..hard]), has_keys(&keys[hard..]));
    for (index, constraint) in set.hard.iter().chain(&set.soft).enumerate() {
        let has_keys = if index < hard { has_hard } else { has_soft || !set.requires_all_keys };
        let domain = topology.domain(keys[index], node);
        if has_keys && domain != NO_DOMAIN && is_honored(set, constraint, facts) {
            made[index].is_included[node.index()] = true;
            made[index].nodes[domain as usize] += 1;
        }
    }
}

/// Upstream: `topologySpreadConstraint.matchNodeInclusionPolicies`.
pub(super) fn is_honored(set: &ConstraintSet, constraint: &Constraint, node: &NodeFacts) -> bool {
    (!constraint.honors_affinity || matches_required(&set.node_selector, set.node_affinity.as_ref(), node))
        && (!constraint.honors_taints || tolerates_all(&set.tolerations, &node.taints))
}
