//! DynamicResources, as far as it goes without devices: a pod with resource claims waits until these exist, and fits
//! nowhere then, as on a cluster whose nodes publish no ResourceSlices. Allocates nothing.
//! Upstream: plugins/dynamicresources.

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{ClusterEvent, NodeFilter, PluginName, PodShape, Verdict};

/// The plugin.
#[derive(Debug)]
pub struct DynamicResources;

impl NodeFilter for DynamicResources {
    fn applies(&self, pod: &PodShape) -> bool {
        pod.has_resource_claims
    }

    fn filter(&self, _pod: &PodShape, _node: &NodeInfo) -> Verdict {
        Verdict::unresolvable(PluginName::DynamicResources, 1)
    }

    fn reason(&self, _pod: &PodShape, _bit: u32) -> Text {
        Text::const_new("cannot allocate all claims")
    }
}

/// The objects that a pod's claims name; `None` for one that a template is to make, which nobody does here.
fn claim_names(cluster: &Cluster, pod: PodId) -> impl Iterator<Item = Option<&str>> {
    let claims = &cluster.template_of(pod).raw["spec"]["resourceClaims"];
    claims.as_array().into_iter().flatten().map(|claim| claim["resourceClaimName"].as_str())
}

/// Does a claim not exist yet? Upstream: PreEnqueue.
pub fn lacks_claim(cluster: &Cluster, pod: PodId) -> bool {
    let namespace = cluster.pod(pod).namespace;
    let exists = |name: &str| cluster.find(Kind::RESOURCE_CLAIM, namespace, name).is_some();
    cluster.template_of(pod).has_resource_claims
        && claim_names(cluster, pod).any(|name| name.is_none_or(|name| !exists(name)))
}

/// Is the object a claim that the pod names?
pub fn uses(cluster: &Cluster, pod: PodId, object: ObjectRef) -> bool {
    let (namespace, name) = cluster.identity(object);
    object.kind == Kind::RESOURCE_CLAIM
        && namespace == cluster.pod(pod).namespace
        && claim_names(cluster, pod).any(|claim| claim == Some(name))
}

/// May the event help the pod?
pub fn hint(event: &ClusterEvent, pod: PodId, cluster: &Cluster) -> bool {
    match event {
        ClusterEvent::NodeAdded { .. } | ClusterEvent::NodeUpdated { .. } => true,
        ClusterEvent::Storage { object, .. } => uses(cluster, pod, *object),
        _ => false,
    }
}
