//! What a scenario means: plain data, valid by construction, from which a simulation is built. Everything that
//! can be wrong has been found before a `Plan` exists; nothing here refers to the text any more.

pub mod afresh;
pub mod amounts;
pub mod behaviors;
pub mod build;
pub mod config_file;
pub mod dumps;
pub mod faults;
pub mod files;
pub mod kustomized;
pub mod live;
pub mod metrics;
pub mod nodes;
pub mod objects;
pub mod prometheus;
pub mod reserved;
pub mod traffic;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::api::dump::Dump;
use crate::engine::SimDuration;
use crate::engine::distribution::Distribution;
use crate::model::latency::Latencies;
use crate::model::resources::ResourceList;
use crate::model::taint::Taint;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::expressions::Expression;
use super::schema;
use super::setting::Setting;

pub use amounts::{Usage, UsageCurve};
pub use behaviors::Behavior;
pub use config_file::ConfigFile;
pub use files::StepFile;
pub use live::{Change, Live};

/// One run, ready.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Name of the results folder.
    pub name: String,
    /// One line for the report; may be empty.
    pub description: String,
    /// The file it came from, as named; `-` for standard input.
    pub file: String,
    /// The text of that file, which warnings show lines of; empty if there are none (files can be large).
    pub source: Arc<str>,
    /// Where the relative paths of its steps start.
    pub directory: PathBuf,
    /// Seed of all random streams.
    pub seed: u64,
    /// The instant of t=0.
    pub start: jiff::Timestamp,
    /// When it ends.
    pub until: Until,
    /// Life of the cluster before t=0.
    pub warmup: Option<Warmup>,
    /// Nodes and components.
    pub cluster: Cluster,
    /// Images and the registry.
    pub images: Images,
    /// What containers do, in order; the workload merges those that match a container.
    pub behaviors: Vec<Behavior>,
    /// Kubernetes manifests, in the order in which they are applied at t=0.
    pub manifests: Vec<ManifestSource>,
    /// Fields of manifests that `--set` or a sweep changes after they are read, in order.
    pub manifest_settings: Vec<ManifestSetting>,
    /// What is done. Steps whose time is the same run in this order (the file's), before anything else of that
    /// instant; the commands of one step run one after another, other steps do not wait for them.
    pub steps: Vec<Step>,
    /// The scenario's document, which `set` steps change.
    pub live: Live,
    /// The files and folders that the steps' commands name (`-f`, `--from-file`), and static pods, by path as typed.
    pub step_files: BTreeMap<String, StepFile>,
    /// What must be true.
    pub expectations: Vec<Expectation>,
    /// What is written.
    pub output: Output,
    /// Load on Services and consumers, in order; loads that only others cause come last.
    pub traffic: Vec<traffic::Load>,
    /// Metrics of autoscalers.
    pub metrics: Vec<metrics::Metric>,
    /// Warnings: what is understood but has no effect yet.
    pub without_effect: Vec<Diagnostic>,
    /// Other warnings: times after the end, settings that others make void.
    pub warnings: Vec<Diagnostic>,
}

impl Plan {
    /// Everything that decides a run, as text: equal for equal files, wherever they lie.
    pub fn content(&self) -> String {
        let mut plan = self.clone();
        (plan.file, plan.directory, plan.source) = (String::new(), PathBuf::new(), "".into());
        plan.live.forget_place();
        plan.manifests.iter_mut().for_each(|manifest| manifest.file = "".into());
        plan.cluster.scheduler_config.iter_mut().for_each(|config| config.file.clear());
        // It may be large, and is the same for all plans of a template.
        plan.cluster.dump = None;
        (plan.warnings, plan.without_effect) = (Vec::new(), Vec::new());
        format!("{plan:?}")
    }

    /// All warnings, ready to be shown.
    pub fn all_warnings(&self) -> Diagnostics {
        let mut diagnostics = Diagnostics::default();
        diagnostics.add_source(&*self.file, self.source.clone());
        self.warnings.iter().chain(&self.without_effect).for_each(|warning| diagnostics.push(warning.clone()));
        diagnostics.sort();
        diagnostics
    }
}

/// When a run ends, counted from t=0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// As soon as nothing observable can change; at `max_time` at the latest.
    Idle {
        /// The cap. A run that is cut by it says so.
        max_time: SimDuration,
    },
    /// At this time.
    At(SimDuration),
}

/// How long the cluster lives before t=0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warmup {
    /// Until it is idle.
    Idle,
    /// This long.
    For(SimDuration),
}

/// Nodes and components.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The machines, in order of the file. If `nodes_are_default`, Nodes among the manifests replace them.
    pub nodes: Vec<Node>,
    /// Did the scenario say nothing about nodes?
    pub nodes_are_default: bool,
    /// Are `nodes` all there are? Then Nodes among manifests and in what is imported are left out.
    pub nodes_are_all: bool,
    /// Prices of Nodes that come as manifests: the first whose labels a Node has.
    pub prices: Vec<schema::cluster::Price>,
    /// The preset that latencies come from: `realistic`, `recorded` or `instant`.
    pub latency_preset: String,
    /// Latencies that differ from it, by their names in `model::latency`, in seconds.
    pub latency_overrides: BTreeMap<String, Distribution>,
    /// Groups as typed: autoscaling, spot, static pods.
    pub groups: Vec<schema::cluster::NodeGroup>,
    /// What is there from the start: the objects of the dumps that the scenario names.
    pub dump: Option<Arc<Dump>>,
    /// Settings of components, as typed.
    pub components: Option<schema::cluster::Components>,
    /// The scheduler's configuration file.
    pub scheduler_config: Option<ConfigFile>,
    /// What to do with manifests of unknown kinds.
    pub unknown_kinds: schema::cluster::UnknownKinds,
    /// Pods in kube-system from the start.
    pub system_pods: schema::cluster::SystemPods,
}

impl Cluster {
    /// The delays of the run.
    pub fn latencies(&self) -> Latencies {
        let mut latencies = Latencies::preset(&self.latency_preset).unwrap_or_else(Latencies::realistic);
        for (name, seconds) in &self.latency_overrides {
            latencies.set(name, seconds.clone()).expect("the schema knows the names of latencies only");
        }
        latencies
    }
}

/// One machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: Arc<str>,
    /// Its place in the group, from 0.
    pub index: u32,
    /// What the machine has.
    pub capacity: ResourceList,
    /// What the kubelet keeps (kube-reserved and system-reserved together).
    pub reserved: ResourceList,
    /// What pods can have: capacity − reserved − eviction threshold.
    pub allocatable: ResourceList,
    /// All labels, also those that the kubelet and the cloud give.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Taints.
    pub taints: Vec<Taint>,
    /// Images that are there already.
    pub images: Vec<String>,
    /// Per hour.
    pub price: Option<f64>,
    /// Files of the plan in its kubelet's manifest folder, beside those of its group.
    pub static_pods: Vec<String>,
}

/// Images and the registry.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// Bytes per second of one pull.
    pub bandwidth: f64,
    /// Before the first byte.
    pub latency: SimDuration,
    /// Registries by host name that ask for a pull secret.
    pub private: Vec<String>,
    /// By reference as manifests name them.
    pub entries: BTreeMap<String, Image>,
}

/// What is known of an image; what is not, the catalogue knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    /// Bytes.
    pub size: Option<u64>,
    /// Seconds of a pull, instead of size and bandwidth.
    pub pull: Option<Distribution>,
    /// The registry does not have it.
    pub missing: bool,
}

/// A document with a Kubernetes manifest (or several in a List), as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestSource {
    /// The file as named.
    pub file: Arc<str>,
    /// Its number among the documents of the file, from 0.
    pub document: usize,
    /// The line of the file on which `text` begins, from 1.
    pub line: usize,
    /// YAML or JSON.
    pub text: Arc<str>,
}

/// A change to a manifest: `setting.apply` on the tree of every object that its target matches (items of a List
/// are looked at one by one).
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestSetting {
    /// Which field of which object.
    pub setting: Setting,
    /// The new value.
    pub value: serde_json::Value,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its number in the file, from 0.
    pub index: usize,
    /// How reports call it; may be empty.
    pub name: String,
    /// When it runs.
    pub trigger: Trigger,
    /// What it does.
    pub action: Action,
    /// A command that exits non-zero does not fail the run.
    pub may_fail: bool,
    /// For which objects it runs, as typed.
    pub for_each: Option<schema::steps::ForEach>,
    /// Its line in the file.
    pub line: usize,
}

/// When a step runs; times count from t=0.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// At this time.
    At(SimDuration),
    /// Once, at the first instant at which this is true.
    When(Expression),
    /// Again and again.
    Every {
        /// The first time (a draw of the period if absent).
        first: Option<SimDuration>,
        /// Seconds between.
        period: Distribution,
        /// How often; until the end if absent.
        times: Option<u32>,
    },
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// kubectl command lines, without `kubectl`, one after another.
    Kubectl(Vec<String>),
    /// The same, of commands that kubectl no longer has.
    LegacyKubectl(Vec<String>),
    /// Something breaks.
    Fault(faults::Fault),
    /// A fault ends.
    Heal(faults::Heal),
    /// A file in a kubelet's manifest folder comes or goes, as typed.
    StaticPod(schema::steps::StaticPod),
    /// Settings change.
    Set(Vec<(Setting, serde_json::Value)>),
}

/// Something that must be true.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Its name, or the expression.
    pub name: String,
    /// When it is looked at.
    pub time: ExpectationTime,
    /// What must be true.
    pub that: Expression,
    /// Its line in the file.
    pub line: usize,
}

/// When an expectation is looked at; times count from t=0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectationTime {
    /// True at some instant up to this one.
    By(SimDuration),
    /// True at every instant of the window.
    During(SimDuration, SimDuration),
    /// True at this instant.
    At(SimDuration),
    /// True at the end of the run.
    End,
}

/// What is written into the results folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Time between samples.
    pub sample: SimDuration,
    /// Draw charts as SVG.
    pub svg: bool,
    /// Draw charts as PNG.
    pub png: bool,
    /// timeline.csv.
    pub timeline: bool,
    /// events.csv.
    pub events: bool,
    /// workloads.csv.
    pub workloads: bool,
    /// nodes.csv.
    pub nodes: bool,
    /// scheduling.csv.
    pub scheduling: bool,
    /// usage.csv.
    pub usage: bool,
    /// trace.json; none leaves it to the size of the run.
    pub trace: Option<bool>,
    /// metrics.om; the same.
    pub metrics: Option<bool>,
    /// record.bin.
    pub record: bool,
    /// report.html.
    pub report: bool,
}

impl Output {
    /// No file: of the run, only the summary is read.
    #[must_use]
    pub fn summary_only(&self) -> Self {
        Self {
            sample: self.sample,
            svg: false,
            png: false,
            timeline: false,
            events: false,
            workloads: false,
            nodes: false,
            scheduling: false,
            usage: false,
            trace: Some(false),
            metrics: Some(false),
            record: false,
            report: false,
        }
    }

    /// The files that are switched off, beside charts and those that the size of a run decides about.
    pub fn without(&self) -> Vec<&'static str> {
        let files = [
            ("timeline.csv", self.timeline),
            ("events.csv", self.events),
            ("workloads.csv", self.workloads),
            ("nodes.csv", self.nodes),
            ("scheduling.csv", self.scheduling),
            ("usage.csv", self.usage),
            ("record.bin", self.record),
            ("report.html", self.report),
        ];
        files.into_iter().filter(|(_, is_on)| !is_on).map(|(file, _)| file).collect()
    }
}
