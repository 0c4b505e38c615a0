//! Mounts and block devices of containers. Upstream: pkg/apis/core/validation `ValidateVolumeMounts`,
//! `ValidateVolumeDevices`.

use serde_json::Value;

use super::super::value::{is_nil, items, text};
use super::{Errors, volume_sources};

/// `volumes` are those of the pod that are valid. Some of upstream's paths have no index.
pub(super) fn mounts(container: &Value, volumes: &[&Value], list: &str, errors: &mut Errors) {
    let mounts = items(&container["volumeMounts"]);
    let devices = items(&container["volumeDevices"]);
    for (index, mount) in mounts.iter().enumerate() {
        let path = format!("{list}[{index}]");
        let name = text(&mount["name"]);
        if name.is_empty() {
            errors.required(format!("{path}.name"), "");
        }
        if !volumes.iter().any(|volume| text(&volume["name"]) == name) {
            errors.not_found(format!("{path}.name"), name);
        }
        let target = text(&mount["mountPath"]);
        if target.is_empty() {
            errors.required(format!("{path}.mountPath"), "");
        }
        if mounts[..index].iter().any(|other| text(&other["mountPath"]) == target) {
            errors.invalid_text(format!("{path}.mountPath"), target, "must be unique");
        }
        if devices.iter().any(|device| text(&device["name"]) == name) {
            errors.invalid_text(format!("{path}.name"), name, "must not already exist in volumeDevices");
        }
        if devices.iter().any(|device| text(&device["devicePath"]) == target) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.invalid_text(format!("{path}.mountPath"), target, detail);
        }
        let (sub_path, expression) = (text(&mount["subPath"]), text(&mount["subPathExpr"]));
        descending(sub_path, &format!("{list}.subPath"), errors);
        if !expression.is_empty() && !sub_path.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.invalid_text(format!("{path}.subPathExpr"), expression, detail);
        }
        descending(expression, &format!("{list}.subPathExpr"), errors);
        propagation(container, mount, list, errors);
    }
}

/// Upstream: `validateMountPropagation`, `validateMountRecursiveReadOnly`.
fn propagation(container: &Value, mount: &Value, list: &str, errors: &mut Errors) {
    let mode = mount["mountPropagation"].as_str();
    if let Some(mode) = mode {
        let path = format!("{list}.mountPropagation");
        errors.one_of(&path, mode, &["Bidirectional", "HostToContainer", "None"]);
        if mode == "Bidirectional" && container["securityContext"]["privileged"] != true {
            errors.forbidden(&path, "Bidirectional mount propagation is available only to privileged containers");
        }
    }
    let path = format!("{list}.recursiveReadOnly");
    match mount["recursiveReadOnly"].as_str() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if mount["readOnly"] != true {
                errors.forbidden(&path, "may only be specified when readOnly is true");
            }
            if mode.is_some_and(|mode| mode != "None") {
                errors.forbidden(&path, "may only be specified when mountPropagation is None or not specified");
            }
        }
        Some(other) => errors.unsupported(&path, other, &["Disabled", "Enabled", "IfPossible"]),
    }
}

/// The block devices of a container.
pub(super) fn devices(container: &Value, volumes: &[&Value], path: &str, errors: &mut Errors) {
    let devices = items(&container["volumeDevices"]);
    let mounts = items(&container["volumeMounts"]);
    for (index, device) in devices.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let (name, target) = (text(&device["name"]), text(&device["devicePath"]));
        let earlier = &devices[..index];
        if name.is_empty() {
            errors.required(format!("{path}.name"), "");
        } else if earlier.iter().any(|other| text(&other["name"]) == name) {
            errors.invalid_text(format!("{path}.name"), name, "must be unique");
        }
        match volumes.iter().find(|volume| text(&volume["name"]) == name) {
            None => errors.not_found(format!("{path}.name"), name),
            Some(volume) if is_nil(&volume["persistentVolumeClaim"]) && is_nil(&volume["ephemeral"]) => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.invalid_text(format!("{path}.name"), name, detail);
            }
            Some(_) => {}
        }
        if target.is_empty() {
            errors.required(format!("{path}.devicePath"), "");
        }
        if earlier.iter().any(|other| text(&other["devicePath"]) == target) {
            errors.invalid_text(format!("{path}.devicePath"), target, "must be unique");
        }
        if target.split('/').any(|part| part == "..") {
            errors.invalid_text(format!("{path}.devicePath"), target, "can not contain backsteps ('..')");
        }
        if mounts.iter().any(|mount| text(&mount["name"]) == name) {
            errors.invalid_text(format!("{path}.name"), name, "must not already exist in volumeMounts");
        }
        if mounts.iter().any(|mount| text(&mount["mountPath"]) == target) {
            let detail = "must not already exist as a path in volumeMounts";
            errors.invalid_text(format!("{path}.devicePath"), target, detail);
        }
    }
}

/// Upstream: `validateLocalDescendingPath`.
fn descending(target: &str, path: &str, errors: &mut Errors) {
    if target.starts_with('/') {
        errors.invalid_text(path, target, "must be a relative path");
    }
    volume_sources::no_backsteps(target, path, errors);
}
