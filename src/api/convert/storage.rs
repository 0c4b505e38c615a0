//! Volumes, claims and classes as binding and scheduling read them, from stored objects.

use serde_json::Value;

use super::super::value::{is_nil, items, short, text, texts};
use super::{label_selector, quantity};
use crate::model::Text;
use crate::model::labels::Labels;
use crate::model::object::{Body, Object};
use crate::model::storage::{
    BIND_COMPLETED, ClaimReference, PersistentVolume, PersistentVolumeClaim, SELECTED_NODE, StorageClass,
};

/// Annotation that named the class before there was a field. Upstream: core/v1 `BetaStorageClassAnnotation`.
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

/// A status field of an object that the model has no columns for.
fn status<'a>(object: &'a Object, key: &str) -> &'a Value {
    match &object.body {
        Body::Plain { status } => &status[key],
        _ => &Value::Null,
    }
}

fn bytes(value: &Value) -> i64 {
    quantity(value).map_or(0, |quantity| quantity.value())
}

fn class(spec: &Value, annotations: &Labels) -> Option<Text> {
    let annotated = annotations.get(BETA_CLASS).map(Text::from);
    annotated.or_else(|| spec["storageClassName"].as_str().map(Text::from))
}

/// A PersistentVolume.
pub fn persistent_volume(object: &Object) -> PersistentVolume {
    let spec = &object.raw["spec"];
    let (claim, csi) = (&spec["claimRef"], &spec["csi"]);
    let required = &spec["nodeAffinity"]["required"];
    PersistentVolume {
        name: object.meta.name.clone(),
        labels: object.meta.labels.clone(),
        capacity: bytes(&spec["capacity"]["storage"]),
        access_modes: texts(&spec["accessModes"]),
        class: class(spec, &object.meta.annotations).unwrap_or_default(),
        mode: mode(spec),
        attributes_class: short(&spec["volumeAttributesClassName"]),
        node_affinity: (!is_nil(required)).then(|| super::node_selector_terms(required)),
        claim: (!is_nil(claim)).then(|| ClaimReference {
            namespace: short(&claim["namespace"]),
            name: short(&claim["name"]),
            uid: text(&claim["uid"]).to_owned(),
        }),
        reclaim_policy: short(&spec["persistentVolumeReclaimPolicy"]),
        phase: short(status(object, "phase")),
        deleting: object.meta.deletion.is_some(),
        csi: (!is_nil(csi)).then(|| (short(&csi["driver"]), short(&csi["volumeHandle"]))),
    }
}

/// A PersistentVolumeClaim with its namespace's name and its UID.
pub fn persistent_volume_claim(object: &Object, namespace: &str, uid: String) -> PersistentVolumeClaim {
    let spec = &object.raw["spec"];
    let annotation = |name: &str| object.meta.annotations.get(name);
    PersistentVolumeClaim {
        namespace: namespace.into(),
        name: object.meta.name.clone(),
        uid,
        request: bytes(&spec["resources"]["requests"]["storage"]),
        access_modes: texts(&spec["accessModes"]),
        class: class(spec, &object.meta.annotations),
        mode: mode(spec),
        attributes_class: short(&spec["volumeAttributesClassName"]),
        selector: label_selector(&spec["selector"]),
        volume: short(&spec["volumeName"]),
        bind_completed: annotation(BIND_COMPLETED).is_some(),
        selected_node: annotation(SELECTED_NODE).unwrap_or_default().into(),
        phase: short(status(object, "phase")),
        deleting: object.meta.deletion.is_some(),
    }
}

fn mode(spec: &Value) -> Text {
    if is_nil(&spec["volumeMode"]) { Text::const_new("Filesystem") } else { short(&spec["volumeMode"]) }
}

/// A StorageClass.
pub fn storage_class(object: &Object) -> StorageClass {
    let raw = &object.raw;
    let expressions = |term: &Value| {
        let expressions = items(&term["matchLabelExpressions"]).iter();
        expressions.map(|expression| (short(&expression["key"]), texts(&expression["values"]))).collect()
    };
    StorageClass {
        name: object.meta.name.clone(),
        provisioner: short(&raw["provisioner"]),
        waits_for_first_consumer: text(&raw["volumeBindingMode"]) == "WaitForFirstConsumer",
        reclaim_policy: if is_nil(&raw["reclaimPolicy"]) { "Delete".into() } else { short(&raw["reclaimPolicy"]) },
        allowed_topologies: items(&raw["allowedTopologies"]).iter().map(expressions).collect(),
    }
}

/// How many volumes of each driver a node takes, from its CSINode. Upstream: nodevolumelimits `getVolumeLimits`.
pub fn attach_limits(csi_node: &Object) -> Vec<(Text, i64)> {
    let drivers = items(&csi_node.raw["spec"]["drivers"]).iter();
    let limits = drivers.filter_map(|driver| Some((short(&driver["name"]), driver["allocatable"]["count"].as_i64()?)));
    limits.collect()
}
