//! Ports and variables of containers.

use serde_json::Value;

use super::super::convert;
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
            "fieldRef" => field(reference, &FIELDS, &path, errors),
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

/// Fields that a variable can be taken from.
const FIELDS: [&str; 9] = [
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

/// Fields of pods that the Downward API knows at all. Upstream: pkg/api/pod `ConvertDownwardAPIFieldLabel`.
const KNOWN_FIELDS: [&str; 15] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.host",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.phase",
    "status.podIP",
    "status.podIPs",
];

/// Upstream: `validateObjectFieldSelector`.
pub(super) fn field(reference: &Value, supported: &[&str], path: &str, errors: &mut Errors) {
    let (version, field) = (text(&reference["apiVersion"]), text(&reference["fieldPath"]));
    let own = format!("{path}.fieldPath");
    if version.is_empty() {
        errors.required(format!("{path}.apiVersion"), "");
    } else if field.is_empty() {
        errors.required(own, "");
    } else if version != "v1" {
        let detail = format!("error converting fieldPath: unsupported pod version: {version}");
        errors.invalid_text(own, field, &detail);
    } else if let Some((stem, key)) = field.strip_suffix("']").and_then(|rest| rest.split_once("['")) {
        match stem {
            "metadata.annotations" => errors.invalid_texts(path, key, names::qualified(&key.to_lowercase())),
            "metadata.labels" => errors.invalid_texts(path, key, names::qualified(key)),
            _ => {
                let detail = format!("error converting fieldPath: field label does not support subscript: {field}");
                errors.invalid_text(own, field, &detail);
            }
        }
    } else if !KNOWN_FIELDS.contains(&field) {
        let detail = format!("error converting fieldPath: field label not supported: {field}");
        errors.invalid_text(own, field, &detail);
    } else {
        let field = if field == "spec.host" { "spec.nodeName" } else { field };
        errors.one_of(own, field, supported);
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
    divisor(resource, reference, &format!("{path}.divisor"), errors);
}

/// Upstream: `validateContainerResourceDivisor`.
fn divisor(resource: &str, reference: &Value, path: &str, errors: &mut Errors) {
    const SIZES: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let Some(divisor) = convert::quantity(&reference["divisor"]).filter(|divisor| divisor.nano != 0) else { return };
    let divisor = divisor.to_string();
    let name = match resource.split_once('.').map(|(_, name)| name) {
        Some("cpu") => {
            if divisor != "1m" && divisor != "1" {
                let detail = "only divisor's values 1m and 1 are supported with the cpu resource";
                errors.invalid_text(path, resource, detail);
            }
            return;
        }
        Some("memory") => "memory",
        Some("ephemeral-storage") => "local ephemeral storage",
        Some(name) if name.starts_with("hugepages-") => "hugepages",
        _ => return,
    };
    if !SIZES.contains(&divisor.as_str()) {
        let detail = format!("only divisor's values {} are supported with the {name} resource", SIZES.join(", "));
        errors.invalid_text(path, resource, &detail);
    }
}

/// Upstream: `validateConfigMapKeySelector`, `validateSecretKeySelector`.
fn key(reference: &Value, path: &str, errors: &mut Errors) {
    let (name, key) = (text(&reference["name"]), text(&reference["key"]));
    errors.invalid_texts(format!("{path}.name"), name, names::subdomain(name));
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
            let name = text(&source[kind]["name"]);
            if name.is_empty() {
                errors.required(format!("{item}.{kind}.name"), "");
            } else {
                errors.invalid_texts(format!("{item}.{kind}.name"), name, names::subdomain(name));
            }
        }
        if count == 0 {
            errors.invalid_text(path, "", "must specify one of: `configMapRef` or `secretRef`");
        } else if count > 1 {
            errors.invalid_text(path, "", "may not have more than one field specified at a time");
        }
    }
}
