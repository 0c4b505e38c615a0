//! Which manifests a run applies, in which order. Their text is handed on as it is; `api` reads it.

use std::path::{Path, PathBuf};

use super::checks;
use super::diagnostics::{Diagnostic, Diagnostics};
use super::documents::{Document, split};
use super::field_path::FieldPath;
use super::load::with_nearest;
use super::plan::build::nearest_file;
use super::plan::{ManifestSource, files};
use super::schema::check::Finding;
use super::source::SourceFile;

/// The manifests of `-f`.
pub(super) fn read_extra(paths: &[PathBuf], diagnostics: &mut Diagnostics) -> Vec<ManifestSource> {
    let mut manifests = Vec::new();
    for path in paths {
        let read = SourceFile::read(path).map_err(|diagnostic| with_nearest(diagnostic, path));
        match read.and_then(|file| manifests_of(&file)) {
            Ok(found) => manifests.extend(found),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    manifests
}

/// The manifests of a file that may hold nothing else.
fn manifests_of(file: &SourceFile) -> Result<Vec<ManifestSource>, Box<Diagnostic>> {
    let mut manifests = Vec::new();
    for document in split(file) {
        if document.is_ours() {
            let message = "a file of manifests holds a document of kubelapse";
            let hint = "name this file on the command line instead";
            let diagnostic = Diagnostic::new(&checks::TWO_SCENARIOS, message).in_file(&file.name);
            return Err(diagnostic.at(document.line, 1).hint(hint).into());
        }
        manifests.push(source_of(&document));
    }
    Ok(manifests)
}

fn source_of(document: &Document) -> ManifestSource {
    ManifestSource {
        file: document.file.clone(),
        document: document.index,
        line: document.line,
        text: document.text.clone(),
    }
}

/// The manifests in the order in which they are applied: what stands before the Scenario in its file, those that it
/// names, what stands after it.
pub(super) fn collect_manifests(
    patterns: &[String],
    file: &SourceFile,
    documents: &[Document],
    own: Option<&Document>,
    findings: &mut Vec<Finding>,
) -> Vec<ManifestSource> {
    let mut manifests = Vec::new();
    let place = own.map_or(0, |own| own.index);
    let inline = |document: &&Document| !document.is_ours();
    manifests.extend(documents.iter().filter(|document| document.index < place).filter(inline).map(source_of));
    for (index, pattern) in patterns.iter().enumerate() {
        let path = FieldPath::of(&["spec", "manifests"]).index(index);
        match named_manifests(&file.directory, pattern) {
            Ok(found) => manifests.extend(found),
            Err(finding) => findings.push(Finding { path, ..finding }),
        }
    }
    manifests.extend(documents.iter().filter(|document| document.index >= place).filter(inline).map(source_of));
    manifests
}

fn named_manifests(directory: &Path, pattern: &str) -> Result<Vec<ManifestSource>, Finding> {
    let finding = |code, message: String| Finding::value(code, FieldPath::default(), message);
    let names = files::matching(directory, pattern)
        .map_err(|message| finding(&checks::MISSING_FILE, message).hint(nearest_file(directory, pattern)))?;
    let mut manifests = Vec::new();
    for name in names {
        let file = files::read_text(directory, &name).map_err(|message| finding(&checks::UNREADABLE_FILE, message))?;
        let found = manifests_of(&file)
            .map_err(|diagnostic| finding(&checks::TWO_SCENARIOS, format!("`{name}`: {}", diagnostic.message)))?;
        manifests.extend(found);
    }
    Ok(manifests)
}
