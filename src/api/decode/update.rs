//! The new state of an object that exists: decoded like a new one, completed by what the server keeps of the old one,
//! and compared with it. Upstream: registry/rest `BeforeUpdate` and the `PrepareForUpdate` of the strategies.

use serde_json::{Value, json};

use super::super::decoded::Decoded;
use super::super::status::{Reason, Status};
use super::super::validation;
use super::super::value::{Object, get, is_zero, items, items_mut, object_mut, text};
use super::{DecodeCache, DecodeError, FieldValidation, Typed, identify_among};
use crate::model::kind::Kind;

/// Decodes what is to replace `stored`, an object as the server returns it. Returns the server's warnings too. `restore`
/// takes out of the checked object what the server shows and does not store.
///
/// # Errors
/// As `decode`, or something changed that may not.
pub fn decode_update(
    value: Value,
    stored: &Value,
    fields: FieldValidation,
    cache: &mut DecodeCache,
    restore: &dyn Fn(&mut Value),
) -> Result<(Decoded, Vec<String>), DecodeError> {
    let scale_to_zero = cache.scale_to_zero;
    let judge = |kind: Kind, typed: &mut Typed| {
        let mut errors = validation::validate_changed(kind, stored, &typed.value, scale_to_zero);
        errors.extend(typed.custom.iter().flat_map(|custom| custom.validate(&typed.value, Some(stored))));
        errors
    };
    decode_judged(value, stored, fields, cache, restore, judge)
}

/// A part of a pod that is updated by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subresource {
    /// `resize`: CPU and memory of its containers.
    Resize,
    /// `ephemeralcontainers`.
    EphemeralContainers,
}

/// As `decode_update`, for a subresource of a pod.
///
/// # Errors
/// As `decode_update`.
pub fn decode_subresource(
    subresource: Subresource,
    value: Value,
    stored: &Value,
    fields: FieldValidation,
    cache: &mut DecodeCache,
    restore: &dyn Fn(&mut Value),
) -> Result<(Decoded, Vec<String>), DecodeError> {
    let judge = |_kind: Kind, typed: &mut Typed| match subresource {
        Subresource::Resize => {
            validation::drop_other_changes(stored, &mut typed.value);
            validation::validate_resize(stored, &typed.value)
        }
        Subresource::EphemeralContainers => {
            validation::drop_all_but_ephemeral(stored, &mut typed.value);
            validation::validate_ephemeral(stored, &typed.value)
        }
    };
    let (decoded, _) = decode_judged(value, stored, fields, cache, restore, judge)?;
    // Strategies of subresources warn of nothing.
    Ok((decoded, Vec::new()))
}

/// What all updates have in common: `judge` tells what is wrong with the completed object, and may take out of it what
/// this update cannot change.
fn decode_judged(
    value: Value,
    stored: &Value,
    fields: FieldValidation,
    cache: &mut DecodeCache,
    restore: &dyn Fn(&mut Value),
    judge: impl FnOnce(Kind, &mut Typed) -> Vec<String>,
) -> Result<(Decoded, Vec<String>), DecodeError> {
    let kind = identify_among(&value, &cache.custom)?;
    check_identity(kind, &value, stored)?;
    let mut typed = Typed::new(kind, value, fields, cache)?;
    keep(kind, stored, &mut typed.value);
    let errors = judge(kind, &mut typed);
    let namespace = text(&stored["metadata"]["namespace"]);
    let mut typed = typed.refuse(errors)?;
    restore(&mut typed.value);
    Ok(typed.into_model(namespace, cache))
}

/// Is it the same object? Upstream: apiserver endpoints/handlers `checkName`, registry/generic `Store.Update`.
fn check_identity(kind: Kind, value: &Value, stored: &Value) -> Result<(), DecodeError> {
    let (new, old) = (&value["metadata"], &stored["metadata"]);
    let name = text(&old["name"]);
    let (given, own) = (text(&new["name"]), text(&old["name"]));
    if !given.is_empty() && given != own {
        let message = format!("the name of the object ({given}) does not match the name on the URL ({own})");
        return Err(Status::new(Reason::BadRequest, message).into());
    }
    let given = text(&new["namespace"]);
    if !given.is_empty() && given != text(&old["namespace"]) {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Status::new(Reason::BadRequest, message).into());
    }
    let (new, old) = (text(&new["uid"]), text(&old["uid"]));
    if new.is_empty() || new == old {
        return Ok(());
    }
    let resource = kind.resource();
    let key = match text(&stored["metadata"]["namespace"]) {
        "" => format!("/registry/{}/{name}", kind.plural()),
        namespace => format!("/registry/{}/{namespace}/{name}", kind.plural()),
    };
    let message = format!(
        "Operation cannot be fulfilled on {resource} \"{name}\": StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {new}, UID in object meta: {old}"
    );
    Err(Status::new(Reason::Conflict, message).into())
}

/// What the server itself puts into the new object.
fn keep(kind: Kind, stored: &Value, value: &mut Value) {
    if is_zero(&value["metadata"]["uid"]) {
        value["metadata"]["uid"] = stored["metadata"]["uid"].clone();
    }
    let old = &stored["spec"];
    let Some(object) = value.as_object_mut() else { return };
    match kind {
        Kind::POD => pod(old, object_mut(object, "spec")),
        Kind::SERVICE => service(old, object_mut(object, "spec")),
        Kind::DAEMON_SET => template_generation(stored, object),
        Kind::NAMESPACE if !is_zero(&old["finalizers"]) => {
            object_mut(object, "spec").insert("finalizers".to_owned(), old["finalizers"].clone());
        }
        _ => {}
    }
}

/// Counts changes of a DaemonSet's template. Upstream: registry/apps/daemonset `PrepareForUpdate`.
fn template_generation(stored: &Value, object: &mut Object) {
    const KEY: &str = "deprecated.daemonset.template.generation";
    let before = text(&stored["metadata"]["annotations"][KEY]).parse::<i64>().unwrap_or(1);
    let is_same = get(object, "spec").get("template") == stored["spec"].get("template");
    let now = if is_same { before } else { before + 1 };
    let annotations: &mut Object = object_mut(object_mut(object, "metadata"), "annotations");
    annotations.insert(KEY.to_owned(), Value::from(now.to_string()));
}

/// Upstream: plugin/pkg/admission/priority `admitPod`, plugin/pkg/admission/defaulttolerationseconds.
fn pod(old: &Value, spec: &mut Object) {
    for field in ["priority", "preemptionPolicy"] {
        if get(spec, field).is_null() && !old[field].is_null() {
            spec.insert(field.to_owned(), old[field].clone());
        }
    }
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let covers = |toleration: &Value| {
            let (own, effect) = (text(&toleration["key"]), text(&toleration["effect"]));
            (own.is_empty() || own == key) && (effect.is_empty() || effect == "NoExecute")
        };
        let Some(default) = items(&old["tolerations"]).iter().find(|toleration| covers(toleration)) else { continue };
        if !items(get(spec, "tolerations")).iter().any(covers) {
            let default = default.clone();
            match spec.get_mut("tolerations") {
                Some(Value::Array(list)) => list.push(default),
                _ => drop(spec.insert("tolerations".to_owned(), json!([default]))),
            }
        }
    }
}

fn needs_cluster_ip(kind: &str) -> bool {
    matches!(kind, "ClusterIP" | "NodePort" | "LoadBalancer")
}

fn needs_node_port(kind: &str) -> bool {
    matches!(kind, "NodePort" | "LoadBalancer")
}

fn node_ports(ports: &Value) -> Vec<i64> {
    items(ports).iter().map(|port| port["nodePort"].as_i64().unwrap_or(0)).collect()
}

/// Upstream: registry/core/service `patchAllocatedValues`, `dropTypeDependentFields`.
fn service(old: &Value, spec: &mut Object) {
    let before = text(&old["type"]).to_owned();
    let after = text(get(spec, "type")).to_owned();
    if needs_cluster_ip(&before) && needs_cluster_ip(&after) && is_zero(get(spec, "clusterIP")) {
        for field in ["clusterIP", "clusterIPs"] {
            if !old[field].is_null() {
                spec.insert(field.to_owned(), old[field].clone());
            }
        }
    }
    // Upstream: pkg/api/service `NormalizeClusterIPs`: what was written of the two counts for both.
    let moved = get(spec, "clusterIP") != &old["clusterIP"];
    if moved && !is_zero(get(spec, "clusterIP")) && get(spec, "clusterIPs") == &old["clusterIPs"] {
        let address = get(spec, "clusterIP").clone();
        if let Some(first) = spec.get_mut("clusterIPs").and_then(|list| list.get_mut(0)) {
            *first = address;
        }
    }
    if needs_node_port(&before) && needs_node_port(&after) {
        let same = |left: &Value, right: &Value| left["port"] == right["port"] && left["protocol"] == right["protocol"];
        for port in items_mut(spec.get_mut("ports")) {
            let known = items(&old["ports"]).iter().find(|candidate| same(candidate, port));
            if is_zero(&port["nodePort"])
                && let Some(number) = known.map(|known| &known["nodePort"]).filter(|number| !is_zero(number))
            {
                port["nodePort"] = number.clone();
            }
        }
    }
    if needs_cluster_ip(&before) && !needs_cluster_ip(&after) && get(spec, "clusterIP") == &old["clusterIP"] {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] {
            spec.remove(field);
        }
    }
    let unchanged = node_ports(get(spec, "ports")) == node_ports(&old["ports"]);
    if needs_node_port(&before) && !needs_node_port(&after) && unchanged {
        for port in items_mut(spec.get_mut("ports")).filter_map(Value::as_object_mut) {
            port.remove("nodePort");
        }
    }
    let external = needs_node_port(&after) || !is_zero(get(spec, "externalIPs"));
    if !external && get(spec, "externalTrafficPolicy") == &old["externalTrafficPolicy"] {
        spec.remove("externalTrafficPolicy");
    }
    if before == "LoadBalancer" && after != "LoadBalancer" {
        for field in ["allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"] {
            if get(spec, field) == &old[field] {
                spec.remove(field);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(value: Value, stored: &Value) -> String {
        let mut cache = DecodeCache::default();
        let error = decode_update(value, stored, FieldValidation::Strict, &mut cache, &|_| {}).unwrap_err();
        match error {
            DecodeError::Server(status) => status.invalid_text().unwrap_or(status.message),
            other => other.to_string(),
        }
    }

    fn stored_service() -> Value {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default", "uid": "u"},
            "spec": {
                "type": "NodePort", "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"],
                "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80, "nodePort": 30080}],
                "externalTrafficPolicy": "Cluster", "selector": {"app": "web"},
            },
        })
    }

    #[test]
    fn a_service_keeps_what_it_was_given_and_loses_what_its_type_forbids() {
        let mut value = json!({"type": "NodePort", "ports": [{"port": 80, "protocol": "TCP"}]});
        service(&stored_service()["spec"], value.as_object_mut().unwrap());
        assert_eq!((&value["clusterIP"], &value["ports"][0]["nodePort"]), (&json!("10.96.0.9"), &json!(30080)));
        let mut value = stored_service()["spec"].clone();
        value["type"] = json!("ClusterIP");
        service(&stored_service()["spec"], value.as_object_mut().unwrap());
        assert!(value["ports"][0]["nodePort"].is_null() && value["externalTrafficPolicy"].is_null());
        let mut moved = stored_service();
        moved["spec"]["clusterIP"] = json!("10.96.9.9");
        moved["spec"]["clusterIPs"] = json!(["10.96.9.9"]);
        assert_eq!(
            refusal(moved, &stored_service()),
            "The Service \"web\" is invalid: spec.clusterIPs[0]: Invalid value: [\"10.96.9.9\"]: may not change once set"
        );
    }

    #[test]
    fn an_object_stays_itself() {
        let stored = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default", "uid": "u"}});
        let mut other = stored.clone();
        other["metadata"]["uid"] = json!("v");
        assert_eq!(
            refusal(other, &stored),
            "Operation cannot be fulfilled on configmaps \"a\": StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: v, UID in object meta: u"
        );
        let mut renamed = stored.clone();
        renamed["metadata"]["name"] = json!("b");
        assert_eq!(refusal(renamed, &stored), "the name of the object (b) does not match the name on the URL (a)");
    }
}
