//! What may not change in an update. Upstream: the `ValidateXUpdate` functions of pkg/apis/*/validation.

use serde_json::Value;

use super::super::internal;
use super::super::value::{flag, int, is_nil, is_zero, items, text};
use super::{Errors, diff};
use crate::model::kind::Kind;
use crate::model::quantity::Quantity;

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
        Kind::JOB => job(old, new, &mut errors),
        Kind::CONFIG_MAP | Kind::SECRET => configuration(kind, old, new, &mut errors),
        Kind::SERVICE => {
            let (was, now) = (text(&before["clusterIP"]), text(&after["clusterIP"]));
            if !was.is_empty() && !now.is_empty() && was != now && text(&after["type"]) != "ExternalName" {
                errors.invalid("spec.clusterIPs[0]", &after["clusterIPs"], "may not change once set");
            }
        }
        Kind::PERSISTENT_VOLUME_CLAIM => claim(old, new, &mut errors),
        _ => cluster_kinds(kind, old, new, &mut errors),
    }
    errors.into_list()
}

/// Upstream: `ValidatePriorityClassUpdate`, `ValidateStorageClassUpdate`, `ValidatePersistentVolumeUpdate`,
/// `ValidateIngressClassUpdate`, `ValidateRuntimeClassUpdate`, `ValidateRoleBindingUpdate`.
fn cluster_kinds(kind: Kind, old: &Value, new: &Value, errors: &mut Errors) {
    let member = |field: &str, errors: &mut Errors| {
        if old[field] != new[field] {
            errors.invalid(field, &new[field], "field is immutable");
        }
    };
    match kind {
        Kind::PRIORITY_CLASS => {
            if int(&old["value"]) != int(&new["value"]) {
                errors.forbidden("value", "may not be changed in an update.");
            }
            member("preemptionPolicy", errors);
        }
        Kind::STORAGE_CLASS => {
            for field in ["parameters", "provisioner", "reclaimPolicy"] {
                if old[field] != new[field] && !(is_zero(&old[field]) && is_zero(&new[field])) {
                    errors.forbidden(field, &format!("updates to {field} are forbidden."));
                }
            }
            member("volumeBindingMode", errors);
        }
        Kind::PERSISTENT_VOLUME => {
            let sources = [
                "accessModes",
                "capacity",
                "claimRef",
                "mountOptions",
                "nodeAffinity",
                "persistentVolumeReclaimPolicy",
                "storageClassName",
                "volumeAttributesClassName",
                "volumeMode",
            ];
            if !equal_but(&old["spec"], &new["spec"], &sources) {
                let detail = "spec.persistentvolumesource is immutable after creation\n";
                errors.forbidden("spec.persistentvolumesource", detail);
            }
            immutable(&old["spec"], &new["spec"], "volumeMode", errors);
        }
        Kind::INGRESS_CLASS => immutable(&old["spec"], &new["spec"], "controller", errors),
        Kind::RUNTIME_CLASS => member("handler", errors),
        Kind::CSI_NODE => csi_node(old, new, errors),
        Kind::ROLE_BINDING | Kind::CLUSTER_ROLE_BINDING if old["roleRef"] != new["roleRef"] => {
            let role = &new["roleRef"];
            let value =
                format!("{{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}", role["apiGroup"], role["kind"], role["name"]);
            errors.invalid_raw("roleRef", &value, "cannot change roleRef");
        }
        _ => {}
    }
}

/// Upstream: pkg/apis/storage/validation `ValidateCSINodeUpdate`: of a driver only what fits may change.
fn csi_node(old: &Value, new: &Value, errors: &mut Errors) {
    let drivers = |node: &Value| items(&node["spec"]["drivers"]).to_vec();
    for before in drivers(old) {
        for after in drivers(new).into_iter().filter(|after| after["name"] == before["name"]) {
            if !equal_but(&before, &after, &["allocatable"]) {
                let keys =
                    if is_nil(&after["topologyKeys"]) { "null".to_owned() } else { after["topologyKeys"].to_string() };
                let value = format!(
                    "{{\"Name\":{},\"NodeID\":{},\"TopologyKeys\":{keys},\"Allocatable\":null}}",
                    after["name"], after["nodeID"]
                );
                errors.invalid_raw("spec.drivers", &value, "field is immutable");
            }
        }
    }
}

/// Upstream: `ValidateJobSpecUpdate`.
fn job(old: &Value, new: &Value, errors: &mut Errors) {
    let (before, after) = (&old["spec"], &new["spec"]);
    // Upstream: `validateCompletions`: an indexed Job grows and shrinks with its parallelism.
    if text(&after["completionMode"]) != "Indexed" {
        immutable(before, after, "completions", errors);
    } else if before["completions"] != after["completions"] && after["completions"] != after["parallelism"] {
        let detail = "can only be modified in tandem with spec.parallelism";
        errors.invalid("spec.completions", &after["completions"], detail);
    }
    immutable(before, after, "selector", errors);
    // Upstream: `validatePodTemplateUpdate`: where its pods may go is open until a suspended Job starts.
    let waits = flag(&before["suspend"]) && is_nil(&old["status"]["startTime"]);
    let template = |spec: &Value| if waits { placed_anywhere(&spec["template"]) } else { spec["template"].clone() };
    if template(before) != template(after) {
        let value = internal::pod_template(&after["template"]);
        errors.invalid_raw("spec.template", &value, "field is immutable");
    }
    for field in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
        immutable(before, after, field, errors);
    }
}

/// A pod template without labels, annotations and what decides about nodes.
fn placed_anywhere(template: &Value) -> Value {
    let mut template = template.clone();
    for (part, fields) in
        [("metadata", &["annotations", "labels"][..]), ("spec", &["nodeSelector", "schedulingGates", "tolerations"])]
    {
        if let Some(members) = template[part].as_object_mut() {
            members.retain(|key, _| !fields.contains(&key.as_str()));
        }
    }
    if let Some(affinity) = template["spec"]["affinity"].as_object_mut() {
        affinity.remove("nodeAffinity");
    }
    template
}

/// Upstream: `ValidatePersistentVolumeClaimUpdate`.
fn claim(old: &Value, new: &Value, errors: &mut Errors) {
    let (before, after) = (&old["spec"], &new["spec"]);
    let mut open = vec!["volumeName", "volumeAttributesClassName"];
    let is_bound = text(&old["status"]["phase"]) == "Bound";
    if is_bound {
        open.push("resources");
    }
    // A claim that named no class may be given one. Upstream: controller/volume/persistentvolume retroactive assignment.
    if is_nil(&before["storageClassName"]) {
        open.push("storageClassName");
    }
    if !is_zero(&before["volumeName"]) {
        open.retain(|field| *field != "volumeName");
    }
    if !equal_but(before, after, &open) {
        let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n";
        errors.forbidden("spec", detail);
    }
    let size = |spec: &Value| Quantity::parse(text(&spec["resources"]["requests"]["storage"]));
    if let (true, Some(was), Some(now)) = (is_bound, size(before), size(after))
        && now.nano < was.nano
    {
        errors.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
    }
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
    if !keeps_tolerations(before, after) {
        errors.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
    }
    let gates = items(&before["schedulingGates"]);
    for (index, gate) in items(&after["schedulingGates"]).iter().enumerate() {
        if !gates.contains(gate) {
            let name = text(&gate["name"]);
            let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
            errors.forbidden(format!("spec.schedulingGates[{index}]"), &detail);
        }
    }
    let is_gated = !gates.is_empty();
    if comparable(before, is_gated) != comparable(after, is_gated) {
        let diff = diff::unified(&internal::pod_spec(before), &internal::pod_spec(&munged(before, after, is_gated)));
        errors.forbidden("spec", &format!("{POD}{diff}"));
    }
}

/// The specification without what may change; a gated pod may still be steered to other nodes.
fn comparable(spec: &Value, is_gated: bool) -> Value {
    let mut spec = spec.clone();
    if let Value::Object(members) = &mut spec {
        for field in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
            members.remove(field);
        }
        if is_gated {
            members.remove("nodeSelector");
            if let Some(affinity) = members.get_mut("affinity").and_then(Value::as_object_mut) {
                affinity.remove("nodeAffinity");
            }
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

/// The new specification with the old one's values of what may change: what the diff compares.
fn munged(before: &Value, after: &Value, is_gated: bool) -> Value {
    let mut spec = after.clone();
    let Value::Object(members) = &mut spec else { return spec };
    let mut open = vec!["activeDeadlineSeconds", "tolerations", "schedulingGates"];
    if is_gated {
        open.push("nodeSelector");
    }
    for field in open {
        match before.get(field) {
            Some(old) => drop(members.insert(field.to_owned(), old.clone())),
            None => drop(members.remove(field)),
        }
    }
    for list in ["containers", "initContainers"] {
        let old = items(&before[list]);
        for (container, old) in super::super::value::items_mut(members.get_mut(list)).zip(old) {
            container["image"] = old["image"].clone();
        }
    }
    spec
}

/// Tolerations may only be added, or change how long they tolerate. Upstream: `validateOnlyAddedTolerations`.
fn keeps_tolerations(before: &Value, after: &Value) -> bool {
    let lasting = |toleration: &Value| {
        let mut toleration = toleration.clone();
        if let Some(members) = toleration.as_object_mut() {
            members.remove("tolerationSeconds");
        }
        toleration
    };
    let kept: Vec<Value> = items(&after["tolerations"]).iter().map(lasting).collect();
    items(&before["tolerations"]).iter().all(|toleration| kept.contains(&lasting(toleration)))
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
