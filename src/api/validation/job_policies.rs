//! Failure and success policies of Jobs. Upstream: pkg/apis/batch/validation `validatePodFailurePolicy`,
//! `validateSuccessPolicy`.

use serde_json::Value;

use super::super::value::{int, is_nil, items, text};
use super::{Errors, names, not_negative};

const OPERATORS: [&str; 2] = ["In", "NotIn"];
const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];
const RULES_MAX: usize = 20;
const CONDITIONS_MAX: usize = 20;
const CODES_MAX: usize = 255;
const INDEXES_BYTES_MAX: usize = 64 * 1024;

/// `valid values: ["A" "B"]`, as Go's `%q` prints a list.
fn valid_values(values: &[&str]) -> String {
    let listed: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("valid values: [{}]", listed.join(" "))
}

pub(super) fn failure(spec: &Value, path: &str, errors: &mut Errors) {
    let path = format!("{path}.podFailurePolicy.rules");
    let rules = items(&spec["podFailurePolicy"]["rules"]);
    errors.at_most(&path, rules.len(), RULES_MAX);
    let containers: Vec<&str> = ["containers", "initContainers"]
        .into_iter()
        .flat_map(|list| items(&spec["template"]["spec"][list]))
        .map(|container| text(&container["name"]))
        .collect();
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("{path}[{index}]");
        match text(&rule["action"]) {
            "" => errors.required(format!("{path}.action"), &valid_values(&ACTIONS)),
            "FailIndex" => {
                if is_nil(&spec["backoffLimitPerIndex"]) {
                    let detail = "requires the backoffLimitPerIndex to be set";
                    errors.invalid_text(format!("{path}.action"), "FailIndex", detail);
                }
            }
            action => errors.one_of(format!("{path}.action"), action, &ACTIONS),
        }
        let codes = &rule["onExitCodes"];
        let conditions = items(&rule["onPodConditions"]);
        if !is_nil(codes) {
            exit_codes(codes, &containers, &format!("{path}.onExitCodes"), errors);
        }
        pod_conditions(conditions, &format!("{path}.onPodConditions"), errors);
        if !is_nil(codes) && !conditions.is_empty() {
            errors.invalid_whole(&path, "specifying both OnExitCodes and OnPodConditions is not supported");
        }
        if is_nil(codes) && conditions.is_empty() {
            errors.invalid_whole(&path, "specifying one of OnExitCodes and OnPodConditions is required");
        }
    }
}

/// Upstream: `validatePodFailurePolicyRuleOnExitCodes`.
fn exit_codes(codes: &Value, containers: &[&str], path: &str, errors: &mut Errors) {
    let operator = text(&codes["operator"]);
    if operator.is_empty() {
        errors.required(format!("{path}.operator"), &valid_values(&OPERATORS));
    } else {
        errors.one_of(format!("{path}.operator"), operator, &OPERATORS);
    }
    if let Some(container) = codes["containerName"].as_str().filter(|name| !containers.contains(name)) {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.invalid_text(format!("{path}.containerName"), container, detail);
    }
    let path = format!("{path}.values");
    let values = items(&codes["values"]);
    if values.is_empty() {
        errors.invalid(&path, &codes["values"], "at least one value is required");
    } else {
        errors.at_most(&path, values.len(), CODES_MAX);
    }
    for (index, code) in values.iter().enumerate() {
        if operator == "In" && int(code) == 0 {
            errors.invalid(format!("{path}[{index}]"), code, "must not be 0 for the In operator");
        }
        if values[..index].contains(code) {
            errors.duplicate_raw(format!("{path}[{index}]"), &code.to_string());
        }
    }
    if values.windows(2).any(|pair| int(&pair[0]) > int(&pair[1])) {
        errors.invalid(&path, &codes["values"], "must be ordered");
    }
}

/// Upstream: `validatePodFailurePolicyRuleOnPodConditions`.
fn pod_conditions(conditions: &[Value], path: &str, errors: &mut Errors) {
    errors.at_most(path, conditions.len(), CONDITIONS_MAX);
    for (index, pattern) in conditions.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let (kind, status) = (text(&pattern["type"]), text(&pattern["status"]));
        errors.invalid_texts(format!("{path}.type"), kind, names::qualified(kind));
        if status.is_empty() {
            errors.required(format!("{path}.status"), &valid_values(&STATUSES));
        } else {
            errors.one_of(format!("{path}.status"), status, &STATUSES);
        }
    }
}

/// The policy of an Indexed Job.
pub(super) fn success(spec: &Value, path: &str, errors: &mut Errors) {
    let path = format!("{path}.successPolicy.rules");
    let completions = int(&spec["completions"]);
    let rules = items(&spec["successPolicy"]["rules"]);
    if rules.is_empty() {
        errors.required(&path, "at least one rules must be specified when the successPolicy is specified");
    }
    errors.at_most(&path, rules.len(), RULES_MAX);
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let (indexes, count) = (&rule["succeededIndexes"], &rule["succeededCount"]);
        if is_nil(indexes) && is_nil(count) {
            errors.required(&path, "at least one of succeededCount or succeededIndexes must be specified");
        }
        let mut total = 0;
        if let Some(list) = indexes.as_str() {
            let path = format!("{path}.succeededIndexes");
            if list.len() > INDEXES_BYTES_MAX {
                errors.too_long(&path, INDEXES_BYTES_MAX);
            }
            match number_of_indexes(list, completions) {
                Ok(number) => total = number,
                Err(reason) => {
                    errors.invalid_text(&path, list, &format!("error parsing succeededIndexes: {reason}"));
                }
            }
        }
        let path = format!("{path}.succeededCount");
        not_negative(count, &path, errors);
        if !is_nil(count) && int(count) > completions {
            let detail = format!("must be less than or equal to {completions} (the number of specified completions)");
            errors.invalid(&path, count, &detail);
        }
        if !is_nil(count) && !is_nil(indexes) && int(count) > total {
            let detail = format!(
                "must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
            );
            errors.invalid(&path, count, &detail);
        }
    }
}

/// How many indexes a list such as `0-2,5` has. Upstream: `validateIndexesFormat`, `parseIndexInterval`.
fn number_of_indexes(list: &str, completions: i64) -> Result<i64, String> {
    if list.is_empty() {
        return Ok(0);
    }
    let mut last = None;
    let mut total = 0;
    for interval in list.split(',') {
        let parts: Vec<&str> = interval.split('-').collect();
        if parts.len() > 2 {
            return Err(format!(
                "the fragment {interval:?} violates the requirement that an index interval can have at most two parts separated by '-'"
            ));
        }
        let index = |text: &str| -> Result<i64, String> {
            let number: i64 =
                text.parse().map_err(|_| format!("cannot convert string to integer for index: {text:?}"))?;
            if number >= completions { Err(format!("too large index: {text:?}")) } else { Ok(number) }
        };
        let first = index(parts[0])?;
        let end = match parts.get(1) {
            Some(text) => {
                let end = index(text)?;
                if first >= end {
                    return Err(format!("non-increasing order, previous: {first}, current: {end}"));
                }
                end
            }
            None => first,
        };
        if let Some(last) = last.filter(|last| *last >= first) {
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}
