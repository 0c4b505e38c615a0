//! From facts to behaviours: what the containers of a workload use and how long they take to start, with a word on where
//! each number comes from. What nobody told is assumed from requests, never taken as nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::facts::{ContainerFacts, Facts, WorkloadFacts, WorkloadName};
use super::usage::{Samples, Usage, mean};

/// Shares of a request that are assumed to be used, where nothing tells.
const ASSUMED_CPU: f64 = 0.5;
const ASSUMED_MEMORY: f64 = 0.8;
/// What a container without request is assumed to use: cores and bytes.
const UNSTATED: (f64, f64) = (0.01, 64.0 * 1024.0 * 1024.0);

/// The behaviours of a scenario.
#[derive(Debug, Default)]
pub(super) struct Behaviors {
    /// Entries, each with a comment.
    pub entries: Vec<(String, Value)>,
    /// CSV files of curves, by name.
    pub curves: Vec<(String, String)>,
    pub known: Vec<String>,
    pub assumed: Vec<String>,
    pub warnings: Vec<String>,
}

/// Where a number comes from.
struct Sourced {
    value: Value,
    from: Option<&'static str>,
}

/// Makes the behaviours of all workloads.
pub(super) fn behaviors(facts: &Facts, usage: &Usage) -> Behaviors {
    let mut made = Behaviors::default();
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut unknown: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (name, workload) in facts.workloads() {
        made.sidecars(facts, &name, &workload);
        let Some(newest) = workload.pods.last().map(|place| &facts.pods[*place]) else { continue };
        if workload.pods.iter().all(|place| facts.pods[*place].has_ended) {
            continue;
        }
        for container in &newest.containers {
            let of = Of { facts, usage, name: &name, workload: &workload, container, all: &newest.containers };
            let mut entry = json!({"name": format!("{name}, {}", container.name), "match": of.matches()});
            let mut words = Vec::new();
            for (what, found) in [("cpu", of.cpu(&mut made.curves)), ("memory", of.memory(&mut made.curves))] {
                if let Some(from) = found.from {
                    *counts.entry(from).or_default() += 1;
                    words.push(format!("{what}: {from}"));
                } else {
                    unknown.entry(what).or_default().push(format!("{name}:{}", container.name));
                    words.push(format!("{what}: assumed"));
                }
                entry[what] = found.value;
            }
            if let Some(startup) = of.startup() {
                entry["startup"] = startup;
                *counts.entry("start-up from condition times").or_default() += 1;
            } else {
                unknown.entry("startup").or_default().push(format!("{name}:{}", container.name));
            }
            made.entries.push((words.join(", "), entry));
        }
    }
    for (from, count) in counts {
        made.known.push(format!("{from}: {count} containers of workloads"));
    }
    for (what, containers) in unknown {
        let how = match what {
            "cpu" => "half of its request (10m without one)",
            "memory" => "80 % of its request (64Mi without one)",
            _ => "as the image catalogue says, else it serves at once",
        };
        made.assumed.push(format!("{what} of {}: {how}", some_of(&containers, "container")));
    }
    made
}

/// `3 containers (a, b, c)`.
pub(super) fn some_of(names: &[String], noun: &str) -> String {
    const SHOWN: usize = 4;
    let mut text = format!("{} {noun}{} (", names.len(), if names.len() == 1 { "" } else { "s" });
    let _ = write!(text, "{}", names[..names.len().min(SHOWN)].join(", "));
    text.push_str(if names.len() > SHOWN { ", …)" } else { ")" });
    text
}

impl Behaviors {
    /// Live pods that run containers their template lacks, or other requests: new pods of the run will not have them.
    fn sidecars(&mut self, facts: &Facts, name: &WorkloadName, workload: &WorkloadFacts) {
        if workload.template.is_empty() {
            return;
        }
        let mut extra: BTreeMap<&str, usize> = BTreeMap::new();
        let mut resized: BTreeMap<&str, usize> = BTreeMap::new();
        for container in workload.pods.iter().flat_map(|place| &facts.pods[*place].containers) {
            match workload.template.iter().find(|own| own.name == container.name) {
                None => *extra.entry(&container.name).or_default() += 1,
                Some(own) if (own.cpu, own.memory) != (container.cpu, container.memory) && own.cpu.is_some() => {
                    *resized.entry(&container.name).or_default() += 1;
                }
                Some(_) => {}
            }
        }
        for (container, pods) in extra {
            self.warnings.push(format!(
                "{pods} pods of {name} run a container `{container}` that its template does not have (an injected sidecar?): new pods will not have it"
            ));
        }
        for (container, pods) in resized {
            self.warnings.push(format!(
                "{pods} pods of {name} have other requests for `{container}` than its template (resized in place, a vertical autoscaler?): new pods will have the template's"
            ));
        }
    }
}

/// A container of a workload with what is known of it.
struct Of<'a> {
    facts: &'a Facts,
    usage: &'a Usage,
    name: &'a WorkloadName,
    workload: &'a WorkloadFacts,
    container: &'a ContainerFacts,
    all: &'a [ContainerFacts],
}

impl Of<'_> {
    fn matches(&self) -> Value {
        let mut matches = json!({"namespace": self.name.namespace, "container": self.container.name});
        if self.workload.labels.is_empty() {
            matches["pod"] = match self.name.kind.as_str() {
                "Pod" => self.name.name.as_str().into(),
                _ => format!("{}-*", self.name.name).into(),
            };
        } else {
            matches["labels"] = json!(self.workload.labels);
        }
        matches
    }

    fn samples(&self, all: &BTreeMap<super::usage::Place, Samples>) -> Samples {
        let of_pod = |place: &usize| {
            let pod = &self.facts.pods[*place];
            all.get(&(pod.namespace.clone(), pod.name.clone(), self.container.name.clone()))
        };
        let series: Vec<&Samples> = self.workload.pods.iter().filter_map(of_pod).collect();
        mean(&series)
    }

    /// The container's part of what its pod uses: by requests, or the same for each.
    fn share(&self, request: impl Fn(&ContainerFacts) -> Option<f64>) -> f64 {
        let sum: f64 = self.all.iter().filter_map(&request).sum();
        match request(self.container) {
            Some(own) if sum > 0.0 => own / sum,
            _ if sum > 0.0 => 0.0,
            _ => 1.0 / self.all.len().max(1) as f64,
        }
    }

    fn cpu(&self, curves: &mut Vec<(String, String)>) -> Sourced {
        if let Some(value) = self.curve(&self.samples(&self.usage.cpu), "cpu", millicores, curves) {
            return value;
        }
        let measured = self.facts.autoscalers.get(self.name).and_then(|measured| measured.cpu);
        let own = measured.map(|pod| pod * self.share(|container| container.cpu)).filter(|own| *own > 0.0);
        if let Some(cores) = own {
            return Sourced { value: millicores(cores).into(), from: Some("the autoscaler's current metrics") };
        }
        let cores = self.container.cpu.map_or(UNSTATED.0, |request| (request * ASSUMED_CPU).max(0.001));
        Sourced { value: millicores(cores).into(), from: None }
    }

    fn memory(&self, curves: &mut Vec<(String, String)>) -> Sourced {
        if let Some(value) = self.curve(&self.samples(&self.usage.memory), "memory", bytes, curves) {
            return value;
        }
        let measured = self.facts.autoscalers.get(self.name).and_then(|measured| measured.memory);
        let own = measured.map(|pod| pod * self.share(|container| container.memory)).filter(|own| *own > 0.0);
        if let Some(amount) = own {
            return Sourced { value: bytes(amount).into(), from: Some("the autoscaler's current metrics") };
        }
        let most = self.container.memory_limit.unwrap_or(f64::INFINITY) * ASSUMED_MEMORY;
        let amount = self.container.memory.map_or(UNSTATED.1, |request| (request * ASSUMED_MEMORY).max(1.0));
        Sourced { value: bytes(amount.min(most)).into(), from: None }
    }

    /// One sample is an amount, more are a curve in a file of their own.
    fn curve(
        &self,
        samples: &Samples,
        what: &'static str,
        show: fn(f64) -> String,
        curves: &mut Vec<(String, String)>,
    ) -> Option<Sourced> {
        let (_, first) = samples.first()?;
        let is_even = samples.iter().all(|(_, value)| (value - first).abs() <= f64::EPSILON * first.abs());
        if is_even {
            let from = if what == "cpu" { "cpu from --usage" } else { "memory from --usage" };
            return Some(Sourced { value: show(*first).into(), from: Some(from) });
        }
        let WorkloadName { namespace, kind, name } = self.name;
        let file = format!("usage/{namespace}.{}.{name}.{}.{what}.csv", kind.to_lowercase(), self.container.name);
        let mut text = format!("time_s,{what}\n");
        for (at, value) in samples {
            let _ = writeln!(text, "{at},{value}");
        }
        curves.push((file.clone(), text));
        let from = if what == "cpu" { "cpu from --usage, as a curve" } else { "memory from --usage, as a curve" };
        Some(Sourced { value: json!({"csv": {"file": file}, "since": "start"}), from: Some(from) })
    }

    /// From the container's start to the pod's readiness, where a probe tells it.
    fn startup(&self) -> Option<Value> {
        // Readiness shows at the next probe: half of their period after it began, in the mean.
        let late = self.container.probed_every? / 2;
        let mut times: Vec<i64> = self
            .workload
            .pods
            .iter()
            .map(|place| &self.facts.pods[*place])
            .filter_map(|pod| Some(pod.ready? - pod.started.get(&self.container.name)?))
            .filter(|seconds| (0..=3600).contains(seconds))
            .map(|seconds| (seconds - late).max(0))
            .collect();
        times.sort_unstable();
        let text = |seconds: i64| format!("{seconds}s");
        match times.as_slice() {
            [] => None,
            [first, .., last] if first != last && times.len() >= 3 => {
                Some(json!({"empirical": times.iter().map(|seconds| text(*seconds)).collect::<Vec<_>>()}))
            }
            times => Some(text(times[times.len() / 2]).into()),
        }
    }
}

fn millicores(cores: f64) -> String {
    format!("{}m", (cores * 1000.0).round().max(1.0))
}

fn bytes(amount: f64) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    if amount >= MIB { format!("{}Mi", (amount / MIB).round()) } else { format!("{}", amount.round().max(1.0)) }
}
