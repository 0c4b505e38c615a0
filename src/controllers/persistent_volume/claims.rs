//! One claim: bound, about to be bound, or waiting. Upstream: `syncUnboundClaim`, `syncBoundClaim`, `provisionClaim`.

use crate::cluster::{Cluster, EventType, Said};
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, PodId};
use crate::model::storage::{NO_PROVISIONER, PersistentVolume, PersistentVolumeClaim, Seeker, find_matching_volume};
use crate::model::volume::{Volume, VolumeSource};

use super::super::calls::event;
use super::super::plan::{Call, Plan};
use super::super::runner::Controller;
use super::writes::StoredWrite;
use super::{PersistentVolumeController, external_name, volume_named};

pub(super) fn sync(key: ObjectRef, cluster: &Cluster) -> Plan<()> {
    let claim = cluster.persistent_volume_claim(key);
    if claim.bind_completed {
        return bound(key, &claim, cluster);
    }
    if claim.volume.is_empty() { unbound(key, &claim, cluster) } else { wanted(key, &claim, cluster) }
}

/// An Event about the claim.
fn say(key: ObjectRef, kind: EventType, why: &'static str, message: impl Into<Said>) -> Call {
    Call::Event(Box::new(event(key, kind, why, message, PersistentVolumeController::COMPONENT)))
}

fn store(object: ObjectRef, write: StoredWrite) -> Call {
    Call::Store { object, write }
}

/// The four writes of a binding, each skipped where it would change nothing. Upstream: `bind`.
fn bind(key: ObjectRef, volume: ObjectRef) -> Plan<()> {
    Plan::of(store(volume, StoredWrite::ReserveVolume { claim: key }))
        .then(store(volume, StoredWrite::VolumePhase("Bound")))
        .then(store(key, StoredWrite::BindClaim { volume }))
        .then(store(key, StoredWrite::ClaimBound { volume }))
}

/// A claim that any volume will do for.
fn unbound(key: ObjectRef, claim: &PersistentVolumeClaim, cluster: &Cluster) -> Plan<()> {
    let class = cluster.storage_class(claim.class_name());
    let waits = class.as_ref().is_some_and(|class| class.waits_for_first_consumer);
    if let Some(volume) = best_match(claim, waits, cluster) {
        return bind(key, volume);
    }
    if waits && claim.selected_node.is_empty() {
        let (why, message) = first_consumer(key, claim, cluster);
        return Plan::of(say(key, EventType::Normal, why, message));
    }
    if claim.class.is_none()
        && let Some(default) = cluster.default_class(Kind::STORAGE_CLASS)
    {
        // The class has come after the claim. Upstream: `assignDefaultStorageClass`.
        return Plan::of(store(key, StoredWrite::DefaultClass(default.into())));
    }
    if claim.class_name().is_empty() {
        let message = "no persistent volumes available for this claim and no storage class is set";
        return Plan::of(say(key, EventType::Normal, "FailedBinding", message));
    }
    let Some(class) = class else {
        let message = format!("storageclass.storage.k8s.io \"{}\" not found", claim.class_name());
        return Plan::of(say(key, EventType::Warning, "ProvisioningFailed", message));
    };
    if class.provisioner == NO_PROVISIONER {
        let message = format!("no volume plugin matched name: {NO_PROVISIONER}");
        return Plan::of(say(key, EventType::Warning, "ProvisioningFailed", message));
    }
    let provisioner = external_name(&class.provisioner);
    if cluster.meta(key).annotations.get(super::STORAGE_PROVISIONER) == Some(provisioner) {
        // The provisioner has been asked; upstream's resync would repeat the Event.
        return Plan::done();
    }
    let message = format!(
        "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
    );
    Plan::of(store(key, StoredWrite::AskProvisioner(provisioner.into()))).then(say(
        key,
        EventType::Normal,
        "ExternalProvisioning",
        message,
    ))
}

/// The volume that is reserved for the claim, else the one with the fewest access modes, and of these the smallest.
/// Upstream: `persistentVolumeOrderedIndex.findByClaim`.
fn best_match(claim: &PersistentVolumeClaim, waits: bool, cluster: &Cluster) -> Option<ObjectRef> {
    let mut volumes: Vec<(ObjectRef, PersistentVolume)> = cluster
        .list(Kind::PERSISTENT_VOLUME)
        .map(|object| (object, cluster.persistent_volume(object)))
        .filter(|(_, volume)| volume.has_modes_of(claim))
        .collect();
    volumes.sort_by_key(|(_, volume)| volume.access_modes.len());
    let seeker = Seeker::Controller { waits };
    let reserved = volumes.iter().map(|(_, volume)| volume).enumerate().filter(|(_, volume)| volume.is_for(claim));
    if let Some(place) = find_matching_volume(claim, reserved, seeker) {
        return Some(volumes[place].0);
    }
    let counts: std::collections::BTreeSet<usize> =
        volumes.iter().map(|(_, volume)| volume.access_modes.len()).collect();
    counts.into_iter().find_map(|count| {
        let group = volumes.iter().map(|(_, volume)| volume).enumerate();
        let group = group.filter(|(_, volume)| volume.access_modes.len() == count);
        find_matching_volume(claim, group, seeker).map(|place| volumes[place].0)
    })
}

/// Upstream: `emitEventForUnboundDelayBindingClaim`.
fn first_consumer(key: ObjectRef, claim: &PersistentVolumeClaim, cluster: &Cluster) -> (&'static str, String) {
    let namespace = cluster.meta(key).namespace;
    let mounts = |volume: &Volume| match &volume.source {
        VolumeSource::Claim { claim: name, .. } => *name == claim.name,
        // Its claim is named after the pod.
        VolumeSource::Ephemeral => claim.name.ends_with(&format!("-{}", volume.name)),
        _ => false,
    };
    let candidates = cluster.pods_of_templates(namespace, |template| template.spec.volumes.iter().any(mounts));
    let uses = |pod: &PodId| {
        let row = cluster.pod(*pod);
        let is_its = |volume: &Volume| match &volume.source {
            VolumeSource::Ephemeral => claim.name == format!("{}-{}", row.name, volume.name),
            _ => mounts(volume),
        };
        row.node.is_none()
            && !row.status.phase.is_terminal()
            && cluster.template(row.template).spec.volumes.iter().any(is_its)
    };
    let waiting: Vec<&str> = candidates.iter().filter(|pod| uses(pod)).map(|pod| &*cluster.pod(*pod).name).collect();
    match waiting.as_slice() {
        [] => ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".to_owned()),
        [only] => ("WaitForPodScheduled", format!("waiting for pod {only} to be scheduled")),
        several => ("WaitForPodScheduled", format!("waiting for pods {} to be scheduled", several.join(","))),
    }
}

/// A claim that names its volume.
fn wanted(key: ObjectRef, claim: &PersistentVolumeClaim, cluster: &Cluster) -> Plan<()> {
    let Some(object) = volume_named(cluster, &claim.volume) else {
        return Plan::of(store(key, StoredWrite::ClaimPhase("Pending")));
    };
    let volume = cluster.persistent_volume(object);
    if volume.is_for(claim) {
        return bind(key, object);
    }
    if volume.claim.is_some() {
        let message = format!("volume {:?} already bound to a different claim.", claim.volume.as_str());
        return Plan::of(say(key, EventType::Warning, "FailedBinding", message));
    }
    if let Some(why) = mismatch(claim, &volume) {
        let message = format!("Cannot bind to requested volume {:?}: {why}", claim.volume.as_str());
        return Plan::of(say(key, EventType::Warning, "VolumeMismatch", message));
    }
    bind(key, object)
}

/// Upstream: `checkVolumeSatisfyClaim`.
fn mismatch(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Option<&'static str> {
    if volume.capacity < claim.request {
        return Some("requested PV is too small");
    }
    if volume.class != claim.class_name() {
        return Some("storageClassName does not match");
    }
    if volume.mode != claim.mode {
        return Some("incompatible volumeMode");
    }
    if !volume.has_modes_of(claim) {
        return Some("incompatible accessMode");
    }
    None
}

/// A claim whose binding was complete once.
fn bound(key: ObjectRef, claim: &PersistentVolumeClaim, cluster: &Cluster) -> Plan<()> {
    let lost = |why: &'static str, message: &'static str| {
        if claim.phase == "Lost" {
            return Plan::done();
        }
        Plan::of(store(key, StoredWrite::ClaimPhase("Lost"))).then(say(key, EventType::Warning, why, message))
    };
    if claim.volume.is_empty() {
        return lost("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
    }
    let Some(object) = volume_named(cluster, &claim.volume) else {
        return lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
    };
    let reference = cluster.persistent_volume(object).claim;
    if reference.is_none_or(|reference| reference.uid == claim.uid) {
        return bind(key, object);
    }
    lost("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")
}
