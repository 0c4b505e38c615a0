//! Which change may help a pod that its hard constraints kept out. Upstream: podtopologyspread
//! `isSchedulableAfterPodChange`, `isSchedulableAfterNodeChange`.

use super::constraints::with_label_keys;
use crate::cluster::Cluster;
use crate::model::affinity::{NodeInclusionPolicy, TopologySpreadConstraint, WhenUnsatisfiable};
use crate::model::labels::Labels;
use crate::model::object::PodId;
use crate::model::pod_template::PodTemplate;
use crate::scheduler::cache::NodeFacts;
use crate::scheduler::framework::{ClusterEvent, NodeUpdate, PodUpdate};

/// May the event help the pod?
pub fn hint(event: &ClusterEvent, pod: PodId, template: &PodTemplate, cluster: &Cluster) -> bool {
    if template.spec.topology_spread.is_empty() {
        // Constraints of the profile kept it out. Which pods these select is found out anew by the try itself.
        return matches!(
            event,
            ClusterEvent::PodAdded { pod: other } | ClusterEvent::PodDeleted { pod: other } if is_sibling(cluster, pod, *other)
        ) || matches!(
            event,
            ClusterEvent::NodeAdded { .. } | ClusterEvent::NodeDeleted { .. } | ClusterEvent::NodeUpdated { .. }
        );
    }
    match event {
        ClusterEvent::PodAdded { pod: other } | ClusterEvent::PodDeleted { pod: other } => {
            is_sibling(cluster, pod, *other)
                && hard(template).any(|constraint| selects(constraint, template, &cluster.template_of(*other).labels))
        }
        ClusterEvent::PodUpdated { pod: changed, update: PodUpdate::Toleration, .. } => {
            *changed == pod
                && hard(template).any(|constraint| constraint.node_taints_policy == NodeInclusionPolicy::Honor)
        }
        ClusterEvent::PodUpdated { pod: changed, update: PodUpdate::Label, before } => {
            let (old, new) = (&cluster.template(*before).labels, &cluster.template_of(*changed).labels);
            let flipped = |constraint: &TopologySpreadConstraint| {
                selects(constraint, template, old) != selects(constraint, template, new)
            };
            (*changed == pod || is_sibling(cluster, pod, *changed)) && hard(template).any(flipped)
        }
        ClusterEvent::NodeAdded { after } => has_all_keys(template, after),
        ClusterEvent::NodeDeleted { before } => has_all_keys(template, before),
        ClusterEvent::NodeUpdated { update: NodeUpdate::Label | NodeUpdate::Taint, before, after } => {
            let (had, has) = (has_all_keys(template, before), has_all_keys(template, after));
            let key = |constraint: &TopologySpreadConstraint| {
                before.labels.get(&constraint.topology_key) != after.labels.get(&constraint.topology_key)
            };
            had != has || has && (before.taints != after.taints || hard(template).any(key))
        }
        _ => false,
    }
}

fn hard(template: &PodTemplate) -> impl Iterator<Item = &TopologySpreadConstraint> {
    let all = template.spec.topology_spread.iter();
    all.filter(|constraint| constraint.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule)
}

/// A placed (or nominated) pod of the same namespace: the events are about no others.
fn is_sibling(cluster: &Cluster, pod: PodId, other: PodId) -> bool {
    cluster.pod(pod).namespace == cluster.pod(other).namespace
}

fn selects(constraint: &TopologySpreadConstraint, template: &PodTemplate, labels: &Labels) -> bool {
    with_label_keys(constraint, &template.labels).is_some_and(|selector| selector.matches(labels))
}

fn has_all_keys(template: &PodTemplate, node: &NodeFacts) -> bool {
    hard(template).all(|constraint| node.labels.contains_key(&constraint.topology_key))
}
