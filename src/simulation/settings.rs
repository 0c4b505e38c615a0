//! `set` steps: what a changed setting does to the running cluster.

use serde_json::{Value, json};

use crate::api::{DecodeCache, FieldValidation, decode};
use crate::cluster::DeleteOptions;
use crate::controllers::ControllerSettings;
use crate::engine::SimDuration;
use crate::engine::random::Streams;
use crate::kubelet::configuration::KubeletConfiguration;
use crate::machines::{Registry, RegistryImage};
use crate::model::kind::Kind;
use crate::model::object::{NamespaceId, NodeId, ObjectRef};
use crate::scenario::plan::{self, Change, Live};
use crate::scenario::setting::{ObjectName, Setting, Target};

use super::command::Program;
use super::setup::SchedulerSource;
use super::steps::Effect;
use super::{Simulation, behaviors, nodes};

/// Settings that a run still needs after its start.
#[derive(Debug)]
pub(super) struct Settings {
    /// Of a scheduler that is started again.
    pub scheduler: SchedulerSource,
    /// Of a controller manager that is started again.
    pub controllers: ControllerSettings,
    /// Of kubelets that join.
    pub kubelet: KubeletConfiguration,
    /// The scenario as it stands.
    pub live: Live,
}

impl Simulation {
    /// A step sets some settings, in the order of their paths.
    pub(super) fn change_settings(&mut self, settings: &[(Setting, Value)]) -> Effect {
        let shown: Vec<String> = settings.iter().map(|(path, value)| format!("{}={value}", path.text)).collect();
        let text = format!("set: {}", shown.join(", "));
        let mut refused = Vec::new();
        for (setting, value) in settings {
            let result = match &setting.target {
                Target::Manifest(name) => self.change_object(name, setting, value),
                Target::Scenario => {
                    self.settings.live.apply(setting, value.clone()).and_then(|change| self.change(change))
                }
            };
            if let Err(reason) = result {
                refused.push(format!("`{}`: {reason}", setting.text));
            }
        }
        if refused.is_empty() { Effect::done(text) } else { Effect::void(text, refused.join("; ")) }
    }

    fn change(&mut self, change: Change) -> Result<(), String> {
        match change {
            Change::Nodes { group, nodes } => self.resize_group(&group, nodes),
            Change::Behavior { index, behavior } => {
                let behaviour = behaviors::convert(&behavior);
                let (cluster, machines) = (&self.cluster, &mut self.machines);
                self.workload.change_behaviour(
                    self.now,
                    index,
                    behaviour,
                    cluster,
                    machines,
                    &mut self.outboxes.workload,
                );
                self.machines.described = self.workload.described();
                Ok(())
            }
            Change::Images(images) => {
                state_images(&mut self.machines.registry, &images, self.streams);
                Ok(())
            }
            Change::Traffic { index, load } => {
                self.change_traffic(index, &load);
                Ok(())
            }
            Change::Metric { index, metric } => {
                let series = super::metrics::series(&metric, index, self.streams, self.origin);
                self.cluster.metrics.series.replace(index, series);
                Ok(())
            }
        }
    }

    /// A field of an object: what `kubectl patch` would do.
    fn change_object(&mut self, name: &ObjectName, setting: &Setting, value: &Value) -> Result<(), String> {
        let kind = Kind::from_argument(&name.kind).ok_or_else(|| format!("there is no kind `{}`", name.kind))?;
        let namespace = name.namespace.as_deref().unwrap_or("default");
        let id = if kind.is_namespaced() { self.cluster.namespace(namespace) } else { Some(NamespaceId::NONE) };
        let object = id.and_then(|id| self.cluster.find(kind, id, &name.name));
        let object = object.ok_or_else(|| format!("there is no {} `{}`", kind.name(), name.name))?;
        let mut view = self.cluster.view(object);
        let path = setting.apply(&mut view, value.clone())?;
        let pointer = path.pointer();
        let exists = self.cluster.view(object).pointer(&pointer).is_some();
        let patch = json!([{"op": if exists { "replace" } else { "add" }, "path": pointer, "value": value}]);
        let words = ["patch", kind.plural(), &name.name, "-n", namespace, "--type=json", "-p", &patch.to_string()];
        let command = shlex::try_join(words).map_err(|error| error.to_string())?;
        match self.start_command(Program::Kubectl, &command) {
            Ok(output) if output.exit == 0 => Ok(()),
            Ok(output) => Err(output.stderr.trim_end().to_owned()),
            Err(_) => Err("the change waits for something".to_owned()),
        }
    }

    /// Machines join a group or leave it; those that were made last leave first, with everything that runs on them.
    fn resize_group(&mut self, group: &str, mut wanted: Vec<plan::Node>) -> Result<(), String> {
        let present: Vec<NodeId> = self.nodes_of_group(group);
        // A single machine has no number; it keeps its name when others join it.
        if let (Some(first), [only]) = (wanted.first_mut(), present.as_slice())
            && self.cluster.node_name(*only) == group
        {
            group.clone_into(&mut first.name);
        }
        for node in present.into_iter().rev() {
            if !wanted.iter().any(|machine| machine.name == self.cluster.node_name(node)) {
                self.remove_machine(node);
            }
        }
        for machine in wanted {
            if self.cluster.node_by_name(&machine.name).is_none() {
                self.add_machine(&machine)?;
            }
        }
        Ok(())
    }

    fn nodes_of_group(&self, group: &str) -> Vec<NodeId> {
        let collector = &self.recording.collector;
        self.cluster.nodes().filter(|node| collector.group_of(self.cluster.node_name(*node)) == group).collect()
    }

    fn add_machine(&mut self, machine: &plan::Node) -> Result<(), String> {
        let manifest = nodes::manifest(machine, &self.cluster.clock().timestamp(self.now), &self.settings.kubelet);
        self.recording.collector.tag_node(&machine.name, nodes::tags_of(machine));
        let decoded = decode(manifest, "", FieldValidation::Strict, &mut DecodeCache::default());
        let decoded = decoded.map_err(|error| error.to_string())?;
        self.cluster.create(self.now, decoded).map_err(|status| status.to_string())?;
        Ok(())
    }

    /// The machine is gone for good, and the cloud provider deletes its Node object.
    /// Upstream: cloud-provider controllers/nodelifecycle `MonitorNodes`.
    fn remove_machine(&mut self, node: NodeId) {
        if self.machines.has_machine(node) {
            self.machines.set_power(self.now, node, false);
        }
        // A Node without finalizers goes at once; one with them waits for whoever set them.
        let _ = self.cluster.delete(self.now, ObjectRef::node(node), DeleteOptions::NOW);
    }
}

/// What a plan says of images and their registry.
pub(super) fn state_images(registry: &mut Registry, images: &plan::Images, streams: Streams) {
    registry.bandwidth = images.bandwidth as u64;
    registry.latency = Some(images.latency);
    registry.private = images.private.iter().map(|host| host.as_str().into()).collect();
    for (index, (name, image)) in images.entries.iter().enumerate() {
        let mut stream = streams.stream("registry/pull", index as u64);
        let pull = image.pull.as_ref().map(|pull| SimDuration::from_secs_f64(pull.sample(&mut stream)));
        let id = registry.id(name);
        let size = image.size.unwrap_or(registry.image(id).size);
        registry.set(name, RegistryImage { size, pull, missing: image.missing, preloaded: false });
    }
}
