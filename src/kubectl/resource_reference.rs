//! `resourceFieldRef`: what a container is told of its own resources. Upstream: cmd/set/env
//! `extractContainerResourceValue`, kubectl pkg/util/resource `ExtractContainerResourceValue`.

use serde_json::Value;

use super::printers::{plain, text};
use crate::model::quantity::Quantity;

/// The amount in whole divisors, rounded up; one that is not stated is zero.
///
/// # Errors
/// The resource is none that a container can be told of.
pub(crate) fn value(reference: &Value, container: &Value) -> Result<String, String> {
    let name = text(reference, "resource");
    let known = name.split_once('.').filter(|(list, resource)| {
        ["limits", "requests"].contains(list)
            && (["cpu", "memory", "ephemeral-storage"].contains(resource) || resource.starts_with("hugepages-"))
    });
    let Some((list, resource)) = known else { return Err(format!("Unsupported container resource : {name}")) };
    let nano = |value: &Value| Quantity::parse(&plain(value)).map_or(0, |quantity| quantity.nano);
    let divisor = match nano(&reference["divisor"]) {
        0 => 1_000_000_000,
        divisor => divisor,
    };
    let amount = nano(&container["resources"][list][resource]);
    Ok(((amount + divisor - 1) / divisor).to_string())
}
