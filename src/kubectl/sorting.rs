//! `--sort-by`: rows in the order of a field. Upstream: kubectl cmd/get `RuntimeSort`, `TableSorter`, `isLess`.

mod pdq;

use std::cmp::Ordering;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;
use crate::model::quantity::Quantity;

use super::command_line::CommandLine;
use super::errors::Failure;
use super::jsonpath::Template;

/// The field of `--sort-by`, with or without braces and the first dot. Upstream: `RelaxedJSONPathExpression`.
pub(crate) fn path_of(line: &CommandLine) -> Result<Option<Template>, Failure> {
    let path = line.flags.text("sort-by");
    if path.is_empty() {
        return Ok(None);
    }
    Template::parse_relaxed(path).map(Some).map_err(|error| {
        // Upstream: `RelaxedJSONPathExpression` is asked before anything else is said.
        let is_relaxed = error.starts_with("unexpected path string");
        Failure::error(if is_relaxed { error } else { format!("error parsing jsonpath {path}, {error}") })
    })
}

/// Why objects cannot be sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unsortable {
    /// The field holds a structure or a list: its type in Go.
    Kind(&'static str),
    /// The path cannot be followed.
    Path(String),
}

/// Sorts objects by the field; those without it come first. False if no object has it, and nothing is sorted.
pub(crate) fn sort(cluster: &Cluster, path: &Template, objects: &mut [ObjectRef]) -> Result<bool, Unsortable> {
    let mut rows: Vec<(Option<Value>, ObjectRef)> = Vec::with_capacity(objects.len());
    for object in objects.iter() {
        let view = if object.kind == Kind::EVENT { cluster.event_view(object.id) } else { cluster.view(*object) };
        let found = path.results(&view, true).map_err(Unsortable::Path)?;
        rows.push((found.into_iter().flatten().next().cloned(), *object));
    }
    if !rows.is_empty() && rows.iter().all(|(value, _)| value.is_none()) {
        return Ok(false);
    }
    if rows.len() > 1 {
        let structures = rows.iter().find_map(|(value, _)| match value {
            Some(Value::Object(_)) => Some("map[string]interface {}"),
            Some(Value::Array(_)) => Some("[]interface {}"),
            _ => None,
        });
        if let Some(structure) = structures {
            return Err(Unsortable::Kind(structure));
        }
    }
    pdq::sort(&mut rows, |(left, _), (right, _)| match (left, right) {
        // Upstream says so even of two rows that both lack the field.
        (None, _) => true,
        (_, None) => false,
        (Some(left), Some(right)) => is_less(left, right),
    });
    for (place, (_, object)) in objects.iter_mut().zip(rows) {
        *place = object;
    }
    Ok(true)
}

fn is_less(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left < right,
            _ => left.as_f64() < right.as_f64(),
        },
        (Value::Bool(left), Value::Bool(right)) => !left & right,
        (Value::Null, other) => !other.is_null(),
        (Value::String(left), Value::String(right)) => match (Quantity::parse(left), Quantity::parse(right)) {
            (Some(left), Some(right)) => left.nano < right.nano,
            _ => natural(left, right) == Ordering::Less,
        },
        _ => false,
    }
}

/// Texts as people sort them: runs of digits by their number, digits before everything else, the rest by bytes.
/// Upstream: sortorder `NaturalLess`.
fn natural(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    let number = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    while let (Some(one), Some(other)) = (left.first(), right.first()) {
        match (one.is_ascii_digit(), other.is_ascii_digit()) {
            (true, true) => {
                let (left_run, right_run) = (number(left), number(right));
                let zeros = |run: &[u8]| run.iter().take_while(|byte| **byte == b'0').count();
                let (left_zeros, right_zeros) = (zeros(&left[..left_run]), zeros(&right[..right_run]));
                let (left_digits, right_digits) = (&left[left_zeros..left_run], &right[right_zeros..right_run]);
                let order = left_digits.len().cmp(&right_digits.len());
                let order = order.then_with(|| left_digits.cmp(right_digits)).then(left_zeros.cmp(&right_zeros));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (&left[left_run..], &right[right_run..]);
            }
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) if one != other => return one.cmp(other),
            (false, false) => (left, right) = (&left[1..], &right[1..]),
        }
    }
    left.len().cmp(&right.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_within_texts_count_as_numbers() {
        let mut names = ["web-10", "web-2", "web", "web-02", "1", "a"];
        names.sort_by(|left, right| natural(left, right));
        assert_eq!(names, ["1", "a", "web", "web-2", "web-02", "web-10"]);
    }
}
