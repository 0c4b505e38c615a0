//! Fields by path, `spec/template/metadata/labels`; lists on the way are gone through.
//! Upstream: kustomize api/filters/fieldspec `Filter`.

use serde_json::{Map, Value};

use super::kustomization::FieldSpec;
use super::resource::Gvk;

/// A field of some kinds; empty texts stand for any.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec<'a> {
    pub(super) group: &'a str,
    pub(super) version: &'a str,
    pub(super) kind: &'a str,
    pub(super) path: &'a str,
    /// Is it made where it is missing?
    pub(super) create: bool,
}

impl<'a> Spec<'a> {
    /// A field of a kind, made where it is missing or not.
    pub(super) const fn of(group: &'a str, kind: &'a str, path: &'a str, create: bool) -> Self {
        Self { group, version: "", kind, path, create }
    }

    /// As typed in a kustomization.
    pub(super) fn typed(spec: &'a FieldSpec) -> Self {
        let FieldSpec { group, version, kind, path, create } = spec;
        Self { group, version, kind, path, create: *create }
    }

    /// Upstream: `Gvk.IsSelected`.
    pub(super) fn selects(&self, gvk: &Gvk) -> bool {
        let fits = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
        fits(self.group, &gvk.group) && fits(self.version, &gvk.version) && fits(self.kind, &gvk.kind)
    }
}

/// Calls `set` with each place that a path leads to. A missing one is made as `empty` if `create` says so.
pub(super) fn visit(
    value: &mut Value,
    path: &str,
    (create, empty): (bool, &Value),
    set: &mut impl FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let parts = split(path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    walk(value, &parts, (create, empty), set)
}

/// The parts of a path; `\/` is no separator.
fn split(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = path.chars().peekable();
    while let Some(letter) = letters.next() {
        let last = parts.len() - 1;
        match letter {
            '\\' if letters.peek() == Some(&'/') => parts[last].extend(letters.next()),
            '/' => parts.push(String::new()),
            other => parts[last].push(other),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn walk(
    value: &mut Value,
    parts: &[&str],
    (create, empty): (bool, &Value),
    set: &mut impl FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let Some((first, rest)) = parts.split_first() else { return set(value) };
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| walk(item, parts, (create, empty), set)),
        Value::Object(members) => {
            let is_list = first.ends_with("[]");
            let key = first.trim_end_matches("[]");
            // What is missing inside of lists is not made: there is no telling how many.
            let create = create && !is_list;
            if members.get(key).is_none_or(Value::is_null) {
                if !create || rest.iter().any(|part| part.ends_with("[]")) {
                    return Ok(());
                }
                let made = if rest.is_empty() { empty.clone() } else { Value::Object(Map::new()) };
                members.insert(key.to_owned(), made);
            }
            members.get_mut(key).map_or(Ok(()), |member| walk(member, rest, (create, empty), set))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_go_through_lists_and_make_what_is_missing() {
        let mut value = json!({"spec": {"from": [{"selector": {"a": "b"}}, {}]}});
        let mut seen = 0;
        let mut count = |_: &mut Value| {
            seen += 1;
            Ok(())
        };
        visit(&mut value, "spec/from/selector", (false, &Value::Null), &mut count).unwrap();
        assert_eq!(seen, 1);
        let mut set = |place: &mut Value| {
            place["x"] = json!("y");
            Ok(())
        };
        visit(&mut value, "metadata/labels", (true, &json!({})), &mut set).unwrap();
        assert_eq!(value["metadata"]["labels"]["x"], "y");
        assert_eq!(split("metadata/annotations/a\\/b"), ["metadata", "annotations", "a/b"]);
    }
}
