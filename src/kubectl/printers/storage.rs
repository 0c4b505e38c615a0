//! PersistentVolumes, PersistentVolumeClaims, StorageClasses.

use serde_json::Value;

use crate::model::object::ObjectRef;

use super::{Context, Printer, field, or, text};

pub(super) static PERSISTENT_VOLUME: Printer = Printer {
    columns: &[
        "NAME",
        "CAPACITY",
        "ACCESS MODES",
        "RECLAIM POLICY",
        "STATUS",
        "CLAIM",
        "STORAGECLASS",
        "VOLUMEATTRIBUTESCLASS",
        "REASON",
        "AGE",
    ],
    wide: &["VOLUMEMODE"],
    row: persistent_volume,
};

pub(super) static PERSISTENT_VOLUME_CLAIM: Printer = Printer {
    columns: &["NAME", "STATUS", "VOLUME", "CAPACITY", "ACCESS MODES", "STORAGECLASS", "VOLUMEATTRIBUTESCLASS", "AGE"],
    wide: &["VOLUMEMODE"],
    row: persistent_volume_claim,
};

pub(super) static STORAGE_CLASS: Printer = Printer {
    columns: &["NAME", "PROVISIONER", "RECLAIMPOLICY", "VOLUMEBINDINGMODE", "ALLOWVOLUMEEXPANSION", "AGE"],
    wide: &[],
    row: storage_class,
};

fn persistent_volume(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let (raw, status) = (context.raw(object), context.status(object));
    let claim = field(raw, "spec.claimRef");
    let mut phase = text(status, "phase");
    if context.cluster.meta(object).deletion.is_some() {
        "Terminating".clone_into(&mut phase);
    }
    let mut cells = vec![
        context.name(object),
        text(raw, "spec.capacity.storage"),
        access_modes(field(raw, "spec.accessModes")),
        text(raw, "spec.persistentVolumeReclaimPolicy"),
        phase,
        if claim.is_null() { String::new() } else { format!("{}/{}", text(claim, "namespace"), text(claim, "name")) },
        text(raw, "spec.storageClassName"),
        or(text(raw, "spec.volumeAttributesClassName"), "<unset>"),
        text(status, "reason"),
        context.age(object),
    ];
    if context.wide {
        cells.push(or(text(raw, "spec.volumeMode"), "<unset>"));
    }
    cells
}

fn persistent_volume_claim(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let (raw, status) = (context.raw(object), context.status(object));
    let volume = text(raw, "spec.volumeName");
    let bound = !volume.is_empty();
    let mut phase = text(status, "phase");
    if context.cluster.meta(object).deletion.is_some() {
        "Terminating".clone_into(&mut phase);
    }
    let mut cells = vec![
        context.name(object),
        phase,
        volume,
        if bound { text(status, "capacity.storage") } else { String::new() },
        if bound { access_modes(field(status, "accessModes")) } else { String::new() },
        text(raw, "spec.storageClassName"),
        or(text(raw, "spec.volumeAttributesClassName"), "<unset>"),
        context.age(object),
    ];
    if context.wide {
        cells.push(or(text(raw, "spec.volumeMode"), "<unset>"));
    }
    cells
}

fn storage_class(context: &Context<'_>, object: ObjectRef) -> Vec<String> {
    let raw = context.raw(object);
    let mut name = context.name(object);
    if context.cluster.meta(object).annotations.get("storageclass.kubernetes.io/is-default-class") == Some("true") {
        name.push_str(" (default)");
    }
    vec![
        name,
        text(raw, "provisioner"),
        or(text(raw, "reclaimPolicy"), "Delete"),
        or(text(raw, "volumeBindingMode"), "Immediate"),
        or(text(raw, "allowVolumeExpansion"), "false"),
        context.age(object),
    ]
}

/// Upstream: core/v1/helper `GetAccessModesAsString`: without repetitions, in this order.
pub(crate) fn access_modes(modes: &Value) -> String {
    let has = |mode: &str| modes.as_array().into_iter().flatten().any(|candidate| candidate == mode);
    let order =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let words: Vec<&str> = order.iter().filter(|(mode, _)| has(mode)).map(|(_, word)| *word).collect();
    words.join(",")
}
