//! Ports and variables of containers.

use serde_json::Value;

use super::super::value::{int, is_nil, items, text};
use super::{Errors, names};

/// Upstream: pkg/apis/core/validation `validateContainerPorts`.
pub(super) fn ports(container: &Value, path: &str, errors: &mut Errors) {
    let ports = items(&container["ports"]);
    for (index, port) in ports.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let name = text(&port["name"]);
        if !name.is_empty() {
            let wrong = names::port_name(name);
            if wrong.is_empty() && ports[..index].iter().any(|other| text(&other["name"]) == name) {
                errors.duplicate(format!("{path}.name"), name);
            }
            errors.invalid_texts(format!("{path}.name"), name, wrong);
        }
        match int(&port["containerPort"]) {
            0 => errors.required(format!("{path}.containerPort"), ""),
            1..=65_535 => {}
            _ => errors.invalid(format!("{path}.containerPort"), &port["containerPort"], names::PORT),
        }
        if !(0..=65_535).contains(&int(&port["hostPort"])) {
            errors.invalid(format!("{path}.hostPort"), &port["hostPort"], names::PORT);
        }
        protocol(text(&port["protocol"]), &format!("{path}.protocol"), errors);
    }
}

/// One of the three protocols.
pub(super) fn protocol(protocol: &str, path: &str, errors: &mut Errors) {
    if protocol.is_empty() {
        errors.required(path, "");
    } else {
        errors.one_of(path, protocol, &["SCTP", "TCP", "UDP"]);
    }
}

/// Upstream: `ValidateEnv`.
pub(super) fn variables(container: &Value, path: &str, errors: &mut Errors) {
    for (index, variable) in items(&container["env"]).iter().enumerate() {
        let path = format!("{path}[{index}]");
        let name = text(&variable["name"]);
        if name.is_empty() {
            errors.required(format!("{path}.name"), "");
        } else {
            errors.invalid_texts(format!("{path}.name"), name, names::variable(name));
        }
        if !is_nil(&variable["valueFrom"]) {
            source(variable, &format!("{path}.valueFrom"), errors);
        }
    }
}

/// Upstream: `validateEnvVarValueFrom`.
fn source(variable: &Value, path: &str, errors: &mut Errors) {
    let source = &variable["valueFrom"];
    let mut count = 0;
    for kind in ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] {
        let reference = &source[kind];
        if is_nil(reference) {
            continue;
        }
        count += 1;
        let path = format!("{path}.{kind}");
        match kind {
            "fieldRef" => field(reference, &path, errors),
            "resourceFieldRef" => resource_field(reference, &path, errors),
            "configMapKeyRef" | "secretKeyRef" => key(reference, &path, errors),
            _ => {}
        }
    }
    if count == 0 {
        let detail =
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
        errors.invalid_text(path, "", detail);
    } else if !text(&variable["value"]).is_empty() {
        errors.invalid_text(path, "", "may not be specified when `value` is not empty");
    } else if count > 1 {
        errors.invalid_text(path, "", "may not have more than one field specified at a time");
    }
}

/// Upstream: `validateObjectFieldSelector`.
fn field(reference: &Value, path: &str, errors: &mut Errors) {
    const SUPPORTED: [&str; 9] = [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    let field = text(&reference["fieldPath"]);
    if text(&reference["apiVersion"]).is_empty() {
        errors.required(format!("{path}.apiVersion"), "");
    } else if field.is_empty() {
        errors.required(format!("{path}.fieldPath"), "");
    } else if let Some((stem, _)) = field.split_once('[') {
        if stem != "metadata.labels" && stem != "metadata.annotations" {
            errors.invalid_text(format!("{path}.fieldPath"), field, "does not support subscript");
        }
    } else if !SUPPORTED.contains(&field) {
        errors.unsupported(format!("{path}.fieldPath"), field, &SUPPORTED);
    }
}

/// Upstream: `validateContainerResourceFieldSelector`.
pub(super) fn resource_field(reference: &Value, path: &str, errors: &mut Errors) {
    const SUPPORTED: [&str; 6] = [
        "limits.cpu",
        "limits.ephemeral-storage",
        "limits.memory",
        "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory",
    ];
    let resource = text(&reference["resource"]);
    let huge = resource.starts_with("limits.hugepages-") || resource.starts_with("requests.hugepages-");
    if resource.is_empty() {
        errors.required(format!("{path}.resource"), "");
    } else if !SUPPORTED.contains(&resource) && !huge {
        errors.unsupported(format!("{path}.resource"), resource, &SUPPORTED);
    }
}

/// Upstream: `validateConfigMapKeySelector`, `validateSecretKeySelector`.
fn key(reference: &Value, path: &str, errors: &mut Errors) {
    let key = text(&reference["key"]);
    if text(&reference["name"]).is_empty() {
        errors.required(format!("{path}.name"), "");
    }
    if key.is_empty() {
        errors.required(format!("{path}.key"), "");
    } else {
        errors.invalid_texts(format!("{path}.key"), key, names::config_key(key));
    }
}

/// Upstream: `ValidateEnvFrom`. Its errors about the choice of source have no index.
pub(super) fn env_from(container: &Value, path: &str, errors: &mut Errors) {
    for (index, source) in items(&container["envFrom"]).iter().enumerate() {
        let prefix = text(&source["prefix"]);
        let item = format!("{path}[{index}]");
        errors.invalid_texts(format!("{item}.prefix"), prefix, names::variable(prefix));
        let mut count = 0;
        for kind in ["configMapRef", "secretRef"].into_iter().filter(|kind| !is_nil(&source[*kind])) {
            count += 1;
            if text(&source[kind]["name"]).is_empty() {
                errors.required(format!("{item}.{kind}.name"), "");
            }
        }
        if count == 0 {
            errors.invalid_text(path, "", "must specify one of: `configMapRef` or `secretRef`");
        } else if count > 1 {
            errors.invalid_text(path, "", "may not have more than one field specified at a time");
        }
    }
}
