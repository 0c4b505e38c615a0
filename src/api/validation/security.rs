//! Security contexts of pods and containers. Upstream: pkg/apis/core/validation `validatePodSpecSecurityContext`,
//! `ValidateSecurityContext`.

use serde_json::Value;

use super::super::internal;
use super::super::value::{flag, is_nil, items, text};
use super::{Errors, names, volume_sources};

const HIGHEST_ID: i64 = 2_147_483_647;
const PROFILES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
/// The regular expression in the message about names of sysctls.
const SYSCTL: &str = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

/// The context of a pod.
pub(super) fn of_pod(spec: &Value, path: &str, errors: &mut Errors) {
    let context = &spec["securityContext"];
    let path = format!("{path}.securityContext");
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        user_id(&context[field], &format!("{path}.{field}"), errors);
    }
    for (index, group) in items(&context["supplementalGroups"]).iter().enumerate() {
        user_id(group, &format!("{path}.supplementalGroups[{index}]"), errors);
    }
    if flag(&spec["shareProcessNamespace"]) && flag(&spec["hostPID"]) {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(format!("{path}.shareProcessNamespace"), &Value::from(true), detail);
    }
    sysctls(spec, &format!("{path}.sysctls"), errors);
    if let Some(policy) = context["fsGroupChangePolicy"].as_str() {
        errors.one_of(format!("{path}.fsGroupChangePolicy"), policy, &["Always", "OnRootMismatch"]);
    }
    seccomp(&context["seccompProfile"], &format!("{path}.seccompProfile"), errors);
    app_armor(&context["appArmorProfile"], &format!("{path}.appArmorProfile"), errors);
    if let Some(policy) = context["supplementalGroupsPolicy"].as_str() {
        errors.one_of(format!("{path}.supplementalGroupsPolicy"), policy, &["Merge", "Strict"]);
    }
    if let Some(policy) = context["seLinuxChangePolicy"].as_str() {
        errors.one_of(format!("{path}.seLinuxChangePolicy"), policy, &["Recursive"]);
    }
}

/// Upstream: `validateSysctls`, `ValidateHostSysctl`.
fn sysctls(spec: &Value, path: &str, errors: &mut Errors) {
    let sysctls = items(&spec["securityContext"]["sysctls"]);
    for (index, sysctl) in sysctls.iter().enumerate() {
        let path = format!("{path}[{index}].name");
        let name = text(&sysctl["name"]);
        if name.is_empty() {
            errors.required(&path, "");
        } else if !names::is_sysctl(name) {
            errors.invalid_text(&path, name, &format!("must have at most 253 characters and match regex {SYSCTL}"));
        } else if sysctls[..index].iter().any(|other| text(&other["name"]) == name) {
            errors.duplicate(&path, name);
        }
        let dotted = name.replace('/', ".");
        if flag(&spec["hostNetwork"]) && dotted.starts_with("net.") {
            errors.invalid_text(&path, name, "may not be specified when 'hostNetwork' is true");
        }
        let of_ipc = ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."];
        if flag(&spec["hostIPC"]) && of_ipc.iter().any(|prefix| dotted.starts_with(prefix)) {
            errors.invalid_text(&path, name, "may not be specified when 'hostIPC' is true");
        }
    }
}

/// Upstream: util/validation `IsValidUserID`.
fn user_id(id: &Value, path: &str, errors: &mut Errors) {
    if id.as_i64().is_some_and(|number| !(0..=HIGHEST_ID).contains(&number)) {
        errors.invalid(path, id, "must be between 0 and 2147483647, inclusive");
    }
}

/// Upstream: `validateSeccompProfileField`.
fn seccomp(profile: &Value, path: &str, errors: &mut Errors) {
    if is_nil(profile) {
        return;
    }
    let kind = text(&profile["type"]);
    if kind.is_empty() {
        errors.required(format!("{path}.type"), "type is required when seccompProfile is set");
    } else {
        errors.one_of(format!("{path}.type"), kind, &PROFILES);
    }
    let local = &profile["localhostProfile"];
    let path = format!("{path}.localhostProfile");
    match (kind, local.as_str()) {
        ("Localhost", None) => errors.required(path, "must be set when seccomp type is Localhost"),
        ("Localhost", Some(file)) => {
            if file.starts_with('/') {
                errors.invalid_text(&path, file, "must be a relative path");
            }
            volume_sources::no_backsteps(file, &path, errors);
        }
        (_, Some(file)) => {
            let value = format!("{{\"Type\":{kind:?},\"LocalhostProfile\":{file:?}}}");
            errors.invalid_raw(path, &value, "can only be set when seccomp type is Localhost");
        }
        _ => {}
    }
}

/// Upstream: `ValidateAppArmorProfileField`.
fn app_armor(profile: &Value, path: &str, errors: &mut Errors) {
    const MISSING: &str = "must be set when AppArmor type is Localhost";
    const BYTES_MAX: usize = 4095;
    if is_nil(profile) {
        return;
    }
    let local = profile["localhostProfile"].as_str();
    let own = format!("{path}.localhostProfile");
    match text(&profile["type"]) {
        "Localhost" => match local {
            None => errors.required(own, MISSING),
            Some(name) => {
                if name.trim() != name {
                    errors.invalid_text(&own, name, "must not be padded with whitespace");
                } else if name.is_empty() {
                    errors.required(&own, MISSING);
                }
                if name.len() > BYTES_MAX {
                    errors.too_long(&own, BYTES_MAX);
                }
            }
        },
        "RuntimeDefault" | "Unconfined" => {
            if let Some(name) = local {
                errors.invalid_text(own, name, "can only be set when AppArmor type is Localhost");
            }
        }
        "" => errors.required(format!("{path}.type"), "type is required when appArmorProfile is set"),
        kind => errors.unsupported(format!("{path}.type"), kind, &PROFILES),
    }
}

/// The context of a container; `host_users` is false in a user namespace of the pod's own.
pub(super) fn of_container(context: &Value, host_users: bool, path: &str, errors: &mut Errors) {
    for field in ["runAsUser", "runAsGroup"] {
        user_id(&context[field], &format!("{path}.{field}"), errors);
    }
    if let Some(mount) = context["procMount"].as_str() {
        errors.one_of(format!("{path}.procMount"), mount, &["Default", "Unmasked"]);
        if host_users && mount == "Unmasked" {
            let detail = "`hostUsers` must be false to use `Unmasked`";
            errors.invalid_text(format!("{path}.procMount"), mount, detail);
        }
    }
    seccomp(&context["seccompProfile"], &format!("{path}.seccompProfile"), errors);
    if context["allowPrivilegeEscalation"] == false {
        let whole = internal::security_context_of_container(context);
        if flag(&context["privileged"]) {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.invalid_raw(path, &whole, detail);
        }
        for _ in items(&context["capabilities"]["add"]).iter().filter(|name| text(name) == "CAP_SYS_ADMIN") {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.invalid_raw(path, &whole, detail);
        }
    }
    app_armor(&context["appArmorProfile"], &format!("{path}.appArmorProfile"), errors);
}
