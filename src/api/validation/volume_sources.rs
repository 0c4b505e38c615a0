//! What pods and persistent volumes can be mounted from. Upstream: pkg/apis/core/validation `validateVolumeSource` and
//! the functions of each source.

use serde_json::Value;

use super::super::value::{flag, int, is_nil, is_zero, items, text};
use super::{Errors, names};

pub(super) const HOST_PATH_TYPES: [&str; 8] =
    ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/// A field that must not be empty.
pub(super) fn required(source: &Value, field: &str, path: &str, errors: &mut Errors) {
    if is_zero(&source[field]) {
        errors.required(format!("{path}.{field}"), "");
    }
}

/// Upstream: `validatePathNoBacksteps`.
pub(super) fn no_backsteps(target: &str, path: &str, errors: &mut Errors) {
    if target.split('/').any(|part| part == "..") {
        errors.invalid_text(path, target, "must not contain '..'");
    }
}

/// The source of a persistent volume.
pub(super) fn of_volume(kind: &str, source: &Value, path: &str, errors: &mut Errors) {
    match kind {
        "csi" => {
            csi_driver_name(text(&source["driver"]), &format!("{path}.driver"), errors);
            required(source, "volumeHandle", path, errors);
            for field in [
                "controllerPublishSecretRef",
                "controllerExpandSecretRef",
                "nodePublishSecretRef",
                "nodeExpandSecretRef",
            ] {
                if !is_nil(&source[field]) {
                    required(&source[field], "name", &format!("{path}.{field}"), errors);
                    required(&source[field], "namespace", &format!("{path}.{field}"), errors);
                }
            }
        }
        "local" => {
            required(source, "path", path, errors);
            no_backsteps(text(&source["path"]), &format!("{path}.path"), errors);
        }
        "iscsi" => {
            iscsi(source, path, "must be valid format", errors);
            if !is_nil(&source["secretRef"]) {
                required(&source["secretRef"], "name", &format!("{path}.secretRef"), errors);
            }
        }
        _ => common(kind, source, path, errors),
    }
}

/// The sources that are the same for pods and persistent volumes.
pub(super) fn common(kind: &str, source: &Value, path: &str, errors: &mut Errors) {
    match kind {
        "hostPath" => host_path(source, path, errors),
        "nfs" => nfs(source, path, errors),
        "iscsi" => iscsi(source, path, "must be valid format starting with iqn, eui, or naa", errors),
        "gcePersistentDisk" => {
            let path = path.replace("gcePersistentDisk", "persistentDisk");
            required(source, "pdName", &path, errors);
            between(&source["partition"], (0, 255), &format!("{path}.partition"), errors);
        }
        "awsElasticBlockStore" => {
            required(source, "volumeID", path, errors);
            between(&source["partition"], (0, 255), &format!("{path}.partition"), errors);
        }
        "glusterfs" => {
            required(source, "endpoints", path, errors);
            required(source, "path", path, errors);
        }
        "rbd" => {
            required(source, "monitors", path, errors);
            required(source, "image", path, errors);
        }
        "cephfs" => required(source, "monitors", path, errors),
        "cinder" => required(source, "volumeID", path, errors),
        "flexVolume" => required(source, "driver", path, errors),
        "vsphereVolume" => required(source, "volumePath", path, errors),
        "photonPersistentDisk" => required(source, "pdID", path, errors),
        "portworxVolume" => required(source, "volumeID", path, errors),
        "azureDisk" => {
            required(source, "diskName", path, errors);
            required(source, "diskURI", path, errors);
        }
        "gitRepo" => {
            required(source, "repository", path, errors);
            no_backsteps(text(&source["directory"]), &format!("{path}.directory"), errors);
        }
        "fc" => fibre_channel(source, path, errors),
        _ => {}
    }
}

fn host_path(source: &Value, path: &str, errors: &mut Errors) {
    let target = text(&source["path"]);
    if target.is_empty() {
        errors.required(format!("{path}.path"), "");
        return;
    }
    no_backsteps(target, &format!("{path}.path"), errors);
    errors.one_of(format!("{path}.type"), text(&source["type"]), &HOST_PATH_TYPES);
}

fn nfs(source: &Value, path: &str, errors: &mut Errors) {
    required(source, "server", path, errors);
    required(source, "path", path, errors);
    let export = text(&source["path"]);
    if !export.starts_with('/') {
        errors.invalid_text(format!("{path}.path"), export, "must be an absolute path");
    }
}

fn between(number: &Value, (least, most): (i64, i64), path: &str, errors: &mut Errors) {
    if !(least..=most).contains(&int(number)) {
        errors.invalid(path, number, &format!("must be between {least} and {most}, inclusive"));
    }
}

fn iscsi(source: &Value, path: &str, unknown: &str, errors: &mut Errors) {
    required(source, "targetPortal", path, errors);
    let name = text(&source["iqn"]);
    if name.is_empty() {
        errors.required(format!("{path}.iqn"), "");
    } else if !["iqn", "eui", "naa"].iter().any(|prefix| name.starts_with(prefix)) {
        errors.invalid_text(format!("{path}.iqn"), name, unknown);
    } else if !is_iscsi_name(name) {
        errors.invalid_text(format!("{path}.iqn"), name, "must be valid format");
    }
    between(&source["lun"], (0, 255), &format!("{path}.lun"), errors);
    if (flag(&source["chapAuthDiscovery"]) || flag(&source["chapAuthSession"])) && is_nil(&source["secretRef"]) {
        errors.required(format!("{path}.secretRef"), "");
    }
}

/// `iqn.2001-04.com.example:storage`, `eui.` and 16 hexadecimal digits, `naa.` and as many.
fn is_iscsi_name(name: &str) -> bool {
    let hexadecimal = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(rest) = name.strip_prefix("eui.").or_else(|| name.strip_prefix("naa.")) {
        return hexadecimal(rest) || name.starts_with("naa.") && rest.len() == 32;
    }
    let Some(rest) = name.strip_prefix("iqn.") else { return false };
    let bytes = rest.as_bytes();
    bytes.len() > 8
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[5..7].iter().all(u8::is_ascii_digit)
        && bytes[7] == b'.'
}

fn fibre_channel(source: &Value, path: &str, errors: &mut Errors) {
    let (targets, ids) = (items(&source["targetWWNs"]), items(&source["wwids"]));
    let path_of = |field: &str| format!("{path}.{field}");
    if targets.is_empty() && ids.is_empty() {
        errors.required(path_of("targetWWNs"), "must specify either targetWWNs or wwids, but not both");
    }
    if !targets.is_empty() && !ids.is_empty() {
        let detail = "targetWWNs and wwids can not be specified simultaneously";
        errors.invalid(path_of("targetWWNs"), &source["targetWWNs"], detail);
    }
    if !targets.is_empty() {
        if is_nil(&source["lun"]) {
            errors.required(path_of("lun"), "lun is required if targetWWNs is specified");
        } else {
            between(&source["lun"], (0, 255), &path_of("lun"), errors);
        }
    }
}

/// Upstream: `ValidateCSIDriverName`.
pub(super) fn csi_driver_name(name: &str, path: &str, errors: &mut Errors) {
    const BYTES_MAX: usize = 63;
    if name.is_empty() {
        errors.required(path, "");
        return;
    }
    if name.len() > BYTES_MAX {
        errors.too_long(path, BYTES_MAX);
    }
    errors.invalid_texts(path, name, names::subdomain(&name.to_lowercase()));
}

/// Upstream: `validateCSIVolumeSource`.
pub(super) fn inline_csi(source: &Value, path: &str, errors: &mut Errors) {
    csi_driver_name(text(&source["driver"]), &format!("{path}.driver"), errors);
    let secret = &source["nodePublishSecretRef"];
    if !is_nil(secret) {
        let name = text(&secret["name"]);
        if name.is_empty() {
            errors.required(format!("{path}.nodePublishSecretRef.name"), "");
        } else {
            // Upstream leaves the field of the secret out of this path.
            errors.invalid_texts(format!("{path}.name"), name, names::subdomain(name));
        }
    }
}
