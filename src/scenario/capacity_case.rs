//! A CapacityPlan with the scenario that it is about, read and compared with one another: one plan a seed.

use std::path::Path;

use super::checks::{self, Code};
use super::diagnostics::{Diagnostic, Diagnostics};
use super::expressions::Expression;
use super::inventory::Inventory;
use super::load::{LoadOptions, with_nearest};
use super::plan::afresh::Afresh;
use super::plan::build::nearest_file;
use super::plan::{Plan, files};
use super::schema::capacity::{Candidate, CapacityPlan, CapacitySpec};
use super::schema::check::Finding;
use super::source::SourceFile;
use super::template::Template;
use super::typed::{Located, load_capacity_plans};
use crate::scenario::field_path::FieldPath;

/// What every run must keep where a plan requires nothing itself; where something is lost, also that everything is ready
/// again: pods on nodes that are gone may keep their node (a cluster that is gone as a whole is not evicted).
pub const REQUIRED: [&str; 2] = ["summary.pods.unschedulable == 0", "summary.pods.unready == 0"];

/// A capacity plan, ready to be searched.
#[derive(Clone, Debug)]
pub struct CapacityCase {
    /// Name of the results folder.
    pub name: String,
    /// One line for the report; may be empty.
    pub description: String,
    /// The file it came from.
    pub file: String,
    /// As typed.
    pub spec: CapacitySpec,
    /// What must be true at the end of every run.
    pub require: Vec<Expression>,
    /// What must be true while something is lost.
    pub hold: Vec<Expression>,
    /// The scenario, with each seed.
    pub plans: Vec<Plan>,
    /// What the scenario's manifests hold.
    pub inventory: Inventory,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// The capacity plans of a file.
///
/// # Errors
/// Everything that is wrong in it or in their scenarios, or that there is none.
pub fn load_capacity(path: &Path, options: &LoadOptions) -> Result<Vec<CapacityCase>, Diagnostics> {
    let file = SourceFile::read(path).map_err(|diagnostic| Diagnostics::from(*with_nearest(diagnostic, path)))?;
    load_capacity_source(&file, options)
}

/// The same of a file that has been read.
///
/// # Errors
/// As for [`load_capacity`].
pub fn load_capacity_source(file: &SourceFile, options: &LoadOptions) -> Result<Vec<CapacityCase>, Diagnostics> {
    let mut cases = Vec::new();
    let mut diagnostics = Diagnostics::default();
    diagnostics.add_source(&*file.name, file.text.clone());
    for typed in &load_capacity_plans(file)? {
        match (Loading { typed, options }).case() {
            Ok(case) => cases.push(case),
            Err(found) => diagnostics.append(found),
        }
    }
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    if let Some([name, ..]) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let message = format!("two plans have the name `{name}`: their results would share a folder");
        diagnostics.push(Diagnostic::new(&checks::TWO_SCENARIOS, message).in_file(&file.name));
    }
    if diagnostics.has_errors() { Err(diagnostics) } else { Ok(cases) }
}

/// One document of a file on its way.
struct Loading<'a> {
    typed: &'a Located<CapacityPlan>,
    options: &'a LoadOptions,
}

impl Loading<'_> {
    fn case(&self) -> Result<CapacityCase, Diagnostics> {
        let (typed, file) = (&self.typed.value, &self.typed.file);
        let spec = &typed.spec;
        let source = self.scenario(&spec.scenario)?;
        let template = Template::of(source, self.options)?;
        let mut base = template.plan(&[])?;
        let afresh = Afresh::of(&base).map_err(|reasons| self.not_anew(&spec.scenario, reasons))?;
        afresh.apply(&mut base);
        let inventory = Inventory::of(&base).map_err(|error| {
            let diagnostic = Diagnostic::new(&checks::SYNTAX, error.message).in_file(error.file);
            Diagnostics::from(diagnostic.at(error.line, 0))
        })?;
        let mut findings = Vec::new();
        checks::capacity::against(typed, &base, &inventory, &mut findings);
        if !findings.is_empty() {
            return Err(self.typed.diagnostics(findings));
        }
        let mut plans = Vec::new();
        for seed in (base.seed..).take(spec.seeds.unwrap_or(1) as usize) {
            // Noise of curves comes from the seed: each one is planned anew.
            let mut plan = template.plan(&[("seed".to_owned(), seed.into())])?;
            afresh.apply(&mut plan);
            plans.push(plan);
        }
        if let Some(plan) = plans.first_mut() {
            self.read_static_pods(spec, plan)?;
        }
        let step_files = plans[0].step_files.clone();
        for plan in &mut plans {
            plan.step_files.clone_from(&step_files);
        }
        let (name, description) = typed
            .metadata
            .as_ref()
            .map_or((None, None), |metadata| (metadata.name.clone(), metadata.description.clone()));
        let own = REQUIRED.map(str::to_owned);
        let own = if spec.survive.is_some() { &own[..] } else { &own[..1] };
        let require = if spec.require.is_empty() { own } else { spec.require.as_slice() };
        let hold = spec.survive.iter().flat_map(|survive| &survive.hold);
        Ok(CapacityCase {
            name: name.unwrap_or_else(|| file.stem()),
            description: description.unwrap_or_default(),
            file: file.name.clone(),
            require: require.iter().filter_map(|text| Expression::compile(text).ok()).collect(),
            hold: hold.filter_map(|text| Expression::compile(text).ok()).collect(),
            warnings: afresh.notes.into_iter().chain(warnings(spec)).chain(unpriced(spec, &inventory)).collect(),
            plans,
            inventory,
            spec: spec.clone(),
        })
    }

    /// The imported cluster cannot begin anew.
    fn not_anew(&self, scenario: &str, reasons: Vec<String>) -> Diagnostics {
        let path = FieldPath::of(&["spec", "scenario"]);
        let hint = format!("`{scenario}` imports it; a plan creates it anew on the candidates' nodes");
        let finding = |reason| Finding::value(&checks::BAD_VALUE, path.clone(), reason).hint(hint.clone());
        self.typed.diagnostics(reasons.into_iter().map(finding).collect())
    }

    /// The scenario's file, found relative to this one.
    fn scenario(&self, named: &str) -> Result<SourceFile, Diagnostics> {
        let path = FieldPath::of(&["spec", "scenario"]);
        let error = |code: &'static Code, message: String, hint: String| {
            self.typed.diagnostics(vec![Finding::value(code, path.clone(), message).hint(hint)])
        };
        if named == "-" {
            return Err(error(&checks::UNREADABLE_FILE, "a plan's scenario is a file".to_owned(), String::new()));
        }
        SourceFile::read(&files::resolve(&self.typed.file.directory, named)).map_err(|diagnostic| {
            let is_missing = diagnostic.code == checks::MISSING_FILE.id;
            let code = if is_missing { &checks::MISSING_FILE } else { &checks::UNREADABLE_FILE };
            error(code, diagnostic.message.clone(), nearest_file(&self.typed.file.directory, named))
        })
    }

    /// Reads the static pods of candidates, relative to the plan's own file.
    fn read_static_pods(&self, spec: &CapacitySpec, plan: &mut Plan) -> Result<(), Diagnostics> {
        let mut findings = Vec::new();
        for (index, candidate) in spec.candidates.iter().enumerate() {
            let Candidate::Node(group) = candidate else { continue };
            for (place, named) in group.static_pods.iter().enumerate() {
                match files::read_step_file(&self.typed.file.directory, named) {
                    Ok(read) => drop(plan.step_files.insert(named.clone(), read)),
                    Err(reason) => {
                        let path = FieldPath::of(&["spec", "candidates"]).index(index).key("staticPods").index(place);
                        let hint = nearest_file(&self.typed.file.directory, named);
                        findings.push(Finding::value(&checks::MISSING_FILE, path, reason).hint(hint));
                    }
                }
            }
        }
        if findings.is_empty() { Ok(()) } else { Err(self.typed.diagnostics(findings)) }
    }
}

/// Nodes that cost nothing because nobody says what they cost.
fn unpriced(spec: &CapacitySpec, inventory: &Inventory) -> Option<String> {
    let kept = spec.keep.as_ref().and_then(|keep| inventory.selected_nodes(keep).ok()).unwrap_or_default();
    let counts_all = spec.candidates.contains(&Candidate::Current);
    let counts = |place: usize| counts_all || kept.contains(&place);
    let nodes = inventory.nodes.iter().enumerate().filter(|(place, node)| counts(*place) && node.price.is_none());
    let count = nodes.count();
    (count > 0).then(|| {
        let (many, are) = if count == 1 { ("", "has") } else { ("s", "have") };
        format!(
            "{count} node{many} of the scenario {are} no price and count as free: say it under cluster.nodes or cluster.prices; \
             `current` with such nodes is the cheapest only where nothing else holds"
        )
    })
}

/// What is understood, but does nothing here.
fn warnings(spec: &CapacitySpec) -> Vec<String> {
    let mut warnings = Vec::new();
    for (index, candidate) in spec.candidates.iter().enumerate() {
        let Candidate::Node(group) = candidate else { continue };
        if group.count.is_some() {
            warnings.push(format!("spec.candidates[{index}].count: the count is what is searched"));
        }
        for (field, is_given) in [("autoscale", group.autoscale.is_some()), ("spot", group.spot.is_some())] {
            if is_given {
                warnings.push(format!("spec.candidates[{index}].{field} has no effect in a plan"));
            }
        }
    }
    warnings
}
