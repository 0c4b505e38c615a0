//! Which change of the cluster may help a pod that which plugin rejected. Upstream: the queueing hints of the plugins
//! (`EventsToRegister`), and scheduler `buildQueueingHintMap`.

use super::profile::QueueProfile;
use crate::cluster::Cluster;
use crate::model::affinity::NodeAffinity;
use crate::model::object::PodId;
use crate::model::pod_template::PodTemplate;
use crate::scheduler::cache::NodeFacts;
use crate::scheduler::framework::{ClusterEvent, NodeUpdate, PluginName, PluginSet, PodShape, PodUpdate};
use crate::scheduler::plugins::node_affinity::matches_required;
use crate::scheduler::plugins::node_unschedulable::tolerates_cordon;
use crate::scheduler::plugins::taint_toleration::tolerates_all;
use crate::scheduler::plugins::{
    dynamic_resources, inter_pod_affinity, node_volume_limits, pod_topology_spread, volume_binding,
    volume_restrictions, volume_zone,
};

/// May the event help the pod? A pod that nobody rejected is always worth another try.
pub fn is_worth_requeuing(
    rejectors: PluginSet,
    event: &ClusterEvent,
    pod: PodId,
    cluster: &Cluster,
    profile: &QueueProfile,
) -> bool {
    rejectors.is_empty() || rejectors.iter().any(|plugin| hint(plugin, event, pod, cluster, profile))
}

/// Is this event one for which the plugin that holds the pod back is asked again?
pub fn reopens(gate: PluginName, event: &ClusterEvent, pod: PodId) -> bool {
    match (gate, event) {
        (PluginName::SchedulingGates, ClusterEvent::PodUpdated { pod: changed, update, .. }) => {
            *changed == pod && *update == PodUpdate::GatesEliminated
        }
        (PluginName::DefaultPreemption, ClusterEvent::PodDeleted { .. }) => true,
        // Whether it is one of the pod's own the hint says.
        (PluginName::DynamicResources, ClusterEvent::Storage { .. }) => true,
        _ => false,
    }
}

fn hint(plugin: PluginName, event: &ClusterEvent, pod: PodId, cluster: &Cluster, profile: &QueueProfile) -> bool {
    let template = cluster.template_of(pod);
    match plugin {
        PluginName::NodeUnschedulable => unschedulable_hint(event, pod, template),
        PluginName::TaintToleration => taint_hint(event, pod, template),
        PluginName::NodeAffinity => affinity_hint(event, template, profile.added_affinity.as_deref()),
        PluginName::NodeName => matches!(event, ClusterEvent::NodeAdded { .. }) || is_taint_update(event),
        PluginName::NodePorts => ports_hint(event, template, cluster),
        PluginName::NodeResourcesFit => fit_hint(event, pod, template, cluster),
        PluginName::PodTopologySpread => pod_topology_spread::hints::hint(event, pod, template, cluster),
        PluginName::VolumeRestrictions => volume_restrictions::hint(event, pod, template, cluster),
        PluginName::VolumeBinding => volume_binding::hint(event, pod, template, cluster),
        PluginName::InterPodAffinity => inter_pod_affinity::hints::hint(event, pod, cluster),
        PluginName::SchedulingGates => reopens(plugin, event, pod),
        PluginName::DynamicResources => dynamic_resources::hint(event, pod, cluster),
        PluginName::NodeVolumeLimits => node_volume_limits::hint(event, pod, template, cluster),
        PluginName::VolumeZone => volume_zone::hint(event, pod, template, cluster),
        PluginName::NodeDeclaredFeatures => features_hint(event, pod, template, cluster),
        // Upstream asks a plugin that registers no events again after each of them.
        PluginName::OutOfTree(_) => true,
        _ => false,
    }
}

/// Plugins that wait for nodes but not for taints hear of taints too: a node may have been out of the list for its
/// taint alone when they rejected it.
fn is_taint_update(event: &ClusterEvent) -> bool {
    matches!(event, ClusterEvent::NodeUpdated { update: NodeUpdate::Taint, .. })
}

fn unschedulable_hint(event: &ClusterEvent, pod: PodId, template: &PodTemplate) -> bool {
    match event {
        ClusterEvent::NodeAdded { after } => !after.unschedulable,
        ClusterEvent::NodeUpdated { update: NodeUpdate::Taint, before, after } => {
            before.unschedulable && !after.unschedulable
        }
        ClusterEvent::PodUpdated { pod: changed, update: PodUpdate::Toleration, .. } => {
            *changed == pod && tolerates_cordon(&template.spec.tolerations)
        }
        _ => false,
    }
}

fn taint_hint(event: &ClusterEvent, pod: PodId, template: &PodTemplate) -> bool {
    let tolerated = |node: &NodeFacts| tolerates_all(&template.spec.tolerations, &node.taints);
    match event {
        ClusterEvent::NodeAdded { after } => tolerated(after),
        ClusterEvent::NodeUpdated { update: NodeUpdate::Taint, before, after } => {
            tolerated(after) && !tolerated(before)
        }
        ClusterEvent::PodUpdated { pod: changed, update: PodUpdate::Toleration, .. } => *changed == pod,
        _ => false,
    }
}

/// Upstream: nodedeclaredfeatures `isSchedulableAfterNodeChange`, `isSchedulableAfterPodUpdate`.
fn features_hint(event: &ClusterEvent, pod: PodId, template: &PodTemplate, cluster: &Cluster) -> bool {
    match event {
        ClusterEvent::NodeAdded { .. } => true,
        ClusterEvent::NodeUpdated { update: NodeUpdate::DeclaredFeature, .. } => true,
        ClusterEvent::PodUpdated { pod: changed, before, .. } => {
            *changed == pod && PodShape::of(cluster.template(*before)).features != PodShape::of(template).features
        }
        _ => is_taint_update(event),
    }
}

fn affinity_hint(event: &ClusterEvent, template: &PodTemplate, added: Option<&NodeAffinity>) -> bool {
    let spec = &template.spec;
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node.as_ref());
    let matches =
        |node: &NodeFacts| matches_required(&[], added, node) && matches_required(&spec.node_selector, affinity, node);
    match event {
        ClusterEvent::NodeAdded { after } => matches(after),
        ClusterEvent::NodeUpdated { update: NodeUpdate::Label, before, after } => matches(after) && !matches(before),
        _ => is_taint_update(event),
    }
}

fn ports_hint(event: &ClusterEvent, template: &PodTemplate, cluster: &Cluster) -> bool {
    match event {
        ClusterEvent::NodeAdded { .. } => true,
        ClusterEvent::PodDeleted { pod } => {
            let freed = &cluster.template_of(*pod).host_ports;
            template.host_ports.iter().any(|wanted| freed.iter().any(|port| wanted.conflicts(port)))
        }
        _ => is_taint_update(event),
    }
}

/// Upstream: noderesources `isSchedulableAfterNodeChange`, `isSchedulableAfterPodEvent`.
fn fit_hint(event: &ClusterEvent, pod: PodId, template: &PodTemplate, cluster: &Cluster) -> bool {
    let requests = &template.requests;
    match event {
        ClusterEvent::NodeAdded { after } => fits_empty(template, after),
        ClusterEvent::NodeUpdated { update: NodeUpdate::Allocatable, before, after } => {
            let grew =
                |name: &str| requests.get(name) > 0 && after.allocatable.get(name) > before.allocatable.get(name);
            fits_empty(template, after)
                && (after.allowed_pods > before.allowed_pods || requested_names(template).any(grew))
        }
        ClusterEvent::PodDeleted { .. } => true,
        ClusterEvent::PodUpdated { pod: changed, update: PodUpdate::ScaleDown, before } => {
            let after = cluster.template(cluster.pod(*changed).counted());
            let (before, after) = (&cluster.template(*before).requests, &after.requests);
            let shrank = |name: &str| requests.get(name) > 0 && after.get(name) < before.get(name);
            *changed == pod || cluster.pod(*changed).node.is_some() && requested_names(template).any(shrank)
        }
        _ => is_taint_update(event),
    }
}

fn requested_names(template: &PodTemplate) -> impl Iterator<Item = &str> {
    let others = template.requests.others.iter().map(|(name, _)| name.as_str());
    ["cpu", "memory", "ephemeral-storage"].into_iter().chain(others)
}

fn fits_empty(template: &PodTemplate, node: &NodeFacts) -> bool {
    node.allowed_pods >= 1
        && requested_names(template).all(|name| template.requests.get(name) <= node.allocatable.get(name))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::labels::Labels;
    use crate::model::resources::Resources;
    use crate::model::taint::{Taint, TaintEffect};
    use crate::scheduler::testing::{cluster, create_pod, pod_spec, requests};

    fn node(cpu: &str, taints: Vec<Taint>) -> Arc<NodeFacts> {
        let allocatable = Resources::from_list(&requests(cpu, "8Gi"));
        Arc::new(NodeFacts { allocatable, allowed_pods: 110, taints, ..NodeFacts::default() })
    }

    fn helps(rejector: PluginName, event: &ClusterEvent) -> bool {
        let mut cluster = cluster();
        let pod = create_pod(&mut cluster, "p", Labels::default(), pod_spec(requests("2", "1Gi")));
        is_worth_requeuing(PluginSet::of(rejector), event, pod, &cluster, super::super::profile::of(&[], &cluster, pod))
    }

    #[test]
    fn a_node_helps_only_where_the_pod_would_fit_an_empty_one() {
        let added = |cpu| ClusterEvent::NodeAdded { after: node(cpu, Vec::new()) };
        assert!(helps(PluginName::NodeResourcesFit, &added("2")));
        assert!(!helps(PluginName::NodeResourcesFit, &added("1")));
    }

    #[test]
    fn more_allocatable_helps_only_if_the_pod_asks_for_it() {
        let grown = |before, after| ClusterEvent::NodeUpdated {
            update: NodeUpdate::Allocatable,
            before: node(before, Vec::new()),
            after: node(after, Vec::new()),
        };
        assert!(helps(PluginName::NodeResourcesFit, &grown("2", "3")));
        assert!(!helps(PluginName::NodeResourcesFit, &grown("3", "3")));
        assert!(!helps(PluginName::TaintToleration, &grown("2", "3")));
    }

    #[test]
    fn a_taint_that_goes_helps_who_was_kept_out_by_it_and_who_never_saw_the_node() {
        let taint = Taint { key: "k".into(), value: "".into(), effect: TaintEffect::NoSchedule };
        let update = |before, after| ClusterEvent::NodeUpdated { update: NodeUpdate::Taint, before, after };
        let (tainted, plain) = (node("1", vec![taint]), node("1", Vec::new()));
        let goes = update(Arc::clone(&tainted), Arc::clone(&plain));
        assert!(helps(PluginName::TaintToleration, &goes));
        assert!(helps(PluginName::NodeResourcesFit, &goes));
        assert!(!helps(PluginName::TaintToleration, &update(plain, tainted)));
    }

    #[test]
    fn whom_nobody_rejected_is_tried_again_after_any_change() {
        let cluster = &mut cluster();
        let pod = create_pod(cluster, "p", Labels::default(), pod_spec(requests("2", "1Gi")));
        let event = ClusterEvent::PodAdded { pod };
        assert!(is_worth_requeuing(
            PluginSet::EMPTY,
            &event,
            pod,
            cluster,
            super::super::profile::of(&[], cluster, pod)
        ));
    }
}
