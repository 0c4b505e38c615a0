//! VolumeBinding: a pod's volumes can be used on its node, or bound or provisioned for it there.
//! Upstream: plugins/volumebinding (`binder.go`, `volume_binding.go`).

use super::volumes::{
    AssumedVolumes, BoundClaim, ClaimUse, PodVolumes, Rejection, VolumeDecisions, WaitingClaim, find_claim,
    find_volume, not_found, uses,
};
use crate::cluster::Cluster;
use crate::model::Text;
use crate::model::kind::Kind;
use crate::model::labels::Labels;
use crate::model::object::{NodeId, ObjectRef, PodId};
use crate::model::pod_template::PodTemplate;
use crate::model::quantity::Quantity;
use crate::model::storage::{PersistentVolumeClaim, Seeker, StorageClass, find_matching_volume};
use crate::scheduler::cache::NodeFacts;
use crate::scheduler::framework::{ClusterEvent, NodeUpdate, PluginName, Verdict};

const NODE_CONFLICT: u32 = 0;
const BIND_CONFLICT: u32 = 1;
const NOT_ENOUGH_SPACE: u32 = 2;
const NO_VOLUME: u32 = 3;

/// The text of a reason bit.
pub fn reason(bit: u32) -> Text {
    Text::const_new(match bit {
        NODE_CONFLICT => "node(s) didn't match PersistentVolume's node affinity",
        BIND_CONFLICT => "node(s) didn't find available persistent volumes to bind",
        NOT_ENOUGH_SPACE => "node(s) did not have enough free storage",
        _ => "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
    })
}

/// What the claims have against scheduling the pod anywhere; else they are sorted into bound and waiting ones.
/// Upstream: `VolumeBinding.PreFilter`, `volumeBinder.GetPodVolumeClaims`.
pub fn pre_filter(
    cluster: &Cluster,
    assumed: &AssumedVolumes,
    uses: &[ClaimUse],
    volumes: &mut PodVolumes,
) -> Result<(), Rejection> {
    let reject = |text: Text| Err((PluginName::VolumeBinding, text));
    let mut found = Vec::new();
    for ClaimUse { name, is_ephemeral } in uses {
        let Some(object) = find_claim(cluster, volumes.namespace, name) else {
            return reject(if *is_ephemeral {
                compact_str::format_compact!(
                    "waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
                )
            } else {
                not_found(name)
            });
        };
        let claim = cluster.persistent_volume_claim(object);
        if claim.phase == "Lost" {
            return reject(compact_str::format_compact!(
                "persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{}\"",
                claim.volume
            ));
        }
        if claim.deleting {
            return reject(compact_str::format_compact!("persistentvolumeclaim \"{name}\" is being deleted"));
        }
        found.push((object, claim));
    }
    let mut is_waiting_for_volume = false;
    for (object, claim) in found {
        if claim.is_fully_bound() {
            let volume = find_volume(cluster, &claim.volume).map(|volume| cluster.persistent_volume(volume));
            volumes.bound.push(BoundClaim { claim, volume });
        } else if claim.volume.is_empty() && waits_for_pod(cluster, &claim) {
            volumes.waiting.push(WaitingClaim { object, claim });
        } else {
            is_waiting_for_volume = true;
        }
    }
    if is_waiting_for_volume {
        return reject(Text::const_new("pod has unbound immediate PersistentVolumeClaims"));
    }
    volumes.waiting.sort_by_key(|waiting| waiting.claim.request);
    if !volumes.waiting.is_empty() {
        volumes.free = free_volumes(cluster, assumed, &volumes.waiting);
    }
    Ok(())
}

/// Is the claim bound when its first pod is scheduled? Upstream: volume/persistentvolume/util `IsDelayBindingMode`.
fn waits_for_pod(cluster: &Cluster, claim: &PersistentVolumeClaim) -> bool {
    cluster.storage_class(claim.class_name()).is_some_and(|class| class.waits_for_first_consumer)
}

/// The volumes of the claims' classes that nobody has, or that are reserved for one of the claims.
fn free_volumes(
    cluster: &Cluster,
    assumed: &AssumedVolumes,
    waiting: &[WaitingClaim],
) -> Vec<(ObjectRef, crate::model::storage::PersistentVolume)> {
    let mut free = Vec::new();
    for object in cluster.list(Kind::PERSISTENT_VOLUME) {
        if assumed.claim_of(object).is_some() {
            continue;
        }
        let volume = cluster.persistent_volume(object);
        let is_candidate = waiting
            .iter()
            .any(|one| volume.class == one.claim.class_name() && (volume.claim.is_none() || volume.is_for(&one.claim)));
        if is_candidate {
            free.push((object, volume));
        }
    }
    free
}

/// May the pod go to the node? Upstream: `volumeBinder.FindPodVolumes`.
pub fn filter(cluster: &Cluster, assumed: &AssumedVolumes, volumes: &PodVolumes, node: &NodeFacts) -> Verdict {
    let mut reasons = 0;
    for BoundClaim { volume, .. } in &volumes.bound {
        match volume {
            Some(volume) if !volume.is_usable_on(&node.labels) => reasons |= 1 << NODE_CONFLICT,
            Some(_) => {}
            None => reasons |= 1 << NO_VOLUME,
        }
    }
    if let Err(bit) = decide(cluster, assumed, volumes, node) {
        reasons |= 1 << bit;
    }
    if reasons == 0 { Verdict::PASS } else { Verdict::unresolvable(PluginName::VolumeBinding, reasons) }
}

/// What becomes of the waiting claims on a node, or the reason bit why they cannot be bound there.
/// Upstream: `findMatchingVolumes`, `checkVolumeProvisions`.
pub fn decide(
    cluster: &Cluster,
    assumed: &AssumedVolumes,
    volumes: &PodVolumes,
    node: &NodeFacts,
) -> Result<VolumeDecisions, u32> {
    let mut decisions = VolumeDecisions::default();
    let mut taken = vec![false; volumes.free.len()];
    for waiting in &volumes.waiting {
        let selected = assumed.node_of(waiting.object).map(|node| cluster.node_name(node));
        let selected = selected.unwrap_or(&waiting.claim.selected_node);
        if !selected.is_empty() {
            if selected != node.name {
                return Err(BIND_CONFLICT);
            }
            decisions.provisions.push(waiting.object);
            continue;
        }
        let free = volumes.free.iter().enumerate().filter(|(place, _)| !taken[*place]);
        let free = free.map(|(place, (_, volume))| (place, volume));
        match find_matching_volume(&waiting.claim, free, Seeker::Scheduler(&node.labels)) {
            Some(place) => {
                taken[place] = true;
                decisions.bindings.push((waiting.object, volumes.free[place].0));
            }
            None => decisions.provisions.push(waiting.object),
        }
    }
    for claim in &decisions.provisions {
        let waiting = volumes.waiting.iter().find(|waiting| waiting.object == *claim);
        let claim = &waiting.expect("it was taken from there").claim;
        let class = cluster.storage_class(claim.class_name()).ok_or(BIND_CONFLICT)?;
        if !class.provisions() || !class.allows(&node.labels) {
            return Err(BIND_CONFLICT);
        }
        if !has_enough_capacity(cluster, &class, claim, &node.labels) {
            return Err(NOT_ENOUGH_SPACE);
        }
    }
    Ok(decisions)
}

/// Is there room, where the driver says how much room there is? Upstream: `volumeBinder.hasEnoughCapacity`.
fn has_enough_capacity(
    cluster: &Cluster,
    class: &StorageClass,
    claim: &PersistentVolumeClaim,
    labels: &Labels,
) -> bool {
    let namespace = crate::model::object::NamespaceId::NONE;
    let driver = cluster.find(Kind::CSI_DRIVER, namespace, &class.provisioner);
    let tells = driver.is_some_and(|driver| cluster.object(driver).raw["spec"]["storageCapacity"] == true);
    if !tells {
        return true;
    }
    cluster.list(Kind::CSI_STORAGE_CAPACITY).any(|object| {
        let raw = &cluster.object(object).raw;
        if raw["storageClassName"] != class.name.as_str() {
            return false;
        }
        let bytes = |key: &str| raw[key].as_str().and_then(Quantity::parse).map(|quantity| quantity.value());
        // The largest volume counts before the whole capacity, if the driver knows it.
        let room = bytes("maximumVolumeSize").or_else(|| bytes("capacity"));
        let topology = crate::api::convert::label_selector(&raw["nodeTopology"]);
        room.is_some_and(|room| room >= claim.request) && topology.is_some_and(|topology| topology.matches(labels))
    })
}

/// Has every claim of a pod the volume that was decided on? Upstream: `volumeBinder.checkBindings`.
///
/// # Errors
/// What makes waiting useless.
pub fn check_bindings(cluster: &Cluster, decisions: &VolumeDecisions, node: NodeId) -> Result<bool, String> {
    if !cluster.is_live(ObjectRef::node(node)) {
        return Err(format!("node \"{}\" not found", cluster.node_name(node)));
    }
    let labels = &cluster.node(node).meta.labels;
    for (claim, volume) in &decisions.bindings {
        if !cluster.is_live(*volume) {
            return Err(format!("failed to get pv {:?} from cache: not found", cluster.identity(*volume).1));
        }
        let facts = cluster.persistent_volume(*volume);
        if facts.claim.is_none() || !facts.is_for(&cluster.persistent_volume_claim(*claim)) {
            return Err(format!("ClaimRef got reset for pv {:?}", facts.name.as_str()));
        }
        if !is_claim_bound(cluster, *claim)? {
            return Ok(false);
        }
    }
    for claim in &decisions.provisions {
        let facts = cluster.is_live(*claim).then(|| cluster.persistent_volume_claim(*claim));
        let Some(facts) = facts else { return Err(lost(cluster, *claim)) };
        if !facts.volume.is_empty() {
            let volume = find_volume(cluster, &facts.volume).map(|volume| cluster.persistent_volume(volume));
            if volume.is_some_and(|volume| !volume.is_usable_on(labels)) {
                return Err(format!(
                    "pv {:?} node affinity doesn't match node {:?}",
                    facts.volume,
                    cluster.node_name(node)
                ));
            }
        } else if facts.selected_node.is_empty() {
            return Err(format!("selectedNode annotation reset for PVC {:?}", facts.name.as_str()));
        }
        if !facts.is_fully_bound() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_claim_bound(cluster: &Cluster, claim: ObjectRef) -> Result<bool, String> {
    if !cluster.is_live(claim) {
        return Err(lost(cluster, claim));
    }
    Ok(cluster.persistent_volume_claim(claim).is_fully_bound())
}

fn lost(cluster: &Cluster, claim: ObjectRef) -> String {
    let (namespace, name) = cluster.identity(claim);
    format!("failed to get pvc \"{}/{name}\" from cache: not found", cluster.namespace_name(namespace))
}

/// May the event help the pod?
pub fn hint(event: &ClusterEvent, pod: PodId, template: &PodTemplate, cluster: &Cluster) -> bool {
    match event {
        ClusterEvent::NodeAdded { .. }
        | ClusterEvent::NodeUpdated { update: NodeUpdate::Label | NodeUpdate::Taint, .. } => true,
        ClusterEvent::Storage { object, .. } if object.kind == Kind::PERSISTENT_VOLUME_CLAIM => {
            uses(cluster, pod, template, *object)
        }
        ClusterEvent::Storage { object, .. } if object.kind == Kind::PERSISTENT_VOLUME => true,
        // What a class or a driver allows can hardly be changed; a new one may help.
        ClusterEvent::Storage { object, added } => {
            let kinds = [Kind::STORAGE_CLASS, Kind::CSI_NODE, Kind::CSI_STORAGE_CAPACITY];
            *added && kinds.contains(&object.kind) || !*added && object.kind == Kind::CSI_STORAGE_CAPACITY
        }
        _ => false,
    }
}
