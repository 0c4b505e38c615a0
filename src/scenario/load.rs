//! From files to plans: reads, splits, decodes, checks and builds, one scenario a file. Collects everything that
//! is wrong in all files before it gives up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::checks;
use super::diagnostics::{Diagnostic, Diagnostics, Severity};
use super::documents::{Document, split};
use super::field_path::FieldPath;
use super::plan::build::{self, Parts, nearest_file};
use super::plan::{ManifestSetting, ManifestSource, Plan, files};
use super::schema::check::{Finding, check};
use super::schema::scenario::Scenario;
use super::schema::shape::Type;
use super::schema::{Kind, json_schema};
use super::setting::{Setting, Target};
use super::source::SourceFile;
use super::tree;
use super::typed::{Loaded, place_findings, read_typed};

/// What the command line adds to the files.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `-f`: manifests applied after the scenario's own; `-` is standard input.
    pub extra_manifests: Vec<PathBuf>,
    /// `--set`: `PATH=VALUE`.
    pub set: Vec<String>,
    /// Settings with values (sweeps), applied after those of `set`.
    pub settings: Vec<(String, Value)>,
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
    let settings = read_settings(options, &mut diagnostics);
    let extra = read_extra(&options.extra_manifests, &mut diagnostics);
    let mut plans: Vec<Plan> = Vec::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for path in files {
        let read = SourceFile::read(path).map_err(|diagnostic| Diagnostics::from(with_nearest(diagnostic, path)));
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

/// A setting and how it was given, for errors.
struct Given {
    setting: Setting,
    value: Value,
    origin: String,
}

fn read_settings(options: &LoadOptions, diagnostics: &mut Diagnostics) -> Vec<Given> {
    let mut given = Vec::new();
    let mut add = |path: &str, value: Result<Value, String>, origin: String| {
        let parsed = Setting::parse(path).and_then(|setting| Ok((setting, value?)));
        match parsed {
            Ok((setting, value)) => given.push(Given { setting, value, origin }),
            Err(reason) => diagnostics.push(Diagnostic::new(&checks::BAD_SETTING, reason).in_file(origin)),
        }
    };
    for text in &options.set {
        let origin = format!("--set {text}");
        match text.split_once('=') {
            Some((path, value)) => add(path, tree::read_value(value), origin),
            None => add(text, Err(format!("`{text}` is not PATH=VALUE")), origin),
        }
    }
    for (path, value) in &options.settings {
        add(path, Ok(value.clone()), format!("set {path}"));
    }
    if let Some(seed) = options.seed {
        add("spec.seed", Ok(json!(seed)), "--seed".to_owned());
    }
    if let Some(until) = &options.until {
        add("spec.until", Ok(json!(until)), "--until".to_owned());
    }
    given
}

fn read_extra(paths: &[PathBuf], diagnostics: &mut Diagnostics) -> Vec<ManifestSource> {
    let mut manifests = Vec::new();
    for path in paths {
        let read = SourceFile::read(path).map_err(|diagnostic| with_nearest(diagnostic, path));
        match read.and_then(|file| manifests_of(&file)) {
            Ok(found) => manifests.extend(found),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    manifests
}

/// The manifests of a file that may hold nothing else.
fn manifests_of(file: &SourceFile) -> Result<Vec<ManifestSource>, Diagnostic> {
    let mut manifests = Vec::new();
    for document in split(file) {
        if document.is_ours() {
            let message = "a file of manifests holds a document of kubelapse";
            let hint = "name this file on the command line instead";
            let diagnostic = Diagnostic::new(&checks::TWO_SCENARIOS, message).in_file(&file.name);
            return Err(diagnostic.at(document.line, 1).hint(hint));
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

fn load_one(file: &SourceFile, settings: &[Given], extra: &[ManifestSource]) -> Result<Plan, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    diagnostics.add_source(&*file.name, file.text.clone());
    let documents = split(file);
    if documents.is_empty() && extra.is_empty() {
        diagnostics.push(Diagnostic::new(&checks::NOTHING_TO_RUN, "the file holds no document").in_file(&file.name));
        return Err(diagnostics);
    }
    let Some(own) = scenario_document(&documents, &mut diagnostics) else { return Err(diagnostics) };
    let (tree, origins) = match scenario_tree(own, settings) {
        Ok(read) => read,
        Err(found) => {
            found.into_iter().for_each(|diagnostic| diagnostics.push(diagnostic));
            return Err(diagnostics);
        }
    };
    let place = |findings: Vec<Finding>| place_findings(findings, own, &file.name, &origins);
    let mut findings = check(&tree, &Type::Object(Kind::Scenario.shape()), &FieldPath::default());
    let failed = |findings: &[Finding]| findings.iter().any(|finding| !finding.code.is_warning());
    let mut parts: Option<Parts> = None;
    let mut manifests = Vec::new();
    if !failed(&findings) {
        match read_typed::<Scenario>(tree) {
            Err(finding) => findings.push(finding),
            Ok(scenario) => {
                findings.extend(checks::check(&scenario));
                manifests = collect_manifests(&scenario, file, &documents, own, &mut findings);
                let places = own.map(|document| (super::locate::Places::of(&document.text), document.line));
                let line_of = |path: &FieldPath| {
                    let found = places.as_ref();
                    found.map_or(0, |(places, line)| places.find(path, super::locate::Part::Value).line + line - 1)
                };
                if !failed(&findings) {
                    match build::build(scenario, &file.directory, &line_of) {
                        Ok(built) => parts = Some(built),
                        Err(found) => findings.extend(found),
                    }
                }
            }
        }
    }
    manifests.extend(extra.iter().cloned());
    let manifest_settings = match_settings(settings, &manifests, &mut diagnostics);
    for diagnostic in place(findings) {
        diagnostics.push(diagnostic);
    }
    diagnostics.sort();
    match parts {
        Some(parts) if !diagnostics.has_errors() => {
            Ok(parts.into_plan(file, manifests, manifest_settings, diagnostics.list))
        }
        _ => Err(diagnostics),
    }
}

/// The one Scenario of a file: `Some(None)` if there is none (manifests only), `None` after errors.
fn scenario_document<'a>(documents: &'a [Document], diagnostics: &mut Diagnostics) -> Option<Option<&'a Document>> {
    let mut found: Option<&Document> = None;
    let mut others = Vec::new();
    let mut failed = false;
    for document in documents.iter().filter(|document| document.is_ours()) {
        match super::typed::kind_of(document) {
            Ok(Kind::Scenario) => {
                if let Some(first) = found {
                    let message = format!("the file holds another Scenario, at line {}", first.line);
                    let diagnostic = Diagnostic::new(&checks::TWO_SCENARIOS, message).in_file(&*document.file);
                    diagnostics.push(diagnostic.at(document.line, 1).hint("put each into a file of its own"));
                    failed = true;
                }
                found = Some(document);
            }
            Ok(kind) => others.push((kind, document)),
            Err(list) => {
                list.into_iter().for_each(|diagnostic| diagnostics.push(diagnostic));
                failed = true;
            }
        }
    }
    if found.is_none() {
        for (kind, document) in others {
            let message = format!("this is a {}, not a Scenario", kind.name());
            let hint = format!("run `kubelapse {} {}`", kind.command(), document.file);
            let diagnostic = Diagnostic::new(&checks::OTHER_COMMAND, message).in_file(&*document.file);
            diagnostics.push(diagnostic.at(document.line, 1).hint(hint));
            failed = true;
        }
    }
    (!failed).then_some(found)
}

/// Fields that were set from outside the file, and how.
pub(super) type Origins = Vec<(FieldPath, String)>;

/// The scenario's tree with the settings in it; an empty one for a file of manifests.
fn scenario_tree(own: Option<&Document>, settings: &[Given]) -> Result<(Value, Origins), Vec<Diagnostic>> {
    let mut tree = match own {
        Some(document) => tree::read(document)?,
        None => json!({ "apiVersion": super::schema::API_VERSION, "kind": Kind::Scenario.name() }),
    };
    let mut origins = Origins::new();
    let mut errors = Vec::new();
    for given in settings.iter().filter(|given| given.setting.target == Target::Scenario) {
        match given.setting.apply(&mut tree, given.value.clone()) {
            Ok(path) => origins.push((path, given.origin.clone())),
            Err(reason) => {
                let known = json_schema::spec_fields();
                let first = given.setting.first_field().unwrap_or_default();
                let hint = if known.contains(&first) { String::new() } else { super::suggest::hint(first, known) };
                errors.push(Diagnostic::new(&checks::BAD_SETTING, reason).in_file(&given.origin).hint(hint));
            }
        }
    }
    if errors.is_empty() { Ok((tree, origins)) } else { Err(errors) }
}

/// The manifests in the order in which they are applied: what stands before the Scenario in its file, those that it
/// names, what stands after it.
fn collect_manifests(
    scenario: &Scenario,
    file: &SourceFile,
    documents: &[Document],
    own: Option<&Document>,
    findings: &mut Vec<Finding>,
) -> Vec<ManifestSource> {
    let mut manifests = Vec::new();
    let place = own.map_or(0, |own| own.index);
    let inline = |document: &&Document| !document.is_ours();
    manifests.extend(documents.iter().filter(|document| document.index < place).filter(inline).map(source_of));
    for (index, pattern) in scenario.spec.manifests.iter().enumerate() {
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

/// The settings of manifests; each must lead into at least one object. Manifests are parsed here for that alone.
fn match_settings(
    settings: &[Given],
    manifests: &[ManifestSource],
    diagnostics: &mut Diagnostics,
) -> Vec<ManifestSetting> {
    let wanted: Vec<&Given> =
        settings.iter().filter(|given| matches!(given.setting.target, Target::Manifest(_))).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut objects: Vec<Value> = Vec::new();
    for manifest in manifests {
        if let Ok(tree) = tree::read_value(&manifest.text) {
            match tree.get("items").and_then(Value::as_array) {
                Some(items) => objects.extend(items.iter().cloned()),
                None => objects.push(tree),
            }
        }
    }
    let mut matched = Vec::new();
    for given in wanted {
        let Target::Manifest(name) = &given.setting.target else { continue };
        let mut fits = objects.iter_mut().filter(|object| name.matches(object)).peekable();
        let problem = if fits.peek().is_none() {
            Some(format!("no manifest is a {} `{}`", name.kind, name.name))
        } else {
            fits.find_map(|object| given.setting.apply(object, given.value.clone()).err())
        };
        match problem {
            None => matched.push(ManifestSetting { setting: given.setting.clone(), value: given.value.clone() }),
            Some(message) => {
                let known: Vec<String> = objects.iter().filter_map(shown_name).collect();
                let hint =
                    super::suggest::hint(&format!("{}/{}", name.kind, name.name), known.iter().map(String::as_str));
                diagnostics.push(Diagnostic::new(&checks::BAD_SETTING, message).in_file(&given.origin).hint(hint));
            }
        }
    }
    matched
}

fn shown_name(object: &Value) -> Option<String> {
    let name = object.get("metadata")?.get("name")?.as_str()?;
    Some(format!("{}/{name}", object.get("kind")?.as_str()?))
}

fn with_nearest(diagnostic: Diagnostic, path: &Path) -> Diagnostic {
    if diagnostic.code != checks::MISSING_FILE.id {
        return diagnostic;
    }
    let hint = nearest_file(Path::new(""), &path.display().to_string());
    if hint.starts_with("did you mean") { diagnostic.hint(hint) } else { diagnostic }
}

impl Parts {
    fn into_plan(
        self,
        file: &SourceFile,
        manifests: Vec<ManifestSource>,
        manifest_settings: Vec<ManifestSetting>,
        warnings: Vec<Diagnostic>,
    ) -> Plan {
        debug_assert!(warnings.iter().all(|warning| warning.severity == Severity::Warning));
        let (without_effect, warnings) = warnings.into_iter().partition(|warning| warning.code == checks::NO_EFFECT.id);
        let loaded = Loaded { file, manifests, manifest_settings, without_effect, warnings };
        loaded.with(self)
    }
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
    let mut diagnostics = Diagnostics::default();
    let settings = read_settings(options, &mut diagnostics);
    let extra = read_extra(&options.extra_manifests, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    load_one(file, &settings, &extra)
}
