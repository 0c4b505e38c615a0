//! Values of fields that are copied into others. Upstream: kustomize api/filters/replacement.

use serde_json::{Map, Value};

use super::kustomization::{FieldOptions, Replacement, ReplacementTarget, Selector};
use super::resource::Resource;
use super::selector::Patterns;

/// Carries out one replacement.
pub(super) fn apply(resources: &mut [Resource], replacement: &Replacement) -> Result<(), String> {
    if replacement.source.is_none() && replacement.source_value.is_none() || replacement.targets.is_empty() {
        return Err("replacements must specify a source and at least one target".to_owned());
    }
    let value = source(resources, replacement)?;
    replacement.targets.iter().try_for_each(|target| put(resources, target, &value))
}

fn source(resources: &[Resource], replacement: &Replacement) -> Result<Value, String> {
    if let Some(value) = &replacement.source_value {
        return Ok(Value::from(value.as_str()));
    }
    let source = replacement.source.clone().unwrap_or_default();
    let fits = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
    let is_meant = |resource: &&Resource| {
        resource.ids().iter().any(|id| {
            fits(&source.group, &id.gvk.group)
                && fits(&source.version, &id.gvk.version)
                && fits(&source.kind, &id.gvk.kind)
                && fits(&source.name, &id.name)
                && fits(&source.namespace, &id.namespace)
        })
    };
    let found: Vec<&Resource> = resources.iter().filter(is_meant).collect();
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let shown = format!(
        "{}.{}.{}/{}.{}",
        or(&source.kind, "[noKind]"),
        or(&source.version, "[noVer]"),
        or(&source.group, "[noGrp]"),
        or(&source.name, "[noName]"),
        or(&source.namespace, "[noNs]")
    );
    let path = or(&source.field_path, "metadata.name");
    let [one] = found.as_slice() else {
        return Err(if found.is_empty() {
            format!("nothing selected by {shown}:{path}")
        } else {
            format!("multiple matches for selector {shown}:{path}")
        });
    };
    let mut value = one.value.clone();
    let mut values = Vec::new();
    visit(&mut value, &split(&path), false, &mut |place| values.push(place.clone()));
    let value = values.into_iter().find(|value| !value.is_null());
    let value = value.ok_or_else(|| format!("fieldPath `{path}` is missing for replacement source {shown}"))?;
    let Some(options) = source.options.filter(|options| !options.delimiter.is_empty()) else { return Ok(value) };
    let text = scalar(&value).ok_or("delimiter option can only be used with scalar nodes")?;
    let part = usize::try_from(options.index).ok().and_then(|index| text.split(&options.delimiter).nth(index));
    let out_of_bounds = || format!("options.index {} is out of bounds for value {text}", options.index);
    part.map(Value::from).ok_or_else(out_of_bounds)
}

fn put(resources: &mut [Resource], target: &ReplacementTarget, value: &Value) -> Result<(), String> {
    let Some(select) = &target.select else { return Err("target must specify resources to select".to_owned()) };
    let select = Patterns::new(select)?;
    let rejects: Vec<Patterns> =
        target.reject.iter().map(|reject: &Selector| Patterns::new(reject)).collect::<Result<_, _>>()?;
    let name = ["metadata.name".to_owned()];
    let paths = if target.field_paths.is_empty() { &name[..] } else { &target.field_paths[..] };
    let options = target.options.clone().unwrap_or_default();
    for resource in resources {
        if !select.selects(resource) || rejects.iter().any(|reject| reject.selects(resource)) {
            continue;
        }
        for path in paths {
            let mut count = 0;
            let mut flaw = None;
            visit(&mut resource.value, &split(path), options.create, &mut |place| {
                count += 1;
                match set(place, value, &options) {
                    Ok(set) => *place = set,
                    Err(text) => flaw = Some(text),
                }
            });
            if let Some(flaw) = flaw {
                return Err(flaw.to_owned());
            }
            if count == 0 {
                let how = if options.create { "find or create" } else { "find" };
                return Err(format!("unable to {how} field {path:?} in replacement target"));
            }
        }
        resource.check_shape()?;
    }
    Ok(())
}

/// What a field holds afterwards. Upstream: `setFieldValue`.
fn set(place: &Value, value: &Value, options: &FieldOptions) -> Result<Value, &'static str> {
    if options.delimiter.is_empty() {
        // A text stays one, a number or a truth value is read anew.
        return Ok(match (place, value) {
            (Value::String(_), Value::Number(_) | Value::Bool(_)) => Value::from(value.to_string()),
            (Value::Number(_) | Value::Bool(_), Value::String(text)) => {
                serde_json::from_str(text).unwrap_or_else(|_| value.clone())
            }
            _ => value.clone(),
        });
    }
    let old = scalar(place).ok_or("delimiter option can only be used with scalar nodes")?;
    let new = scalar(value).unwrap_or_default();
    let mut parts: Vec<&str> = old.split(&options.delimiter).collect();
    match usize::try_from(options.index) {
        Err(_) => parts.insert(0, &new),
        Ok(index) if index >= parts.len() => parts.push(&new),
        Ok(index) => parts[index] = &new,
    }
    Ok(Value::from(parts.join(&options.delimiter)))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// The parts of a path: `spec.containers.[name=app].image`; dots in brackets are none, `\.` is a dot.
fn split(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    let mut letters = path.chars().peekable();
    while let Some(letter) = letters.next() {
        let last = parts.len() - 1;
        match letter {
            '\\' if letters.peek() == Some(&'.') => parts[last].extend(letters.next()),
            '.' if depth == 0 => parts.push(String::new()),
            other => {
                depth += i32::from(other == '[') - i32::from(other == ']');
                parts[last].push(other);
            }
        }
    }
    parts
        .into_iter()
        .map(|part| match part.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) if !inner.contains('=') => inner.to_owned(),
            _ => part,
        })
        .collect()
}

fn visit(value: &mut Value, parts: &[String], create: bool, found: &mut impl FnMut(&mut Value)) {
    let Some((first, rest)) = parts.split_first() else { return found(value) };
    match value {
        Value::Array(items) => {
            let pair = first.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')?.split_once('='));
            if let Some((key, wanted)) = pair {
                let fits = |item: &&mut Value| scalar(&item[key]).as_deref() == Some(wanted);
                items
                    .iter_mut()
                    .filter(|item| item.is_object())
                    .filter(fits)
                    .for_each(|item| visit(item, rest, create, found));
            } else if first == "*" {
                for item in items {
                    visit(item, rest, create, found);
                }
            } else if let Some(item) = first.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                visit(item, rest, create, found);
            }
        }
        Value::Object(members) => {
            if first == "*" {
                members.values_mut().for_each(|member| visit(member, rest, create, found));
                return;
            }
            if create && !members.contains_key(first) {
                let made = if rest.is_empty() { Value::from("") } else { Value::Object(Map::new()) };
                members.insert(first.clone(), made);
            }
            if let Some(member) = members.get_mut(first) {
                visit(member, rest, create, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_items_by_key_and_keep_dots_in_brackets() {
        assert_eq!(split("a.[n=x.y].b\\.c"), ["a", "[n=x.y]", "b.c"]);
        assert_eq!(split("metadata.annotations.[a.b/c]"), ["metadata", "annotations", "a.b/c"]);
    }
}
