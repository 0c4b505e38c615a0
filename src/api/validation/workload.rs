//! Deployments, ReplicaSets, StatefulSets, DaemonSets. Upstream: pkg/apis/apps/validation.

use serde_json::{Value, json};

use super::super::value::{int, is_nil, is_zero, items, members, text};
use super::{Errors, names, none_negative, not_negative, pod, selector, storage};

/// The selector of a workload, and whether it selects the template's pods.
struct SelectorRules<'a> {
    /// Name of the kind in the message about an empty selector.
    kind: &'a str,
    /// Does a selector that cannot be used add an error of its own?
    reports_unusable: bool,
}

fn selector_and_labels(spec: &Value, rules: &SelectorRules<'_>, errors: &mut Errors) {
    let chosen = &spec["selector"];
    if is_nil(chosen) {
        errors.required("spec.selector", "");
    } else {
        selector::label_selector(chosen, "spec.selector", errors);
        if is_zero(&chosen["matchLabels"]) && is_zero(&chosen["matchExpressions"]) {
            let detail = format!("empty selector is invalid for {}", rules.kind);
            errors.invalid("spec.selector", chosen, &detail);
        }
        if !selector::is_usable(chosen) {
            let printed = selector::printed(chosen);
            if rules.reports_unusable {
                errors.invalid_raw("spec.selector", &printed, "invalid label selector");
            } else {
                errors.invalid_raw_whole("spec.selector", &printed);
            }
        }
    }
}

/// Template rules of everything whose pods run for ever.
fn endless_template(spec: &Value, errors: &mut Errors) {
    let template = &spec["template"];
    pod::template(template, "spec.template", errors);
    let policy = text(&template["spec"]["restartPolicy"]);
    if policy != "Always" {
        errors.unsupported("spec.template.spec.restartPolicy", policy, &["Always"]);
    }
    if !is_nil(&template["spec"]["activeDeadlineSeconds"]) {
        let detail = "activeDeadlineSeconds in ReplicaSet is not Supported";
        errors.forbidden("spec.template.spec.activeDeadlineSeconds", detail);
    }
}

/// Upstream: `ValidateDeploymentSpec`.
pub(super) fn deployment(spec: &Value, errors: &mut Errors) {
    not_negative(&spec["replicas"], "spec.replicas", errors);
    selector_and_labels(spec, &SelectorRules { kind: "deployment", reports_unusable: true }, errors);
    selector::of_template(spec, "spec.template", errors);
    endless_template(spec, errors);
    deployment_strategy(&spec["strategy"], errors);
    none_negative(spec, &["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"], "spec", errors);
    if let Some(deadline) = spec["progressDeadlineSeconds"].as_i64()
        && deadline <= int(&spec["minReadySeconds"])
    {
        let path = "spec.progressDeadlineSeconds";
        errors.invalid(path, &spec["progressDeadlineSeconds"], "must be greater than minReadySeconds");
    }
}

/// `{"Type":…,"RollingUpdate":…}` as Go's internal type prints, with these fields of the rolling update.
fn internal_strategy(strategy: &Value, fields: &[(&str, &str)]) -> String {
    let rolling = &strategy["rollingUpdate"];
    let rolling = if is_nil(rolling) {
        "null".to_owned()
    } else {
        let parts: Vec<String> = fields.iter().map(|(go, json)| format!("\"{go}\":{}", rolling[*json])).collect();
        format!("{{{}}}", parts.join(","))
    };
    format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", json!(text(&strategy["type"])))
}

/// Both numbers of a rolling update, by their names in Go.
const BOTH: [(&str, &str); 2] = [("MaxUnavailable", "maxUnavailable"), ("MaxSurge", "maxSurge")];

/// Upstream: `ValidateDeploymentStrategy`.
fn deployment_strategy(strategy: &Value, errors: &mut Errors) {
    match text(&strategy["type"]) {
        "Recreate" => {
            if !is_nil(&strategy["rollingUpdate"]) {
                let detail = "may not be specified when strategy `type` is 'Recreate'";
                errors.forbidden("spec.strategy.rollingUpdate", detail);
            }
        }
        "RollingUpdate" => rolling_update(&strategy["rollingUpdate"], errors),
        _ => {
            let supported = ["Recreate", "RollingUpdate"];
            errors.unsupported_raw("spec.strategy", &internal_strategy(strategy, &BOTH), &supported);
        }
    }
}

/// Upstream: `ValidateRollingUpdateDeployment`.
fn rolling_update(rolling: &Value, errors: &mut Errors) {
    let path = "spec.strategy.rollingUpdate";
    let (unavailable, surge) = (&rolling["maxUnavailable"], &rolling["maxSurge"]);
    int_or_percent(unavailable, &format!("{path}.maxUnavailable"), errors);
    int_or_percent(surge, &format!("{path}.maxSurge"), errors);
    if amount(unavailable) == 0 && amount(surge) == 0 {
        errors.invalid(format!("{path}.maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0");
    }
    at_most_100(unavailable, &format!("{path}.maxUnavailable"), errors);
}

/// The number before the percent sign, or the number itself.
fn amount(value: &Value) -> i64 {
    match value.as_str() {
        Some(text) => text.trim_end_matches('%').parse().unwrap_or(0),
        None => int(value),
    }
}

/// Upstream: `ValidatePositiveIntOrPercent`.
pub(super) fn int_or_percent(value: &Value, path: &str, errors: &mut Errors) {
    match value.as_str() {
        Some(text) if !names::is_percent(text) => errors.invalid_text(path, text, names::PERCENT),
        Some(_) => {}
        None => not_negative(value, path, errors),
    }
}

/// Upstream: `IsNotMoreThan100Percent`.
pub(super) fn at_most_100(value: &Value, path: &str, errors: &mut Errors) {
    if let Some(text) = value.as_str().filter(|text| names::is_percent(text))
        && amount(value) > 100
    {
        errors.invalid_text(path, text, "must not be greater than 100%");
    }
}

/// Upstream: `ValidateReplicaSetSpec`.
pub(super) fn replica_set(spec: &Value, errors: &mut Errors) {
    none_negative(spec, &["replicas", "minReadySeconds"], "spec", errors);
    selector_and_labels(spec, &SelectorRules { kind: "deployment", reports_unusable: true }, errors);
    selector::of_template(spec, "spec.template", errors);
    endless_template(spec, errors);
}

/// Upstream: pkg/apis/core/validation `ValidateReplicationControllerSpec`.
pub(super) fn replication_controller(spec: &Value, errors: &mut Errors) {
    not_negative(&spec["minReadySeconds"], "spec.minReadySeconds", errors);
    if is_zero(&spec["selector"]) {
        errors.required("spec.selector", "");
    } else {
        selector::map_selector(&spec["selector"], "spec.selector", errors);
    }
    not_negative(&spec["replicas"], "spec.replicas", errors);
    if is_nil(&spec["template"]) {
        errors.required("spec.template", "");
        return;
    }
    let labels = &spec["template"]["metadata"]["labels"];
    let selects = members(&spec["selector"]).all(|(key, value)| labels[key] == *value);
    if !is_zero(&spec["selector"]) && !selects {
        errors.invalid("spec.template.metadata.labels", labels, selector::MISMATCH);
    }
    endless_template(spec, errors);
}

/// Upstream: `ValidateStatefulSetSpec`.
pub(super) fn stateful_set(spec: &Value, errors: &mut Errors) {
    let policy = text(&spec["podManagementPolicy"]);
    if policy.is_empty() {
        errors.required("spec.podManagementPolicy", "");
    } else if policy != "OrderedReady" && policy != "Parallel" {
        errors.invalid_text("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'");
    }
    let strategy = &spec["updateStrategy"];
    match text(&strategy["type"]) {
        "" => errors.required("spec.updateStrategy", ""),
        "OnDelete" => {
            if !is_nil(&strategy["rollingUpdate"]) {
                let value = strategy["rollingUpdate"].to_string();
                let detail = "only allowed for updateStrategy 'RollingUpdate'";
                errors.invalid_raw("spec.updateStrategy.rollingUpdate", &value, detail);
            }
        }
        "RollingUpdate" => {
            let path = "spec.updateStrategy.rollingUpdate";
            not_negative(&strategy["rollingUpdate"]["partition"], &format!("{path}.partition"), errors);
        }
        _ => {
            // Without its feature gate the server drops `maxUnavailable`.
            let value = internal_strategy(strategy, &[("Partition", "partition"), ("MaxUnavailable", "")]);
            errors.invalid_raw("spec.updateStrategy", &value, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
    let retention = &spec["persistentVolumeClaimRetentionPolicy"];
    for field in ["whenDeleted", "whenScaled"] {
        let path = format!("spec.persistentVolumeClaimRetentionPolicy.{field}");
        errors.one_of(path, text(&retention[field]), &["Retain", "Delete"]);
    }
    claim_templates(spec, errors);
    none_negative(spec, &["replicas", "minReadySeconds"], "spec", errors);
    not_negative(&spec["ordinals"]["start"], "spec.ordinals.start", errors);
    let service = text(&spec["serviceName"]);
    if !service.is_empty() {
        errors.invalid_texts("spec.serviceName", service, names::label(service));
    }
    selector_and_labels(spec, &SelectorRules { kind: "statefulset", reports_unusable: false }, errors);
    selector::of_template(spec, "spec.template", errors);
    let template = &spec["template"];
    // Mounts of claims made from the set's own templates are known volumes, and take the place of written ones.
    let mut with_claims = template.clone();
    let claims = items(&spec["volumeClaimTemplates"]);
    let is_claimed = |name: &Value| claims.iter().any(|claim| claim["metadata"]["name"] == *name);
    let written = items(&template["spec"]["volumes"]).iter().filter(|volume| !is_claimed(&volume["name"])).cloned();
    let made = claims.iter().map(|claim| &claim["metadata"]["name"]).filter(|name| name.is_string());
    let made = made.map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
    let volumes: Vec<Value> = written.chain(made).collect();
    if let Some(spec) = with_claims["spec"].as_object_mut() {
        spec.insert("volumes".to_owned(), Value::Array(volumes));
        // The controller overwrites both.
        spec.remove("subdomain");
        spec.remove("hostname");
    }
    pod::template(&with_claims, "spec.template", errors);
    let policy = text(&template["spec"]["restartPolicy"]);
    if policy != "Always" {
        errors.unsupported("spec.template.spec.restartPolicy", policy, &["Always"]);
    }
    if !is_nil(&template["spec"]["activeDeadlineSeconds"]) {
        let detail = "activeDeadlineSeconds in StatefulSet is not Supported";
        errors.forbidden("spec.template.spec.activeDeadlineSeconds", detail);
    }
}

/// Upstream: `ValidatePersistentVolumeClaimTemplates`.
fn claim_templates(spec: &Value, errors: &mut Errors) {
    for (index, claim) in items(&spec["volumeClaimTemplates"]).iter().enumerate() {
        storage::claim(&claim["spec"], &format!("spec.volumeClaimTemplates[{index}].spec"), errors);
    }
}

/// Upstream: `ValidateDaemonSetSpec`.
pub(super) fn daemon_set(spec: &Value, errors: &mut Errors) {
    selector::label_selector(&spec["selector"], "spec.selector", errors);
    let template = &spec["template"];
    selector::of_template(spec, "spec.template", errors);
    if !is_nil(&spec["selector"])
        && is_zero(&spec["selector"]["matchLabels"])
        && is_zero(&spec["selector"]["matchExpressions"])
    {
        errors.invalid("spec.selector", &spec["selector"], "empty selector is invalid for daemonset");
    }
    pod::template(template, "spec.template", errors);
    let policy = text(&template["spec"]["restartPolicy"]);
    if policy != "Always" {
        errors.unsupported("spec.template.spec.restartPolicy", policy, &["Always"]);
    }
    if !is_nil(&template["spec"]["activeDeadlineSeconds"]) {
        let detail = "activeDeadlineSeconds in DaemonSet is not Supported";
        errors.forbidden("spec.template.spec.activeDeadlineSeconds", detail);
    }
    not_negative(&spec["minReadySeconds"], "spec.minReadySeconds", errors);
    daemon_set_strategy(&spec["updateStrategy"], errors);
    not_negative(&spec["revisionHistoryLimit"], "spec.revisionHistoryLimit", errors);
}

/// Upstream: `ValidateDaemonSetUpdateStrategy`, `ValidateRollingUpdateDaemonSet`.
fn daemon_set_strategy(strategy: &Value, errors: &mut Errors) {
    match text(&strategy["type"]) {
        "OnDelete" => {}
        "RollingUpdate" => {
            let rolling = &strategy["rollingUpdate"];
            let path = "spec.updateStrategy.rollingUpdate";
            let (unavailable, surge) = (&rolling["maxUnavailable"], &rolling["maxSurge"]);
            int_or_percent(unavailable, &format!("{path}.maxUnavailable"), errors);
            int_or_percent(surge, &format!("{path}.maxSurge"), errors);
            at_most_100(unavailable, &format!("{path}.maxUnavailable"), errors);
            at_most_100(surge, &format!("{path}.maxSurge"), errors);
            match (amount(unavailable) != 0, amount(surge) != 0) {
                (true, true) => {
                    let detail = "may not be set when maxUnavailable is non-zero";
                    errors.invalid(format!("{path}.maxSurge"), surge, detail);
                }
                (false, false) => {
                    errors.required(format!("{path}.maxUnavailable"), "cannot be 0 when maxSurge is 0");
                }
                _ => {}
            }
        }
        _ => {
            let supported = ["RollingUpdate", "OnDelete"];
            errors.unsupported_raw("spec.updateStrategy", &internal_strategy(strategy, &BOTH), &supported);
        }
    }
}
