//! A scenario that is read once and planned many times: what does not depend on settings (texts, documents, the tree,
//! the manifests that it names) is read and parsed here, and each plan is made from it with settings of its own.
//! A single run is a template that is planned once.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::checks;
use super::diagnostics::{Diagnostic, Diagnostics};
use super::documents::{Document, split};
use super::field_path::FieldPath;
use super::load::LoadOptions;
use super::locate::{Part, Places};
use super::manifests::{collect_manifests, read_extra};
use super::overrides::{Given, manifest_trees, match_settings, more_settings, read_settings, with_settings};
use super::plan::build::{self, Parts};
use super::plan::dumps::Dumps;
use super::plan::{Action, Live, ManifestSource, Plan};
use super::schema::check::{Finding, check};
use super::schema::scenario::Scenario;
use super::schema::shape::Type;
use super::schema::{API_VERSION, Kind};
use super::setting::Target;
use super::source::SourceFile;
use super::tree;
use super::typed::{Loaded, kind_of, place_findings, read_typed};

/// A scenario, read.
#[derive(Debug)]
pub struct Template {
    file: SourceFile,
    documents: Vec<Document>,
    /// Which of the documents is the Scenario.
    own: Option<usize>,
    /// The Scenario without settings; an empty one for a file of manifests.
    tree: Value,
    /// Where its fields stand, with the line of the file at which it starts.
    places: Option<(Places, usize)>,
    settings: Vec<Given>,
    extra: Vec<ManifestSource>,
    /// What `spec.manifests` names, as long as no setting changes it.
    named: Option<Named>,
    /// What `cluster.import` names, once read.
    dumps: Dumps,
}

/// Manifests by the patterns that name them.
#[derive(Debug)]
struct Named {
    patterns: Vec<String>,
    manifests: Vec<ManifestSource>,
    /// Their trees, parsed when the first setting of a manifest asks for them.
    trees: OnceLock<Vec<Value>>,
}

impl Template {
    /// Reads `path` (`-` is standard input) and what the options name.
    ///
    /// # Errors
    /// Files that cannot be read, documents that are no YAML, and options that cannot be read. What a setting can
    /// still change is not looked at before a plan is made.
    pub fn read(path: &std::path::Path, options: &LoadOptions) -> Result<Self, Diagnostics> {
        let read = SourceFile::read(path);
        let file = read.map_err(|diagnostic| Diagnostics::from(*super::load::with_nearest(diagnostic, path)))?;
        Self::of(file, options)
    }

    /// The template of a file that has been read already.
    ///
    /// # Errors
    /// As for [`Template::read`].
    pub fn of(file: SourceFile, options: &LoadOptions) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        let settings = read_settings(options, &mut diagnostics);
        let extra = read_extra(&options.extra_manifests, &mut diagnostics);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        Self::with(file, settings, extra)
    }

    /// The template of a file with settings and manifests that have been read already.
    pub(super) fn with(
        file: SourceFile,
        settings: Vec<Given>,
        extra: Vec<ManifestSource>,
    ) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        diagnostics.add_source(&*file.name, file.text.clone());
        let documents = split(&file);
        if documents.is_empty() && extra.is_empty() {
            let nothing = Diagnostic::new(&checks::NOTHING_TO_RUN, "the file holds no document");
            diagnostics.push(nothing.in_file(&file.name));
            return Err(diagnostics);
        }
        let read = scenario_document(&documents).and_then(|own| {
            let empty = || json!({ "apiVersion": API_VERSION, "kind": Kind::Scenario.name() });
            let tree = own.map_or_else(|| Ok(empty()), |index| tree::read(&documents[index]))?;
            Ok((own, tree))
        });
        let (own, tree) = match read {
            Ok(read) => read,
            Err(found) => {
                diagnostics.extend(found);
                return Err(diagnostics);
            }
        };
        let places = own.map(|index| (Places::of(&documents[index].text), documents[index].line));
        let mut template =
            Self { file, documents, own, tree, places, settings, extra, named: None, dumps: Dumps::default() };
        template.named = template.named_manifests();
        Ok(template)
    }

    /// The plan with these settings (path and value) after those of the options: one run of many.
    ///
    /// # Errors
    /// Everything that is wrong in the scenario, its manifests' places, or the settings.
    pub fn plan(&self, settings: &[(String, Value)]) -> Result<Plan, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        diagnostics.add_source(&*self.file.name, self.file.text.clone());
        let more = more_settings(settings, &mut diagnostics);
        let given: Vec<&Given> = self.settings.iter().chain(&more).collect();
        let (tree, origins) = match with_settings(self.tree.clone(), &given) {
            Ok(read) => read,
            Err(found) => {
                diagnostics.extend(found);
                return Err(diagnostics);
            }
        };
        let live = Live::new(tree.clone(), &self.file.directory);
        let mut reading = Reading { template: self, manifests: Vec::new(), findings: Vec::new() };
        let parts = reading.parts(tree, &live);
        let Reading { manifests, findings, .. } = reading;
        let is_manifest = |given: &&&Given| matches!(given.setting.target, Target::Manifest(_));
        let manifest_settings = if given.iter().any(|given| is_manifest(&given)) {
            match_settings(&given, self.trees(&manifests), &mut diagnostics)
        } else {
            Vec::new()
        };
        let own = self.own.map(|index| &self.documents[index]);
        diagnostics.extend(place_findings(findings, own, &self.file.name, &origins));
        diagnostics.sort();
        let Some(parts) = parts.filter(|_| !diagnostics.has_errors()) else { return Err(diagnostics) };
        // Only warnings are left.
        let (without_effect, warnings) =
            diagnostics.list.into_iter().partition(|warning| warning.code == checks::NO_EFFECT.id);
        let loaded = Loaded { file: &self.file, live, manifests, manifest_settings, without_effect, warnings };
        Ok(loaded.with(parts))
    }

    /// Where its relative paths start.
    pub fn directory(&self) -> &PathBuf {
        &self.file.directory
    }

    /// The trees of manifests that a setting may lead into.
    fn trees(&self, manifests: &[ManifestSource]) -> Vec<Value> {
        match &self.named {
            Some(named) if named.manifests == manifests => {
                named.trees.get_or_init(|| manifest_trees(manifests)).clone()
            }
            _ => manifest_trees(manifests),
        }
    }

    /// What the Scenario names without settings; none if that is not how it can be read.
    fn named_manifests(&self) -> Option<Named> {
        let list = self.tree.get("spec").and_then(|spec| spec.get("manifests"));
        let patterns = match list {
            None => Vec::new(),
            Some(list) => {
                let text = |item: &Value| item.as_str().map(str::to_owned);
                list.as_array()?.iter().map(text).collect::<Option<Vec<String>>>()?
            }
        };
        let mut findings = Vec::new();
        let manifests = self.collect(&patterns, &mut findings);
        findings.is_empty().then(|| Named { patterns, manifests, trees: OnceLock::new() })
    }

    fn collect(&self, patterns: &[String], findings: &mut Vec<Finding>) -> Vec<ManifestSource> {
        let own = self.own.map(|index| &self.documents[index]);
        let mut manifests = collect_manifests(patterns, &self.file, &self.documents, own, findings);
        manifests.extend(self.extra.iter().cloned());
        manifests
    }
}

/// A scenario on its way from values to the parts of a plan.
struct Reading<'a> {
    template: &'a Template,
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
        self.manifests = match &self.template.named {
            Some(named) if named.patterns == scenario.spec.manifests => named.manifests.clone(),
            _ => self.template.collect(&scenario.spec.manifests, &mut self.findings),
        };
        if self.failed() {
            return None;
        }
        let line_of = |path: &FieldPath| {
            let places = self.template.places.as_ref();
            places.map_or(0, |(places, first)| places.find(path, Part::Value).line + first - 1)
        };
        let built = build::build(scenario, &self.template.file.directory, &self.template.dumps, &line_of);
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

/// The one Scenario of a file, by its place among the documents; none if it holds manifests only.
fn scenario_document(documents: &[Document]) -> Result<Option<usize>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut found: Option<usize> = None;
    let mut others = Vec::new();
    for (index, document) in documents.iter().enumerate().filter(|(_, document)| document.is_ours()) {
        match kind_of(document) {
            Ok(Kind::Scenario) => {
                if let Some(first) = found {
                    let message = format!("the file holds another Scenario, at line {}", documents[first].line);
                    let diagnostic = Diagnostic::new(&checks::TWO_SCENARIOS, message).in_file(&*document.file);
                    diagnostics.push(diagnostic.at(document.line, 1).hint("put each into a file of its own"));
                }
                found = Some(index);
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
