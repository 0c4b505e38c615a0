//! Which change of the cluster may help a pod that which plugin rejected. Upstream: the queueing hints of the plugins
//! (`EventsToRegister`), and scheduler `buildQueueingHintMap`.

use crate::cluster::Cluster;
use crate::model::object::PodId;
use crate::model::pod_template::PodTemplate;
use crate::scheduler::cache::NodeFacts;
use crate::scheduler::framework::{ClusterEvent, NodeUpdate, PluginName, PluginSet, PodUpdate};
use crate::scheduler::plugins::node_affinity::matches_required;
use crate::scheduler::plugins::node_unschedulable::tolerates_cordon;
use crate::scheduler::plugins::taint_toleration::tolerates_all;
use crate::scheduler::plugins::{inter_pod_affinity, pod_topology_spread, volume_binding, volume_restrictions};

/// May the event help the pod? A pod that nobody rejected is always worth another try.
pub fn is_worth_requeuing(rejectors: PluginSet, event: &ClusterEvent, pod: PodId, cluster: &Cluster) -> bool {
    rejectors.is_empty() || rejectors.iter().any(|plugin| hint(plugin, event, pod, cluster))
}

/// Is this event one for which the plugin that holds the pod back is asked again?
pub fn reopens(gate: PluginName, event: &ClusterEvent, pod: PodId) -> bool {
    match (gate, event) {
        (PluginName::SchedulingGates, ClusterEvent::PodUpdated { pod: changed, update, .. }) => {
            *changed == pod && *update == PodUpdate::GatesEliminated
        }
        (PluginName::DefaultPreemption, ClusterEvent::PodDeleted { .. }) => true,
        _ => false,
    }
}

fn hint(plugin: PluginName, event: &ClusterEvent, pod: PodId, cluster: &Cluster) -> bool {
    let template = cluster.template_of(pod);
    match plugin {
        PluginName::NodeUnschedulable => unschedulable_hint(event, pod, template),
        PluginName::TaintToleration => taint_hint(event, pod, template),
        PluginName::NodeAffinity => affinity_hint(event, template),
        PluginName::NodeName => matches!(event, ClusterEvent::NodeAdded { .. }) || is_taint_update(event),
        PluginName::NodePorts => ports_hint(event, template, cluster),
        PluginName::NodeResourcesFit => fit_hint(event, pod, template, cluster),
        PluginName::PodTopologySpread => pod_topology_spread::hints::hint(event, pod, template, cluster),
        PluginName::VolumeRestrictions => volume_restrictions::hint(event, pod, template, cluster),
        PluginName::VolumeBinding => volume_binding::hint(event, pod, template, cluster),
        PluginName::InterPodAffinity => inter_pod_affinity::hints::hint(event, pod, cluster),
        PluginName::SchedulingGates => {
            matches!(event, ClusterEvent::PodUpdated { pod: changed, update: PodUpdate::GatesEliminated, .. } if *changed == pod)
        }
        _ => false,
    }
}

/// Plugins that wait for nodes but not for taints hear of taints too: a node may have been out of the list for its taint
/// alone when they rejected it.
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

fn affinity_hint(event: &ClusterEvent, template: &PodTemplate) -> bool {
    let spec = &template.spec;
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node.as_ref());
    let matches = |node: &NodeFacts| matches_required(&spec.node_selector, affinity, node);
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
            let (before, after) = (&cluster.template(*before).requests, &cluster.template_of(*changed).requests);
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
