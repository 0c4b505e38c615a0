//! From a scenario as typed, which has passed the checks, to the plan. What only shows here (files that are
//! missing, parameters that make no distribution) is reported as the checks report.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::amounts::{Context, Usage};
use super::behaviors::{Behavior, Needs, OnTerm, Probes, Run, RunLength, Startup};
use super::dumps::Dumps;
use super::metrics;
use super::traffic::{self, Load};
use super::{
    Action, Cluster, ConfigFile, Expectation, ExpectationTime, Image, Images, Output, Step, StepFile, Trigger, Until,
    Warmup, faults, files, kustomized, nodes,
};
use crate::api::dump::Dump;
use crate::engine::SimDuration;
use crate::engine::distribution::Distribution;
use crate::scenario::checks::times::MAX_TIME;
use crate::scenario::checks::{self, Code};
use crate::scenario::expressions::Expression;
use crate::scenario::field_path::FieldPath;
use crate::scenario::schema;
use crate::scenario::schema::amounts::RandomDuration;
use crate::scenario::schema::check::Finding;
use crate::scenario::schema::leaves::Duration;
use crate::scenario::schema::scenario::{ChartFormat, IdleOr, Scenario, When};
use crate::scenario::setting::Setting;
use crate::scenario::suggest;

/// Bandwidth of a pull if nothing is said: 100 MiB/s.
const BANDWIDTH: f64 = 100.0 * 1024.0 * 1024.0;
/// Latency of the registry if nothing is said.
const REGISTRY_LATENCY: SimDuration = SimDuration::from_millis(300);
/// Time between samples if nothing is said.
const SAMPLE: SimDuration = SimDuration::from_secs(15);

/// Everything of a plan that comes from the scenario document.
#[derive(Debug)]
pub struct Parts {
    /// The document as typed.
    pub scenario: Scenario,
    /// When it ends.
    pub until: Until,
    /// Life before t=0.
    pub warmup: Option<Warmup>,
    /// Nodes and components.
    pub cluster: Cluster,
    /// Images.
    pub images: Images,
    /// What containers do.
    pub behaviors: Vec<Behavior>,
    /// Load on Services and consumers.
    pub traffic: Vec<Load>,
    /// What is done.
    pub steps: Vec<Step>,
    /// Files of steps.
    pub step_files: BTreeMap<String, StepFile>,
    /// What must be true.
    pub expectations: Vec<Expectation>,
    /// Metrics of autoscalers.
    pub metrics: Vec<metrics::Metric>,
    /// What is written.
    pub output: Output,
}

/// Builds the parts; findings are errors. `line_of` tells the line of a field (for steps and expectations).
///
/// # Errors
/// Files that are missing, and parameters that make no distribution or curve.
pub fn build(
    scenario: Scenario,
    directory: &Path,
    dumps: &Dumps,
    line_of: &dyn Fn(&FieldPath) -> usize,
) -> Result<Parts, Vec<Finding>> {
    let seed = scenario.spec.seed.unwrap_or(0);
    let mut builder = Builder { amounts: Context { directory, seed, is_rate: false }, findings: Vec::new(), line_of };
    let spec = FieldPath::of(&["spec"]);
    let images = builder.images(&scenario, &spec.key("images"));
    let cluster = builder.cluster(&scenario, dumps, &spec.key("cluster"));
    let behaviors = builder.behaviors(&scenario, &spec.key("behaviors"));
    let amounts = Context { is_rate: true, ..builder.amounts };
    let traffic = traffic::build(&scenario.spec.traffic, &amounts, line_of, &mut builder.findings);
    let (steps, step_files) = builder.steps(&scenario, &spec.key("steps"));
    let expectations = builder.expectations(&scenario, &spec.key("expect"));
    let metrics = builder.metrics(&scenario, &spec.key("metrics"));
    if !builder.findings.is_empty() {
        return Err(builder.findings);
    }
    Ok(Parts {
        until: until(&scenario),
        warmup: scenario.spec.warmup.map(|warmup| match warmup {
            IdleOr::Idle => Warmup::Idle,
            IdleOr::After(Duration(length)) => Warmup::For(length),
        }),
        cluster,
        images,
        behaviors,
        traffic,
        steps,
        step_files,
        expectations,
        metrics,
        output: output(&scenario),
        scenario,
    })
}

/// Makes the parts one by one, and collects what is wrong with them.
pub(super) struct Builder<'a> {
    pub(super) amounts: Context<'a>,
    pub(super) findings: Vec<Finding>,
    pub(super) line_of: &'a dyn Fn(&FieldPath) -> usize,
}

/// Noise of what containers hold (disk, files, processes) is drawn apart from that of CPU and memory.
const HELD_SALT: u64 = 1 << 32;

impl Builder<'_> {
    /// The value, or a finding and nothing.
    fn keep<T>(&mut self, result: Result<T, String>, code: &'static Code, path: &FieldPath) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(reason) => {
                self.findings.push(Finding::value(code, path.clone(), reason));
                None
            }
        }
    }

    fn duration(&mut self, duration: Option<&RandomDuration>, path: &FieldPath) -> Option<Distribution> {
        let made = self.amounts.duration(duration?);
        self.keep(made, &checks::BAD_AMOUNT, path)
    }

    fn usage(&mut self, usage: Option<&schema::amounts::Varying>, salt: u64, path: &FieldPath) -> Option<Usage> {
        let made = self.amounts.usage(usage?, salt);
        self.keep(made, &checks::BAD_AMOUNT, path)
    }

    /// The dumps that are the initial state. A run cannot begin before the last of what they tell.
    fn dump(&mut self, scenario: &Scenario, dumps: &Dumps, path: &FieldPath) -> Option<Arc<Dump>> {
        let names = &scenario.spec.cluster.as_ref()?.import;
        if names.is_empty() {
            return None;
        }
        let directory = self.amounts.directory;
        let dump = match dumps.named(directory, names) {
            Ok(dump) => dump,
            Err((place, message)) => {
                let is_missing = message.contains("no such file") || message.starts_with("no file matches");
                let code = if is_missing { &checks::MISSING_FILE } else { &checks::UNREADABLE_FILE };
                let finding = Finding::value(code, path.key("import").index(place), message);
                let hint = nearest_file(directory, &names[place]);
                self.findings.push(if is_missing { finding.hint(hint) } else { finding });
                return None;
            }
        };
        let last = dump.span.last().and_then(|last| jiff::Timestamp::from_second(last).ok());
        if let (Some(start), Some(last)) = (scenario.spec.start.as_ref(), last)
            && start.0 < last
        {
            let message = format!("the run would begin before the dump was taken, at {last}");
            let hint = "leave `start` out: the run begins where the dump ends";
            let path = FieldPath::of(&["spec", "start"]);
            self.findings.push(Finding::value(&checks::CONTRADICTION, path, message).hint(hint));
        }
        Some(dump)
    }

    /// A component's configuration file; what it says is the component's own matter.
    fn config_file(&mut self, file: Option<&schema::cluster::ConfigFile>, path: &FieldPath) -> Option<ConfigFile> {
        let named = &file?.config;
        match ConfigFile::read(self.amounts.directory, named) {
            Ok(file) => Some(file),
            Err(message) => {
                let hint = nearest_file(self.amounts.directory, named);
                let missing = message.contains("no such file") || message.contains("no file");
                let finding = Finding::value(&checks::MISSING_FILE, path.key("config"), message);
                self.findings.push(if missing { finding.hint(hint) } else { finding });
                None
            }
        }
    }

    pub(super) fn images(&mut self, scenario: &Scenario, path: &FieldPath) -> Images {
        let typed = scenario.spec.images.as_ref();
        let registry = typed.and_then(|images| images.registry.as_ref());
        let mut entries = BTreeMap::new();
        for (name, image) in typed.iter().flat_map(|images| &images.entries) {
            let pull = self.duration(image.pull.as_ref(), &path.key(name.as_str()).key("pull"));
            let size = image.size.map(|size| size.0);
            entries.insert(name.clone(), Image { size, pull, missing: image.missing.unwrap_or(false) });
        }
        Images {
            bandwidth: registry.and_then(|registry| registry.bandwidth).map_or(BANDWIDTH, |rate| rate.0),
            latency: registry.and_then(|registry| registry.latency).map_or(REGISTRY_LATENCY, |latency| latency.0),
            private: registry.and_then(|registry| registry.private.clone()).unwrap_or_default(),
            entries,
        }
    }

    fn cluster(&mut self, scenario: &Scenario, dumps: &Dumps, path: &FieldPath) -> Cluster {
        let typed = scenario.spec.cluster.clone();
        let dump = self.dump(scenario, dumps, path);
        let nodes_are_default = typed.as_ref().is_none_or(|cluster| cluster.nodes.is_empty());
        let groups =
            typed.as_ref().filter(|_| !nodes_are_default).map_or_else(nodes::default_groups, |c| c.nodes.clone());
        let latency = typed.as_ref().and_then(|cluster| cluster.latency.clone());
        let mut latency_overrides = BTreeMap::new();
        for (name, duration) in latency.iter().flat_map(|latency| &latency.overrides) {
            if let Some(seconds) = self.duration(Some(duration), &path.key("latency").key(name.as_str())) {
                latency_overrides.insert(name.clone(), seconds);
            }
        }
        let components = typed.as_ref().and_then(|cluster| cluster.components.as_ref());
        let scheduler = components.and_then(|components| components.scheduler.as_ref());
        let scheduler_config = self.config_file(scheduler, &path.key("components").key("kube-scheduler"));
        Cluster {
            scheduler_config,
            nodes: nodes::expand(&groups),
            nodes_are_default,
            nodes_are_all: false,
            prices: typed.as_ref().map_or_else(Vec::new, |cluster| cluster.prices.clone()),
            latency_preset: latency.map_or_else(|| "realistic".to_owned(), |latency| latency.preset),
            latency_overrides,
            groups,
            dump,
            components: typed.as_ref().and_then(|cluster| cluster.components.clone()),
            unknown_kinds: typed.as_ref().and_then(|cluster| cluster.unknown_kinds).unwrap_or_default(),
            system_pods: typed.as_ref().and_then(|cluster| cluster.system_pods).unwrap_or_default(),
        }
    }

    pub(super) fn behaviors(&mut self, scenario: &Scenario, path: &FieldPath) -> Vec<Behavior> {
        let mut behaviors = Vec::new();
        for (index, typed) in scenario.spec.behaviors.iter().enumerate() {
            let own = path.index(index);
            let salt = index as u64 * 2;
            behaviors.push(Behavior {
                name: typed.name.clone().unwrap_or_default(),
                matches: typed.matches.clone(),
                startup: self.startup(typed.startup.as_ref(), &own.key("startup")),
                run: self.run(typed.run.as_ref(), &own.key("run")),
                on_term: self.on_term(typed.on_term.as_ref(), &own.key("onTerm")),
                cpu: self.usage(typed.cpu.as_ref(), salt, &own.key("cpu")),
                memory: self.usage(typed.memory.as_ref(), salt + 1, &own.key("memory")),
                disk: self.usage(typed.disk.as_ref(), HELD_SALT + salt * 2, &own.key("disk")),
                files: self.usage(typed.files.as_ref(), HELD_SALT + salt * 2 + 1, &own.key("files")),
                processes: self.usage(typed.processes.as_ref(), HELD_SALT + salt * 2 + 2, &own.key("processes")),
                logs: typed.logs.clone(),
                needs: self.needs(typed.needs.as_ref(), &own.key("needs")),
                probes: typed.probes.as_ref().map(|probes| Probes {
                    answer: self.duration(probes.answer.as_ref(), &own.key("probes").key("answer")),
                    under_load: probes.under_load,
                }),
                unready: typed.unready.clone(),
                dead: typed.dead.clone(),
            });
        }
        behaviors
    }

    pub(super) fn metrics(&mut self, scenario: &Scenario, path: &FieldPath) -> Vec<metrics::Metric> {
        let typed = scenario.spec.metrics.iter().enumerate();
        let made = typed.map(|(index, typed)| (index, metrics::metric(typed, &self.amounts, index)));
        let made: Vec<_> = made.collect();
        made.into_iter().filter_map(|(index, made)| self.keep(made, &checks::BAD_AMOUNT, &path.index(index))).collect()
    }

    fn startup(&mut self, typed: Option<&schema::behaviors::Startup>, path: &FieldPath) -> Option<Startup> {
        match typed? {
            schema::behaviors::Startup::Time(time) => self.duration(Some(time), path).map(Startup::Time),
            schema::behaviors::Startup::Cpu(Duration(work)) => Some(Startup::Cpu(*work)),
        }
    }

    fn run(&mut self, typed: Option<&schema::behaviors::Run>, path: &FieldPath) -> Option<Run> {
        let typed = typed?;
        let length = match typed.cpu_seconds {
            Some(seconds) => RunLength::CpuSeconds(seconds),
            None => RunLength::Time(self.duration(typed.duration.as_ref(), &path.key("for"))?),
        };
        Some(Run { length, exit: typed.exit.unwrap_or(0) })
    }

    fn needs(&mut self, typed: Option<&schema::behaviors::Needs>, path: &FieldPath) -> Option<Needs> {
        let typed = typed?;
        let after = typed.otherwise.as_ref().and_then(|otherwise| otherwise.after.as_ref());
        let after = match after {
            Some(after) => self.duration(Some(after), &path.key("else").key("after"))?,
            None => Distribution::Constant(0.0),
        };
        let exit = typed.otherwise.as_ref().and_then(|otherwise| otherwise.exit).unwrap_or(1);
        Some(Needs { services: typed.services.clone(), after, exit })
    }

    fn on_term(&mut self, typed: Option<&schema::behaviors::OnTerm>, path: &FieldPath) -> Option<OnTerm> {
        match typed? {
            schema::behaviors::OnTerm::Ignore => Some(OnTerm::Ignore),
            schema::behaviors::OnTerm::Exit(exit) => {
                let after = match &exit.after {
                    Some(after) => self.duration(Some(after), &path.key("after"))?,
                    None => Distribution::Constant(0.0),
                };
                Some(OnTerm::Exit { after, exit: exit.exit.unwrap_or(0) })
            }
        }
    }

    fn steps(&mut self, scenario: &Scenario, path: &FieldPath) -> (Vec<Step>, BTreeMap<String, StepFile>) {
        let mut steps = Vec::new();
        let mut step_files = BTreeMap::new();
        let components = scenario.spec.cluster.as_ref().and_then(|cluster| cluster.components.as_ref());
        if let Some(file) = components.and_then(|components| components.kubelet.as_ref()) {
            let own = FieldPath::of(&["spec", "cluster", "components", "kubelet", "config"]);
            self.step_file(&file.config, &own, &mut step_files);
        }
        let cluster_path = FieldPath::of(&["spec", "cluster", "nodes"]);
        for (index, group) in scenario.spec.cluster.iter().flat_map(|cluster| &cluster.nodes).enumerate() {
            for (number, named) in group.static_pods.iter().enumerate() {
                self.step_file(named, &cluster_path.index(index).key("staticPods").index(number), &mut step_files);
            }
        }
        for (index, typed) in scenario.spec.steps.iter().enumerate() {
            let own = path.index(index);
            if let Some(add) = typed.static_pod.as_ref().and_then(|change| change.add.as_ref()) {
                self.step_file(add, &own.key("staticPod").key("add"), &mut step_files);
            }
            let (trigger, action) = (self.trigger(typed, &own), self.action(typed, &own));
            let (Some(trigger), Some(action)) = (trigger, action) else { continue };
            if let Action::Kubectl(commands) | Action::LegacyKubectl(commands) = &action {
                let field = if typed.kubectl.is_some() { "kubectl" } else { "legacyKubectl" };
                let may_fail = typed.may_fail.unwrap_or(false);
                self.step_files(commands, may_fail, &own.key(field), &mut step_files);
            }
            steps.push(Step {
                index,
                name: typed.name.clone().unwrap_or_default(),
                trigger,
                action,
                may_fail: typed.may_fail.unwrap_or(false),
                for_each: typed.for_each.clone(),
                line: (self.line_of)(&own),
            });
        }
        (steps, step_files)
    }

    /// Reads what commands name. Where a step may fail, a file that is not there is kubectl's affair.
    fn step_files(
        &mut self,
        commands: &[String],
        may_fail: bool,
        path: &FieldPath,
        step_files: &mut BTreeMap<String, StepFile>,
    ) {
        for (index, command) in commands.iter().enumerate() {
            kustomized::read(self.amounts.directory, command, step_files);
            for named in files::named_by(command) {
                let own = if commands.len() == 1 { path.clone() } else { path.index(index) };
                if may_fail && files::read_step_file(self.amounts.directory, &named).is_err() {
                    continue;
                }
                self.step_file(&named, &own, step_files);
            }
        }
    }

    fn step_file(&mut self, named: &str, path: &FieldPath, step_files: &mut BTreeMap<String, StepFile>) {
        if step_files.contains_key(named) {
            return;
        }
        if let Ok(file) = files::read_step_file(self.amounts.directory, named) {
            step_files.insert(named.to_owned(), file);
        } else {
            let hint = nearest_file(self.amounts.directory, named);
            let message = format!("there is no file `{}`", self.amounts.directory.join(named).display());
            self.findings.push(Finding::value(&checks::MISSING_FILE, path.clone(), message).hint(hint));
        }
    }

    fn trigger(&mut self, typed: &schema::steps::Step, path: &FieldPath) -> Option<Trigger> {
        if let Some(every) = &typed.every {
            let period = self.duration(Some(every), &path.key("every"))?;
            if period.mean() <= 0.0 {
                self.findings.push(Finding::value(&checks::BAD_STEP, path.key("every"), "the period is zero"));
                return None;
            }
            return Some(Trigger::Every { first: typed.at.map(|at| at.0), period, times: typed.times });
        }
        if let Some(when) = &typed.when {
            let compiled = Expression::compile(when).map_err(|flaw| flaw.message);
            return self.keep(compiled, &checks::BAD_EXPRESSION, &path.key("when")).map(Trigger::When);
        }
        typed.at.map(|Duration(at)| Trigger::At(at))
    }

    fn action(&mut self, typed: &schema::steps::Step, path: &FieldPath) -> Option<Action> {
        let commands =
            |commands: &schema::steps::Commands| commands.0.iter().map(|text| without_kubectl(text)).collect();
        if let Some(kubectl) = &typed.kubectl {
            return Some(Action::Kubectl(commands(kubectl)));
        }
        if let Some(legacy) = &typed.legacy_kubectl {
            return Some(Action::LegacyKubectl(commands(legacy)));
        }
        if let Some(fault) = &typed.fault {
            let lasts = self.duration(fault.duration.as_ref(), &path.key("fault").key("for"));
            return faults::Fault::new(fault, lasts).map(Action::Fault);
        }
        if let Some(heal) = &typed.heal {
            return faults::Heal::new(heal).map(Action::Heal);
        }
        if let Some(change) = &typed.static_pod {
            return Some(Action::StaticPod(change.clone()));
        }
        let settings = typed.set.as_ref()?;
        let read = |(path, value): (&String, &Value)| Some((Setting::parse(path).ok()?, value.clone()));
        settings.iter().map(read).collect::<Option<Vec<_>>>().map(Action::Set)
    }

    fn expectations(&mut self, scenario: &Scenario, path: &FieldPath) -> Vec<Expectation> {
        let mut expectations = Vec::new();
        for (index, typed) in scenario.spec.expect.iter().enumerate() {
            let own = path.index(index);
            let compiled = Expression::compile(&typed.that).map_err(|flaw| flaw.message);
            let Some(that) = self.keep(compiled, &checks::BAD_EXPRESSION, &own.key("that")) else { continue };
            let time = match (typed.by, typed.during, typed.at) {
                (Some(Duration(by)), ..) => ExpectationTime::By(by),
                (_, Some((Duration(from), Duration(to))), _) => ExpectationTime::During(from, to),
                (.., Some(When::At(Duration(at)))) => ExpectationTime::At(at),
                _ => ExpectationTime::End,
            };
            let name = typed.name.clone().unwrap_or_else(|| typed.that.clone());
            expectations.push(Expectation { name, time, that, line: (self.line_of)(&own) });
        }
        expectations
    }
}

/// People paste whole command lines; the first word says nothing then.
fn without_kubectl(command: &str) -> String {
    let trimmed = command.trim();
    trimmed.strip_prefix("kubectl ").unwrap_or(trimmed).trim_start().to_owned()
}

/// A file of the same folder that was probably meant.
pub fn nearest_file(directory: &Path, named: &str) -> String {
    let wanted = Path::new(named);
    let inside = wanted.parent().unwrap_or(Path::new(""));
    let folder = directory.join(inside);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder.as_path() };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    names.sort();
    let file = wanted.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let nearest = suggest::nearest(&file, names.iter().map(String::as_str));
    nearest.map_or_else(
        || "paths are relative to the scenario's file".to_owned(),
        |name| format!("did you mean `{}`?", inside.join(name).display()),
    )
}

fn until(scenario: &Scenario) -> Until {
    match scenario.spec.until {
        Some(IdleOr::After(Duration(at))) => Until::At(at),
        _ => Until::Idle { max_time: scenario.spec.max_time.map_or(MAX_TIME, |Duration(max)| max) },
    }
}

fn output(scenario: &Scenario) -> Output {
    let typed = scenario.spec.output.clone();
    let typed = typed.as_ref();
    let on = |switch: fn(&schema::scenario::Output) -> Option<bool>| typed.and_then(switch).unwrap_or(true);
    let chart = |format| typed.and_then(|output| output.charts.as_ref()).is_none_or(|charts| charts.contains(&format));
    Output {
        sample: typed.and_then(|output| output.sample).map_or(SAMPLE, |sample| sample.0),
        svg: chart(ChartFormat::Svg),
        png: chart(ChartFormat::Png),
        timeline: on(|output| output.timeline),
        events: on(|output| output.events),
        workloads: on(|output| output.workloads),
        nodes: on(|output| output.nodes),
        scheduling: on(|output| output.scheduling),
        usage: on(|output| output.usage),
        trace: typed.and_then(|output| output.trace),
        metrics: typed.and_then(|output| output.metrics),
        record: on(|output| output.record),
        report: on(|output| output.report),
    }
}
