//! How good the model is on a cluster: the pods of a dump that came last are taken out and come again at their time, and
//! their simulated delays are compared with the recorded ones.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::api::dump::Dump;
use crate::api::value::text;
use crate::model::kind::Kind;
use crate::record::Record;
use crate::scenario::{LoadOptions, load_source, source_of_text};
use crate::simulation::arrivals::AT;
use crate::simulation::{Simulation, Unobserved};

use super::facts::pull_of;

/// How far back pods are looked for, in seconds before the dump: Events live for an hour.
const WINDOW: i64 = 3600;
/// How many pods at most.
const MOST_PODS: usize = 5000;

/// One kind of delay.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delay {
    /// What passes: `scheduling`, `pull`, `start`, `ready`.
    pub kind: &'static str,
    /// From what to what.
    pub meaning: &'static str,
    /// Pods of which both are known.
    pub pods: usize,
    /// Medians in seconds.
    pub recorded: f64,
    /// The same of the simulation.
    pub simulated: f64,
    /// Median of the differences, simulated less recorded, in seconds.
    pub bias: f64,
    /// Median of the absolute differences, in seconds.
    pub error: f64,
}

/// What a backtest found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Backtest {
    /// Pods that came again.
    pub pods: usize,
    /// By kind of delay; kinds of which the dump tells nothing are absent.
    pub delays: Vec<Delay>,
}

/// What is known of a pod, in seconds since its creation (of a pull: its length).
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    scheduled: Option<f64>,
    pulled: Option<f64>,
    started: Option<f64>,
    ready: Option<f64>,
}

/// Runs on from the dump's first look-back with the scenario in `folder`, whose behaviours and images hold.
///
/// # Errors
/// No pod came in the last hour of the dump, or the scenario cannot be run.
pub fn backtest(folder: &Path, dump: &Dump) -> Result<Backtest, String> {
    let replay = Replay::of(dump)?;
    let path = folder.join("scenario.yaml");
    let scenario =
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    let source = source_of_text("scenario.yaml", &scenario, folder);
    let mut plan = load_source(&source, &LoadOptions::default()).map_err(|found| found.render(false))?;
    plan.start = jiff::Timestamp::from_second(replay.start).map_err(|error| error.to_string())?;
    plan.cluster.dump = Some(std::sync::Arc::new(replay.before));
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": replay.pods});
    plan.manifests.push(crate::scenario::plan::ManifestSource {
        file: "backtest".into(),
        document: 0,
        line: 1,
        text: list.to_string().into(),
    });
    plan.until = crate::scenario::plan::Until::At(crate::engine::SimDuration::from_secs(replay.length + 600));
    let mut simulation = Simulation::new(&plan).map_err(|error| error.to_string())?;
    let ending = simulation.run(&mut Unobserved);
    let (record, _) = simulation.finish(&plan, ending);
    Ok(compare(&replay.recorded, &simulated(&record)))
}

/// A dump as it was before its last pods.
struct Replay {
    start: i64,
    length: u64,
    before: Dump,
    pods: Vec<Value>,
    recorded: BTreeMap<(String, String), Times>,
}

impl Replay {
    fn of(dump: &Dump) -> Result<Self, String> {
        let last = dump.span.last().unwrap_or_default();
        let mut recent: Vec<(i64, Value)> = dump
            .objects
            .iter()
            .filter(|object| object.kind == Kind::POD)
            .map(crate::api::dump::DumpedObject::value)
            .filter_map(|pod| Some((seconds(&pod["metadata"]["creationTimestamp"])?, pod)))
            .filter(|(created, pod)| *created > last - WINDOW && is_replayable(pod))
            .collect();
        recent.sort_by_key(|(created, _)| *created);
        recent.truncate(MOST_PODS);
        let Some(start) = recent.first().map(|(created, _)| *created) else {
            return Err("no pod of the dump was made in its last hour: there is nothing to compare".to_owned());
        };
        let gone: std::collections::BTreeSet<String> =
            recent.iter().map(|(_, pod)| text(&pod["metadata"]["uid"]).to_owned()).collect();
        let mut before = Dump { span: dump.span.clone(), ..Dump::default() };
        let mut pulls: BTreeMap<(String, String), f64> = BTreeMap::new();
        for object in &dump.objects {
            match object.kind {
                // Nobody makes or deletes pods but the trace itself.
                Kind::CONTROLLER_REVISION | Kind::HORIZONTAL_POD_AUTOSCALER => {}
                kind if kind.is_workload() => {}
                Kind::EVENT => {
                    let event = object.value();
                    let about = &event["involvedObject"];
                    if let Some((_, pull)) = pull_of(text(&event["message"])) {
                        let name = (text(&about["namespace"]).to_owned(), text(&about["name"]).to_owned());
                        *pulls.entry(name).or_default() += pull.waited;
                    }
                }
                kind => {
                    let mut value = object.value();
                    if gone.contains(text(&value["metadata"]["uid"])) {
                        continue;
                    }
                    if let Some(metadata) = value["metadata"].as_object_mut().filter(|_| kind == Kind::POD) {
                        metadata.remove("ownerReferences");
                    }
                    before.objects.push(crate::api::dump::DumpedObject::new(kind, &value));
                }
            }
        }
        let recorded = recent.iter().map(|(created, pod)| (name_of(pod), recorded(*created, pod, &pulls))).collect();
        let length = recent.last().map_or(0, |(created, _)| u64::try_from(created - start).unwrap_or_default());
        let pods = recent.into_iter().map(|(created, pod)| anew(pod, created - start)).collect();
        Ok(Self { start, length, before, pods, recorded })
    }
}

/// Mirrors are their kubelets', and pods that waited for a volume wait for what a replay does not make anew.
fn is_replayable(pod: &Value) -> bool {
    pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null() && pod["spec"]["nodeName"].is_string()
}

fn name_of(pod: &Value) -> (String, String) {
    (text(&pod["metadata"]["namespace"]).to_owned(), text(&pod["metadata"]["name"]).to_owned())
}

/// The pod as somebody creates it, so many seconds after the first.
fn anew(mut pod: Value, after: i64) -> Value {
    let metadata = &pod["metadata"];
    let kept = serde_json::json!({"name": metadata["name"], "namespace": metadata["namespace"],
        "labels": metadata["labels"], "annotations": {AT: format!("{after}s")}});
    pod["metadata"] = kept;
    if let Some(object) = pod.as_object_mut() {
        object.remove("status");
    }
    if let Some(spec) = pod["spec"].as_object_mut() {
        for given in ["nodeName", "priority", "preemptionPolicy"] {
            spec.remove(given);
        }
    }
    pod
}

fn recorded(created: i64, pod: &Value, pulls: &BTreeMap<(String, String), f64>) -> Times {
    let since = |instant: Option<i64>| instant.map(|at| (at - created) as f64).filter(|seconds| *seconds >= 0.0);
    let conditions = pod["status"]["conditions"].as_array();
    let condition = |name: &str| {
        let found = conditions?.iter().find(|one| one["type"] == name && one["status"] == "True")?;
        seconds(&found["lastTransitionTime"])
    };
    let statuses = pod["status"]["containerStatuses"].as_array();
    let first_runs = statuses.into_iter().flatten().filter(|one| one["restartCount"] == 0);
    let starts = first_runs.filter_map(|one| {
        seconds(&one["state"]["running"]["startedAt"]).or_else(|| seconds(&one["state"]["terminated"]["startedAt"]))
    });
    Times {
        scheduled: since(condition("PodScheduled")),
        pulled: pulls.get(&name_of(pod)).copied(),
        started: since(starts.min()),
        ready: since(condition("Ready")),
    }
}

fn simulated(record: &Record) -> BTreeMap<(String, String), Times> {
    let mut pulls: BTreeMap<usize, f64> = BTreeMap::new();
    for pull in &record.pulls {
        *pulls.entry(pull.pod.index()).or_default() += pull.nanos as f64 / 1e9;
    }
    let pods = record.pods.iter().enumerate();
    pods.map(|(place, pod)| {
        let since = |moment: crate::record::Moment| moment.is_some().then(|| moment.seconds() - pod.created.seconds());
        let times = Times {
            scheduled: since(pod.bound),
            pulled: pulls.get(&place).copied(),
            started: since(pod.ran),
            ready: since(pod.became_ready),
        };
        ((record.text(pod.namespace).to_owned(), record.text(pod.name).to_owned()), times)
    })
    .collect()
}

fn compare(recorded: &BTreeMap<(String, String), Times>, simulated: &BTreeMap<(String, String), Times>) -> Backtest {
    type Part = fn(&Times) -> Option<f64>;
    let kinds: [(&str, &str, Part); 4] = [
        ("scheduling", "creation to binding", |times| times.scheduled),
        ("pull", "pulls of its images, with their wait", |times| times.pulled),
        ("start", "binding to the first container's start", |times| Some(times.started? - times.scheduled?)),
        ("ready", "start to ready", |times| Some(times.ready? - times.started?)),
    ];
    let mut found = Backtest { pods: recorded.len(), delays: Vec::new() };
    for (kind, meaning, part) in kinds {
        let pairs: Vec<(f64, f64)> =
            recorded.iter().filter_map(|(name, times)| Some((part(times)?, part(simulated.get(name)?)?))).collect();
        if pairs.is_empty() {
            continue;
        }
        let of = |value: fn(&(f64, f64)) -> f64| median(pairs.iter().map(value).collect());
        found.delays.push(Delay {
            kind,
            meaning,
            pods: pairs.len(),
            recorded: of(|(recorded, _)| *recorded),
            simulated: of(|(_, simulated)| *simulated),
            bias: of(|(recorded, simulated)| simulated - recorded),
            error: of(|(recorded, simulated)| (simulated - recorded).abs()),
        });
    }
    found
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

fn seconds(value: &Value) -> Option<i64> {
    value.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}
