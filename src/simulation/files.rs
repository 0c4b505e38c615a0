//! The files that a plan's steps name, which were read before the run: what kubectl sees of a file system.

use std::collections::BTreeMap;

use crate::kubectl::{FileError, Files};
use crate::scenario::plan::{Plan, StepFile};

/// Files and folders by path as typed.
#[derive(Clone, Debug, Default)]
pub(super) struct PlanFiles {
    entries: BTreeMap<String, StepFile>,
}

impl PlanFiles {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { entries: plan.step_files.clone() }
    }

    /// A file or folder by path as typed.
    pub(super) fn get(&self, path: &str) -> Option<&StepFile> {
        self.entries.get(path)
    }
}

impl Files for PlanFiles {
    fn read(&self, path: &str) -> Result<Vec<(String, String)>, FileError> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| FileError::NotText);
        match self.entries.get(path) {
            None => Err(FileError::Missing),
            Some(StepFile::File(bytes)) => Ok(vec![(path.to_owned(), text(bytes)?)]),
            Some(StepFile::Folder(files)) => {
                files.iter().map(|(name, bytes)| Ok((format!("{path}/{name}"), text(bytes)?))).collect()
            }
        }
    }
}
