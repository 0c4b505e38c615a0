//! Selector objects: what a controller makes of them, or why it cannot.

use serde_json::Value;

use super::super::value::{items, members, short, text, texts};
use super::{ParsedSelector, Spelling, check};
use crate::model::selector::{Operator, Requirement};

/// A `metav1.LabelSelector` for matching and printing. Upstream: `LabelSelectorAsSelector`.
pub fn label_selector(selector: &Value) -> Result<ParsedSelector, String> {
    let mut entries = Vec::new();
    for (key, value) in members(&selector["matchLabels"]) {
        let requirement = Requirement { key: key.into(), operator: Operator::In, values: [short(value)].into() };
        check(&requirement, "key", "values")?;
        entries.push((Spelling::Equals, requirement));
    }
    for expression in items(&selector["matchExpressions"]) {
        let name = text(&expression["operator"]);
        let operator = match name {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => return Err(format!("{name:?} is not a valid label selector operator")),
        };
        let requirement = requirement(expression, operator);
        check(&requirement, "key", "values")?;
        let mut sorted = requirement;
        sorted.values.sort();
        entries.push((Spelling::Other, sorted));
    }
    entries.sort_by(|left, right| left.1.key.cmp(&right.1.key));
    Ok(ParsedSelector { entries })
}

fn requirement(expression: &Value, operator: Operator) -> Requirement {
    Requirement { key: short(&expression["key"]), operator, values: texts(&expression["values"]).into() }
}

/// Why a node selector cannot be evaluated; the scheduler meets this only for terms that it reaches.
/// Upstream: component-helpers nodeaffinity `NewNodeSelector`.
pub fn node_selector_error(selector: &Value) -> Option<String> {
    for (index, term) in items(&selector["nodeSelectorTerms"]).iter().enumerate() {
        let path = format!("nodeSelectorTerms[{index}]");
        for (index, expression) in items(&term["matchExpressions"]).iter().enumerate() {
            let path = format!("{path}.matchExpressions[{index}]");
            let name = text(&expression["operator"]);
            let operator = match name {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                "Gt" => Operator::Gt,
                "Lt" => Operator::Lt,
                _ => {
                    return Some(format!(
                        "{path}.operator: Unsupported value: {name:?}: supported values: \"In\", \"NotIn\", \"Exists\", \"DoesNotExist\", \"Gt\", \"Lt\""
                    ));
                }
            };
            let requirement = requirement(expression, operator);
            if let Err(error) = check(&requirement, &format!("{path}.key"), &format!("{path}.values")) {
                return Some(error);
            }
        }
        for (index, field) in items(&term["matchFields"]).iter().enumerate() {
            if items(&field["values"]).len() != 1 {
                let values = &field["values"];
                return Some(format!(
                    "{path}.matchFields[{index}].values: Invalid value: {values}: must have one element"
                ));
            }
        }
    }
    None
}
