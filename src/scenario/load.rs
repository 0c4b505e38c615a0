//! From files to plans: reads, splits, decodes, checks and builds, one scenario a file. Collects everything that
//! is wrong in all files before it gives up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checks;
use super::diagnostics::{Diagnostic, Diagnostics};
use super::manifests::read_extra;
use super::overrides::read_settings;
use super::plan::Plan;
use super::plan::build::nearest_file;
use super::source::SourceFile;
use super::template::Template;

/// What the command line adds to the files.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `-f`: manifests applied after the scenario's own; `-` is standard input.
    pub extra_manifests: Vec<PathBuf>,
    /// `--set`: `PATH=VALUE`.
    pub set: Vec<String>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--until`: a duration or `idle`.
    pub until: Option<String>,
}

/// The plans of `files`, in their order; `-` is standard input.
///
/// # Errors
/// Everything that is wrong in any of them.
pub fn load(files: &[PathBuf], options: &LoadOptions) -> Result<Vec<Plan>, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let stdin = Path::new("-");
    if files.iter().chain(&options.extra_manifests).filter(|path| *path == stdin).count() > 1 {
        diagnostics.push(Diagnostic::new(&checks::UNREADABLE_FILE, "standard input is named twice").in_file("-"));
        return Err(diagnostics);
    }
    let settings = read_settings(options, &mut diagnostics);
    let extra = read_extra(&options.extra_manifests, &mut diagnostics);
    let mut plans: Vec<Plan> = Vec::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for path in files {
        let read = SourceFile::read(path).map_err(|diagnostic| Diagnostics::from(*with_nearest(diagnostic, path)));
        match read.and_then(|file| Template::with(file, settings.clone(), extra.clone())?.plan(&[])) {
            Ok(plan) => {
                if let Some(before) = names.insert(plan.name.clone(), plan.file.clone()) {
                    let message =
                        format!("`{before}` has the name `{}` too: their results would share a folder", plan.name);
                    let hint = "give one of them another `metadata.name`";
                    diagnostics.push(Diagnostic::new(&checks::TWO_SCENARIOS, message).in_file(&plan.file).hint(hint));
                }
                plans.push(plan);
            }
            Err(found) => diagnostics.append(found),
        }
    }
    if diagnostics.has_errors() {
        diagnostics.sort();
        return Err(diagnostics);
    }
    Ok(plans)
}

/// Of a missing file, with the nearest one that is there.
pub(super) fn with_nearest(diagnostic: Box<Diagnostic>, path: &Path) -> Box<Diagnostic> {
    if diagnostic.code != checks::MISSING_FILE.id {
        return diagnostic;
    }
    let hint = nearest_file(Path::new(""), &path.display().to_string());
    if hint.starts_with("did you mean") { diagnostic.hint(hint).into() } else { diagnostic }
}

/// The text of a file, shared (for tests and tools that hold it already).
pub fn source_of_text(name: &str, text: &str, directory: &Path) -> SourceFile {
    SourceFile { name: name.to_owned(), text: Arc::from(text), directory: directory.to_path_buf() }
}

/// The plan of a file that has been read already.
///
/// # Errors
/// As for [`load`].
pub fn load_source(file: &SourceFile, options: &LoadOptions) -> Result<Plan, Diagnostics> {
    Template::of(file.clone(), options)?.plan(&[])
}
