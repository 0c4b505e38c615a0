//! What a plan came to, as plan.json holds it. Names and units are an interface: docs/capacity.md documents them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::record::Number;

/// The version of the format; fields may be added to it.
pub const FORMAT: &str = "kubelapse/plan/v1";

/// plan.json.
#[derive(Clone, Debug, Serialize)]
pub struct PlanResult {
    /// [`FORMAT`].
    pub format: &'static str,
    /// The plan's name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The scenario's file, as the plan names it.
    pub scenario: String,
    /// The version of kubelapse.
    pub version: &'static str,
    /// The first seed.
    pub seed: u64,
    /// How many seeds each cluster was tried with.
    pub seeds: u32,
    /// What had to be true at the end of every run.
    pub require: Vec<String>,
    /// What had to be survived; absent if nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survive: Option<SurviveResult>,
    /// The nodes that stay.
    pub kept: KeptResult,
    /// The most nodes that were tried.
    pub max_nodes: u32,
    /// Is there an answer for every growth?
    pub met: bool,
    /// By growth, in the order of the plan.
    pub growth: Vec<GrowthResult>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// Runs that were made.
    pub runs: u64,
}

/// What had to be survived.
#[derive(Clone, Debug, Serialize)]
pub struct SurviveResult {
    /// Zones.
    pub zones: u32,
    /// Nodes beside them.
    pub nodes: u32,
    /// When: `peak`, or seconds.
    pub at: String,
    /// How long, in seconds; absent: to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Number>,
    /// What had to be true meanwhile.
    pub hold: Vec<String>,
}

/// Nodes that stay.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KeptResult {
    /// Their names.
    pub nodes: Vec<String>,
    /// Their price per hour.
    pub cost_per_hour: Number,
}

/// The plans for one growth.
#[derive(Clone, Debug, Serialize)]
pub struct GrowthResult {
    /// `1.5`, or `deployment/checkout=1.4, *=1.1`.
    pub name: String,
    /// The factors by name.
    pub factors: BTreeMap<String, Number>,
    /// What is asked for, as the scenario's own nodes saw it.
    pub demand: DemandResult,
    /// The candidate with the lowest cost; none if no candidate does.
    pub cheapest: Option<String>,
    /// A row a candidate, in the order of the plan, then the best mix.
    pub plans: Vec<Row>,
    /// How the mixes were searched; absent if none were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixes: Option<MixesResult>,
}

/// What is asked for at the peak.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DemandResult {
    /// When.
    pub at_seconds: Number,
    /// Pods, those of DaemonSets left out.
    pub pods: u64,
    /// Their requests, in cores.
    pub cpu: Number,
    /// Their requests, in bytes.
    pub memory: Number,
}

/// What one candidate comes to under one growth.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// Its name; of a mix the names with ` + ` between them.
    pub candidate: String,
    /// Is there a number of nodes that does?
    pub holds: bool,
    /// The least number; 0 if none does.
    pub count: u32,
    /// The same by candidate.
    pub nodes: BTreeMap<String, u32>,
    /// Price per hour, nodes that stay included.
    pub cost_per_hour: Number,
    /// Price of 730 hours.
    pub cost_per_month: Number,
    /// Has each of the nodes a price? Without, the row is the cheapest only where no other one holds.
    pub priced: bool,
    /// What no schedule gets by without; absent where pods fit into no node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower_bound: Option<BoundResult>,
    /// The nodes when the most is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak: Option<PeakResult>,
    /// What keeps the cluster from being smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bottleneck: Option<Bottleneck>,
    /// How much more would fit; of the cheapest row of each growth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headroom: Option<Headroom>,
    /// What fails with one node less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_less: Option<OneLess>,
    /// Why no number of nodes does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impossible: Option<Impossible>,
    /// How sure the result is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// Of the scenario's own mix: how many nodes there are today, and whether they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub today: Option<Today>,
    /// Everything that was tried, by number of nodes.
    pub tried: Vec<Tried>,
    /// Did more nodes hold whatever fewer held, as far as was tried?
    pub monotone: bool,
}

/// A bound of bin packing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BoundResult {
    /// Nodes that requests at the peak need at least.
    pub nodes: u32,
    /// The resource that needs them: cpu, memory, pods or an extended one (GPUs).
    pub by: String,
    /// Nodes of which as many are left after the loss; absent if nothing is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surviving: Option<u32>,
}

/// The nodes at the peak.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PeakResult {
    /// When.
    pub at_seconds: Number,
    /// CPU, in cores.
    pub cpu: Use,
    /// Memory, in bytes.
    pub memory: Use,
    /// Pods, those of DaemonSets included.
    pub pods: Use,
    /// Extended resources (GPUs) that pods ask for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extended: BTreeMap<String, ExtendedUse>,
}

/// What becomes of an extended resource.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct ExtendedUse {
    /// What pods can have.
    pub allocatable: Number,
    /// What they ask for.
    pub requested: Number,
}

/// What was looked at of the mixes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct MixesResult {
    /// Mixes that were run.
    pub tried: u32,
    /// Was every one looked at that costs less than what was found, and that may hold?
    pub complete: bool,
    /// If not, the price per hour of the cheapest one that was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cost_per_hour: Option<Number>,
}

/// What becomes of a resource.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Use {
    /// What pods can have.
    pub allocatable: Number,
    /// What they ask for.
    pub requested: Number,
    /// What they use; absent where that is not modelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Number>,
    /// What is free, but of no use because another resource of its node runs out first.
    pub stranded: Number,
}

/// What keeps the cluster from being smaller.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Bottleneck {
    /// cpu, memory, pods, another resource, a reason of the scheduler, or `requirement`.
    pub resource: String,
    /// In words.
    pub words: String,
}

/// How much more would fit.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Headroom {
    /// Load that still holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadHeadroom>,
    /// Replicas of each workload that fit beside everything else at the peak, one workload at a time.
    pub replicas: BTreeMap<String, FitResult>,
}

/// Load that still holds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LoadHeadroom {
    /// The highest multiplier, to a step of 0.05.
    pub multiplier: Number,
    /// What it multiplies: traffic or replicas.
    pub of: &'static str,
    /// Nothing broke up to the highest that was tried.
    pub or_more: bool,
    /// What breaks first beyond it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks: Option<FailureResult>,
}

/// Replicas that fit.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FitResult {
    /// How many.
    pub fit: usize,
    /// Why the next one does not; empty if there was no end.
    pub then: String,
}

/// A requirement that a run did not keep.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FailureResult {
    /// The requirement.
    pub requirement: String,
    /// What was true instead.
    pub found: String,
    /// When, in seconds.
    pub at_seconds: Number,
    /// What the run lost: `zone a`; empty for nothing.
    pub lost: String,
    /// When it lost it, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_at_seconds: Option<Number>,
    /// The run's seed.
    pub seed: u64,
    /// What kept most pods from most nodes, in the scheduler's words; empty if all were placed.
    pub reason: String,
    /// How many pods found no node.
    pub unplaced: usize,
    /// The first of them, with the scheduler's words.
    pub pods: Vec<Unplaced>,
    /// Autoscalers that would have scaled further.
    pub autoscalers_at_maximum: Vec<String>,
}

/// A pod without a node.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Unplaced {
    /// `namespace/name`.
    pub pod: String,
    /// The scheduler's words.
    pub reason: String,
}

/// What fails with one node less.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OneLess {
    /// The nodes.
    pub nodes: BTreeMap<String, u32>,
    /// What fails.
    pub failure: FailureResult,
    /// Seeds that kept everything all the same.
    pub seeds_held: u32,
}

/// Why no number of nodes does.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Impossible {
    /// In a sentence.
    pub why: String,
    /// The number that came nearest.
    pub nearest: u32,
    /// What failed there.
    pub failure: FailureResult,
}

/// How sure a result is.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Confidence {
    /// Seeds that were looked at.
    pub seeds: u32,
    /// Those that kept everything.
    pub held: u32,
    /// With 95 % confidence the requirements hold for at least this share of all seeds.
    pub holds_at_least: Number,
}

/// The scenario's own mix as it is.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Today {
    /// Its nodes, those that stay left out.
    pub nodes: u32,
    /// Do they do?
    pub holds: bool,
}

/// A number of nodes that was tried.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tried {
    /// By candidate.
    pub nodes: BTreeMap<String, u32>,
    /// Did it do?
    pub holds: bool,
    /// The requirement that failed, and what was lost then; empty if it did.
    pub failed: String,
}

impl GrowthResult {
    /// The place of the row with the lowest cost, of equal ones the one with the fewest nodes, then the first.
    pub fn cheapest_place(&self) -> Option<usize> {
        let holding = self.plans.iter().enumerate().filter(|(_, row)| row.holds);
        let least = holding.min_by(|(_, a), (_, b)| {
            let by_cost = a.cost_per_hour.rounded().total_cmp(&b.cost_per_hour.rounded());
            b.priced.cmp(&a.priced).then(by_cost).then(a.count.cmp(&b.count))
        });
        least.map(|(place, _)| place)
    }

    /// That row.
    pub fn cheapest_row(&self) -> Option<&Row> {
        Some(&self.plans[self.cheapest_place()?])
    }
}

impl PlanResult {
    /// plan.json.
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a plan holds strings, numbers and maps");
        text.push('\n');
        text
    }
}
