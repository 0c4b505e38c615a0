//! `--sort-by`: rows in the order of a field. Upstream: kubectl cmd/get `SortingPrinter`.

use std::cmp::Ordering;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;
use crate::model::quantity::Quantity;

use super::command_line::CommandLine;

/// The path of `--sort-by`, without braces.
pub(crate) fn path_of(line: &CommandLine) -> Option<String> {
    let path = line.flags.text("sort-by");
    if path.is_empty() {
        return None;
    }
    let path = path.strip_prefix('{').and_then(|path| path.strip_suffix('}')).unwrap_or(path);
    Some(path.trim_start_matches('.').to_owned())
}

/// Sorts objects by the field; those without it come first.
pub(crate) fn sort(cluster: &Cluster, path: &str, objects: &mut [ObjectRef]) {
    let value = |object: &ObjectRef| {
        let view = if object.kind == Kind::EVENT { cluster.event_view(object.id) } else { cluster.view(*object) };
        at(&view, path)
    };
    objects.sort_by_cached_key(|object| Key(value(object)));
}

/// The value at a path such as `status.containerStatuses[0].restartCount`.
fn at(value: &Value, path: &str) -> Value {
    let pointer: String = path
        .replace('[', ".")
        .replace(']', "")
        .split('.')
        .filter(|step| !step.is_empty())
        .map(|step| format!("/{step}"))
        .collect();
    value.pointer(&pointer).cloned().unwrap_or(Value::Null)
}

struct Key(Value);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Less,
            (_, Value::Null) => Ordering::Greater,
            (Value::Number(left), Value::Number(right)) => {
                left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal)
            }
            (Value::String(left), Value::String(right)) => match (Quantity::parse(left), Quantity::parse(right)) {
                (Some(left), Some(right)) => left.nano.cmp(&right.nano),
                _ => left.cmp(right),
            },
            (left, right) => left.to_string().cmp(&right.to_string()),
        }
    }
}
