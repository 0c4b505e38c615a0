//! VolumeRestrictions: claims must exist; a disk that one node may have only once is not used by two pods on it, and a
//! claim with ReadWriteOncePod by two pods anywhere. Upstream: plugins/volumerestrictions.

use super::volumes::{ClaimUse, PodVolumes, Rejection, find_claim, not_found, uses};
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::object::PodId;
use crate::model::pod_template::PodTemplate;
use crate::model::volume::{Volume, VolumeSource};
use crate::scheduler::cache::{Cache, NodeInfo, PodEntry};
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
    fn applies(&self, pod: &PodShape) -> bool {
        !pod.disks.is_empty()
    }

    fn filter(&self, pod: &PodShape, node: &NodeInfo) -> Verdict {
        let is_taken = pod.disks.iter().any(|wanted| node.disks.iter().any(|used| wanted.conflicts(used)));
        if is_taken { Verdict::unschedulable(PluginName::VolumeRestrictions, 1 << DISK) } else { Verdict::PASS }
    }

    fn reason(&self, _pod: &PodShape, bit: u32) -> Text {
        reason(bit)
    }
}

const DISK: u32 = 0;
const ONE_POD: u32 = 1;

/// The text of a reason bit.
pub fn reason(bit: u32) -> Text {
    Text::const_new(match bit {
        ONE_POD => {
            "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
        }
        _ => "node(s) had no available disk",
    })
}

/// Claims must exist; those that one pod at a time may use are noted, and how many of them are in use.
/// Upstream: `VolumeRestrictions.PreFilter`.
pub fn pre_filter(
    cluster: &Cluster,
    cache: &Cache,
    uses: &[ClaimUse],
    volumes: &mut PodVolumes,
) -> Result<(), Rejection> {
    for ClaimUse { name, .. } in uses.iter().filter(|claim| !claim.is_ephemeral) {
        let Some(claim) = find_claim(cluster, volumes.namespace, name) else {
            return Err((PluginName::VolumeRestrictions, not_found(name)));
        };
        let modes = &cluster.object(claim).raw["spec"]["accessModes"];
        if modes.as_array().is_some_and(|modes| modes.iter().any(|mode| mode == "ReadWriteOncePod")) {
            volumes.exclusive_in_use += i32::from(cache.is_claim_used(volumes.namespace, name));
            volumes.exclusive.push(name.clone());
        }
    }
    Ok(())
}

/// Is an exclusive claim in use? `changes` are pods that would come (+1) or leave (−1). As upstream, these count by the
/// claim's name alone. Upstream: `preFilterState.updateWithPod`, `satisfyReadWriteOncePod`.
pub fn filter_exclusive(cluster: &Cluster, volumes: &PodVolumes, changes: &[(PodEntry, i32)]) -> Verdict {
    if volumes.exclusive.is_empty() {
        return Verdict::PASS;
    }
    let users = |(entry, step): &(PodEntry, i32)| {
        claims(cluster.template(entry.template)).filter(|claim| volumes.exclusive.contains(claim)).count() as i32 * step
    };
    let in_use = volumes.exclusive_in_use + changes.iter().map(users).sum::<i32>();
    if in_use > 0 { Verdict::unschedulable(PluginName::VolumeRestrictions, 1 << ONE_POD) } else { Verdict::PASS }
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
        ClusterEvent::Storage { object, added: true } => uses(cluster, pod, template, *object),
        _ => false,
    }
}
