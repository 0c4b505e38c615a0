//! Selectors: parsing, printing, matching, complaints.

use std::path::Path;

use kubelapse::api::selector::{ParsedSelector, label_selector, node_selector_error};
use kubelapse::api::{convert, value};
use kubelapse::model::labels::Labels;
use serde_json::Value;

use super::suite::{Outcome, json_lines};

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "api", "selectors")?;
    Some(cases.iter().map(|case| (case["selector"].to_string(), one(case))).collect())
}

fn one(case: &Value) -> Result<(), String> {
    let selector = &case["selector"];
    let labels: Vec<Labels> = value::items(&case["labels"]).iter().map(convert::labels).collect();
    let outcome = match value::text(&case["type"]) {
        "string" => ParsedSelector::parse(value::text(selector)),
        "labelSelector" => label_selector(selector),
        _ => return node(case, &labels),
    };
    let parsed = match outcome {
        Ok(parsed) => parsed,
        Err(error) => return same("error", &error, value::text(&case["error"])),
    };
    if !case["error"].is_null() {
        return Err(format!("no error, expected {}", case["error"]));
    }
    same("canonical", &parsed.to_string(), value::text(&case["canonical"]))?;
    let selector = parsed.to_selector();
    let found: Vec<bool> = labels.iter().map(|labels| selector.matches(labels)).collect();
    same("match", &format!("{found:?}"), &format!("{:?}", flags(case)))
}

fn node(case: &Value, labels: &[Labels]) -> Result<(), String> {
    if let Some(error) = node_selector_error(&case["selector"]) {
        return same("error", &error, value::text(&case["error"]));
    }
    let terms = convert::node_selector_terms(&case["selector"]);
    let names = value::items(&case["names"]);
    let found: Vec<bool> = labels
        .iter()
        .zip(names)
        .map(|(labels, name)| terms.iter().any(|term| term.matches(value::text(name), labels)))
        .collect();
    same("match", &format!("{found:?}"), &format!("{:?}", flags(case)))
}

fn flags(case: &Value) -> Vec<bool> {
    value::items(&case["match"]).iter().map(value::flag).collect()
}

fn same(what: &str, found: &str, expected: &str) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found} expected {expected}")) }
}
