//! Volumes of pods. Upstream: pkg/apis/core/validation `ValidateVolumes`.

use serde_json::Value;

use super::super::convert;
use super::super::value::{int, is_nil, items, text};
use super::volume_sources::required;
use super::{Errors, container_fields, names, volume_sources};

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

/// What the rules of a pod's volumes depend on beside them.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    /// The pod's name, for the claims of its ephemeral volumes; empty in a template.
    pub(super) pod: &'a str,
    /// Is it a pod and no template?
    pub(super) is_pod: bool,
}

/// Returns the valid volumes, to which mounts refer. Upstream: `ValidateVolumes`.
pub(super) fn volumes<'a>(volumes: &'a Value, owner: Owner<'_>, path: &str, errors: &mut Errors) -> Vec<&'a Value> {
    let mut valid: Vec<&Value> = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for (index, volume) in items(volumes).iter().enumerate() {
        let path = format!("{path}[{index}]");
        let before = errors.len();
        sources(volume, owner, &path, errors);
        let name = text(&volume["name"]);
        if name.is_empty() {
            errors.required(format!("{path}.name"), "");
        } else {
            errors.invalid_texts(format!("{path}.name"), name, names::label(name));
        }
        if known.contains(&name) {
            errors.duplicate(format!("{path}.name"), name);
        }
        if errors.len() == before {
            known.push(name);
            valid.push(volume);
        }
    }
    valid
}

fn sources(volume: &Value, owner: Owner<'_>, path: &str, errors: &mut Errors) {
    let mut count = 0;
    for kind in ORDER.iter().filter(|kind| !is_nil(&volume[**kind])) {
        let path = format!("{path}.{kind}");
        if count > 0 {
            errors.forbidden(&path, "may not specify more than 1 volume type");
        } else {
            source(kind, volume, owner, &path, errors);
        }
        count += 1;
    }
    if count == 0 {
        errors.required(path, "must specify a volume type");
    }
}

fn source(kind: &str, volume: &Value, owner: Owner<'_>, path: &str, errors: &mut Errors) {
    let source = &volume[kind];
    match kind {
        "emptyDir" if convert::quantity(&source["sizeLimit"]).is_some_and(|size| size.nano < 0) => {
            errors.forbidden(format!("{path}.sizeLimit"), "SizeLimit field must be a valid resource quantity");
        }
        "configMap" => keyed(source, "name", path, errors),
        "secret" => keyed(source, "secretName", path, errors),
        "persistentVolumeClaim" => required(source, "claimName", path, errors),
        "csi" => volume_sources::inline_csi(source, path, errors),
        "downwardAPI" => {
            mode(&source["defaultMode"], &format!("{path}.defaultMode"), errors);
            downward(source, path, errors);
        }
        "projected" => projected(source, path, errors),
        "ephemeral" => ephemeral(volume, owner, path, errors),
        "image" => {
            if owner.is_pod && text(&source["reference"]).is_empty() {
                errors.required(format!("{path}.reference"), "");
            }
            super::container::pull_policy(&source["pullPolicy"], &format!("{path}.pullPolicy"), errors);
        }
        _ => volume_sources::common(kind, source, path, errors),
    }
}

/// Upstream: `validateEphemeralVolumeSource`, and the name of the claim that the pod gets.
fn ephemeral(volume: &Value, owner: Owner<'_>, path: &str, errors: &mut Errors) {
    let template = &volume["ephemeral"]["volumeClaimTemplate"];
    let own = format!("{path}.volumeClaimTemplate");
    if is_nil(template) {
        errors.required(own, "");
    } else {
        let metadata = &template["metadata"];
        super::meta::labels(&metadata["labels"], &format!("{own}.metadata.labels"), errors);
        super::meta::annotations(&metadata["annotations"], &format!("{own}.metadata.annotations"), errors);
        super::storage::claim(&template["spec"], &format!("{own}.spec"), errors);
    }
    let name = text(&volume["name"]);
    if !owner.pod.is_empty() && !name.is_empty() {
        let claim = format!("{}-{name}", owner.pod);
        let path = path.replace(".ephemeral", ".name");
        for wrong in names::subdomain(&claim) {
            errors.invalid_text(&path, name, &format!("PVC name {claim:?}: {wrong}"));
        }
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
                const SUPPORTED: [&str; 5] =
                    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
                container_fields::field(&item["fieldRef"], &SUPPORTED, &format!("{path}.fieldRef"), errors);
            }
            (true, false) => {
                let reference = format!("{path}.resourceFieldRef");
                if text(&item["resourceFieldRef"]["containerName"]).is_empty() {
                    errors.required(format!("{reference}.containerName"), "");
                } else {
                    container_fields::resource_field(&item["resourceFieldRef"], &reference, errors);
                }
            }
        }
        mode(&item["mode"], &format!("{path}.mode"), errors);
    }
}

/// Upstream: `validateProjectedVolumeSource`, `validateProjectionSources`.
fn projected(source: &Value, path: &str, errors: &mut Errors) {
    const KINDS: [&str; 6] =
        ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];
    mode(&source["defaultMode"], &format!("{path}.defaultMode"), errors);
    let mut taken: Vec<&str> = Vec::new();
    for (index, projection) in items(&source["sources"]).iter().enumerate() {
        let own = format!("{path}.sources[{index}]");
        let mut count = 0;
        for kind in KINDS.into_iter().filter(|kind| !is_nil(&projection[*kind])) {
            let inner = &projection[kind];
            count += 1;
            let own = format!("{own}.{kind}");
            match kind {
                "secret" | "configMap" => {
                    required(inner, "name", &own, errors);
                    keys(inner, &own, errors);
                }
                "downwardAPI" => downward(inner, &own, errors),
                "serviceAccountToken" => token(inner, path, &own, errors),
                _ => {}
            }
            for item in items(&inner["items"]) {
                let target = text(&item["path"]);
                if taken.contains(&target) {
                    let value = if kind == "downwardAPI" { target } else { text(&inner["name"]) };
                    errors.invalid_text(path, value, "conflicting duplicate paths");
                } else if !target.is_empty() {
                    taken.push(target);
                }
            }
        }
        if count > 1 {
            errors.forbidden(&own, "may not specify more than 1 volume type");
        }
    }
}

fn token(token: &Value, volume: &str, path: &str, errors: &mut Errors) {
    let lifetime = &token["expirationSeconds"];
    let path = format!("{path}.expirationSeconds");
    if int(lifetime) < 600 {
        errors.invalid(&path, &Value::from(int(lifetime)), "may not specify a duration less than 10 minutes");
    }
    if int(lifetime) > 1 << 32 {
        errors.invalid(&path, lifetime, "may not specify a duration larger than 2^32 seconds");
    }
    // Upstream names the volume's path, not the source's.
    let target = text(&token["path"]);
    if target.is_empty() {
        errors.required(format!("{volume}.path"), "");
    } else {
        relative(target, &format!("{volume}.path"), errors);
    }
}
