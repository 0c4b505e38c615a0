//! The writes of the volume controllers: what changes of a volume's or claim's specification, annotations and status.

use serde_json::{Value, json};

use crate::cluster::{Cluster, Fields};
use crate::engine::SimTime;
use crate::model::Text;
use crate::model::labels::Labels;
use crate::model::object::{ObjectMeta, ObjectRef};
use crate::model::storage::{BIND_COMPLETED, BOUND_BY_CONTROLLER};

use super::{BETA_STORAGE_PROVISIONER, STORAGE_PROVISIONER};

/// One write.
#[derive(Clone, Debug)]
pub(in crate::controllers) enum StoredWrite {
    /// Binds a volume to a claim.
    ReserveVolume {
        /// The claim.
        claim: ObjectRef,
    },
    /// Takes a volume back from a claim that has another.
    ReleaseVolume,
    /// `status.phase` of a volume.
    VolumePhase(&'static str),
    /// Binds a claim to a volume.
    BindClaim {
        /// The volume.
        volume: ObjectRef,
    },
    /// `status` of a claim that is bound to a volume.
    ClaimBound {
        /// The volume.
        volume: ObjectRef,
    },
    /// `status.phase` of a claim without one.
    ClaimPhase(&'static str),
    /// Names the default class in a claim without one.
    DefaultClass(Text),
    /// Asks a provisioner for a claim's volume.
    AskProvisioner(Text),
}

/// Carries a write out.
pub(in crate::controllers) fn apply(now: SimTime, object: ObjectRef, write: StoredWrite, cluster: &mut Cluster) {
    match write {
        StoredWrite::ReserveVolume { claim } => {
            let reference = reference(claim, cluster);
            cluster.modify_stored(now, object, |meta, raw, _| {
                let known = &raw["spec"]["claimRef"];
                let mut fields = Fields::empty();
                if known.is_null() {
                    fields |= annotate(meta, &[(BOUND_BY_CONTROLLER, "yes")]);
                }
                if known["uid"] != reference["uid"] {
                    raw["spec"]["claimRef"] = reference;
                    fields |= Fields::SPEC;
                }
                fields
            });
        }
        StoredWrite::ReleaseVolume => {
            cluster.modify_stored(now, object, |meta, raw, status| {
                if meta.annotations.get(BOUND_BY_CONTROLLER).is_some() {
                    remove(raw, "claimRef");
                    meta.annotations = without(&meta.annotations, BOUND_BY_CONTROLLER).into();
                } else if let Some(reference) = raw["spec"]["claimRef"].as_object_mut() {
                    reference.remove("uid");
                }
                status["phase"] = json!("Available");
                Fields::SPEC | Fields::ANNOTATIONS | Fields::STATUS
            });
        }
        StoredWrite::VolumePhase(phase) => {
            let at = cluster.clock().timestamp(now);
            cluster.modify_stored(now, object, |_, _, status| {
                if status["phase"] == phase {
                    return Fields::empty();
                }
                *status = json!({ "phase": phase, "lastPhaseTransitionTime": at });
                Fields::STATUS
            });
        }
        StoredWrite::BindClaim { volume } => {
            let name = cluster.meta(volume).name.clone();
            cluster.modify_stored(now, object, |meta, raw, _| {
                let mut fields = Fields::empty();
                if raw["spec"]["volumeName"] != name.as_str() {
                    raw["spec"]["volumeName"] = json!(name.as_str());
                    fields |= Fields::SPEC | annotate(meta, &[(BOUND_BY_CONTROLLER, "yes")]);
                }
                fields | annotate(meta, &[(BIND_COMPLETED, "yes")])
            });
        }
        StoredWrite::ClaimBound { volume } => {
            let spec = &cluster.object(volume).raw["spec"];
            let wanted = json!({ "phase": "Bound", "accessModes": spec["accessModes"], "capacity": spec["capacity"] });
            cluster.modify_stored(now, object, |_, _, status| replace(status, wanted));
        }
        StoredWrite::ClaimPhase(phase) => {
            cluster.modify_stored(now, object, |_, _, status| replace(status, json!({ "phase": phase })));
        }
        StoredWrite::DefaultClass(class) => {
            cluster.modify_stored(now, object, |_, raw, _| {
                raw["spec"]["storageClassName"] = json!(class.as_str());
                Fields::SPEC
            });
        }
        StoredWrite::AskProvisioner(provisioner) => {
            let names = [(STORAGE_PROVISIONER, provisioner.as_str()), (BETA_STORAGE_PROVISIONER, &provisioner)];
            cluster.modify_stored(now, object, |meta, _, _| annotate(meta, &names));
        }
    }
}

/// `spec.claimRef` for a claim.
pub(in crate::controllers) fn reference(claim: ObjectRef, cluster: &Cluster) -> Value {
    let facts = cluster.persistent_volume_claim(claim);
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": facts.namespace.as_str(),
        "name": facts.name.as_str(), "uid": facts.uid,
        "resourceVersion": cluster.meta(claim).resource_version.to_string(),
    })
}

fn replace(status: &mut Value, wanted: Value) -> Fields {
    if *status == wanted {
        return Fields::empty();
    }
    *status = wanted;
    Fields::STATUS
}

fn remove(raw: &mut Value, field: &str) {
    if let Some(spec) = raw["spec"].as_object_mut() {
        spec.remove(field);
    }
}

fn annotate(meta: &mut ObjectMeta, pairs: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::empty();
    for (key, value) in pairs {
        if meta.annotations.get(key) != Some(*value) {
            meta.annotations = meta.annotations.with(key, value).into();
            fields = Fields::ANNOTATIONS;
        }
    }
    fields
}

fn without(labels: &Labels, key: &str) -> Labels {
    Labels::from_pairs(labels.iter().filter(|(name, _)| *name != key))
}
