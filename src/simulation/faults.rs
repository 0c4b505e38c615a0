//! Steps that break, heal or change machines: from a plan's words to nodes, containers and files.

use crate::api::selector::ParsedSelector;
use crate::engine::SimDuration;
use crate::faults::{self, ContainerFault, NodeFault, RegistryFault};
use crate::machines::{ContainerId, RunState};
use crate::model::kind::Kind as ObjectKind;
use crate::model::object::{NodeId, ObjectRef};
use crate::scenario::plan::StepFile;
use crate::scenario::plan::faults::{Count, Fault, Heal, Kind, Target};
use crate::scenario::schema::steps::StaticPod;

use super::Simulation;
use super::outages::Component;
use super::steps::Effect;

/// What a step did, in a line; or why it did nothing.
pub(super) type Outcome = Result<String, String>;

impl Simulation {
    /// Something breaks. `step` is its number in the file, which names the random streams of its draws.
    pub(super) fn start_fault(&mut self, step: usize, fault: &Fault) -> Effect {
        let mut draws = self.streams.stream("faults/duration", step as u64);
        let lasts = fault.lasts.as_ref().map(|lasts| SimDuration::from_secs_f64(lasts.sample(&mut draws)));
        if let Some(component) = component(&fault.target) {
            return self.stop_component(component, lasts);
        }
        let title = format!("fault: {} {}", word(fault.kind), subject(&fault.target));
        Effect::of(title, self.break_something(step, fault, lasts))
    }

    /// A fault ends.
    pub(super) fn heal_fault(&mut self, heal: &Heal) -> Effect {
        if let Some(component) = component(&heal.target) {
            return self.heal_component(component);
        }
        let only = heal.only.map_or_else(String::new, |kind| format!("{} ", word(kind)));
        Effect::of(format!("heal: {only}{}", subject(&heal.target)), self.heal_something(heal))
    }

    fn break_something(&mut self, step: usize, fault: &Fault, lasts: Option<SimDuration>) -> Outcome {
        let until = lasts.map_or_else(String::new, |lasts| format!(" for {lasts}"));
        match &fault.target {
            Target::Node(_) | Target::Nodes { .. } => {
                let kind = node_fault(fault.kind).ok_or("it cannot happen to a node")?;
                let nodes = self.struck_nodes(step, &fault.target)?;
                for node in &nodes {
                    self.faults.node(self.now, *node, kind, lasts, &mut self.machines, &mut self.outboxes.faults);
                }
                Ok(format!("{} {}{until}", word(fault.kind), self.node_names(&nodes)))
            }
            Target::Registry(host) => {
                let kind = match fault.kind {
                    Kind::Slow(rate) => RegistryFault::Slow(rate as u64),
                    _ => RegistryFault::Down,
                };
                self.faults.registry(self.now, host, kind, lasts, &mut self.machines, &mut self.outboxes.faults);
                Ok(format!("{} registry {host}{until}", word(fault.kind)))
            }
            Target::Pod { pod, container } => {
                let run = self.struck_container(pod, container.as_deref())?;
                let what = match fault.kind {
                    Kind::Kill(code) => ContainerFault::Kill(i32::from(code)),
                    _ => ContainerFault::OutOfMemory,
                };
                faults::kill(self.now, run, what, &mut self.machines);
                Ok(format!("{} pod {pod}", word(fault.kind)))
            }
            Target::Component(name) => Err(format!("component `{name}` is none of a machine's")),
        }
    }

    fn heal_something(&mut self, heal: &Heal) -> Outcome {
        let count = match &heal.target {
            Target::Node(_) | Target::Nodes { .. } => {
                let only = heal.only.map(|kind| node_fault(kind).ok_or("no node can have this fault")).transpose()?;
                let nodes = self.struck_nodes(0, &heal.target)?;
                let heal_node = |node: &NodeId| self.faults.heal_node(self.now, *node, only, &mut self.machines);
                nodes.iter().map(heal_node).sum()
            }
            Target::Registry(host) => self.faults.heal_registry(host, &mut self.machines),
            Target::Component(name) => return Err(format!("component `{name}` is none of a machine's")),
            Target::Pod { .. } => 0,
        };
        if count == 0 { Err("nothing was there to heal".to_owned()) } else { Ok(format!("{count} healed")) }
    }

    /// The nodes that a step is about, in order of creation.
    fn struck_nodes(&self, step: usize, target: &Target) -> Result<Vec<NodeId>, String> {
        let has_machine = |node: &NodeId| self.machines.has_machine(*node);
        let (selector, count) = match target {
            Target::Node(name) => {
                let node = self.cluster.node_by_name(name).filter(has_machine);
                return node.map(|node| vec![node]).ok_or_else(|| format!("there is no node `{name}`"));
            }
            Target::Nodes { selector, count } => (selector, *count),
            _ => return Err("no node is named".to_owned()),
        };
        let wanted = ParsedSelector::parse(selector)?.to_selector();
        let matches = |node: &NodeId| wanted.matches(&self.cluster.node(*node).meta.labels);
        let mut nodes: Vec<NodeId> = self.cluster.nodes().filter(has_machine).filter(matches).collect();
        let count = match count {
            Count::Number(number) => number as usize,
            // A share of a node is a node.
            Count::Share(share) => (share * nodes.len() as f64 - 1e-9).ceil() as usize,
        };
        let mut draws = self.streams.stream("faults/nodes", step as u64);
        while nodes.len() > count {
            nodes.remove(draws.below(nodes.len() as u64) as usize);
        }
        if nodes.is_empty() { Err(format!("`{selector}` selects no node")) } else { Ok(nodes) }
    }

    fn node_names(&self, nodes: &[NodeId]) -> String {
        const SHOWN: usize = 5;
        let names: Vec<&str> = nodes.iter().take(SHOWN).map(|node| self.cluster.node_name(*node)).collect();
        match nodes.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            Some(more) => format!("{} and {more} more", names.join(", ")),
            None => names.join(", "),
        }
    }

    fn struck_container(&self, name: &str, container: Option<&str>) -> Result<ContainerId, String> {
        let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
        let found = self
            .cluster
            .namespace(namespace)
            .and_then(|namespace| self.cluster.find(ObjectKind::POD, namespace, name).and_then(ObjectRef::as_pod));
        let pod = found.ok_or_else(|| format!("there is no pod `{namespace}/{name}`"))?;
        let spec = &self.cluster.template_of(pod).spec;
        let index = match container {
            Some(wanted) => spec.containers.iter().position(|container| container.name == wanted),
            None => Some(spec.init_count),
        };
        let index = index
            .ok_or_else(|| format!("pod `{namespace}/{name}` has no container `{}`", container.unwrap_or_default()))?;
        let mut runs = self.machines.runs(pod, u8::try_from(index).unwrap_or(u8::MAX));
        let running = runs.find(|run| self.machines.container(*run).state == RunState::Running);
        running.ok_or_else(|| {
            format!("container `{}` of pod `{namespace}/{name}` does not run", spec.containers[index].name)
        })
    }

    /// A file comes into a kubelet's manifest folder, or goes.
    pub(super) fn change_static_pod(&mut self, change: &StaticPod) -> Outcome {
        let node =
            self.cluster.node_by_name(&change.node).ok_or_else(|| format!("there is no node `{}`", change.node))?;
        if let Some(add) = &change.add {
            self.write_static_pod(node, add)?;
            return Ok(format!("{add} written on {}", change.node));
        }
        let name = file_name(change.remove.as_deref().unwrap_or_default());
        if !self.machines.remove_manifest(node, name) {
            return Err(format!("`{name}` is not in the manifest folder of {}", change.node));
        }
        Ok(format!("{name} removed on {}", change.node))
    }

    /// Puts a file that the plan has read into a kubelet's manifest folder, under its last name.
    pub(super) fn write_static_pod(&mut self, node: NodeId, path: &str) -> Result<(), String> {
        let Some(StepFile::File(bytes)) = self.files.get(path) else {
            return Err(format!("`{path}` is not a file"));
        };
        let text = std::str::from_utf8(bytes).map_err(|_| format!("`{path}` is not text"))?;
        let text = text.into();
        self.machines.write_manifest(node, file_name(path), text);
        Ok(())
    }
}

/// The last part of a path.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn node_fault(kind: Kind) -> Option<NodeFault> {
    Some(match kind {
        Kind::Crash => NodeFault::Crash,
        Kind::Partition => NodeFault::Partition,
        Kind::Reboot => NodeFault::Reboot,
        Kind::Kubelet => NodeFault::Kubelet,
        Kind::Disk => NodeFault::Disk,
        Kind::MemoryPressure => NodeFault::MemoryPressure,
        Kind::DiskPressure => NodeFault::DiskPressure,
        Kind::PidPressure => NodeFault::PidPressure,
        Kind::Down | Kind::Slow(_) | Kind::Kill(_) | Kind::Oom => return None,
    })
}

/// The fault as scenarios name it.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Crash => "crash",
        Kind::Partition => "partition",
        Kind::Reboot => "reboot",
        Kind::Kubelet => "kubelet",
        Kind::Disk => "disk",
        Kind::MemoryPressure => "memory-pressure",
        Kind::DiskPressure => "disk-pressure",
        Kind::PidPressure => "pid-pressure",
        Kind::Down => "down",
        Kind::Slow(_) => "slow",
        Kind::Kill(_) => "kill",
        Kind::Oom => "oom",
    }
}

/// A change of a manifest folder, as results show it.
pub(super) fn static_pod_title(change: &StaticPod) -> String {
    match change {
        StaticPod { node, add: Some(file), .. } => format!("staticPod: {node} add {file}"),
        StaticPod { node, remove, .. } => {
            format!("staticPod: {node} remove {}", remove.as_deref().unwrap_or_default())
        }
    }
}

/// The component of the control plane that is meant, if one is.
fn component(target: &Target) -> Option<Component> {
    match target {
        Target::Component(name) => Component::from_name(name),
        _ => None,
    }
}

fn subject(target: &Target) -> String {
    match target {
        Target::Node(name) => format!("node {name}"),
        Target::Nodes { selector, count: Count::Number(number) } => format!("{number} nodes {selector}"),
        Target::Nodes { selector, count: Count::Share(share) } => format!("{}% of nodes {selector}", share * 100.0),
        Target::Registry(host) => format!("registry {host}"),
        Target::Component(name) => format!("component {name}"),
        Target::Pod { pod, container: Some(container) } => format!("pod {pod} container {container}"),
        Target::Pod { pod, container: None } => format!("pod {pod}"),
    }
}
