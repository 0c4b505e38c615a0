//! The objects of a plan's manifests: documents read, Lists taken apart, `--set` and sweeps applied.

use serde_json::Value;
use thiserror::Error;

use super::{ManifestSource, Plan};
use crate::api::yaml;
use crate::scenario::setting::Target;

/// The largest request that the API server takes, in bytes. Upstream: apiserver server `MaxRequestBodyBytes`.
const REQUEST_BYTES_MAX: usize = 3_145_728;

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

/// Why a look at the manifests ends before their end.
enum Look {
    Found,
    Unreadable(ManifestError),
}

impl From<ManifestError> for Look {
    fn from(error: ManifestError) -> Self {
        Self::Unreadable(error)
    }
}

impl ManifestObject {
    /// An error about this object.
    pub fn error(&self, message: &impl ToString) -> ManifestError {
        ManifestError { file: self.file.clone(), line: self.line, message: message.to_string() }
    }
}

impl Plan {
    /// Calls `each` with the objects of the manifests in the order in which they are applied, and holds one at a time.
    ///
    /// # Errors
    /// The first document that cannot be read, a setting that does not fit, and what `each` refuses.
    pub fn each_object<E: From<ManifestError>>(
        &self,
        each: &mut dyn FnMut(ManifestObject) -> Result<(), E>,
    ) -> Result<(), E> {
        self.manifests.iter().try_for_each(|source| self.each_of(source, each))
    }

    /// Is there an object like this among the manifests? `word` stands in each that is. Reads no further than it must.
    ///
    /// # Errors
    /// As `each_object`, as far as it reads.
    pub fn has_object(&self, word: &str, is_it: impl Fn(&Value) -> bool) -> Result<bool, ManifestError> {
        // A setting may write any word, and an escape may stand for it.
        let may_hold = |text: &str| text.contains(word) || text.contains('\\') || !self.manifest_settings.is_empty();
        for source in self.manifests.iter().filter(|source| may_hold(&source.text)) {
            let looked = self.each_of::<Look>(source, &mut |object| {
                if is_it(&object.value) { Err(Look::Found) } else { Ok(()) }
            });
            match looked {
                Ok(()) => {}
                Err(Look::Found) => return Ok(true),
                Err(Look::Unreadable(error)) => return Err(error),
            }
        }
        Ok(false)
    }

    fn each_of<E: From<ManifestError>>(
        &self,
        source: &ManifestSource,
        each: &mut dyn FnMut(ManifestObject) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut refusal = None;
        let stopped = yaml::visit(&source.text, &mut |manifest| {
            if refusal.is_some() {
                return;
            }
            let line = source.line + manifest.line - 1;
            let mut object = ManifestObject { file: source.file.to_string(), line, value: manifest.value };
            // An object is hardly larger in JSON than in its text.
            if source.text.len() > REQUEST_BYTES_MAX && bytes_of(&object.value) > REQUEST_BYTES_MAX {
                let message = format!("Request entity too large: limit is {REQUEST_BYTES_MAX}");
                refusal = Some(object.error(&message).into());
                return;
            }
            if let Err(error) = self.set(&mut object).map_err(E::from).and_then(|()| each(object)) {
                refusal = Some(error);
            }
        });
        match (refusal, stopped) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(error)) => Err(place(source, error.line(), &error).into()),
            (None, None) => Ok(()),
        }
    }

    /// Applies the settings that mean an object.
    fn set(&self, object: &mut ManifestObject) -> Result<(), ManifestError> {
        for setting in &self.manifest_settings {
            let Target::Manifest(target) = &setting.setting.target else { continue };
            if target.matches(&object.value) {
                let applied = setting.setting.apply(&mut object.value, setting.value.clone());
                applied.map_err(|reason| object.error(&reason))?;
            }
        }
        Ok(())
    }

    /// The objects of the manifests in the order in which they are applied.
    ///
    /// # Errors
    /// The first document that cannot be read, or that a setting does not fit.
    pub fn objects(&self) -> Result<Vec<ManifestObject>, ManifestError> {
        let mut objects = Vec::new();
        self.each_object::<ManifestError>(&mut |object| {
            objects.push(object);
            Ok(())
        })?;
        Ok(objects)
    }
}

/// Bytes of the texts in a value, and a few for each other thing: a little less than it has in JSON.
fn bytes_of(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| bytes_of(item) + 1).sum(),
        Value::Object(members) => members.iter().map(|(name, member)| name.len() + 4 + bytes_of(member)).sum(),
        _ => 1,
    }
}

fn place(source: &ManifestSource, line: usize, message: &impl ToString) -> ManifestError {
    ManifestError { file: source.file.to_string(), line: source.line + line - 1, message: message.to_string() }
}
