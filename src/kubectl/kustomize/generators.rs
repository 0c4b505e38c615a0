//! ConfigMaps and Secrets from literals, files and variables.
//! Upstream: kustomize api/internal/generators, api/kv.

use serde_json::{Map, Value, json};

use crate::api::convert::base64_encode;

use super::kustomization::{Generator, GeneratorOptions};
use super::resource::{Behavior, Id, Resource};

/// Reads a file of the kustomization.
pub(super) type Load<'a> = dyn FnMut(&str) -> Result<String, String> + 'a;

/// What options a generator has: its own over those of all. Upstream: `MergeGlobalOptionsIntoLocal`.
fn merged(own: Option<&GeneratorOptions>, all: Option<&GeneratorOptions>) -> GeneratorOptions {
    let mut options = own.cloned().unwrap_or_default();
    if let Some(all) = all {
        for (map, others) in [(&mut options.labels, &all.labels), (&mut options.annotations, &all.annotations)] {
            for (key, value) in others {
                map.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        options.disable_name_suffix_hash |= all.disable_name_suffix_hash;
        options.immutable |= all.immutable;
    }
    options
}

/// Makes one resource.
pub(super) fn generate(
    kind: &str,
    generator: &Generator,
    all: Option<&GeneratorOptions>,
    load: &mut Load<'_>,
) -> Result<Resource, String> {
    if generator.name.is_empty() {
        return Err("a configmap must have a name".to_owned());
    }
    let behavior = match generator.behavior.as_str() {
        "replace" => Behavior::Replace,
        "merge" => Behavior::Merge,
        _ => Behavior::Create,
    };
    let options = merged(generator.options.as_ref(), all);
    let mut value = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": generator.name}});
    if !generator.namespace.is_empty() {
        value["metadata"]["namespace"] = json!(generator.namespace);
    }
    let is_secret = kind == "Secret";
    if is_secret {
        value["type"] = json!(if generator.secret_type.is_empty() { "Opaque" } else { &generator.secret_type });
    }
    let pairs = pairs(generator, load)?;
    let mut data = Map::new();
    for (key, text) in pairs {
        let valid = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if key.is_empty() || !key.chars().all(valid) {
            return Err(format!("{key:?} is not a valid key name"));
        }
        let stored = if is_secret { base64_encode(text.as_bytes()) } else { text };
        if data.insert(key.clone(), Value::from(stored)).is_some() {
            return Err(format!("configmap {} illegally repeats the key `{key}`", generator.name));
        }
    }
    if !data.is_empty() {
        value["data"] = Value::Object(data);
    }
    for (field, pairs) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        if !pairs.is_empty() {
            value["metadata"][field] = json!(pairs);
        }
    }
    if options.immutable {
        value["immutable"] = json!(true);
    }
    Ok(Resource { needs_hash: !options.disable_name_suffix_hash, behavior, ..Resource::new(value) })
}

fn pairs(generator: &Generator, load: &mut Load<'_>) -> Result<Vec<(String, String)>, String> {
    let loading = |text: String| format!("loading KV pairs: {text}");
    let mut pairs = Vec::new();
    let shown = |sources: &[String]| format!("[{}]", sources.join(" "));
    for path in &generator.envs {
        let failed = |text| loading(format!("env source files: {}: {text}", shown(&generator.envs)));
        let text = load(path).map_err(failed)?;
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            pairs.push((key.to_owned(), value.to_owned()));
        }
    }
    for literal in &generator.literals {
        let Some((key, value)) = literal.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            let sources = shown(&generator.literals);
            return Err(loading(format!(
                "literal sources {sources}: invalid literal source {literal}, expected key=value"
            )));
        };
        pairs.push((key.to_owned(), unquoted(value).to_owned()));
    }
    for source in &generator.files {
        let failed = |text: String| loading(format!("file sources: {}: {text}", shown(&generator.files)));
        let (key, path) = file_source(source).map_err(failed)?;
        pairs.push((key, load(path).map_err(failed)?));
    }
    Ok(pairs)
}

/// Quotes around the whole text go. Upstream: kv `removeQuotes`.
fn unquoted(text: &str) -> &str {
    let within = |quote| text.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

/// Upstream: generators `ParseFileSource`.
fn file_source(source: &str) -> Result<(String, &str), String> {
    match source.split_once('=') {
        None => Ok((source.rsplit('/').next().unwrap_or(source).to_owned(), source)),
        Some((_, path)) if path.contains('=') => Err(format!("source {source:?} key name or file path contains '='")),
        Some(("", path)) => Err(format!("missing key name for file path {path:?} in source {source:?}")),
        Some((key, "")) => Err(format!("missing file path for key name {key:?} in source {source:?}")),
        Some((key, path)) => Ok((key.to_owned(), path)),
    }
}

/// Puts a generated resource among the others. Upstream: kustomize api/resmap `appendReplaceOrMerge`.
pub(super) fn absorb(resources: &mut Vec<Resource>, generated: Resource) -> Result<(), String> {
    let id = generated.id();
    let matches = |known: &Resource| known.ids().iter().any(|other| other.equals(&id));
    let found: Vec<usize> = (0..resources.len()).filter(|place| matches(&resources[*place])).collect();
    match (found.as_slice(), generated.behavior) {
        ([], Behavior::Create) => resources.push(generated),
        ([], _) => {
            return Err(format!("merging from generator: id {} does not exist; cannot merge or replace", go_id(&id)));
        }
        ([_], Behavior::Create) => {
            return Err(format!("merging from generator: id {} exists; behavior must be merge or replace", go_id(&id)));
        }
        ([place], behavior) => unite(&mut resources[*place], generated, behavior),
        _ => {
            let id = go_id(&id);
            return Err(format!("merging from generator: found multiple objects {id} that could accept merge"));
        }
    }
    Ok(())
}

/// An id as Go prints it with its types.
fn go_id(id: &Id) -> String {
    let gvk = &id.gvk;
    format!(
        "resid.ResId{{Gvk:resid.Gvk{{Group:{:?}, Version:{:?}, Kind:{:?}, isClusterScoped:{}}}, Name:{:?}, Namespace:{:?}}}",
        gvk.group,
        gvk.version,
        gvk.kind,
        gvk.is_cluster_scoped(),
        id.name,
        id.namespace
    )
}

fn unite(old: &mut Resource, new: Resource, behavior: Behavior) {
    let mut value = new.value;
    for field in ["labels", "annotations"] {
        let mut pairs = old.value["metadata"][field].as_object().cloned().unwrap_or_default();
        pairs.extend(value["metadata"][field].as_object().cloned().unwrap_or_default());
        if !pairs.is_empty() {
            value["metadata"][field] = Value::Object(pairs);
        }
    }
    if behavior == Behavior::Merge {
        for field in ["data", "binaryData"] {
            let mut data = old.value[field].as_object().cloned().unwrap_or_default();
            data.extend(value[field].as_object().cloned().unwrap_or_default());
            if !data.is_empty() {
                value[field] = Value::Object(data);
            }
        }
    }
    // It keeps the name that it has by now.
    for field in ["name", "namespace"] {
        if let Some(kept) = old.value["metadata"].get(field) {
            value["metadata"][field] = kept.clone();
        }
    }
    old.value = value;
    old.needs_hash |= new.needs_hash;
}
