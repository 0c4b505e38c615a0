//! One volume: free, bound, or left by its claim. Upstream: `syncVolume`, `reclaimVolume`.

use crate::cluster::{Cluster, EventType};
use crate::model::object::ObjectRef;
use crate::model::storage::PersistentVolume;

use super::super::calls::event;
use super::super::plan::{Call, Plan};
use super::super::runner::Controller;
use super::writes::StoredWrite;
use super::{PROVISIONED_BY, PersistentVolumeController, claim_named};

pub(super) fn sync(key: ObjectRef, cluster: &Cluster) -> Plan<()> {
    let volume = cluster.persistent_volume(key);
    let phase = |phase: &'static str| {
        if volume.phase == phase { Plan::done() } else { Plan::of(store(key, StoredWrite::VolumePhase(phase))) }
    };
    let Some(reference) = &volume.claim else { return phase("Available") };
    if reference.uid.is_empty() {
        return phase("Available");
    }
    let claim = claim_named(cluster, &reference.namespace, &reference.name);
    let claim = claim.map(|claim| cluster.persistent_volume_claim(claim)).filter(|claim| claim.uid == reference.uid);
    let Some(claim) = claim else { return released(key, &volume, cluster) };
    if claim.volume.is_empty() {
        // The claim's own sync completes the binding: it is asked to, as upstream does.
        let object = claim_named(cluster, &reference.namespace, &reference.name).expect("it was found above");
        return super::claims::sync(object, cluster);
    }
    if claim.volume == volume.name {
        return phase("Bound");
    }
    // The claim has another volume.
    let annotations = &cluster.meta(key).annotations;
    if annotations.get(PROVISIONED_BY).is_some() && volume.reclaim_policy == "Delete" {
        return released(key, &volume, cluster);
    }
    Plan::of(store(key, StoredWrite::ReleaseVolume))
}

fn store(object: ObjectRef, write: StoredWrite) -> Call {
    Call::Store { object, write }
}

/// Its claim is gone. Who provisioned a volume deletes it; one that an administrator made cannot be deleted from here.
fn released(key: ObjectRef, volume: &PersistentVolume, cluster: &Cluster) -> Plan<()> {
    if matches!(volume.phase.as_str(), "Released" | "Failed") {
        return Plan::done();
    }
    let mut plan = Plan::of(store(key, StoredWrite::VolumePhase("Released")));
    let is_provisioned = cluster.meta(key).annotations.get(PROVISIONED_BY).is_some();
    if volume.reclaim_policy == "Delete" && !is_provisioned {
        let message = format!(
            "error getting deleter volume plugin for volume {:?}: no deletable volume plugin matched",
            volume.name.as_str()
        );
        let component = PersistentVolumeController::COMPONENT;
        plan.push(store(key, StoredWrite::VolumePhase("Failed")));
        plan.push(Call::Event(Box::new(event(key, EventType::Warning, "VolumeFailedDelete", message, component))));
    }
    plan
}
