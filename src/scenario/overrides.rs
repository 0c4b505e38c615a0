//! Settings from outside the file (`--set`, `--seed`, `--until`, sweeps): read, and applied to the scenario's tree
//! before it is decoded, or matched with the manifests that they change later.

use serde_json::{Value, json};

use super::checks;
use super::diagnostics::{Diagnostic, Diagnostics};
use super::documents::Document;
use super::field_path::FieldPath;
use super::load::LoadOptions;
use super::plan::{ManifestSetting, ManifestSource};
use super::schema::{API_VERSION, Kind, json_schema};
use super::setting::{Setting, Target};
use super::{suggest, tree};

/// A setting and how it was given, for errors.
pub(super) struct Given {
    pub(super) setting: Setting,
    pub(super) value: Value,
    pub(super) origin: String,
}

/// Reads all settings of a call, in the order in which they apply.
pub(super) fn read_settings(
    options: &LoadOptions,
    more: &[(String, Value)],
    diagnostics: &mut Diagnostics,
) -> Vec<Given> {
    let mut given = Vec::new();
    let mut add = |path: &str, value: Result<Value, String>, origin: String| {
        let parsed = Setting::parse(path).and_then(|setting| Ok((setting, value?)));
        match parsed {
            Ok((setting, value)) => given.push(Given { setting, value, origin }),
            Err(reason) => diagnostics.push(Diagnostic::new(&checks::BAD_SETTING, reason).in_file(origin)),
        }
    };
    for text in &options.set {
        let origin = format!("--set {text}");
        match text.split_once('=') {
            Some((path, value)) => add(path, tree::read_value(value), origin),
            None => add(text, Err(format!("`{text}` is not PATH=VALUE")), origin),
        }
    }
    for (path, value) in more {
        add(path, Ok(value.clone()), format!("set {path}"));
    }
    if let Some(seed) = options.seed {
        add("spec.seed", Ok(json!(seed)), "--seed".to_owned());
    }
    if let Some(until) = &options.until {
        add("spec.until", Ok(json!(until)), "--until".to_owned());
    }
    given
}

/// Fields that were set from outside the file, and how.
pub(super) type Origins = Vec<(FieldPath, String)>;

/// The scenario's tree with the settings in it; an empty one for a file of manifests.
pub(super) fn scenario_tree(own: Option<&Document>, settings: &[Given]) -> Result<(Value, Origins), Vec<Diagnostic>> {
    let mut tree = match own {
        Some(document) => tree::read(document)?,
        None => json!({ "apiVersion": API_VERSION, "kind": Kind::Scenario.name() }),
    };
    let mut origins = Origins::new();
    let mut errors = Vec::new();
    for given in settings.iter().filter(|given| given.setting.target == Target::Scenario) {
        match given.setting.apply(&mut tree, given.value.clone()) {
            Ok(path) => origins.push((path, given.origin.clone())),
            Err(reason) => {
                let known = json_schema::spec_fields();
                let first = given.setting.first_field().unwrap_or_default();
                let hint = if known.contains(&first) { String::new() } else { suggest::hint(first, known) };
                errors.push(Diagnostic::new(&checks::BAD_SETTING, reason).in_file(&given.origin).hint(hint));
            }
        }
    }
    if errors.is_empty() { Ok((tree, origins)) } else { Err(errors) }
}

/// The settings of manifests; each must lead into at least one object. Manifests are parsed here for that alone.
pub(super) fn match_settings(
    settings: &[Given],
    manifests: &[ManifestSource],
    diagnostics: &mut Diagnostics,
) -> Vec<ManifestSetting> {
    let wanted: Vec<&Given> =
        settings.iter().filter(|given| matches!(given.setting.target, Target::Manifest(_))).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut objects: Vec<Value> = Vec::new();
    for manifest in manifests {
        if let Ok(tree) = tree::read_value(&manifest.text) {
            match tree.get("items").and_then(Value::as_array) {
                Some(items) => objects.extend(items.iter().cloned()),
                None => objects.push(tree),
            }
        }
    }
    let mut matched = Vec::new();
    for given in wanted {
        let Target::Manifest(name) = &given.setting.target else { continue };
        let mut fits = objects.iter_mut().filter(|object| name.matches(object)).peekable();
        let problem = if fits.peek().is_none() {
            Some(format!("no manifest is a {} `{}`", name.kind, name.name))
        } else {
            fits.find_map(|object| given.setting.apply(object, given.value.clone()).err())
        };
        match problem {
            None => matched.push(ManifestSetting { setting: given.setting.clone(), value: given.value.clone() }),
            Some(message) => {
                let known: Vec<String> = objects.iter().filter_map(shown_name).collect();
                let hint = suggest::hint(&format!("{}/{}", name.kind, name.name), known.iter().map(String::as_str));
                diagnostics.push(Diagnostic::new(&checks::BAD_SETTING, message).in_file(&given.origin).hint(hint));
            }
        }
    }
    matched
}

fn shown_name(object: &Value) -> Option<String> {
    let name = object.get("metadata")?.get("name")?.as_str()?;
    Some(format!("{}/{name}", object.get("kind")?.as_str()?))
}
