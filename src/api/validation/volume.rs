//! Volumes and mounts. Upstream: pkg/apis/core/validation `ValidateVolumes`, `ValidateVolumeMounts`.

use serde_json::Value;

use super::super::convert;
use super::super::value::{is_nil, items, members, text};
use super::{Errors, names};

const HOST_PATH_TYPES: [&str; 8] =
    ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/// In which order upstream looks at the sources.
const ORDER: [&str; 30] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

/// Returns the names, to which mounts refer.
pub(super) fn volumes<'a>(volumes: &'a Value, path: &str, errors: &mut Errors) -> Vec<&'a str> {
    let mut known: Vec<&str> = Vec::new();
    for (index, volume) in items(volumes).iter().enumerate() {
        let path = format!("{path}[{index}]");
        sources(volume, &path, errors);
        let name = text(&volume["name"]);
        if name.is_empty() {
            errors.required(format!("{path}.name"), "");
        } else {
            errors.invalid_texts(format!("{path}.name"), name, names::label(name));
        }
        if known.contains(&name) {
            errors.duplicate(format!("{path}.name"), name);
        }
        known.push(name);
    }
    known
}

fn sources(volume: &Value, path: &str, errors: &mut Errors) {
    let mut count = 0;
    for kind in ORDER.iter().filter(|kind| !is_nil(&volume[**kind])) {
        let path = format!("{path}.{kind}");
        if count > 0 {
            errors.forbidden(&path, "may not specify more than 1 volume type");
        } else {
            source(kind, &volume[*kind], &path, errors);
        }
        count += 1;
    }
    if count == 0 {
        errors.required(path, "must specify a volume type");
    }
}

fn source(kind: &str, source: &Value, path: &str, errors: &mut Errors) {
    match kind {
        "emptyDir" if convert::quantity(&source["sizeLimit"]).is_some_and(|size| size.nano < 0) => {
            errors.forbidden(format!("{path}.sizeLimit"), "SizeLimit field must be a valid resource quantity");
        }
        "hostPath" => {
            let host_path = text(&source["path"]);
            if host_path.is_empty() {
                errors.required(format!("{path}.path"), "");
            } else if host_path.split('/').any(|part| part == "..") {
                errors.invalid_text(format!("{path}.path"), host_path, "must not contain '..'");
            }
            errors.one_of(format!("{path}.type"), text(&source["type"]), &HOST_PATH_TYPES);
        }
        "configMap" => keyed(source, "name", path, errors),
        "secret" => keyed(source, "secretName", path, errors),
        "persistentVolumeClaim" => required(source, "claimName", path, errors),
        "nfs" => {
            required(source, "server", path, errors);
            required(source, "path", path, errors);
            if !text(&source["path"]).is_empty() && !text(&source["path"]).starts_with('/') {
                errors.invalid_text(format!("{path}.path"), text(&source["path"]), "must be an absolute path");
            }
        }
        "csi" => required(source, "driver", path, errors),
        "downwardAPI" => {
            mode(&source["defaultMode"], &format!("{path}.defaultMode"), errors);
            downward(source, path, errors);
        }
        "projected" => {
            mode(&source["defaultMode"], &format!("{path}.defaultMode"), errors);
            projected(source, path, errors);
        }
        _ => {}
    }
}

fn required(source: &Value, field: &str, path: &str, errors: &mut Errors) {
    if text(&source[field]).is_empty() {
        errors.required(format!("{path}.{field}"), "");
    }
}

fn keyed(source: &Value, field: &str, path: &str, errors: &mut Errors) {
    required(source, field, path, errors);
    mode(&source["defaultMode"], &format!("{path}.defaultMode"), errors);
    keys(source, path, errors);
}

/// Upstream: `validateKeyToPath`.
fn keys(source: &Value, path: &str, errors: &mut Errors) {
    for (index, item) in items(&source["items"]).iter().enumerate() {
        let path = format!("{path}.items[{index}]");
        required(item, "key", &path, errors);
        required(item, "path", &path, errors);
        relative(text(&item["path"]), &format!("{path}.path"), errors);
        mode(&item["mode"], &format!("{path}.mode"), errors);
    }
}

/// Upstream: `validateLocalNonReservedPath`.
fn relative(target: &str, path: &str, errors: &mut Errors) {
    if target.starts_with('/') {
        errors.invalid_text(path, target, "must be a relative path");
    }
    if target.split('/').any(|part| part == "..") {
        errors.invalid_text(path, target, "must not contain '..'");
    } else if target.starts_with("..") {
        errors.invalid_text(path, target, "must not start with '..'");
    }
}

fn mode(mode: &Value, path: &str, errors: &mut Errors) {
    if mode.as_i64().is_some_and(|bits| !(0..=0o777).contains(&bits)) {
        errors.invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive");
    }
}

/// Upstream: `validateDownwardAPIVolumeFile`.
fn downward(source: &Value, path: &str, errors: &mut Errors) {
    for item in items(&source["items"]) {
        // Upstream leaves the index out of these paths.
        if text(&item["path"]).is_empty() {
            errors.required(format!("{path}.path"), "");
        }
        relative(text(&item["path"]), &format!("{path}.path"), errors);
        match (is_nil(&item["fieldRef"]), is_nil(&item["resourceFieldRef"])) {
            (false, false) => {
                let value = item["fieldRef"].to_string();
                errors.invalid_raw(path, &value, "fieldRef and resourceFieldRef can not be specified simultaneously");
            }
            (true, true) => errors.required(path, "one of fieldRef and resourceFieldRef is required"),
            (false, true) => {
                let field = text(&item["fieldRef"]["fieldPath"]);
                let supported =
                    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
                let stem = field.split('[').next().unwrap_or_default();
                if field.is_empty() {
                    errors.required(format!("{path}.fieldRef.fieldPath"), "");
                } else if !supported.contains(&stem) {
                    errors.unsupported(format!("{path}.fieldRef.fieldPath"), field, &supported);
                }
            }
            (true, false) => {
                let reference = format!("{path}.resourceFieldRef");
                if text(&item["resourceFieldRef"]["containerName"]).is_empty() {
                    errors.required(format!("{reference}.containerName"), "");
                }
                super::container_fields::resource_field(&item["resourceFieldRef"], &reference, errors);
            }
        }
        mode(&item["mode"], &format!("{path}.mode"), errors);
    }
}

/// Upstream: `validateProjectionSources`.
fn projected(source: &Value, path: &str, errors: &mut Errors) {
    for (index, projection) in items(&source["sources"]).iter().enumerate() {
        let path = format!("{path}.sources[{index}]");
        let mut count = 0;
        for kind in ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"] {
            let inner = &projection[kind];
            if is_nil(inner) {
                continue;
            }
            let path = format!("{path}.{kind}");
            if count > 0 {
                errors.forbidden(&path, "may not specify more than 1 volume type");
                continue;
            }
            count += 1;
            match kind {
                "secret" | "configMap" => {
                    required(inner, "name", &path, errors);
                    keys(inner, &path, errors);
                }
                "downwardAPI" => downward(inner, &path, errors),
                "serviceAccountToken" => required(inner, "path", &path, errors),
                _ => {}
            }
        }
        if count == 0 && members(projection).all(|(_, value)| is_nil(value)) {
            errors.required(&path, "must specify a source type");
        }
    }
}

pub(super) fn mounts(container: &Value, volumes: &[&str], path: &str, errors: &mut Errors) {
    let mounts = items(&container["volumeMounts"]);
    for (index, mount) in mounts.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let name = text(&mount["name"]);
        if name.is_empty() {
            errors.required(format!("{path}.name"), "");
        }
        if !volumes.contains(&name) {
            errors.not_found(format!("{path}.name"), name);
        }
        let target = text(&mount["mountPath"]);
        if target.is_empty() {
            errors.required(format!("{path}.mountPath"), "");
        }
        if mounts[..index].iter().any(|other| text(&other["mountPath"]) == target) {
            errors.invalid_text(format!("{path}.mountPath"), target, "must be unique");
        }
        let (sub_path, expression) = (text(&mount["subPath"]), text(&mount["subPathExpr"]));
        relative_sub_path(sub_path, &format!("{path}.subPath"), errors);
        if !expression.is_empty() {
            if !sub_path.is_empty() {
                errors.invalid_text(
                    format!("{path}.subPathExpr"),
                    expression,
                    "subPathExpr and subPath are mutually exclusive",
                );
            }
            relative_sub_path(expression, &format!("{path}.subPathExpr"), errors);
        }
    }
}

fn relative_sub_path(target: &str, path: &str, errors: &mut Errors) {
    if target.starts_with('/') {
        errors.invalid_text(path, target, "must be a relative path");
    }
    if target.split('/').any(|part| part == "..") {
        errors.invalid_text(path, target, "must not contain '..'");
    }
}
