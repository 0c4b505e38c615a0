//! From a plan to a run at its first instant: settings, machines, manifests.

use thiserror::Error;

use crate::api::{DecodeCache, FieldValidation, decode};
use crate::cluster::{Cluster, ClusterSettings, Cursor};
use crate::controllers::{ControllerSettings, Controllers};
use crate::engine::SimTime;
use crate::engine::digest::Digest;
use crate::engine::event_queue::EventQueue;
use crate::engine::random::Streams;
use crate::faults::Faults;
use crate::kubectl::Kubectl;
use crate::kubelet::configuration::KubeletConfiguration;
use crate::kubelet::{KubeletSettings, Kubelets, static_pods};
use crate::machines::{self, Machines};
use crate::model::latency::{Latencies, Latency};
use crate::record::collector::{Collector, CollectorSettings};
use crate::record::{History, RunFacts};
use crate::scenario::plan::nodes::group_name as nodes_group;
use crate::scenario::plan::objects::{ManifestError, ManifestObject};
use crate::scenario::plan::{self, ConfigFile, Output, Plan};
use crate::scenario::schema::cluster::UnknownKinds;
use crate::scheduler::config::{self, SchedulerConfiguration};
use crate::scheduler::registry::Registry;
use crate::scheduler::{Scheduler, SchedulerSettings};
use crate::workload::{Workload, WorkloadSettings, catalogue};

use super::delivery::Delivery;
use super::expectations::Expectations;
use super::expressions::Touched;
use super::files::PlanFiles;
use super::outages::Outages;
use super::recording::{Recording, Row};
use super::settings::{Settings, state_images};
use super::steps::StepRunner;
use super::stop::{IdleCheck, Until};
use super::{Outboxes, Simulation, behaviors, components, imports, manifests, nodes, system_pods, traffic, warm_up};

/// A manifest that cannot be applied: the same words as kubectl's, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {message}")]
pub struct SetupError {
    /// The file as named.
    pub file: String,
    /// The line at which the object starts, from 1.
    pub line: usize,
    /// What the reader or the API server says.
    pub message: String,
}

/// Builds the run of a plan.
pub(super) fn build(plan: &Plan, plugins: &Registry) -> Result<Simulation, SetupError> {
    let streams = Streams::new(plan.seed);
    let latencies = plan.cluster.latencies();
    let warmup = warm_up::length(plan);
    let (clock, begin) = imports::clock(plan, warmup.unwrap_or_default());
    let origin = warmup.map_or(SimTime::NEVER, |length| begin + length);
    let tolerations = components::default_tolerations(plan);
    let mut cluster = Cluster::new(ClusterSettings {
        clock,
        streams,
        not_ready_toleration_seconds: tolerations.0,
        unreachable_toleration_seconds: tolerations.1,
    });
    cluster.metrics = super::metrics::metrics(plan, &latencies, streams, origin);
    components::set_service_ranges(plan, &mut cluster);
    let brings_nodes = manifests::bring_nodes(plan)?;
    let configuration = components::kubelet(plan)?;
    cluster.custom.store_unknown = plan.cluster.unknown_kinds == UnknownKinds::Store;
    let refused = |message| SetupError { file: plan.file.clone(), line: 1, message: format!("import: {message}") };
    imports::import(plan, begin, &mut cluster).map_err(refused)?;
    create_nodes(plan, brings_nodes, &configuration, &mut cluster, begin)?;
    let behaviours = behaviors::table(plan);
    let mut machines = Machines::new(registry(plan, streams), streams);
    machines.described = behaviours.described();
    let mut kubectl = Kubectl::default();
    kubectl.set_scale_to_zero(components::feature_gate(plan, "HPAScaleToZero"));
    let arrivals = manifests::apply(plan, begin, &mut kubectl, &mut cluster, &machines)?;
    let steps = StepRunner::new(plan, streams);
    let scheduler_source = SchedulerSource {
        latencies: latencies.clone(),
        streams,
        file: plan.cluster.scheduler_config.clone(),
        plugins: plugins.clone(),
        is_instant: plan.cluster.latency_preset == "instant",
    };
    let scheduler = Scheduler::new(scheduler_source.settings()?);
    let mut controller_settings = ControllerSettings::new(latencies.clone(), streams);
    controller_settings.autoscaler = components::autoscaler(plan);
    controller_settings.begin = begin;
    components::set_controller_flags(plan, &mut controller_settings);
    if plan.cluster.latency_preset == "instant" {
        controller_settings = controller_settings.with_unlimited_clients();
    }
    let mut simulation = Simulation {
        machines,
        scheduler,
        controllers: Controllers::new(&controller_settings),
        kubelets: Kubelets::new(KubeletSettings {
            configuration: configuration.clone(),
            begin,
            ..KubeletSettings::new(latencies.clone(), streams)
        }),
        workload: Workload::new(WorkloadSettings {
            latencies: latencies.clone(),
            streams,
            behaviours,
            origin,
            traffic: traffic::settings(plan, origin),
        }),
        faults: Faults::default(),
        streams,
        kubectl,
        steps,
        arrivals,
        outages: Outages::none(),
        expectations: Expectations::new(plan),
        touched: Touched::default(),
        settings: Settings {
            scheduler: scheduler_source,
            controllers: controller_settings,
            kubelet: configuration.clone(),
            live: plan.live.clone(),
        },
        files: PlanFiles::new(plan),
        queue: EventQueue::new(),
        outboxes: Outboxes::default(),
        delivery: Delivery::new(latencies.fixed(Latency::WatchDelivery), !plan.traffic.is_empty()),
        recording: Recording {
            // Of an unknown length, everything is shifted when it ends.
            collector: Collector::new(CollectorSettings {
                run: run_facts(plan),
                begin,
                origin: begin + warmup.unwrap_or_default(),
                nodes: nodes::tags(plan),
                history: history(&plan.output),
            }),
            cursor: Cursor(0),
            sightings: 0,
            digest: Digest::new(),
            changes: 0,
            last_change: begin,
            sampling: false,
            row: Row::default(),
        },
        now: begin,
        origin,
        ends: plan.until,
        until: Until::Time(SimTime::NEVER),
        sample: plan.output.sample,
        idle: IdleCheck::new(),
        events_handled: 0,
        serves_rates: false,
        cluster,
    };
    system_pods::write_manifests(plan, &simulation.cluster, &mut simulation.machines);
    imports::write_manifests(plan, &simulation.cluster, &mut simulation.machines);
    write_static_pods(plan, &mut simulation)?;
    traffic::register(plan, &mut simulation.recording.collector);
    if origin != SimTime::NEVER {
        simulation.begin(origin);
    }
    simulation.settle(&mut super::Unobserved);
    Ok(simulation)
}

/// The rows of which some file is made.
fn history(output: &Output) -> History {
    let Output { svg, png, report, record, trace, metrics, .. } = *output;
    if svg || png || report || record || trace != Some(false) || metrics != Some(false) {
        return History::all();
    }
    let mut history = History::empty();
    history.set(History::PODS, output.timeline);
    history.set(History::EVENTS, output.events);
    history.set(History::ATTEMPTS, output.scheduling);
    history
}

/// From what the scheduler's settings are made, also those of a scheduler that is started again.
#[derive(Debug)]
pub(super) struct SchedulerSource {
    latencies: Latencies,
    streams: Streams,
    file: Option<ConfigFile>,
    plugins: Registry,
    /// Are all delays zero? Then its client knows no limits either.
    is_instant: bool,
}

impl SchedulerSource {
    /// The settings.
    pub(super) fn settings(&self) -> Result<SchedulerSettings, SetupError> {
        let mut settings = SchedulerSettings::new(self.latencies.clone(), self.streams);
        if let Some(file) = &self.file {
            settings.configuration = scheduler_configuration(file, &self.plugins)?;
        }
        if self.is_instant {
            settings.configuration.client_qps = 0.0;
        }
        Ok(settings)
    }
}

/// What the scheduler's configuration file says; everything that is wrong with it is one error of many lines.
fn scheduler_configuration(file: &ConfigFile, plugins: &Registry) -> Result<SchedulerConfiguration, SetupError> {
    config::read(&file.value, plugins).map_err(|errors| {
        let mut errors = errors.into_iter();
        let first = errors.next().expect("a refusal says why");
        let mut message = first.message;
        for error in errors {
            message.push_str(&format!("\n{}:{}: {}", file.file, file.line_of(&error.path), error.message));
        }
        SetupError { file: file.file.clone(), line: file.line_of(&first.path), message }
    })
}

fn run_facts(plan: &Plan) -> RunFacts {
    RunFacts {
        name: plan.name.clone(),
        description: plan.description.clone(),
        scenario: plan.live.text(),
        seed: plan.seed,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        start: plan.start.to_string(),
        ..RunFacts::default()
    }
}

impl From<ManifestError> for SetupError {
    fn from(error: ManifestError) -> Self {
        Self { file: error.file, line: error.line, message: error.message }
    }
}

/// The machines of the plan, unless the manifests bring their own.
fn create_nodes(
    plan: &Plan,
    has_nodes: bool,
    configuration: &KubeletConfiguration,
    cluster: &mut Cluster,
    begin: SimTime,
) -> Result<(), SetupError> {
    let brought = imports::has_nodes(plan) || has_nodes;
    if brought && plan.cluster.nodes_are_default {
        return Ok(());
    }
    let mut cache = DecodeCache::default();
    let timestamp = cluster.clock().timestamp(begin);
    for node in &plan.cluster.nodes {
        let object = ManifestObject {
            file: plan.file.clone(),
            line: 1,
            value: nodes::manifest(node, &timestamp, configuration),
        };
        if cluster.node_by_name(&node.name).is_some() {
            // One that a dump names, and perhaps only names: it is as the scenario says.
            cluster.import(begin, object.value.clone(), &mut cache).map_err(|error| object.error(&error))?;
            continue;
        }
        let decoded = decode(object.value.clone(), "", FieldValidation::Strict, &mut cache)
            .map_err(|error| object.error(&error))?;
        cluster.create(begin, decoded).map_err(|status| object.error(&status))?;
    }
    Ok(())
}

/// Puts the files of `staticPods` into the manifest folders, after all static pods of the plan have been found right.
fn write_static_pods(plan: &Plan, simulation: &mut Simulation) -> Result<(), SetupError> {
    let of_steps = plan.steps.iter().filter_map(|step| match &step.action {
        plan::Action::StaticPod(change) => change.add.as_ref(),
        _ => None,
    });
    let of_groups = plan.cluster.groups.iter().flat_map(|group| &group.static_pods);
    let of_nodes = plan.cluster.nodes.iter().flat_map(|node| &node.static_pods);
    for file in of_groups.chain(of_steps).chain(of_nodes) {
        let Some(plan::StepFile::File(bytes)) = plan.step_files.get(file) else { continue };
        let error = |message: String| SetupError { file: file.clone(), line: 1, message };
        let text = std::str::from_utf8(bytes).map_err(|_| error("it is not text".to_owned()))?;
        static_pods::parse(text, "node").map_err(error)?;
    }
    for node in &plan.cluster.nodes {
        let group = plan.cluster.groups.iter().find(|group| nodes_group(group) == *node.group);
        let Some(id) = simulation.cluster.node_by_name(&node.name) else { continue };
        for file in group.iter().flat_map(|group| &group.static_pods).chain(&node.static_pods) {
            simulation.write_static_pod(id, file).map_err(|message| SetupError {
                file: plan.file.clone(),
                line: 1,
                message,
            })?;
        }
    }
    Ok(())
}

/// The registry as the plan describes it.
fn registry(plan: &Plan, streams: Streams) -> machines::Registry {
    let mut registry = machines::Registry::default();
    catalogue::add_sizes(&mut registry);
    state_images(&mut registry, &plan.images, streams);
    registry
}
