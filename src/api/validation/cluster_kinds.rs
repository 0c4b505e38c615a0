//! Nodes, namespaces, classes, budgets, leases, and where the rules of the other kinds are.
//! Upstream: pkg/apis/core/validation, pkg/apis/{policy,scheduling,networking}/validation.

use serde_json::Value;

use super::super::value::{int, is_nil, items, text};
use super::{
    Errors, certificates, definition, endpoints, limits, names, network, rbac, resources, scheduling, selector,
    storage, workload,
};
use crate::model::kind::Kind;

/// The rules of one of these kinds.
pub(super) fn validate(kind: Kind, object: &Value, errors: &mut Errors) {
    let spec = &object["spec"];
    match kind {
        Kind::NODE => node(object, errors),
        Kind::NAMESPACE => namespace(spec, errors),
        Kind::PERSISTENT_VOLUME_CLAIM => storage::claim(spec, "spec", errors),
        Kind::PERSISTENT_VOLUME => storage::volume(spec, errors),
        Kind::STORAGE_CLASS => storage::class(object, errors),
        Kind::CSI_DRIVER => storage::csi_driver(spec, errors),
        Kind::CSI_NODE => storage::csi_node(spec, errors),
        Kind::CERTIFICATE_SIGNING_REQUEST => certificates::request(spec, errors),
        Kind::CUSTOM_RESOURCE_DEFINITION => definition::definition(object, errors),
        Kind::RESOURCE_QUOTA => limits::quota(spec, errors),
        Kind::LIMIT_RANGE => limits::limit_range(spec, errors),
        Kind::PRIORITY_CLASS => priority_class(object, errors),
        Kind::POD_DISRUPTION_BUDGET => disruption_budget(spec, errors),
        Kind::INGRESS => network::ingress(spec, errors),
        Kind::INGRESS_CLASS => network::ingress_class(spec, errors),
        Kind::ENDPOINTS => endpoints::endpoints(object, errors),
        Kind::ENDPOINT_SLICE => endpoints::slice(object, errors),
        Kind::ROLE | Kind::CLUSTER_ROLE => rbac::role(object, kind == Kind::CLUSTER_ROLE, errors),
        Kind::ROLE_BINDING | Kind::CLUSTER_ROLE_BINDING => {
            rbac::binding(object, kind == Kind::CLUSTER_ROLE_BINDING, errors);
        }
        Kind::LEASE => lease(spec, errors),
        Kind::RUNTIME_CLASS => runtime_class(object, errors),
        Kind::CONTROLLER_REVISION => revision(object, errors),
        Kind::NETWORK_POLICY => network::policy(spec, errors),
        _ => {}
    }
}

fn node(object: &Value, errors: &mut Errors) {
    let spec = &object["spec"];
    let taints = items(&spec["taints"]);
    for (index, taint) in taints.iter().enumerate() {
        // Upstream names the wrong parent here.
        let path = format!("metadata.taints[{index}]");
        let (key, value) = (text(&taint["key"]), text(&taint["value"]));
        errors.invalid_texts(format!("{path}.key"), key, names::qualified(key));
        errors.invalid_texts(format!("{path}.value"), value, names::label_value(value));
        scheduling::effect_name(text(&taint["effect"]), &format!("{path}.effect"), errors);
        let same = |other: &Value| other["key"] == taint["key"] && other["effect"] == taint["effect"];
        if taints[..index].iter().any(same) {
            let field = |name: &str| Value::from(text(&taint[name])).to_string();
            let (key, value, effect) = (field("key"), field("value"), field("effect"));
            let whole = format!("{{\"Key\":{key},\"Value\":{value},\"Effect\":{effect},\"TimeAdded\":null}}");
            let detail = "taints must be unique by key and effect pair";
            errors.duplicate_raw(&path, &format!("{whole}: {detail}"));
        }
    }
    pod_ranges(spec, errors);
}

/// The ranges of a node's pods, as the server fills one field from the other. Upstream: `ValidateNode`.
fn pod_ranges(spec: &Value, errors: &mut Errors) {
    let mut ranges: Vec<&str> = items(&spec["podCIDRs"]).iter().map(text).collect();
    let first = text(&spec["podCIDR"]);
    if !first.is_empty() && ranges.first() != Some(&first) {
        ranges = vec![first];
    }
    for (index, range) in ranges.iter().enumerate() {
        if !names::is_cidr(range) {
            errors.invalid_text(format!("spec.podCIDRs[{index}]"), range, names::CIDR);
        }
    }
    let of_four = ranges.iter().filter(|range| !range.contains(':')).count();
    if ranges.len() > 2 || ranges.len() == 2 && of_four != 1 && ranges.iter().all(|range| names::is_cidr(range)) {
        let detail = "may specify no more than one CIDR for each IP family";
        errors.invalid("spec.podCIDRs", &spec["podCIDRs"], detail);
    }
}

/// Upstream: pkg/apis/scheduling/validation `ValidatePriorityClass`.
fn priority_class(object: &Value, errors: &mut Errors) {
    let name = text(&object["metadata"]["name"]);
    if name.starts_with("system-") {
        let detail = format!(
            "priority class names with 'system-' prefix are reserved for system use only. error: {name} is not a known system priority class"
        );
        errors.forbidden("metadata.name", &detail);
    } else if int(&object["value"]) > 1_000_000_000 {
        errors.forbidden("value", "maximum allowed value of a user defined priority is 1000000000");
    }
    if let Some(policy) = object["preemptionPolicy"].as_str() {
        super::pod::preemption_policy(policy, "preemptionPolicy", errors);
    }
}

/// Upstream: pkg/apis/policy/validation `ValidatePodDisruptionBudgetSpec`.
fn disruption_budget(spec: &Value, errors: &mut Errors) {
    let (min, max) = (&spec["minAvailable"], &spec["maxUnavailable"]);
    if !is_nil(min) && !is_nil(max) {
        let value = format!(
            "{{\"MinAvailable\":{min},\"Selector\":{},\"MaxUnavailable\":{max},\"UnhealthyPodEvictionPolicy\":{}}}",
            spec["selector"], spec["unhealthyPodEvictionPolicy"]
        );
        errors.invalid_raw("spec", &value, "minAvailable and maxUnavailable cannot be both set");
    }
    for (field, value) in [("minAvailable", min), ("maxUnavailable", max)] {
        let path = format!("spec.{field}");
        workload::int_or_percent(value, &path, errors);
        workload::at_most_100(value, &path, errors);
    }
    if let Some(policy) = spec["unhealthyPodEvictionPolicy"].as_str() {
        errors.one_of("spec.unhealthyPodEvictionPolicy", policy, &["AlwaysAllow", "IfHealthyBudget"]);
    }
    selector::label_selector(&spec["selector"], "spec.selector", errors);
}

/// Upstream: `ValidateNamespace`.
fn namespace(spec: &Value, errors: &mut Errors) {
    for finalizer in items(&spec["finalizers"]).iter().map(text) {
        let path = "spec.finalizers";
        errors.invalid_texts(path, finalizer, names::qualified(finalizer));
        super::meta::unqualified_finalizer(finalizer, path, errors);
    }
}

/// Upstream: pkg/apis/coordination/validation `ValidateLeaseSpec`.
fn lease(spec: &Value, errors: &mut Errors) {
    if spec["leaseDurationSeconds"].as_i64().is_some_and(|seconds| seconds <= 0) {
        errors.invalid("spec.leaseDurationSeconds", &spec["leaseDurationSeconds"], "must be greater than 0");
    }
    super::not_negative(&spec["leaseTransitions"], "spec.leaseTransitions", errors);
}

/// Upstream: pkg/apis/node/validation `ValidateRuntimeClass`.
fn runtime_class(object: &Value, errors: &mut Errors) {
    let handler = text(&object["handler"]);
    if handler.is_empty() {
        errors.required("handler", "");
    } else {
        errors.invalid_texts("handler", handler, names::label(handler));
    }
    let overhead = &object["overhead"]["podFixed"];
    if !is_nil(overhead) {
        resources::requirements(&serde_json::json!({"limits": overhead}), "overhead", errors);
    }
    let scheduling = &object["scheduling"];
    super::meta::labels(&scheduling["nodeSelector"], "scheduling.nodeSelector", errors);
    let tolerations = items(&scheduling["tolerations"]);
    for (index, toleration) in tolerations.iter().enumerate() {
        let one = Value::Array(vec![toleration.clone()]);
        let mut found = Errors::default();
        scheduling::tolerations(&one, "scheduling.tolerations", &mut found);
        let own = found.into_list().into_iter().map(|error| error.replacen("[0]", &format!("[{index}]"), 1));
        errors.extend(own.collect());
        if tolerations[..index].contains(toleration) {
            let field = |name: &str| Value::from(text(&toleration[name])).to_string();
            let value = format!(
                "{{\"Key\":{},\"Operator\":{},\"Value\":{},\"Effect\":{},\"TolerationSeconds\":{}}}",
                field("key"),
                field("operator"),
                field("value"),
                field("effect"),
                toleration["tolerationSeconds"]
            );
            errors.duplicate_raw(format!("scheduling.tolerations[{index}]"), &value);
        }
    }
}

/// Upstream: pkg/apis/apps/validation `ValidateControllerRevisionCreate`.
fn revision(object: &Value, errors: &mut Errors) {
    if int(&object["revision"]) < 0 {
        errors.invalid("revision", &object["revision"], "must be greater than or equal to 0");
    }
    match &object["data"] {
        Value::Null => errors.required("data", "data is mandatory"),
        Value::Object(_) => {}
        _ => errors.required("data", "data must be a valid JSON object"),
    }
}
