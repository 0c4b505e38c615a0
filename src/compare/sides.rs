//! The manifests of one side: every file of a folder, in the place of the scenario's own objects of the same name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::api::yaml;
use crate::scenario::{Diagnostics, LoadOptions, ManifestSource, Plan, SourceFile, Template};

/// Endings of files that hold manifests.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// The scenario with one set of manifests.
#[derive(Debug)]
pub struct Side {
    /// As named.
    pub path: String,
    /// The objects of the set, as they were written.
    pub objects: Vec<Value>,
    template: Template,
    /// What is applied: the scenario's own objects without those that the set brings, then the set.
    manifests: Vec<ManifestSource>,
}

/// A side cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SideError {
    /// The folder or file cannot be read, or holds nothing.
    #[error("{path}: {reason}")]
    Path {
        /// As named.
        path: String,
        /// Why.
        reason: String,
    },
    /// The scenario or the manifests are wrong.
    #[error("{0:?}")]
    Input(Diagnostics),
}

/// What an object is called, by which it is told from others: kind, namespace, name.
type Identity = (String, String, String);

impl Side {
    /// Reads a set of manifests and the scenario with it.
    pub fn read(scenario: &SourceFile, options: &LoadOptions, path: &Path) -> Result<Self, SideError> {
        let named = path.display().to_string();
        let failed = |reason: String| SideError::Path { path: named.clone(), reason };
        let mut files = Vec::new();
        collect(path, &mut files).map_err(|error| failed(error.to_string()))?;
        if files.is_empty() {
            return Err(failed("the folder holds no file that ends in .yaml, .yml or .json".to_owned()));
        }
        let mut options = options.clone();
        let own = options.extra_manifests.len();
        options.extra_manifests.extend(files);
        let template = Template::of(scenario.clone(), &options).map_err(SideError::Input)?;
        // Read once more for themselves, to know which of the plan's are theirs.
        let only = LoadOptions { extra_manifests: options.extra_manifests[own..].to_vec(), ..LoadOptions::default() };
        let empty = SourceFile { name: named.clone(), text: Arc::from(""), directory: PathBuf::new() };
        let manifests = match Template::of(empty, &only).and_then(|template| template.plan(&[])) {
            Ok(plan) => plan.manifests,
            Err(found) => return Err(SideError::Input(found)),
        };
        let objects: Vec<Value> = manifests.iter().flat_map(objects).collect();
        if objects.is_empty() {
            return Err(failed("it holds no object".to_owned()));
        }
        let mut own = template.plan(&[]).map_err(SideError::Input)?.manifests;
        own.truncate(own.len().saturating_sub(manifests.len()));
        let taken: BTreeSet<Identity> = objects.iter().map(identity).collect();
        let left = own.iter().flat_map(|own| without(own, &taken)).chain(manifests).collect();
        Ok(Self { path: named, objects, template, manifests: left })
    }

    /// The plan of a run.
    pub fn plan(&self, seed: Option<u64>) -> Result<Plan, Diagnostics> {
        let seed = seed.map(|seed| ("spec.seed".to_owned(), Value::from(seed)));
        let plan = self.template.plan(&seed.into_iter().collect::<Vec<_>>())?;
        Ok(Plan { manifests: self.manifests.clone(), ..plan })
    }
}

/// The files of manifests under `path`, sorted by their path; hidden ones are left out.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !std::fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut inside = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    inside.sort_by_key(std::fs::DirEntry::file_name);
    for entry in inside {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        let is_manifest = plain.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
        if !name.starts_with('.') && (path.is_dir() || is_manifest) {
            collect(&path, files)?;
        }
    }
    Ok(())
}

/// The objects of a document; what cannot be read is told when it is applied.
fn objects(source: &ManifestSource) -> Vec<Value> {
    yaml::read(&source.text).manifests.into_iter().map(|manifest| manifest.value).collect()
}

/// A manifest without the objects that others take the place of.
fn without(source: &ManifestSource, taken: &BTreeSet<Identity>) -> Vec<ManifestSource> {
    let objects = objects(source);
    let is_left = |object: &&Value| !taken.contains(&identity(object));
    let left: Vec<&Value> = objects.iter().filter(is_left).collect();
    if left.len() == objects.len() {
        return vec![source.clone()];
    }
    // JSON is YAML.
    left.into_iter().map(|object| ManifestSource { text: object.to_string().into(), ..source.clone() }).collect()
}

pub(super) fn identity(object: &Value) -> Identity {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let group =
        object["apiVersion"].as_str().and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
    let kind = text(&object["kind"]);
    let kind = if group.is_empty() { kind } else { format!("{kind}.{group}") };
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default").to_owned();
    (kind, namespace, text(&object["metadata"]["name"]))
}
