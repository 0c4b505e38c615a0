//! `kubelapse explain`: why a pod goes where it goes, in a scenario at a time or in a dumped cluster.

mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

use crate::api::yaml;
use crate::engine::SimDuration;
use crate::scenario::SourceFile;
use crate::scheduler::config::{self, SchedulerConfiguration};
use crate::scheduler::explain::NamedExplanation;
use crate::scheduler::registry::Registry;
use crate::simulation::dump::{DumpedCluster, FitCount, objects_of};
use crate::simulation::{Simulation, Unobserved};

use super::args::{ExplainArguments, OutputFormat};
use super::printer::Printer;
use super::{exit_code, load};

/// Where a run of placements ends that nothing else ends.
const MOST_COUNTED: usize = 1_000_000;

/// What is printed.
enum Answer {
    Pods(Vec<NamedExplanation>),
    Count(FitCount),
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
    let text = match (&answer, arguments.output) {
        (Answer::Pods(pods), OutputFormat::Table) if pods.is_empty() => "no pod waits for a node\n".to_owned(),
        (Answer::Pods(pods), OutputFormat::Table) => pods.iter().map(table::pod).collect::<Vec<_>>().join("\n"),
        (Answer::Count(count), OutputFormat::Table) => table::count(count),
        (Answer::Pods(pods), OutputFormat::Json) if arguments.pending => json(pods),
        (Answer::Pods(pods), OutputFormat::Json) => match pods.as_slice() {
            [only] => json(only),
            several => json(&several),
        },
        (Answer::Count(count), OutputFormat::Json) => {
            let by_node = serde_json::json!(count.by_node);
            json(&serde_json::json!({ "fits": count.fitted, "byNode": by_node, "message": count.message }))
        }
    };
    printer.data(&text);
    exit_code::OK.into()
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

fn in_scenario(arguments: &ExplainArguments, printer: &mut Printer) -> Result<Answer, Failure> {
    let (file, target) = match (arguments.targets.as_slice(), arguments.pending) {
        ([file, target], false) => (PathBuf::from(file), Some(target.as_str())),
        ([file], true) => (PathBuf::from(file), None),
        _ => {
            return Err("name a file and a pod: kubelapse explain FILE --at T pod/NAME (or --pending)"
                .to_owned()
                .into());
        }
    };
    if arguments.pod.is_some() {
        return Err("--pod belongs to --cluster: in a scenario, apply the pod with -f and name it".to_owned().into());
    }
    let at = arguments.at.as_deref().ok_or_else(|| "--at is missing: the time at which to look".to_owned())?;
    let at = SimDuration::parse(at).map_err(|reason| format!("--at {at}: {reason}"))?;
    let plans = load::plans(&[file], &arguments.plan, printer).map_err(Failure::Said)?;
    let [plan] = plans.as_slice() else {
        return Err("the file holds more than one scenario: name a file with one".to_owned().into());
    };
    let mut simulation = Simulation::new(plan).map_err(|error| error.to_string())?;
    simulation.run_to(at, &mut Unobserved);
    let pods = match target {
        Some(target) => simulation.pods_of_target(&arguments.namespace, target)?,
        None => simulation.pending_pods(),
    };
    let explained: Result<Vec<_>, String> = pods.into_iter().map(|pod| simulation.explain_pod(pod)).collect();
    Ok(Answer::Pods(explained?))
}

fn in_dump(arguments: &ExplainArguments, printer: &mut Printer) -> Result<Answer, Failure> {
    let mut objects = Vec::new();
    for file in &arguments.cluster {
        objects.extend(objects_of(read(file, printer)?));
    }
    let configuration = match &arguments.scheduler_config {
        Some(file) => scheduler_configuration(file, printer)?,
        None => SchedulerConfiguration::default(),
    };
    let mut dumped = DumpedCluster::new(objects, configuration)?;
    for (kind, count) in &dumped.skipped {
        printer.warning(&format!("{count} objects of {kind} in the dump are not looked at"));
    }
    let manifests = match &arguments.pod {
        Some(file) => read(file, printer)?,
        None => Vec::new(),
    };
    if arguments.count {
        let [manifest] = <[Value; 1]>::try_from(manifests)
            .map_err(|all| format!("--count wants one pod with --pod, not {}", all.len()))?;
        return Ok(Answer::Count(dumped.count_fitting(manifest, MOST_COUNTED)?));
    }
    let mut pods = Vec::new();
    for manifest in manifests {
        pods.push(dumped.add_pod(manifest)?);
    }
    match (arguments.targets.as_slice(), arguments.pending) {
        ([target], false) => pods.extend(dumped.pods_of_target(&arguments.namespace, target)?),
        ([], true) => pods = dumped.pending_pods(),
        ([], false) if !pods.is_empty() => {}
        _ => return Err("say which pod: --pod FILE, pod/NAME or --pending".to_owned().into()),
    }
    let explained: Result<Vec<_>, String> = pods.into_iter().map(|pod| dumped.explain(pod)).collect();
    Ok(Answer::Pods(explained?))
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
