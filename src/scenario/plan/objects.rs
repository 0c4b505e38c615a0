//! The objects of a plan's manifests: documents read, Lists taken apart, `--set` and sweeps applied.

use serde_json::Value;
use thiserror::Error;

use super::{ManifestSource, Plan};
use crate::api::yaml;
use crate::scenario::setting::Target;

/// An object of the manifests with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestObject {
    /// The file as named.
    pub file: String,
    /// The line at which its document starts, from 1.
    pub line: usize,
    /// The object as written.
    pub value: Value,
}

/// A manifest that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {message}")]
pub struct ManifestError {
    /// The file as named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// Why.
    pub message: String,
}

impl ManifestObject {
    /// An error about this object.
    pub fn error(&self, message: &impl ToString) -> ManifestError {
        ManifestError { file: self.file.clone(), line: self.line, message: message.to_string() }
    }
}

impl Plan {
    /// The objects of the manifests in the order in which they are applied.
    ///
    /// # Errors
    /// The first document that cannot be read, or that a setting does not fit.
    pub fn objects(&self) -> Result<Vec<ManifestObject>, ManifestError> {
        let mut objects = Vec::new();
        for source in &self.manifests {
            let documents = yaml::read(&source.text);
            if let Some(error) = documents.error {
                return Err(place(source, error.line(), &error));
            }
            for manifest in documents.manifests {
                let line = source.line + manifest.line - 1;
                objects.push(ManifestObject { file: source.file.to_string(), line, value: manifest.value });
            }
        }
        for setting in &self.manifest_settings {
            let Target::Manifest(target) = &setting.setting.target else { continue };
            for object in objects.iter_mut().filter(|object| target.matches(&object.value)) {
                let applied = setting.setting.apply(&mut object.value, setting.value.clone());
                applied.map_err(|reason| object.error(&reason))?;
            }
        }
        Ok(objects)
    }
}

fn place(source: &ManifestSource, line: usize, message: &impl ToString) -> ManifestError {
    ManifestError { file: source.file.to_string(), line: source.line + line - 1, message: message.to_string() }
}
