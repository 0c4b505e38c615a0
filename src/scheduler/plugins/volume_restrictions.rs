//! VolumeRestrictions: claims must exist; a disk that one node may have only once is not used by two pods on it.

use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::PodId;
use crate::model::pod_template::PodTemplate;
use crate::model::volume::{Volume, VolumeSource};
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{ClusterEvent, NodeFilter, NodeUpdate, PluginName, PodShape, Verdict};

/// The plugin.
#[derive(Debug)]
pub struct VolumeRestrictions;

/// A disk named in a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Disk {
    /// `awsElasticBlockStore` and the like.
    pub kind: Text,
    /// Which one.
    pub id: Text,
    /// Only read from?
    pub read_only: bool,
}

impl Disk {
    /// The disks of a pod that exclude others.
    pub fn of(volumes: &[Volume]) -> impl Iterator<Item = Self> + '_ {
        volumes.iter().filter_map(|volume| match &volume.source {
            VolumeSource::Other { kind, id, read_only }
                if matches!(kind.as_str(), "gcePersistentDisk" | "awsElasticBlockStore" | "iscsi" | "rbd") =>
            {
                Some(Self { kind: kind.clone(), id: id.clone(), read_only: *read_only })
            }
            _ => None,
        })
    }

    /// Can the two not be on one node? Upstream: `isVolumeConflict`.
    fn conflicts(&self, other: &Self) -> bool {
        let both_read = self.read_only && other.read_only && self.kind != "awsElasticBlockStore";
        self.kind == other.kind && self.id == other.id && !both_read
    }
}

/// The claims that a pod uses.
pub fn claims(template: &PodTemplate) -> impl Iterator<Item = &Text> {
    template.spec.volumes.iter().filter_map(|volume| match &volume.source {
        VolumeSource::Claim { claim, .. } => Some(claim),
        _ => None,
    })
}

impl NodeFilter for VolumeRestrictions {
    fn name(&self) -> PluginName {
        PluginName::VolumeRestrictions
    }

    fn applies(&self, pod: &PodShape) -> bool {
        !pod.disks.is_empty()
    }

    fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        let is_taken = pod.disks.iter().any(|wanted| node.disks.iter().any(|used| wanted.conflicts(used)));
        if is_taken { Verdict::unschedulable(PluginName::VolumeRestrictions, 1) } else { Verdict::PASS }
    }

    fn reason(&self, _pod: &PodShape, _bit: u32) -> Text {
        Text::const_new("node(s) had no available disk")
    }
}

/// May the event help the pod?
pub fn hint(event: &ClusterEvent, pod: PodId, template: &PodTemplate, cluster: &Cluster) -> bool {
    match event {
        ClusterEvent::NodeAdded { .. } | ClusterEvent::NodeUpdated { update: NodeUpdate::Taint, .. } => true,
        ClusterEvent::PodDeleted { pod: other } => {
            let freed = cluster.template_of(*other);
            let frees = |disk: Disk| Disk::of(&freed.spec.volumes).any(|other| disk.conflicts(&other));
            let shares = || claims(template).any(|claim| claims(freed).any(|other| claim == other));
            cluster.pod(pod).namespace == cluster.pod(*other).namespace
                && (Disk::of(&template.spec.volumes).any(frees) || shares())
        }
        ClusterEvent::Storage { object, added: true } => super::volume_binding::uses(cluster, pod, template, *object),
        _ => false,
    }
}
