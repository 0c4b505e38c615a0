//! Reads kustomizations, one inside another, and puts what they say together.
//! Upstream: kustomize api/internal/target `KustTarget.accumulateTarget`.

use super::super::{FileError, Files};
use super::kustomization::{Kustomization, Patch};
use super::patches::Text;
use super::resource::Resource;
use super::selector::Patterns;
use super::{TWO_ORDERS, generators, images, labels, names, order, patches, references, replacements};
use crate::api::kustomization_path::{FILE_NAMES, joined};
use crate::api::yaml;

/// A directory inside of a directory, and so on: more than anybody has, and an end for those that name themselves.
const DEPTH_MAX: usize = 64;

/// Builds directories.
pub(super) struct Builder<'a> {
    files: &'a dyn Files,
    pub(super) warnings: Vec<String>,
    /// Are files read in or below their directory only?
    pub(super) is_restricted: bool,
    /// Directories that are being built.
    open: Vec<String>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self { files, warnings: Vec::new(), is_restricted: true, open: Vec::new() }
    }

    /// The objects of a directory.
    /// `is_command` tells `kubectl kustomize` from `-k`.
    pub(super) fn build(&mut self, directory: &str, is_command: bool) -> Result<Vec<serde_json::Value>, String> {
        if directory.contains("://") {
            return Err(format!("remote kustomizations are not supported by kubelapse: {directory}"));
        }
        let directory = joined("", directory);
        let mut resources = Vec::new();
        let kustomization = self.target(&directory, true, &mut resources)?;
        if kustomization.sort_options.is_some() && !is_command {
            self.warnings.push(TWO_ORDERS.to_owned());
        }
        names::hash(&mut resources);
        references::fix(&mut resources)?;
        resources.retain(|resource| {
            resource.value["metadata"]["annotations"]["config.kubernetes.io/local-config"] != "true"
        });
        order::sort(&mut resources, kustomization.sort_options.as_ref())?;
        Ok(resources.into_iter().map(|resource| resource.value).collect())
    }

    fn text(&self, path: &str) -> Result<String, FileError> {
        let files = self.files.read(if path.is_empty() { "." } else { path })?;
        match files.as_slice() {
            [(name, text)] if name == path => Ok(text.clone()),
            _ => Err(FileError::Missing),
        }
    }

    /// The kustomization of a directory.
    fn kustomization(&mut self, directory: &str, is_root: bool) -> Result<Kustomization, String> {
        let mut found = FILE_NAMES.iter().filter_map(|name| self.text(&joined(directory, name)).ok());
        let Some(text) = found.next() else {
            let is_directory = self.files.read(if directory.is_empty() { "." } else { directory });
            let is_missing = is_directory.is_err() && !directory.is_empty();
            return Err(match is_directory {
                Ok(files) if matches!(files.as_slice(), [(name, _)] if name == directory) => {
                    format!("must build at directory: '{directory}': file is not directory")
                }
                _ if is_missing => {
                    let typed = if is_root { directory.to_owned() } else { shown(directory) };
                    format!("must build at directory: not a valid directory: {}", missing(&typed, directory))
                }
                _ => format!(
                    "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
                    shown(directory)
                ),
            });
        };
        if found.next().is_some() {
            return Err(format!("Found multiple kustomization files under: {}\n", shown(directory)));
        }
        let read = yaml::read(&text);
        if let Some(error) = read.error {
            return Err(format!("invalid Kustomization: {error}"));
        }
        let value = read.manifests.into_iter().next().map(|manifest| manifest.value).unwrap_or_default();
        let is_own = |key: &String| !["apiVersion", "kind", "metadata"].contains(&key.as_str());
        let says_something = value.as_object().is_some_and(|members| members.keys().any(is_own));
        let mut kustomization = if value.is_null() { Kustomization::default() } else { Kustomization::read(value)? };
        self.warnings.extend(kustomization.warnings());
        kustomization.fix(&shown(directory), says_something)?;
        if let Some(part) = kustomization.unsupported() {
            return Err(format!("`{part}` of a kustomization is not supported by kubelapse"));
        }
        Ok(kustomization)
    }

    /// Adds what a directory says to resources; a component works on those that are there.
    fn target(
        &mut self,
        directory: &str,
        is_root: bool,
        resources: &mut Vec<Resource>,
    ) -> Result<Kustomization, String> {
        if self.open.iter().any(|known| known == directory) || self.open.len() > DEPTH_MAX {
            let chain: Vec<String> = self.open.iter().map(|known| shown(known)).collect();
            return Err(format!(
                "cycle detected: candidate root '{}' contains visited root '{}'",
                shown(directory),
                chain.join("', '")
            ));
        }
        let kustomization = self.kustomization(directory, is_root)?;
        self.open.push(directory.to_owned());
        for path in &kustomization.resources {
            self.resource(directory, path, resources).map_err(|text| format!("accumulating resources: {text}"))?;
        }
        self.generate(directory, &kustomization, resources)?;
        for path in &kustomization.components {
            let inner = joined(directory, path);
            self.target(&inner, false, resources)
                .map(drop)
                .map_err(|text| format!("accumulating components: loader.New {text:?}"))?;
        }
        self.transform(directory, &kustomization, resources)?;
        self.open.pop();
        Ok(kustomization)
    }

    fn resource(&mut self, directory: &str, path: &str, resources: &mut Vec<Resource>) -> Result<(), String> {
        let full = joined(directory, path);
        let flaw = match self.load(directory, path) {
            Ok(text) => match parsed(&text).and_then(|new| append(resources, new)) {
                Ok(()) => return Ok(()),
                Err(text) => format!("merging resources from '{path}': {text}"),
            },
            Err(text) => format!("accumulating resources from '{path}': {text}"),
        };
        if path.contains("://") {
            return Err(format!("accumulation err='{flaw}': remote resources are not supported by kubelapse"));
        }
        if self.text(&full).is_ok() {
            let shown = shown(&full);
            return Err(format!(
                "accumulation err='{flaw}': must build at directory: '{shown}': file is not directory"
            ));
        }
        let mut inner = Vec::new();
        self.target(&full, false, &mut inner)
            .and_then(|_| append(resources, inner))
            .map_err(|text| format!("accumulation err='{flaw}': {text}"))
    }

    /// The text of a file in or below the directory. Upstream: loader `RestrictionRootOnly`.
    fn load(&self, directory: &str, path: &str) -> Result<String, String> {
        let full = joined(directory, path);
        let Ok(text) = self.text(&full) else {
            let is_directory = self.files.read(&full).is_ok();
            return Err(if is_directory {
                format!("read {}: is a directory", shown(&full))
            } else {
                missing(&shown(&full), &full)
            });
        };
        let inside = directory.is_empty() && !full.starts_with("..") || full.starts_with(&format!("{directory}/"));
        if inside || !self.is_restricted {
            Ok(text)
        } else {
            Err(format!("security; file '{}' is not in or below '{}'", shown(&full), shown(directory)))
        }
    }

    fn generate(
        &self,
        directory: &str,
        kustomization: &Kustomization,
        resources: &mut Vec<Resource>,
    ) -> Result<(), String> {
        let options = kustomization.generator_options.as_ref();
        let config_maps = kustomization.config_map_generator.iter().map(|generator| ("ConfigMap", generator));
        let secrets = kustomization.secret_generator.iter().map(|generator| ("Secret", generator));
        for (kind, generator) in config_maps.chain(secrets) {
            let mut load = |path: &str| self.load(directory, path);
            let mut made = generators::generate(kind, generator, options, &mut load)?;
            made.remember();
            generators::absorb(resources, made)?;
        }
        Ok(())
    }

    fn patch_text(&self, directory: &str, patch: &Patch) -> Result<Text, String> {
        let inline = patch.text.trim();
        match (inline.is_empty(), patch.path.is_empty()) {
            (true, true) => Err("must specify one of patch and path in\n".to_owned()),
            (false, false) => Err("patch and path can't be set at the same time\n".to_owned()),
            (false, true) => Ok(Text { text: inline.to_owned(), source: format!("[patch: {inline:?}]") }),
            (true, false) => {
                let path = &patch.path;
                let failed = |text| format!("failed to get the patch file from path({path}): {text}");
                let text = self.load(directory, path).map_err(failed)?;
                Ok(Text { text, source: format!("[path: {path:?}]") })
            }
        }
    }

    /// All that changes resources, in upstream's order (`configureBuiltinTransformers`).
    fn transform(
        &self,
        directory: &str,
        kustomization: &Kustomization,
        resources: &mut Vec<Resource>,
    ) -> Result<(), String> {
        for entry in kustomization.patches_strategic_merge.iter().flatten() {
            let is_manifest = yaml::read(entry).manifests.iter().any(|manifest| manifest.value["kind"].is_string());
            let text = if is_manifest { entry.clone() } else { self.load(directory, entry)? };
            for document in yaml::read_as_kustomize(&text).manifests {
                patches::strategic_by_id(resources, &document.value)
                    .map_err(|text| text.split_once(": ").map_or(text.clone(), |(_, rest)| rest.to_owned()))?;
            }
        }
        for entry in &kustomization.patches {
            let text = self.patch_text(directory, entry)?;
            patches::apply(resources, entry, &text)?;
        }
        if !kustomization.namespace.is_empty() {
            names::namespace(resources, &kustomization.namespace)?;
        }
        if !kustomization.name_prefix.is_empty() {
            names::prefix(resources, &kustomization.name_prefix);
        }
        if !kustomization.name_suffix.is_empty() {
            names::suffix(resources, &kustomization.name_suffix);
        }
        labels::label(kustomization, resources)?;
        labels::annotate(kustomization, resources)?;
        for entry in kustomization.patches_json6902.iter().flatten() {
            let text = self.patch_text(directory, entry)?;
            let target = entry.target.clone().filter(|target| !target.name.is_empty());
            let patterns = Patterns::new(&target.ok_or("must specify the target name")?)?;
            let operations = yaml::read(&text.text).manifests.into_iter().next().map(|manifest| manifest.value);
            let operations = operations.and_then(|value| value.as_array().cloned());
            let operations = operations.ok_or_else(|| format!("decoding {}: not a list of operations", text.text))?;
            patches::json(resources, &patterns, &operations)?;
        }
        for replica in &kustomization.replicas {
            images::scale(resources, replica)?;
        }
        for image in &kustomization.images {
            images::replace(resources, image);
        }
        for replacement in &kustomization.replacements {
            if replacement.path.is_empty() {
                replacements::apply(resources, replacement)?;
                continue;
            }
            let text = self.load(directory, &replacement.path)?;
            for document in yaml::read(&text).manifests {
                let listed = match document.value {
                    serde_json::Value::Array(items) => items,
                    one => vec![one],
                };
                for one in listed {
                    let read = serde_json::from_value(one).map_err(|error| error.to_string())?;
                    replacements::apply(resources, &read)?;
                }
            }
        }
        Ok(())
    }
}

/// The resources of a file.
fn parsed(text: &str) -> Result<Vec<Resource>, String> {
    let read = yaml::read_as_kustomize(text);
    if let Some(error) = read.error {
        return Err(format!("MalformedYAMLError: {error}"));
    }
    let mut resources = Vec::new();
    for manifest in read.manifests {
        let value = manifest.value;
        let shown = serde_json::to_string(&value).unwrap_or_default();
        if !value["kind"].is_string() {
            return Err(format!("missing Resource metadata in object {shown}"));
        }
        if value["metadata"]["name"].as_str().is_none_or(str::is_empty)
            && !value["metadata"]["generateName"].is_string()
        {
            return Err(format!("missing metadata.name in object {shown}"));
        }
        let mut resource = Resource::new(value);
        resource.remember();
        resources.push(resource);
    }
    Ok(resources)
}

/// Upstream: resmap `resWrangler.Append`.
fn append(resources: &mut Vec<Resource>, new: Vec<Resource>) -> Result<(), String> {
    for resource in new {
        let id = resource.id();
        if resources.iter().any(|known| known.is(&id)) {
            return Err(format!("may not add resource with an already registered id: {}", id.shown()));
        }
        resources.push(resource);
    }
    Ok(())
}

/// As messages name a path: where a scenario lies on the disk of whoever runs it must not show.
fn shown(path: &str) -> String {
    if path.is_empty() { ".".to_owned() } else { path.to_owned() }
}

fn missing(typed: &str, path: &str) -> String {
    format!("evalsymlink failure on '{typed}' : lstat {path}: no such file or directory")
}
