//! Which taints a node's conditions ask for. Upstream: nodelifecycle `doNoScheduleTaintingPass`.

use crate::model::Text;
use crate::model::condition::{self, ConditionStatus};
use crate::model::node::Node;
use crate::model::taint::{Taint, TaintEffect};

pub(super) const NOT_READY: &str = "node.kubernetes.io/not-ready";
pub(super) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// Conditions that taint while they are True.
const PRESSURES: [(&str, &str); 4] = [
    ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
];

/// Keys of NoSchedule taints that the controller owns.
fn is_owned(key: &str) -> bool {
    [NOT_READY, UNREACHABLE, UNSCHEDULABLE].contains(&key) || PRESSURES.iter().any(|(_, known)| *known == key)
}

/// The status of Ready; `None` without the condition.
pub(super) fn ready(node: &Node) -> Option<ConditionStatus> {
    condition::find(&node.conditions, "Ready").map(|ready| ready.status)
}

/// The node's taints with those of the controller as the conditions ask. Taints that stay keep their places.
pub(super) fn with_conditions(node: &Node) -> Vec<Taint> {
    let mut wanted: Vec<&'static str> = Vec::new();
    match ready(node) {
        Some(ConditionStatus::False) => wanted.push(NOT_READY),
        Some(ConditionStatus::Unknown) => wanted.push(UNREACHABLE),
        _ => {}
    }
    for (kind, key) in PRESSURES {
        if condition::find(&node.conditions, kind).is_some_and(|known| known.status.is_true()) {
            wanted.push(key);
        }
    }
    if node.unschedulable {
        wanted.push(UNSCHEDULABLE);
    }
    // Without a Ready condition nothing is known: what admission put there stays.
    let keeps_not_ready = ready(node).is_none();
    let is_kept = |taint: &&Taint| {
        taint.effect != TaintEffect::NoSchedule
            || !is_owned(&taint.key)
            || wanted.contains(&taint.key.as_str())
            || keeps_not_ready && taint.key == NOT_READY
    };
    let mut taints: Vec<Taint> = node.taints.iter().filter(is_kept).cloned().collect();
    for key in wanted {
        if !taints.iter().any(|taint| taint.key == key && taint.effect == TaintEffect::NoSchedule) {
            taints.push(taint(key, TaintEffect::NoSchedule));
        }
    }
    taints
}

/// The NoExecute taint that the Ready condition asks for, and the one that has to go then.
pub(super) fn no_execute(node: &Node) -> Option<(&'static str, &'static str)> {
    match ready(node)? {
        ConditionStatus::True => None,
        ConditionStatus::False => Some((NOT_READY, UNREACHABLE)),
        ConditionStatus::Unknown => Some((UNREACHABLE, NOT_READY)),
    }
}

/// Does the node have this NoExecute taint?
pub(super) fn has_no_execute(node: &Node, key: &str) -> bool {
    node.taints.iter().any(|taint| taint.key == key && taint.effect == TaintEffect::NoExecute)
}

/// The node's taints with one NoExecute taint of the controller, or none.
pub(super) fn with_no_execute(node: &Node, key: Option<&'static str>) -> Vec<Taint> {
    let is_other =
        |taint: &&Taint| taint.effect != TaintEffect::NoExecute || taint.key != NOT_READY && taint.key != UNREACHABLE;
    let kept = node.taints.iter().filter(is_other).cloned();
    kept.chain(key.map(|key| taint(key, TaintEffect::NoExecute))).collect()
}

fn taint(key: &'static str, effect: TaintEffect) -> Taint {
    Taint { key: Text::const_new(key), value: Text::default(), effect }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimTime;
    use crate::model::condition::Condition;

    fn node(ready: ConditionStatus, taints: Vec<Taint>) -> Node {
        let condition = Condition {
            kind: Text::const_new("Ready"),
            status: ready,
            reason: Text::default(),
            message: Text::default(),
            last_transition: SimTime::ZERO,
            last_update: SimTime::ZERO,
        };
        Node { conditions: vec![condition], taints, ..Node::default() }
    }

    #[test]
    fn ready_decides_between_not_ready_and_unreachable() {
        let own = Taint { key: Text::const_new("dedicated"), ..taint("x", TaintEffect::NoSchedule) };
        let keys = |node: &Node| with_conditions(node).iter().map(|taint| taint.key.to_string()).collect::<Vec<_>>();
        assert_eq!(keys(&node(ConditionStatus::Unknown, vec![own.clone()])), ["dedicated", UNREACHABLE]);
        let down = node(ConditionStatus::False, vec![taint(UNREACHABLE, TaintEffect::NoSchedule), own.clone()]);
        assert_eq!(keys(&down), ["dedicated", NOT_READY]);
        let up = node(ConditionStatus::True, vec![taint(NOT_READY, TaintEffect::NoSchedule), own]);
        assert_eq!(keys(&up), ["dedicated"]);
    }

    #[test]
    fn a_cordoned_node_is_tainted() {
        let cordoned = Node { unschedulable: true, ..node(ConditionStatus::True, Vec::new()) };
        assert_eq!(with_conditions(&cordoned), [taint(UNSCHEDULABLE, TaintEffect::NoSchedule)]);
    }
}
