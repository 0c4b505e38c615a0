//! Settings from outside the file (`--set`, `--seed`, `--until`, sweeps): read, and applied to the scenario's tree
//! before it is decoded, or matched with the manifests that they change later.

use serde_json::{Value, json};

use super::checks;
use super::diagnostics::{Diagnostic, Diagnostics};
use super::field_path::FieldPath;
use super::load::LoadOptions;
use super::plan::{ManifestSetting, ManifestSource};
use super::schema::json_schema;
use super::setting::{Setting, Target};
use super::{suggest, tree};

/// A setting and how it was given, for errors.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) setting: Setting,
    pub(super) value: Value,
    pub(super) origin: String,
}

impl Given {
    fn read(path: &str, value: Result<Value, String>, origin: String, diagnostics: &mut Diagnostics) -> Option<Self> {
        let parsed = Setting::parse(path).and_then(|setting| Ok((setting, value?)));
        match parsed {
            Ok((setting, value)) => Some(Self { setting, value, origin }),
            Err(reason) => {
                diagnostics.push(Diagnostic::new(&checks::BAD_SETTING, reason).in_file(origin));
                None
            }
        }
    }
}

/// Reads the settings of a call, in the order in which they apply.
pub(super) fn read_settings(options: &LoadOptions, diagnostics: &mut Diagnostics) -> Vec<Given> {
    let mut given = Vec::new();
    for text in &options.set {
        let origin = format!("--set {text}");
        given.extend(match text.split_once('=') {
            Some((path, value)) => Given::read(path, tree::read_value(value), origin, diagnostics),
            None => Given::read(text, Err(format!("`{text}` is not PATH=VALUE")), origin, diagnostics),
        });
    }
    if let Some(seed) = options.seed {
        given.extend(Given::read("spec.seed", Ok(json!(seed)), "--seed".to_owned(), diagnostics));
    }
    if let Some(until) = &options.until {
        given.extend(Given::read("spec.until", Ok(json!(until)), "--until".to_owned(), diagnostics));
    }
    given
}

/// Reads the settings of one run of many.
pub(super) fn more_settings(settings: &[(String, Value)], diagnostics: &mut Diagnostics) -> Vec<Given> {
    let read =
        |(path, value): &(String, Value)| Given::read(path, Ok(value.clone()), format!("set {path}"), diagnostics);
    settings.iter().filter_map(read).collect()
}

/// Fields that were set from outside the file, and how.
pub(super) type Origins = Vec<(FieldPath, String)>;

/// A scenario's tree with the settings in it.
pub(super) fn with_settings(mut tree: Value, settings: &[&Given]) -> Result<(Value, Origins), Vec<Diagnostic>> {
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

/// The objects of manifests, for settings alone; what cannot be read is told when the manifests are applied.
pub(super) fn manifest_trees(manifests: &[ManifestSource]) -> Vec<Value> {
    let mut objects: Vec<Value> = Vec::new();
    for manifest in manifests {
        if let Ok(tree) = tree::read_value(&manifest.text) {
            match tree.get("items").and_then(Value::as_array) {
                Some(items) => objects.extend(items.iter().cloned()),
                None => objects.push(tree),
            }
        }
    }
    objects
}

/// The settings of manifests; each must lead into at least one of `objects`.
pub(super) fn match_settings(
    settings: &[&Given],
    mut objects: Vec<Value>,
    diagnostics: &mut Diagnostics,
) -> Vec<ManifestSetting> {
    let mut matched = Vec::new();
    for given in settings {
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
