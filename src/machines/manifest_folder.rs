//! The folder in which a kubelet looks for static pods: files by name, with their text.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::Text;

/// Files by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestFolder {
    files: BTreeMap<Text, Arc<str>>,
}

impl ManifestFolder {
    /// Files in the order of their names.
    pub fn files(&self) -> impl Iterator<Item = (&Text, &Arc<str>)> {
        self.files.iter()
    }

    /// Puts a file there, or writes it anew. Returns whether anything changed.
    pub(super) fn write(&mut self, name: &str, text: Arc<str>) -> bool {
        match self.files.get(name) {
            Some(known) if *known == text => false,
            _ => {
                self.files.insert(name.into(), text);
                true
            }
        }
    }

    /// Takes a file away. Returns whether it was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.files.remove(name).is_some()
    }
}
