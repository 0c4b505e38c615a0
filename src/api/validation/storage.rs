//! Persistent volumes, claims and storage classes. Upstream: pkg/apis/core/validation `ValidatePersistentVolumeSpec`,
//! `ValidatePersistentVolumeClaimSpec`, pkg/apis/storage/validation.

use serde_json::Value;

use super::super::convert;
use super::super::value::{is_nil, is_zero, items, members, text};
use super::{Errors, affinity, names, selector, volume_sources as sources};

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const VOLUME_MODES: [&str; 2] = ["Block", "Filesystem"];

/// In which order upstream looks at the sources of a volume.
const ORDER: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

fn access_modes(spec: &Value, path: &str, errors: &mut Errors) {
    let path = format!("{path}.accessModes");
    let modes = items(&spec["accessModes"]);
    for mode in modes {
        errors.one_of(&path, text(mode), &ACCESS_MODES);
    }
    let single = |mode: &&Value| text(mode) == "ReadWriteOncePod";
    let others = modes.iter().filter(|mode| !single(mode) && ACCESS_MODES.contains(&text(mode)));
    if modes.iter().any(|mode| single(&mode)) && others.count() > 0 {
        errors.forbidden(&path, "may not use ReadWriteOncePod with other access modes");
    }
}

fn class_name(name: &Value, path: &str, errors: &mut Errors) {
    if !text(name).is_empty() {
        errors.invalid_texts(path, text(name), names::subdomain(text(name)));
    }
}

/// Upstream: `ValidatePersistentVolumeClaimSpec`.
pub(super) fn claim(spec: &Value, path: &str, errors: &mut Errors) {
    if is_zero(&spec["accessModes"]) {
        errors.required(format!("{path}.accessModes"), "at least 1 access mode is required");
    }
    selector::label_selector(&spec["selector"], &format!("{path}.selector"), errors);
    access_modes(spec, path, errors);
    let size_path = format!("{path}.resources[storage]");
    match convert::quantity(&spec["resources"]["requests"]["storage"]) {
        None => errors.required(size_path, ""),
        Some(size) if size.nano <= 0 => {
            errors.invalid_text(size_path, &size.to_string(), "must be greater than zero");
        }
        Some(_) => {}
    }
    class_name(&spec["storageClassName"], &format!("{path}.storageClassName"), errors);
    if let Some(mode) = spec["volumeMode"].as_str() {
        errors.one_of(format!("{path}.volumeMode"), mode, &VOLUME_MODES);
    }
    // The server sets `dataSourceRef` from `dataSource` and the other way round.
    let either = if is_nil(&spec["dataSource"]) { &spec["dataSourceRef"] } else { &spec["dataSource"] };
    for field in ["dataSource", "dataSourceRef"] {
        let set =
            if is_nil(&spec[field]) && is_zero(&spec["dataSourceRef"]["namespace"]) { either } else { &spec[field] };
        if !is_nil(set) {
            data_source(set, &format!("{path}.{field}"), errors);
        }
    }
    class_name(&spec["volumeAttributesClassName"], &format!("{path}.volumeAttributesClassName"), errors);
}

/// Upstream: `validateDataSource`, `validateDataSourceRef`.
fn data_source(source: &Value, path: &str, errors: &mut Errors) {
    for field in ["name", "kind"] {
        if text(&source[field]).is_empty() {
            errors.required(format!("{path}.{field}"), "");
        }
    }
    let (group, kind) = (text(&source["apiGroup"]), text(&source["kind"]));
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.invalid_text(path, kind, detail);
    }
    if !group.is_empty() {
        errors.invalid_texts(format!("{path}.apiGroup"), group, names::subdomain(group));
    }
    let namespace = text(&source["namespace"]);
    if !namespace.is_empty() {
        errors.invalid_texts(format!("{path}.namespace"), namespace, names::label(namespace));
    }
}

/// Upstream: `ValidatePersistentVolumeSpec`.
pub(super) fn volume(spec: &Value, errors: &mut Errors) {
    if is_zero(&spec["accessModes"]) {
        errors.required("spec.accessModes", "");
    }
    access_modes(spec, "spec", errors);
    capacity(&spec["capacity"], errors);
    let policy = text(&spec["persistentVolumeReclaimPolicy"]);
    if !policy.is_empty() {
        errors.one_of("spec.persistentVolumeReclaimPolicy", policy, &["Delete", "Recycle", "Retain"]);
    }
    let node_affinity = &spec["nodeAffinity"];
    if !is_nil(node_affinity) {
        if is_nil(&node_affinity["required"]) {
            errors.required("spec.nodeAffinity.required", "must specify required node constraints");
        } else {
            affinity::node_selector(&node_affinity["required"], "spec.nodeAffinity.required", errors);
        }
    }
    let mut count = 0;
    for kind in ORDER.into_iter().filter(|kind| !is_nil(&spec[*kind])) {
        let path = format!("spec.{kind}");
        if count > 0 && kind != "flexVolume" {
            errors.forbidden(path, "may not specify more than 1 volume type");
            continue;
        }
        count += 1;
        sources::of_volume(kind, &spec[kind], &path, errors);
        if kind == "local" && is_nil(node_affinity) {
            errors.required("spec.nodeAffinity", "Local volume requires node affinity");
        }
    }
    if count == 0 {
        errors.required("spec", "must specify a volume type");
    }
    if text(&spec["hostPath"]["path"]) == "/" && policy == "Recycle" {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        errors.forbidden("spec.persistentVolumeReclaimPolicy", detail);
    }
    class_name(&spec["storageClassName"], "spec.storageClassName", errors);
    if let Some(mode) = spec["volumeMode"].as_str() {
        errors.one_of("spec.volumeMode", mode, &VOLUME_MODES);
    }
    if let Some(class) = spec["volumeAttributesClassName"].as_str() {
        let path = "spec.volumeAttributesClassName";
        if class.is_empty() {
            errors.required(path, "an empty string is disallowed");
        } else {
            errors.invalid_texts(path, class, names::subdomain(class));
        }
        if is_nil(&spec["csi"]) {
            errors.required("spec.csi", "has to be specified when using volumeAttributesClassName");
        }
    }
}

fn capacity(capacity: &Value, errors: &mut Errors) {
    let path = "spec.capacity";
    if is_zero(capacity) {
        errors.required(path, "");
    }
    if is_nil(&capacity["storage"]) || members(capacity).count() > 1 {
        errors.unsupported_raw(path, &capacity.to_string(), &["storage"]);
    }
    for (name, quantity) in members(capacity) {
        let Some(quantity) = convert::quantity(quantity) else { continue };
        let path = format!("{path}[{name}]");
        if quantity.value() < 0 {
            errors.invalid(&path, &Value::from(quantity.value()), "must be a valid resource quantity");
        }
        if quantity.nano <= 0 {
            errors.invalid_text(&path, &quantity.to_string(), "must be greater than zero");
        }
    }
}

/// Upstream: pkg/apis/storage/validation `ValidateStorageClass`.
pub(super) fn class(object: &Value, errors: &mut Errors) {
    let provisioner = text(&object["provisioner"]);
    if provisioner.is_empty() {
        errors.required("provisioner", "");
    } else {
        let lower = provisioner.to_lowercase();
        errors.invalid_texts("provisioner", &lower, names::qualified(&lower));
    }
    for (key, _) in members(&object["parameters"]) {
        if key.is_empty() {
            errors.invalid_text("parameters", key, "field can not be empty.");
        }
    }
    let policy = text(&object["reclaimPolicy"]);
    if !policy.is_empty() {
        errors.one_of("reclaimPolicy", policy, &["Delete", "Retain"]);
    }
    errors.one_of("volumeBindingMode", text(&object["volumeBindingMode"]), &["Immediate", "WaitForFirstConsumer"]);
    let terms = items(&object["allowedTopologies"]);
    for (index, term) in terms.iter().enumerate() {
        let path = format!("allowedTopologies[{index}].matchLabelExpressions");
        topology(items(&term["matchLabelExpressions"]), &path, errors);
        if terms[..index].contains(term) {
            errors.duplicate(&path, "");
        }
    }
}

/// Upstream: pkg/apis/core/validation `ValidateTopologySelectorTerm`.
fn topology(expressions: &[Value], path: &str, errors: &mut Errors) {
    for (index, expression) in expressions.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let key = text(&expression["key"]);
        let values = items(&expression["values"]);
        if values.is_empty() {
            errors.required(format!("{path}.values"), "");
        }
        for (place, value) in values.iter().enumerate() {
            if values[..place].contains(value) {
                errors.duplicate(format!("{path}.values[{place}]"), text(value));
            }
        }
        errors.invalid_texts(format!("{path}.key"), key, names::qualified(key));
        if expressions[..index].iter().any(|other| other["key"] == expression["key"]) {
            errors.duplicate(format!("{path}.key"), key);
        }
    }
}

/// Upstream: pkg/apis/storage/validation `ValidateCSIDriver`.
/// Upstream: pkg/apis/storage/validation `validateCSINodeSpec`.
pub(super) fn csi_node(spec: &Value, errors: &mut Errors) {
    const NODE_ID_MAX: usize = 256;
    let drivers = items(&spec["drivers"]);
    for (index, driver) in drivers.iter().enumerate() {
        let path = format!("spec.drivers[{index}]");
        let (name, id) = (text(&driver["name"]), text(&driver["nodeID"]));
        driver_name(name, &format!("{path}.name"), errors);
        if id.is_empty() {
            errors.required(format!("{path}.nodeID"), "");
        } else if id.len() > NODE_ID_MAX {
            let detail = format!("must be {NODE_ID_MAX} characters or less");
            errors.invalid_text(format!("{path}.nodeID"), id, &detail);
        }
        super::not_negative(&driver["allocatable"]["count"], &format!("{path}.allocatable.count"), errors);
        if drivers[..index].iter().any(|other| text(&other["name"]) == name) {
            errors.duplicate(format!("{path}.name"), name);
        }
        let keys = items(&driver["topologyKeys"]);
        for (place, key) in keys.iter().map(text).enumerate() {
            if key.is_empty() {
                errors.required(&path, "");
            }
            if keys[..place].iter().any(|other| text(other) == key) {
                errors.duplicate(&path, key);
            }
            errors.invalid_texts(&path, key, names::qualified(key));
        }
    }
}

/// Upstream: pkg/apis/core/validation `ValidateCSIDriverName`.
fn driver_name(name: &str, path: &str, errors: &mut Errors) {
    const NAME_MAX: usize = 63;
    if name.is_empty() {
        errors.required(path, "");
        return;
    }
    if name.len() > NAME_MAX {
        errors.too_long(path, NAME_MAX);
    }
    errors.invalid_texts(path, name, names::subdomain(&name.to_lowercase()));
}

pub(super) fn csi_driver(spec: &Value, errors: &mut Errors) {
    if let Some(policy) = spec["fsGroupPolicy"].as_str() {
        errors.one_of("spec.fsGroupPolicy", policy, &["File", "None", "ReadWriteOnceWithFSType"]);
    }
    for mode in items(&spec["volumeLifecycleModes"]) {
        errors.one_of("spec.volumeLifecycleModes", text(mode), &["Persistent", "Ephemeral"]);
    }
}
