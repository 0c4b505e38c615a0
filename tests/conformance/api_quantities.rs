//! Quantities: parsing, canonical text, rounding, what is stored.

use std::path::Path;

use kubelapse::api::canonical;
use kubelapse::model::quantity::{Format, Quantity};
use serde_json::{Value, json};

use super::suite::{Outcome, json_lines};

/// Runs the suite.
pub fn check(root: &Path) -> Option<Vec<Outcome>> {
    let cases = json_lines(root, "api", "quantities")?;
    Some(cases.iter().map(|case| (case["in"].to_string(), one(case))).collect())
}

fn one(case: &Value) -> Result<(), String> {
    let text = case["in"].as_str().unwrap_or_default();
    let parsed = Quantity::parse_checked(text);
    let error = parsed.err().map_or(Value::Null, |error| Value::from(error.to_string()));
    if error != case["error"] {
        return Err(format!("error {error}, expected {}", case["error"]));
    }
    if let Ok(quantity) = parsed {
        let format = match quantity.format {
            Format::BinarySi => "BinarySI",
            Format::DecimalSi => "DecimalSI",
            Format::DecimalExponent => "DecimalExponent",
        };
        let found = json!([Quantity::canonical(text).unwrap_or_default(), quantity.value(), quantity.milli(), format]);
        let expected = json!([case["canonical"], case["value"], case["milli"], case["format"]]);
        if found != expected {
            return Err(format!("found {found} expected {expected}"));
        }
    }
    if let Some(stored) = case["stored"].as_str() {
        let found = canonical::resource(&case["in"]);
        if found != stored {
            return Err(format!("stored as {found}, expected {stored}"));
        }
    }
    Ok(())
}
