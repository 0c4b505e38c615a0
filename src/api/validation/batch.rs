//! Jobs and CronJobs. Upstream: pkg/apis/batch/validation.

use serde_json::{Value, json};

use super::super::value::{flag, int, is_nil, items, text};
use super::{Errors, cron_schedule, job_policies, names, none_negative, not_negative, pod, selector};

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
    } else if flag(&spec["manualSelector"]) {
        errors.required("spec.selector", "");
        selector::of_template(spec, "spec.template", errors);
    }
    // Hosts of an Indexed Job's pods are named after it and their index.
    let completions = int(&spec["completions"]);
    if text(&spec["completionMode"]) == "Indexed" && completions > 0 {
        let name = text(&object["metadata"]["name"]);
        let host = format!("{name}-{}", completions - 1);
        if !names::label(&host).is_empty() {
            let detail = format!("will not able to create pod with invalid DNS label: {host}");
            errors.invalid_text("metadata.name", name, &detail);
        }
    }
}

/// Upstream: `validateJobSpec`.
fn job_spec(spec: &Value, path: &str, errors: &mut Errors) {
    let numbers = ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];
    none_negative(spec, &numbers, path, errors);
    none_negative(spec, &["backoffLimitPerIndex", "maxFailedIndexes"], path, errors);
    let per_index = &spec["backoffLimitPerIndex"];
    let failed = &spec["maxFailedIndexes"];
    if !is_nil(failed) && is_nil(per_index) {
        errors.required(format!("{path}.backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    managed_by(&spec["managedBy"], &format!("{path}.managedBy"), errors);
    let mode = &spec["completionMode"];
    if let Some(mode) = mode.as_str() {
        errors.one_of(format!("{path}.completionMode"), mode, &["NonIndexed", "Indexed"]);
    }
    if text(mode) == "Indexed" {
        indexed(spec, path, errors);
    }
    if is_nil(mode) || text(mode) == "NonIndexed" {
        for (field, value) in [("backoffLimitPerIndex", per_index), ("maxFailedIndexes", failed)] {
            if !is_nil(value) {
                errors.invalid(format!("{path}.{field}"), value, "requires indexed completion mode");
            }
        }
    }
    if !is_nil(&spec["podFailurePolicy"]) {
        job_policies::failure(spec, path, errors);
    }
    if !is_nil(&spec["successPolicy"]) {
        if text(mode) == "Indexed" {
            if !is_nil(&spec["completions"]) {
                job_policies::success(spec, path, errors);
            }
        } else {
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
        "Never" => {}
        "OnFailure" => {
            if !is_nil(&spec["podFailurePolicy"]) {
                let detail = "only \"Never\" is supported when podFailurePolicy is specified";
                errors.invalid_text(format!("{template}.spec.restartPolicy"), restart, detail);
            }
        }
        _ => errors.unsupported(format!("{template}.spec.restartPolicy"), restart, &["OnFailure", "Never"]),
    }
}

/// Upstream: apimachinery util/validation `IsDomainPrefixedPath`, and the length.
fn managed_by(controller: &Value, path: &str, errors: &mut Errors) {
    const BYTES_MAX: usize = 63;
    let Some(name) = controller.as_str() else { return };
    domain_prefixed_path(name, path, errors);
    if name.len() > BYTES_MAX {
        errors.too_long(path, BYTES_MAX);
    }
}

/// Upstream: apimachinery util/validation `IsDomainPrefixedPath`.
pub(super) fn domain_prefixed_path(name: &str, path: &str, errors: &mut Errors) {
    match name.split_once('/') {
        _ if name.is_empty() => errors.required(path, ""),
        Some((domain, rest)) if !domain.is_empty() && !rest.is_empty() => {
            errors.invalid_texts(path, domain, names::subdomain(domain));
            let allowed = |c: char| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c);
            if !rest.chars().all(allowed) {
                let detail = "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
                errors.invalid_text(path, rest, detail);
            }
        }
        _ => {
            errors.invalid_text(path, name, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        }
    }
}

/// What an Indexed Job needs, and the limits of large ones.
fn indexed(spec: &Value, path: &str, errors: &mut Errors) {
    /// `maxParallelismForIndexedJob` and `maxFailedIndexesForIndexedJob`.
    const MOST: i64 = 100_000;
    /// `completionsSoftLimit`.
    const MANY: i64 = 100_000;
    /// `parallelismLimitForHighCompletions` and `maxFailedIndexesLimitForHighCompletions`.
    const MOST_OF_MANY: i64 = 10_000;
    let (completions, parallelism) = (&spec["completions"], &spec["parallelism"]);
    let failed = &spec["maxFailedIndexes"];
    if is_nil(completions) {
        errors.required(format!("{path}.completions"), "when completion mode is Indexed");
    }
    if int(parallelism) > MOST {
        let detail = format!("must be less than or equal to {MOST} when completion mode is Indexed");
        errors.invalid(format!("{path}.parallelism"), parallelism, &detail);
    }
    if !is_nil(completions) && !is_nil(failed) && int(failed) > int(completions) {
        errors.invalid(format!("{path}.maxFailedIndexes"), failed, "must be less than or equal to completions");
    }
    if int(failed) > MOST {
        let detail = format!("must be less than or equal to {MOST}");
        errors.invalid(format!("{path}.maxFailedIndexes"), failed, &detail);
    }
    if int(completions) > MANY && !is_nil(&spec["backoffLimitPerIndex"]) {
        if is_nil(failed) {
            let detail = format!("must be specified when completions is above {MANY}");
            errors.required(format!("{path}.maxFailedIndexes"), &detail);
        }
        let detail = format!(
            "must be less than or equal to {MOST_OF_MANY} when completions are above {MANY} and used with backoff limit per index"
        );
        for (field, value) in [("parallelism", parallelism), ("maxFailedIndexes", failed)] {
            if int(value) > MOST_OF_MANY {
                errors.invalid(format!("{path}.{field}"), value, &detail);
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
