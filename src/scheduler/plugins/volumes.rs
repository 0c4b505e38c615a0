//! The claims of a pod in one cycle, which VolumeRestrictions, NodeVolumeLimits, VolumeBinding and VolumeZone share, and
//! what this scheduler has decided about volumes before the API server shows it.

use rustc_hash::FxHashMap;

use super::volume_zone::{self, ZoneLabel};
use super::{volume_binding, volume_restrictions};
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, NodeId, ObjectRef, PodId};
use crate::model::pod_template::PodTemplate;
use crate::model::storage::{PersistentVolume, PersistentVolumeClaim};
use crate::model::volume::VolumeSource;
use crate::scheduler::cache::Cache;
use crate::scheduler::framework::{PluginName, PluginSet};

/// A claim that a pod uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimUse {
    /// The claim's name.
    pub name: Text,
    /// Is it made for this pod?
    pub is_ephemeral: bool,
}

/// The claims that a pod uses, in the order of its volumes.
pub fn claim_uses<'a>(template: &'a PodTemplate, pod_name: &'a str) -> impl Iterator<Item = ClaimUse> + 'a {
    template.spec.volumes.iter().filter_map(move |volume| match &volume.source {
        VolumeSource::Claim { claim, .. } => Some(ClaimUse { name: claim.clone(), is_ephemeral: false }),
        // Upstream: component-helpers/storage/ephemeral `VolumeClaimName`.
        VolumeSource::Ephemeral => {
            let name = compact_str::format_compact!("{pod_name}-{}", volume.name);
            Some(ClaimUse { name, is_ephemeral: true })
        }
        _ => None,
    })
}

/// A claim with its volume.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundClaim {
    /// The claim.
    pub claim: PersistentVolumeClaim,
    /// The volume; `None` if there is none of that name.
    pub volume: Option<PersistentVolume>,
}

/// A claim that is bound when its first pod is scheduled.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitingClaim {
    /// The object.
    pub object: ObjectRef,
    /// As it is read.
    pub claim: PersistentVolumeClaim,
}

/// All that the plugins know of a pod's claims in one cycle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodVolumes {
    /// Namespace of the pod.
    pub namespace: NamespaceId,
    /// Names of its claims.
    pub names: Vec<Text>,
    /// Bound ones.
    pub bound: Vec<BoundClaim>,
    /// Those that wait for this pod, the smallest first.
    pub waiting: Vec<WaitingClaim>,
    /// Volumes that could be bound to these, by class.
    pub free: Vec<(ObjectRef, PersistentVolume)>,
    /// Zones of its bound volumes.
    pub zones: Vec<ZoneLabel>,
    /// Claims that one pod at a time may use.
    pub exclusive: Vec<Text>,
    /// How many of these another pod uses.
    pub exclusive_in_use: i32,
}

/// A rejection before any node was looked at.
pub type Rejection = (PluginName, Text);

impl PodVolumes {
    /// Reads a pod's claims; `None` if it has none. Upstream: the plugins' PreFilter, in order.
    ///
    /// # Errors
    /// What is against scheduling the pod anywhere.
    pub fn read(
        cluster: &Cluster,
        cache: &Cache,
        pod: PodId,
        pre_filter: PluginSet,
    ) -> Result<Option<Self>, Rejection> {
        let row = cluster.pod(pod);
        let template = cluster.template_of(pod);
        let uses: Vec<ClaimUse> = claim_uses(template, &row.name).collect();
        if uses.is_empty() {
            return Ok(None);
        }
        let mut volumes = Self { namespace: row.namespace, ..Self::default() };
        if pre_filter.contains(PluginName::VolumeRestrictions) {
            volume_restrictions::pre_filter(cluster, cache, &uses, &mut volumes)?;
        }
        if pre_filter.contains(PluginName::VolumeBinding) {
            volume_binding::pre_filter(cluster, cache.volumes(), &uses, &mut volumes)?;
        }
        if pre_filter.contains(PluginName::VolumeZone) {
            volume_zone::pre_filter(cluster, &uses, &mut volumes)?;
        }
        volumes.names = uses.into_iter().map(|claim| claim.name).collect();
        Ok(Some(volumes))
    }
}

/// The claim of this name.
pub fn find_claim(cluster: &Cluster, namespace: NamespaceId, name: &str) -> Option<ObjectRef> {
    cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, namespace, name)
}

/// The volume of this name.
pub fn find_volume(cluster: &Cluster, name: &str) -> Option<ObjectRef> {
    cluster.find(Kind::PERSISTENT_VOLUME, NamespaceId::NONE, name)
}

/// Is the object a claim that the pod uses?
pub fn uses(cluster: &Cluster, pod: PodId, template: &PodTemplate, object: ObjectRef) -> bool {
    let (namespace, name) = cluster.identity(object);
    let row = cluster.pod(pod);
    object.kind == Kind::PERSISTENT_VOLUME_CLAIM
        && namespace == row.namespace
        && claim_uses(template, &row.name).any(|claim| claim.name == name)
}

/// The text about a claim that is not there.
pub fn not_found(claim: &Text) -> Text {
    compact_str::format_compact!("persistentvolumeclaim \"{claim}\" not found")
}

/// Decisions about volumes that the API server does not show yet. Upstream: volumebinding `PVAssumeCache`,
/// `PVCAssumeCache`.
#[derive(Clone, Debug, Default)]
pub struct AssumedVolumes {
    claims: FxHashMap<ObjectRef, ObjectRef>,
    nodes: FxHashMap<ObjectRef, NodeId>,
}

impl AssumedVolumes {
    /// The claim that a volume is going to be bound to.
    pub fn claim_of(&self, volume: ObjectRef) -> Option<ObjectRef> {
        self.claims.get(&volume).copied()
    }

    /// The node that a claim's volume is going to be provisioned for.
    pub fn node_of(&self, claim: ObjectRef) -> Option<NodeId> {
        self.nodes.get(&claim).copied()
    }

    /// Takes decisions for a pod on a node into account.
    pub fn assume(&mut self, decisions: &VolumeDecisions, node: NodeId) {
        self.claims.extend(decisions.bindings.iter().map(|(claim, volume)| (*volume, *claim)));
        self.nodes.extend(decisions.provisions.iter().map(|claim| (*claim, node)));
    }

    /// Takes them back, or leaves them to the API server.
    pub fn forget(&mut self, decisions: &VolumeDecisions) {
        for (_, volume) in &decisions.bindings {
            self.claims.remove(volume);
        }
        for claim in &decisions.provisions {
            self.nodes.remove(claim);
        }
    }
}

/// What becomes of a pod's unbound claims on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeDecisions {
    /// Claims and the volumes they are bound to.
    pub bindings: Vec<(ObjectRef, ObjectRef)>,
    /// Claims whose volumes are provisioned.
    pub provisions: Vec<ObjectRef>,
}

impl VolumeDecisions {
    /// Nothing to do?
    pub fn is_empty(&self) -> bool {
        self.bindings.is_empty() && self.provisions.is_empty()
    }
}
