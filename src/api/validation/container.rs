//! Containers. Upstream: pkg/apis/core/validation `validateContainers`, `validateInitContainers`.

use serde_json::Value;

use super::super::value::{int, is_nil, is_zero, items, text};
use super::{Errors, container_fields, mounts, names, probe, resources, security};

const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
const RESTART_POLICIES: [&str; 3] = ["Always", "Never", "OnFailure"];

/// What containers refer to in their pod.
struct Surroundings<'a> {
    volumes: &'a [&'a Value],
    /// Names of the pod's resource claims.
    claims: Vec<&'a str>,
    never_restarts: bool,
    host_users: bool,
}

/// Main containers, then init containers; they share one space of names.
pub(super) fn containers(spec: &Value, volumes: &[&Value], path: &str, errors: &mut Errors) {
    let grace = int(&spec["terminationGracePeriodSeconds"]);
    let around = Surroundings {
        volumes,
        claims: items(&spec["resourceClaims"])
            .iter()
            .map(|claim| text(&claim["name"]))
            .filter(|name| !name.is_empty())
            .collect(),
        never_restarts: text(&spec["restartPolicy"]) == "Never",
        host_users: spec["hostUsers"] != false,
    };
    let list = format!("{path}.containers");
    let mains = items(&spec["containers"]);
    if mains.is_empty() {
        errors.required(&list, "");
    }
    let mut known: Vec<&str> = Vec::new();
    for (index, container) in mains.iter().enumerate() {
        let path = format!("{list}[{index}]");
        common(container, &around, &path, errors);
        duplicate(container, &mut known, &path, errors);
        probe::lifecycle(&container["lifecycle"], &format!("{path}.lifecycle"), grace, errors);
        probe::probes(container, &path, grace, errors);
        restart_policy(container, &RESTART_POLICIES, &path, errors);
    }
    host_port_conflicts(mains, &list, errors);
    let list = format!("{path}.initContainers");
    let inits = items(&spec["initContainers"]);
    for (index, container) in inits.iter().enumerate() {
        let path = format!("{list}[{index}]");
        common(container, &around, &path, errors);
        restart_policy(container, &RESTART_POLICIES, &path, errors);
        duplicate(container, &mut known, &path, errors);
        host_port_conflicts(std::slice::from_ref(container), &list, errors);
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
    ephemeral(spec, &around, known, path, errors);
}

/// Upstream: `validateEphemeralContainers`.
fn ephemeral<'a>(spec: &'a Value, around: &Surroundings<'_>, mut known: Vec<&'a str>, path: &str, errors: &mut Errors) {
    const WHY: &str = "cannot be set for an Ephemeral Container";
    const FORBIDDEN: [&str; 9] = [
        "ports",
        "resources",
        "resizePolicy",
        "restartPolicy",
        "restartPolicyRules",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle",
    ];
    let others = known.clone();
    for (index, container) in items(&spec["ephemeralContainers"]).iter().enumerate() {
        let path = format!("{path}.ephemeralContainers[{index}]");
        common(container, around, &path, errors);
        let name = text(&container["name"]);
        if known.contains(&name) {
            errors.duplicate(format!("{path}.name"), name);
        }
        known.push(name);
        let target = text(&container["targetContainerName"]);
        if !target.is_empty() && !others.contains(&target) {
            errors.not_found(format!("{path}.targetContainerName"), target);
        }
        for field in FORBIDDEN.iter().filter(|field| !is_zero(&container[**field])) {
            errors.forbidden(format!("{path}.{field}"), WHY);
        }
        for (place, mount) in items(&container["volumeMounts"]).iter().enumerate() {
            for field in ["subPath", "subPathExpr"].into_iter().filter(|field| !text(&mount[*field]).is_empty()) {
                errors.forbidden(format!("{path}.volumeMounts[{place}].{field}"), WHY);
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

/// Upstream: `validateContainerRestartPolicy`.
fn restart_policy(container: &Value, supported: &[&str], path: &str, errors: &mut Errors) {
    const RULES_MAX: usize = 20;
    const VALUES_MAX: usize = 255;
    let rules = items(&container["restartPolicyRules"]);
    match container["restartPolicy"].as_str() {
        Some(policy) => errors.one_of(format!("{path}.restartPolicy"), policy, supported),
        None if rules.is_empty() => return,
        None => {
            errors.required(format!("{path}.restartPolicy"), "must specify restartPolicy when restart rules are used");
        }
    }
    errors.at_most(format!("{path}.restartPolicyRules"), rules.len(), RULES_MAX);
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("{path}.restartPolicyRules[{index}]");
        errors.one_of(format!("{path}.action"), text(&rule["action"]), &["Restart", "RestartAllContainers"]);
        let path = format!("{path}.exitCodes");
        let codes = &rule["exitCodes"];
        if is_nil(codes) {
            errors.required(path, "must be specified");
            continue;
        }
        errors.one_of(format!("{path}.operator"), text(&codes["operator"]), &["In", "NotIn"]);
        errors.at_most(format!("{path}.values"), items(&codes["values"]).len(), VALUES_MAX);
    }
}

/// Upstream: `validatePullPolicy`.
pub(super) fn pull_policy(policy: &Value, path: &str, errors: &mut Errors) {
    if text(policy).is_empty() {
        errors.required(path, "");
    } else {
        errors.one_of(path, text(policy), &PULL_POLICIES);
    }
}

/// What only pods refuse, not templates. Upstream: `validateContainerOnlyForPod`.
pub(super) fn only_of_pods(spec: &Value, errors: &mut Errors) {
    for list in ["containers", "initContainers"] {
        for (index, container) in items(&spec[list]).iter().enumerate() {
            let image = text(&container["image"]);
            if image.trim() != image {
                let path = format!("spec.{list}[{index}].image");
                errors.invalid_text(path, image, "must not have leading or trailing whitespace");
            }
        }
    }
}

/// Upstream: `validateContainerCommon`.
fn common(container: &Value, around: &Surroundings<'_>, path: &str, errors: &mut Errors) {
    let name = text(&container["name"]);
    if name.is_empty() {
        errors.required(format!("{path}.name"), "");
    } else {
        errors.invalid_texts(format!("{path}.name"), name, names::label(name));
    }
    if text(&container["image"]).is_empty() {
        errors.required(format!("{path}.image"), "");
    }
    let message = text(&container["terminationMessagePolicy"]);
    if message.is_empty() {
        errors.required(format!("{path}.terminationMessagePolicy"), "");
    } else {
        errors.one_of(format!("{path}.terminationMessagePolicy"), message, &["File", "FallbackToLogsOnError"]);
    }
    container_fields::ports(container, &format!("{path}.ports"), errors);
    container_fields::variables(container, &format!("{path}.env"), errors);
    container_fields::env_from(container, &format!("{path}.envFrom"), errors);
    mounts::mounts(container, around.volumes, &format!("{path}.volumeMounts"), errors);
    mounts::devices(container, around.volumes, &format!("{path}.volumeDevices"), errors);
    pull_policy(&container["imagePullPolicy"], &format!("{path}.imagePullPolicy"), errors);
    resources::requirements(&container["resources"], &format!("{path}.resources"), errors);
    resources::claims(&container["resources"]["claims"], &around.claims, &format!("{path}.resources.claims"), errors);
    resize_policy(container, around.never_restarts, &format!("{path}.resizePolicy"), errors);
    let context = &container["securityContext"];
    security::of_container(context, around.host_users, &format!("{path}.securityContext"), errors);
}

/// Upstream: `validateResizePolicy`.
fn resize_policy(container: &Value, never_restarts: bool, path: &str, errors: &mut Errors) {
    let policies = items(&container["resizePolicy"]);
    for (index, policy) in policies.iter().enumerate() {
        let (resource, restart) = (text(&policy["resourceName"]), text(&policy["restartPolicy"]));
        if policies[..index].iter().any(|other| text(&other["resourceName"]) == resource) {
            errors.duplicate(format!("{path}[{index}]"), resource);
        }
        for (value, supported) in [(resource, ["cpu", "memory"]), (restart, ["NotRequired", "RestartContainer"])] {
            if value.is_empty() {
                errors.required(path, "");
            } else {
                errors.one_of(path, value, &supported);
            }
        }
        if never_restarts && restart != "NotRequired" {
            errors.invalid_text(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
        }
    }
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
