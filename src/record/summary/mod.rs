//! What a run came to, under the names that expressions, sweeps and `summary.json` use.
//! Computed from a record at any instant; what lies before t=0 is left out. Every public name here is an
//! interface: docs/outputs.md documents it.

mod autoscalers;
mod latency;
mod resources;
mod traffic;
mod workloads;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::{Phase, Record};
pub use autoscalers::AutoscalerSummary;
pub use latency::{Latency, LatencyNumbers};
pub use resources::{NodeGroupSummary, NodesSummary, ResourceSummary};
pub use traffic::{TrafficLatencySummary, TrafficSummary};
pub use workloads::{WorkloadResource, WorkloadSummary};

/// A number of a result file: rounded to six decimals, printed in the shortest form that reads back.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Number(pub f64);

impl Number {
    /// The value that is printed.
    pub fn rounded(self) -> f64 {
        let rounded = (self.0 * 1e6).round() / 1e6;
        // Sums of amounts beyond 2^53 are kept as they are; -0 is printed as 0.
        if rounded.is_finite() { rounded + 0.0 } else { self.0 }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.rounded())
    }
}

/// The summary of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// The scenario's name.
    pub name: String,
    /// Pods.
    pub pods: PodsSummary,
    /// From creation to ready, or to running for a pod that ended without being ready.
    pub pod_start_seconds: Latency,
    /// From creation to binding.
    pub scheduling_seconds: Latency,
    /// Image pulls, their wait for other pulls included.
    pub pull_seconds: Latency,
    /// Nodes.
    pub nodes: NodesSummary,
    /// CPU in cores.
    pub cpu: ResourceSummary,
    /// Memory in bytes.
    pub memory: ResourceSummary,
    /// Price of all nodes for as long as they existed.
    pub cost: Number,
    /// By `<namespace>/<kind>/<name>`.
    pub workloads: BTreeMap<String, WorkloadSummary>,
    /// Autoscalers by `<namespace>/<name>`.
    pub hpa: BTreeMap<String, AutoscalerSummary>,
    /// By name of the group.
    pub node_groups: BTreeMap<String, NodeGroupSummary>,
    /// By name of the load.
    pub traffic: BTreeMap<String, TrafficSummary>,
    /// Steps carried out.
    pub steps: Vec<StepSummary>,
    /// Share of containers whose behaviour is assumed.
    pub coverage: Number,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// Expectations and what came of them.
    pub expectations: Vec<ExpectationSummary>,
    /// The engine.
    pub engine: EngineSummary,
    /// Base of all random numbers.
    pub seed: u64,
    /// The version of kubelapse.
    pub version: String,
    /// Digest of the change log.
    pub digest: String,
    /// Digest of the CSV files, filled in by whoever writes them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub files_digest: String,
}

/// `summary.pods`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PodsSummary {
    /// Created since t=0.
    pub created: u64,
    /// In phase Pending at the end.
    pub pending: u64,
    /// In phase Running at the end.
    pub running: u64,
    /// In phase Succeeded at the end.
    pub succeeded: u64,
    /// In phase Failed at the end.
    pub failed: u64,
    /// Desired by workloads and not existing at the end.
    pub missing: u64,
    /// Desired by workloads other than DaemonSets and Jobs, and not ready at the end.
    pub unready: u64,
    /// Found to fit nowhere, at the end.
    pub unschedulable: u64,
    /// The most at any instant.
    pub unschedulable_peak: u64,
    /// Pods in phase Pending × seconds.
    pub pending_seconds: Number,
    /// Evicted.
    pub evicted: u64,
    /// Preempted.
    pub preempted: u64,
    /// Containers killed for their memory.
    pub oom_killed: u64,
    /// Restarts of containers.
    pub restarts: u64,
}

/// An entry of `summary.steps`.
#[derive(Clone, Debug, Serialize)]
pub struct StepSummary {
    /// Its command line, or its fault in words.
    pub command: String,
    /// Seconds since t=0.
    pub start: Number,
    /// Seconds since t=0; null if the run ended first.
    pub end: Option<Number>,
    /// Exit code; null for a step that is no command.
    pub exit: Option<i32>,
}

/// An entry of `summary.expectations`.
#[derive(Clone, Debug, Serialize)]
pub struct ExpectationSummary {
    /// Its name, or its expression.
    pub name: String,
    /// At, by or during what.
    pub when: String,
    /// The expression.
    pub that: String,
    /// Did it hold?
    pub held: bool,
    /// What was true instead.
    pub found: String,
    /// When this was decided, in seconds since t=0.
    pub time: Number,
}

/// `summary.engine`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct EngineSummary {
    /// Events handled.
    pub events: u64,
    /// Changes in the change log.
    pub changes: u64,
    /// Virtual time simulated, the warm-up included.
    pub virtual_seconds: Number,
}

impl Summary {
    /// The summary of what `record` covers.
    pub fn of(record: &Record) -> Self {
        let run = &record.run;
        Self {
            name: run.name.clone(),
            pods: pods(record),
            pod_start_seconds: latency::starts(record),
            scheduling_seconds: latency::schedulings(record),
            pull_seconds: latency::pulls(record),
            nodes: resources::nodes(record),
            cpu: resources::cpu(record),
            memory: resources::memory(record),
            cost: Number(record.nodes.iter().map(|node| node.price * resources::hours(record, node)).sum()),
            workloads: workloads::workloads(record),
            hpa: autoscalers::autoscalers(record),
            node_groups: resources::node_groups(record),
            traffic: traffic::traffic(record),
            steps: steps(record),
            coverage: Number(if run.containers == 0 {
                0.0
            } else {
                run.containers_assumed as f64 / run.containers as f64
            }),
            warnings: record.warnings.clone(),
            expectations: expectations(record),
            engine: EngineSummary {
                events: run.engine_events,
                changes: run.engine_changes,
                virtual_seconds: Number(record.end.seconds_since(record.begin())),
            },
            seed: run.seed,
            version: run.version.clone(),
            digest: run.digest.clone(),
            files_digest: String::new(),
        }
    }
}

fn pods(record: &Record) -> PodsSummary {
    let totals = &record.totals;
    let mut phases = [0u64; 5];
    for pod in record.pods.iter().filter(|pod| pod.exists()) {
        phases[pod.last.phase as usize] += 1;
    }
    let controlled = |missing: u64, workload: &super::Workload| {
        // A ReplicaSet's pods are missing from its Deployment already; a Job wants no number of pods at once.
        let counts = workload.owner.is_none() && !matches!(record.text(workload.kind), "Job" | "CronJob");
        let short = workload.last.desired.saturating_sub(workload.last.current);
        missing + if counts { u64::from(short) } else { 0 }
    };
    let unready = |workload: &super::Workload| {
        let counts = workload.owner.is_none() && !matches!(record.text(workload.kind), "Job" | "CronJob" | "DaemonSet");
        if counts { u64::from(workload.last.desired.saturating_sub(workload.last.ready)) } else { 0 }
    };
    PodsSummary {
        created: totals.pods_created,
        pending: phases[Phase::Pending as usize],
        running: phases[Phase::Running as usize],
        succeeded: phases[Phase::Succeeded as usize],
        failed: phases[Phase::Failed as usize],
        missing: record.workloads.iter().fold(0, controlled),
        unready: record.workloads.iter().map(unready).sum(),
        unschedulable: totals.unschedulable.value(),
        unschedulable_peak: totals.unschedulable.peak(record.end),
        pending_seconds: Number(totals.pending.integral_seconds(record.end)),
        evicted: totals.pods_evicted,
        preempted: totals.pods_preempted,
        oom_killed: totals.oom_killed,
        restarts: totals.restarts,
    }
}

fn steps(record: &Record) -> Vec<StepSummary> {
    let summary = |step: &super::Step| StepSummary {
        command: step.command.clone(),
        start: Number(step.start.seconds()),
        end: step.end.is_some().then(|| Number(step.end.seconds())),
        exit: step.exit,
    };
    record.steps.iter().map(summary).collect()
}

fn expectations(record: &Record) -> Vec<ExpectationSummary> {
    let summary = |expectation: &super::Expectation| ExpectationSummary {
        name: expectation.name.clone(),
        when: expectation.when.clone(),
        that: expectation.that.clone(),
        held: expectation.held,
        found: expectation.found.clone(),
        time: Number(expectation.time.seconds()),
    };
    record.expectations.iter().map(summary).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_in_their_shortest_form() {
        let print = |value: f64| serde_json::to_string(&Number(value)).unwrap();
        assert_eq!(print(0.1 + 0.2), "0.3");
        assert_eq!(print(12.0), "12.0");
        assert_eq!(print(-0.000_000_1), "0.0");
        assert_eq!(print(1.0 / 3.0), "0.333333");
    }
}
