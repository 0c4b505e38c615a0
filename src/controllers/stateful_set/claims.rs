//! PersistentVolumeClaims of a StatefulSet: which are missing, and who owns them.
//! Upstream: statefulset `createPersistentVolumeClaims`, `updateClaimOwnerRefForSetAndPod`, `podClaimIsStale`.

use crate::api::{DecodeCache, FieldValidation, OwnerClaim, decode};
use crate::cluster::{Cluster, EventType};
use crate::model::kind::Kind;
use crate::model::object::{ObjectRef, OwnerReference, PodId};
use crate::model::workload::StatefulSet;

use super::super::calls::event;
use super::super::plan::{Call, Plan};
use super::super::runner::Controller;
use super::{Draft, StatefulSetController, identity};

/// Claims that the pod of an ordinal lacks.
pub(super) fn make_missing(key: ObjectRef, set: &StatefulSet, ordinal: i32, plan: &mut Plan<Draft>, cluster: &Cluster) {
    let meta = cluster.meta(key);
    for claim in &set.claim_templates {
        let claim_name = identity::claim_name(claim, &meta.name, ordinal);
        if cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, meta.namespace, &claim_name).is_some() {
            continue;
        }
        let Some(manifest) = identity::claim(key, claim, ordinal, cluster) else { continue };
        let namespace = cluster.namespace_name(meta.namespace);
        let Ok(mut decoded) = decode(manifest, namespace, FieldValidation::Warn, &mut DecodeCache::default()) else {
            continue;
        };
        if set.delete_claims_with_set {
            let uid = cluster.uid(key).into();
            decoded.owners = vec![OwnerClaim { uid, controller: true, block_owner_deletion: true }];
        }
        plan.push(Call::Create(Box::new(decoded)));
        let pod = identity::pod_name(&meta.name, ordinal);
        let message = format!("Create Claim {claim_name} Pod {pod} in StatefulSet {} success", meta.name);
        let made = event(key, EventType::Normal, "SuccessfulCreate", message, StatefulSetController::COMPONENT);
        plan.push(Call::Event(Box::new(made)));
    }
}

/// The claims of an ordinal that exist.
fn claims_of<'a>(
    key: ObjectRef,
    set: &'a StatefulSet,
    ordinal: i32,
    cluster: &'a Cluster,
) -> impl Iterator<Item = ObjectRef> + 'a {
    let meta = cluster.meta(key);
    set.claim_templates.iter().filter_map(move |claim| {
        let name = identity::claim_name(claim, &meta.name, ordinal);
        cluster.find(Kind::PERSISTENT_VOLUME_CLAIM, meta.namespace, &name)
    })
}

/// Gives the claims of a pod the owners that the retention policy asks for: the set, so that they go with it; the pod,
/// while it is one of too many, so that they go with that.
pub(super) fn own(
    key: ObjectRef,
    set: &StatefulSet,
    (pod, condemned): (PodId, bool),
    plan: &mut Plan<Draft>,
    cluster: &Cluster,
) {
    let Some(ordinal) = identity::ordinal_of(pod, &cluster.meta(key).name, cluster) else { return };
    let by_pod = set.delete_claims_with_pod && condemned;
    let by_set = set.delete_claims_with_set && !by_pod;
    let pod = ObjectRef::pod(pod);
    for claim in claims_of(key, set, ordinal, cluster) {
        let owners = &cluster.meta(claim).owners;
        let foreign = owners.iter().any(|owner| owner.controller && owner.owner != key && owner.owner != pod);
        if foreign && (by_pod || by_set) {
            let message = format!(
                "PersistentVolumeClaim {} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim",
                cluster.meta(claim).name
            );
            let warning =
                event(key, EventType::Warning, "ConflictingController", message, StatefulSetController::COMPONENT);
            plan.push(Call::Event(Box::new(warning)));
            continue;
        }
        let mut wanted: Vec<OwnerReference> =
            owners.iter().filter(|owner| owner.owner != key && owner.owner != pod).cloned().collect();
        for (wants, owner) in [(by_set, key), (by_pod, pod)] {
            if wants {
                wanted.push(OwnerReference { owner, controller: true, block_owner_deletion: true });
            }
        }
        if wanted != *owners {
            plan.push(Call::SetOwners { object: claim, owners: wanted });
        }
    }
}

/// Does a claim of a missing pod still belong to its predecessor, with which it is to go?
pub(super) fn are_stale(key: ObjectRef, set: &StatefulSet, ordinal: i32, cluster: &Cluster) -> bool {
    claims_of(key, set, ordinal, cluster).any(|claim| {
        cluster.meta(claim).owners.iter().any(|owner| owner.owner.as_pod().is_some() && !cluster.is_live(owner.owner))
    })
}
