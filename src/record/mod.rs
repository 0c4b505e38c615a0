//! What happened in a run, as plain data: rows of times and small numbers, names in one table.
//! Complete in itself: `report` writes every file from a `Record` and never sees cluster or simulation. Only
//! `collector` reads the cluster.
//! Nothing here decides anything for the simulated cluster.

mod autoscalers;
mod builder;
pub mod collector;
mod containers;
mod events;
mod gauge;
mod history;
mod jobs;
mod moment;
mod nodes;
mod pods;
mod quantiles;
mod run;
mod sights;
mod summary;
mod text;
mod totals;
mod traffic;
mod uid;
mod usage;
mod workloads;

pub use autoscalers::{Autoscaler, AutoscalerIndex, AutoscalerMetric, AutoscalerRow};
pub use containers::{ContainerRow, ContainerStage};
pub use events::{AttemptResult, AttemptRow, EventRow, PullRow};
pub use gauge::Gauge;
pub use history::History;
pub use jobs::{JobIndex, JobRun};
pub use moment::Moment;
pub use nodes::{Amounts, Node, NodeIndex, NodeRow, NodeState};
pub use pods::{Phase, Pod, PodIndex, PodMarks, PodRow, PodState, Stage};
pub use quantiles::Quantiles;
pub use run::{Expectation, RunFacts, Step};
pub use sights::{NodeFacts, PodFacts, PodSight};
pub use summary::{
    AutoscalerSummary, EngineSummary, ExpectationSummary, Latency, LatencyNumbers, NodeGroupSummary, NodesSummary,
    Number, PodsSummary, ResourceSummary, StepSummary, Summary, TrafficLatencySummary, TrafficSummary,
    WorkloadResource, WorkloadSummary,
};
pub use text::{TextId, Texts};
pub use totals::Totals;
pub use traffic::{DROP_REASONS, TrafficCounts, TrafficLatency, TrafficLoad, TrafficRow};
pub use uid::Uid;
pub use usage::{Usage, UsageGroup, UsageIndex, UsageRow, UsageTable};
pub use workloads::{Replicas, Workload, WorkloadIndex, WorkloadRow};

use serde::{Deserialize, Serialize};

use crate::engine::rows::Rows;

/// Everything that is known of a run, up to `end`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    /// Facts about the run.
    pub run: RunFacts,
    /// Names and messages.
    pub texts: Texts,
    /// Pods, in the order of creation.
    pub pods: Rows<Pod>,
    /// Their changes, in the order of time, if `history` says so.
    pub timeline: Rows<PodRow>,
    /// Changes of their containers, in the order of time, if `history` says so.
    pub container_rows: Rows<ContainerRow>,
    /// Workloads, in the order of creation.
    pub workloads: Vec<Workload>,
    /// Their changes.
    pub workload_rows: Vec<WorkloadRow>,
    /// Jobs among them, in the order of creation.
    pub jobs: Vec<JobRun>,
    /// What the containers of each workload use.
    pub usage: UsageTable,
    /// Nodes, in the order of creation.
    pub nodes: Vec<Node>,
    /// Their changes and samples.
    pub node_rows: Vec<NodeRow>,
    /// Autoscalers, in the order of their first decision.
    pub autoscalers: Vec<Autoscaler>,
    /// Their decisions.
    pub autoscaler_rows: Vec<AutoscalerRow>,
    /// Kubernetes Events, if `history` says so.
    pub events: Rows<EventRow>,
    /// Attempts of the scheduler, if `history` says so.
    pub attempts: Rows<AttemptRow>,
    /// Image pulls.
    pub pulls: Vec<PullRow>,
    /// Loads, in the order of the scenario.
    pub traffic: Vec<TrafficLoad>,
    /// Their changes.
    pub traffic_rows: Vec<TrafficRow>,
    /// Steps carried out.
    pub steps: Vec<Step>,
    /// Expectations decided.
    pub expectations: Vec<Expectation>,
    /// What the user should know: steps without effect, a run cut short, ….
    pub warnings: Vec<String>,
    /// Counts and gauges over the whole cluster.
    pub totals: Totals,
    /// The last instant that the record covers.
    pub end: Moment,
    /// Nodes whose load differs from their last row: what the next sample looks at.
    pub unsampled: Vec<NodeIndex>,
    /// Which rows are kept. Nobody asks that of a record that is complete.
    #[serde(skip)]
    pub history: History,
}

impl Record {
    /// The text of `id`.
    pub fn text(&self, id: TextId) -> &str {
        self.texts.get(id)
    }

    /// A pod's name.
    pub fn pod_name(&self, pod: PodIndex) -> &str {
        self.text(self.pods[pod.index()].name)
    }

    /// A node's name, empty for none.
    pub fn node_name(&self, node: NodeIndex) -> &str {
        if node.is_some() { self.text(self.nodes[node.index()].name) } else { "" }
    }

    /// `<namespace>/<kind in lower case>/<name>`, the key of a workload in summaries and expressions.
    pub fn workload_key(&self, workload: WorkloadIndex) -> String {
        let workload = &self.workloads[workload.index()];
        let kind = self.text(workload.kind).to_ascii_lowercase();
        format!("{}/{kind}/{}", self.text(workload.namespace), self.text(workload.name))
    }

    /// Where the record begins: t=0, or earlier with a warm-up.
    pub fn begin(&self) -> Moment {
        self.run.begin.min(Moment::ZERO)
    }

    /// Moves t=0 `nanos` later: the end of a warm-up whose length was not known before.
    pub fn shift(&mut self, nanos: i64) {
        for pod in &mut self.pods {
            for time in [
                &mut pod.created,
                &mut pod.bound,
                &mut pod.ran,
                &mut pod.became_ready,
                &mut pod.finished,
                &mut pod.deleted,
            ] {
                *time = time.shifted(nanos);
            }
            if pod.created < Moment::ZERO {
                pod.marks |= PodMarks::WARM_UP;
            }
        }
        for node in &mut self.nodes {
            (node.created, node.deleted) = (node.created.shifted(nanos), node.deleted.shifted(nanos));
            for (from, to) in &mut node.outages {
                (*from, *to) = (from.shifted(nanos), to.shifted(nanos));
            }
        }
        for workload in &mut self.workloads {
            (workload.created, workload.deleted) = (workload.created.shifted(nanos), workload.deleted.shifted(nanos));
            workload.short.shift(nanos);
        }
        let rows = self.timeline.iter_mut().map(|row| &mut row.time);
        let rows = rows.chain(self.workload_rows.iter_mut().map(|row| &mut row.time));
        let rows = rows.chain(self.node_rows.iter_mut().map(|row| &mut row.time));
        let rows = rows.chain(self.autoscaler_rows.iter_mut().map(|row| &mut row.time));
        let rows = rows.chain(self.events.iter_mut().map(|row| &mut row.time));
        let rows = rows.chain(self.attempts.iter_mut().map(|row| &mut row.time));
        let rows = rows.chain(self.pulls.iter_mut().map(|row| &mut row.time));
        let rows = rows.chain(self.traffic_rows.iter_mut().map(|row| &mut row.time));
        let rows = rows.chain(self.container_rows.iter_mut().flat_map(|row| [&mut row.time, &mut row.since]));
        for time in rows.chain([&mut self.end, &mut self.run.begin]) {
            *time = time.shifted(nanos);
        }
        for job in &mut self.jobs {
            (job.started, job.finished) = (job.started.shifted(nanos), job.finished.shifted(nanos));
        }
        for step in &mut self.steps {
            (step.start, step.end) = (step.start.shifted(nanos), step.end.shifted(nanos));
        }
        self.usage.shift(nanos);
        self.totals.shift(nanos);
    }
}
