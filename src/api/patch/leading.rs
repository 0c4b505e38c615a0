//! The order that kustomize's merging leaves: what a patch names comes first in its lists.
//! Upstream: kyaml yaml/walk `setAssociativeSequenceElements` with `MergeOptionsListPrepend`.

use serde_json::Value;

use super::Place;
use super::merge_keys::{ListStrategy, of_list};
use crate::model::kind::Kind;

/// Puts the items that `patch` names before the others, list by list, in an object that it was merged into.
pub fn patched_first(kind: Option<Kind>, merged: &mut Value, patch: &Value) {
    arrange(merged, patch, Place { kind, parent: "" });
}

fn arrange(merged: &mut Value, patch: &Value, place: Place<'_>) {
    let (Value::Object(merged), Value::Object(patch)) = (merged, patch) else { return };
    for (key, patched) in patch {
        let Some(member) = merged.get_mut(key) else { continue };
        let below = Place { kind: place.kind, parent: key };
        match (member, patched, of_list(place, key)) {
            (Value::Array(items), Value::Array(named), ListStrategy::ByKey(by)) => {
                let rank = |item: &Value| named.iter().position(|other| other[by] == item[by]).unwrap_or(usize::MAX);
                items.sort_by_key(rank);
                for item in items {
                    if let Some(other) = named.iter().find(|other| other[by] == item[by]) {
                        arrange(item, other, below);
                    }
                }
            }
            (member @ Value::Object(_), patched, _) => arrange(member, patched, below),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_patch_names_comes_first() {
        let mut merged = json!({"spec": {"containers": [{"name": "a"}, {"name": "b", "env": [{"name": "X"}, {"name": "Y"}]}, {"name": "c"}]}});
        let patch = json!({"spec": {"containers": [{"name": "c"}, {"name": "b", "env": [{"name": "Y"}]}]}});
        patched_first(Some(Kind::POD), &mut merged, &patch);
        let expected = json!({"spec": {"containers": [{"name": "c"}, {"name": "b", "env": [{"name": "Y"}, {"name": "X"}]}, {"name": "a"}]}});
        assert_eq!(merged, expected);
    }
}
