//! Strategic merge patches and lists of JSON operations.
//! Upstream: kustomize api/internal/builtins `PatchTransformer.go`, `PatchStrategicMergeTransformer.go`.

use serde_json::Value;

use super::kustomization::Patch;
use super::resource::{Id, Resource};
use super::selector::Patterns;
use crate::api::patch::{self, patched_first};
use crate::api::yaml;
use crate::model::kind::Kind;

/// A patch's text, and what messages call it.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) source: String,
}

/// Applies an entry of `patches`.
pub(super) fn apply(resources: &mut Vec<Resource>, entry: &Patch, text: &Text) -> Result<(), String> {
    let read = yaml::read_as_kustomize(&text.text);
    let documents: Vec<Value> = read.manifests.into_iter().map(|manifest| manifest.value).collect();
    let operations = match documents.as_slice() {
        // Operations go through another reader of YAML than resources.
        [Value::Array(_)] => {
            yaml::read(&text.text).manifests.into_iter().next().and_then(|manifest| match manifest.value {
                Value::Array(operations) => Some(operations),
                _ => None,
            })
        }
        _ => None,
    };
    if let Some(operations) = operations {
        let Some(target) = &entry.target else {
            return Err(format!("must specify a target for JSON patch {}", text.source));
        };
        let patterns = Patterns::new(target)?;
        return json(resources, &patterns, &operations);
    }
    let is_manifest = |value: &Value| value["kind"].is_string() && value["metadata"]["name"].is_string();
    if documents.is_empty() || read.error.is_some() || !documents.iter().all(is_manifest) {
        return Err(format!("unable to parse SM or JSON patch from {}", text.source));
    }
    let Some(target) = &entry.target else {
        return documents.iter().try_for_each(|document| strategic_by_id(resources, document));
    };
    let [document] = documents.as_slice() else {
        return Err(format!(
            "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: {}",
            text.source
        ));
    };
    let patterns = Patterns::new(target)?;
    let selected: Vec<usize> = (0..resources.len()).filter(|place| patterns.selects(&resources[*place])).collect();
    merge_all(resources, &selected, document, &entry.options)
}

/// Applies a list of operations to the resources that are meant.
pub(super) fn json(resources: &mut [Resource], patterns: &Patterns, operations: &[Value]) -> Result<(), String> {
    for resource in resources.iter_mut().filter(|resource| patterns.selects(resource)) {
        resource.remember();
        // One after another: the first that does not fit is named.
        for operation in operations {
            let one = std::slice::from_ref(operation);
            resource.value = patch::json_patch(&resource.value, one).map_err(|error| words(operation, &error))?;
        }
        resource.check_shape()?;
    }
    Ok(())
}

/// Upstream: gopkg.in/evanphx/json-patch.v4 `Patch.remove`, whose words are others than the API server's.
fn words(operation: &Value, error: &patch::PatchError) -> String {
    let path = operation["path"].as_str().unwrap_or_default();
    match operation["op"].as_str() {
        Some("remove") => {
            let key = path.rsplit('/').next().unwrap_or_default();
            format!("error in remove for path: '{path}': Unable to remove nonexistent key: {key}: missing value")
        }
        _ => error.to_string(),
    }
}

/// Applies a strategic merge patch to the resource that it names.
pub(super) fn strategic_by_id(resources: &mut Vec<Resource>, document: &Value) -> Result<(), String> {
    let id = Id::of(document);
    let is_meant = |place: &usize| resources[*place].ids().iter().any(|known| known.equals(&id));
    let found: Vec<usize> = (0..resources.len()).filter(is_meant).collect();
    let shown = id.shown();
    match found.as_slice() {
        [_] => merge_all(resources, &found, document, &std::collections::BTreeMap::new()),
        [] => Err(format!(
            "no resource matches strategic merge patch \"{shown}\": no matches for Id {shown}; failed to find unique target for patch {shown}"
        )),
        many => Err(format!(
            "no resource matches strategic merge patch \"{shown}\": multiple matches for Id {shown}; failed to find unique target for patch {shown} ({} candidates)",
            many.len()
        )),
    }
}

/// Merges a patch into resources; those that nothing is left of go. Upstream: `Resource.ApplySmPatch`.
fn merge_all(
    resources: &mut Vec<Resource>,
    places: &[usize],
    document: &Value,
    options: &std::collections::BTreeMap<String, bool>,
) -> Result<(), String> {
    let mut gone = Vec::new();
    let allows = |option: &str| options.get(option).copied().unwrap_or(false);
    for place in places {
        if document["$patch"] == "delete" {
            gone.push(*place);
            continue;
        }
        let resource = &mut resources[*place];
        let before = resource.value.clone();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = Kind::from_manifest(&text(&before["apiVersion"]), &text(&before["kind"]));
        let mut merged = patch::strategic_merge_patch(kind, &before, document).map_err(|error| error.to_string())?;
        patched_first(kind, &mut merged, document);
        if !merged["metadata"].is_object() {
            merged["metadata"] = Value::Object(serde_json::Map::new());
        }
        if !allows("allowNameChange") {
            merged["metadata"]["name"] = before["metadata"]["name"].clone();
        }
        if !allows("allowKindChange") {
            merged["kind"] = before["kind"].clone();
            merged["apiVersion"] = before["apiVersion"].clone();
        }
        match before["metadata"].get("namespace") {
            Some(namespace) => merged["metadata"]["namespace"] = namespace.clone(),
            None => drop(merged["metadata"].as_object_mut().and_then(|metadata| metadata.remove("namespace"))),
        }
        resource.remember();
        resource.value = merged;
    }
    for place in gone.into_iter().rev() {
        resources.remove(place);
    }
    Ok(())
}
