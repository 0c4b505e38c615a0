//! One document of ours: its kind, its decoded form, and the places of what is wrong in it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::checks;
use super::diagnostics::{Diagnostic, Diagnostics};
use super::documents::{Document, split};
use super::field_path::{FieldPath, Segment};
use super::locate::{Part, Places};
use super::overrides::Origins;
use super::plan::build::Parts;
use super::plan::{Live, ManifestSetting, ManifestSource, Plan};
use super::schema::capacity::CapacityPlan;
use super::schema::check::{Finding, check, plain};
use super::schema::shape::Type;
use super::schema::sweep::Sweep;
use super::schema::{API_VERSION, Kind};
use super::source::SourceFile;
use super::{suggest, tree};

/// The kind of a document of ours.
///
/// # Errors
/// Text that is no YAML, another version, an unknown kind.
pub fn kind_of(document: &Document) -> Result<Kind, Vec<Diagnostic>> {
    let tree = tree::read(document)?;
    let field = |name: &str| tree.get(name).map_or_else(String::new, plain);
    let error = |key: &str, message: String, hint: String| {
        let finding = Finding::value(&checks::UNKNOWN_KIND, FieldPath::of(&[key]), message).hint(hint);
        Err(place_findings(vec![finding], Some(document), &document.file, &Origins::new()))
    };
    let version = field("apiVersion");
    if version != API_VERSION {
        return error(
            "apiVersion",
            format!("unknown version `{version}`"),
            format!("this version reads `{API_VERSION}`"),
        );
    }
    let kind = field("kind");
    Kind::from_name(&kind).map_or_else(
        || {
            let hint = suggest::hint(&kind, Kind::ALL.map(Kind::name));
            error("kind", format!("`{kind}` is not a kind of {API_VERSION}"), hint)
        },
        Ok,
    )
}

/// Decodes a tree that has been compared with the table.
///
/// # Errors
/// Where table and types disagree (a mistake in this program, still told with the field).
pub fn read_typed<T: DeserializeOwned>(tree: Value) -> Result<T, Finding> {
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let mut path = FieldPath::default();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => path.0.push(Segment::Index(*index)),
                serde_path_to_error::Segment::Map { key } => path.0.push(Segment::Key(key.clone())),
                _ => {}
            }
        }
        Finding::value(&checks::BAD_VALUE, path, error.inner().to_string())
    })
}

/// Gives findings their places in the file; those in fields that were set from outside name how instead.
pub fn place_findings(
    findings: Vec<Finding>,
    document: Option<&Document>,
    file: &str,
    origins: &Origins,
) -> Vec<Diagnostic> {
    if findings.is_empty() {
        return Vec::new();
    }
    let places = document.map(|document| Places::of(&document.text));
    let mut placed = Vec::new();
    for finding in findings {
        let mut diagnostic = Diagnostic::new(finding.code, finding.message).hint(finding.hint);
        diagnostic.path = finding.path.to_string();
        let origin = origins.iter().rev().find(|(path, _)| finding.path.is_within(path));
        match (origin, &places, document) {
            (Some((_, origin)), ..) => diagnostic.file.clone_from(origin),
            (None, Some(places), Some(document)) => {
                let place = places.find(&finding.path, finding.part);
                file.clone_into(&mut diagnostic.file);
                diagnostic.line = document.line + place.line - 1;
                diagnostic.column = place.column;
                diagnostic.length = place.length;
                if let (Some(offset), Part::Value) = (finding.offset, finding.part) {
                    shift(&mut diagnostic, offset, document);
                }
            }
            _ => file.clone_into(&mut diagnostic.file),
        }
        placed.push(diagnostic);
    }
    placed
}

/// Moves the mark into a scalar that stands on one line.
fn shift(diagnostic: &mut Diagnostic, offset: usize, document: &Document) {
    let line = document.text.lines().nth(diagnostic.line - document.line).unwrap_or_default();
    let first = line.chars().nth(diagnostic.column - 1);
    let quotes = usize::from(matches!(first, Some('"' | '\'')));
    if matches!(first, Some('|' | '>')) || offset + quotes >= diagnostic.length.max(2) {
        return;
    }
    diagnostic.column += offset + quotes;
    diagnostic.length = 1;
}

/// What a plan has beside its scenario's parts.
pub(super) struct Loaded<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) live: Live,
    pub(super) manifests: Vec<ManifestSource>,
    pub(super) manifest_settings: Vec<ManifestSetting>,
    pub(super) without_effect: Vec<Diagnostic>,
    pub(super) warnings: Vec<Diagnostic>,
}

impl Loaded<'_> {
    pub(super) fn with(self, parts: Parts) -> Plan {
        let metadata = parts.scenario.metadata;
        let spec = parts.scenario.spec;
        let dumped = parts.cluster.dump.as_ref().and_then(|dump| dump.span.last());
        let dumped = dumped.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        let quiet = self.without_effect.is_empty() && self.warnings.is_empty();
        let (name, description) = metadata.map_or((None, None), |metadata| (metadata.name, metadata.description));
        Plan {
            name: name.unwrap_or_else(|| self.file.stem()),
            description: description.unwrap_or_default(),
            file: self.file.name.clone(),
            source: if quiet { "".into() } else { self.file.text.clone() },
            directory: self.file.directory.clone(),
            seed: spec.seed.unwrap_or(0),
            start: spec.start.map(|start| start.0).or(dumped).unwrap_or(DEFAULT_START),
            until: parts.until,
            warmup: parts.warmup,
            cluster: parts.cluster,
            images: parts.images,
            behaviors: parts.behaviors,
            manifests: self.manifests,
            manifest_settings: self.manifest_settings,
            steps: parts.steps,
            live: self.live,
            step_files: parts.step_files,
            expectations: parts.expectations,
            output: parts.output,
            traffic: parts.traffic,
            metrics: parts.metrics,
            without_effect: self.without_effect,
            warnings: self.warnings,
        }
    }
}

/// 2026-01-01T00:00:00Z.
const DEFAULT_START: jiff::Timestamp = jiff::Timestamp::constant(1_767_225_600, 0);

/// A document of ours as typed, and where it stands: what is found wrong in it later is told with its line too.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// What it says.
    pub value: T,
    /// Its file.
    pub file: SourceFile,
    document: Document,
}

impl<T> Located<T> {
    /// Findings with their places in the file.
    pub fn diagnostics(&self, findings: Vec<Finding>) -> Diagnostics {
        let mut diagnostics = Diagnostics::default();
        diagnostics.add_source(&*self.file.name, self.file.text.clone());
        diagnostics.extend(place_findings(findings, Some(&self.document), &self.document.file, &Origins::new()));
        diagnostics.sort();
        diagnostics
    }
}

/// The kinds of the documents of a file that are ours; what cannot be read as one is left out.
pub fn kinds(file: &SourceFile) -> Vec<Kind> {
    split(file).iter().filter(|document| document.is_ours()).filter_map(|document| kind_of(document).ok()).collect()
}

/// The Sweeps of a file.
///
/// # Errors
/// Everything that is wrong in it, or that there is none.
pub fn load_sweeps(file: &SourceFile) -> Result<Vec<Located<Sweep>>, Diagnostics> {
    load_kind(file, Kind::Sweep, checks::sweep::check)
}

/// The CapacityPlans of a file.
///
/// # Errors
/// Everything that is wrong in it, or that there is none.
pub fn load_capacity_plans(file: &SourceFile) -> Result<Vec<Located<CapacityPlan>>, Diagnostics> {
    load_kind(file, Kind::CapacityPlan, checks::capacity::check)
}

fn load_kind<T: DeserializeOwned>(
    file: &SourceFile,
    wanted: Kind,
    rule: fn(&T, &mut Vec<Finding>),
) -> Result<Vec<Located<T>>, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    diagnostics.add_source(&*file.name, file.text.clone());
    let mut found = Vec::new();
    let mut others = Vec::new();
    for document in split(file).into_iter().filter(Document::is_ours) {
        let read = kind_of(&document).and_then(|kind| {
            if kind != wanted {
                others.push(kind);
                return Ok(None);
            }
            let tree = tree::read(&document)?;
            let mut findings = check(&tree, &Type::Object(kind.shape()), &FieldPath::default());
            let mut typed = None;
            if findings.is_empty() {
                match read_typed::<T>(tree) {
                    Ok(read) => {
                        rule(&read, &mut findings);
                        typed = Some(read);
                    }
                    Err(finding) => findings.push(finding),
                }
            }
            findings.retain(|finding| !finding.code.is_warning());
            let placed = place_findings(findings, Some(&document), &document.file, &Origins::new());
            if placed.is_empty() { Ok(typed) } else { Err(placed) }
        });
        match read {
            Ok(typed) => found.extend(typed.map(|value| Located { value, file: file.clone(), document })),
            Err(list) => diagnostics.extend(list),
        }
    }
    if found.is_empty() && diagnostics.is_empty() {
        let message = format!("the file holds no {}", wanted.name());
        let other = others.first().map_or(String::new(), |kind| {
            format!("it holds a {}: run `kubelapse {} {}`", kind.name(), kind.command(), file.name)
        });
        diagnostics.push(Diagnostic::new(&checks::OTHER_COMMAND, message).in_file(&file.name).hint(other));
    }
    if diagnostics.has_errors() { Err(diagnostics) } else { Ok(found) }
}
