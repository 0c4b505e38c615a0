//! Defaults of the kinds without a controller in the model: configuration, storage, policy, network.

use serde_json::{Value, json};

use super::super::value::{
    Object, default_nil, default_zero, find_mut, flag, get, is_zero, items_mut, object_mut, text,
};
use crate::model::kind::Kind;

/// Sets the defaults of an object of one of these kinds.
pub(super) fn apply(kind: Kind, object: &mut Object) {
    match kind {
        Kind::NAMESPACE => namespace(object),
        Kind::NODE => {
            object_mut(object, "spec");
        }
        Kind::CONFIG_MAP => data(object, &["data", "binaryData"]),
        Kind::SECRET => secret(object),
        Kind::PRIORITY_CLASS => {
            default_nil(object, "preemptionPolicy", "PreemptLowerPriority");
            default_nil(object, "value", 0);
            if !flag(get(object, "globalDefault")) {
                object.remove("globalDefault");
            }
        }
        Kind::LIMIT_RANGE => limit_range(object),
        Kind::PERSISTENT_VOLUME_CLAIM => claim(object),
        Kind::PERSISTENT_VOLUME => persistent_volume(object),
        Kind::STORAGE_CLASS => {
            default_nil(object, "reclaimPolicy", "Delete");
            default_nil(object, "volumeBindingMode", "Immediate");
        }
        Kind::NETWORK_POLICY => network_policy(object),
        Kind::INGRESS => ingress(object),
        Kind::CSI_DRIVER => csi_driver(object),
        Kind::ROLE_BINDING | Kind::CLUSTER_ROLE_BINDING => role_binding(object),
        Kind::CUSTOM_RESOURCE_DEFINITION => custom_resource_definition(object),
        Kind::CERTIFICATE_SIGNING_REQUEST => {
            object.entry("status").or_insert_with(|| json!({}));
        }
        _ => {}
    }
}

/// Upstream: pkg/apis/core/v1 `SetDefaults_Namespace`, pkg/registry/core/namespace `PrepareForCreate`.
fn namespace(object: &mut Object) {
    let metadata = object_mut(object, "metadata");
    let name = get(metadata, "name").clone();
    if !text(&name).is_empty() {
        object_mut(metadata, "labels").entry("kubernetes.io/metadata.name").or_insert(name);
    }
    object_mut(object, "spec").insert("finalizers".to_owned(), json!(["kubernetes"]));
}

/// Null values are dropped, and then empty maps.
fn data(object: &mut Object, keys: &[&str]) {
    for key in keys {
        if let Some(members) = find_mut(object, key) {
            for value in members.values_mut().filter(|value| value.is_null()) {
                *value = json!("");
            }
        }
        if is_zero(get(object, key)) {
            object.remove(*key);
        }
    }
}

/// Upstream: pkg/apis/core/v1 `SetDefaults_Secret`, `Convert_v1_Secret_To_core_Secret`.
fn secret(object: &mut Object) {
    default_zero(object, "type", "Opaque");
    if let Some(Value::Object(plain)) = object.remove("stringData") {
        let data = object_mut(object, "data");
        for (key, value) in plain {
            data.insert(key, Value::from(super::super::convert::base64_encode(text(&value).as_bytes())));
        }
    }
    data(object, &["data"]);
}

/// Upstream: pkg/apis/core/v1 `SetDefaults_LimitRangeItem`.
fn limit_range(object: &mut Object) {
    let spec = object_mut(object, "spec");
    for item in items_mut(spec.get_mut("limits")).filter_map(Value::as_object_mut) {
        if text(get(item, "type")) != "Container" {
            continue;
        }
        for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            let source = get(item, from).clone();
            let target = object_mut(item, to);
            for (name, quantity) in source.as_object().into_iter().flatten() {
                target.entry(name).or_insert_with(|| quantity.clone());
            }
        }
    }
}

fn claim(object: &mut Object) {
    default_nil(object_mut(object, "spec"), "volumeMode", "Filesystem");
    protect(object, "kubernetes.io/pvc-protection");
}

fn persistent_volume(object: &mut Object) {
    let spec = object_mut(object, "spec");
    default_zero(spec, "persistentVolumeReclaimPolicy", "Retain");
    default_nil(spec, "volumeMode", "Filesystem");
    if let Some(host_path) = find_mut(spec, "hostPath") {
        default_nil(host_path, "type", "");
    }
    protect(object, "kubernetes.io/pv-protection");
}

/// Upstream: plugin/pkg/admission/storage/storageobjectinuseprotection.
fn protect(object: &mut Object, finalizer: &str) {
    let metadata = object_mut(object, "metadata");
    let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
    if let Value::Array(list) = finalizers
        && !list.iter().any(|item| item == finalizer)
    {
        list.push(json!(finalizer));
    }
}

/// Upstream: pkg/apis/networking/v1 `SetDefaults_NetworkPolicy`, `SetDefaults_NetworkPolicyPort`.
fn network_policy(object: &mut Object) {
    let spec = object_mut(object, "spec");
    object_mut(spec, "podSelector");
    let egress = !is_zero(get(spec, "egress"));
    default_zero(spec, "policyTypes", if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) });
    for direction in ["ingress", "egress"] {
        for rule in items_mut(spec.get_mut(direction)) {
            for port in items_mut(rule.get_mut("ports")).filter_map(Value::as_object_mut) {
                default_nil(port, "protocol", "TCP");
            }
        }
    }
}

/// Upstream: pkg/apis/storage/v1 `SetDefaults_CSIDriver`.
fn csi_driver(object: &mut Object) {
    let spec = object_mut(object, "spec");
    default_nil(spec, "attachRequired", true);
    default_nil(spec, "podInfoOnMount", false);
    default_nil(spec, "storageCapacity", false);
    default_nil(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
    default_zero(spec, "volumeLifecycleModes", json!(["Persistent"]));
    default_nil(spec, "requiresRepublish", false);
    default_nil(spec, "seLinuxMount", false);
}

fn ingress(object: &mut Object) {
    object_mut(object, "spec");
}

/// Upstream: pkg/apis/rbac/v1 `SetDefaults_RoleBinding`, `SetDefaults_Subject`.
fn role_binding(object: &mut Object) {
    default_zero(object_mut(object, "roleRef"), "apiGroup", "rbac.authorization.k8s.io");
    for subject in items_mut(object.get_mut("subjects")).filter_map(Value::as_object_mut) {
        if matches!(text(get(subject, "kind")), "User" | "Group") {
            default_zero(subject, "apiGroup", "rbac.authorization.k8s.io");
        }
    }
}

/// Upstream: apiextensions `SetDefaults_CustomResourceDefinition`.
fn custom_resource_definition(object: &mut Object) {
    let spec = object_mut(object, "spec");
    let names = object_mut(spec, "names");
    let kind = text(get(names, "kind")).to_owned();
    default_zero(names, "singular", kind.to_lowercase());
    if !kind.is_empty() {
        default_zero(names, "listKind", format!("{kind}List"));
    }
    default_nil(spec, "conversion", json!({"strategy": "None"}));
}
