//! VolumeBinding, as far as claims are modelled: they must exist and stay. Nothing here binds volumes: a claim that
//! exists is taken as usable on every node.

use super::volume_restrictions::claims;
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::pod_template::PodTemplate;
use crate::scheduler::framework::{ClusterEvent, NodeUpdate, PluginName};

/// What the claims of a pod have against scheduling it anywhere.
/// Upstream: volumerestrictions.PreFilter comes first and finds what is missing, then volumebinding `podHasPVCs`.
pub fn pre_filter(cluster: &Cluster, pod: PodId, claims: &[Text]) -> Option<(PluginName, Text)> {
    let namespace = cluster.pod(pod).namespace;
    let find = |claim: &Text| cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, namespace, claim);
    if let Some(missing) = claims.iter().find(|claim| find(claim).is_none()) {
        let text = compact_str::format_compact!("persistentvolumeclaim \"{missing}\" not found");
        return Some((PluginName::VolumeRestrictions, text));
    }
    let is_leaving = |claim: &&Text| find(claim).is_some_and(|object| cluster.meta(object).deletion.is_some());
    let leaving = claims.iter().find(is_leaving)?;
    let text = compact_str::format_compact!("persistentvolumeclaim \"{leaving}\" is being deleted");
    Some((PluginName::VolumeBinding, text))
}

/// Is the object a claim that the pod uses?
pub fn uses(cluster: &Cluster, pod: PodId, template: &PodTemplate, object: ObjectRef) -> bool {
    let (namespace, name) = cluster.identity(object);
    object.kind == Kind::PERSISTENT_VOLUME_CLAIM
        && namespace == cluster.pod(pod).namespace
        && claims(template).any(|claim| claim == name)
}

/// May the event help the pod?
pub fn hint(event: &ClusterEvent, pod: PodId, template: &PodTemplate, cluster: &Cluster) -> bool {
    match event {
        ClusterEvent::NodeAdded { .. }
        | ClusterEvent::NodeUpdated { update: NodeUpdate::Label | NodeUpdate::Taint, .. } => true,
        ClusterEvent::Storage { object, .. } if object.kind == Kind::PERSISTENT_VOLUME_CLAIM => {
            uses(cluster, pod, template, *object)
        }
        ClusterEvent::Storage { object, added } => object.kind == Kind::PERSISTENT_VOLUME || *added,
        _ => false,
    }
}
