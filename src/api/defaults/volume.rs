//! Defaults of volumes.

use serde_json::{Value, json};

use super::super::value::{Object, default_nil, default_zero, find_mut, is_nil, items_mut, object_mut};
use super::container::field_reference;

const MODE: i32 = 0o644;

/// Upstream: pkg/apis/core/v1 `SetDefaults_Volume` and the functions of each source.
pub(super) fn volume(volume: &mut Object) {
    let typed = volume.iter().any(|(key, value)| key != "name" && !is_nil(value));
    if !typed {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for source in ["configMap", "secret", "downwardAPI", "projected"] {
        if let Some(source) = find_mut(volume, source) {
            default_nil(source, "defaultMode", MODE);
        }
    }
    if let Some(host_path) = find_mut(volume, "hostPath") {
        default_nil(host_path, "type", "");
    }
    if let Some(downward) = find_mut(volume, "downwardAPI") {
        downward_items(downward);
    }
    for source in items_mut(find_mut(volume, "projected").and_then(|projected| projected.get_mut("sources"))) {
        let Some(source) = source.as_object_mut() else { continue };
        if let Some(token) = find_mut(source, "serviceAccountToken") {
            default_nil(token, "expirationSeconds", 3600);
        }
        if let Some(downward) = find_mut(source, "downwardAPI") {
            downward_items(downward);
        }
    }
    in_tree(volume);
    if let Some(template) = find_mut(volume, "ephemeral").and_then(|source| find_mut(source, "volumeClaimTemplate")) {
        default_nil(object_mut(template, "spec"), "volumeMode", "Filesystem");
    }
    if let Some(image) = find_mut(volume, "image") {
        let reference = image.get("reference").and_then(Value::as_str).unwrap_or_default();
        let latest = reference.ends_with(":latest")
            || !reference.contains('@') && !reference.rsplit('/').next().unwrap_or_default().contains(':');
        default_zero(image, "pullPolicy", if latest { "Always" } else { "IfNotPresent" });
    }
}

fn downward_items(downward: &mut Object) {
    for item in items_mut(downward.get_mut("items")).filter_map(Value::as_object_mut) {
        field_reference(item);
    }
}

/// Sources of storage systems. Upstream: `SetDefaults_ISCSIVolumeSource`, `SetDefaults_RBDVolumeSource`,
/// `SetDefaults_AzureDiskVolumeSource`, `SetDefaults_ScaleIOVolumeSource`.
fn in_tree(volume: &mut Object) {
    if let Some(iscsi) = find_mut(volume, "iscsi") {
        default_zero(iscsi, "iscsiInterface", "default");
    }
    if let Some(rbd) = find_mut(volume, "rbd") {
        default_zero(rbd, "pool", "rbd");
        default_zero(rbd, "user", "admin");
        default_zero(rbd, "keyring", "/etc/ceph/keyring");
    }
    if let Some(disk) = find_mut(volume, "azureDisk") {
        default_nil(disk, "cachingMode", "ReadWrite");
        default_nil(disk, "kind", "Shared");
        default_nil(disk, "fsType", "ext4");
        default_nil(disk, "readOnly", false);
    }
    if let Some(scale_io) = find_mut(volume, "scaleIO") {
        default_zero(scale_io, "storageMode", "ThinProvisioned");
        default_zero(scale_io, "fsType", "xfs");
    }
}
