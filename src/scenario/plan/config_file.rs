//! A component's own configuration file: read and parsed with the scenario, understood by the component.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::files::read_text;
use crate::api::yaml;
use crate::scenario::field_path::{FieldPath, Segment};
use crate::scenario::locate::{Part, Places};

/// A configuration file of one document.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigFile {
    /// As it was opened.
    pub file: String,
    /// Its text.
    pub text: Arc<str>,
    /// What it says.
    pub value: Value,
}

impl ConfigFile {
    /// Reads a file that a scenario of `directory` names.
    ///
    /// # Errors
    /// A missing or unreadable file, or one that does not hold exactly one YAML or JSON document.
    pub fn read(directory: &Path, named: &str) -> Result<Self, String> {
        let source = read_text(directory, named)?;
        let documents = yaml::read(&source.text);
        if let Some(error) = documents.error {
            return Err(format!("{}:{}: {error}", source.name, error.line()));
        }
        let mut manifests = documents.manifests;
        if manifests.len() != 1 {
            return Err(format!("`{}` holds {} documents; a configuration is one", source.name, manifests.len()));
        }
        Ok(Self { file: source.name, text: source.text, value: manifests.remove(0).value })
    }

    /// The line of a field such as `profiles[0].plugins`, or of what it would stand in; 1 if nothing is found.
    pub fn line_of(&self, path: &str) -> usize {
        let places = Places::of(&self.text);
        let mut path = Some(parsed(path));
        while let Some(field) = path {
            let place = places.find(&field, Part::Value);
            if place.line > 0 && !field.0.is_empty() {
                return place.line;
            }
            path = field.parent();
        }
        1
    }
}

/// `a.b[0].c` as steps.
fn parsed(path: &str) -> FieldPath {
    let mut steps = Vec::new();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let mut pieces = part.split('[');
        let key = pieces.next().unwrap_or_default();
        if !key.is_empty() {
            steps.push(Segment::Key(key.to_owned()));
        }
        steps.extend(pieces.filter_map(|index| index.trim_end_matches(']').parse().ok()).map(Segment::Index));
    }
    FieldPath(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_or_what_is_around_it_has_a_line() {
        let text = "kind: X\nprofiles:\n- schedulerName: a\n  pluginConfig:\n  - name: F\n    args:\n      weight: 1\n";
        let file = ConfigFile { file: "x.yaml".into(), text: text.into(), value: Value::Null };
        assert_eq!(file.line_of("profiles[0].pluginConfig[0].args.weight"), 7);
        assert_eq!(file.line_of("kind"), 1);
        assert!(file.line_of("profiles[0].plugins.score") >= 2);
        assert_eq!(file.line_of("percentageOfNodesToScore"), 1);
    }
}
