//! Jobs and CronJobs. Upstream: pkg/apis/batch/validation.

use serde_json::{Value, json};

use super::super::value::{flag, int, is_nil, items, text};
use super::{Errors, cron_schedule, none_negative, not_negative, pod, selector};

/// Is the selector of a Job the one that the server gave it?
fn is_generated(object: &Value) -> bool {
    let uid = &object["metadata"]["uid"];
    let selector = &object["spec"]["selector"];
    let of = |key: &str| selector == &json!({"matchLabels": {key: uid}});
    uid.is_string() && (of("batch.kubernetes.io/controller-uid") || of("controller-uid"))
}

/// A Job. Upstream: `ValidateJob`, `ValidateGeneratedSelector`.
pub(super) fn job(object: &Value, errors: &mut Errors) {
    let spec = &object["spec"];
    if !is_nil(&spec["selector"]) && !flag(&spec["manualSelector"]) && !is_generated(object) {
        errors.invalid("spec.selector", &spec["selector"], "`selector` not auto-generated");
    }
    job_spec(spec, "spec", errors);
    // Before the server has given it one, a Job has no selector.
    if !is_nil(&spec["selector"]) {
        selector::label_selector(&spec["selector"], "spec.selector", errors);
        selector::of_template(spec, "spec.template", errors);
    }
}

/// Upstream: `validateJobSpec`.
fn job_spec(spec: &Value, path: &str, errors: &mut Errors) {
    let numbers = ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];
    none_negative(spec, &numbers, path, errors);
    none_negative(spec, &["backoffLimitPerIndex", "maxFailedIndexes"], path, errors);
    let mode = text(&spec["completionMode"]);
    if !mode.is_empty() {
        if mode != "NonIndexed" && mode != "Indexed" {
            errors.unsupported(format!("{path}.completionMode"), mode, &["Indexed", "NonIndexed"]);
        }
        if mode == "Indexed" && is_nil(&spec["completions"]) {
            errors.required(format!("{path}.completions"), "when completion mode is Indexed");
        }
    }
    if mode != "Indexed" {
        if !is_nil(&spec["backoffLimitPerIndex"]) {
            let path = format!("{path}.backoffLimitPerIndex");
            errors.invalid(path, &spec["backoffLimitPerIndex"], "requires indexed completion mode");
        }
        if !is_nil(&spec["successPolicy"]) {
            let rules: Vec<String> = items(&spec["successPolicy"]["rules"])
                .iter()
                .map(|rule| {
                    let (indexes, count) = (&rule["succeededIndexes"], &rule["succeededCount"]);
                    format!("{{\"SucceededIndexes\":{indexes},\"SucceededCount\":{count}}}")
                })
                .collect();
            let value = format!("{{\"Rules\":[{}]}}", rules.join(","));
            errors.invalid_raw(format!("{path}.successPolicy"), &value, "requires indexed completion mode");
        }
    }
    if !is_nil(&spec["maxFailedIndexes"]) && is_nil(&spec["backoffLimitPerIndex"]) {
        errors.required(format!("{path}.backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    failure_policy(spec, path, errors);
    if let Some(policy) = spec["podReplacementPolicy"].as_str() {
        let supported: &[&str] =
            if is_nil(&spec["podFailurePolicy"]) { &["Failed", "TerminatingOrFailed"] } else { &["Failed"] };
        errors.one_of(format!("{path}.podReplacementPolicy"), policy, supported);
    }
    let template = format!("{path}.template");
    pod::template(&spec["template"], &template, errors);
    let restart = text(&spec["template"]["spec"]["restartPolicy"]);
    match restart {
        "" | "Always" => {
            errors.required(format!("{template}.spec.restartPolicy"), "valid values: \"OnFailure\", \"Never\"");
        }
        "OnFailure" | "Never" => {}
        _ => errors.unsupported(format!("{template}.spec.restartPolicy"), restart, &["OnFailure", "Never"]),
    }
    if !is_nil(&spec["podFailurePolicy"]) && restart != "Never" {
        let detail = "only \"Never\" is supported when podFailurePolicy is specified";
        errors.invalid_text(format!("{template}.spec.restartPolicy"), restart, detail);
    }
}

/// Upstream: `validatePodFailurePolicy`.
fn failure_policy(spec: &Value, path: &str, errors: &mut Errors) {
    let containers: Vec<&str> = ["containers", "initContainers"]
        .into_iter()
        .flat_map(|list| items(&spec["template"]["spec"][list]))
        .map(|container| text(&container["name"]))
        .collect();
    for (index, rule) in items(&spec["podFailurePolicy"]["rules"]).iter().enumerate() {
        let path = format!("{path}.podFailurePolicy.rules[{index}]");
        let action = text(&rule["action"]);
        if action.is_empty() {
            errors.required(format!("{path}.action"), "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
        } else {
            errors.one_of(format!("{path}.action"), action, &["Count", "FailIndex", "FailJob", "Ignore"]);
        }
        let codes = &rule["onExitCodes"];
        let conditions = items(&rule["onPodConditions"]);
        if is_nil(codes) && conditions.is_empty() {
            errors.invalid_text(&path, "", "specifying one of OnExitCodes and OnPodConditions is required");
        }
        if !is_nil(codes) && !conditions.is_empty() {
            errors.invalid_text(&path, "", "specifying both OnExitCodes and OnPodConditions is not supported");
        }
        if !is_nil(codes) {
            let path = format!("{path}.onExitCodes");
            errors.one_of(format!("{path}.operator"), text(&codes["operator"]), &["In", "NotIn"]);
            if let Some(container) = codes["containerName"].as_str().filter(|name| !containers.contains(name)) {
                let detail = "must be one of the container or initContainer names in the pod template";
                errors.invalid_text(format!("{path}.containerName"), container, detail);
            }
            if items(&codes["values"]).is_empty() {
                errors.invalid(format!("{path}.values"), &json!([]), "at least one value is required");
            }
            for (index, code) in items(&codes["values"]).iter().enumerate() {
                if text(&codes["operator"]) == "In" && int(code) == 0 {
                    errors.invalid(format!("{path}.values[{index}]"), code, "must not be 0 for the In operator");
                }
            }
        }
    }
}

/// Upstream: `validateCronJobSpec`.
pub(super) fn cron_job(spec: &Value, errors: &mut Errors) {
    let schedule = text(&spec["schedule"]);
    if schedule.is_empty() {
        errors.required("spec.schedule", "");
    } else if schedule.contains("TZ") {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.invalid_text("spec.schedule", schedule, detail);
    } else if let Err(detail) = cron_schedule::check(schedule) {
        errors.invalid_text("spec.schedule", schedule, &detail);
    }
    not_negative(&spec["startingDeadlineSeconds"], "spec.startingDeadlineSeconds", errors);
    if let Some(zone) = spec["timeZone"].as_str() {
        if zone.is_empty() {
            errors.invalid_text("spec.timeZone", zone, "timeZone must be nil or non-empty string");
        } else if zone.eq_ignore_ascii_case("local") {
            errors.invalid_text(
                "spec.timeZone",
                zone,
                "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
            );
        } else if !cron_schedule::is_time_zone(zone) {
            errors.invalid_text("spec.timeZone", zone, &format!("unknown time zone {zone}"));
        }
    }
    let policy = text(&spec["concurrencyPolicy"]);
    if policy.is_empty() {
        errors.required("spec.concurrencyPolicy", "");
    } else {
        errors.one_of("spec.concurrencyPolicy", policy, &["Allow", "Forbid", "Replace"]);
    }
    job_spec(&spec["jobTemplate"]["spec"], "spec.jobTemplate.spec", errors);
    none_negative(spec, &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"], "spec", errors);
}
