//! From files to plans: reads, splits, decodes, checks and builds, one scenario a file. Collects everything that
//! is wrong in all files before it gives up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::checks;
use super::diagnostics::{Diagnostic, Diagnostics};
use super::documents::{Document, split};
use super::field_path::FieldPath;
use super::locate::{Part, Places};
use super::manifests::{collect_manifests, read_extra};
use super::overrides::{Given, match_settings, read_settings, scenario_tree};
use super::plan::build::{self, Parts, nearest_file};
use super::plan::{Action, Live, ManifestSource, Plan};
use super::schema::Kind;
use super::schema::check::{Finding, check};
use super::schema::scenario::Scenario;
use super::schema::shape::Type;
use super::setting::Target;
use super::source::SourceFile;
use super::typed::{Loaded, kind_of, place_findings, read_typed};

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
    let settings = read_settings(options, &[], &mut diagnostics);
    let extra = read_extra(&options.extra_manifests, &mut diagnostics);
    let mut plans: Vec<Plan> = Vec::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for path in files {
        let read = SourceFile::read(path).map_err(|diagnostic| Diagnostics::from(*with_nearest(diagnostic, path)));
        match read.and_then(|file| load_one(&file, &settings, &extra)) {
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

fn load_one(file: &SourceFile, settings: &[Given], extra: &[ManifestSource]) -> Result<Plan, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    diagnostics.add_source(&*file.name, file.text.clone());
    let documents = split(file);
    if documents.is_empty() && extra.is_empty() {
        diagnostics.push(Diagnostic::new(&checks::NOTHING_TO_RUN, "the file holds no document").in_file(&file.name));
        return Err(diagnostics);
    }
    let read = scenario_document(&documents)
        .and_then(|own| scenario_tree(own, settings).map(|(tree, origins)| (own, tree, origins)));
    let (own, tree, origins) = match read {
        Ok(read) => read,
        Err(found) => {
            diagnostics.extend(found);
            return Err(diagnostics);
        }
    };
    let mut reading = Reading { file, documents: &documents, own, manifests: Vec::new(), findings: Vec::new() };
    let live = Live::new(tree.clone(), &file.directory);
    let parts = reading.parts(tree, &live);
    let Reading { mut manifests, findings, .. } = reading;
    manifests.extend(extra.iter().cloned());
    let manifest_settings = match_settings(settings, &manifests, &mut diagnostics);
    diagnostics.extend(place_findings(findings, own, &file.name, &origins));
    diagnostics.sort();
    let Some(parts) = parts.filter(|_| !diagnostics.has_errors()) else { return Err(diagnostics) };
    // Only warnings are left.
    let (without_effect, warnings) =
        diagnostics.list.into_iter().partition(|warning| warning.code == checks::NO_EFFECT.id);
    Ok(Loaded { file, live, manifests, manifest_settings, without_effect, warnings }.with(parts))
}

/// A scenario on its way from values to the parts of a plan.
struct Reading<'a> {
    file: &'a SourceFile,
    documents: &'a [Document],
    own: Option<&'a Document>,
    manifests: Vec<ManifestSource>,
    findings: Vec<Finding>,
}

impl Reading<'_> {
    /// Compares with the table, decodes, looks at the rules, builds; stops at the first of these that finds errors.
    fn parts(&mut self, tree: Value, live: &Live) -> Option<Parts> {
        self.findings = check(&tree, &Type::Object(Kind::Scenario.shape()), &FieldPath::default());
        if self.failed() {
            return None;
        }
        let scenario = read_typed::<Scenario>(tree).map_err(|finding| self.findings.push(finding)).ok()?;
        self.findings.extend(checks::check(&scenario));
        self.manifests = collect_manifests(&scenario, self.file, self.documents, self.own, &mut self.findings);
        if self.failed() {
            return None;
        }
        let places = self.own.map(|document| (Places::of(&document.text), document.line));
        let line_of = |path: &FieldPath| {
            places.as_ref().map_or(0, |(places, first)| places.find(path, Part::Value).line + first - 1)
        };
        let built = build::build(scenario, &self.file.directory, &line_of);
        let parts = built.map_err(|found| self.findings.extend(found)).ok()?;
        self.findings.extend(set_steps(&parts, live));
        Some(parts)
    }

    fn failed(&self) -> bool {
        self.findings.iter().any(|finding| !finding.code.is_warning())
    }
}

/// Settings of `set` steps that lead nowhere, or whose value does not fit.
fn set_steps(parts: &Parts, live: &Live) -> Vec<Finding> {
    let mut findings = Vec::new();
    for step in &parts.steps {
        let Action::Set(settings) = &step.action else { continue };
        for (setting, value) in settings.iter().filter(|(setting, _)| setting.target == Target::Scenario) {
            if let Err(reason) = live.clone().apply(setting, value.clone()) {
                let path = FieldPath::of(&["spec", "steps"]).index(step.index).key("set").key(setting.text.as_str());
                findings.push(Finding::value(&checks::BAD_SETTING, path, reason));
            }
        }
    }
    findings
}

/// The one Scenario of a file; none if it holds manifests only.
fn scenario_document(documents: &[Document]) -> Result<Option<&Document>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut found: Option<&Document> = None;
    let mut others = Vec::new();
    for document in documents.iter().filter(|document| document.is_ours()) {
        match kind_of(document) {
            Ok(Kind::Scenario) => {
                if let Some(first) = found {
                    let message = format!("the file holds another Scenario, at line {}", first.line);
                    let diagnostic = Diagnostic::new(&checks::TWO_SCENARIOS, message).in_file(&*document.file);
                    diagnostics.push(diagnostic.at(document.line, 1).hint("put each into a file of its own"));
                }
                found = Some(document);
            }
            Ok(kind) => others.push((kind, document)),
            Err(list) => {
                diagnostics.extend(list);
            }
        }
    }
    if found.is_none() {
        for (kind, document) in others {
            let message = format!("this is a {}, not a Scenario", kind.name());
            let hint = format!("run `kubelapse {} {}`", kind.command(), document.file);
            let diagnostic = Diagnostic::new(&checks::OTHER_COMMAND, message).in_file(&*document.file);
            diagnostics.push(diagnostic.at(document.line, 1).hint(hint));
        }
    }
    if diagnostics.is_empty() { Ok(found) } else { Err(diagnostics) }
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
    load_variant(file, options, &[])
}

/// The plan of a file with these settings (path and value) after those of the options: one run of a sweep.
///
/// # Errors
/// As for [`load`].
pub fn load_variant(
    file: &SourceFile,
    options: &LoadOptions,
    settings: &[(String, Value)],
) -> Result<Plan, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let settings = read_settings(options, settings, &mut diagnostics);
    let extra = read_extra(&options.extra_manifests, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    load_one(file, &settings, &extra)
}
