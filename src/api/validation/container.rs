//! Containers. Upstream: pkg/apis/core/validation `validateContainers`, `validateInitContainers`.

use serde_json::Value;

use super::super::value::{flag, int, is_nil, items, text};
use super::{Errors, container_fields, names, probe, resources, volume};

const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
const RESTART_POLICIES: [&str; 3] = ["Always", "Never", "OnFailure"];

/// Main containers, then init containers; they share one space of names.
pub(super) fn containers(spec: &Value, volumes: &[&str], path: &str, errors: &mut Errors) {
    let grace = int(&spec["terminationGracePeriodSeconds"]);
    let list = format!("{path}.containers");
    let mains = items(&spec["containers"]);
    if mains.is_empty() {
        errors.required(&list, "");
    }
    let mut known: Vec<&str> = Vec::new();
    for (index, container) in mains.iter().enumerate() {
        let path = format!("{list}[{index}]");
        common(container, volumes, &path, errors);
        duplicate(container, &mut known, &path, errors);
        probe::lifecycle(&container["lifecycle"], &format!("{path}.lifecycle"), grace, errors);
        probe::probes(container, &path, grace, errors);
        restart_policy(container, &path, errors);
    }
    host_port_conflicts(mains, &list, errors);
    let list = format!("{path}.initContainers");
    let inits = items(&spec["initContainers"]);
    for (index, container) in inits.iter().enumerate() {
        let path = format!("{list}[{index}]");
        common(container, volumes, &path, errors);
        duplicate(container, &mut known, &path, errors);
        restart_policy(container, &path, errors);
        if text(&container["restartPolicy"]) == "Always" {
            probe::lifecycle(&container["lifecycle"], &format!("{path}.lifecycle"), grace, errors);
            probe::probes(container, &path, grace, errors);
        } else {
            for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                if !is_nil(&container[field]) {
                    let detail = "may not be set for init containers without restartPolicy=Always";
                    errors.forbidden(format!("{path}.{field}"), detail);
                }
            }
        }
    }
}

fn duplicate<'a>(container: &'a Value, known: &mut Vec<&'a str>, path: &str, errors: &mut Errors) {
    let name = text(&container["name"]);
    if !name.is_empty() && known.contains(&name) {
        errors.duplicate(format!("{path}.name"), name);
    }
    known.push(name);
}

fn restart_policy(container: &Value, path: &str, errors: &mut Errors) {
    if let Some(policy) = container["restartPolicy"].as_str() {
        errors.one_of(format!("{path}.restartPolicy"), policy, &RESTART_POLICIES);
    }
}

/// Upstream: `validateContainerCommon`.
fn common(container: &Value, volumes: &[&str], path: &str, errors: &mut Errors) {
    let (name, image) = (text(&container["name"]), text(&container["image"]));
    if name.is_empty() {
        errors.required(format!("{path}.name"), "");
    } else {
        errors.invalid_texts(format!("{path}.name"), name, names::label(name));
    }
    if image.is_empty() {
        errors.required(format!("{path}.image"), "");
    } else if image.trim() != image {
        errors.invalid_text(format!("{path}.image"), image, "must not have leading or trailing whitespace");
    }
    let message = text(&container["terminationMessagePolicy"]);
    errors.one_of(format!("{path}.terminationMessagePolicy"), message, &["FallbackToLogsOnError", "File"]);
    container_fields::ports(container, &format!("{path}.ports"), errors);
    container_fields::variables(container, &format!("{path}.env"), errors);
    container_fields::env_from(container, &format!("{path}.envFrom"), errors);
    volume::mounts(container, volumes, &format!("{path}.volumeMounts"), errors);
    errors.one_of(format!("{path}.imagePullPolicy"), text(&container["imagePullPolicy"]), &PULL_POLICIES);
    resources::requirements(&container["resources"], &format!("{path}.resources"), errors);
    security_context(&container["securityContext"], &format!("{path}.securityContext"), errors);
}

/// Upstream: `ValidateSecurityContext`.
fn security_context(context: &Value, path: &str, errors: &mut Errors) {
    for field in ["runAsUser", "runAsGroup"] {
        super::pod::user_id(&context[field], &format!("{path}.{field}"), errors);
    }
    if context["allowPrivilegeEscalation"] == false {
        let detail = if flag(&context["privileged"]) {
            "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        } else if items(&context["capabilities"]["add"])
            .iter()
            .any(|name| matches!(text(name), "SYS_ADMIN" | "CAP_SYS_ADMIN"))
        {
            "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        } else {
            return;
        };
        errors.invalid_raw(path, &internal_security_context(context), detail);
    }
}

/// The structure as Go's internal type prints.
fn internal_security_context(context: &Value) -> String {
    let fields: Vec<String> = [
        ("Capabilities", "capabilities"),
        ("Privileged", "privileged"),
        ("SELinuxOptions", "seLinuxOptions"),
        ("WindowsOptions", "windowsOptions"),
        ("RunAsUser", "runAsUser"),
        ("RunAsGroup", "runAsGroup"),
        ("RunAsNonRoot", "runAsNonRoot"),
        ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem"),
        ("AllowPrivilegeEscalation", "allowPrivilegeEscalation"),
        ("ProcMount", "procMount"),
        ("SeccompProfile", "seccompProfile"),
        ("AppArmorProfile", "appArmorProfile"),
    ]
    .into_iter()
    .map(|(go, json)| format!("\"{go}\":{}", context[json]))
    .collect();
    format!("{{{}}}", fields.join(","))
}

/// Upstream: `checkHostPortConflicts`.
fn host_port_conflicts(containers: &[Value], list: &str, errors: &mut Errors) {
    let mut taken: Vec<String> = Vec::new();
    for (index, container) in containers.iter().enumerate() {
        for (place, port) in items(&container["ports"]).iter().enumerate() {
            let number = int(&port["hostPort"]);
            if number == 0 {
                continue;
            }
            let claim = format!("{}/{}/{number}", text(&port["protocol"]), text(&port["hostIP"]));
            if taken.contains(&claim) {
                errors.duplicate(format!("{list}[{index}].ports[{place}].hostPort"), &claim);
            }
            taken.push(claim);
        }
    }
}
