//! The one path grammar of `--set`, `set` steps and sweeps, and its application to a tree of values:
//! `cluster.nodes[worker].count`, `traffic[shoppers].rps`,
//! `HorizontalPodAutoscaler/web:spec.metrics[0].resource.target.averageUtilization`.
//!
//! A path is names with dots between them. Brackets go into a list by index or by name (the item's `name` or
//! `group`), or into an object by a key that is no plain word (`capacity[nvidia.com/gpu]`). Before a colon stands
//! `Kind/name` or `Kind/namespace/name` of a manifest; without it the path starts at `spec` of the scenario.

use serde_json::{Map, Value};

use super::field_path::{FieldPath, Segment};
use super::suggest;

/// Most steps of a path.
const STEPS_MAX: usize = 64;

/// A path, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// As typed.
    pub text: String,
    /// What it leads into.
    pub target: Target,
    steps: Vec<Step>,
}

/// What a path starts at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The scenario's `spec`.
    Scenario,
    /// A manifest.
    Manifest(ObjectName),
}

/// A manifest by kind and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// `Deployment`; upper and lower case are the same.
    pub kind: String,
    /// If given.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// `.name`.
    Field(String),
    /// `[3]`, `[worker]`, `["nvidia.com/gpu"]`.
    Item(String),
}

impl Setting {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (target, path) = split_target(text)?;
        let steps = parse_steps(path)?;
        if steps.is_empty() {
            return Err(format!("`{text}` names no field"));
        }
        if steps.len() > STEPS_MAX {
            return Err("the path is too long".to_owned());
        }
        Ok(Self { text: text.to_owned(), target, steps })
    }

    /// Puts `value` where the path leads in `root` (a scenario document, or a manifest). Objects that are missing
    /// on the way are made; items of lists are not. Returns the path of the field.
    ///
    /// # Errors
    /// Where the path leads nowhere, with the nearest names.
    pub fn apply(&self, root: &mut Value, value: Value) -> Result<FieldPath, String> {
        let mut path = FieldPath::default();
        let mut place = root;
        if self.target == Target::Scenario && !self.starts_at_root() {
            path.0.push(Segment::Key("spec".to_owned()));
            place = entry(place, "spec", &path)?;
        }
        for step in &self.steps {
            place = match step {
                Step::Field(name) => {
                    path.0.push(Segment::Key(name.clone()));
                    entry(place, name, &path)?
                }
                Step::Item(selector) => item(place, selector, &mut path)?,
            };
        }
        *place = value;
        Ok(path)
    }

    /// What stands where the path leads in `root` itself, which is read and not changed: metrics are found in a
    /// summary as settings are in a scenario.
    ///
    /// # Errors
    /// The first name on the way that is not there, with the nearest one that is.
    pub fn find<'a>(&self, root: &'a Value) -> Result<&'a Value, String> {
        let mut path = FieldPath::default();
        let mut place = root;
        for step in &self.steps {
            let (Step::Field(name) | Step::Item(name)) = step;
            let inside = match place {
                Value::Object(object) => object.get(name),
                Value::Array(list) => position(list, name).map(|index| &list[index]),
                _ => return Err(format!("`{path}` holds a single value, there is nothing inside")),
            };
            place = inside.ok_or_else(|| {
                let known = match place {
                    Value::Object(object) => object.keys().cloned().collect(),
                    other => names_of(other.as_array().map_or(&[], Vec::as_slice)),
                };
                let hint = suggest::hint(name, known.iter().map(String::as_str));
                let whole = if path.0.is_empty() { String::new() } else { format!(" in `{path}`") };
                format!("there is no `{name}`{whole}; {hint}").trim_end_matches("; ").to_owned()
            })?;
            path.0.push(Segment::Key(name.clone()));
        }
        Ok(place)
    }

    /// The names on the way, as typed.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|(Step::Field(name) | Step::Item(name))| name.as_str())
    }

    /// The name that the path starts with.
    pub fn first_field(&self) -> Option<&str> {
        match self.steps.first()? {
            Step::Field(name) | Step::Item(name) => Some(name),
        }
    }

    /// `metadata.name` and `spec.seed` are taken as they stand.
    fn starts_at_root(&self) -> bool {
        matches!(self.steps.first(), Some(Step::Field(name)) if name == "metadata" || name == "spec")
    }
}

impl ObjectName {
    /// Is `object` (the tree of a manifest) the one that is named?
    pub fn matches(&self, object: &Value) -> bool {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        let metadata = object.get("metadata");
        let text = |name| metadata.and_then(|metadata| metadata.get(name)).and_then(Value::as_str);
        kind.eq_ignore_ascii_case(&self.kind)
            && text("name") == Some(&self.name)
            && self.namespace.as_deref().is_none_or(|namespace| text("namespace").unwrap_or("default") == namespace)
    }
}

/// The field `name` of the object `place`; a missing one is made.
fn entry<'a>(place: &'a mut Value, name: &str, path: &FieldPath) -> Result<&'a mut Value, String> {
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    match place {
        Value::Object(object) => Ok(object.entry(name).or_insert(Value::Null)),
        Value::Array(items) => {
            let (items, parent) = (names_of(items), path.parent().unwrap_or_default());
            Err(format!("`{parent}` is a list: name an item in brackets ({})", items.join(", ")))
        }
        _ => Err(format!("`{}` holds a single value, there is nothing inside", path.parent().unwrap_or_default())),
    }
}

/// The item `selector` of the list `place`, or the key of that name of an object.
fn item<'a>(place: &'a mut Value, selector: &str, path: &mut FieldPath) -> Result<&'a mut Value, String> {
    let list = match place {
        Value::Array(list) => list,
        Value::Object(_) | Value::Null => {
            path.0.push(Segment::Key(selector.to_owned()));
            return entry(place, selector, path);
        }
        _ => return Err(format!("`{path}` holds a single value, there is nothing inside")),
    };
    let length = list.len();
    let index = position(list, selector).ok_or_else(|| {
        if selector.parse::<usize>().is_ok() {
            return format!("`{path}` has {length} items, counted from 0");
        }
        let names = names_of(list);
        let hint = suggest::hint(selector, names.iter().map(String::as_str));
        format!("`{path}` has no item `{selector}`; {hint}")
    })?;
    path.0.push(Segment::Index(index));
    Ok(&mut list[index])
}

/// The place of the item `selector`: its index, or the first of its name.
fn position(list: &[Value], selector: &str) -> Option<usize> {
    match selector.parse::<usize>() {
        Ok(index) => (index < list.len()).then_some(index),
        Err(_) => list.iter().position(|item| is_named(item, selector)),
    }
}

/// An item is named by its `group`, its `name`, or its `name` without the counter.
fn is_named(item: &Value, selector: &str) -> bool {
    let text = |field| item.get(field).and_then(Value::as_str);
    text("group") == Some(selector)
        || text("name").is_some_and(|name| name == selector || name.replace("-{}", "") == selector)
}

fn names_of(list: &[Value]) -> Vec<String> {
    let name = |(index, item): (usize, &Value)| {
        let own = item.get("group").or_else(|| item.get("name")).and_then(Value::as_str);
        own.map_or_else(|| index.to_string(), |name| name.replace("-{}", ""))
    };
    list.iter().enumerate().map(name).collect()
}

/// `Kind/name:path` or `path`; a colon inside brackets is part of the path.
fn split_target(text: &str) -> Result<(Target, &str), String> {
    let end = text.find(['[', '=']).unwrap_or(text.len());
    let Some(colon) = text[..end].find(':') else { return Ok((Target::Scenario, text)) };
    let parts: Vec<&str> = text[..colon].split('/').collect();
    let name = match parts.as_slice() {
        [kind, name] => ObjectName { kind: (*kind).to_owned(), namespace: None, name: (*name).to_owned() },
        [kind, namespace, name] => {
            ObjectName { kind: (*kind).to_owned(), namespace: Some((*namespace).to_owned()), name: (*name).to_owned() }
        }
        _ => return Err(format!("`{}` is not Kind/name or Kind/namespace/name", &text[..colon])),
    };
    if name.kind.is_empty() || name.name.is_empty() {
        return Err(format!("`{}` is not Kind/name or Kind/namespace/name", &text[..colon]));
    }
    Ok((Target::Manifest(name), &text[colon + 1..]))
}

fn parse_steps(path: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (selector, after) = bracket(inside).ok_or_else(|| format!("a bracket of `{path}` is not closed"))?;
            if selector.is_empty() {
                return Err(format!("a bracket of `{path}` is empty"));
            }
            steps.push(Step::Item(selector));
            rest = after;
            if !rest.is_empty() && !rest.starts_with(['[', '.']) {
                return Err(format!("a dot is missing after a bracket of `{path}`"));
            }
        } else {
            let start = rest.strip_prefix('.').filter(|_| !steps.is_empty()).unwrap_or(rest);
            let end = start.find(['.', '[']).unwrap_or(start.len());
            if end == 0 {
                return Err(format!("a name of `{path}` is empty"));
            }
            steps.push(Step::Field(start[..end].to_owned()));
            rest = &start[end..];
            if rest == "." {
                return Err(format!("`{path}` ends with a dot"));
            }
        }
    }
    Ok(steps)
}

/// What stands in a bracket (quotes are taken off), and what follows it.
fn bracket(inside: &str) -> Option<(String, &str)> {
    for quote in ['"', '\''] {
        if let Some(quoted) = inside.strip_prefix(quote) {
            let end = quoted.find(quote)?;
            return Some((quoted[..end].to_owned(), quoted[end + 1..].strip_prefix(']')?));
        }
    }
    let end = inside.find(']')?;
    Some((inside[..end].trim().to_owned(), &inside[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scenario() -> Value {
        json!({"spec": {
            "cluster": {"nodes": [{"name": "gpu-{}", "count": 1}, {"name": "n", "group": "worker", "count": 3}]},
            "traffic": [{"name": "shoppers", "rps": 1}],
        }})
    }

    fn set(root: &mut Value, path: &str, value: Value) -> Result<String, String> {
        Setting::parse(path)?.apply(root, value).map(|path| path.to_string())
    }

    #[test]
    fn items_are_found_by_index_name_and_group() {
        let mut root = scenario();
        assert_eq!(set(&mut root, "cluster.nodes[worker].count", json!(5)).unwrap(), "spec.cluster.nodes[1].count");
        set(&mut root, "cluster.nodes[gpu].count", json!(7)).unwrap();
        set(&mut root, "traffic[0].rps", json!(900)).unwrap();
        assert_eq!(root["spec"]["cluster"]["nodes"][1]["count"], 5);
        assert_eq!(root["spec"]["cluster"]["nodes"][0]["count"], 7);
        assert_eq!(root["spec"]["traffic"][0]["rps"], 900);
    }

    #[test]
    fn objects_on_the_way_are_made_and_keys_with_dots_go_in_brackets() {
        let mut root = scenario();
        set(&mut root, "output.sample", json!("5s")).unwrap();
        set(&mut root, "cluster.nodes[gpu].capacity[nvidia.com/gpu]", json!(2)).unwrap();
        set(&mut root, "metadata.name", json!("x")).unwrap();
        assert_eq!(root["spec"]["output"]["sample"], "5s");
        assert_eq!(root["spec"]["cluster"]["nodes"][0]["capacity"]["nvidia.com/gpu"], 2);
        assert_eq!(root["metadata"]["name"], "x");
    }

    #[test]
    fn a_wrong_item_gets_the_nearest_name() {
        let error = set(&mut scenario(), "cluster.nodes[workr].count", json!(1)).unwrap_err();
        assert!(error.ends_with("did you mean `worker`?"), "{error}");
        let error = set(&mut scenario(), "cluster.nodes.count", json!(1)).unwrap_err();
        assert!(error.contains("is a list: name an item in brackets (gpu, worker)"), "{error}");
        assert!(set(&mut scenario(), "cluster.nodes[9].count", json!(1)).is_err());
        assert!(set(&mut scenario(), "traffic[0].rps.sine.mean", json!(1)).is_err());
    }

    #[test]
    fn a_field_of_a_manifest_is_named_by_kind_and_name() {
        let setting =
            Setting::parse("HorizontalPodAutoscaler/web:spec.metrics[0].resource.target.averageUtilization").unwrap();
        let mut object = json!({"kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
            "spec": {"metrics": [{"resource": {"target": {"averageUtilization": 50}}}]}});
        let Target::Manifest(name) = &setting.target else { panic!("{setting:?}") };
        assert!(name.matches(&object));
        setting.apply(&mut object, json!(70)).unwrap();
        assert_eq!(object["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 70);
        let Target::Manifest(name) = Setting::parse("pod/shop/web:spec.x").unwrap().target else { panic!() };
        assert_eq!(name.namespace.as_deref(), Some("shop"));
        assert!(!name.matches(&json!({"kind": "Pod", "metadata": {"name": "web"}})));
    }

    #[test]
    fn broken_paths_are_errors() {
        for path in ["", ".", "a..b", "a.", "a[", "a[]", "a[x]y", "a[\"x]", "Deployment:spec", "/x:y", "a/b/c/d:x"] {
            assert!(Setting::parse(path).is_err(), "{path}");
        }
    }
}
