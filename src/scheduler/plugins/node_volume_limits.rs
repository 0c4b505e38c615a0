//! NodeVolumeLimits: a CSI driver attaches only so many volumes to a node. Upstream: plugins/nodevolumelimits/csi.go.

use std::collections::{BTreeMap, BTreeSet};

use super::volumes::{claim_uses, find_claim, find_volume, uses};
use crate::api::convert::storage::attach_limits;
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, PodId};
use crate::model::pod_template::PodTemplate;
use crate::scheduler::cache::NodeInfo;
use crate::scheduler::framework::{ClusterEvent, PluginName, Verdict};

/// The text of its only reason.
pub fn reason(_bit: u32) -> Text {
    Text::const_new("node(s) exceed max volume count")
}

/// A volume as it is counted: driver, and what tells it from the driver's others.
type Attachable = (Text, Text);

/// May the pod go to the node?
pub fn filter(cluster: &Cluster, pod: PodId, node: &NodeInfo) -> Verdict {
    let row = cluster.pod(pod);
    let mut new: BTreeSet<Attachable> = of_pod(cluster, row.namespace, &row.name, cluster.template_of(pod)).collect();
    if new.is_empty() {
        return Verdict::PASS;
    }
    let Some(csi_node) = cluster.find(Kind::CSI_NODE, NamespaceId::NONE, &node.facts.name) else {
        return Verdict::PASS;
    };
    let limits = attach_limits(cluster.object(csi_node));
    if limits.is_empty() {
        return Verdict::PASS;
    }
    let mut attached: BTreeSet<Attachable> = BTreeSet::new();
    for entry in &node.pods {
        let other = cluster.pod(entry.pod);
        attached.extend(of_pod(cluster, entry.namespace, &other.name, cluster.template(entry.template)));
    }
    attached.extend(attachments(cluster, &node.facts.name));
    new.retain(|volume| !attached.contains(volume));
    let count = |volumes: &BTreeSet<Attachable>| {
        let mut counts: BTreeMap<Text, i64> = BTreeMap::new();
        for (driver, _) in volumes {
            *counts.entry(driver.clone()).or_default() += 1;
        }
        counts
    };
    let (new, attached) = (count(&new), count(&attached));
    let exceeds = |(driver, limit): &(Text, i64)| {
        new.get(driver).is_some_and(|new| attached.get(driver).copied().unwrap_or(0) + new > *limit)
    };
    if limits.iter().any(exceeds) { Verdict::unschedulable(PluginName::NodeVolumeLimits, 1) } else { Verdict::PASS }
}

/// The CSI volumes behind a pod's claims. Upstream: `CSILimits.filterAttachableVolumes`, `getCSIDriverInfo`.
fn of_pod<'a>(
    cluster: &'a Cluster,
    namespace: NamespaceId,
    pod_name: &'a str,
    template: &'a PodTemplate,
) -> impl Iterator<Item = Attachable> + 'a {
    claim_uses(template, pod_name).filter_map(move |claim| {
        let object = find_claim(cluster, namespace, &claim.name)?;
        let claim = cluster.persistent_volume_claim(object);
        if claim.volume.is_empty() {
            // Not provisioned yet: it will be one more volume of its class's driver.
            let class = cluster.storage_class(claim.class_name())?;
            return Some((class.provisioner, compact_str::format_compact!("claim-{}/{}", claim.namespace, claim.name)));
        }
        cluster.persistent_volume(find_volume(cluster, &claim.volume)?).csi
    })
}

/// Volumes that a VolumeAttachment says are attached to the node.
fn attachments<'a>(cluster: &'a Cluster, node: &'a str) -> impl Iterator<Item = Attachable> + 'a {
    cluster.list(Kind::VOLUME_ATTACHMENT).filter_map(move |object| {
        let spec = &cluster.object(object).raw["spec"];
        if spec["nodeName"] != node {
            return None;
        }
        let name = spec["source"]["persistentVolumeName"].as_str()?;
        cluster.persistent_volume(find_volume(cluster, name)?).csi
    })
}

/// May the event help the pod?
pub fn hint(event: &ClusterEvent, pod: PodId, template: &PodTemplate, cluster: &Cluster) -> bool {
    let has_claims = |template: &PodTemplate| claim_uses(template, "").next().is_some();
    match event {
        ClusterEvent::PodDeleted { pod: other } => has_claims(cluster.template_of(*other)),
        ClusterEvent::Storage { object, added } => match object.kind {
            // A changed limit is a changed CSINode.
            Kind::CSI_NODE => true,
            Kind::PERSISTENT_VOLUME_CLAIM => *added && uses(cluster, pod, template, *object),
            _ => false,
        },
        ClusterEvent::VolumeDetached => has_claims(template),
        _ => false,
    }
}
