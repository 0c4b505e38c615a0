//! The persistent volume controller: binds claims to volumes, and says why it does not.
//! Upstream: controller/volume/persistentvolume (`syncClaim`, `syncVolume`).
//!
//! What upstream finds at its resync every 15 s (`--pvclaimbinder-sync-period`) is looked for at that tick when something
//! has come that could help; Events that a resync would only repeat are not repeated.

mod claims;
mod migration;
#[cfg(test)]
mod tests;
mod volumes;
mod writes;

pub(super) use migration::external_name;
pub(super) use writes::{StoredWrite, apply, reference};

use std::collections::BTreeSet;

use crate::cluster::{Change, Cluster, Verb};
use crate::engine::{SimDuration, SimTime};
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, ObjectRef};

use super::plan::Plan;
use super::runner::Controller;
use super::work_queue::WorkQueue;

/// `--pvclaimbinder-sync-period`.
const RESYNC: SimDuration = SimDuration::from_secs(15);

/// Annotations of a claim that name who is to provision it. Upstream: volume/util `AnnStorageProvisioner`,
/// `AnnBetaStorageProvisioner`.
pub(super) const STORAGE_PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
pub(super) const BETA_STORAGE_PROVISIONER: &str = "volume.beta.kubernetes.io/storage-provisioner";
/// Annotation of a volume that was provisioned. Upstream: volume/util `AnnDynamicallyProvisioned`.
pub(super) const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

/// The controller. Keys are claims and volumes.
#[derive(Debug, Default)]
pub(super) struct PersistentVolumeController {
    /// Claims without a volume.
    pending: BTreeSet<ObjectRef>,
}

impl Controller for PersistentVolumeController {
    type Draft = ();

    const COMPONENT: &'static str = "persistentvolume-controller";

    fn observe(&mut self, now: SimTime, change: &Change, cluster: &Cluster, queue: &mut WorkQueue) {
        let object = change.object;
        let is_gone = change.verb == Verb::Deleted;
        match object.kind {
            Kind::PERSISTENT_VOLUME_CLAIM => {
                let claim = cluster.persistent_volume_claim(object);
                if !is_gone && claim.volume.is_empty() {
                    self.pending.insert(object);
                } else {
                    self.pending.remove(&object);
                }
                if !is_gone {
                    queue.add(object);
                } else if let Some(volume) = volume_named(cluster, &claim.volume) {
                    queue.add(volume);
                }
            }
            Kind::PERSISTENT_VOLUME => {
                if !is_gone {
                    queue.add(object);
                }
                let reference = cluster.persistent_volume(object).claim;
                let claim = reference.and_then(|claim| claim_named(cluster, &claim.namespace, &claim.name));
                match claim {
                    Some(claim) if is_gone => queue.add(claim),
                    Some(_) => {}
                    None => self.resync(now, queue),
                }
            }
            Kind::STORAGE_CLASS => self.resync(now, queue),
            _ => {}
        }
    }

    fn sync(&mut self, _now: SimTime, key: ObjectRef, cluster: &mut Cluster) -> Plan<()> {
        if !cluster.is_live(key) {
            return Plan::done();
        }
        if key.kind == Kind::PERSISTENT_VOLUME_CLAIM { claims::sync(key, cluster) } else { volumes::sync(key, cluster) }
    }
}

impl PersistentVolumeController {
    /// Claims without a volume are looked at again at the next tick.
    fn resync(&self, now: SimTime, queue: &mut WorkQueue) {
        let delay = now.next_on_grid(SimTime::ZERO, RESYNC).since(now);
        for claim in &self.pending {
            queue.add_after(now, *claim, delay);
        }
    }
}

/// The volume of this name, if it is there.
fn volume_named(cluster: &Cluster, name: &str) -> Option<ObjectRef> {
    if name.is_empty() { None } else { cluster.find(Kind::PERSISTENT_VOLUME, NamespaceId::NONE, name) }
}

/// The claim of this name, if it is there.
fn claim_named(cluster: &Cluster, namespace: &str, name: &str) -> Option<ObjectRef> {
    cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, cluster.namespace(namespace)?, name)
}
