//! A sweep that can be run: what varies, and the scenario that it varies. Everything that can be wrong is found before
//! the first run: paths, values, metrics, asserts and the size.

use serde_json::Value;

use super::asserts;
use super::metric::{Metric, MetricError};
use super::outline::{Axis, Column, Outline, VARIANT};
use super::row::{Row, Status};
use super::runner::{Jobs, in_order};
use super::simulate::simulate;
use crate::engine::digest::Digest;
use crate::scenario::checks;
use crate::scenario::expressions::Expression;
use crate::scenario::plan::build::nearest_file;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::sweep::Sweep;
use crate::scenario::{Diagnostics, FieldPath, LoadOptions, Located, Plan, Template};
use crate::simulation::Simulation;

/// Runs that a sweep may have unless it is told otherwise.
pub const RUNS_MAX: usize = 100_000;

/// Metrics of a sweep that names none.
const METRICS: [&str; 5] =
    ["pod_start_seconds.p50", "pod_start_seconds.p99", "pods.unschedulable", "pods.restarts", "cost"];

/// Settings that belong together: paths and values.
type Settings = Vec<(String, Value)>;

/// A sweep, ready to be run.
#[derive(Debug)]
pub struct Study {
    /// What is run.
    pub outline: Outline,
    template: Template,
    /// For each axis and each of its values, the settings.
    settings: Vec<Vec<Settings>>,
    metrics: Vec<Metric>,
}

/// Where the values of an axis stand in the file.
struct Place {
    path: FieldPath,
    /// Of an entry of `matrix` or `zip`: the field below, with the value's number.
    is_list: bool,
}

impl Place {
    fn of(&self, row: usize) -> FieldPath {
        if self.is_list { self.path.key("values").index(row) } else { self.path.index(row).key("set") }
    }
}

impl Study {
    /// Reads the scenario of a sweep and looks at everything. `options` apply to the scenario before the sweep's own
    /// settings; more than `runs_max` runs are refused.
    ///
    /// # Errors
    /// All that is wrong, with its place in the sweep's file.
    pub fn load(sweep: &Located<Sweep>, options: &LoadOptions, runs_max: usize) -> Result<Self, Diagnostics> {
        let spec = &sweep.value.spec;
        let at = FieldPath::of(&["spec"]);
        check_size(sweep, runs_max)?;
        let (axes, settings, places) = axes(spec);
        let mut findings = Vec::new();
        let (metrics, named) = metrics(spec, &at, &mut findings);
        let file = sweep.file.directory.join(&spec.scenario);
        if !file.exists() {
            let message = format!("there is no file `{}`", spec.scenario);
            let finding = Finding::value(&checks::MISSING_FILE, at.key("scenario"), message);
            findings.push(finding.hint(nearest_file(&sweep.file.directory, &spec.scenario)));
            return Err(sweep.diagnostics(findings));
        }
        let template = Template::read(&file, options)?;
        let base = template.plan(&[])?;
        if !findings.is_empty() {
            return Err(sweep.diagnostics(findings));
        }
        let metadata = sweep.value.metadata.as_ref();
        let outline = Outline {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            name: metadata.and_then(|metadata| metadata.name.clone()).unwrap_or_else(|| sweep.file.stem()),
            description: metadata.and_then(|metadata| metadata.description.clone()).unwrap_or_default(),
            scenario: spec.scenario.clone(),
            inputs: String::new(),
            axes,
            first_seed: base.seed,
            seeds: spec.seeds.unwrap_or(1),
            metrics: named,
            asserts: spec.assert.clone(),
        };
        let mut study = Self { outline, template, settings, metrics };
        study.outline.inputs = study.check_values(sweep, &base, &places)?;
        Ok(study)
    }

    /// The plan of a run.
    ///
    /// # Errors
    /// Values that make no plan together.
    pub fn plan(&self, run: usize) -> Result<Plan, Diagnostics> {
        let mut settings = self.settings_of(self.outline.combination_of(run));
        settings.push(("seed".to_owned(), self.outline.seed_of(run).into()));
        self.template.plan(&settings)
    }

    /// Carries out a run on this thread.
    pub fn run(&self, run: usize) -> Row {
        let mut row = Row {
            run,
            status: Status::Error,
            values: vec![None; self.metrics.len()],
            digest: String::new(),
            message: String::new(),
            warnings: Vec::new(),
        };
        let plan = match self.plan(run) {
            Ok(plan) => Plan { output: plan.output.summary_only(), ..plan },
            Err(found) => {
                row.message = found.to_string();
                return row;
            }
        };
        let finished = match simulate(&plan) {
            Ok(finished) => finished,
            Err(error) => {
                row.message = error.to_string();
                return row;
            }
        };
        row.status = if finished.held() { Status::Ok } else { Status::Failed };
        row.message = finished.complaints().join("; ");
        row.digest.clone_from(&finished.record.run.digest);
        row.warnings.clone_from(&finished.record.warnings);
        let summary = finished.summary();
        for (metric, value) in self.metrics.iter().zip(&mut row.values) {
            match metric.find(&summary) {
                Ok(found) => *value = Some(found),
                Err(MetricError::Undefined) => {}
                Err(error) => row.warnings.push(format!("metric `{}`: {error}", metric.name)),
            }
        }
        row
    }

    fn settings_of(&self, combination: usize) -> Settings {
        let places = self.outline.places(combination);
        self.settings.iter().zip(places).flat_map(|(rows, place)| rows[place].iter().cloned()).collect()
    }

    /// Makes a plan and sets it up with every value once, each with the first values of the other axes. Returns the
    /// digest of all that can decide a run: what is in the files, not where they lie.
    fn check_values(&self, sweep: &Located<Sweep>, base: &Plan, places: &[Place]) -> Result<String, Diagnostics> {
        let mut cases: Vec<Option<(usize, usize)>> = vec![None];
        let firsts = self.settings.iter().enumerate();
        cases.extend(firsts.flat_map(|(axis, rows)| (0..rows.len()).map(move |row| Some((axis, row)))));
        let mut digest = Digest::new();
        let outline = &self.outline;
        digest.update_text(
            &serde_json::to_string(&Outline { asserts: Vec::new(), ..outline.clone() }).unwrap_or_default(),
        );
        for row in self.settings.iter().flatten().flatten() {
            digest.update_text(&format!("{}={}", row.0, row.1));
        }
        for object in base.cluster.dump.iter().flat_map(|dump| &dump.objects) {
            digest.update_text(object.json());
        }
        let look = |case: &Option<(usize, usize)>| {
            let settings = case.map_or_else(Settings::new, |(axis, row)| self.settings_with(axis, row));
            let plan = self.template.plan(&settings)?;
            let content = plan.content();
            match Simulation::new(&plan) {
                Ok(_) => Ok(content),
                Err(error) => {
                    Err(Diagnostics::from(crate::scenario::Diagnostic::new(&checks::BAD_SETTING, error.to_string())))
                }
            }
        };
        let mut wrong = Diagnostics::default();
        let mut seen: Vec<String> = Vec::new();
        in_order(Jobs::default(), &cases, look, |case, result| match (result, case) {
            (Ok(content), _) => digest.update_text(&content),
            (Err(found), None) => wrong.append(found),
            (Err(found), Some((axis, row))) => {
                for one in found.list {
                    let path = places[*axis].of(*row);
                    // What is wrong with the first value of another axis is told there.
                    if seen.contains(&one.message) {
                        continue;
                    }
                    seen.push(one.message.clone());
                    let finding = Finding::value(&checks::BAD_SETTING, path, one.message).hint(one.hint);
                    wrong.append(sweep.diagnostics(vec![finding]));
                }
            }
        });
        if wrong.has_errors() { Err(wrong) } else { Ok(digest.finish_hex()) }
    }

    /// The settings of one value of an axis, with the first values of the others.
    fn settings_with(&self, axis: usize, row: usize) -> Settings {
        let rows = self.settings.iter().enumerate().map(|(index, rows)| &rows[if index == axis { row } else { 0 }]);
        rows.flatten().cloned().collect()
    }
}

/// Tells the size of a sweep before anything is made of it.
fn check_size(sweep: &Located<Sweep>, runs_max: usize) -> Result<(), Diagnostics> {
    let spec = &sweep.value.spec;
    let mut factors: Vec<usize> = spec.matrix.iter().map(|axis| axis.values.len()).collect();
    factors.extend(spec.zip.first().map(|axis| axis.values.len()));
    factors.extend(Some(spec.variants.len()).filter(|length| *length > 0));
    let seeds = spec.seeds.unwrap_or(1) as usize;
    let combinations = factors.iter().try_fold(1_usize, |product, factor| product.checked_mul(*factor));
    let runs = combinations.and_then(|combinations| combinations.checked_mul(seeds));
    if runs.is_some_and(|runs| runs <= runs_max) {
        return Ok(());
    }
    let product = factors.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
    let product = if product.is_empty() { "1".to_owned() } else { product };
    let total = runs.map_or_else(|| "more than can be counted".to_owned(), |runs| format!("{runs} runs"));
    let message = format!("{product} combinations × {seeds} seeds are {total}; at most {runs_max} are run");
    let field = if factors.is_empty() { "seeds" } else { "matrix" };
    let finding = Finding::value(&checks::OUT_OF_RANGE, FieldPath::of(&["spec", field]), message);
    Err(sweep.diagnostics(vec![finding.hint("take fewer values, or allow it with --max-runs")]))
}

/// What varies, as tables show it, as settings, and where it stands.
fn axes(spec: &crate::scenario::schema::sweep::SweepSpec) -> (Vec<Axis>, Vec<Vec<Settings>>, Vec<Place>) {
    let at = FieldPath::of(&["spec"]);
    let (mut axes, mut settings, mut places) = (Vec::new(), Vec::new(), Vec::new());
    let column = |name: &Option<String>, path: &str| Column {
        name: name.clone().unwrap_or_else(|| path.to_owned()),
        label: name.clone().unwrap_or_else(|| label_of(path)),
    };
    for (index, axis) in spec.matrix.iter().enumerate() {
        axes.push(Axis {
            columns: vec![column(&axis.name, &axis.set)],
            rows: axis.values.iter().map(|value| vec![text_of(value)]).collect(),
        });
        settings.push(axis.values.iter().map(|value| vec![(axis.set.clone(), value.clone())]).collect());
        places.push(Place { path: at.key("matrix").index(index), is_list: true });
    }
    if let Some(first) = spec.zip.first() {
        let rows = 0..first.values.len();
        axes.push(Axis {
            columns: spec.zip.iter().map(|axis| column(&axis.name, &axis.set)).collect(),
            rows: rows.clone().map(|row| spec.zip.iter().map(|axis| text_of(&axis.values[row])).collect()).collect(),
        });
        let of = |row: usize| spec.zip.iter().map(|axis| (axis.set.clone(), axis.values[row].clone())).collect();
        settings.push(rows.map(of).collect());
        places.push(Place { path: at.key("zip").index(0), is_list: true });
    }
    if !spec.variants.is_empty() {
        axes.push(Axis {
            columns: vec![Column { name: VARIANT.to_owned(), label: VARIANT.to_owned() }],
            rows: spec.variants.iter().map(|variant| vec![variant.name.clone()]).collect(),
        });
        let of = |variant: &crate::scenario::schema::sweep::Variant| {
            variant.set.iter().map(|(path, value)| (path.clone(), value.clone())).collect()
        };
        settings.push(spec.variants.iter().map(of).collect());
        places.push(Place { path: at.key("variants"), is_list: false });
    }
    (axes, settings, places)
}

/// The metrics of a sweep and their names: those that it lists, and those that only asserts look at.
fn metrics(
    spec: &crate::scenario::schema::sweep::SweepSpec,
    at: &FieldPath,
    findings: &mut Vec<Finding>,
) -> (Vec<Metric>, Vec<String>) {
    let mut metrics: Vec<Metric> = Vec::new();
    let listed: Vec<&str> =
        if spec.metrics.is_empty() { METRICS.to_vec() } else { spec.metrics.iter().map(String::as_str).collect() };
    for (index, name) in listed.iter().enumerate() {
        match Metric::parse(name) {
            Ok(metric) if metrics.contains(&metric) => {}
            Ok(metric) => metrics.push(metric),
            Err(error) => {
                let path = at.key("metrics").index(index);
                findings.push(Finding::value(&checks::BAD_VALUE, path, error.to_string()));
            }
        }
    }
    for (index, text) in spec.assert.iter().enumerate() {
        // The schema has compiled it already.
        let Ok(expression) = Expression::compile(text) else { continue };
        match asserts::metrics(&expression) {
            Ok(found) => {
                for metric in found {
                    if !metrics.iter().any(|known| known.names().eq(metric.names())) {
                        metrics.push(metric);
                    }
                }
            }
            Err(words) => {
                findings.push(Finding::value(&checks::BAD_EXPRESSION, at.key("assert").index(index), words));
            }
        }
    }
    let names = metrics.iter().map(|metric| metric.name.clone()).collect();
    (metrics, names)
}

/// A value as a cell.
fn text_of(value: &Value) -> String {
    super::row::one_line(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// The last two names of a path; of a field of a manifest the object and the last name.
fn label_of(path: &str) -> String {
    let end = path.find('[').unwrap_or(path.len());
    let (object, field) = match path[..end].find(':') {
        Some(colon) => (Some(&path[..colon]), &path[colon + 1..]),
        None => (None, path),
    };
    // Brackets may hold dots; what is between them and the next dot belongs together.
    let mut parts: Vec<String> = vec![String::new()];
    let mut inside = false;
    for letter in field.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            '.' if !inside => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("it starts with one").push(letter);
    }
    let kept = if object.is_some() { 1 } else { 2 };
    let tail = parts[parts.len().saturating_sub(kept)..].join(".");
    object.map_or(tail.clone(), |object| format!("{object} {tail}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::{SourceFile, load_sweeps};

    #[test]
    fn every_shipped_sweep_can_be_run() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/sweeps");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slurm/small.yaml"));
        for path in files {
            for sweep in load_sweeps(&SourceFile::read(&path).unwrap()).unwrap() {
                let study = Study::load(&sweep, &LoadOptions::default(), RUNS_MAX);
                let study = study.unwrap_or_else(|found| panic!("{}", found.render(false)));
                assert!(study.outline.runs() >= 10 && !study.outline.asserts.is_empty(), "{}", path.display());
            }
        }
    }

    #[test]
    fn labels_are_the_last_names_of_paths() {
        for (path, label) in [
            ("cluster.nodes[worker].count", "nodes[worker].count"),
            ("seed", "seed"),
            ("cluster.nodes[a].capacity[nvidia.com/gpu]", "nodes[a].capacity[nvidia.com/gpu]"),
            (
                "HorizontalPodAutoscaler/web:spec.metrics[0].resource.target.averageUtilization",
                "HorizontalPodAutoscaler/web averageUtilization",
            ),
        ] {
            assert_eq!(label_of(path), label);
        }
    }
}
