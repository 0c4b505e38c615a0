//! `kubelapse explain`: why a pod goes where it goes, what would place those that wait, why a workload lacks replicas, how
//! an autoscaler came to its number, how many more pods fit; in a scenario at a time or in a dumped cluster.

mod answers;

mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

use crate::api::yaml;
use crate::engine::SimDuration;
use crate::model::kind::Kind;
use crate::scenario::SourceFile;
use crate::scenario::plan::dumps::read_dumps;
use crate::scheduler::config::{self, SchedulerConfiguration};
use crate::scheduler::explain::NamedExplanation;
use crate::scheduler::registry::Registry;
use crate::simulation::asked::{Asked, AutoscalerAnswer, FitCount, Pending, WorkloadAnswer};
use crate::simulation::dump::DumpedCluster;
use crate::simulation::{Simulation, Unobserved};

use super::args::{ExplainArguments, OutputFormat};
use super::printer::Printer;
use super::{exit_code, load};

/// Where a run of placements ends that nothing else ends.
const MOST_COUNTED: usize = 1_000_000;

/// What is printed.
enum Answer {
    Pods(Vec<NamedExplanation>),
    Pending(Pending),
    Workload(WorkloadAnswer, Vec<NamedExplanation>),
    Autoscaler(AutoscalerAnswer),
    Count(FitCount),
}

/// What is asked.
enum Question {
    Target(String),
    Pending,
    /// Pods that are not there yet.
    Manifests(Vec<Value>),
    Count(Value),
}

/// Explains what the arguments name.
pub(super) fn run(arguments: &ExplainArguments, printer: &mut Printer) -> ExitCode {
    let answer =
        if arguments.cluster.is_empty() { in_scenario(arguments, printer) } else { in_dump(arguments, printer) };
    let answer = match answer {
        Ok(answer) => answer,
        Err(Failure::Said(code)) => return code,
        Err(Failure::Message(message)) => {
            printer.error(&message);
            return exit_code::BAD_INPUT.into();
        }
    };
    let text = match arguments.output {
        OutputFormat::Table => tables(&answer),
        OutputFormat::Json => as_json(&answer),
    };
    printer.data(&text);
    exit_code::OK.into()
}

fn tables(answer: &Answer) -> String {
    let pods = |pods: &[NamedExplanation]| pods.iter().map(table::pod).collect::<Vec<_>>().join("\n");
    match answer {
        Answer::Pods(explained) => pods(explained),
        Answer::Pending(pending) => answers::pending(pending),
        Answer::Workload(workload, explained) if explained.is_empty() => answers::workload(workload),
        Answer::Workload(workload, explained) => format!("{}\n{}", answers::workload(workload), pods(explained)),
        Answer::Autoscaler(autoscaler) => answers::autoscaler(autoscaler),
        Answer::Count(count) => table::count(count),
    }
}

fn as_json(answer: &Answer) -> String {
    match answer {
        Answer::Pods(pods) => match pods.as_slice() {
            [only] => json(only),
            several => json(&several),
        },
        Answer::Pending(pending) => json(pending),
        Answer::Workload(workload, pods) => {
            let mut value = serde_json::json!(workload);
            value["pods"] = serde_json::json!(pods);
            json(&value)
        }
        Answer::Autoscaler(autoscaler) => json(autoscaler),
        Answer::Count(count) => {
            let by_node = serde_json::json!(count.by_node);
            json(&serde_json::json!({ "fits": count.fitted, "byNode": by_node, "message": count.message }))
        }
    }
}

/// Why there is no answer.
enum Failure {
    /// It has been said already.
    Said(ExitCode),
    /// This.
    Message(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

fn json(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("an explanation is plain data");
    text.push('\n');
    text
}

/// The one question of the arguments; `names` is what stands there beside a scenario's file.
fn question(arguments: &ExplainArguments, names: &[String], printer: &mut Printer) -> Result<Question, Failure> {
    let manifests = match &arguments.pod {
        Some(file) => Some(read(file, printer)?),
        None => None,
    };
    match (names, arguments.pending, manifests) {
        ([], false, Some(manifests)) if arguments.count => {
            let [manifest] = <[Value; 1]>::try_from(manifests)
                .map_err(|all| format!("--count wants one pod with --pod, not {}", all.len()))?;
            Ok(Question::Count(manifest))
        }
        ([], false, Some(manifests)) => Ok(Question::Manifests(manifests)),
        ([target], false, None) => Ok(Question::Target(target.clone())),
        ([], true, None) => Ok(Question::Pending),
        _ => Err("ask one thing: pod/NAME, deployment/NAME, hpa/NAME, --pending, or --pod FILE [--count]"
            .to_owned()
            .into()),
    }
}

/// Answers what a cluster at rest can tell.
fn answer(asked: &mut Asked<'_>, question: Question, namespace: &str) -> Result<Answer, String> {
    let explain = |asked: &mut Asked<'_>, pods: Vec<_>| -> Result<Vec<NamedExplanation>, String> {
        pods.into_iter().map(|pod| asked.explain(pod)).collect()
    };
    match question {
        Question::Pending => Ok(Answer::Pending(asked.pending())),
        Question::Count(manifest) => Ok(Answer::Count(asked.count_fitting(manifest, MOST_COUNTED)?)),
        Question::Manifests(manifests) => {
            let pods: Result<Vec<_>, String> = manifests.into_iter().map(|one| asked.add_pod(one)).collect();
            Ok(Answer::Pods(explain(asked, pods?)?))
        }
        Question::Target(target) => {
            if let Some(name) = autoscaler_name(&target) {
                return Ok(Answer::Autoscaler(asked.autoscaler(namespace, name)?));
            }
            if target.starts_with("pod/") || target.starts_with("pods/") || target.starts_with("po/") {
                let pods = asked.pods_of_target(namespace, &target)?;
                return Ok(Answer::Pods(explain(asked, pods)?));
            }
            let pods = asked.pods_of_target(namespace, &target);
            let workload = match asked.workload(namespace, &target) {
                Ok(workload) => workload,
                // The words for what is no workload at all.
                Err(message) => return Err(pods.err().unwrap_or(message)),
            };
            // Where the nodes would put its pods is of interest only if some wait.
            let waits = workload.causes.iter().any(|cause| cause.kind == "scheduling");
            let explained = if waits { explain(asked, pods?)? } else { Vec::new() };
            Ok(Answer::Workload(workload, explained))
        }
    }
}

/// The name in `hpa/NAME`.
fn autoscaler_name(target: &str) -> Option<&str> {
    let (kind, name) = target.split_once('/')?;
    (Kind::from_argument(kind) == Some(Kind::HORIZONTAL_POD_AUTOSCALER)).then_some(name)
}

fn in_scenario(arguments: &ExplainArguments, printer: &mut Printer) -> Result<Answer, Failure> {
    let [file, names @ ..] = arguments.targets.as_slice() else {
        return Err("name a file and what to explain: kubelapse explain FILE --at T pod/NAME (or deployment/NAME, \
                    hpa/NAME, --pending)"
            .to_owned()
            .into());
    };
    let question = question(arguments, names, printer)?;
    let at = arguments.at.as_deref().ok_or_else(|| "--at is missing: the time at which to look".to_owned())?;
    let at = SimDuration::parse(at).map_err(|reason| format!("--at {at}: {reason}"))?;
    let plans = load::plans(&[PathBuf::from(file)], &arguments.plan, printer).map_err(Failure::Said)?;
    let [plan] = plans.as_slice() else {
        return Err("the file holds more than one scenario: name a file with one".to_owned().into());
    };
    let mut simulation = Simulation::new(plan).map_err(|error| error.to_string())?;
    simulation.run_to(at, &mut Unobserved);
    if let Question::Target(target) = &question
        && let Some(name) = autoscaler_name(target)
    {
        return Ok(Answer::Autoscaler(simulation.explain_autoscaler(&arguments.namespace, name)?));
    }
    Ok(answer(&mut simulation.ask(), question, &arguments.namespace)?)
}

fn in_dump(arguments: &ExplainArguments, printer: &mut Printer) -> Result<Answer, Failure> {
    if arguments.at.is_some() {
        return Err("--at belongs to a scenario: a dump is of one time only".to_owned().into());
    }
    let question = question(arguments, &arguments.targets, printer)?;
    let configuration = match &arguments.scheduler_config {
        Some(file) => scheduler_configuration(file, printer)?,
        None => SchedulerConfiguration::default(),
    };
    let mut dumped = DumpedCluster::new(read_dumps(&arguments.cluster)?, configuration)?;
    for (kind, count) in &dumped.skipped {
        printer.warning(&format!("{count} objects of {kind} in the dump are not looked at"));
    }
    // What only containers need when they start says nothing about where pods go.
    for sentence in dumped.assumed.iter().filter(|sentence| sentence.contains("Node") || sentence.contains("Claim")) {
        printer.warning(sentence);
    }
    Ok(answer(&mut dumped.ask(), question, &arguments.namespace)?)
}

fn read(path: &Path, printer: &mut Printer) -> Result<Vec<Value>, Failure> {
    let source = SourceFile::read(path).map_err(|diagnostic| {
        printer.error(&diagnostic.to_string());
        Failure::Said(exit_code::BAD_INPUT.into())
    })?;
    let documents = yaml::read(&source.text);
    if let Some(error) = documents.error {
        return Err(format!("{}:{}: {error}", source.name, error.line()).into());
    }
    Ok(documents.manifests.into_iter().map(|manifest| manifest.value).collect())
}

fn scheduler_configuration(file: &Path, printer: &mut Printer) -> Result<SchedulerConfiguration, Failure> {
    let documents = read(file, printer)?;
    let [document] = documents.as_slice() else {
        return Err(format!("{}: a configuration is one document", file.display()).into());
    };
    config::read(document, &Registry::default()).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|error| format!("{}: {error}", file.display())).collect();
        lines.join("\n").into()
    })
}
