//! `kubectl set env --list [--resolve]`: a container's variables, or where their values come from.
//! Upstream: kubectl cmd/set `EnvOptions.RunEnv`, cmd/set/env `GetEnvVarRefValue`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Call;
use super::super::output::Printed;
use super::super::printers::{field, plain, text};
use super::super::resource_reference;
use crate::api::convert::base64_decode;
use crate::model::kind::Kind;

/// Looks the values of references up.
pub(super) struct Resolver<'a, 'b> {
    pub(super) call: &'a Call<'b>,
    pub(super) namespace: &'a str,
    /// The object whose variables they are.
    pub(super) view: &'a Value,
}

/// A line for each variable; failed look-ups are told of on standard error.
pub(super) fn print(container: &Value, resolver: Option<&Resolver<'_, '_>>, printed: &mut Printed) {
    let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for variable in container["env"].as_array().into_iter().flatten() {
        let name = text(variable, "name");
        let source = &variable["valueFrom"];
        if !source.is_object() {
            printed.line(format!("{name}={}", text(variable, "value")));
            continue;
        }
        match resolver.map(|resolver| resolver.value(source, container)) {
            Some(Ok(value)) => {
                printed.line(format!("{name}={value}"));
                continue;
            }
            Some(Err(error)) => errors.entry(error).or_default().push(name.clone()),
            None => {}
        }
        printed.line(format!("# {name} from {}", reference(source)));
    }
    let mut lines: Vec<String> = errors
        .into_iter()
        .map(|(error, mut names)| {
            names.sort();
            format!("error retrieving reference for {}: {error}", names.join(", "))
        })
        .collect();
    lines.sort();
    for line in lines {
        printed.err_line(line);
    }
}

/// Upstream: cmd/set/env `GetEnvVarRefString`.
fn reference(source: &Value) -> String {
    for (field, what) in [("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")] {
        let reference = &source[field];
        if reference.is_object() {
            return format!("{what} {}, key {}", text(reference, "name"), text(reference, "key"));
        }
    }
    if source["fieldRef"].is_object() {
        return format!("field path {}", text(source, "fieldRef.fieldPath"));
    }
    if source["resourceFieldRef"].is_object() {
        let of = text(source, "resourceFieldRef.containerName");
        let prefix = if of.is_empty() { String::new() } else { format!("{of}/") };
        return format!("resource field {prefix}{}", text(source, "resourceFieldRef.resource"));
    }
    "invalid valueFrom".to_owned()
}

impl Resolver<'_, '_> {
    fn value(&self, source: &Value, container: &Value) -> Result<String, String> {
        for (field, kind, words) in
            [("secretKeyRef", Kind::SECRET, "secret"), ("configMapKeyRef", Kind::CONFIG_MAP, "config map")]
        {
            let reference = &source[field];
            if reference.is_object() {
                return self.data(kind, &text(reference, "name"), &text(reference, "key"), words);
            }
        }
        if source["fieldRef"].is_object() {
            return field_value(self.view, &text(source, "fieldRef.fieldPath"));
        }
        resource_reference::value(&source["resourceFieldRef"], container)
    }

    fn data(&self, kind: Kind, name: &str, key: &str, words: &str) -> Result<String, String> {
        let object = self.call.find(kind, self.namespace, name).map_err(|status| status.message)?;
        let view = self.call.cluster.view(object);
        let Some(value) = view["data"].get(key) else {
            return Err(format!("key {key} not found in {words} {name}"));
        };
        let value = plain(value);
        if kind != Kind::SECRET {
            return Ok(value);
        }
        let bytes = base64_decode(&value);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Upstream: cmd/set/env `extractFieldPathAsString`.
fn field_value(view: &Value, path: &str) -> Result<String, String> {
    let metadata = &view["metadata"];
    if let Some((map, key)) = path.strip_suffix("']").and_then(|path| path.split_once("['")) {
        return match map {
            "metadata.annotations" => Ok(plain(&metadata["annotations"][key])),
            "metadata.labels" => Ok(plain(&metadata["labels"][key])),
            _ => Err(format!("fieldPath {path:?} does not support subscript")),
        };
    }
    match path {
        "metadata.annotations" | "metadata.labels" => {
            let map = field(view, path).as_object().into_iter().flatten();
            let lines: Vec<String> = map.map(|(key, value)| format!("{key}={:?}", plain(value))).collect();
            Ok(lines.join("\n"))
        }
        "metadata.name" | "metadata.namespace" | "metadata.uid" => Ok(text(view, path)),
        _ => Err(format!("unsupported fieldPath: {path}")),
    }
}
