//! VolumeZone: a volume with zone labels is used in these zones. Upstream: plugins/volumezone.

use super::volumes::{ClaimUse, PodVolumes, Rejection, find_claim, find_volume, not_found, uses};
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::PodId;
use crate::model::pod_template::PodTemplate;
use crate::scheduler::cache::NodeFacts;
use crate::scheduler::framework::{ClusterEvent, NodeUpdate, PluginName, Verdict};

/// Labels that name a zone or region, with what they are called today. Upstream: `topologyLabels`,
/// `translateToGALabel`.
const LABELS: [(&str, &str); 4] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
];

/// A zone label of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneLabel {
    key: &'static str,
    today: &'static str,
    values: Vec<Text>,
}

/// The text of its only reason.
pub fn reason(_bit: u32) -> Text {
    Text::const_new("node(s) had no available volume zone")
}

/// The zones of the volumes. Upstream: `VolumeZone.getPVbyPod`.
pub fn pre_filter(cluster: &Cluster, uses: &[ClaimUse], volumes: &mut PodVolumes) -> Result<(), Rejection> {
    let reject = |text: Text| Err((PluginName::VolumeZone, text));
    for ClaimUse { name, .. } in uses {
        let Some(claim) = find_claim(cluster, volumes.namespace, name) else { return reject(not_found(name)) };
        let claim = cluster.persistent_volume_claim(claim);
        if claim.volume.is_empty() {
            let class = claim.class_name();
            if class.is_empty() {
                let text = "PersistentVolumeClaim had no pv name and storageClass name";
                return reject(Text::const_new(text));
            }
            match cluster.storage_class(class) {
                None => {
                    let text = compact_str::format_compact!("storageclass.storage.k8s.io \"{class}\" not found");
                    return reject(text);
                }
                Some(class) if class.waits_for_first_consumer => continue,
                Some(_) => return reject(Text::const_new("PersistentVolume had no name")),
            }
        }
        let Some(volume) = find_volume(cluster, &claim.volume) else {
            return reject(compact_str::format_compact!("persistentvolume \"{}\" not found", claim.volume));
        };
        volumes.zones.extend(zones(&cluster.meta(volume).labels));
    }
    Ok(())
}

fn zones(labels: &Labels) -> impl Iterator<Item = ZoneLabel> + '_ {
    LABELS.iter().filter_map(|(key, today)| {
        // Upstream: volume/helpers `LabelZonesToSet`; a value with an empty zone is ignored.
        let values: Vec<Text> = labels.get(key)?.split("__").map(|zone| zone.trim().into()).collect();
        values.iter().all(|zone| !zone.is_empty()).then_some(ZoneLabel { key, today, values })
    })
}

/// May the pod go to the node?
pub fn filter(volumes: &PodVolumes, node: &NodeFacts) -> Verdict {
    let has_zone = LABELS.iter().any(|(key, _)| node.labels.contains_key(key));
    let is_in = |zone: &ZoneLabel| {
        let own = node.labels.get(zone.key).or_else(|| node.labels.get(zone.today));
        own.is_some_and(|own| zone.values.iter().any(|value| value == own))
    };
    if !has_zone || volumes.zones.iter().all(is_in) {
        Verdict::PASS
    } else {
        Verdict::unresolvable(PluginName::VolumeZone, 1)
    }
}

/// May the event help the pod?
pub fn hint(event: &ClusterEvent, pod: PodId, template: &PodTemplate, cluster: &Cluster) -> bool {
    match event {
        ClusterEvent::NodeAdded { .. }
        | ClusterEvent::NodeUpdated { update: NodeUpdate::Label | NodeUpdate::Taint, .. } => true,
        ClusterEvent::Storage { object, added } => match object.kind {
            Kind::PERSISTENT_VOLUME_CLAIM => uses(cluster, pod, template, *object),
            // Labels of a volume come with it or are among what changed.
            Kind::PERSISTENT_VOLUME => true,
            Kind::STORAGE_CLASS => {
                let waits =
                    || cluster.storage_class(cluster.identity(*object).1).is_some_and(|c| c.waits_for_first_consumer);
                *added && waits()
            }
            _ => false,
        },
        _ => false,
    }
}
