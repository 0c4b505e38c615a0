//! What may not change in an update. Upstream: the `ValidateXUpdate` functions of pkg/apis/*/validation.

use serde_json::Value;

use super::super::value::{flag, int, is_zero, items, text};
use super::Errors;
use crate::model::kind::Kind;

const POD: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";
const STATEFUL_SET: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/// The errors of an update from `old` to `new`, both defaulted and admitted.
pub fn validate_update(kind: Kind, old: &Value, new: &Value) -> Vec<String> {
    let mut errors = Errors::default();
    let (before, after) = (&old["spec"], &new["spec"]);
    match kind {
        Kind::POD => pod(before, after, &mut errors),
        Kind::DEPLOYMENT | Kind::DAEMON_SET | Kind::REPLICA_SET => {
            immutable(before, after, "selector", &mut errors);
        }
        Kind::STATEFUL_SET => {
            let allowed = [
                "replicas",
                "ordinals",
                "template",
                "updateStrategy",
                "revisionHistoryLimit",
                "persistentVolumeClaimRetentionPolicy",
                "minReadySeconds",
            ];
            if !equal_but(before, after, &allowed) {
                errors.forbidden("spec", STATEFUL_SET);
            }
        }
        Kind::JOB => {
            if text(&before["completionMode"]) != "Indexed" {
                immutable(before, after, "completions", &mut errors);
            }
            for field in ["selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex"] {
                immutable(before, after, field, &mut errors);
            }
        }
        Kind::CONFIG_MAP | Kind::SECRET => configuration(kind, old, new, &mut errors),
        Kind::PRIORITY_CLASS if int(&old["value"]) != int(&new["value"]) => {
            errors.forbidden("value", "may not be changed in an update.");
        }
        Kind::SERVICE => {
            let (was, now) = (text(&before["clusterIP"]), text(&after["clusterIP"]));
            if !was.is_empty() && !now.is_empty() && was != now && text(&after["type"]) != "ExternalName" {
                errors.invalid("spec.clusterIPs[0]", &after["clusterIPs"], "may not change once set");
            }
        }
        Kind::PERSISTENT_VOLUME_CLAIM
            if !equal_but(before, after, &["resources", "volumeName", "volumeAttributesClassName"]) =>
        {
            let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n";
            errors.forbidden("spec", detail);
        }
        _ => {}
    }
    errors.into_list()
}

/// Upstream: apimachinery api/validation `ValidateImmutableField`.
fn immutable(before: &Value, after: &Value, field: &str, errors: &mut Errors) {
    if before[field] != after[field] {
        errors.invalid(format!("spec.{field}"), &after[field], "field is immutable");
    }
}

fn equal_but(before: &Value, after: &Value, allowed: &[&str]) -> bool {
    let rest = |value: &Value| {
        let mut value = value.clone();
        if let Value::Object(members) = &mut value {
            members.retain(|key, _| !allowed.contains(&key.as_str()));
        }
        value
    };
    rest(before) == rest(after)
}

/// Upstream: pkg/apis/core/validation `ValidatePodUpdate`.
fn pod(before: &Value, after: &Value, errors: &mut Errors) {
    for list in ["containers", "initContainers"] {
        if items(&before[list]).len() != items(&after[list]).len() {
            errors.forbidden(format!("spec.{list}"), "pod updates may not add or remove containers");
            return;
        }
        for (index, container) in items(&after[list]).iter().enumerate() {
            if text(&container["image"]).trim().is_empty() {
                errors.required(format!("spec.{list}[{index}].image"), "");
            }
        }
    }
    let (was, now) = (before["activeDeadlineSeconds"].as_i64(), after["activeDeadlineSeconds"].as_i64());
    match (was, now) {
        (Some(was), Some(now)) if now > was => {
            let detail = "must be less than or equal to previous value";
            errors.invalid("spec.activeDeadlineSeconds", &after["activeDeadlineSeconds"], detail);
            return;
        }
        (Some(_), None) => {
            let detail = "must not update from a positive integer to nil value";
            errors.invalid_raw("spec.activeDeadlineSeconds", "null", detail);
            return;
        }
        _ => {}
    }
    if comparable(before) != comparable(after) || !keeps_tolerations(before, after) {
        errors.forbidden("spec", POD);
    }
}

/// The specification without what may change.
fn comparable(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Value::Object(members) = &mut spec {
        for field in ["activeDeadlineSeconds", "tolerations"] {
            members.remove(field);
        }
        for list in ["containers", "initContainers"] {
            for container in super::super::value::items_mut(members.get_mut(list)) {
                if let Some(container) = container.as_object_mut() {
                    container.remove("image");
                }
            }
        }
    }
    spec
}

/// Tolerations may only be added.
fn keeps_tolerations(before: &Value, after: &Value) -> bool {
    let kept = items(&after["tolerations"]);
    items(&before["tolerations"]).iter().all(|toleration| kept.contains(toleration))
}

fn configuration(kind: Kind, old: &Value, new: &Value, errors: &mut Errors) {
    if kind == Kind::SECRET && old["type"] != new["type"] {
        errors.invalid("type", &new["type"], "field is immutable");
    }
    if !flag(&old["immutable"]) {
        return;
    }
    let detail = "field is immutable when `immutable` is set";
    if !flag(&new["immutable"]) {
        errors.forbidden("immutable", detail);
    }
    for field in ["data", "binaryData"] {
        if old[field] != new[field] && !(is_zero(&old[field]) && is_zero(&new[field])) {
            errors.forbidden(field, detail);
        }
    }
}
